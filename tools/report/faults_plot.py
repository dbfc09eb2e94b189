"""The fault matrix as a heat map: faults down, states across.

Called by `waistband check faults --plot`. The left map shows the share of the time allowed until
dark, the right one true contact temperature. Each cell is the worst of its pads, wearers and
instants, with the alert working and dead. Blue deepens towards a bound; a broken bound is orange
with a cross, so that it shows without colour as well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from sim.faults.deadlines import SINGLE_C
from tools.report.faults_rows import STATES, Found, Row

DPI = 110
ROW_IN, COLUMN_IN = 0.235, 0.5
LEFT_IN, GAP_IN, RIGHT_IN, TOP_IN, BOTTOM_IN = 3.75, 0.35, 0.15, 1.75, 0.65
INK, SOFT, LINE = "#222222", "#6b6b6b", "#ffffff"
BROKEN, OUTSIDE, NOTHING, EMPTY = "#D55E00", "#E8C547", "#eef1f3", "#ffffff"
BLUES = LinearSegmentedColormap.from_list("towards a bound", ["#edf4fb", "#7fb3de", "#0b4f8a"])
COOL_C = 34.0  # the palest blue of contact
DARK_INK = 0.62  # share from which print on blue is white
STYLE: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 8, "text.color": INK}
SHORT = {
    "OFF": "POWER-ON", "TREAT_HELD": "HELD", "SELF_TEST": "SELF TEST", "WAIT_SKIN": "WAIT SKIN",
}  # fmt: skip


class Square(NamedTuple):
    """How one cell is drawn."""

    colour: Any
    text: str
    ink: str


def time_square(row: Row) -> Square:
    """Share of the time allowed, and milliseconds."""
    late = row.broken(*CONTACT)
    cell = row.slowest()
    if cell is None:
        return Square(BROKEN, "\u00d7", INK) if late else Square(NOTHING, "\u00b7", SOFT)
    text = milliseconds(cell.latency_ms or 0.0)
    if late:
        return Square(BROKEN, f"\u00d7{text}", INK)
    share = cell.share or 0.0
    return Square(BLUES(share), text, LINE if share > DARK_INK else INK)


def milliseconds(ms: float) -> str:
    """A time in three characters at most."""
    return f"{ms:.0f}" if ms < 1_000 else f"{ms / 1000:.1f}s" if ms < 9_950 else f"{ms / 1000:.0f}s"


def contact_square(row: Row) -> Square:
    """True contact temperature, C."""
    cell = row.hottest()
    text = f"{cell.peak_c:.1f}"
    if row.broken() != row.broken(*CONTACT):
        return Square(BROKEN, f"\u00d7{text}", INK)
    if cell.outside:
        return Square(OUTSIDE, text, INK)
    share = min(max((cell.peak_c - COOL_C) / (SINGLE_C - COOL_C), 0.0), 1.0)
    return Square(BLUES(share), text, LINE if share > DARK_INK else INK)


CONTACT = ("contact", "contact at the cut")


def draw(found: Found, path: Path) -> None:
    """Write the map as a PNG."""
    rows = found.rows()
    width_in = LEFT_IN + 2 * len(STATES) * COLUMN_IN + GAP_IN + RIGHT_IN
    height_in = TOP_IN + len(rows) * ROW_IN + BOTTOM_IN
    with matplotlib.rc_context(STYLE):
        figure = Figure((width_in, height_in), DPI)
        heading(figure, found, width_in, height_in)
        panels: tuple[tuple[str, Callable[[Row], Square]], ...] = (
            ("from onset to dark, ms (the bound stands beside the fault)", time_square),
            (f"highest true contact, C (bound {SINGLE_C:.1f})", contact_square),
        )
        for k, (title, square) in enumerate(panels):
            left_in = LEFT_IN + k * (len(STATES) * COLUMN_IN + GAP_IN)
            axes = figure.add_axes((
                left_in / width_in, BOTTOM_IN / height_in,
                len(STATES) * COLUMN_IN / width_in, len(rows) * ROW_IN / height_in,
            ))  # fmt: skip
            panel(axes, rows, title, square)
            if not k:
                names(axes, rows)
        legend(figure, width_in, height_in)
        figure.savefig(path, format="png")


def heading(figure: Figure, found: Found, width_in: float, height_in: float) -> None:
    """Title, numbers, and how many bounds are broken."""
    broken = len(found.broken())
    cells = f"{len(found.cells):,} cells"
    said = f"{broken} of {cells} break a bound" if broken else f"{cells}, and every bound holds"
    x, y = 0.15 / width_in, 1 - 0.3 / height_in
    figure.text(x, y, "Every fault in every state where it can strike", size=14, weight="bold",
                va="center")  # fmt: skip
    figure.text(
        x, y - 0.27 / height_in,
        f"The simulated unit, {found.strikes():,} strikes: the worst of both pads, all wearers and"
        f" instants, the hardware alert working and dead; {said}.",
        color=SOFT, size=9, va="center",
    )  # fmt: skip


def panel(axes: Axes, rows: list[Row], title: str, square: Callable[[Row], Square]) -> None:
    """One map."""
    axes.set_xlim(0, len(STATES))
    axes.set_ylim(len(rows), 0)
    axes.set_facecolor(EMPTY)
    for y, row in enumerate(rows):
        for x, state in enumerate(STATES):
            here = row.narrow("state", state)
            if not here.cells:
                continue
            shown = square(here)
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=shown.colour, edgecolor=LINE, lw=1))
            axes.text(x + 0.5, y + 0.54, shown.text, color=shown.ink, size=7.2, ha="center",
                      va="center")  # fmt: skip
    axes.set_xticks(
        [x + 0.5 for x in range(len(STATES))], [SHORT.get(name, name) for name in STATES],
        rotation=40, ha="left", rotation_mode="anchor", size=7.5,
    )  # fmt: skip
    axes.xaxis.tick_top()
    axes.set_yticks([])
    axes.tick_params(length=0, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(title, size=9, weight="bold", labelpad=6)


def names(axes: Axes, rows: list[Row]) -> None:
    """The faults, each with its bound."""
    for y, row in enumerate(rows):
        depth = " (chip)" if row.on_chip else ""
        axes.text(-0.15, y + 0.54, row.bound, color=SOFT, size=7.2, ha="right",
                  va="center")  # fmt: skip
        axes.text(-3.15, y + 0.54, row.label + depth, size=8, ha="right", va="center")


def legend(figure: Figure, width_in: float, height_in: float) -> None:
    """Legend of colours and marks."""
    steps = [Patch(facecolor=BLUES(share), label=f"{share:.0%}") for share in (0.0, 0.5, 1.0)]
    steps[0].set_label("blue deepens from 0 %")
    steps[1].set_label("over 50 %")
    steps[2].set_label("to 100 % of the time (contact: from 34 C to 43 C)")
    marks = [
        Patch(facecolor=BROKEN, label="\u00d7 a bound is broken"),
        Patch(facecolor=OUTSIDE, label="beyond by heat from outside alone, after the cut"),
        Patch(facecolor=NOTHING, label="\u00b7 nothing has to go dark, and all is well"),
    ]
    figure.legend(
        handles=[*steps, *marks], loc="lower left", ncols=6, frameon=False, fontsize=7.5,
        bbox_to_anchor=(0.1 / width_in, 0.05 / height_in), handlelength=1.2, columnspacing=1.6,
    )  # fmt: skip
