// Drives the bench page's engine from lists of steps, and prints all that it said, as one list
// a line:
//   node drive.mjs FOLDER < steps.jsonl
// FOLDER is what `waistband bench -o` wrote. A line is a list of steps, done by an engine that
// has just started. A step is a message for the engine (its `do`), or {go: ticks}, {tell: true},
// {bytes: true}, or a message {do: "run"} for its clock, which is waited for.
//
// The engine starts once. Its memory as it was then is put back before each list: the engine
// itself goes back in time that way.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const site = pathToFileURL(`${process.argv[2]}/`);
const { Engine } = await import(new URL("engine.js", site));
const { Clock } = await import(new URL("clock.js", site));
const { Copies } = await import(new URL("copies.js", site));
const { files, board } = JSON.parse(readFileSync(new URL("bundle.json", site), "utf8"));

let said = [];
let stopped = () => {};
const send = (message) => {
  said.push(message);
  if (message.is === "paused" || message.is === "over") stopped();
};
const engine = await Engine.make(files, board, send);
const { ticks, over, begun } = engine;
const started = new Uint8Array(engine.memory.buffer).slice();

function restart() {
  const now = new Uint8Array(engine.memory.buffer);
  now.set(started);
  now.fill(0, started.length);
  Object.assign(engine, { ticks, over, begun, copies: new Copies(engine.memory) });
  said = [engine.ready];
}

const plain = (key, value) => (value instanceof Uint8Array ? Array.from(value) : value);
for await (const line of createInterface({ input: process.stdin })) {
  restart();
  const clock = new Clock(engine, send, (why) => send({ is: "error", text: String(why) }));
  for (const step of JSON.parse(line)) {
    if (step.go) engine.run(step.go);
    else if (step.tell) engine.sendFrame();
    else if (step.bytes) {
      const copies = engine.copies.kept.map((copy) => copy.ticks);
      said.push({ is: "bytes", memory: engine.memory.buffer.byteLength, at_start: started.length,
        copies, kept: engine.copies.bytes() });
    } else if (step.do === "run") {
      const done = new Promise((resolve) => { stopped = resolve; });
      clock.take({ ...step, speed: step.speed ?? Infinity });
      await done;
    } else clock.take(step);
  }
  clock.pause();
  clock.channel.port1.close(); // it would wait for messages for ever
  process.stdout.write(`${JSON.stringify(said, plain)}\n`);
}
