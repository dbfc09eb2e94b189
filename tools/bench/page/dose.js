// A prescription as a form that says what it means, and a new unit that has it.

import { $, make } from "./dom.js";

const WAIT_MS = 350; // after a change, before it is explained
const MODES = [["cw", "continuous"], ["pulse", "pulsed, 100 to 10000 Hz"], ["gated", "gated, 50/n Hz"]];

export class Dose {
  /** `explain(prescription)` asks what it means; `begin(prescription)` a new unit with it. */
  constructor(ready, explain, begin) {
    Object.assign(this, { explain, fields: new Map() });
    this.banks = ready.banks.map(String);
    const form = this.form = $("dose-form");
    this.field("name", "name", { type: "text", maxlength: 40, pattern: "[ -~]+", required: true });
    this.field("fluence_j_cm2", "dose of a pad, J/cm²", { type: "number", step: "any", min: 0 });
    this.field("max_min", "at most, min", { type: "number", step: "any", min: 1 });
    this.field("set_point_c", "contact held at, °C", { type: "number", step: 0.1 });
    for (const nm of this.banks) {
      this.field(nm, `${nm} nm, mW/cm²`, { type: "number", step: "any", min: 0 });
    }
    const mode = make("select", { id: "dose-mode" },
      ...MODES.map(([value, words]) => make("option", { value }, words)));
    this.addField("mode", "light", mode);
    this.field("rate_hz", "rate, Hz", { type: "number", step: "any" });
    this.field("on_ms", "lit for, ms of each", { type: "number", step: 20 });
    form.append(make("div", { class: "form-end" },
      make("button", { type: "submit" }, "New unit with this prescription")));
    form.addEventListener("input", () => {
      this.whole = null;
      this.changed();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      begin(this.read());
    });
  }

  field(key, words, attributes) {
    this.addField(key, words, make("input", { id: `dose-${key}`, ...attributes }));
  }

  addField(key, words, input) {
    this.fields.set(key, input);
    this.form.append(make("div", { class: "field", "data-field": key },
      make("label", { for: input.id }, words), input));
  }

  /** Fill the form in. */
  set(prescription) {
    // the form shows the first step of several; they stay as they are until a field is changed
    this.whole = prescription.step ? prescription : null;
    const { light, irradiance_mw_cm2: banks, ...rest } =
      { ...prescription, ...prescription.step?.[0] };
    const values = { rate_hz: 10, on_ms: 60, ...rest, ...banks, ...light };
    for (const [key, input] of this.fields) input.value = values[key] ?? "0";
    this.changed();
  }

  /** What the form says, as a prescription's table. */
  read() {
    if (this.whole) return this.whole;
    const value = (key) => Number(this.fields.get(key).value);
    const mode = this.fields.get("mode").value;
    const light = { mode };
    if (mode !== "cw") light.rate_hz = value("rate_hz");
    if (mode === "gated") light.on_ms = value("on_ms");
    return {
      name: this.fields.get("name").value, light, fluence_j_cm2: value("fluence_j_cm2"),
      max_min: value("max_min"), set_point_c: value("set_point_c"),
      irradiance_mw_cm2: Object.fromEntries(this.banks.map((nm) => [nm, value(nm)])),
    };
  }

  changed() {
    const mode = this.fields.get("mode").value;
    for (const [key, shown] of [["rate_hz", mode !== "cw"], ["on_ms", mode === "gated"]]) {
      this.form.querySelector(`[data-field=${key}]`).hidden = !shown;
    }
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.explain(this.read()), WAIT_MS);
  }

  /** What the engine said of it. */
  showExplanation({ lines = [], text, error }) {
    const said = error ? [error] : text ? text.split("\n") : lines;
    $("dose-said").classList.toggle("refused", Boolean(error));
    $("dose-said").replaceChildren(...said.map((line) => make("p", {}, line)));
  }
}
