// Reading the charts: their tools and keys, and what they say at a moment, in words.

import { $, download, text } from "./dom.js";
import { clock, number } from "./words.js";

const KEY_PX = 4; // of a step of the cursor
const SAY_MS = 300; // after the last step, before it is said

/** What is there at a moment: state and both pads. */
export function readOff({ traces, charts }, at) {
  charts.root.dataset.at = at === null ? "" : at.toFixed(2);
  if (at === null) return;
  clearTimeout(readOff.waiting);
  readOff.waiting = setTimeout(() => {
    const { state, true_contact_c, contact_c, fluence } = traces.reading(traces.indexAt(at));
    const contact = Number.isNaN(true_contact_c[0]) ? contact_c : true_contact_c;
    text($("read-off"), `${clock(at)}, ${state}: contact A ${number(contact[0], 1)}, B `
      + `${number(contact[1], 1)} °C, dose A ${number(fluence[0], 2)}, B ${number(fluence[1], 2)} J/cm²`);
  }, SAY_MS);
}

/** Buttons and keys of the charts. */
export function tools(bench) {
  const { charts } = bench;
  const hold = $("chart-hold");
  const show = () => {
    hold.setAttribute("aria-pressed", charts.held());
    text(hold, charts.held() ? "Follow" : "Pause");
    if (!charts.held()) $("chart-span").value = String(charts.span);
  };
  charts.watch(show);
  hold.addEventListener("click", () => charts.held() ? charts.follow(charts.span) : charts.hold());
  $("chart-span").addEventListener("change", (event) => charts.follow(Number(event.target.value)));
  const acts = {
    "chart-save": () => download("bench.csv", bench.traces.csv(), "text/csv"),
    "chart-in": () => charts.zoom(0.5), "chart-out": () => charts.zoom(2),
    "chart-left": () => charts.pan(-0.25), "chart-right": () => charts.pan(0.25),
  };
  for (const [id, act] of Object.entries(acts)) $(id).addEventListener("click", act);
  charts.root.addEventListener("keydown", (event) => key(charts, event));
}

function key(charts, event) {
  const step = (px) => {
    const [from, to] = charts.range();
    const at = charts.at() ?? to, wide = charts.plots[0].over.clientWidth;
    charts.point(Math.min(Math.max(at + (px * (to - from)) / wide, from), to));
  };
  const keys = {
    ArrowLeft: () => event.shiftKey ? charts.pan(-0.25) : step(-KEY_PX),
    ArrowRight: () => event.shiftKey ? charts.pan(0.25) : step(KEY_PX),
    "+": () => charts.zoom(0.5), "=": () => charts.zoom(0.5), "-": () => charts.zoom(2),
    0: () => charts.follow(0), Escape: () => charts.follow(charts.span),
  };
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
}
