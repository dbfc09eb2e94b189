// What each chart shows: its lines by column of a trace, and the limits beside them.

const PADS = ["a", "b"];
const SENSED = [1.5, 3]; // line, gap: told apart from the truth without colour
const BANKS = [[], [9, 4], [3, 3], [9, 3, 2, 3]]; // of each bank of a pad, in turn

/** The fluence that all steps of a prescription ask of a pad at most, J/cm²; NaN where what is asked
    is not known. */
export function wholeFluence(asked) {
  const steps = asked.step ?? [asked];
  const ofPad = (pad) => steps
    .filter((step) => (step.pads ?? "AB").includes(pad))
    .map((step) => step.fluence_j_cm2 ?? step.minutes * 0.06
      * Object.values(step.irradiance_mw_cm2 ?? {}).reduce((sum, value) => sum + value, 0))
    .reduce((sum, value) => sum + value, 0);
  return Math.max(ofPad("A"), ofPad("B"));
}

/** The charts of the columns that `has(name)` says there are. `limits` in C and minutes, `asked` the
    prescription, `banks` in nm. */
export function panels(limits, asked, banks, has) {
  return every(limits, asked, banks)
    .map((row) => ({ ...row, lines: row.lines.filter(({ column }) => has(column)) }))
    .filter((row) => row.lines.length);
}

function every(limits, asked, banks) {
  return [
    {
      key: "contact", title: "Contact temperature", unit: "°C", digits: 2, height: 190, room: 0.9,
      lines: [
        ...PADS.map((pad) => line(pad, `true_contact_${pad}_c`, `${pad.toUpperCase()} true`)),
        ...PADS.map((pad) => ({
          ...line(pad, `contact_${pad}_c`, `${pad.toUpperCase()} sensed`), dash: SENSED,
        })),
      ],
      limits: [
        [asked.set_point_c, "set point"], [limits.warn_c, "warning"],
        [limits.trip_c, "trip", true], [limits.alert_c, "hardware alert", true],
      ],
    },
    {
      key: "board", title: "LED board", unit: "°C", digits: 2, height: 110, room: 2,
      lines: PADS.map((pad) => line(pad, `board_${pad}_c`, pad.toUpperCase())),
      limits: [[limits.derate_c, "derate"], [limits.board_trip_c, "trip", true]],
    },
    {
      key: "duty", title: "Duty, by bank", unit: "%", digits: 1, height: 120, from: 0, room: 2,
      lines: PADS.flatMap((pad) => banks.map((nm, k) => ({
        ...line(pad, `duty_${pad}_${nm}`, `${pad.toUpperCase()} ${nm}`), share: 100 / 65535,
        dash: BANKS[k % BANKS.length],
      }))),
      limits: [],
    },
    {
      key: "current", title: "Current from the battery", unit: "mA", digits: 0, height: 90, from: 0,
      room: 20, lines: [{ colour: "ink", column: "current_ma", label: "mA" }], limits: [],
    },
    {
      key: "dose", title: "Dose, all banks of a pad", unit: "J/cm²", digits: 2, height: 110, from: 0,
      room: 1.5, lines: PADS.map((pad) => line(pad, `fluence_${pad}`, pad.toUpperCase())),
      limits: [[wholeFluence(asked), "asked"]],
    },
    {
      key: "battery", title: "Battery", unit: "V", digits: 2, height: 100, room: 0.1,
      lines: [
        { colour: "ink", column: "battery_v", label: "pack" },
        { colour: "charge", column: "battery_pct", label: "charge, %", right: true, digits: 0,
          dash: BANKS[1] },
      ],
      limits: [[limits.pack_end_v, "end", true]],
    },
  ];
}

function line(pad, column, label) {
  return { colour: pad, column, label, wide: pad === "a" };
}
