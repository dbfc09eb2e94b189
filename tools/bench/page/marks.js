// States as bands behind a chart; limits, faults and what was broken as lines over it: a uPlot plugin.

/** `traces()` gives what is drawn; `limits` rows of [value, name, alarming]; `named` says whether
    this chart also writes the names of states and faults; `colour(name)` gives a colour. */
export function marks(traces, limits, named, colour) {
  return { hooks: {
    drawClear: (u) => bands(u, traces(), colour),
    draw: (u) => {
      limitLines(u, limits, colour);
      faultLines(u, traces(), named, colour);
      strikeLines(u, traces(), named, colour);
      if (named) stateNames(u, traces(), colour);
    },
  } };
}

function font() {
  return `${10 * devicePixelRatio}px system-ui, sans-serif`;
}

function clipped(u, work) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = font();
  work(ctx, bbox);
  ctx.restore();
}

function shown(u, spans) {
  const { min, max } = u.scales.x;
  return spans.filter((span) => span.to >= min && span.from <= max).map((span) => {
    const left = u.valToPos(Math.max(span.from, min), "x", true);
    return { ...span, left, width: u.valToPos(Math.min(span.to, max), "x", true) - left };
  });
}

function bands(u, traces, colour) {
  clipped(u, (ctx, bbox) => {
    for (const span of shown(u, traces.spans)) {
      ctx.fillStyle = colour(`band-${span.state}`) || colour("band");
      ctx.fillRect(span.left, bbox.top, Math.max(span.width, devicePixelRatio), bbox.height);
    }
  });
}

/** Over the chart, each where it has room. */
function stateNames(u, traces, colour) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.font = font();
  ctx.fillStyle = colour("soft");
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const span of shown(u, traces.spans)) {
    if (ctx.measureText(span.state).width + 8 * devicePixelRatio < span.width) {
      ctx.fillText(span.state, span.left + span.width / 2, bbox.top - 4 * devicePixelRatio);
    }
  }
  ctx.restore();
}

function limitLines(u, limits, colour) {
  clipped(u, (ctx, bbox) => {
    const gap = 11 * devicePixelRatio;
    let below = Infinity, place = 0;
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    ctx.lineWidth = devicePixelRatio;
    for (const [value, name, alarming] of limits) {
      if (!Number.isFinite(value)) continue;
      const y = u.valToPos(value, "y", true);
      ctx.strokeStyle = ctx.fillStyle = colour(alarming ? "alarm" : "soft");
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const words = `${name} ${+value.toFixed(2)}`;
      if (below - y >= gap) place = bbox.left + bbox.width - 4 * devicePixelRatio;
      ctx.fillText(words, place, y - devicePixelRatio);
      place -= ctx.measureText(words).width + gap; // beside it the next, where that is too near
      below = y;
    }
  });
}

/** What was broken, and when: dotted, named at the top. */
function strikeLines(u, traces, named, colour) {
  uprights(u, traces.strikes, { colour: colour("ink"), wide: 1, dash: [2, 3], baseline: "top" },
    named && (({ name }, k) => ({ words: `✕ ${name}`, right: true, down: 3 + 12 * (k % 4) })));
}

/** Latched faults, named at the bottom on the side where there is room. */
function faultLines(u, traces, named, colour) {
  const { left, width, height } = u.bbox;
  uprights(u, traces.marks, { colour: colour("alarm"), wide: 1.5, dash: [], baseline: "bottom" },
    named && (({ names }, k, x) => ({ words: names.join(", "), right: x > left + width / 2,
      down: height / devicePixelRatio - (4 + 12 * (k % 4)) })));
}

/** A line from top to bottom at each row's `t`; `label(row, k, x)` gives its words, on which side
    they stand and how far down, or is false where none are written. */
function uprights(u, rows, { colour, wide, dash, baseline }, label) {
  clipped(u, (ctx, bbox) => {
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = wide * devicePixelRatio;
    ctx.setLineDash(dash.map((px) => px * devicePixelRatio));
    ctx.textBaseline = baseline;
    rows.forEach((row, k) => {
      const x = u.valToPos(row.t, "x", true);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (!label || x < bbox.left || x > bbox.left + bbox.width) return;
      const { words, right, down } = label(row, k, x);
      ctx.textAlign = right ? "right" : "left";
      ctx.fillText(words, x + (right ? -5 : 5) * devicePixelRatio, bbox.top + down * devicePixelRatio);
    });
  });
}
