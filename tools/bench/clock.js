// Brings a run along with the wall clock: at once, ten times as fast, or as fast as it goes.

const TICK_MS = 20;
const SLICE_TICKS = 10; // between two looks at the wall clock
const TURN_MS = 25; // that running may take before messages are looked at
const FRAME_MS = 50; // between two frames, at least
const BEHIND_MS = 250; // what is further behind is let go of, and told
const SECOND_MS = 1000;

export class Clock {
  constructor(engine, send, failed) {
    this.engine = engine;
    this.send = send;
    this.failed = failed;
    this.speed = 0;
    this.asOf = 0; // wall time up to which the run has been brought
    this.framed = 0;
    this.until = Infinity; // ticks at which it stops by itself
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = () => this.turn();
    this.set = 0; // a timer, if the next turn is not due yet
  }

  take(message) {
    if (message.do === "run") {
      this.run(message.speed, message.until_s);
      return;
    }
    if (message.do === "begin") this.pause();
    const begun = performance.now();
    this.engine.take(message);
    this.asOf += performance.now() - begun; // what that took is no time of the run's
  }

  run(speed, until_s) {
    const engine = this.engine;
    this.until = until_s == null ? Infinity : Math.round((until_s * 1000) / TICK_MS);
    const stands = !this.speed;
    this.speed = engine.begun && !engine.over ? speed : 0;
    this.asOf = performance.now();
    this.second = { from: this.asOf, ticks: 0, dropped: 0 };
    if (this.speed && stands) this.turn();
    if (!this.speed && !stands) this.engine.sendFrame(); // where it stands now
  }

  pause() {
    this.speed = 0;
    clearTimeout(this.set);
  }

  // A stretch of the run; then messages, then the next.
  turn() {
    if (!this.speed) return;
    try {
      const begun = performance.now();
      const owed = this.owed(begun);
      const ran = this.bring(owed, begun);
      const now = performance.now();
      const stopped = this.engine.over || this.engine.ticks >= this.until;
      if (stopped || now - this.framed >= FRAME_MS) {
        this.framed = now;
        this.engine.sendFrame();
      }
      this.account(ran, now);
      if (stopped) {
        this.pause();
        const t_s = (this.engine.ticks * TICK_MS) / 1000;
        this.send({ is: this.engine.over ? "over" : "paused", t_s });
      } else if (ran < owed) {
        this.channel.port2.postMessage(0);
      } else {
        this.set = setTimeout(() => this.turn(), TICK_MS / Math.min(this.speed, 4));
      }
    } catch (why) {
      this.pause();
      this.failed(why);
    }
  }

  // Ticks that are due by now.
  owed(now) {
    const left = this.until - this.engine.ticks;
    if (this.speed === Infinity) return left;
    const behind_ms = now - this.asOf - BEHIND_MS;
    if (behind_ms > 0) {
      this.second.dropped += Math.floor((behind_ms * this.speed) / TICK_MS);
      this.asOf += behind_ms;
    }
    return Math.min(left, Math.floor(((now - this.asOf) * this.speed) / TICK_MS));
  }

  bring(owed, begun) {
    let ran = 0;
    while (ran < owed && !this.engine.over && performance.now() - begun < TURN_MS) {
      ran += this.engine.run(Math.min(owed - ran, SLICE_TICKS));
    }
    if (this.speed !== Infinity) this.asOf += (ran * TICK_MS) / this.speed;
    return ran;
  }

  // Once a second: how fast it went, and how many ticks came too late to be run in time.
  account(ran, now) {
    const second = this.second;
    second.ticks += ran;
    if (now - second.from < SECOND_MS) return;
    const held = (second.ticks * TICK_MS) / (now - second.from);
    this.send({ is: "speed", asked: this.speed, held, dropped: second.dropped });
    this.second = { from: now, ticks: 0, dropped: 0 };
  }
}
