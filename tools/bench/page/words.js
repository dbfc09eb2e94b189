// The wall's words for what a scenario injects, and how the page writes times and numbers. Words for
// what the unit says (states, reasons, refusals, faults, cues) come with {is: "ready"}.

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

const INJECTED = Object.assign({}, ...WALL.map(([, rows]) => rows));

/** What a scenario injects, in words, or its name where there are none. */
export function faultWords(name) {
  return INJECTED[name] ?? name;
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
