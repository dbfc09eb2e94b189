"""What `waistband check faults` measured, as tables: a line a fault, or a line a state."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.catalogue import BOUNDS
from sim.catalogue import FAULTS as CATALOGUE
from sim.deadlines import OFF, SINGLE_C, Bound
from sim.liars import Lie
from sim.matrix import DRIVER, Cell, Key
from sim.moments import MOMENTS
from sim.verdict import Broken

NEAR = 0.8  # share of a bound from which a figure is coloured
OUTSIDE = "*"
FAULTS = tuple((row.fault, trial.value, trial.button) for row in BOUNDS for trial in row.tried)
STATES = tuple(moment.name for moment in MOMENTS)
SINCE = {
    "strike": "", "current": "", "sensed": " of sensing it",
    "apart": " of 1.5 C apart", "empty": " of sensing it",
}  # fmt: skip
MUST = {"bank": "bank left out", "at start": "START refused", "goes on": "goes on"}


@dataclass(frozen=True)
class Found:
    """Everything measured: cells in the table's order, and the lies."""

    cells: list[Cell]
    lies: list[Lie]

    def broken(self) -> list[Cell]:
        """Cells in which a bound does not hold."""
        return [cell for cell in self.cells if cell.broken]

    def lines(self) -> Iterator[tuple[str, list[Cell]]]:
        """(label, cells) of each fault with its value, at each depth."""
        for _, cells in groupby(self.cells, key=lambda cell: place(cell.key)[:2]):
            group = list(cells)
            yield label(group[0].key), group


def place(key: Key) -> tuple[int, int, int, int, int]:
    """Where a cell stands: fault, depth, state, pad, alert."""
    return (
        FAULTS.index((key.fault, key.value, key.button)), key.depth == DRIVER,
        STATES.index(key.state), "AB".find(key.pad or ""), key.alert == "dead",
    )  # fmt: skip


def in_order(cells: dict[Key, Cell]) -> list[Cell]:
    """Cells as the design's table and the states have them."""
    return sorted(cells.values(), key=lambda cell: place(cell.key))


def label(key: Key) -> str:
    """A fault as a person names it, with its value."""
    if key.button:
        return f"{key.fault} {key.button}"
    if key.value is None:
        return key.fault
    unit = CATALOGUE[key.fault].unit
    sign = "+" if unit in {"C/min", "days"} else ""
    return f"{key.fault} {key.value:{sign}g} {unit.removesuffix(' of the pack')}"


def bound(row: Bound) -> str:
    """What must come of it, and when."""
    within = f"{row.within_ms} ms" + (f", gated {row.gated_ms}" if row.gated_ms else "")
    if row.comes != OFF:
        return MUST[row.comes] + (f", {within}" if row.within_ms else "")
    return within + SINCE[row.since]


def worst(cells: list[Cell], figure: Callable[[Cell], float | None]) -> Cell | None:
    """The cell with the largest figure; None where no cell has one."""
    having = [cell for cell in cells if figure(cell) is not None]
    return max(having, key=lambda cell: figure(cell) or 0.0, default=None)


def where(cell: Cell) -> str:
    """State and pad of a cell."""
    return cell.key.state + (f" {cell.key.pad}" if cell.key.pad else "")


# -- as text -----------------------------------------------------------------------------


def latency(cells: list[Cell]) -> tuple[str, str, float]:
    """(latency, where, share of the bound) of the worst; nothing where nothing was due."""
    cell = worst(cells, lambda cell: cell.share)
    if cell is None:
        return "-", "", 0.0
    return f"{cell.latency_ms:.0f} ms", where(cell), cell.share or 0.0


def peak(cells: list[Cell]) -> tuple[str, float]:
    """(true contact, share of its bound from 37 C on) of the worst."""
    cell = max(cells, key=lambda cell: cell.peak_c)
    mark = OUTSIDE if cell.outside else " "
    share = 0.0 if cell.outside else (cell.peak_c - 37.0) / (SINGLE_C - 37.0)
    return f"{cell.peak_c:.2f}{mark}", share


def energy(cells: list[Cell]) -> tuple[str, float]:
    """(J after the onset of the bound's, share) of the worst."""

    def share(cell: Cell) -> float | None:
        if cell.row.comes != OFF or cell.energy_j is None or not cell.energy_bound_j:
            return None
        return cell.energy_j / cell.energy_bound_j

    cell = worst(cells, share)
    if cell is None:
        return "-", 0.0
    return f"{cell.energy_j:.3f} / {cell.energy_bound_j:.3f}", share(cell) or 0.0


def names_broken(cells: list[Cell]) -> str:
    """The bounds that do not hold, each once."""
    return ", ".join(dict.fromkeys(b.bound for cell in cells for b, *_ in cell.bounds_broken()))


def coloured(text: str, share: float, broken: bool = False) -> Text:
    """Red where a bound is broken, yellow where it is near."""
    style = "bold red" if broken or share > 1.0 else "yellow" if share >= NEAR else ""
    return Text(text, style=style)


# -- on a terminal -----------------------------------------------------------------------


def faults_table(found: Found) -> Table:
    """A line a fault, the worst of all states, pads and alerts."""
    table = Table(
        "fault", "must be dark within", "measured", "in", "contact, C", "J / bound", "",
        box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in (2, 4, 5):
        table.columns[column].justify = "right"
    for name, cells in found.lines():
        after, at, share = latency(cells)
        contact, contact_share = peak(cells)
        joules, joules_share = energy(cells)
        broken = names_broken(cells)
        table.add_row(
            name, Text(bound(cells[0].row), style="dim"), coloured(after, share), at,
            coloured(contact, contact_share), coloured(joules, joules_share),
            Text(broken, style="bold red") if broken else Text("ok", style="green"),
        )  # fmt: skip
    return table


def states_table(name: str, cells: list[Cell]) -> Table:
    """One fault: a line a state and pad, the alert working beside it dead."""
    table = Table(
        "state", "pad", "alert works", "dead", "contact, C", "dead", "J / bound", "then", "",
        title=f"{name}: {bound(cells[0].row)}", title_justify="left",
        box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in range(2, 7):
        table.columns[column].justify = "right"
    for _, pair in groupby(cells, key=lambda cell: place(cell.key)[2:4]):
        both = list(pair)
        alert = {cell.key.alert: [cell] for cell in both}
        times = [latency(alert[name]) if name in alert else ("", "", 0.0)
                 for name in ("works", "dead")]  # fmt: skip
        peaks = [peak(alert[name]) if name in alert else ("", 0.0) for name in ("works", "dead")]
        broken = names_broken(both)
        table.add_row(
            both[0].key.state, both[0].key.pad or "",
            *(coloured(text, share) for text, _, share in times),
            *(coloured(text, share) for text, share in peaks),
            coloured(*energy(both)), " ".join(both[-1].states),
            Text(broken, style="bold red") if broken else Text("ok", style="green"),
        )  # fmt: skip
    return table


def sentences_of(found: Found) -> Iterator[tuple[str, str, str]]:
    """(fault, bound, figures and where) of every bound that is broken, at its worst."""
    for name, cells in found.lines():
        by_bound: dict[str, list[tuple[Broken, str, Cell]]] = {}
        for cell in cells:
            for broken, wearer, at_s, _ in cell.bounds_broken():
                told = f"{where(cell)}, {wearer}, struck at {at_s:.3f} s"
                by_bound.setdefault(broken.bound, []).append((broken, told, cell))
        for what, rows in by_bound.items():
            broken, told, _ = max(rows, key=lambda row: row[0].worth)
            states = ", ".join(dict.fromkeys(cell.key.state for *_, cell in rows))
            yield name, what, f"{broken.measured}, allowed {broken.allowed} ({told}); in {states}"


def headline(found: Found, wall_s: float) -> Text:
    """How many were tried, how many broke a bound."""
    broken, cells = found.broken(), found.cells
    strikes = sum(cell.strikes for cell in cells)
    line = Text(f"{len(cells):,} cells, {strikes:,} strikes in {wall_s:.0f} s: ")
    if broken:
        bounds = sum(len(cell.bounds_broken()) for cell in broken)
        return line.append(f"{bounds} bounds broken in {len(broken)} cells", style="bold red")
    nearest = worst(cells, lambda cell: cell.share)
    hottest = worst(cells, lambda cell: None if cell.outside else cell.peak_c)
    line.append("every bound holds", style="bold green")
    if nearest and nearest.share:
        line.append(f"; nearest {label(nearest.key)}, {nearest.share:.0%} of its time")
    if hottest:
        line.append(f"; hottest {label(hottest.key)}, {hottest.peak_c:.2f} C")
    return line


def lies_line(lies: list[Lie]) -> Text:
    """How hot a pad gets when everything that guards it lies."""
    hottest = max(lies, key=lambda lie: lie.peak_c)
    return Text(
        f"Both contact sensors of a pad lying alike ({hottest.said}, {hottest.skin}, alert"
        f" {hottest.alert}): {hottest.peak_c:.2f} C for {hottest.beyond_s:.0f} s at most,"
        f" then {hottest.ended}."
    )


def render(found: Found, by_state: bool, wall_s: float, written: list[tuple[str, str]]) -> str:
    """Everything as standard output takes it: coloured on a terminal only."""
    parts: list[RenderableType] = []
    if by_state:
        for name, cells in found.lines():
            parts += [states_table(name, cells), ""]
    else:
        parts += [faults_table(found), ""]
    parts += [
        Text(f"{name}: {what}: ", style="bold red").append(said, style="default")
        for name, what, said in sentences_of(found)
    ]
    if any(cell.outside for cell in found.cells):
        parts.append(f"{OUTSIDE} carried on by heat from outside, after the cut or without light")
    if found.lies:
        parts.append(lies_line(found.lies))
    parts.append(headline(found, wall_s))
    parts += [f"Wrote the {what} to {path}" for what, path in written]
    console = Console(highlight=False, soft_wrap=False)
    with console.capture() as capture:
        console.print(Padding(Group(*parts), (0, 1)))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
