"""Rows of the fault matrix: what each fault came to, in figures and words beside its bound.

Made from the cells of `sim.campaign.fault_matrix`; the terminal (`faults_table`), the Markdown page
(`faults_report`), the JSON (`faults_json`) and the map (`plot_faults`) only render them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sim.campaign.common_cause import Lie
from sim.campaign.fault_matrix import DRIVER, Cell, Key
from sim.campaign.injection_points import MOMENTS
from sim.campaign.verdict import Broken
from sim.faults.catalogue import BOUNDS
from sim.faults.catalogue import FAULTS as CATALOGUE
from sim.faults.deadlines import OFF, SINGLE_C, Bound

COLUMNS = ("fault", "must be dark within", "measured", "in", "contact, C", "J / bound", "")
OUTSIDE = "*"  # behind a contact temperature that heat from outside alone carried on
BODY_C = 37.0  # from here on contact uses up its bound
FAULTS = tuple((row.fault, trial.value, trial.button) for row in BOUNDS for trial in row.tried)
STATES = tuple(moment.name for moment in MOMENTS)
SINCE = {
    "strike": "", "current": "", "sensed": " of sensing it",
    "apart": " of 1.5 C apart", "empty": " of sensing it",
}  # fmt: skip
MUST = {"bank": "bank left out", "at start": "START refused", "goes on": "goes on"}


class Figure(NamedTuple):
    """A figure as it is printed, and which share of its bound it is; 0 where it has none."""

    text: str
    share: float = 0.0


@dataclass(frozen=True)
class Row:
    """Cells of one fault at one depth: all of them, or those of a state, a pad, an alert. Each
    figure is of the worst of them."""

    cells: list[Cell]

    @property
    def label(self) -> str:
        """The fault as a person names it, with its value."""
        return label(self.cells[0].key)

    @property
    def bound(self) -> str:
        """What must come of it, and when."""
        return bound_in_words(self.cells[0].row)

    @property
    def on_chip(self) -> bool:
        """Whether it was tried at driver depth."""
        return self.cells[0].key.depth == DRIVER

    def narrow(self, **place: str) -> "Row":
        """The cells at a place: `state`, `pad`, `alert`. There may be none."""
        return Row([
            cell for cell in self.cells
            if all(getattr(cell.key, name) == value for name, value in place.items())
        ])  # fmt: skip

    def by_place(self) -> "Iterator[Row]":
        """A row of each state and pad, with the alert working and dead."""
        for _, cells in groupby(self.cells, key=lambda cell: place(cell.key)[2:4]):
            yield Row(list(cells))

    def slowest(self) -> Cell | None:
        """Of those that something was due of, by share of their time."""
        return worst(self.cells, lambda cell: cell.share)

    def hottest(self) -> Cell:
        """By true contact."""
        return max(self.cells, key=lambda cell: cell.peak_c)

    def latency(self) -> Figure:
        """From onset until what must come."""
        cell = self.slowest()
        return Figure(f"{cell.latency_ms:.0f} ms", cell.share or 0.0) if cell else Figure("-")

    def where(self) -> str:
        """State and pad of the slowest; nothing where nothing was due."""
        cell = self.slowest()
        return where(cell) if cell else ""

    def contact(self) -> Figure:
        """True contact, C."""
        cell = self.hottest()
        if cell.outside:
            return Figure(f"{cell.peak_c:.2f}{OUTSIDE}")
        return Figure(f"{cell.peak_c:.2f} ", (cell.peak_c - BODY_C) / (SINGLE_C - BODY_C))

    def light(self) -> Figure:
        """Light after the onset, J, beside its bound."""
        cell = worst(self.cells, energy_share)
        if cell is None:
            return Figure("-")
        return Figure(f"{cell.energy_j:.3f} / {cell.energy_bound_j:.3f}", energy_share(cell) or 0.0)

    def broken(self, *but: str) -> str:
        """The bounds that do not hold, each once; `but` those named."""
        found = (b.bound for cell in self.cells for b, *_ in cell.bounds_broken())
        return ", ".join(name for name in dict.fromkeys(found) if name not in but)


@dataclass(frozen=True)
class Found:
    """Everything measured: cells in the table's order, and the lies."""

    cells: list[Cell]
    lies: list[Lie]

    def rows(self) -> Iterator[Row]:
        """A row of each fault with its value, at each depth."""
        for _, cells in groupby(self.cells, key=lambda cell: place(cell.key)[:2]):
            yield Row(list(cells))

    def broken(self) -> list[Cell]:
        """Cells in which a bound does not hold."""
        return [cell for cell in self.cells if cell.broken]

    def broken_bounds(self) -> int:
        """Bounds that do not hold, over all cells."""
        return sum(len(cell.bounds_broken()) for cell in self.broken())

    def strikes(self) -> int:
        """How often a fault was put on."""
        return sum(cell.strikes for cell in self.cells)

    def sentences(self) -> Iterator[tuple[str, str, str]]:
        """(fault, bound, figures and where) of every bound that is broken, at its worst."""
        for row in self.rows():
            by_bound: dict[str, list[tuple[Broken, str, Cell]]] = {}
            for cell in row.cells:
                for broken, wearer, at_s, _ in cell.bounds_broken():
                    struck = f"{where(cell)}, {wearer}, struck at {at_s:.3f} s"
                    by_bound.setdefault(broken.bound, []).append((broken, struck, cell))
            for what, found in by_bound.items():
                broken, struck, _ = max(found, key=lambda one: one[0].worth)
                states = ", ".join(dict.fromkeys(cell.key.state for *_, cell in found))
                measured = f"{broken.measured}, allowed {broken.allowed}"
                yield row.label, what, f"{measured} ({struck}); in {states}"


def in_order(cells: dict[Key, Cell]) -> list[Cell]:
    """Cells as the design's table and the states have them."""
    return sorted(cells.values(), key=lambda cell: place(cell.key))


def place(key: Key) -> tuple[int, int, int, int, int]:
    """Where a cell stands: fault, depth, state, pad, alert."""
    return (
        FAULTS.index((key.fault, key.value, key.button)), key.depth == DRIVER,
        STATES.index(key.state), "AB".find(key.pad or ""), key.alert == "dead",
    )  # fmt: skip


def label(key: Key) -> str:
    """A fault as a person names it, with its value."""
    if key.button:
        return f"{key.fault} {key.button}"
    if key.value is None:
        return key.fault
    unit = CATALOGUE[key.fault].unit
    sign = "+" if unit in {"C/min", "days"} else ""
    return f"{key.fault} {key.value:{sign}g} {unit.removesuffix(' of the pack')}"


def bound_in_words(row: Bound) -> str:
    """What must come of a fault, and when."""
    within = f"{row.within_ms} ms" + (f", gated {row.gated_ms}" if row.gated_ms else "")
    if row.comes != OFF:
        return MUST[row.comes] + (f", {within}" if row.within_ms else "")
    return within + SINCE[row.since]


def where(cell: Cell) -> str:
    """State and pad of a cell."""
    return cell.key.state + (f" {cell.key.pad}" if cell.key.pad else "")


def worst(cells: list[Cell], figure: Callable[[Cell], float | None]) -> Cell | None:
    """The cell with the largest figure; None where no cell has one."""
    having = [cell for cell in cells if figure(cell) is not None]
    return max(having, key=lambda cell: figure(cell) or 0.0, default=None)


def energy_share(cell: Cell) -> float | None:
    """A cell's light after the onset, of its bound; None where light need not end."""
    if cell.row.comes != OFF or cell.energy_j is None or not cell.energy_bound_j:
        return None
    return cell.energy_j / cell.energy_bound_j
