// Rows of a run as growing columns of numbers, its states as spans and its faults as marks.
// Rows may come from any source: the page's engine, a report's file, a unit's telemetry. A source
// may lack columns: what shows a column asks `has` first.

const FIRST_ROWS = 4096;
const READ = /^contact_/; // 0 there is what the firmware holds before a sensor was read

export class Traces {
  /** `columns` are the names of a row's fields; `state` and `faults` hold words, the rest numbers. */
  constructor(columns) {
    this.columns = columns;
    this.state = columns.indexOf("state");
    this.faults = columns.indexOf("faults");
    this.kept = new Map(columns
      .filter((_, k) => k !== this.state && k !== this.faults)
      .map((name) => [name, new Float64Array(FIRST_ROWS)]));
    this.gaps = new Set(); // columns that lack a reading somewhere: NaN there
    this.length = 0;
    this.strikes = []; // {t, name}: what was broken and when, where the source knows
    this.spans = []; // {from, to, state}
    this.marks = []; // {t, names}
    this.latched = [];
  }

  /** Add a row, later than the last. */
  push(row) {
    if (this.length === this.kept.get("t_s").length) this.grow();
    this.columns.forEach((name, k) => {
      if (k !== this.state && k !== this.faults) this.set(name, row[k]);
    });
    this.length += 1;
    this.note(row[this.columns.indexOf("t_s")], row[this.state], row[this.faults]);
  }

  set(name, value) {
    const none = value == null || Number.isNaN(value) || (value === 0 && READ.test(name));
    if (none) this.gaps.add(name);
    this.kept.get(name)[this.length] = none ? NaN : value;
  }

  grow() {
    for (const [name, old] of this.kept) {
      const wider = new Float64Array(old.length * 2);
      wider.set(old);
      this.kept.set(name, wider);
    }
  }

  /** Keep spans of states, and when each fault was latched. */
  note(t, state, faults) {
    const last = this.spans.at(-1);
    if (last) last.to = t;
    if (!last || last.state !== state) this.spans.push({ from: t, to: t, state });
    const latched = faults ? faults.split("+") : [];
    const names = latched.filter((name) => !this.latched.includes(name));
    if (names.length) this.marks.push({ t, names });
    this.latched = latched;
  }

  /** Forget what is later than `t`. */
  cut(t) {
    const times = this.get("t_s");
    while (this.length && times[this.length - 1] > t) this.length -= 1;
    this.spans = this.spans.filter((span) => span.from <= t);
    this.marks = this.marks.filter((mark) => mark.t <= t);
    const last = this.spans.at(-1);
    if (last) last.to = Math.min(last.to, t);
    this.latched = this.marks.flatMap((mark) => mark.names);
  }

  /** Whether the source gives this column. */
  has(name) {
    return this.kept.has(name);
  }

  /** A column's numbers so far, as a chart takes them: null where there was no reading. */
  drawn(name, scale = 1) {
    const column = this.get(name);
    if (this.gaps.has(name)) return Array.from(column, (v) => Number.isNaN(v) ? null : v * scale);
    return scale === 1 ? column : column.map((value) => value * scale);
  }

  /** The row at an index in the terms of a frame, of both pads: NaN where there is none. */
  reading(k) {
    const value = (name) => this.kept.get(name)?.[k] ?? NaN;
    const both = (name, unit = "") => ["a", "b"].map((pad) => value(`${name}_${pad}${unit}`));
    const t_s = value("t_s");
    return { t_s, state: this.stateAt(t_s), contact_c: both("contact", "_c"),
      true_contact_c: both("true_contact", "_c"), fluence: both("fluence") };
  }

  /** A column's numbers so far. */
  get(name) {
    const column = this.kept.get(name);
    return this.length ? column.subarray(0, this.length) : column.subarray(0, 0);
  }

  /** When the last row was, s. */
  end() {
    return this.length ? this.kept.get("t_s")[this.length - 1] : 0;
  }

  /** The state at a moment. */
  stateAt(t) {
    return this.spans.findLast((span) => span.from <= t)?.state ?? "";
  }

  /** All rows as `waistband sim --trace` writes them, but for the faults' names. */
  csv() {
    const names = [...this.kept.keys()], columns = names.map((name) => this.get(name));
    const rows = Array.from({ length: this.length }, (_, k) =>
      [this.stateAt(columns[0][k]), ...columns.map((column) => cell(column[k]))].join());
    return [["state", ...names].join(), ...rows, ""].join("\n");
  }

  /** The last row not later than `t`, or 0. */
  indexAt(t) {
    const times = this.get("t_s");
    let low = 0, high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= t) low = middle + 1; else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}

/** A number for CSV: empty where there was no reading. */
function cell(value) {
  return Number.isNaN(value) ? "" : +value.toFixed(4);
}
