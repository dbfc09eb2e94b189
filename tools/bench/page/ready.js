// What the engine told of the unit once, in the terms that the page's parts show.

const MINUTE_Q10_MS = 60_000 * 1024; // CEM43 is counted in 1024ths of a millisecond

/** The firmware's limits (`firmware/core/limits.py`) in C, V and minutes. */
export function inUnits(limits) {
  const celsius = (name) => limits[name] / 1000;
  return {
    set_point_c: celsius("SET_POINT_MAX_MC"), warn_c: celsius("CONTACT_WARN_MC"),
    trip_c: celsius("CONTACT_TRIP_MC"), alert_c: celsius("CONTACT_ALERT_MC"),
    derate_c: celsius("BOARD_DERATE_MC"), board_trip_c: celsius("BOARD_TRIP_MC"),
    cem43_min: limits.CEM43_SESSION_Q10_MS / MINUTE_Q10_MS,
    pack_end_v: 2 * limits.CELL_END_MV / 1000,
  };
}

/** From the message {is: "ready"}. */
export function understood(ready) {
  return {
    banks: ready.banks.map((bank) => bank[0]), // nm
    limits: inUnits(ready.limits), faults: ready.faults, buttons: ready.buttons,
    words: ready.words, start: ready.start, changes: ready.changes, prescription: ready.prescription,
    columns: ready.columns, gallery: ready.gallery,
    machine: {
      states: ready.states, rows: ready.rows, lit: ready.lit.map((k) => ready.states[k]),
      session: ready.session.map((k) => ready.states[k]),
    },
  };
}
