"""Pin report of a run at pin depth: a table, a drawing and a file of the pins' edges.

Called by `waistband sim --depth pin`; writes only the files that it is given.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table

from sim.pin_depth.run import PinDepth
from sim.pin_depth.waveform import Edges, dark_after, pin_activity, write_vcd
from tools.report.tables import render_text

if TYPE_CHECKING:
    from sim.pin_depth.board import Board
    from sim.run import Run

BEFORE_US = 20_000  # a drawing begins this long before what happens
AFTER_US = 600_000  # and lasts this long after it: longer than the watchdog takes
PANELS_MOST = 6
PANEL_IN = (10.0, 3.2)
DPI = 130
LIT, DARK, MARK = "#D55E00", "#222222", "#b00020"


class Moment(NamedTuple):
    """An event of the run, at which a table and a panel begin."""

    us: float
    what: str


def list_moments(run: "Run") -> list[Moment]:
    """Injected faults; without any, button presses; without these, power-on."""
    found = [Moment(each.t_ms * 1e3, each.event.name) for each in run.injected]
    if not found:
        found = [Moment(e.at_s * 1e6, e.name) for e in run.scenario.events if e.kind == "press"]
    return found or [Moment(0.0, "power-on")]


def chip_of(run: "Run") -> "Board":
    """The emulated chip of a run at pin depth."""
    assert isinstance(run.depth, PinDepth)
    return run.depth.chip


def write_files(run: "Run", vcd: Path | None, drawing: Path | None) -> None:
    """Write the files that were asked for."""
    chip = chip_of(run)
    if vcd:
        write_vcd(chip.edges, vcd, chip.us)
    if drawing:
        draw(chip.edges, chip.light.banks, list_moments(run)[:PANELS_MOST], chip.us, drawing)


def render(run: "Run") -> str:
    """The tables as text, one for each moment."""
    chip = chip_of(run)
    return render_text(*(
        part(chip.edges, chip.light.banks, moment, chip.us)
        for moment in list_moments(run)[:PANELS_MOST] for part in (headline, table)
    ))  # fmt: skip


def headline(edges: Edges, emitters: int, moment: Moment, end_us: float) -> str:
    """The moment, and when light last ended in the span of its table."""
    span_us = min(end_us, moment.us + AFTER_US)
    dark_us = dark_after(edges, emitters, moment.us, span_us)
    said = "no light" if dark_us is None else f"last light {dark_us:,.1f} us later"
    return f"\n {moment.what} at {moment.us / 1e6:.6f} s: {said}"


def table(edges: Edges, emitters: int, moment: Moment, end_us: float) -> Table:
    """Edges of the emitters' pins and the enable pin, in microseconds from a moment."""
    end_us = min(end_us, moment.us + AFTER_US)
    grid = Table(box=None, pad_edge=True)
    grid.add_column("pin")
    ended = f"at +{(end_us - moment.us) / 1e3:.0f} ms"
    for head in ("edges", "high, us", "last fell after, us", ended):
        grid.add_column(head, justify="right")
    for row in pin_activity(edges, moment.us, end_us)[: emitters + 1]:
        fell = "-" if row.last_fall_us is None else f"{row.last_fall_us:,.1f}"
        level = "high" if row.at_end else "low"
        grid.add_row(row.name, f"{row.edges:,}", f"{row.high_us:,.1f}", fell, level)
    return grid


def draw(edges: Edges, emitters: int, what: Sequence[Moment], end_us: float, path: Path) -> None:
    """A panel a moment: enable pin and emitter pins, a line each."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    height = PANEL_IN[1] * len(what)
    figure = Figure(figsize=(PANEL_IN[0], height), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(what), 1, squeeze=False)
    for (axis,), moment in zip(axes, what, strict=True):
        panel(axis, edges, emitters, moment, min(end_us, moment.us + AFTER_US))
    figure.savefig(path, format="png")


def panel(axis: Any, edges: Edges, emitters: int, moment: Moment, end_us: float) -> None:
    """One moment's pins, the enable pin on top; time in milliseconds from it."""
    begin_us = max(moment.us - BEFORE_US, 0.0)
    shown = [emitters, *range(emitters)]
    level = edges.levels(begin_us)
    lines: dict[int, tuple[list[float], list[int]]] = {
        place: ([begin_us], [level[place]]) for place in shown
    }
    for us, place, now in edges.between(begin_us, end_us):
        if place in lines:
            lines[place][0].append(us)
            lines[place][1].append(now)
    for row, place in enumerate(shown):
        times, levels = lines[place]
        xs = [(us - moment.us) / 1e3 for us in (*times, end_us)]
        ys = [-row + 0.7 * high for high in (*levels, levels[-1])]
        colour = DARK if place == emitters else LIT
        axis.step(xs, ys, where="post", color=colour, linewidth=0.8)
    axis.set_yticks([-row + 0.3 for row in range(len(shown))])
    axis.set_yticklabels([edges.names[place] for place in shown], fontsize=8)
    axis.axvline(0.0, color=MARK, linewidth=0.8)
    dark_us = dark_after(edges, emitters, moment.us, end_us)
    said = "no light"
    if dark_us is not None:
        axis.axvline(dark_us / 1e3, color=MARK, linewidth=0.8, linestyle=":")
        said = f"last light {dark_us / 1e3:.3f} ms later"
    axis.set_xlim((begin_us - moment.us) / 1e3, (end_us - moment.us) / 1e3)
    axis.set_title(f"{moment.what} at {moment.us / 1e6:.3f} s; {said}", loc="left", fontsize=9)
    axis.set_xlabel("ms", fontsize=8)
    axis.tick_params(labelsize=8)
