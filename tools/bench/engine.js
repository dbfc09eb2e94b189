// A live run: MicroPython and the unit in it, driven by messages, in any host (docs/bench/bench-page.md).
//
// Nothing of Python runs between two calls. So a copy of its memory is the whole of a run at that
// moment, and going back is putting a copy back and running forward from it.

import { loadMicroPython } from "./vendor/micropython.mjs";

import { start } from "./python.js";
import { Copies } from "./copies.js";

const HEAP_BYTES = 1 << 20;
const TICK_MS = 20;
const SLICE_TICKS = 100; // a call; what it leaves behind is collected at its end
const ASKED = ["tell", "begin", "go", "frame", "screen", "screen_at", "news", "do", "button",
  "scenario", "recall", "result", "depths",
  "explain", "let_go"];

export class Engine {
  // `send` takes each message; `files` and `board` are those of bundle.json.
  static async make(files, board, send) {
    const engine = new Engine(send);
    const { python, memory } = await start(loadMicroPython, files, HEAP_BYTES, (line) => console.log(line));
    engine.memory = memory;
    python.runPython("from page import *\nfrom page import do");
    // Kept for good: a proxy that is let go of would touch memory at a moment of its own.
    engine.ask = Object.fromEntries(ASKED.map((name) => [name, python.globals.get(name)]));
    engine.told = JSON.parse(engine.ask.tell(board));
    engine.copies = new Copies(memory);
    return engine;
  }

  constructor(send) {
    this.send = send;
    this.ticks = 0; // of the run
    this.over = true;
    this.begun = false;
  }

  // -- messages to it --------------------------------------------------------------------

  take(message) {
    const refused = this[`on_${message.do}`]
      ? this[`on_${message.do}`](message)
      : `there is no ${message.do}`;
    if (refused) this.send({ is: "error", text: refused, of: message.do });
    return refused;
  }

  on_begin({ scenario }) {
    const refused = this.ask.begin(JSON.stringify(scenario));
    if (refused) return refused;
    this.copies.clear();
    this.ticks = 0;
    this.over = false;
    this.begun = true;
    this.copies.keep(0);
    this.tellBegun();
  }

  on_step({ ticks }) {
    if (!this.begun) return "nothing was begun";
    this.go(ticks);
    this.tell();
  }

  on_event({ event }) {
    if (!this.begun) return "nothing was begun";
    return this.changed(this.ask.do(JSON.stringify(event)));
  }

  on_button({ name, down }) {
    if (!this.begun) return "nothing was begun";
    return this.changed(this.ask.button(name, down));
  }

  on_rewind({ t_s }) {
    if (!this.begun) return "nothing was begun";
    const ticks = Math.max(0, Math.round((t_s * 1000) / TICK_MS));
    this.ask.let_go();
    const scenario = this.ask.scenario(true);
    this.ticks = this.copies.back(ticks);
    this.over = false;
    this.ask.recall(scenario);
    this.ask.news();
    this.go(ticks - this.ticks, true);
    this.tellBegun();
  }

  on_explain({ prescription }) {
    const said = this.ask.explain(JSON.stringify(prescription));
    if (!said.startsWith("[")) return said;
    this.send({ is: "explained", lines: JSON.parse(said) });
  }

  on_result() {
    if (!this.begun) return "nothing was begun";
    this.send({ is: "result", result: JSON.parse(this.ask.result()) });
  }

  on_save() {
    if (!this.begun) return "nothing was begun";
    this.send({ is: "saved", scenario: JSON.parse(this.ask.scenario(false)) });
  }

  // -- time ------------------------------------------------------------------------------

  // Run so many ticks, or to the end of the scenario; how many were run. `quiet` tells nothing
  // of what happens meanwhile: it was told before.
  go(ticks, quiet = false) {
    let run = 0;
    while (run < ticks && !this.over) {
      const slice = Math.min(ticks - run, SLICE_TICKS, this.copies.due(this.ticks));
      const done = this.ask.go(slice);
      this.over = done < slice;
      run += done;
      this.ticks += done;
      if (quiet) this.ask.news();
      if (this.copies.due(this.ticks) === 0) {
        if (!quiet) this.tellNews();
        this.copies.keep(this.ticks);
      }
    }
    return run;
  }

  // -- messages from it ------------------------------------------------------------------

  changed(refused) {
    if (refused) return refused;
    this.copies.forget(this.ticks);
    this.send({ is: "scenario", scenario: JSON.parse(this.ask.scenario(true)) });
  }

  tellBegun() {
    const depth_mm = JSON.parse(this.ask.depths());
    this.send({ is: "begun", t_s: (this.ticks * TICK_MS) / 1000, ticks: this.ticks, depth_mm });
    this.send({ is: "scenario", scenario: JSON.parse(this.ask.scenario(true)) });
    this.tell(true);
  }

  tell(whole = false) {
    this.tellNews();
    const frame = JSON.parse(this.ask.frame());
    frame.screen = this.ask.screen() || whole ? this.glass() : null;
    this.send(frame);
  }

  tellNews() {
    const [rows, news] = JSON.parse(this.ask.news());
    if (rows.length) this.send({ is: "rows", columns: this.told.columns, rows });
    for (const message of news) this.send(message);
  }

  glass() {
    return new Uint8Array(this.memory.buffer, this.ask.screen_at(), 1024).slice();
  }
}
