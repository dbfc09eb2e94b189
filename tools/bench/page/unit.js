// The unit as its wearer has it: two pads whose banks glow, screen, status light, buzzer, motor.

import { $, draw, make, text } from "./dom.js";
import { number } from "./words.js";

const LEDS = 5; // drawn of each bank
const DIM = 0.3; // eyes and screens: a quarter of the light is not a quarter as bright
const WIDE = 168, HIGH = 176, EDGE = 14;
const LAMP = { dark: "dark", steady: "on", slow: "blinking slowly", fast: "blinking fast",
  twice: "two flashes a second", rarely: "a flash every 2 s" };
const LIT = [0xcf, 0xe9, 0xff], UNLIT = [0x05, 0x08, 0x0c];

export class Unit {
  constructor(ready, buzzer) {
    this.named = null;
    this.buzzer = buzzer;
    this.banks = ready.banks;
    this.words = ready.words.cues;
    this.padded = new Set(ready.faults.filter((row) => row.pads).map((row) => row.name));
    this.glows = ["a", "b"].flatMap((pad) => this.pad(pad));
    this.glass = $("oled").getContext("2d");
    this.glass.putImageData(pixels(new Uint8Array(1024)), 0, 0);
  }

  /** Draw one pad; gives what to set of each bank. */
  pad(name) {
    const step = (WIDE - 2 * EDGE) / this.banks.length;
    const picture = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, "aria-hidden": "true" });
    picture.append(
      draw("rect", { class: "shell", x: 1, y: 1, width: WIDE - 2, height: HIGH - 2, rx: 20 }),
      draw("rect", { class: "window", x: 9, y: 9, width: WIDE - 18, height: HIGH - 42, rx: 12 }),
    );
    const glows = this.banks.map((nm, k) => {
      const x = EDGE + step * (k + 0.5);
      const share = draw("text", { class: "share", x, y: HIGH - 9 });
      const light = draw("g", { class: `bank ${hue(nm)}` });
      light.append(draw("rect", {
        class: "halo", x: x - step / 2, y: 10, width: step, height: HIGH - 44, rx: 10,
      }));
      for (let row = 0; row < LEDS; row += 1) {
        light.append(draw("circle", { class: "led", cx: x, cy: 24 + row * 22, r: 6 }));
      }
      const middle = 24 + 22 * ((LEDS - 1) / 2);
      light.append(draw("title"), draw("path", { class: "cross", d:
        `M${x - 11} ${middle - 44} L${x + 11} ${middle + 44} M${x + 11} ${middle - 44} L${x - 11} ${middle + 44}` }));
      picture.append(light, draw("text", { class: "nm", x, y: HIGH - 21 }, String(nm)), share);
      return { light, share };
    });
    const said = make("figcaption", { class: name, id: `pad-${name}-said` });
    $(`pad-${name}`).append(picture, said,
      make("ul", { class: "broken", id: `broken-${name}`, "aria-label": `Broken on pad ${name.toUpperCase()}` }));
    return glows.map((glow) => ({ ...glow, said, pad: name.toUpperCase() }));
  }

  /** Show a frame. */
  frame(frame) {
    const each = this.banks.length;
    frame.mean_duty.forEach((duty, k) => {
      const share = duty / 65535, { light, share: label } = this.glows[k];
      light.style.setProperty("--glow", (share ** DIM).toFixed(3));
      const open = frame.open_banks.includes(k), stuck = frame.stuck_banks.includes(k);
      light.classList.toggle("open", open);
      light.classList.toggle("stuck", stuck);
      const lit = share ? `${number(share * 100, share < 0.1 ? 1 : 0)} %` : "";
      text(label, open ? "open" : stuck ? "stuck" : lit);
    });
    for (const start of [0, each]) {
      const lit = frame.mean_duty.slice(start, start + each).some(Boolean);
      const { said, pad } = this.glows[start];
      text(said, `pad ${pad} ${lit ? "lit" : "dark"}`);
    }
    if (frame.screen) this.glass.putImageData(pixels(frame.screen), 0, 0);
    if (frame.state_name !== this.named) {
      this.named = frame.state_name;
      $("oled").setAttribute("aria-label", `The unit’s screen: ${frame.state_name}`);
    }
    $("lamp").dataset.light = frame.light;
    text($("lamp-said"), `status light ${LAMP[frame.light] ?? frame.light}`);
  }

  /** Faults that are on, as events, each where it is: at its pad, or under the unit. */
  broken(on) {
    const said = JSON.stringify(on);
    if (said === this.brokenSaid) return;
    this.brokenSaid = said;
    for (const place of ["a", "b", "unit"]) {
      const its = on.filter((event) => (event.pad?.toLowerCase() ?? (this.padded.has(event.fault) ? place : "unit")) === place
        && !(place === "unit" && this.padded.has(event.fault)));
      const value = ({ value }) => value == null ? "" : ` ${value}`;
      $(`broken-${place}`).replaceChildren(...its.map((event) => make("li", {}, `✕ ${event.fault}${value(event)}`)));
    }
  }

  /** Sound and vibration of a cue. */
  cue({ cue, tones, buzz }) {
    this.buzzer.play(tones);
    const long = (parts) => parts.reduce((sum, ms) => sum + ms, 0);
    showFor("tone-said", tones.length ? `tone ${tones.map(([hz]) => hz || "–").join(" ")} Hz (${this.words[cue]})` : "",
      "silent", long(tones.map(([, ms]) => ms)));
    showFor("buzz-said", buzz.length ? "vibrating" : "", "still", long(buzz));
    shake(buzz);
  }
}

/** Show a text for its ms, at least 0.7 s, then another. */
function showFor(id, now, after, ms) {
  if (!now) return;
  text($(id), now);
  clearTimeout(showFor[id]);
  showFor[id] = setTimeout(() => text($(id), after), Math.max(ms, 700));
}

/** The belt moves while the motor is on: ms on, ms off, ms on, ... */
function shake(buzz) {
  const whole = buzz.reduce((sum, ms) => sum + ms, 0);
  if (!whole || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const frames = [];
  let at = 0;
  buzz.forEach((ms, k) => {
    const times = Math.max(Math.round(ms / 25), 1);
    for (let n = 0; n < times; n += 1) {
      const move = k % 2 ? 0 : n % 2 ? 2 : -2;
      frames.push({ offset: (at + (n * ms) / times) / whole, transform: `translateX(${move}px)` });
    }
    at += ms;
  });
  frames.push({ offset: 1, transform: "none" });
  $("belt").animate(frames, { duration: whole });
}

/** The class of a wavelength's false colour. */
function hue(nm) {
  return ["w800", "w840", "w900", "w1000", "w1150"][[840, 900, 1000, 1150, Infinity]
    .findIndex((limit) => nm < limit)];
}

/** An SSD1306's memory, 8 pages of 128 columns with the least bit on top, as a picture. */
function pixels(memory) {
  const image = new ImageData(128, 64);
  for (let y = 0; y < 64; y += 1) {
    for (let x = 0; x < 128; x += 1) {
      const on = memory[(y >> 3) * 128 + x] >> (y & 7) & 1;
      image.data.set([...(on ? LIT : UNLIT), 255], 4 * (y * 128 + x));
    }
  }
  return image;
}
