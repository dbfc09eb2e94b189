// Time: run and pause, how fast, a tick at a time, and back to any moment.

import { $, text } from "./dom.js";
import { clock, number } from "./words.js";

const TICK_STEPS = 1;
const SETTLE_MS = 150; // after the slider's last move, before going there

export class Transport {
  /** `send(message)` goes to the engine; `begins()` is called when it is to run. */
  constructor(send, begins) {
    Object.assign(this, { send, begins, running: false, speed: 1, furthest: 0, t_s: 0, until_s: null, slid: null });
    $("play").addEventListener("click", () => this.run(!this.running));
    $("step").addEventListener("click", () => {
      this.run(false);
      send({ do: "step", ticks: TICK_STEPS });
    });
    $("speeds").addEventListener("change", (event) => {
      this.speed = Number(event.target.value);
      if (this.running) this.run(true);
    });
    $("slider").addEventListener("input", () => this.slide());
  }

  /** Whether there is a unit to run: none while another begins. */
  enable(there) {
    for (const id of ["play", "step", "slider"]) $(id).disabled = !there;
  }

  run(running) {
    if (running) this.begins();
    this.running = running;
    text($("play"), running ? "Pause" : "Run");
    if (!running) text($("pace"), "paused");
    this.send({ do: "run", speed: running ? this.speed : 0, ...this.until() });
  }

  /** Run as fast as one of the speeds that there are. */
  runAt(speed) {
    for (const input of $("speeds").querySelectorAll("input")) {
      if (Number(input.value) === speed) input.checked = true;
    }
    this.speed = speed;
    this.run(true);
  }

  until() {
    return this.until_s === null ? {} : { until_s: this.until_s };
  }

  /** While one of the unit's buttons is held, time runs as a person's does. */
  held(down) {
    this.send(down ? { do: "run", speed: 1 }
      : { do: "run", speed: this.running ? this.speed : 0, ...this.until() });
  }

  slide() {
    if (this.running) this.run(false); // to look, or to do something else from there
    this.slid = Number($("slider").value);
    text($("clock"), clock(this.slid));
    $("slider").setAttribute("aria-valuetext", clock(this.slid));
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.send({ do: "rewind", t_s: this.slid }), SETTLE_MS);
  }

  /** A new unit, or one put back to a moment. A `story` is run to its end, and no further. */
  begun(t_s, until_s) {
    if (until_s !== undefined) {
      this.until_s = until_s;
      this.furthest = until_s ?? t_s;
    }
    this.slid = null;
    this.at(t_s);
  }

  /** What was to come has changed: there is nothing beyond this moment. */
  altered() {
    this.until_s = null;
    this.furthest = this.t_s;
    if (this.running) this.run(true);
  }

  /** The engine stopped by itself: the story is over. */
  stopped() {
    this.until_s = null;
    this.run(false);
  }

  /** Now is `t_s`. */
  at(t_s) {
    this.t_s = t_s;
    this.furthest = Math.max(this.furthest, t_s);
    if (this.slid !== null) return;
    const slider = $("slider");
    slider.max = Math.ceil(this.furthest * 5) / 5;
    slider.value = t_s;
    slider.setAttribute("aria-valuetext", clock(t_s));
    slider.style.setProperty("--done", `${(100 * t_s) / (this.furthest || 1)}%`);
    text($("clock"), clock(t_s));
  }

  /** What the engine keeps up with. */
  pace({ held, dropped }) {
    if (!this.running) return;
    const late = dropped ? `, ${dropped} ticks late` : "";
    text($("pace"), `×${number(held, held < 9.95 ? 1 : 0)}${late}`);
    $("pace").dataset.dropped = dropped;
  }
}
