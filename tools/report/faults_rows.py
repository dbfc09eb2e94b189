"""Rows of the fault matrix: each fault's figures and words beside its bound.

Made from the cells of `sim.campaign.fault_matrix`; rendered by the terminal (`faults_table`), the
Markdown page (`faults_report`), the JSON (`faults_json`) and the map (`faults_plot`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sim.campaign.common_cause import Outcome
from sim.campaign.fault_matrix import DRIVER, Cell, Key
from sim.campaign.injection_points import MOMENTS
from sim.campaign.verdict import Broken
from sim.faults.catalogue import BOUNDS
from sim.faults.catalogue import FAULTS as CATALOGUE
from sim.faults.deadlines import OFF, SINGLE_C, Bound

COLUMNS = ("fault", "must be dark within", "measured", "in", "contact, C", "J / bound", "")
OUTSIDE = "*"  # marks a contact temperature that heat from outside alone raised
BODY_C = 37.0  # at this contact temperature the share of the bound is 0
FAULTS = tuple((row.fault, trial.value, trial.button) for row in BOUNDS for trial in row.tried)
STATES = tuple(moment.name for moment in MOMENTS)
SINCE = {
    "strike": "", "current": "", "sensed": " of sensing it",
    "apart": " of 1.5 C apart", "empty": " of sensing it",
}  # fmt: skip
MUST = {"bank": "bank left out", "at start": "START refused", "goes on": "goes on"}


class Figure(NamedTuple):
    """A figure as printed, and its share of the bound; 0 where there is no bound."""

    text: str
    share: float = 0.0


@dataclass(frozen=True)
class Row:
    """Cells of one fault at one depth, all or those of a state, pad or alert. Each figure is the
    worst of them."""

    cells: list[Cell]

    @property
    def label(self) -> str:
        """The fault as a person names it, with its value."""
        return label(self.cells[0].key)

    @property
    def bound(self) -> str:
        """The bound, in words."""
        return bound_in_words(self.cells[0].row)

    @property
    def on_chip(self) -> bool:
        """Whether it was tried at driver depth."""
        return self.cells[0].key.depth == DRIVER

    def narrow(self, name: str, value: str) -> "Row":
        """The cells, if any, with this `state`, `pad` or `alert`."""
        return Row([cell for cell in self.cells if getattr(cell.key, name) == value])

    def by_place(self) -> "list[Row]":
        """A row of each state and pad, with the alert working and dead."""
        return group_cells(self.cells, slice(2, 4))

    def slowest(self) -> Cell | None:
        """The largest share of the time allowed, where something had to come."""
        return worst(self.cells, lambda cell: cell.share)

    def hottest(self) -> Cell:
        """The highest true contact temperature."""
        return max(self.cells, key=lambda cell: cell.peak_c)

    def latency(self) -> Figure:
        """Time from onset until what must come."""
        cell = self.slowest()
        return Figure(f"{cell.latency_ms:.0f} ms", cell.share or 0.0) if cell else Figure("-")

    def where(self) -> str:
        """State and pad of the slowest; "" where nothing had to come."""
        cell = self.slowest()
        return where(cell) if cell else ""

    def contact(self) -> Figure:
        """Highest true contact temperature, C."""
        cell = self.hottest()
        if cell.outside:
            return Figure(f"{cell.peak_c:.2f}{OUTSIDE}")
        return Figure(f"{cell.peak_c:.2f} ", (cell.peak_c - BODY_C) / (SINGLE_C - BODY_C))

    def light(self) -> Figure:
        """Light after the onset and its bound, J."""
        cell = worst(self.cells, energy_share)
        if cell is None:
            return Figure("-")
        return Figure(f"{cell.energy_j:.3f} / {cell.energy_bound_j:.3f}", energy_share(cell) or 0.0)

    def broken(self, *but: str) -> str:
        """Names of the bounds that do not hold, each once, without those in `but`."""
        found = (b.bound for cell in self.cells for b, *_ in cell.bounds_broken())
        return ", ".join(name for name in dict.fromkeys(found) if name not in but)


@dataclass(frozen=True)
class Found:
    """All measurements: cells in the table's order, and the common-cause cases."""

    cells: list[Cell]
    lies: list[Outcome]

    def rows(self) -> list[Row]:
        """A row of each fault with its value, at each depth."""
        return group_cells(self.cells, slice(2))

    def broken(self) -> list[Cell]:
        """Cells in which a bound does not hold."""
        return [cell for cell in self.cells if cell.broken]

    def broken_bounds(self) -> int:
        """Number of bounds that do not hold, over all cells."""
        return sum(len(cell.bounds_broken()) for cell in self.broken())

    def strikes(self) -> int:
        """Number of injections."""
        return sum(cell.strikes for cell in self.cells)

    def sentences(self) -> Iterator[tuple[str, str, str]]:
        """(fault, bound, figures and place) of every broken bound, at its worst."""
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


def group_cells(cells: list[Cell], part: slice) -> list[Row]:
    """A row of each run of cells whose sort keys are alike in this part."""
    groups = groupby(cells, key=lambda cell: sort_key(cell.key)[part])
    return [Row(list(group)) for _, group in groups]


def sort_cells(cells: dict[Key, Cell]) -> list[Cell]:
    """Cells in the order of the design's table and the states."""
    return sorted(cells.values(), key=lambda cell: sort_key(cell.key))


def sort_key(key: Key) -> tuple[int, int, int, int, int]:
    """Numbers of a cell's fault, depth, state, pad and alert."""
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
    """What must happen after a fault, and within which time."""
    within = f"{row.within_ms} ms" + (f", gated {row.gated_ms}" if row.gated_ms else "")
    if row.comes != OFF:
        return MUST[row.comes] + (f", {within}" if row.within_ms else "")
    return within + SINCE[row.since]


def where(cell: Cell) -> str:
    """State and pad of a cell."""
    return cell.key.state + (f" {cell.key.pad}" if cell.key.pad else "")


def worst(cells: list[Cell], figure: Callable[[Cell], float | None]) -> Cell | None:
    """The cell with the largest figure; None where none has a figure."""
    having = [cell for cell in cells if figure(cell) is not None]
    return max(having, key=lambda cell: figure(cell) or 0.0, default=None)


def energy_share(cell: Cell) -> float | None:
    """Light after the onset as a share of its bound; None where light need not end."""
    if cell.row.comes != OFF or cell.energy_j is None or not cell.energy_bound_j:
        return None
    return cell.energy_j / cell.energy_bound_j
