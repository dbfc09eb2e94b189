// The page: what the engine in the worker says goes to each part, and what a person does to it.

import { Bringup } from "./bringup.js";
import { Body } from "./body.js";
import { buttons } from "./buttons.js";
import { Charts } from "./charts.js";
import { Diagram } from "./diagram.js";
import { $, text } from "./dom.js";
import { Dose } from "./dose.js";
import { gallery } from "./gallery.js";
import { showHolding } from "./holding.js";
import { keys } from "./keys.js";
import { Now } from "./now.js";
import { keepOffline } from "./offline.js";
import { panels, wholeFluence } from "./panels.js";
import { readOff, tools } from "./reading.js";
import { understood } from "./ready.js";
import { Real } from "./real.js";
import { Buzzer } from "./sound.js";
import { Story, lasting } from "./story.js";
import { Strip } from "./strip.js";
import { Surroundings } from "./surroundings.js";
import { theme, watchTheme } from "./theme.js";
import { Traces } from "./traces.js";
import { Transport } from "./transport.js";
import { Unit } from "./unit.js";
import { Verdicts } from "./verdicts.js";
import { Wall } from "./wall.js";

const DURATION_S = 14_400; // the most that a scenario may last
const DRAW_MS = 200; // between two drawings of the charts
const ADDRESS_MS = 2_000; // between two looks at how long the scenario has become
const SHOW_SPEED = 10; // of a scenario of the gallery

const worker = new Worker("worker.js", { type: "module" });
const buzzer = new Buzzer();
const send = (message) => worker.postMessage(message);
const bench = { begins: 0 }; // the parts, once the engine is ready

function trouble(line) {
  text($("trouble"), line);
  $("trouble").hidden = !line;
}

/** A person does something to this unit: the story is theirs from here on. */
function act() {
  trouble("");
  showHolding(null);
  bench.story.kept = false;
  bench.transport.altered();
}

/** Something is done to the unit now. */
function happen(event) {
  act();
  send({ do: "event", event });
}

/** A new unit, which lives through a scenario to its end and may then go on. `linked`: as the
    address has it; `show`: it runs at once. */
function begin(scenario, linked = false, show = false) {
  const { duration_s = null } = scenario;
  const goes_on = duration_s === null || Number.isFinite(duration_s); // else it is refused as it is
  if (!linked) {
    trouble("");
    bench.story.kept = false;
  }
  bench.anew = { id: bench.begins += 1, until_s: duration_s, linked, show };
  bench.transport.enable(false);
  send({ do: "begin", id: bench.begins, scenario: goes_on ? { ...scenario, duration_s: DURATION_S } : scenario });
}

function press(name, down) {
  if (down) {
    act();
    bench.transport.held(true);
  }
  send({ do: "button", name, down });
  if (!down) bench.transport.held(false);
}

const heard = {
  ready(told) {
    const ready = understood(told);
    bench.ready = ready;
    bench.unit = new Unit(ready, buzzer);
    bench.now = new Now(ready);
    bench.strip = new Strip(ready.words.states);
    bench.verdicts = new Verdicts(bench.now, bench.strip);
    bench.body = new Body();
    bench.diagram = new Diagram(ready.machine, ready.words.states);
    bench.wall = new Wall(ready, happen);
    bench.surroundings = new Surroundings(ready, happen, (start) => begin({ ...kept(), start }));
    bench.transport = new Transport(send, () => showHolding(null));
    bench.dose = new Dose(ready, (prescription) => send({ do: "explain", prescription }),
      (prescription) => begin({ ...kept(), prescription }));
    bench.story = new Story(begin, () => send({ do: "save" }), trouble);
    $("story-new").addEventListener("click", () => begin({}));
    $("link-run").addEventListener("click", () => bench.transport.run(true));
    $("link-new").addEventListener("click", () => begin({}));
    bench.real = new Real(told, { enter: showReal, strip: bench.strip,
      explain: (prescription) => send({ do: "explain", prescription }) });
    bench.bringup = new Bringup(told, (given) => send({ do: "bringup", given }), () => {
      if (bench.transport.running) bench.transport.run(false);
    });
    bench.real.news = () => { bench.due = true; };
    gallery(ready.gallery, (scenario) => begin(scenario, false, true));
    buttons(press);
    keys(press);
    bench.story.open();
    keepOffline();
  },

  begun({ t_s, depth_mm, id }) {
    bench.body.depth_mm = depth_mm; // of this wearer
    if (bench.anew || id) return; // `scenario` says with what
    for (const part of [bench.traces, bench.body, bench.diagram, bench.now]) part.cut(t_s);
    bench.transport.begun(t_s);
    bench.due = true;
  },

  scenario({ scenario, id }) {
    if (bench.anew && id !== bench.anew.id) return; // of a unit that another takes the place of
    bench.scenario = scenario;
    if (bench.anew) fresh(scenario);
    bench.traces.strikes = strikes(scenario.event);
    bench.surroundings.story(scenario);
    if (!bench.transport.running) holds(bench.transport.t_s); // else the next frame says when
    bench.story.changed();
  },

  rows({ rows }) {
    rows.forEach((row) => bench.traces.push(row));
    bench.strip.reading(bench.traces.reading(bench.traces.length - 1));
    bench.due = true;
  },

  frame(frame) {
    for (const part of [bench.unit, bench.now, bench.body]) part.frame(frame);
    bench.diagram.frame(frame.state);
    bench.strip.state(frame.state, bench.now.why(frame));
    bench.verdicts.frame(frame.verdicts);
    bench.transport.at(frame.t_s);
    holds(frame.t_s);
    latched(frame.faults);
  },

  cue: (cue) => bench.unit.cue(cue),

  transition(row) {
    bench.diagram.went(row);
    bench.now.log(row.t_s, `${row.to}: ${bench.ready.words.states[row.to]} (${row.event})`);
  },

  over() {
    bench.transport.stopped();
    const off = bench.diagram.state === "OFF" ? "The unit is off, and" : "The time is up:";
    bench.now.log(bench.transport.t_s, `${off} this run is over. Go back, or take a new unit.`);
  },

  paused() {
    bench.transport.stopped();
    bench.now.log(bench.transport.t_s, "The scenario ends here; go on as you like.");
  },

  bringup: (question) => bench.bringup.hear(question),
  explained: (said) => bench.dose.showExplanation(said),
  saved: ({ scenario }) => bench.story.receive(scenario),
  speed: (pace) => bench.transport.pace(pace),

  error({ text: line, of, id }) {
    if (id && id !== bench.anew?.id) return;
    if (bench.bringup?.refused(line, of)) return;
    if (of === "explain") {
      bench.dose.showExplanation({ error: line });
      return;
    }
    if (bench.anew && of && !id) return; // of a unit that another takes the place of
    const linked = bench.anew?.linked;
    bench.anew = null;
    if (bench.scenario) {
      bench.surroundings.refused();
      bench.transport.enable(true);
      holds(bench.transport.t_s);
    }
    if (linked) bench.story.refused(line);
    else trouble(line);
  },
};

/** Show what the scenario has on at a moment. */
function holds(t_s) {
  const on = lasting(bench.scenario.event, t_s).filter(({ fault }) => bench.wall.lasts(fault));
  bench.wall.at(on);
  bench.unit.broken(on);
  bench.surroundings.at(t_s, on);
}

/** What was broken and when, for the charts. */
function strikes(events) {
  return events.filter(({ fault }) => fault)
    .map(({ at_s, fault, pad }) => ({ t: at_s, name: pad ? `${fault} ${pad}` : fault }));
}

/** What a new unit has in common with this one. */
function kept() {
  const { seed, prescription, start } = bench.scenario;
  return { seed, prescription, start };
}

/** All parts as for a unit that was just switched on. */
function fresh(scenario) {
  const { ready } = bench;
  const asked = scenario.prescription === "default" ? ready.prescription : scenario.prescription;
  bench.traces = new Traces(ready.columns);
  bench.body.clear();
  bench.diagram.cut(-1);
  bench.named = 0;
  bench.verdicts.clear();
  bench.story.typed = false;
  bench.now.begun(asked);
  bench.strip.begun(wholeFluence(asked));
  bench.dose.set(asked);
  charts(panels(ready.limits, asked, ready.banks, (name) => bench.traces.has(name)));
  const { until_s, linked, show } = bench.anew;
  bench.anew = null;
  bench.transport.begun(0, until_s);
  bench.transport.enable(true);
  showHolding(linked && until_s !== null ? { ...scenario, duration_s: until_s } : null);
  if (bench.transport.running && !show) bench.transport.run(false); // a new unit waits for Run
  if (show) {
    $("first").open = false;
    bench.transport.runAt(SHOW_SPEED);
  }
}

function charts(rows) {
  if (bench.charts) {
    Object.assign(bench.charts, { rows, from: null, to: null, span: 0 });
    bench.charts.build();
    return;
  }
  bench.charts = new Charts($("plots"), rows, () => bench.traces, theme);
  bench.charts.watch((range, at) => {
    bench.body.draw(range, at);
    readOff(bench, at);
  });
  tools(bench);
  watchTheme(() => bench.charts.build());
}

/** A real unit is there: its rows fill the charts, and the simulated one stands still. */
function showReal(traces, asked) {
  if (bench.transport.running) bench.transport.run(false);
  bench.traces = traces;
  bench.strip.begun(wholeFluence(asked));
  text($("told"), "A real unit: nothing can be broken from here.");
  charts(panels(bench.ready.limits, asked, bench.ready.banks, (name) => traces.has(name)));
}

/** Name the faults that were latched since the last frame. */
function latched(faults) {
  bench.named = Math.min(bench.named, faults.length); // a reset forgets, and so does going back
  faults.slice(bench.named)
    .forEach((row) => bench.now.log(row.t_s, `Fault ${bench.now.fault(row)}`, "fault-row"));
  bench.named = faults.length;
}

/** Charts and maps are drawn a few times a second, however fast it goes. */
setInterval(() => {
  if (!bench.due || document.hidden) return;
  bench.due = false;
  if (!bench.charts.held()) bench.charts.refresh();
}, DRAW_MS);

setInterval(() => {
  if (!bench.scenario || bench.real.on || bench.transport.t_s === bench.kept_s) return;
  bench.kept_s = bench.transport.t_s;
  bench.story.changed();
}, ADDRESS_MS);

worker.addEventListener("message", ({ data }) => bench.real?.takes(data) || heard[data.is](data));
worker.addEventListener("error", (event) =>
  trouble(`The engine stopped: ${event.message || "it could not be loaded"}`));
$("sound").addEventListener("change", (event) => buzzer.mute(!event.target.checked));
for (const link of document.querySelectorAll("nav a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the address holds the scenario
    const part = $(link.hash.slice(1));
    part.scrollIntoView();
    part.focus({ preventScroll: true });
  });
}
