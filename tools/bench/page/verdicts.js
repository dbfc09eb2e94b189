// Verdicts of injected faults: every frame brings them as they stand. Each is one line of the log;
// the latest stands in the strip. A screen reader hears a line only when its outcome changes.

export class Verdicts {
  constructor(now, strip) {
    Object.assign(this, { now, strip });
    this.clear();
  }

  clear() {
    this.lines = new Map();
  }

  /** Show them all. */
  frame(rows) {
    for (const row of rows) this.show(row);
    this.strip.verdict(rows.at(-1) ?? null);
  }

  show(row) {
    const which = [row.fault, row.pad, row.strike_s].join();
    const known = this.lines.get(which);
    const outcome = [row.off_s, row.named, row.settled].join();
    if (known?.line.isConnected && known.off_s === row.off_s) {
      this.now.amend(known.line, row.text, known.outcome !== outcome && row.settled);
      known.outcome = outcome;
      return;
    }
    known?.line.remove(); // what must come of it: this is what came
    const line = this.now.log(row.off_s ?? row.strike_s, row.text, "result");
    this.lines.set(which, { line, off_s: row.off_s, outcome });
  }
}
