// The skin under each pad as a heat map: depth downwards, time to the right, as the charts show it.

import { $, make, text } from "./dom.js";
import { number } from "./words.js";

const EVERY_S = 1; // one column a second of simulated time, at most
const REST_MS = 400; // between two drawings
const LOW_C = 30, HIGH_C = 45;
const HIGH = 132, SCALE_PX = 46, KEY = 256;
const DEPTHS_MM = [0, 1, 2, 5, 10, 20, 30];
const RIGHT_PX = 40; // as the charts have it
// black, violet, red, orange, yellow, white: lightness rises all the way
const COLOURS = [[8, 8, 30], [62, 18, 110], [138, 30, 110], [204, 62, 78], [246, 122, 40],
  [253, 196, 70], [255, 250, 214]];
const TABLE = Array.from({ length: KEY }, (_, k) => mix((k / (KEY - 1)) * (COLOURS.length - 1)));

export class Body {
  constructor() {
    this.clear();
    this.maps = ["A", "B"].map((pad) => {
      const canvas = make("canvas", { class: "map", role: "img",
        "aria-label": `Skin temperature by depth, pad ${pad}` });
      const said = make("figcaption", {});
      $("maps").append(make("figure", {}, said, canvas));
      return { pad, canvas, said };
    });
    $("maps").append(key());
    this.range = [0, 60];
    this.at = null; // the charts' cursor, s
    this.due = null;
  }

  clear() {
    this.times = [];
    this.columns = [[], []];
  }

  /** Keep a frame's temperatures by depth. */
  frame(frame) {
    this.last = frame;
    if (this.times.length && frame.t_s - this.times.at(-1) < EVERY_S) return;
    this.times.push(frame.t_s);
    frame.skin_c.forEach((skin, pad) => this.columns[pad].push(Float32Array.from(skin)));
  }

  cut(t_s) {
    while (this.times.length && this.times.at(-1) > t_s) {
      this.times.pop();
      this.columns.forEach((column) => column.pop());
    }
  }

  /** Draw what lies between two times, and the charts' cursor, a moment later. */
  draw(range, at) {
    Object.assign(this, { range, at });
    this.due ??= setTimeout(() => {
      this.due = null;
      if (!this.times.length) return;
      this.maps.forEach((map, k) => this.map(map, this.columns[k], this.last.skin_c[k]));
    }, REST_MS);
  }

  map({ pad, canvas, said }, columns, now) {
    const depth = this.depth_mm, deepest = depth.at(-1);
    const said_now = `pad ${pad}: surface ${number(now[0], 1)} °C, warmest ${number(Math.max(...now), 1)} °C`
      + ` at ${number(depth[now.indexOf(Math.max(...now))], 1)} mm`;
    text(said, said_now);
    canvas.setAttribute("aria-label", `Skin temperature by depth, ${said_now}`);
    const scale = devicePixelRatio, wide = canvas.clientWidth;
    if (canvas.width !== Math.round(wide * scale)) {
      canvas.width = Math.round(wide * scale);
      canvas.height = Math.round(HIGH * scale);
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, wide, HIGH);
    const room = wide - SCALE_PX - RIGHT_PX;
    if (room > 10) this.picture(context, columns, Math.round(room), deepest);
    const style = getComputedStyle(canvas);
    const [from, to] = this.range;
    if (this.at !== null && room > 10) {
      const x = SCALE_PX + ((this.at - from) / (to - from)) * room;
      context.fillStyle = "#fff";
      context.fillRect(x, 0, 1, HIGH);
    }
    context.fillStyle = style.color;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const mm of DEPTHS_MM.filter((mm) => mm <= deepest)) {
      const y = Math.min(Math.max(place(mm, deepest) * HIGH, 6), HIGH - 6);
      context.fillText(mm ? String(mm) : "0 mm", SCALE_PX - 6, y);
    }
  }

  picture(context, columns, wide, deepest) {
    const { times, depth_mm: depth } = this, [from, to] = this.range;
    const rows = 66, image = new ImageData(wide, rows);
    const nodes = Array.from({ length: rows }, (_, y) => node(((y + 0.5) / rows) ** 2 * deepest, depth));
    let at = 0;
    for (let x = 0; x < wide; x += 1) {
      const t = from + ((x + 0.5) / wide) * (to - from);
      while (at + 1 < times.length && times[at + 1] <= t) at += 1;
      if (times[at] > t + EVERY_S || t > times.at(-1) + EVERY_S) continue;
      const column = columns[at];
      for (let y = 0; y < rows; y += 1) {
        const [k, share] = nodes[y];
        const celsius = column[k] + (column[k + 1] - column[k]) * share;
        const step = ((celsius - LOW_C) / (HIGH_C - LOW_C)) * (KEY - 1);
        image.data.set(TABLE[Math.min(Math.max(Math.round(step), 0), KEY - 1)], 4 * (y * wide + x));
      }
    }
    if (this.small?.width !== wide) this.small = new OffscreenCanvas(wide, rows);
    this.small.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(this.small, SCALE_PX, 0, wide, HIGH);
  }
}

/** Depth on paper: its square root, so that the first millimetres are seen. */
function place(mm, deepest) {
  return Math.sqrt(mm / deepest);
}

function node(mm, depth) {
  let k = 0;
  while (k < depth.length - 2 && depth[k + 1] < mm) k += 1;
  return [k, Math.min(Math.max((mm - depth[k]) / (depth[k + 1] - depth[k]), 0), 1)];
}

function mix(at) {
  const k = Math.min(Math.floor(at), COLOURS.length - 2), share = at - k;
  return [...COLOURS[k].map((from, c) => Math.round(from + (COLOURS[k + 1][c] - from) * share)), 255];
}

/** What the colours mean. */
function key() {
  const canvas = make("canvas", { width: KEY, height: 1, class: "key-bar", "aria-hidden": "true" });
  const image = new ImageData(KEY, 1);
  TABLE.forEach((colour, k) => image.data.set(colour, 4 * k));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return make("div", { class: "key-row" }, `${LOW_C} °C`, canvas, `${HIGH_C} °C`);
}
