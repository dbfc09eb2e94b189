// Drives the bench page's engine from a list of steps, and prints all that it said, as one list:
//   node drive.mjs FOLDER < steps.json
// FOLDER is what `waistband bench -o` wrote. A step is a message for the engine (its `do`), or
// {go: ticks}, {tell: true}, {bytes: true}, or a message {do: "run"} for its clock, which is
// waited for.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const site = pathToFileURL(`${process.argv[2]}/`);
const { Engine } = await import(new URL("engine.js", site));
const { Clock } = await import(new URL("clock.js", site));
const { files, board } = JSON.parse(readFileSync(new URL("bundle.json", site), "utf8"));

const said = [];
let stopped = () => {};
const send = (message) => {
  said.push(message);
  if (message.is === "paused" || message.is === "over") stopped();
};
const engine = await Engine.make(files, board, send);
said.push(engine.told);
const clock = new Clock(engine, send, (why) => send({ is: "error", text: String(why) }));
for (const step of JSON.parse(readFileSync(0, "utf8"))) {
  if (step.go) engine.go(step.go);
  else if (step.tell) engine.tell();
  else if (step.bytes) {
    const copies = engine.copies.kept.map((copy) => copy.ticks);
    said.push({ is: "bytes", memory: engine.memory.buffer.byteLength, copies,
      kept: engine.copies.bytes() });
  } else if (step.do === "run") {
    const done = new Promise((resolve) => { stopped = resolve; });
    clock.take({ ...step, speed: step.speed ?? Infinity });
    await done;
  } else clock.take(step);
}
const plain = (key, value) => (value instanceof Uint8Array ? Array.from(value) : value);
// The clock waits for messages for ever.
process.stdout.write(JSON.stringify(said, plain), () => process.exit(0));
