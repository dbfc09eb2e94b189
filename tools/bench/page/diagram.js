// The state machine, drawn from the firmware's table: the present state lit, the way it came by.

import { $, draw, make } from "./dom.js";
import { clock } from "./words.js";

const WIDE = 112, HIGH = 34;
// Where each state stands: column, row. One that is not here is put below.
const PLACES = {
  LOCKED: [0, 0], SELF_TEST: [1, 0], READY: [2, 0], CHARGING: [3, 0],
  RATE: [2.5, 0.62],
  WAIT_SKIN: [0, 1.35], CHECK: [1, 1.35], RAMP: [2, 1.35], TREAT: [3, 1.35], PAUSED: [1.5, 2.35],
  SERVICE: [0, 3.7], FAULT: [1, 3.7], DONE: [2, 3.7], OFF: [3, 3.7],
};
const STEP = [140, 84], EDGE = [70, 30];
const BOX = "any of a session";
const SHOWN = 6; // transitions

export class Diagram {
  /** `words` are those of each state. */
  constructor(machine, words) {
    this.machine = machine;
    this.words = words;
    this.nodes = new Map();
    this.edges = []; // {from, to, events, path}
    this.past = [];
    this.picture();
  }

  picture() {
    const { states, session, lit } = this.machine;
    const extra = states.filter((name) => !(name in PLACES));
    const at = (name) => PLACES[name] ?? [extra.indexOf(name) % 4, 4.7 + Math.floor(extra.indexOf(name) / 4)];
    const middle = (name) => [EDGE[0] + at(name)[0] * STEP[0], EDGE[1] + at(name)[1] * STEP[1]];
    this.boxes = new Map(states.map((name) => [name, around(middle(name), WIDE, HIGH)]));
    const members = session.map((name) => this.boxes.get(name));
    this.boxes.set(BOX, spanning(members, 12));
    const high = Math.max(...[...this.boxes.values()].map((box) => box.y + box.high)) + 14;
    const svg = draw("svg", { viewBox: `0 0 ${2 * EDGE[0] + 3 * STEP[0]} ${high}`, role: "img",
      "aria-label": "State machine; the lists beside it say the same" });
    svg.append(arrowHead());
    const box = this.boxes.get(BOX);
    svg.append(draw("rect", { class: "group", x: box.x, y: box.y, width: box.wide, height: box.high, rx: 14 }));
    for (const [key, events] of gathered(this.machine)) {
      const [from, to] = key.split(">");
      const path = draw("path", { class: "edge", d: this.way(from, to), "marker-end": "url(#tip)",
        "data-from": from, "data-to": to },
        draw("title", {}, `${from} to ${to}: ${events.join(", ")}`));
      this.edges.push({ from, to, events, path });
      svg.append(path);
    }
    for (const name of states) svg.append(this.node(name, lit.includes(name)));
    svg.append(draw("text", { class: "group-name", x: box.x + 10, y: box.y + box.high - 8 }, "a session"));
    this.svg = svg;
    $("diagram").append(svg);
  }

  node(name, lit) {
    const { x, y } = this.boxes.get(name);
    const node = draw("g", { class: lit ? "node lit" : "node" },
      draw("title", {}, this.words[name]),
      draw("rect", { x, y, width: WIDE, height: HIGH, rx: 9 }),
      draw("text", { x: x + WIDE / 2, y: y + HIGH / 2 + 4 }, name));
    this.nodes.set(name, node);
    return node;
  }

  /** A curve from border to border, bowed so that ways there and back part. What holds in every
      state of a session starts at their frame, above or below where it goes. */
  way(from, to) {
    if (from === BOX) return this.wayOut(to);
    const a = centre(this.boxes.get(from)), b = centre(this.boxes.get(to));
    const dx = b[0] - a[0], dy = b[1] - a[1], long = Math.hypot(dx, dy) || 1;
    const bow = Math.min(long * 0.12, 26);
    const bend = [(a[0] + b[0]) / 2 - (dy / long) * bow, (a[1] + b[1]) / 2 + (dx / long) * bow];
    const start = border(this.boxes.get(from), a, bend);
    const end = border(this.boxes.get(to), b, bend);
    return `M${start} Q${bend.map((n) => n.toFixed(1))} ${end}`;
  }

  wayOut(to) {
    const frame = this.boxes.get(BOX), goal = this.boxes.get(to), [x] = centre(goal);
    const below = goal.y > frame.y;
    return `M${x},${below ? frame.y + frame.high : frame.y} L${x},${below ? goal.y : goal.y + goal.high}`;
  }

  /** Light a state. */
  frame(state) {
    if (state === this.state) return;
    this.nodes.get(this.state)?.classList.remove("now");
    this.state = state;
    this.nodes.get(state)?.classList.add("now");
    const inside = this.machine.session.includes(state);
    for (const { from, path } of this.edges) {
      path.classList.toggle("open", from === state || (inside && from === BOX));
    }
    $("leaves").replaceChildren(...this.machine.rows.filter(([from]) => from === state)
      .map(([, event, to]) => make("li", {}, make("code", {}, event), ` → ${to}`)));
    if (!$("leaves").childElementCount) $("leaves").append(make("li", {}, "only power"));
  }

  /** It went from one to another. */
  went({ t_s, from, event, to }) {
    this.past.push({ t_s, from, event, to });
    this.list();
  }

  /** Rewound: what is later has not happened. */
  cut(t_s) {
    this.past = this.past.filter((row) => row.t_s <= t_s);
    this.list();
  }

  list() {
    $("transitions").replaceChildren(...this.past.slice(-SHOWN).reverse().map((row) =>
      make("li", {}, make("time", {}, clock(row.t_s)), ` ${row.from} → ${row.to} `,
        make("code", {}, row.event || "reset"))));
    this.takeWay(this.past.at(-1));
  }

  /** Draw the last transition from the very state that it left. */
  takeWay(last) {
    this.taken?.remove();
    if (!last || !this.boxes.has(last.from) || last.from === last.to) return;
    const { from, to } = last;
    this.taken = draw("path", { class: "edge taken", d: this.way(from, to), "marker-end": "url(#tip)",
      "data-from": from, "data-to": to });
    this.svg.append(this.taken);
  }
}

/** Rows by from and to; what holds in every state of a session is said once, of its box. */
function gathered({ rows, session: inside }) {
  const froms = new Map();
  for (const [from, event, to] of rows) {
    const key = `${event}>${to}`;
    froms.set(key, [...(froms.get(key) ?? []), from]);
  }
  const found = new Map();
  for (const [key, names] of froms) {
    const [event, to] = key.split(">");
    const whole = inside.every((name) => names.includes(name)) && !inside.includes(to);
    const drawn = whole ? [BOX, ...names.filter((name) => !inside.includes(name))] : names;
    for (const from of drawn) {
      const way = `${from}>${to}`;
      found.set(way, [...(found.get(way) ?? []), event]);
    }
  }
  return found;
}

function around([x, y], wide, high) {
  return { x: x - wide / 2, y: y - high / 2, wide, high };
}

function spanning(boxes, room) {
  const x = Math.min(...boxes.map((box) => box.x)) - room, y = Math.min(...boxes.map((box) => box.y)) - room;
  return { x, y, wide: Math.max(...boxes.map((box) => box.x + box.wide)) + room - x,
    high: Math.max(...boxes.map((box) => box.y + box.high)) + room - y };
}

function centre(box) {
  return [box.x + box.wide / 2, box.y + box.high / 2];
}

/** Where the line from a box's middle to a point leaves the box. */
function border(box, [x, y], [toX, toY]) {
  const dx = toX - x || 1e-6, dy = toY - y || 1e-6;
  const share = Math.min(box.wide / 2 / Math.abs(dx), box.high / 2 / Math.abs(dy), 1);
  return [(x + dx * share).toFixed(1), (y + dy * share).toFixed(1)];
}

function arrowHead() {
  return draw("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
    orient: "auto" }, draw("path", { class: "tip", d: "M0 0L8 4L0 8Z" }));
}
