// What the page says in words: states, reasons, refusals, faults. A test holds these tables to
// those of the firmware; the words of faults that a scenario may call for are the simulator's
// (sim/catalogue.py), told by the engine.

export const STATES = {
  SELF_TEST: "self-test, dark", READY: "ready for START", WAIT_SKIN: "waiting for skin",
  CHECK: "checking each bank", RAMP: "power rising", TREAT: "treating", PAUSED: "paused, dark",
  DONE: "finished, dark", CHARGING: "charging, no therapy", FAULT: "dark, waits for a person",
  LOCKED: "locked, no therapy", SERVICE: "waits for START of the self-test", OFF: "switched off",
  RATE: "dark, asks and waits for answers",
};

export const REASONS = {
  dose: "the dose was reached", time: "the time limit was reached",
  stopped: "it was stopped with START", fault: "a fault ended it",
  battery: "the battery was empty", charger: "the charger was plugged in",
  host: "a host asked for the prompt", cem43: "the thermal dose reached its cap",
  unworn: "it came off the skin", timeout: "it waited too long",
};

export const REFUSED = {
  button_stuck: "a button is held down", battery: "the battery is too low for a session",
  day_limit: "the day’s limit is reached", too_warm: "the skin is still too warm",
  not_worn: "it is not worn", cause_there: "the fault’s cause is still there",
  storage: "nothing more can be stored", needs_service: "a hard fault is kept",
  expired: "the prescription has expired", no_clock: "the clock is not set",
  too_early: "the next visit’s window has not begun", trial_over: "the trial has no more visits",
  no_answer: "nothing was chosen with UP or DOWN",
};

// Faults that the firmware names and a scenario does not call so.
export const NAMED = {
  contact_hot: "skin too hot", contact_apart: "contact sensors differ", board_hot: "board too hot",
  board_garbage: "board thermometer says rubbish", supply_open: "no supply to the banks",
  rail_lost: "rail monitor silent", battery_empty: "battery empty",
  contact_still: "contact sensor frozen", contact_jump: "contact sensor jumped",
  contact_loose: "contact sensor loose", off_skin: "off the skin",
  rail_apart: "current is not that of the duty", kept_unreadable: "kept fault unreadable",
};

const known = { ...NAMED };

/** Learn the words of the faults in the catalogue, as the engine tells them once. */
export function learnFaults(rows) {
  for (const { name, words } of rows) known[name] = words;
}

/** A fault in words, or its name where there are none. */
export function faultWords(name) {
  return known[name] ?? name;
}

/** Seconds as 1:02.4, or with `digits` 0 as 1:02. */
export function clock(t_s, digits = 1) {
  const tenths = Math.round(t_s * 10 ** digits), unit = 60 * 10 ** digits;
  const rest = ((tenths % unit) / 10 ** digits).toFixed(digits);
  return `${Math.floor(tenths / unit)}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
}

/** A number with so many digits, or a dash where there is none. */
export function number(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–";
}
