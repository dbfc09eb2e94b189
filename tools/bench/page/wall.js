// The wall of faults: every fault of the table, as buttons that put it on and take it off.

import { $, make, text } from "./dom.js";

const NANOMETRES = "nm"; // as a value: one of the banks

export class Wall {
  /** `send(event)` is given each event, without its time. */
  constructor(ready, send) {
    this.send = send;
    this.on = [];
    this.switches = []; // {fault, pad, button}
    for (const title of new Set(ready.faults.map((row) => row.group))) {
      const list = make("ul", { class: "faults" });
      const rows = ready.faults.filter((row) => row.group === title);
      rows.forEach((row) => list.append(this.row(row, ready)));
      $("wall").append(make("section", {}, make("h3", {}, title), list));
    }
    $("wall-find").addEventListener("input", () => this.find());
    $("wall-find").addEventListener("keydown", (event) => this.first(event));
    $("wall-clear").addEventListener("click", () => this.clear());
  }

  row(row, ready) {
    const { words } = row;
    const value = valueOf(row, ready), button = row.button ? choice(row, ready.buttons) : null;
    const places = row.pads ? ["A", "B"] : [""];
    const keys = places.map((pad) => {
      const said = pad || (row.lasts ? "on" : "do");
      const key = make("button", {
        type: "button", class: `break ${pad.toLowerCase()}`, "aria-pressed": row.lasts ? "false" : null,
        // Begins with the visible word, so that who speaks to the page can say what they see.
        "aria-label": `${said}: ${row.name}, ${words}`,
        onclick: () => this.strike(row, pad, value, button, key),
      }, said);
      if (row.lasts) this.switches.push({ row, pad, key });
      return key;
    });
    const name = make("span", { class: "fault" }, make("code", {}, row.name),
      make("span", { class: "words" }, words));
    const unit = row.value && row.value.unit !== NANOMETRES ? make("span", { class: "unit" }, row.value.unit) : "";
    return make("li", { "data-words": `${row.name} ${words}`.toLowerCase() }, name,
      make("span", { class: "value" }, value ?? button ?? "", unit), make("span", { class: "do" }, ...keys));
  }

  strike(row, pad, value, button, key) {
    if (key.getAttribute("aria-pressed") === "true") {
      this.end(row.name, pad);
      return;
    }
    for (const input of [value, $("wall-for")]) if (input && !input.reportValidity()) return;
    const event = { fault: row.name };
    if (pad) event.pad = pad;
    if (value) event.value = Number(value.value);
    if (button) event.button = button.value;
    const for_s = Number($("wall-for").value);
    if (row.lasts && for_s) event.for_s = for_s;
    this.send(event);
  }

  end(fault, pad) {
    const event = { fault, off: true };
    const both = this.on.some((found) => found.fault === fault && !found.pad);
    if (pad && !both) event.pad = pad;
    this.send(event);
  }

  /** Whether a fault lasts on. */
  lasts(fault) {
    return this.switches.some(({ row }) => row.name === fault);
  }

  /** Light what is on: events, as the scenario has them. */
  at(on) {
    this.on = on;
    const now = this.on.map((event) => event.fault + (event.pad ?? "")).join();
    if (now === this.said) return;
    this.said = now;
    for (const { row, pad, key } of this.switches) {
      const on = this.on.some((event) => event.fault === row.name && (!event.pad || event.pad === pad));
      key.setAttribute("aria-pressed", on);
    }
    const count = $("wall").querySelectorAll("[aria-pressed=true]").length;
    text($("wall-clear"), count ? `End all (${count})` : "End all");
  }

  clear() {
    for (const { row, pad, key } of this.switches) {
      if (key.getAttribute("aria-pressed") === "true" && (pad !== "B" || this.alone(row.name))) {
        this.end(row.name, pad);
      }
    }
  }

  /** Whether pad B's is an event of its own. */
  alone(fault) {
    return this.on.some((event) => event.fault === fault && event.pad === "B");
  }

  /** Enter breaks the first that was found, with Shift on pad B; Escape leaves. */
  first(event) {
    if (event.key === "Escape") event.target.blur();
    if (event.key !== "Enter") return;
    const keys = $("wall").querySelector("li:not([hidden])")?.querySelectorAll(".break") ?? [];
    keys[event.shiftKey ? keys.length - 1 : 0]?.click();
  }

  find() {
    const wanted = $("wall-find").value.trim().toLowerCase();
    for (const row of $("wall").querySelectorAll("li")) row.hidden = !row.dataset.words.includes(wanted);
    for (const group of $("wall").children) group.hidden = !group.querySelector("li:not([hidden])");
  }
}

function choice(row, values) {
  return make("select", { "aria-label": `${row.name}: which` },
    ...values.map((value) => make("option", {}, value)));
}

function valueOf(row, ready) {
  if (!row.value) return null;
  const { min, max, unit, default: value } = row.value;
  if (unit === NANOMETRES) return choice(row, ready.banks);
  return make("input", { type: "number", min, max, step: "any", value, required: true,
    "aria-label": `${row.name}: ${unit}` });
}
