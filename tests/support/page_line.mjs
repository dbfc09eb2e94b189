// The bench page's own line, prompt and engine under Node, on a port that a test holds:
//   node page_line.mjs FOLDER TIMES
// FOLDER is what `waistband bench -o` wrote; the unit, and so the page's waiting, is TIMES as fast as
// the clock. One JSON object a line, both ways: {call, given} is a
// call of CALLS, answered by {value} or {error}; {bytes} is from the port or to it, in base64;
// {open} asks for the port and {opened} says whether it is there; {gone} is the end of the cable.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const times = Number(process.argv[3]);
const { setTimeout: later, performance: clock } = globalThis;
globalThis.setTimeout = (done, ms) => later(done, ms / times);
globalThis.performance = { now: () => times * clock.now() };
const site = pathToFileURL(`${process.argv[2]}/`);
const { Engine } = await import(new URL("engine.js", site));
const { Line } = await import(new URL("page/serial.js", site));
const { Prompt } = await import(new URL("page/prompt.js", site));

const say = (row) => process.stdout.write(`${JSON.stringify(row)}\n`);

class Port {
  async open() {
    say({ open: true });
    if (!await new Promise((done) => { this.asked = done; })) throw new Error("no such port");
    this.readable = new ReadableStream({ start: (stream) => { this.stream = stream; } });
    this.writable = new WritableStream({
      write: (bytes) => { say({ bytes: Buffer.from(bytes).toString("base64") }); },
    });
  }

  async close() { this.readable = this.writable = null; }

  gone() {
    this.readable = this.writable = null;
    this.stream?.error(new Error("gone"));
    this.stream = null;
  }
}

const port = new Port();
let line, prompt, engine;
const CALLS = {
  plug: async () => { line = new Line(port, () => {}, () => {}); await line.open(); },
  list: () => line.list(),
  get: async (name) => {
    const bytes = await line.get(name);
    return bytes && Buffer.from(bytes).toString("base64");
  },
  put: (name, bytes) => line.put(name, Buffer.from(bytes, "base64")),
  order: (text) => line.order(text),
  enter: async () => { prompt = new Prompt(line); await prompt.enter(); },
  run: (program) => prompt.run(program),
  start: (program) => prompt.start(program),
  bring_up: async (given) => {
    if (!engine) {
      const { files, board } = JSON.parse(readFileSync(new URL("bundle.json", site), "utf8"));
      engine = await Engine.make(files, board, () => {});
    }
    const question = engine.unit.bring_up(given);
    if (!question.startsWith("{")) throw new Error(question);
    return JSON.parse(question);
  },
};

for await (const text of createInterface({ input: process.stdin })) {
  const { call, given, bytes, opened, gone } = JSON.parse(text);
  if (call) {
    CALLS[call](...given).then((value) => say({ value: value ?? null }), (why) => say({ error: why.message }));
  } else if (bytes) port.stream?.enqueue(Buffer.from(bytes, "base64"));
  else if (gone) port.gone();
  else port.asked(opened);
}
