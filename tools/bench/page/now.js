// What the unit is doing now, in numbers, and what happened before.

import { $, draw, make, say, text } from "./dom.js";
import { wholeFluence } from "./panels.js";
import { clock, number } from "./words.js";

const LOW_C = 30, HIGH_C = 46, WIDE = 320; // of a gauge
const LOG_MOST = 200;

export class Now {
  constructor(ready) {
    this.limits = ready.limits;
    this.words = ready.words;
    this.asked = ready.prescription;
    this.banks = ready.banks.length;
    this.gauges = ["A", "B"].map((pad) => this.gauge(pad));
    this.rows = new Map();
    this.facts = new Map();
    this.faults = 0;
  }

  gauge(pad) {
    const x = (celsius) => ((celsius - LOW_C) / (HIGH_C - LOW_C)) * WIDE;
    const name = pad.toLowerCase();
    const picture = draw("svg", { viewBox: `-8 0 ${WIDE + 16} 42`, class: `gauge ${name}`, role: "img" });
    const title = draw("title", {}, `Pad ${pad}`);
    const bar = draw("rect", { class: "fill", y: 12, height: 12, rx: 2, width: 0 });
    const sensed = draw("path", { class: "sensed", d: "M0 8 V28" });
    picture.append(title, draw("rect", { class: "track", y: 12, width: WIDE, height: 12, rx: 2 }),
      bar, sensed);
    const { set_point_c, warn_c, trip_c, alert_c } = this.limits;
    for (const [at, kind] of [[set_point_c, ""], [warn_c, ""], [trip_c, "alarm"], [alert_c, "alarm"]]) {
      picture.append(draw("path", { class: `tick ${kind}`, d: `M${x(at)} 9 V27` }));
    }
    for (const at of [30, 34, 38, alert_c]) {
      picture.append(draw("text", { class: "scale", x: x(at), y: 39 }, String(at)));
    }
    picture.append(draw("text", { class: "name", x: 6, y: 22 }, pad));
    $("gauges").append(picture);
    return { pad, title, bar, sensed, x };
  }

  frame(frame) {
    this.gauges.forEach((gauge, k) => this.set(gauge, frame, k));
    this.number("contact, true °C", frame.true_contact_c, 2);
    this.number("contact, sensed °C", frame.contact_c, 2);
    this.number("LED board °C", frame.board_c, 1);
    this.number(`dose of ${+wholeFluence(this.asked).toFixed(3)} J/cm²`, frame.fluence, 2);
    this.number(`CEM43 of ${this.limits.cem43_min} min`, frame.cem43_min, 3);
    this.number("light, % of full", [0, 1].map((pad) => mean(frame.mean_duty, pad, this.banks)), 1);
    this.fact("lit for", clock(frame.treat_s, 0));
    this.fact("session", clock(frame.session_s, 0));
    this.fact("held at", `${number(frame.set_point_c, 1)} °C`);
    this.fact("supply switch", frame.enabled ? "closed" : "open");
    this.fact("battery", `${number(frame.battery_pct, 0)} %, ${number(frame.battery_v, 2)} V`);
    this.fact("draws", `${number(frame.pack_ma, 0)} mA`);
  }

  why(frame) {
    const { reasons, refused } = this.words;
    const first = frame.faults.find((row) => row.latched);
    if (first) return this.fault(first);
    if (frame.locked) return `Locked: ${frame.locked}`;
    if (frame.refused) return `Refused: ${refused[frame.refused]}.`;
    if (frame.reason) return `The session ended: ${reasons[frame.reason]}.`;
    return "";
  }

  /** A latched fault: where, when, what was read and which limit it broke. */
  fault({ name, pad, value, limit, unit }) {
    const where = pad ? ` on pad ${pad}` : "";
    const of = unit === "C" ? " °C" : "";
    return `${name}${where}: ${this.words.faults[name]}, ${number(value, of ? 2 : 0)}${of} against `
      + `${number(limit, of ? 2 : 0)}${of}`;
  }

  set({ pad, title, bar, sensed, x }, frame, k) {
    const inside = (celsius) => Math.min(Math.max(x(celsius), 0), WIDE);
    bar.setAttribute("width", inside(frame.true_contact_c[k]).toFixed(1));
    bar.classList.toggle("hot", frame.true_contact_c[k] >= this.limits.warn_c);
    const read = frame.contact_c[k] !== null;
    sensed.setAttribute("visibility", read ? "visible" : "hidden");
    if (read) sensed.setAttribute("transform", `translate(${inside(frame.contact_c[k]).toFixed(1)} 0)`);
    text(title, `Pad ${pad}: truly ${number(frame.true_contact_c[k], 1)} °C, sensed `
      + `${number(frame.contact_c[k] ?? NaN, 1)} °C; trip at ${this.limits.trip_c} °C`);
  }

  number(name, values, digits) {
    let cells = this.rows.get(name);
    if (!cells) {
      cells = [make("td"), make("td")];
      $("numbers").append(make("tr", {}, make("th", { scope: "row" }, name), ...cells));
      this.rows.set(name, cells);
    }
    cells.forEach((cell, k) => text(cell, number(values[k], digits)));
  }

  fact(name, value) {
    let cell = this.facts.get(name);
    if (!cell) {
      cell = make("dd");
      $("facts").append(make("div", {}, make("dt", {}, name), cell));
      this.facts.set(name, cell);
    }
    text(cell, value);
  }

  /** Another prescription: what is asked has changed. */
  begun(prescription) {
    this.asked = prescription;
    $("numbers").replaceChildren();
    this.rows.clear();
    $("log").replaceChildren();
  }

  /** A line of what happened; `kind` is a class. */
  log(t_s, line, kind = "") {
    const when = make("time", {}, clock(t_s));
    const row = make("li", { class: kind }, when, ` ${line}`);
    row.dataset.t = t_s;
    $("log").prepend(row);
    while ($("log").childElementCount > LOG_MOST) $("log").lastElementChild.remove();
    say(line);
    return row;
  }

  /** Another text for a line: more is known of it. `heard` tells screen readers, too. */
  amend(row, line, heard) {
    text(row.lastChild, ` ${line}`);
    if (heard) say(line);
  }

  /** Rewound: what is later has not happened. */
  cut(t_s) {
    for (const row of [...$("log").children]) if (Number(row.dataset.t) > t_s) row.remove();
  }
}

function mean(duties, pad, banks) {
  const mine = duties.slice(pad * banks, (pad + 1) * banks);
  return (100 * mine.reduce((sum, duty) => sum + duty, 0)) / 65535 / banks;
}
