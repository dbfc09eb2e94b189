// A run that is over, as charts on a page that needs no server: `waistband sim --report`.
// Python puts this module behind those that it imports, in one file.

import { Charts } from "./charts.js";
import { $, text } from "./dom.js";
import { unpack } from "./link.js";
import { panels } from "./panels.js";
import { readOff, tools } from "./reading.js";
import { inUnits } from "./ready.js";
import { theme, watchTheme } from "./theme.js";
import { Traces } from "./traces.js";

const PACKED_MOST = 400_000_000; // letters of JSON: four hours of rows are 20 million

/** Draw what the page holds. */
async function show() {
  const { columns, rows, limits, asked, banks, strikes } = await unpack($("packed").textContent.trim(), PACKED_MOST);
  const traces = new Traces(columns);
  rows.forEach((row) => traces.push(row));
  traces.strikes = strikes;
  const shown = panels(inUnits(limits), asked, banks, (name) => traces.has(name));
  const charts = new Charts($("plots"), shown, () => traces, theme);
  const report = { traces, charts };
  charts.watch((_, at) => readOff(report, at));
  tools(report);
  watchTheme(() => charts.build());
  charts.follow(0);
}

show().catch((why) => text($("plots"), `The charts could not be drawn: ${why.message}`));
