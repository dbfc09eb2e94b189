"""Fault matrix: every fault in every state where it can occur, against the bounds.

Called by `waistband check faults`. Each fault of `sim.faults.catalogue` is injected on each pad,
with the hardware alert working and dead. A cell is one (fault, value, pad, alert, state). It keeps
the worst of several injections: at instants spread over the bus's rota and the control step, and,
where the unit is lit, on every wearer of `sim.campaign.injection_points`. Where a dead alert was
never due, the run with a working alert is the same and is not repeated.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from firmware.core import states
from firmware.core.limits import TICK_MS
from sim.campaign.injection import LONGEST_S, Case, Injection, Measured, inject
from sim.campaign.injection_points import MOMENTS, PRESCRIPTIONS, WEARERS, Moment
from sim.campaign.snapshot import Snapshot
from sim.campaign.verdict import Broken, is_outside_alone, list_broken
from sim.common.errors import BadInput
from sim.common.story import Scenario
from sim.driver_depth.run import DriverDepth
from sim.faults import program
from sim.faults.catalogue import ALERT_BROKEN, BOUNDS, FAULTS, find_bound
from sim.faults.deadlines import SENSED, SINGLE_C, TIMED, Bound
from sim.run import Run
from sim.scenario.scenario import PADS

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")
Result = TypeVar("Result")
HAL, DRIVER = "hal", "driver"
STEP_S = 0.2
# Injections after the moment, in ms, each just after a tick: over two rounds of the bus's rota; in
# the lamp test, over all of its steps.
SPREAD_MS = tuple(1 + 61 * k for k in range(12))
CHECK_MS = tuple(1 + 155 * k for k in range(12))
FEW_MS = (1, 123, 305)
SLOW_S = 30.0  # faults run for longer creep: the instant of injection matters little


class Task(NamedTuple):
    """Work of one process: indices of BOUNDS, MOMENTS and WEARERS, and the depth."""

    row: int
    moment: int
    wearer: int
    depth: str


class Key(NamedTuple):
    """The place of a cell."""

    fault: str
    value: float | None
    button: str | None
    state: str  # a moment's name
    pad: str | None
    alert: str  # "works" or "dead"
    depth: str


class CellResult(NamedTuple):
    """One injection and its verdict."""

    key: Key
    wearer: str
    at_s: float
    measured: Measured
    broken: tuple[Broken, ...]


@dataclass
class Cell:
    """The worst of a cell's injections; None where there was nothing to measure."""

    key: Key
    row: Bound
    strikes: int = 0
    latency_ms: float | None = None  # of the injection nearest to its bound
    within_ms: int | None = None  # its bound: gated light has its own
    energy_j: float | None = None
    energy_bound_j: float | None = None  # of the injection nearest to it
    after_due_j: float = 0.0
    peak_c: float = 0.0
    peak_wearer: str = ""
    limit_c: float = SINGLE_C  # its bound
    outside: bool = False  # only heat from outside raised the peak beyond the bound
    cut_c: float | None = None  # true contact when a trip ended light
    crossing_s: float | None = None  # from the injection until true contact crossed the trip
    stop_ms: float | None = None
    states: list[str] = field(default_factory=list)  # at the end of the run
    named: list[str] = field(default_factory=list)  # first fault latched
    broken: list[tuple[Broken, str, float]] = field(default_factory=list)  # wearer, when injected

    def add(self, tried: CellResult) -> None:
        """Keep what is worse than before."""
        m = tried.measured
        self.strikes += 1
        if self.row.within_ms is not None:
            if m.latency_ms is not None:
                share = share_of_bound(m.latency_ms, m.within_ms)
                if self.latency_ms is None or share > share_of_bound(
                    self.latency_ms, self.within_ms
                ):
                    self.latency_ms, self.within_ms = m.latency_ms, m.within_ms
            if m.onset_ms is not None and m.energy_bound_j and (
                self.energy_j is None or self.energy_bound_j is None
                or m.energy_j / m.energy_bound_j > self.energy_j / self.energy_bound_j
            ):  # fmt: skip
                self.energy_j, self.energy_bound_j = m.energy_j, m.energy_bound_j
            self.after_due_j = max(self.after_due_j, m.after_due_j)
        if m.peak_c > self.peak_c:
            self.peak_c, self.peak_wearer = m.peak_c, tried.wearer
            self.limit_c, self.outside = m.limit_c, is_outside_alone(m)
        if self.row.since == SENSED and m.onset_ms is not None:
            self.cut_c = larger(self.cut_c, m.cut_c)
        if m.crossing_s is not None:
            after_s = m.crossing_s - tried.at_s
            self.crossing_s = after_s if self.crossing_s is None else min(self.crossing_s, after_s)
        self.stop_ms = larger(self.stop_ms, m.stop_ms)
        if m.state not in self.states:
            self.states.append(m.state)
        if m.named and m.named[0] not in self.named:
            self.named.append(m.named[0])
        self.broken += [(broken, tried.wearer, tried.at_s) for broken in tried.broken]

    def bounds_broken(self) -> list[tuple[Broken, str, float, int]]:
        """Return each broken bound at its worst: (broken, wearer, when injected, how often)."""
        found: dict[str, tuple[Broken, str, float, int]] = {}
        for one in self.broken:
            name = one[0].bound
            before = found.get(name)
            at_worst = before[:3] if before and before[0].worth >= one[0].worth else one
            found[name] = (*at_worst, before[3] + 1 if before else 1)
        return list(found.values())

    @property
    def share(self) -> float | None:
        """The used share of the bound; None where nothing was due."""
        if self.latency_ms is None or self.row.comes not in TIMED:
            return None
        return share_of_bound(self.latency_ms, self.within_ms)


def share_of_bound(latency_ms: float, within_ms: int | None) -> float:
    """Return a latency as a share of its bound; 2 where the bound is zero."""
    if within_ms:
        return latency_ms / within_ms
    return 2.0 if latency_ms else 0.0


def larger(one: float | None, other: float | None) -> float | None:
    """Return the larger of two, either of which may be missing."""
    return max((value for value in (one, other) if value is not None), default=None)


# -- planning ----------------------------------------------------------------------------


def list_tasks(faults: Iterable[str], states: Iterable[str]) -> list[Task]:
    """Return the tasks of these faults and states (names of moments), the longest first."""
    faults = set(faults)
    states = set(states)
    found = []
    for index, row in enumerate(BOUNDS):
        if row.fault not in faults:
            continue
        for place, moment in enumerate(MOMENTS):
            if moment.name not in states or moment.name in FAULTS[row.fault].not_in:
                continue
            wearers = range(len(WEARERS) if moment.lit else 1)
            found += [Task(index, place, wearer, HAL) for wearer in wearers]
            # a fault of the program, which HAL depth only emulates
            if row.fault in program.FAULTS and moment.selftest_s is None:
                found.append(Task(index, place, 0, DRIVER))
    return sorted(found, key=lambda task: -estimate_cost_s(task))


def estimate_cost_s(task: Task) -> float:
    """Return roughly how long a task runs, in simulated seconds."""
    row, moment = BOUNDS[task.row], MOMENTS[task.moment]
    watch_s = sum(trial.watch_s + 20.0 for trial in row.tried)
    return watch_s + (moment.at_s if task.depth == DRIVER else 0.0)


def list_instants_s(row: Bound, moment: Moment, task: Task) -> tuple[float, ...]:
    """Return when a task injects its faults, in seconds after power-on."""
    spread: tuple[int, ...] = FEW_MS
    if moment.at_s == 0.0:
        # before the program starts; the chip's own clock begins with power
        spread = (0,) if task.depth == HAL else (1,)
    elif task.depth == DRIVER or task.wearer or row.tried[0].watch_s > SLOW_S:
        spread = FEW_MS[:1]
    elif moment.lit:
        spread = CHECK_MS if moment.state == "CHECK" else SPREAD_MS
    if row.within_ms == 0 and task.depth == HAL:
        # HAL depth counts time in ticks: an immediate end is asked for on a tick
        spread = tuple(ms - ms % TICK_MS for ms in spread)
    return tuple(moment.at_s + ms / 1000 for ms in spread)


def list_cases(row: Bound) -> list[tuple[str | None, bool]]:
    """Return (pad, alert) of each injection; the alert dead first."""
    pads = PADS if FAULTS[row.fault].pad else (None,)
    return [(pad, alert) for pad in pads for alert in (False, True)]


# -- running -----------------------------------------------------------------------------


def run_task(task: Task) -> list[CellResult]:
    """Run all injections of a task."""
    row, moment, wearer = BOUNDS[task.row], MOMENTS[task.moment], WEARERS[task.wearer]
    fresh = make_starter(task.moment, task.wearer, task.depth)
    found: list[CellResult] = []
    for trial in row.tried:
        for at_s in list_instants_s(row, moment, task):
            dead: Injection | None = None  # the alert was dead, and never due
            for pad, alert in list_cases(row):
                case = Case(row, trial, pad, alert)
                if alert and row.fault == ALERT_BROKEN:
                    continue
                injection = dead if alert and dead else inject(fresh, moment, case, at_s)
                dead = None if alert or injection.measurements.alerted else injection
                key = Key(
                    row.fault, trial.value, trial.button, moment.name, pad,
                    "works" if alert else "dead", task.depth,
                )  # fmt: skip
                measured = injection.measure()
                broken = list_broken(measured, case, moment)
                found.append(CellResult(key, wearer.name, at_s, measured, broken))
    return found


def make_scenario(moment: Moment, wearer: int) -> Scenario:
    """Return the scenario up to a moment. In the dark the prescription only matters for LOCKED."""
    who = WEARERS[wearer]
    prescription = who.prescription if moment.lit else moment.prescription
    return Scenario(
        f"{moment.name}, {who.name}", who.seed, LONGEST_S, PRESCRIPTIONS[prescription],
        who.start, moment.before,
    )  # fmt: skip


def advance_to(run: Run, moment: Moment) -> Run:
    """Advance a run to a moment. Raises BadInput where it is not in the moment's state there."""
    if moment.selftest_s is not None:
        run.advance(round(moment.selftest_s / STEP_S))
        run.hal.on_line = ignore_line
        run.hal.commands.append(b"selftest")
    if moment.at_s:
        run.advance(round((moment.at_s - (moment.selftest_s or 0.0)) / STEP_S))
        if moment.selftest_s is not None:
            run.hal.on_line = None
        found = states.STATES[run.unit.session.state]
        if found != moment.state:
            raise BadInput(
                f"{run.scenario.name}: the unit is in {found} at {moment.at_s} s: give it another"
                " story in sim/campaign/injection_points.py"
            )
    return run


def ignore_line(_line: bytes) -> None:
    """A host reads: only then the unit listens to it."""


@cache
def make_snapshot(moment: int, wearer: int) -> Snapshot:
    """Return a snapshot of a run at HAL depth, at a moment."""
    return Snapshot(advance_to(Run(make_scenario(MOMENTS[moment], wearer)), MOMENTS[moment]))


def make_starter(moment: int, wearer: int, depth: str) -> "Callable[[], Run]":
    """Return a function that makes runs at a moment."""
    if depth == HAL:
        return make_snapshot(moment, wearer).fork
    story = make_scenario(MOMENTS[moment], wearer)
    return lambda: advance_to(Run(story, depth=DriverDepth()), MOMENTS[moment])


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent process."""
    signal(SIGINT, SIG_IGN)


def map_unordered(
    work: "Callable[[Item], Result]", todo: list[Item], jobs: int
) -> Iterator[Result]:
    """Yield the result of each item as it is done, on `jobs` processes."""
    if jobs == 1:
        yield from map(work, todo)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), ignore_interrupts)
    try:
        for future in as_completed([pool.submit(work, item) for item in todo]):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def add_to_cells(cells: dict[Key, Cell], tried: list[CellResult]) -> None:
    """Add results to their cells."""
    for one in tried:
        if one.key not in cells:
            cells[one.key] = Cell(one.key, find_bound(one.key.fault, one.key.button))
        cells[one.key].add(one)
