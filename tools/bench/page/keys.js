// Keys of the whole page: run, step, press, faults. Single letters, so they rest in fields, and a
// switch in their dialog ends them.

import { $, make } from "./dom.js";

const FIELDS = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select";
// What each key does, in the words of the dialog; the dialog and the keys come from this table.
const ROWS = [
  ["r", "run, pause"], [".", "step 20 ms"], ["1", "×1"], ["2", "×10"], ["3", "as fast as it goes"],
  ["s", "START, for as long as it is held"], ["u", "UP"], ["d", "DOWN"],
  ["f", "find a fault; then Enter breaks the first found on pad A or the unit, Shift+Enter on pad B"],
  ["e", "end all faults"], ["n", "new unit"], ["?", "these keys"],
];
const BUTTONS = { s: "START", u: "UP", d: "DOWN" };
const SPEEDS = ["1", "2", "3"];

/** `press(name, down)` presses a button of the unit. */
export function keys(press) {
  const held = new Set();
  const click = (id) => () => $(id).click();
  const acts = {
    r: click("play"), ".": click("step"), e: click("wall-clear"), n: click("story-new"),
    f: () => $("wall-find").focus(), "?": () => $("keys").showModal(),
  };
  SPEEDS.forEach((key, k) => { acts[key] = () => $("speeds").querySelectorAll("input")[k].click(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !$("keys-on").checked) return;
    if (event.target.closest(FIELDS) || $("keys").open) return;
    const name = BUTTONS[event.key];
    if (!name && !acts[event.key]) return;
    event.preventDefault();
    if (!name) acts[event.key]();
    else {
      held.add(name);
      press(name, true);
    }
  });
  const release = (name) => held.delete(name) && press(name, false);
  document.addEventListener("keyup", (event) => release(BUTTONS[event.key]));
  addEventListener("blur", () => [...held].forEach(release));
  $("keys-open").addEventListener("click", () => $("keys").showModal());
  $("keys-list").append(...ROWS.map(([key, words]) =>
    make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, words))));
}
