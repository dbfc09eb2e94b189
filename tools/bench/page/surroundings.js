// Where the unit is: room, skin, belt, charger, battery, clock. What can change while it runs does
// so at once; what is the wearer's from the start asks for a new one.

import { $, make } from "./dom.js";
import { begun } from "./story.js";

// key, words, unit, step
const ROOM = [
  ["ambient_c", "room", "°C", 0.5], ["perfusion", "perfusion at rest", "1/s", 0.0001],
  ["air_w_m2k", "surface to air", "W/m²K", 0.5], ["fat_mm", "fat", "mm", 1],
  ["vasodilation", "vasodilation", "×", 0.5], ["battery_pct", "battery", "%", 1],
];
const CHARGER = "charger_plugged"; // as the wall calls it
// The three signs of wear part here: buckle above, and what the other two sensors say. Each choice
// is a fault of both pads, with its value; "" is the truth.
const SIGNS = [
  ["skin sensors say", "skin_sensor_stuck", [["", "what is there"], [1, "touched"], [0, "not touched"]]],
  ["warmth sensed", "sensors_step", [["", "what is there"], [-10, "10 °C less"], [4.3, "4.3 °C more"]]],
];

export class Surroundings {
  /** `send(event)` for what happens now, `anew(start)` for what needs a new unit. */
  constructor(ready, send, anew) {
    Object.assign(this, { send, anew, changes: ready.changes, inputs: new Map(), start: {},
      normal: { worn: true, buckled: true, ...normal(ready.start) } });
    const root = $("surroundings");
    this.worn = this.tick(root, "worn", "belt on", () => send({ worn: this.worn.checked }));
    this.buckle = this.tick(root, "buckled", "buckle closed",
      () => send({ buckled: this.buckle.checked }));
    this.charger = this.tick(root, "charger", "charger in", () => this.plug());
    this.signs = SIGNS.map((row) => this.sign(root, ...row));
    for (const row of ROOM) this.range(root, row, ready.start[row[0]]);
    const jump = make("input", { type: "number", value: 1, min: -3650, max: 3650, step: "any",
      "aria-label": "Days" });
    const go = () => jump.reportValidity() && send({ fault: "clock_jump", value: Number(jump.value) });
    root.append(make("div", { class: "room" }, make("span", {}, "clock"),
      make("button", { type: "button", onclick: go }, "jump by"), jump, make("span", {}, "days")));
  }

  tick(root, key, words, change) {
    const input = make("input", { type: "checkbox", onchange: change });
    root.append(make("label", { class: "tick" }, input, ` ${words}`));
    return input;
  }

  sign(root, words, fault, choices) {
    const id = `sign-${fault}`;
    const select = make("select", { id },
      ...choices.map(([value, its]) => make("option", { value }, its)));
    select.addEventListener("change", () => {
      const { value } = select;
      if (this.signOn(fault)) this.send({ fault, off: true });
      if (value !== "") this.send({ fault, value: Number(value) });
    });
    root.append(make("div", { class: "room sign" }, make("label", { for: id }, words), select));
    return { fault, select };
  }

  /** The fault of this name that is on now for both pads. */
  signOn(fault) {
    return this.on?.find((event) => event.fault === fault && !event.pad);
  }

  range(root, [key, words, unit, step], { min, max }) {
    const id = `room-${key}`;
    const input = make("input", { type: "range", id, min, max, step });
    const number = make("input", { type: "number", min, max, step: "any",
      "aria-label": `${words}, ${unit}` });
    input.addEventListener("input", () => { number.value = input.value; });
    input.addEventListener("change", () => this.set(key, Number(input.value)));
    number.addEventListener("change", () => number.reportValidity() && this.set(key, Number(number.value)));
    const now = this.now(key) ? "" : make("span", { class: "anew" }, "begins anew");
    root.append(make("div", { class: "room" }, make("label", { for: id }, words), input, number,
      make("span", {}, unit, now)));
    this.inputs.set(key, [input, number]);
  }

  /** Whether it may change while the unit runs. */
  now(key) {
    return this.changes.includes(key) || key === "battery_pct";
  }

  set(key, value) {
    if (key === "battery_pct") this.send({ fault: "battery_low", value });
    else if (this.changes.includes(key)) this.send({ [key]: value });
    else this.anew({ ...this.start, [key]: value });
  }

  plug() {
    this.send({ fault: CHARGER, ...(this.charger.checked ? {} : { off: true }) });
  }

  /** What the scenario holds by now. */
  story(scenario) {
    this.start = scenario.start;
    this.events = scenario.event;
  }

  /** What a person set was not taken: show what holds. */
  refused() {
    this.said = null;
  }

  /** Show what holds at a moment, and with these faults on; a control that a person is in is
      left alone. */
  at(t_s, on) {
    const holds = { ...this.normal, ...this.start };
    holds.buckled = holds.worn; // the belt and its buckle go together, until parted
    for (const event of begun(this.events, t_s)) {
      for (const key of Object.keys(this.normal)) if (key in event) holds[key] = event[key];
      if ("worn" in event) holds.buckled = event.worn;
      if (event.fault === "battery_low") holds.battery_pct = event.value;
    }
    this.on = on;
    const charger = on.some((event) => event.fault === CHARGER);
    const signs = this.signs.map(({ fault }) => String(this.signOn(fault)?.value ?? ""));
    const said = JSON.stringify([holds, charger, signs]);
    if (said === this.said) return;
    this.said = said;
    this.worn.checked = holds.worn;
    this.buckle.checked = holds.buckled;
    this.charger.checked = charger;
    this.signs.forEach(({ select }, k) => { select.value = signs[k]; });
    for (const [key, inputs] of this.inputs) {
      for (const input of inputs) if (input !== document.activeElement) input.value = holds[key];
    }
  }
}

function normal(start) {
  return Object.fromEntries(Object.entries(start).map(([key, row]) => [key, row.normal]));
}
