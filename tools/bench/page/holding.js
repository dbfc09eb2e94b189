// What a link holds, said before it runs: how long, which unit, every event.

import { $, make, text } from "./dom.js";
import { clock } from "./words.js";

const EVENTS_MOST = 12;
const HOLD_MS = 1_500; // a press of this length is a hold; how long a shorter one was says nothing

/** Show it; `null` hides it. */
export function showHolding(scenario) {
  $("link").hidden = !scenario;
  if (!scenario) return;
  const { duration_s, prescription, start = {}, event: events = [] } = scenario;
  const dose = prescription === "default" ? "the default prescription"
    : `prescription “${prescription.name}”`;
  const places = Object.entries(start).filter(([key]) => ["ambient_c", "battery_pct", "worn"].includes(key))
    .map(([key, value]) => `${key} ${value}`).join(", ");
  text($("link-holds"), `${clock(duration_s, 0)} min of a unit with ${dose}${places && `; ${places}`}. `
    + `${events.length === 1 ? "One event" : `${events.length} events`}. Nothing has run yet.`);
  const shown = events.slice(0, EVENTS_MOST).map((event) =>
    make("li", {}, make("time", {}, clock(event.at_s)), ` ${wordsOf(event)}`));
  if (events.length > EVENTS_MOST) shown.push(make("li", {}, `and ${events.length - EVENTS_MOST} more`));
  $("link-events").replaceChildren(...shown);
}

/** An event in words: what is done, then its arguments. */
function wordsOf({ at_s, press, fault, hold_ms = 0, ...rest }) {
  if (hold_ms >= HOLD_MS) rest.hold_ms = hold_ms;
  const about = Object.entries(rest).map(([key, value]) => `${key} ${value}`).join(", ");
  const done = press ? `press ${press}` : fault ? `break ${fault}` : "set";
  return about ? `${done} (${about})` : done;
}
