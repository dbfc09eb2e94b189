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
const FUNCTIONS = ["describe_unit", "begin", "run_ticks", "frame", "take_screen_change",
  "screen_address", "take_news", "apply_event", "set_button", "scenario", "restore_events",
  "result", "skin_depths", "explain_prescription", "bring_up", "release_all"]; // of page.py

export class Engine {
  // `send` takes each message; `files` and `board` are those of bundle.json.
  static async make(files, board, send) {
    const engine = new Engine(send);
    const { python, memory } = await start(loadMicroPython, files, HEAP_BYTES, (line) => console.log(line));
    engine.memory = memory;
    python.runPython("from page import *");
    // Kept for good: a proxy that is collected would write to memory at any moment.
    engine.unit = Object.fromEntries(FUNCTIONS.map((name) => [name, python.globals.get(name)]));
    engine.ready = JSON.parse(engine.unit.describe_unit(board));
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
    if (refused) this.send({ is: "error", text: refused, of: message.do, id: message.id });
    return refused;
  }

  on_begin({ scenario, id }) {
    const refused = this.unit.begin(JSON.stringify(scenario));
    if (refused) return refused;
    this.copies.clear();
    this.ticks = 0;
    this.over = false;
    this.begun = true;
    this.copies.store(0);
    this.sendBegun(id);
  }

  on_step({ ticks }) {
    if (!this.begun) return "nothing was begun";
    this.run(ticks);
    this.sendFrame();
  }

  on_event({ event }) {
    if (!this.begun) return "nothing was begun";
    return this.sendChange(this.unit.apply_event(JSON.stringify(event)));
  }

  on_button({ name, down }) {
    if (!this.begun) return "nothing was begun";
    return this.sendChange(this.unit.set_button(name, down));
  }

  on_rewind({ t_s }) {
    if (!this.begun) return "nothing was begun";
    const ticks = Math.max(0, Math.round((t_s * 1000) / TICK_MS));
    this.unit.release_all();
    const scenario = this.unit.scenario(true);
    this.ticks = this.copies.restore(ticks);
    this.over = false;
    this.unit.restore_events(scenario);
    this.unit.take_news();
    this.run(ticks - this.ticks, true);
    this.sendBegun();
  }

  on_explain({ prescription }) {
    const lines = this.unit.explain_prescription(JSON.stringify(prescription));
    if (!lines.startsWith("[")) return lines;
    this.send({ is: "explained", lines: JSON.parse(lines) });
  }

  on_bringup({ given }) {
    const question = this.unit.bring_up(JSON.stringify(given));
    if (!question.startsWith("{")) return question;
    this.send({ is: "bringup", ...JSON.parse(question) });
  }

  on_result() {
    if (!this.begun) return "nothing was begun";
    this.send({ is: "result", result: JSON.parse(this.unit.result()) });
  }

  on_save() {
    if (!this.begun) return "nothing was begun";
    this.send({ is: "saved", scenario: JSON.parse(this.unit.scenario(false)) });
  }

  // -- time ------------------------------------------------------------------------------

  // Run so many ticks, at most to the end of the scenario; returns the number run. `quiet` sends
  // no rows and news: they were sent before.
  run(ticks, quiet = false) {
    let run = 0;
    while (run < ticks && !this.over) {
      const slice = Math.min(ticks - run, SLICE_TICKS, this.copies.due(this.ticks));
      const done = this.unit.run_ticks(slice);
      this.over = done < slice;
      run += done;
      this.ticks += done;
      if (quiet) this.unit.take_news();
      if (this.copies.due(this.ticks) === 0) {
        if (!quiet) this.sendNews();
        this.copies.store(this.ticks);
      }
    }
    return run;
  }

  // -- messages from it ------------------------------------------------------------------

  sendChange(refused) {
    if (refused) return refused;
    this.copies.forget(this.ticks);
    this.send({ is: "scenario", scenario: JSON.parse(this.unit.scenario(true)) });
  }

  // `id`: of the `begin` that this answers, if it does.
  sendBegun(id) {
    const depth_mm = JSON.parse(this.unit.skin_depths());
    this.send({ is: "begun", t_s: (this.ticks * TICK_MS) / 1000, ticks: this.ticks, depth_mm, id });
    this.send({ is: "scenario", scenario: JSON.parse(this.unit.scenario(true)), id });
    this.sendFrame(true);
  }

  sendFrame(whole = false) {
    this.sendNews();
    const frame = JSON.parse(this.unit.frame());
    frame.screen = this.unit.take_screen_change() || whole ? this.screenMemory() : null;
    this.send(frame);
  }

  sendNews() {
    const [rows, news] = JSON.parse(this.unit.take_news());
    if (rows.length) this.send({ is: "rows", columns: this.ready.columns, rows });
    for (const message of news) this.send(message);
  }

  screenMemory() {
    return new Uint8Array(this.memory.buffer, this.unit.screen_address(), 1024).slice();
  }
}
