// The bench page's worker: an engine, a clock, and messages from and to the page (docs/bench.md).

import { Engine } from "./engine.js";

const FRAME_MS = 50; // of wall time between two frames, at least
const SLICE_MS = 25; // of wall time that running may take before messages are looked at
const TICK_MS = 20;
const SLICE_TICKS = 10; // between two looks at the clock
const BEHIND_MS = 250; // of wall time: what is further behind is let go of, and told

let engine = null;
let speed = 0;
let asOf = 0; // wall time up to which the run has been brought
let framed = 0;
let second = { from: 0, ticks: 0, dropped: 0 };
const waiting = [];

const bundle = fetch("./bundle.json").then((found) => found.json());
bundle
  .then((found) => Engine.make(found.files, (message) => postMessage(message)))
  .then((made) => {
    engine = made;
    postMessage(engine.told);
    for (const message of waiting) take(message);
  })
  .catch((why) => postMessage({ is: "error", text: `the engine did not start: ${why.message}` }));

onmessage = ({ data }) => (engine ? take(data) : waiting.push(data));

function take(message) {
  try {
    if (message.do === "run") {
      run(message.speed);
    } else {
      engine.take(message);
      asOf = performance.now();
    }
  } catch (why) {
    postMessage({ is: "error", text: String(why.message ?? why) });
  }
}

function run(asked) {
  const was = speed;
  speed = engine.begun ? asked : 0;
  asOf = performance.now();
  second = { from: asOf, ticks: 0, dropped: 0 };
  if (speed && !was) turn();
}

// A stretch of the run, then whatever messages have come, then the next.
const channel = new MessageChannel();
channel.port1.onmessage = turn;

function turn() {
  if (!speed) return;
  const begun = performance.now();
  let owed = SLICE_MS * 1000;
  if (speed !== Infinity) {
    const most = BEHIND_MS;
    if (begun - asOf > most) {
      second.dropped += Math.floor(((begun - asOf - most) * speed) / TICK_MS);
      asOf = begun - most;
    }
    owed = Math.floor(((begun - asOf) * speed) / TICK_MS);
  }
  let now = begun;
  try {
    while (owed > 0 && !engine.over && now - begun < SLICE_MS) {
      const ran = engine.go(Math.min(owed, SLICE_TICKS));
      owed -= ran;
      second.ticks += ran;
      if (speed !== Infinity) asOf += (ran * TICK_MS) / speed;
      now = performance.now();
    }
    if (now - framed >= FRAME_MS || engine.over) {
      framed = now;
      engine.tell();
    }
  } catch (why) {
    speed = 0;
    postMessage({ is: "error", text: String(why.message ?? why) });
  }
  if (now - second.from >= 1000) {
    postMessage({
      is: "speed", asked: speed, dropped: second.dropped,
      held: (second.ticks * TICK_MS) / (now - second.from),
    });
    second = { from: now, ticks: 0, dropped: 0 };
  }
  if (engine.over) {
    speed = 0;
    postMessage({ is: "over" });
  } else if (speed === Infinity || owed > 0) {
    channel.port2.postMessage(0);
  } else {
    setTimeout(turn, TICK_MS / Math.min(speed, 4));
  }
}
