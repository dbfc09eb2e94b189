// The charts of a run, one under the other with one axis of time: for the page and for a report.
// uPlot draws them; what is here is what they show and which part of the time.

import { marks } from "./marks.js";
import { clock, number } from "./words.js";

const AXIS_PX = 46;
const RIGHT_PX = 40;
const NAMES_PX = 18; // of the states, over the first chart
const LEAST_S = 60; // of time, while it streams
const CLOSEST_S = 0.4; // of time, zoomed in
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600];

export class Charts {
  /** Draw `rows` of `panels` into `root`; `traces()` gives the rows, `theme(name)` a colour. */
  constructor(root, rows, traces, theme) {
    Object.assign(this, { root, rows, traces, theme, plots: [], from: null, to: null });
    this.span = 0; // s that are followed; 0 is all
    this.watchers = [];
    this.build();
    new ResizeObserver(() => this.resize()).observe(root);
  }

  build() {
    this.plots.forEach((plot) => plot.destroy());
    this.root.replaceChildren();
    this.wide = this.root.clientWidth;
    this.plots = this.rows.map((row, k) => this.plot(row, k));
    this.refresh();
  }

  plot(row, k) {
    const host = document.createElement("div");
    host.className = "plot";
    const head = document.createElement("h3");
    head.textContent = `${row.title}, ${row.unit}`;
    host.append(head);
    this.root.append(host);
    const last = k === this.rows.length - 1;
    const options = {
      width: this.wide, height: row.height + (last ? 24 : 0),
      padding: [k ? 6 : NAMES_PX, 0, 0, 0],
      cursor: {
        sync: { key: this.root.id, setSeries: false }, drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => { this.follow(0); return null; } },
        points: { size: 6 },
      },
      legend: { mount: (_, table) => head.append(table), markers: { show: true,
        dash: (_, i) => strokeStyle(row.lines[i - 1]?.dash) } },
      scales: { x: { time: false, range: () => this.range() }, y: { range: rangeOf(row) },
        right: { range: [0, 100] } },
      axes: this.axes(row, last),
      series: [{ label: "", value: (_, t) => this.moment(t) }, ...row.lines.map((line) => this.series(row, line))],
      plugins: [marks(this.traces, row.limits, k === 0, this.theme)],
      hooks: { setSelect: [(u) => this.select(u)], setCursor: [(u) => this.cursor(u)] },
    };
    return new uPlot(options, this.data(row), host);
  }

  series(row, line) {
    const colour = this.theme(line.colour);
    return {
      label: line.label, stroke: colour, width: line.wide ? 2.6 : 1.2, dash: line.dash,
      scale: line.right ? "right" : "y", points: { show: false }, pxAlign: 0,
      value: (_, value) => number(value, line.digits ?? row.digits),
    };
  }

  /** A time and the state then. */
  moment(t) {
    return t === null ? "" : `${clock(t)} ${this.traces().stateAt(t)}`;
  }

  axes(row, last) {
    const plain = {
      stroke: this.theme("soft"), font: "11px system-ui, sans-serif",
      grid: { stroke: this.theme("grid"), width: 1 }, ticks: { show: false },
    };
    const right = row.lines.some((line) => line.right);
    return [
      { ...plain, incrs: STEPS_S, space: 70, size: last ? 26 : 2,
        values: (_, splits) => splits.map((t) => last ? clock(t, t % 1 ? 1 : 0) : "") },
      { ...plain, size: AXIS_PX, space: 26 },
      { ...plain, scale: "right", side: 1, size: RIGHT_PX, grid: { show: false }, space: 30,
        values: (_, splits) => splits.map((v) => right ? `${v} %` : "") },
    ];
  }

  data(row) {
    const traces = this.traces();
    return [traces.get("t_s"), ...row.lines.map((line) => traces.drawn(line.column, line.share))];
  }

  /** What part of the time is shown, s. */
  range() {
    if (this.from !== null) return [this.from, this.to];
    const end = Math.max(this.traces().end(), this.span || LEAST_S);
    return [this.span ? end - this.span : 0, end];
  }

  /** Show what has come since. */
  refresh() {
    this.plots.forEach((plot, k) => plot.setData(this.data(this.rows[k])));
    if (!(this.plots[0]?.cursor.left >= 0)) this.latest();
    this.notifyWatchers();
  }

  /** The legends say what is now, where no cursor says when. */
  latest() {
    this.plots.forEach((plot) => this.last(plot));
  }

  last(plot) {
    const idx = this.traces().length - 1;
    if (idx >= 0) plot.setLegend({ idx });
  }

  /** Follow the latest `span` s, or all with 0. */
  follow(span) {
    Object.assign(this, { from: null, to: null, span });
    this.refresh();
  }

  /** Hold this part of the time, s. */
  hold(from = this.range()[0], to = this.range()[1]) {
    const wide = Math.max(to - from, CLOSEST_S);
    this.from = Math.max(from, 0);
    this.to = this.from + wide;
    this.refresh();
  }

  held() {
    return this.from !== null;
  }

  /** Show `factor` times as much time, about the cursor or the middle. */
  zoom(factor) {
    const [from, to] = this.range();
    const at = this.at() ?? (from + to) / 2;
    this.hold(at - (at - from) * factor, at + (to - at) * factor);
  }

  /** Move by so many widths. */
  pan(widths) {
    const [from, to] = this.range();
    this.hold(from + widths * (to - from), to + widths * (to - from));
  }

  select(u) {
    if (u.select.width < 4) return;
    const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.hold(from, to);
  }

  cursor(u) {
    if (!(u.cursor.left >= 0)) this.last(u);
    if (u === this.plots[0]) this.notifyWatchers();
  }

  /** The time at the cursor, s, or null. */
  at() {
    const u = this.plots[0];
    return u?.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null;
  }

  /** Put the cursor at a time, s. */
  point(t) {
    const u = this.plots[0];
    u?.setCursor({ left: u.valToPos(t, "x"), top: u.over.clientHeight / 2 });
  }

  /** Have `watcher` told whenever another part of the time, or another moment, is shown. */
  watch(watcher) {
    this.watchers.push(watcher);
  }

  notifyWatchers() {
    this.watchers.forEach((watcher) => watcher(this.range(), this.at()));
  }

  resize() {
    if (this.root.clientWidth === this.wide || !this.root.clientWidth) return;
    this.wide = this.root.clientWidth;
    this.plots.forEach((plot) => plot.setSize({ width: this.wide, height: plot.height }));
  }
}

/** A range of values that holds all that is shown and, with room, the limits of a row. */
function rangeOf(row) {
  return (_, low, high) => {
    const limits = row.limits.map(([value]) => value).filter(Number.isFinite);
    const least = Math.min(low ?? Infinity, row.from ?? Infinity, ...limits);
    const most = Math.max(high ?? -Infinity, row.from ?? -Infinity, ...limits);
    return [least === row.from ? least : least - row.room, most + row.room];
  };
}

/** The nearest that a legend's marker has to a line's dashes. */
function strokeStyle(dash) {
  if (!dash?.length) return "solid";
  return dash[0] < 5 ? "dotted" : dash.length > 2 ? "double" : "dashed";
}
