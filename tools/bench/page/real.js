// A real unit in the place of the simulated one: connected by Web Serial, shown in the same charts.
// Called by main.js. Everything that a unit sends is shown as text and nothing else. No key is ever
// asked for: what needs one is done by the command.

import { $, download, make, say, text } from "./dom.js";
import { readJournal } from "./journal.js";
import { BROKE_OFF, Line, lacking } from "./serial.js";
import { Traces } from "./traces.js";
import { number } from "./words.js";

export const COLUMNS = ["t_s", "state", "faults", "contact_a_c", "contact_b_c", "board_a_c", "board_b_c",
  "fluence_a", "fluence_b", "battery_v", "battery_pct"];
const NUMBERS = ["ms", "refused", "lock", "faults", "set_point_mc", "treat_ms", "battery_mv",
  "battery_pct", "sessions_left", "clock_set"];
const PAIRS = ["contact_mc", "board_mc", "throttle", "fluence_uj_cm2", "cem43_q10_ms"];
const PRESCRIPTION = "prescription.json";
const PRESCRIPTION_MOST = 4_096; // bytes that a unit takes
const SEGMENTS = 8;
const AGAIN_MS = 500, AGAIN_MOST = 40; // after a restart

/** A line of telemetry, or null where it is not whole. */
export function telemetry(row, states) {
  const whole = states.includes(row.state) && typeof row.reason === "string"
    && NUMBERS.every((key) => Number.isInteger(row[key]))
    && PAIRS.every((key) => Array.isArray(row[key]) && row[key].length === 2 && row[key].every(Number.isInteger));
  return whole ? row : null;
}

export class Real {
  /** `told` is the engine's {is: "ready"}; `enter(traces, asked)` has the page show this source,
      `explain(prescription)` has the firmware in the page judge one, `strip` is the page's. */
  constructor(told, { enter, explain, strip }) {
    Object.assign(this, { told, enter, explain, strip, line: null, on: false });
    const lacks = lacking();
    text($("real-lacks"), lacks);
    $("real-connect").disabled = Boolean(lacks);
    const acts = {
      "real-connect": () => this.connect(), "real-again": () => this.connect(), "real-leave": () => location.reload(),
      "real-clock": () => this.line.order(`clock ${new Date().toISOString().slice(0, 19)}`),
      "real-test": () => this.line.order("selftest"),
      "real-pull": () => this.pull(), "real-push": () => this.push(),
    };
    for (const [id, act] of Object.entries(acts)) $(id).addEventListener("click", () => this.act(act));
    $("real-file").addEventListener("change", (event) => this.act(() => this.read(event.target.files[0])));
  }

  /** Do one thing at a time, and say what came of it. */
  async act(act) {
    if (this.busy) return;
    this.busy = true;
    this.broke = false;
    this.tell("…");
    try {
      this.tell(await act() ?? "");
    } catch (why) {
      this.broke = why.message.startsWith(BROKE_OFF);
      this.tell(why.message, true);
    } finally {
      this.busy = false;
    }
  }

  tell(words, wrong = false) {
    const first = words.charAt(0).toUpperCase() + words.slice(1);
    text($("real-said"), first);
    $("real-said").classList.toggle("wrong", wrong);
    if (words.length > 1) say(first);
  }

  async connect() {
    if (this.line?.is) return `connected to unit ${this.serial || "without a serial"} already`;
    let port;
    try {
      port = await navigator.serial.requestPort({ filters: [{ usbVendorId: 0x2e8a }] });
    } catch {
      return "no port was chosen";
    }
    this.line = new Line(port, (row) => this.heard(row), () => this.gone());
    try {
      await this.line.open();
    } catch {
      throw new Error("the port cannot be opened: another tab or program has it");
    }
    return this.greet();
  }

  /** Show the unit that is there. */
  async greet() {
    let who = {};
    try {
      who = await this.line.list();
    } catch (why) {
      await this.line.close();
      unlessBroken(why);
      throw new Error("no unit answers on this port: is it this one, and is the unit switched on?");
    }
    this.knows = Array.isArray(who.files);
    this.serial = String(who.serial ?? "").slice(0, 40);
    this.show(this.knows ? await this.prescription().catch(unlessBroken) : null);
    if (this.knows) return `connected to unit ${this.serial || "without a serial"}`;
    return who.error?.includes("not a command")
      ? "connected; its release is older and gives no files here: take the command for these"
      : `connected; the unit says: ${who.error}`;
  }

  /** `found` is its prescription; null where none is known that could be drawn. */
  show(found) {
    const asked = found ?? this.told.prescription;
    this.base_ms = 0;
    this.last_ms = 0;
    this.on = true;
    this.traces = new Traces(COLUMNS);
    document.body.classList.add("real");
    $("real").hidden = false;
    this.cut(false);
    text($("real-asked"), found ? `Goes by prescription “${asked.name}”.`
      : "Its prescription is not known here: the charts have the default's limits.");
    this.enter(this.traces, asked);
  }

  /** The table of the prescription that the unit has, or null. Throws where the firmware in the
      page refuses it: then it has no limits that could be drawn. */
  async prescription() {
    const bytes = await this.line.get(PRESCRIPTION);
    const asked = bytes && bytes.length <= PRESCRIPTION_MOST ? inner(bytes) : null;
    if (asked) await this.judge(asked);
    return asked;
  }

  /** What the firmware in the page says of a prescription. Throws where it refuses it. */
  judge(asked) {
    return new Promise((done, fail) => {
      this.judged = { done, fail };
      this.explain(asked);
    });
  }

  /** The port is gone. */
  gone() {
    if (!this.broke) this.tell(BROKE_OFF, true); // else who was at work has said more
    if (!this.on) return;
    this.cut(true);
    if (this.restarts) this.again(AGAIN_MOST);
  }

  /** Whether the cable is out: said in the head, and connecting is offered. */
  cut(is) {
    document.body.classList.toggle("cut", is);
    text($("which"), `REAL UNIT ${this.serial}${is ? ": not connected" : ""}`);
    $("real-again").hidden = !is;
  }

  /** A unit that restarts comes back on the same port. */
  async again(left) {
    try {
      await this.line.open();
      this.restarts = false;
      this.cut(false);
      this.tell("the unit is back");
    } catch {
      if (left) setTimeout(() => this.again(left - 1), AGAIN_MS);
    }
  }

  // -- what it says ------------------------------------------------------------------------

  heard(row) {
    const found = telemetry(row, this.told.states);
    if (!found || !this.on) return;
    if (found.ms < this.last_ms) this.base_ms += this.last_ms - found.ms + 1000; // it began anew
    this.last_ms = found.ms;
    const pair = (key, by) => found[key].map((value) => value / by);
    const contact_c = pair("contact_mc", 1000), fluence = pair("fluence_uj_cm2", 1e6);
    const faults = this.told.fault_bits.filter((_, bit) => Math.floor(found.faults / 2 ** bit) % 2);
    this.traces.push([(this.base_ms + found.ms) / 1000, found.state, faults.join("+"), ...contact_c,
      ...pair("board_mc", 1000), ...fluence, (2 * found.battery_mv) / 1000, found.battery_pct]);
    this.strip.state(found.state, this.why(found));
    this.strip.reading({ contact_c, fluence });
    this.faults(faults);
    this.facts(found);
    this.news?.();
  }

  why({ lock, refused, reason }) {
    const { locks, refusals, words } = this.told;
    if (lock) return `Locked: ${locks[lock] ?? `lock ${lock}`}.`;
    if (refused) return `Refused: ${words.refused[refusals[refused]] ?? `refusal ${refused}`}.`;
    return reason ? `The session ended: ${words.reasons[reason] ?? reason}.` : "";
  }

  faults(names) {
    const shown = names.join();
    if (this.named === shown) return;
    this.named = shown;
    const { words, advice } = this.told;
    $("real-faults").replaceChildren(...(names.length ? names : [""]).map((name) => make("li", {},
      name ? `${name}: ${words.faults[name]}. ${advice[name]}` : "No fault is latched.")));
    if (names.length) say(`Fault: ${names.map((name) => words.faults[name]).join(", ")}`);
  }

  facts(row) {
    const facts = {
      receipt: String(row.receipt ?? "").slice(0, 24) || "none yet",
      "held at": `${number(row.set_point_mc / 1000, 1)} °C`,
      "lit for": `${number(row.treat_ms / 60_000, 1)} min`,
      battery: `${row.battery_pct} %, ${row.sessions_left} sessions left`,
      clock: row.clock_set ? "set" : "not set: press Set its clock",
    };
    $("real-facts").replaceChildren(...Object.entries(facts).map(([name, value]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  }

  // -- prescription and journal ------------------------------------------------------------

  /** A file is chosen: the firmware in the page says what it means, or why it is refused. */
  async read(file) {
    this.chosen = null;
    $("real-push").disabled = true;
    if (!file) return "";
    const bytes = new Uint8Array(await file.arrayBuffer());
    const asked = inner(bytes);
    if (!asked) throw new Error(`${file.name} is no prescription: choose the JSON that prescribe sign wrote`);
    const lines = await this.judge(asked);
    this.chosen = bytes;
    $("real-push").disabled = false;
    return `${lines.join("; ")}. The unit checks its signature when it is pushed`;
  }

  /** What the engine said of a prescription; true where that was for a real unit. */
  takes(message) {
    const mine = this.judged && (message.is === "explained"
      || (message.is === "error" && (message.of ?? "explain") === "explain")); // or it stumbled over it
    if (mine) {
      const { done, fail } = this.judged;
      this.judged = null;
      if (message.is === "explained") done(message.lines);
      else fail(new Error(`the firmware refuses it: ${message.text}`));
    }
    return mine || (this.on && ["rows", "frame", "cue", "transition", "over", "paused"].includes(message.is));
  }

  async push() {
    try {
      const said = await this.line.put(PRESCRIPTION, this.chosen);
      this.restarts = true;
      text($("real-asked"), `Goes by prescription “${inner(this.chosen).name}” once it has restarted.`);
      return said;
    } catch (why) {
      throw new Error(`${why.message}; it ${why.said ? "keeps its old prescription"
        : "has the old prescription or the new one, whole: connect again to see which"}`);
    }
  }

  async pull() {
    const files = new Map();
    for (let k = 0; k < SEGMENTS; k += 1) {
      const bytes = await this.line.get(`journal.${k}`);
      if (bytes) files.set(`journal.${k}`, bytes);
      this.tell(`pulled ${k + 1} of ${SEGMENTS} files`);
    }
    const decoder = new TextDecoder();
    const found = readJournal([...files.values()].map((bytes) => decoder.decode(bytes)));
    const { records, breaks, torn, sessions } = found;
    const chain = breaks.length ? `The chain is BROKEN before record ${breaks.slice(0, 5).join(", ")}.`
      : "Each record names the seal of the one before.";
    $("real-journal").replaceChildren(
      make("p", {}, `${records} records${torn ? `, ${torn} torn lines` : ""}. ${chain} `
        + "Not proven: verify with the command and the key (waistband journal verify)."),
      this.table(sessions),
      make("button", { type: "button", onclick: () => files.forEach((bytes, name) => download(name, bytes, "text/plain")) },
        "Save its files"));
    return `pulled ${records} records, ${sessions.length} sessions`;
  }

  table(sessions) {
    const heads = ["began", "prescription", "light, min", "A, J/cm²", "B, J/cm²", "ended"];
    const rows = sessions.toReversed().map(({ at, name, treat_min, dose, reason }) => make("tr", {},
      ...[at, name, number(treat_min, 1), number(dose[0], 2), number(dose[1], 2),
        this.told.words.reasons[reason] ?? (reason || "no end is there")].map((cell) => make("td", {}, cell))));
    return make("table", { class: "numbers" },
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows));
  }
}

/** Nothing where a question failed, unless the line did. */
function unlessBroken(why) {
  if (why.message === BROKE_OFF) throw why;
  return null;
}

/** The prescription in a file's bytes, signed or plain, or null. */
function inner(bytes) {
  try {
    const table = JSON.parse(new TextDecoder().decode(bytes));
    const found = table.signed ? table.signed.prescription : table;
    return found && typeof found === "object" && typeof found.name === "string" ? found : null;
  } catch {
    return null;
  }
}
