"""The fault matrix on a terminal: a line a fault, or a line a state and pad of each fault.

Called by `waistband check faults`.
"""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.campaign.common_cause import Outcome
from tools.report.faults_rows import COLUMNS, OUTSIDE, Figure, Found, Row, label, worst
from tools.report.tables import render_text

NEAR = 0.8  # share of a bound from which a figure is coloured
NONE = Figure("")


def faults_table(found: Found) -> Table:
    """A line a fault, the worst of all states, pads and alerts."""
    table = plain_table(*COLUMNS, right=(2, 4, 5))
    for row in found.rows():
        table.add_row(
            row.label, Text(row.bound, style="dim"), coloured(row.latency()), row.where(),
            coloured(row.contact()), coloured(row.light()), verdict(row),
        )  # fmt: skip
    return table


def states_table(row: Row) -> Table:
    """One fault: a line a state and pad, with the alert working and dead."""
    table = plain_table(
        "state", "pad", "alert works", "dead", "contact, C", "dead", "J / bound", "then", "",
        right=range(2, 7), title=f"{row.label}: {row.bound}",
    )  # fmt: skip
    for both in row.by_place():
        alerts = [both.narrow("alert", name) for name in ("works", "dead")]
        table.add_row(
            both.cells[0].key.state, both.cells[0].key.pad or "",
            *(coloured(one.latency() if one.cells else NONE) for one in alerts),
            *(coloured(one.contact() if one.cells else NONE) for one in alerts),
            coloured(both.light()), " ".join(both.cells[-1].states), verdict(both),
        )  # fmt: skip
    return table


def plain_table(*columns: str, right: "range | tuple[int, ...]", title: str | None = None) -> Table:
    """A table without lines; columns in `right` are aligned right."""
    table = Table(
        *columns, title=title, title_justify="left",
        box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in right:
        table.columns[column].justify = "right"
    return table


def coloured(figure: Figure) -> Text:
    """Red where a bound is broken, yellow where it is near."""
    style = "bold red" if figure.share > 1.0 else "yellow" if figure.share >= NEAR else ""
    return Text(figure.text, style=style)


def verdict(row: Row) -> Text:
    """The bounds that do not hold, or that all do."""
    broken = row.broken()
    return Text(broken, style="bold red") if broken else Text("ok", style="green")


def headline(found: Found, wall_s: float) -> Text:
    """Number of cells, and of broken bounds; the nearest and the hottest cell if none is broken."""
    line = Text(f"{len(found.cells):,} cells, {found.strikes():,} strikes in {wall_s:.0f} s: ")
    if broken := found.broken():
        said = f"{found.broken_bounds()} bounds broken in {len(broken)} cells"
        return line.append(said, style="bold red")
    nearest = worst(found.cells, lambda cell: cell.share)
    hottest = worst(found.cells, lambda cell: None if cell.outside else cell.peak_c)
    line.append("every bound holds", style="bold green")
    if nearest and nearest.share:
        line.append(f"; nearest {label(nearest.key)}, {nearest.share:.0%} of its time")
    if hottest:
        line.append(f"; hottest {label(hottest.key)}, {hottest.peak_c:.2f} C")
    return line


def lies_line(lies: list[Outcome]) -> Text:
    """The hottest of the common-cause cases."""
    hottest = max(lies, key=lambda lie: lie.peak_c)
    return Text(
        f"Both contact sensors of a pad lying alike ({hottest.label}, {hottest.skin}, alert"
        f" {hottest.alert}): {hottest.peak_c:.2f} C for {hottest.beyond_s:.0f} s at most,"
        f" then {hottest.ended}."
    )


def render(found: Found, by_state: bool, wall_s: float, written: list[tuple[str, str]]) -> str:
    """All of it as text; `written` holds (what, path) of each file."""
    tables = [states_table(row) for row in found.rows()] if by_state else [faults_table(found)]
    parts: list[RenderableType] = [part for table in tables for part in (table, "")]
    parts += [
        Text(f"{name}: {what}: ", style="bold red").append(said, style="default")
        for name, what, said in found.sentences()
    ]
    if any(cell.outside for cell in found.cells):
        parts.append(f"{OUTSIDE} carried on by heat from outside, after the cut or without light")
    if found.lies:
        parts.append(lies_line(found.lies))
    parts.append(headline(found, wall_s))
    parts += [f"Wrote the {what} to {path}" for what, path in written]
    return render_text(Padding(Group(*parts), (0, 1)))
