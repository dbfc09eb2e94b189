"""Cases of a campaign: random sessions and windows, run and judged.

Called by `tools.worker` in each process of a pool, by `waistband check campaign` and by tests;
touches no file. A case is a function of its name:

| name     | case                                                                      |
|----------|---------------------------------------------------------------------------|
| 7-123    | session 123 of seed 7, run whole, without faults                          |
| 7-123-s  | the same session with faults                                              |
| 7-123-f4 | a window of 200 s with faults, begun from a state of the session          |
| 7-123-q4 | a window without faults, with noise of its own                            |

`run_session_cases` runs all cases of one session, so that the session is run once; `rerun_case`
runs one of them.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from firmware.core import states
from firmware.core.inputs import BUTTONS
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.campaign import generators
from sim.campaign.snapshot import Snapshot
from sim.common.story import Event
from sim.faults.catalogue import FAULTS, find_bound
from sim.faults.deadlines import GOES_ON
from sim.faults.hardware import NEVER_MS
from sim.oracle.design import GOING_ON
from sim.oracle.rules import Violation
from sim.oracle.safety_oracle import SafetyOracle, find_oracle
from sim.run import Run

T = TypeVar("T")

SNAPSHOTS = 6  # of a session; its windows begin from them
STEP_S = CONTROL_TICKS * TICK_MS / 1000
CHUNK_STEPS = 25
RESTING_CHUNKS = 2  # that a window is run on once it is at rest
WHOLE_ONE_IN = 20  # windows: one is run to its end even at rest
# Dark states that only a person leads out of.
RESTING = (
    states.READY, states.PAUSED, states.DONE, states.CHARGING, states.FAULT, states.LOCKED,
    states.OFF,
)  # fmt: skip
COOL_C = 42.0
WARM_ROOM_C = 40.0
KINDS = {"": "sessions", "s": "sessions with faults", "f": "fault windows", "q": "quiet windows"}
NAME = re.compile(r"(\d+)-(\d+)(?:-(s)|-([fq])(\d+))?")
COUNTED = ("cases", "told_ms", "run_ms", "cpu_ms", "struck", "pairs", "begun_in", "ends")


class Breach(NamedTuple):
    """A violation, and the name of the case in which it was found."""

    case: str
    violation: Violation


@dataclass
class Tally:
    """Results of some cases; adds up."""

    cases: Counter[str] = field(default_factory=Counter)  # by kind
    told_ms: Counter[str] = field(default_factory=Counter)  # simulated time of the whole cases
    run_ms: Counter[str] = field(default_factory=Counter)  # simulated time that was run
    cpu_ms: Counter[str] = field(default_factory=Counter)
    broken: list[Breach] = field(default_factory=list)
    hottest: dict[str, tuple[float, str]] = field(default_factory=dict)  # class: C, case
    slowest: dict[str, tuple[int, str]] = field(default_factory=dict)  # fault: ms, case
    struck: Counter[str] = field(default_factory=Counter)  # faults
    pairs: Counter[str] = field(default_factory=Counter)
    begun_in: Counter[str] = field(default_factory=Counter)  # states that windows began in
    ends: Counter[str] = field(default_factory=Counter)  # how sessions ended
    rested: int = 0  # windows that were not run to their end

    def add(self, more: "Tally") -> None:
        """Add another tally."""
        for name in COUNTED:
            getattr(self, name).update(getattr(more, name))
        self.broken += more.broken
        self.rested += more.rested
        for what, row in more.hottest.items():
            self.hottest[what] = max(self.hottest.get(what, row), row)
        for what, late in more.slowest.items():
            self.slowest[what] = max(self.slowest.get(what, late), late)


class Base(NamedTuple):
    """A session without faults, and the states that windows begin from."""

    run: Run
    saved: list[Snapshot]
    going: list[Snapshot]  # in a session that goes on by itself; all if there are none


def run_base(name: str) -> Base:
    """Run a session to its end, with snapshots on the way."""
    scenario = generators.draw_session(name)
    run = Run(scenario)
    run.oracle = SafetyOracle(run)
    saved, going = [], []
    for at_s in generators.draw_snapshot_times_s(name, scenario, SNAPSHOTS):
        steps = int((at_s - run.t_s) / STEP_S)
        if steps > 0 and not run.advance(steps):
            break
        saved.append(Snapshot(run))
        if find_oracle(run).claims.read_state() in GOING_ON:
            going.append(saved[-1])
    saved = saved or [Snapshot(run)]
    while run.advance(CHUNK_STEPS):
        pass
    return Base(run, saved, going or saved)


def run_session_cases(seed: int, index: int, faulty: int, quiet: int) -> Tally:
    """Run all cases of one session: itself, itself with faults, and so many windows."""
    name = f"{seed}-{index}"
    tally = Tally()
    whole = run_timed(tally, name, lambda: run_whole_session(tally, name))
    if whole:
        suffixes = ["s", *(f"f{k}" for k in range(faulty)), *(f"q{k}" for k in range(quiet))]
        for case in (f"{name}-{suffix}" for suffix in suffixes):
            run_timed(tally, case, lambda: run_window(tally, case, whole))  # noqa: B023 - called at once
    return tally


def run_timed(tally: Tally, case: str, run: Callable[[], T]) -> T | None:
    """Run a case and record its CPU time; an exception breaks a rule."""
    begun = time.process_time()
    try:
        return run()
    except Exception as why:
        said = f"{type(why).__name__}: {why}"
        tally.broken.append(Breach(case, Violation("raised", 0.0, 0.0, 0.0, said)))
        return None
    finally:
        tally.cpu_ms[KINDS[read_kind(case)]] += round(1000 * (time.process_time() - begun))


def run_whole_session(tally: Tally, name: str) -> Base:
    """Run and judge a session without faults."""
    whole = run_base(name)
    find_oracle(whole.run).judge_quiet(0)
    record_case(tally, name, whole.run, 0.0, whole.run.t_s)
    return whole


def read_kind(case: str) -> str:
    """Return the kind of a case, a key of KINDS."""
    found = NAME.fullmatch(case)
    if found is None:
        raise ValueError(case)
    return found[3] or found[4] or ""


def read_number(case: str) -> int:
    """Return the number of a window."""
    found = NAME.fullmatch(case)
    return int(found[5]) if found and found[5] else 0


def fork_case(case: str, whole: Base) -> Run:
    """Return the run of a case at the moment where it leaves its session, with its events."""
    kind = read_kind(case)
    snapshots = whole.going if kind == "q" else whole.saved
    run = snapshots[read_number(case) % len(snapshots)].fork()
    now_s = run.hal.t_ms / 1000
    until_s = now_s + generators.WINDOW_S
    if kind == "s":
        events = generators.draw_session_faults(case, whole.run.scenario, now_s)
        until_s = whole.run.scenario.duration_s
    elif kind == "f":
        events = generators.draw_fault_window(case, now_s)
    else:
        events = generators.draw_quiet_window(case, now_s)
    run.continue_with(events, until_s)
    find_oracle(run).clear()
    return run


def run_window(tally: Tally, case: str, whole: Base, to_the_end: bool = False) -> Run:
    """Run and judge one case that forks from its session."""
    kind = read_kind(case)
    to_the_end = to_the_end or (kind != "s" and read_number(case) % WHOLE_ONE_IN == 0)
    run = fork_case(case, whole)
    oracle = find_oracle(run)
    began_s = run.t_s
    faults_before = oracle.claims.count_faults()
    tally.begun_in[states.STATES[run.unit.session.state]] += kind != "s"
    rested = run_to_rest(run, to_the_end)
    tally.rested += rested
    if kind == "q" or are_harmless(run.scenario.events, began_s):
        oracle.judge_quiet(faults_before)
    record_case(tally, case, run, began_s, run.scenario.duration_s if rested else run.t_s)
    return run


def rerun_case(case: str) -> tuple[Run, list[Violation]]:
    """Run one case alone, to its end; return the run and its violations."""
    tally = Tally()
    name = case.rpartition("-")[0] if read_kind(case) else case
    whole = run_whole_session(tally, name)
    run = run_window(tally, case, whole, True) if read_kind(case) else whole.run
    return run, [row.violation for row in tally.broken if row.case == case]


def run_to_rest(run: Run, to_the_end: bool) -> bool:
    """Run a case; return True if it came to rest and was left before its end."""
    resting = 0
    while run.advance(CHUNK_STEPS):
        resting = resting + 1 if is_at_rest(run) else 0
        if resting >= RESTING_CHUNKS and not to_the_end:
            return True
    return False


def is_at_rest(run: Run) -> bool:
    """Whether the unit is dark and cooling, nothing more happens, and only a person lights it."""
    hal = run.hal
    if not run.lifecycle.running and run.lifecycle.next_ms < NEVER_MS:
        return False
    if (
        any(hal.given())
        or not run.events_over()
        or run.hardware.pins & BUTTONS
        or run.hardware.stuck_pins
        or any(one.event.button for one in run.hardware.filters)
    ):
        return False
    if run.unit.session.state not in RESTING:
        return False
    return all(
        pad.tissue.contact_c < COOL_C
        and pad.tissue.external_w_m2 == 0.0
        and pad.tissue.ambient_c <= WARM_ROOM_C
        for pad in run.plant.pads
    )


# Each of these may be a sixth of what the lamp test expects of a bank: beside drivers that changed
# it makes a driver that is wrong.
CURRENTS = {"rail_offset", "driver_leak", "inrush"}


def are_harmless(events: tuple[Event, ...], since_s: float) -> bool:
    """Whether there are events after `since_s`, and none of them may stop a session."""
    later = [event for event in events if event.at_s > since_s and event.kind != "set"]
    drivers = [event for event in later if event.name == "led_gain"]
    currents = [event for event in later if event.name in CURRENTS]
    add_up = any(is_on_with(one, other) for one in drivers for other in currents)
    return bool(later) and not add_up and all(map(is_harmless, later))


def is_on_with(one: Event, other: Event) -> bool:
    """Whether two faults are on at the same time."""
    first, then = sorted((one, other), key=lambda event: event.at_s)
    return first.for_s is None or first.at_s + first.for_s > then.at_s


def is_harmless(event: Event) -> bool:
    """Whether an event is a fault that must not stop a session."""
    if event.kind != "fault" or find_bound(event.name, event.button).comes != GOES_ON:
        return False
    most = FAULTS[event.name].harmless_to
    return most is None or abs(float(event.value or 0.0)) <= most


def record_case(tally: Tally, case: str, run: Run, began_s: float, ends_s: float) -> None:
    """Close the oracle of a case that has been run, and add the case to the tally."""
    oracle = find_oracle(run)
    oracle.close()
    kind = read_kind(case)
    what = KINDS[kind]
    tally.cases[what] += 1
    tally.run_ms[what] += round(1000 * (run.t_s - began_s))
    tally.told_ms[what] += round(1000 * (ends_s - began_s))
    tally.broken += [Breach(case, row) for row in oracle.found]
    names = sorted({row.event.name for row in run.injected})
    tally.struck.update(names)
    if len(names) > 1:
        tally.pairs[" + ".join(names)] += 1
    heat = ("no fault", "one fault", "two faults")[min(len(names), 2)]
    if oracle.heat.ever:
        heat = "heated from outside"
    tally.hottest[heat] = max(tally.hottest.get(heat, (0.0, "")), (oracle.hottest_c, case))
    if len(names) == 1:
        for fault, ms in oracle.slowest:
            tally.slowest[fault] = max(tally.slowest.get(fault, (0, "")), (ms, case))
    if kind in ("", "s"):
        reason = run.unit.session.reason
        tally.ends[states.REASONS[reason] if reason >= 0 else "none"] += 1
