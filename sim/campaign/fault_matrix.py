"""The fault matrix: every fault in every state where it can strike, on each pad, with the
hardware alert working and dead, held to the bounds of `sim.faults.catalogue`.

A cell is one (fault, value, pad, alert, state). It stands for several strikes: at instants
spread over the bus's rota and the control step, and, where the unit is lit, on every wearer
of `sim.campaign.injection_points`; it keeps the worst of them. The alert changes a story only
where it is given: what was measured with it dead, and never given, is the same with it working.
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
from sim.campaign.injection import LONGEST_S, Case, Measured, Story, strike
from sim.campaign.injection_points import MOMENTS, PRESCRIPTIONS, WEARERS, Moment
from sim.campaign.snapshot import Saved
from sim.campaign.verdict import Broken, outside_alone, verdict
from sim.common.errors import BadInput
from sim.common.story import Scenario
from sim.driver_depth.run import DriverDepth
from sim.faults import program
from sim.faults.catalogue import ALERT_BROKEN, BOUNDS, FAULTS, find_bound
from sim.faults.deadlines import SENSED, TIMED, Bound
from sim.run import Run
from sim.scenario.scenario import PADS

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")
Result = TypeVar("Result")
HAL, DRIVER = "hal", "driver"
STEP_S = 0.2
# Instants of a strike after the moment's, in ms: just after a tick, which sees it last. Over
# two rounds of the rota; in the check, over all of its steps.
SPREAD_MS = tuple(1 + 61 * k for k in range(12))
CHECK_MS = tuple(1 + 155 * k for k in range(12))
FEW_MS = (1, 123, 305)
SLOW_S = 30.0  # faults watched for longer creep: the instant of the strike says little


class Task(NamedTuple):
    """What one process does at a time: indices of BOUNDS, MOMENTS and WEARERS, and the depth."""

    row: int
    moment: int
    wearer: int
    depth: str


class Key(NamedTuple):
    """A cell's place."""

    fault: str
    value: float | None
    button: str | None
    state: str  # a moment's name
    pad: str | None
    alert: str  # "works" or "dead"
    depth: str


class Tried(NamedTuple):
    """One strike."""

    key: Key
    wearer: str
    at_s: float
    measured: Measured
    broken: tuple[Broken, ...]


@dataclass
class Cell:
    """The worst of a cell's strikes; None where there was nothing to measure."""

    key: Key
    row: Bound
    strikes: int = 0
    latency_ms: float | None = None  # of the strike that came nearest to its bound
    within_ms: int | None = None  # ... which was this: gated light has its own
    energy_j: float | None = None
    energy_bound_j: float | None = None  # of the strike that came nearest to it
    after_due_j: float = 0.0
    peak_c: float = 0.0
    peak_wearer: str = ""
    outside: bool = False  # ... which heat from outside alone carried beyond the bound
    cut_c: float | None = None  # true contact when light ended, where a trip ended it
    crossing_s: float | None = None  # from the strike until true contact crossed the trip
    stop_ms: float | None = None
    states: list[str] = field(default_factory=list)  # found in once it was dark or watched
    named: list[str] = field(default_factory=list)  # first fault latched
    broken: list[tuple[Broken, str, float]] = field(default_factory=list)  # wearer, when struck

    def add(self, tried: Tried) -> None:
        """Keep what is worse than what there was."""
        m = tried.measured
        self.strikes += 1
        if self.row.within_ms is not None:
            if m.latency_ms is not None:
                share = share_of(m.latency_ms, m.within_ms)
                if self.latency_ms is None or share > share_of(self.latency_ms, self.within_ms):
                    self.latency_ms, self.within_ms = m.latency_ms, m.within_ms
            if m.onset_ms is not None and m.energy_bound_j and (
                self.energy_j is None or self.energy_bound_j is None
                or m.energy_j / m.energy_bound_j > self.energy_j / self.energy_bound_j
            ):  # fmt: skip
                self.energy_j, self.energy_bound_j = m.energy_j, m.energy_bound_j
            self.after_due_j = max(self.after_due_j, m.after_due_j)
        if m.peak_c > self.peak_c:
            self.peak_c, self.peak_wearer, self.outside = m.peak_c, tried.wearer, outside_alone(m)
        if self.row.since == SENSED and m.onset_ms is not None:
            self.cut_c = worse(self.cut_c, m.cut_c)
        if m.crossing_s is not None:
            after_s = m.crossing_s - tried.at_s
            self.crossing_s = after_s if self.crossing_s is None else min(self.crossing_s, after_s)
        self.stop_ms = worse(self.stop_ms, m.stop_ms)
        if m.state not in self.states:
            self.states.append(m.state)
        if m.named and m.named[0] not in self.named:
            self.named.append(m.named[0])
        self.broken += [(broken, tried.wearer, tried.at_s) for broken in tried.broken]

    def bounds_broken(self) -> list[tuple[Broken, str, float, int]]:
        """Each bound that is broken, at its worst: (broken, wearer, when struck, in how many
        strikes)."""
        found: dict[str, tuple[Broken, str, float, int]] = {}
        for one in self.broken:
            name = one[0].bound
            before = found.get(name)
            at_worst = before[:3] if before and before[0].worth >= one[0].worth else one
            found[name] = (*at_worst, before[3] + 1 if before else 1)
        return list(found.values())

    @property
    def share(self) -> float | None:
        """How much of its time the unit used; None where nothing was due."""
        if self.latency_ms is None or self.row.comes not in TIMED:
            return None
        return share_of(self.latency_ms, self.within_ms)


def share_of(latency_ms: float, within_ms: int | None) -> float:
    """How much of its time a latency is; 2 of no time at all."""
    if within_ms:
        return latency_ms / within_ms
    return 2.0 if latency_ms else 0.0


def worse(one: float | None, other: float | None) -> float | None:
    """The larger of two, of which either may be missing."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)


# -- what is to be done ------------------------------------------------------------------


def tasks(faults: Iterable[str], states: Iterable[str]) -> list[Task]:
    """Everything to try of these faults and in these states (names of moments), the longest
    first."""
    faults, states = set(faults), set(states)
    found = []
    for index, row in enumerate(BOUNDS):
        for place, moment in enumerate(MOMENTS):
            if row.fault not in faults or moment.name not in states:
                continue
            if moment.name in FAULTS[row.fault].not_in:
                continue
            wearers = range(len(WEARERS) if moment.lit else 1)
            found += [Task(index, place, wearer, HAL) for wearer in wearers]
            # what HAL depth emulates, the chip has
            if row.fault in program.FAULTS and moment.told_s is None:
                found.append(Task(index, place, 0, DRIVER))
    return sorted(found, key=lambda task: -cost(task))


def cost(task: Task) -> float:
    """About how long a task takes, to no more than its order."""
    row, moment = BOUNDS[task.row], MOMENTS[task.moment]
    watch_s = sum(trial.watch_s + 20.0 for trial in row.tried)
    return watch_s + (moment.at_s if task.depth == DRIVER else 0.0)


def instants(row: Bound, moment: Moment, task: Task) -> tuple[float, ...]:
    """When a task strikes, in seconds after power-on."""
    spread: tuple[int, ...] = FEW_MS
    if moment.at_s == 0.0:
        # there before the program is; the chip's own clock begins with power
        spread = (0,) if task.depth == HAL else (1,)
    elif task.depth == DRIVER or task.wearer or row.tried[0].watch_s > SLOW_S:
        spread = FEW_MS[:1]
    elif moment.lit:
        spread = CHECK_MS if moment.state == "CHECK" else SPREAD_MS
    if row.within_ms == 0 and task.depth == HAL:
        # HAL depth knows time in ticks: what has to be at once is asked for on one
        spread = tuple(ms - ms % TICK_MS for ms in spread)
    return tuple(moment.at_s + ms / 1000 for ms in spread)


def cases(row: Bound) -> list[tuple[str | None, bool]]:
    """(pad, alert) of each story to run; the alert dead first."""
    pads = PADS if FAULTS[row.fault].pad else (None,)
    return [(pad, alert) for pad in pads for alert in (False, True)]


# -- doing it ----------------------------------------------------------------------------


def do(task: Task) -> list[Tried]:
    """All strikes of a task."""
    row, moment, wearer = BOUNDS[task.row], MOMENTS[task.moment], WEARERS[task.wearer]
    fresh = beginning(task.moment, task.wearer, task.depth)
    found: list[Tried] = []
    for trial in row.tried:
        for at_s in instants(row, moment, task):
            unalerted: Story | None = None
            for pad, alert in cases(row):
                case = Case(row, trial, pad, alert)
                if alert and row.fault == ALERT_BROKEN:
                    continue
                story = unalerted if alert and unalerted else strike(fresh, moment, case, at_s)
                unalerted = None if alert or story.watch.alerted else story
                key = Key(
                    row.fault, trial.value, trial.button, moment.name, pad,
                    "works" if alert else "dead", task.depth,
                )  # fmt: skip
                measured = story.measured()
                broken = verdict(measured, case, moment)
                found.append(Tried(key, wearer.name, at_s, measured, broken))
    return found


def scenario_at(moment: Moment, wearer: int) -> Scenario:
    """The story up to a moment. A dark unit is told nothing by the prescription but LOCKED."""
    who = WEARERS[wearer]
    prescription = who.prescription if moment.lit else moment.prescription
    return Scenario(
        f"{moment.name}, {who.name}", who.seed, LONGEST_S, PRESCRIPTIONS[prescription],
        who.start, moment.before,
    )  # fmt: skip


def brought(run: Run, moment: Moment) -> Run:
    """A run, advanced to its moment. Raises BadInput where it is not in its state there."""
    if moment.told_s is not None:
        run.advance(round(moment.told_s / STEP_S))
        run.hal.on_line = unread
        run.hal.commands.append(b"selftest")
    if moment.at_s:
        run.advance(round((moment.at_s - (moment.told_s or 0.0)) / STEP_S))
        if moment.told_s is not None:
            run.hal.on_line = None
        found = states.STATES[run.unit.session.state]
        if found != moment.state:
            raise BadInput(
                f"{run.scenario.name}: the unit is in {found} at {moment.at_s} s: give it another"
                " story in sim/campaign/injection_points.py"
            )
    return run


def unread(_line: bytes) -> None:
    """A host that listens, so that it is heard."""


@cache
def saved_at(moment: int, wearer: int) -> Saved:
    """A run at HAL depth, kept at a moment."""
    return Saved(brought(Run(scenario_at(MOMENTS[moment], wearer)), MOMENTS[moment]))


def beginning(moment: int, wearer: int, depth: str) -> "Callable[[], Run]":
    """Makes runs that stand at a moment."""
    if depth == HAL:
        return saved_at(moment, wearer).fork
    story = scenario_at(MOMENTS[moment], wearer)
    return lambda: brought(Run(story, depth=DriverDepth()), MOMENTS[moment])


def ignore_interrupts() -> None:
    """Ctrl-C is for the process that a person started."""
    signal(SIGINT, SIG_IGN)


def each(work: "Callable[[Item], Result]", todo: list[Item], jobs: int) -> Iterator[Result]:
    """What came of each item, in the order in which they are done, on so many processes."""
    if jobs == 1:
        yield from map(work, todo)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), ignore_interrupts)
    try:
        for future in as_completed([pool.submit(work, item) for item in todo]):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def gather(cells: dict[Key, Cell], tried: list[Tried]) -> None:
    """Add strikes to their cells."""
    for one in tried:
        cell = cells.get(one.key)
        if cell is None:
            row = find_bound(one.key.fault, one.key.button)
            cell = cells[one.key] = Cell(one.key, row)
        cell.add(one)
