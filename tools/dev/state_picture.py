"""Picture of the state machine for the site: an SVG of `firmware.core.states`, red where lit.

Called by `tools.dev.site`, in place of the Mermaid text that a forge draws by itself. A state
without a place here is put below the others.
"""

from firmware.core import states
from tools.common.words import STATES as WORDS
from tools.report.state_diagram import BOX, list_arrows

WIDE, HIGH, ROOM = 120, 36, 14
COLUMN, ROW, LEFT, TOP = 190, 120, 90, 40
PLACES = {  # column, row
    "LOCKED": (0, 0), "SELF_TEST": (1, 0), "READY": (2, 0), "RATE": (3, 0), "CHARGING": (4, 0),
    "WAIT_SKIN": (0, 1.2), "CHECK": (1, 1.2), "RAMP": (2, 1.2), "TREAT": (3, 1.2),
    "PAUSED": (2, 2.2), "SERVICE": (0, 3.5), "FAULT": (1, 3.5), "DONE": (2, 3.5), "OFF": (3, 3.5),
}  # fmt: skip
STYLE = (
    "<style>.s{fill:#eef3f8;stroke:#456}.l{fill:#fbb;stroke:#a00}.g{fill:none;stroke:#999;"
    "stroke-dasharray:5}.e{fill:none;stroke:#666;stroke-width:1.2}text{font:12px sans-serif;"
    "text-anchor:middle}</style>"
)
TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8Z" fill="#666"/></marker>'
)

Frame = tuple[float, float, float, float]  # left, top, right, bottom


def frame_states() -> dict[str, Frame]:
    """Return the frame of each state, and of the box around those of a session."""
    found: dict[str, Frame] = {}
    extra = [name for name in states.STATES if name not in PLACES]
    for name in states.STATES:
        column, row = PLACES.get(name, (extra.index(name) % 4, 4.5) if name in extra else (0, 0))
        x, y = LEFT + column * COLUMN, TOP + row * ROW
        found[name] = (x - WIDE / 2, y - HIGH / 2, x + WIDE / 2, y + HIGH / 2)
    inside = [found[states.STATES[state]] for state in states.IN_SESSION]
    left, top = (min(frame[side] for frame in inside) - ROOM for side in (0, 1))
    right, bottom = (max(frame[side] for frame in inside) + ROOM for side in (2, 3))
    found[BOX] = (left, top, right, bottom)
    return found


def leave_frame(frame: Frame, to: tuple[float, float]) -> tuple[float, float]:
    """Return where the line from a frame's middle to a point leaves the frame."""
    x, y = (frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2
    dx, dy = to[0] - x or 1e-6, to[1] - y or 1e-6
    half = (frame[2] - frame[0]) / 2, (frame[3] - frame[1]) / 2
    share = min(half[0] / abs(dx), half[1] / abs(dy), 1.0)
    return x + dx * share, y + dy * share


def draw_arrow(start: Frame, end: Frame, events: list[str], names: tuple[str, str]) -> str:
    """Return a curve between two frames, bowed so that ways there and back part; its events are its
    title, which a reader sees under the pointer. From the box it goes straight up or down."""
    goal = (end[0] + end[2]) / 2, (end[1] + end[3]) / 2
    if names[0] == BOX:
        below = end[1] > start[1]
        x = min(max(goal[0], start[0] + 20), start[2] - 20)
        way = f"M{x:.0f},{start[3] if below else start[1]:.0f}"
        last = leave_frame(end, (x, start[3] if below else start[1]))
        way += f" L{last[0]:.0f},{last[1]:.0f}"
    else:
        begin = (start[0] + start[2]) / 2, (start[1] + start[3]) / 2
        dx, dy = goal[0] - begin[0], goal[1] - begin[1]
        bend = (begin[0] + goal[0]) / 2 - dy * 0.12, (begin[1] + goal[1]) / 2 + dx * 0.12
        first, last = leave_frame(start, bend), leave_frame(end, bend)
        way = f"M{first[0]:.0f},{first[1]:.0f} Q{bend[0]:.0f},{bend[1]:.0f} "
        way += f"{last[0]:.0f},{last[1]:.0f}"
    title = f"<title>{' to '.join(names)}: {', '.join(events)}</title>"
    return f'<path class="e" d="{way}" marker-end="url(#tip)">{title}</path>'


def render_svg() -> str:
    """Return the picture, on one line: Markdown takes it as HTML."""
    frames = frame_states()
    ways: dict[tuple[str, str], list[str]] = {}
    for start, to, event in list_arrows():
        ways.setdefault((start, to), []).append(event)
    wide = max(frame[2] for frame in frames.values()) + ROOM
    high = max(frame[3] for frame in frames.values()) + ROOM
    lit = {states.STATES[state] for state in states.LIT}
    box = frames.pop(BOX)
    parts = [
        f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-label="State machine; the '
        f'tables below say the same" style="background:#fff;overflow:visible">{STYLE}{TIP}',
        f'<rect class="g" x="{box[0]:.0f}" y="{box[1]:.0f}" width="{box[2] - box[0]:.0f}" '
        f'height="{box[3] - box[1]:.0f}" rx="12"/>',
        f'<text x="{box[2] - 60:.0f}" y="{box[3] - 10:.0f}">any of a session</text>',
    ]
    for names, events in ways.items():
        begin = box if names[0] == BOX else frames[names[0]]
        parts.append(draw_arrow(begin, frames[names[1]], events, names))
    for name, (left, top, _, _) in frames.items():
        parts.append(
            f'<g><title>{WORDS[name]}</title><rect class="{"l" if name in lit else "s"}" '
            f'x="{left:.0f}" y="{top:.0f}" width="{WIDE}" height="{HIGH}" rx="9"/>'
            f'<text x="{left + WIDE / 2:.0f}" y="{top + HIGH / 2 + 4:.0f}">{name}</text></g>'
        )
    return "".join([*parts, "</svg>\n"])
