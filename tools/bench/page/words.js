// What the page says in words: states, reasons, refusals, faults. A test holds these tables to
// those of the firmware and the simulator.

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

// The wall, in groups: each fault with what it does, in a few words.
export const WALL = [
  ["Contact sensors", {
    ntc_open: "thermistor open", ntc_short: "thermistor shorted", ntc_stuck: "thermistor frozen",
    ntc_drift: "thermistor drifts", ntc_noise: "thermistor noisy",
    contact_stuck: "thermometer frozen", contact_lost: "thermometer silent",
    contact_garbage: "thermometer says rubbish",
  }],
  ["Heat", {
    hot_skin: "heat from outside", no_perfusion: "no blood in the skin", hot_room: "hot room",
    under_blanket: "under a blanket", lying_on_pad: "lying on the pad",
  }],
  ["Light and its supply", {
    led_open: "bank gives no light", fet_stuck_on: "bank’s switch stuck on",
    enable_stuck: "supply switch stuck closed", alert_broken: "hardware alert dead",
    board_sensor_lost: "board thermometer silent", pad_unplugged: "pad unplugged",
  }],
  ["Power", {
    battery_sag: "battery sags", battery_low: "battery nearly empty",
    charger_plugged: "charger plugged in", gauge_nak: "gauge silent",
    gauge_garbage: "gauge says rubbish", brownout: "power lost",
  }],
  ["Belt and buttons", {
    unworn: "belt taken off", button_stuck: "button stuck down", button_bounce: "buttons bounce",
  }],
  ["Program and memory", {
    firmware_exception: "firmware raises", firmware_hang: "firmware hangs",
    soft_reset: "soft reset", host_attach: "host attaches", i2c_hang: "sensor bus held",
    clock_jump: "clock jumps", flash_full: "flash full", flash_corrupt: "flash corrupt",
    flash_torn: "flash write torn",
  }],
];

// Faults that the firmware names and a scenario does not call so.
export const NAMED = {
  contact_hot: "skin too hot", contact_apart: "contact sensors differ", board_hot: "board too hot",
  board_garbage: "board thermometer says rubbish", supply_open: "no supply to the banks",
  rail_lost: "rail monitor silent", battery_empty: "battery empty",
  contact_still: "contact sensor frozen", contact_jump: "contact sensor jumped",
  contact_loose: "contact sensor loose", off_skin: "off the skin",
  rail_apart: "current is not that of the duty", kept_unreadable: "kept fault unreadable",
};

const EVERY = Object.assign({}, NAMED, ...WALL.map(([, rows]) => rows));

/** A fault in words, or its name where there are none. */
export function faultWords(name) {
  return EVERY[name] ?? name;
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
