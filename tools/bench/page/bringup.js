// First start of a hand-built unit: `waistband bringup` in the page. Steps, words and checks are the
// command's own (tools/bringup), on the MicroPython in the page: it says what to ask next, and this
// file asks it, of the unit at its raw prompt or of the person. Called by main.js.

import { parse } from "../vendor/smol-toml/index.js";
import { $, download, make, say, text } from "./dom.js";
import { Prompt } from "./prompt.js";
import { Line, lacking } from "./serial.js";

const KINDS = { html: "text/html", json: "application/json", toml: "application/toml" };
const MEASURES_MOST = 65_536; // bytes of a file
const ANSWERS = { "bringup-done": true, "bringup-yes": true, "bringup-no": false };

export class Bringup {
  /** `told` is the engine's {is: "ready"}; `send(given)` asks it for the next question; `enter()` has
      the page make room. */
  constructor(told, send, enter) {
    Object.assign(this, { told, send, enter, answers: [], stopped: false, measures: null, file: "" });
    $("bringup-start").disabled = Boolean(lacking());
    $("bringup-start").addEventListener("click", () => this.begin());
    $("bringup-file").addEventListener("change", (event) => this.take(event.target.files[0]));
    $("bringup-leave").addEventListener("click", () => location.reload());
    $("bringup-again").addEventListener("click", () => this.begin());
    $("bringup-stop").addEventListener("click", () => this.stop());
    for (const [id, answer] of Object.entries(ANSWERS)) $(id).addEventListener("click", () => this.answered?.(answer));
    for (const button of $("bringup-saves").children) {
      button.addEventListener("click", () => this.save(button.dataset.save));
    }
  }

  /** Measures of this unit, of which it gets its calibration. */
  async take(file) {
    this.measures = null;
    if (!file) return;
    try {
      if (file.size > MEASURES_MOST) throw new Error(`${file.name} is larger than 64 KiB`);
      const content = await file.text();
      this.file = file.name;
      const table = /\.json$/i.test(file.name) ? JSON.parse(content) : parse(content);
      const measures = JSON.parse(JSON.stringify(table)); // a date as its text, which a worker's copy loses
      const { measures: words } = await this.next({ ...this.given(), measures, answers: null });
      this.measures = measures;
      this.judged(`${words}.`);
    } catch (why) {
      $("bringup-file").value = "";
      this.judged(`${why.message.split("\n")[0]}.`, true);
    }
  }

  /** Say what becomes of the measures. */
  judged(words, wrong = false) {
    text($("bringup-given"), words);
    $("bringup-given").classList.toggle("wrong", wrong);
  }

  /** What every question to the engine has beside the answers. */
  given() {
    return { serial: $("bringup-serial").value.trim(), style: this.told.style,
      release: this.told.release, measures: this.measures, file: this.file,
      date: `${new Date().toISOString().slice(0, 19)}Z` };
  }

  async begin() {
    let port;
    try {
      port = await navigator.serial.requestPort({ filters: [{ usbVendorId: 0x2e8a }] });
    } catch {
      this.tell("No port was chosen.", true);
      return;
    }
    const line = new Line(port, () => {}, () => this.answered?.(null)); // who is asked hears of it
    try {
      await line.open();
    } catch {
      this.tell("The port cannot be opened: another tab or program has it.", true);
      return;
    }
    this.show();
    try {
      this.prompt = new Prompt(line);
      await this.prompt.enter();
      await this.run();
    } catch (why) {
      this.ask(`${why.message}.`, []);
    } finally {
      await line.close();
      this.ended(true);
    }
  }

  /** Whether it is over, and may be left or begun again. */
  ended(over) {
    $("bringup-stop").hidden = over;
    $("bringup-leave").hidden = $("bringup-again").hidden = !over;
  }

  show() {
    Object.assign(this, { answers: [], stopped: false, shown: -1 });
    this.ended(false);
    $("bringup-saves").hidden = true;
    $("bringup-steps").replaceChildren();
    this.enter();
    document.body.classList.add("real", "first");
    text($("which"), "REAL UNIT: first start");
    $("bringup").hidden = false;
    $("bringup-h").focus();
    this.tell("");
    this.ask("The unit goes to its prompt…", []);
  }

  tell(words, wrong = false) {
    text($("real-said"), words);
    $("real-said").classList.toggle("wrong", wrong);
  }

  /** Ask and answer until there is a report. */
  async run() {
    const given = this.given();
    for (;;) {
      const question = await this.next({ ...given, answers: this.answers });
      this.list(question);
      if (question.report) {
        await this.over(question);
        return;
      }
      this.answers.push(await this.answer(question));
    }
  }

  next(given) {
    return new Promise((done, fail) => {
      this.asked = { done, fail };
      this.send(given);
    });
  }

  /** The engine's next question. */
  hear(question) {
    this.asked?.done(question);
    this.asked = null;
  }

  /** The engine refuses to go on, or stumbled; whether that was for this. */
  refused(why, of = "bringup") {
    const { asked } = this;
    if (!asked || of !== "bringup") return false;
    this.asked = null;
    asked.fail(new Error(why));
    return true;
  }

  answer({ run, stops, do: act, saw, words, wait }) {
    if (this.stopped && (run === undefined || stops)) {
      this.stopped = false;
      return { end: true };
    }
    if (run !== undefined) return this.prompt.run(run);
    $("bringup-ask").dataset.act = act ?? saw;
    if (saw) return this.person(words, ["bringup-yes", "bringup-no"]);
    if (wait) return this.person(words, ["bringup-done"]);
    this.ask(words, []);
    return true;
  }

  /** Ask the person; the answer, or that they stop. */
  async person(words, buttons) {
    this.ask(words, buttons);
    const answer = await new Promise((done) => { this.answered = done; });
    this.answered = null;
    this.ask("…", []);
    return answer;
  }

  ask(words, buttons) {
    text($("bringup-ask"), words);
    for (const id of Object.keys(ANSWERS)) $(id).hidden = !buttons.includes(id);
    if (buttons.length) $(buttons[0]).focus();
  }

  /** End it at the next moment at which it can: each program makes the unit dark by itself. */
  stop() {
    if (this.answered) {
      this.answered({ end: true });
      return;
    }
    this.stopped = true;
    this.ask("It stops once this step's program has ended…", []);
  }

  /** The results so far, and what is still to come. */
  list({ steps, titles, report }) {
    const found = new Map(steps.map((row) => [row.step, row]));
    const now = report ? null : titles[steps.length]?.[0];
    const row = ([name, title]) => {
      const { state = name === now ? "now" : "", failures = [], notes = [] } = found.get(name) ?? {};
      const lines = [...failures.map((line) => make("p", { class: "wrong" }, line)),
        ...notes.map((line) => make("p", {}, line))];
      return make("tr", { "data-step": name }, make("th", { scope: "row" }, name),
        make("td", { class: state === "broken off" ? "failed" : state }, state), make("td", {}, `${title}.`, ...lines));
    };
    if (steps.length === this.shown) return;
    this.shown = steps.length;
    $("bringup-steps").replaceChildren(...titles.map(row));
    const last = steps.at(-1);
    if (last) say(`${last.title}: ${last.state}. ${last.failures.join(" ")}`);
  }

  async over(question) {
    this.question = question;
    $("bringup-saves").hidden = false;
    this.ask(question.words, []);
    await this.prompt.start(question.restart).catch(() => {}); // the line may be what broke
  }

  save(kind) {
    const { report, html, toml } = this.question;
    const content = { html, toml, json: `${JSON.stringify(report, null, 1)}\n` }[kind];
    const number = report.serial.replaceAll(/[^\w.-]/g, "_");
    download(`${kind === "toml" ? "measures" : "bringup"}-${number}.${kind}`, content, KINDS[kind]);
  }
}
