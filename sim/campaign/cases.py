"""Random sessions and windows, run and judged: what a campaign is made of.

A case has a name, and is a function of it alone: "7-123" is session 123 of seed 7, run whole
and without faults; "7-123-s" the same session with faults in it; "7-123-f4" a window of 200 s
with faults, begun from a state that the session was in, and "7-123-q4" one without, with noise
of its own. `session` runs all cases of one session, so that the session is run once; `again`
runs one of them. Whatever is called here runs wherever it is sent: it touches no file.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, TypeVar

from firmware.core import states
from firmware.core.inputs import BUTTONS
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.campaign import generators
from sim.campaign.snapshot import Saved
from sim.common.story import Event
from sim.faults.catalogue import FAULTS, find_bound
from sim.faults.deadlines import GOES_ON
from sim.faults.hardware import NEVER_MS
from sim.oracle.design import GOING_ON
from sim.oracle.rules import Violation
from sim.oracle.safety_oracle import Witness, witness_of
from sim.run import Run

T = TypeVar("T")

STATES_KEPT = 6  # of a session, from which its windows begin
STEP_S = CONTROL_TICKS * TICK_MS / 1000
CHUNK_STEPS = 25
RESTING_CHUNKS = 2  # a window that came to rest is watched so much longer
WHOLE_ONE_IN = 20  # windows that are run to their end even so
# States that only a person leads out of: whoever is in one stays dark.
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
    """What came of some cases; adds up."""

    cases: Counter[str] = field(default_factory=Counter)  # by kind
    told_ms: Counter[str] = field(default_factory=Counter)  # the simulated time they stand for
    run_ms: Counter[str] = field(default_factory=Counter)  # ... and what was run of it
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
        """Take in another's."""
        for name in COUNTED:
            getattr(self, name).update(getattr(more, name))
        self.broken += more.broken
        self.rested += more.rested
        for what, row in more.hottest.items():
            self.hottest[what] = max(self.hottest.get(what, row), row)
        for what, late in more.slowest.items():
            self.slowest[what] = max(self.slowest.get(what, late), late)


@dataclass
class Base:
    """A session without faults, and the states that windows begin from."""

    run: Run
    saved: list[Saved]
    going: list[Saved]  # those in which it goes on by itself; all of them if there are none


def base(name: str) -> Base:
    """Run a session to its end, keeping states along the way."""
    scenario = generators.session(name)
    run = Run(scenario)
    run.witness = Witness(run)
    saved, going = [], []
    for moment_s in generators.moments(name, scenario, STATES_KEPT):
        steps = int((moment_s - run.t_s) / STEP_S)
        if steps > 0 and not run.advance(steps):
            break
        saved.append(Saved(run))
        if witness_of(run).claims.read_state() in GOING_ON:
            going.append(saved[-1])
    saved = saved or [Saved(run)]
    while run.advance(CHUNK_STEPS):
        pass
    return Base(run, saved, going or saved)


def session(seed: int, index: int, faulty: int, quiet: int) -> Tally:
    """All cases of one session: itself, itself with faults, and so many windows."""
    name = f"{seed}-{index}"
    tally = Tally()
    whole = timed(tally, name, lambda: whole_session(tally, name))
    if whole:
        cases = [f"{name}-s"]
        cases += [f"{name}-f{k}" for k in range(faulty)] + [f"{name}-q{k}" for k in range(quiet)]
        for case in cases:
            timed(tally, case, lambda: window(tally, case, whole))  # noqa: B023 - called at once
    return tally


def timed(tally: Tally, case: str, run: Callable[[], T]) -> T | None:
    """Run a case and enter what it cost; whatever it raises breaks a rule."""
    begun = time.process_time()
    made = None
    try:
        made = run()
    except Exception as why:
        said = f"{type(why).__name__}: {why}"
        tally.broken.append(Breach(case, Violation("raised", 0.0, 0.0, 0.0, said)))
    tally.cpu_ms[KINDS[kind_of(case)]] += round(1000 * (time.process_time() - begun))
    return made


def whole_session(tally: Tally, name: str) -> Base:
    """Run and judge a session without faults."""
    whole = base(name)
    witness_of(whole.run).judge_quiet(0)
    note(tally, name, "", whole.run, 0.0, whole.run.t_s)
    return whole


def kind_of(case: str) -> str:
    """A key of KINDS."""
    found = NAME.fullmatch(case)
    if found is None:
        raise ValueError(case)
    return found[3] or found[4] or ""


def number_of(case: str) -> int:
    """Which of its session's windows it is."""
    found = NAME.fullmatch(case)
    return int(found[5]) if found and found[5] else 0


def fork(case: str, whole: Base) -> Run:
    """A case of a session at the moment where it parts from it, its story told."""
    kind = kind_of(case)
    states_kept = whole.going if kind == "q" else whole.saved
    run = states_kept[number_of(case) % len(states_kept)].fork()
    now_s = run.hal.t_ms / 1000
    if kind == "s":
        run.continue_with(
            generators.struck(case, whole.run.scenario, now_s), whole.run.scenario.duration_s
        )
    else:
        events = generators.faulty(case, now_s) if kind == "f" else generators.quiet(case, now_s)
        run.continue_with(events, now_s + generators.WINDOW_S)
    witness_of(run).forget()
    return run


def window(tally: Tally, case: str, whole: Base, to_the_end: bool = False) -> Run:
    """Run and judge one case that forks from its session; some windows in any case to their
    end."""
    kind = kind_of(case)
    to_the_end = to_the_end or (kind != "s" and number_of(case) % WHOLE_ONE_IN == 0)
    run = fork(case, whole)
    witness = witness_of(run)
    began_s = run.t_s
    faults_before = witness.claims.count_faults()
    tally.begun_in[states.STATES[run.unit.session.state]] += kind != "s"
    rested = play(run, to_the_end)
    tally.rested += rested
    if kind == "q" or harmless(run.scenario.events, began_s):
        witness.judge_quiet(faults_before)
    note(tally, case, kind, run, began_s, run.scenario.duration_s if rested else run.t_s)
    return run


def again(case: str) -> tuple[Run, list[Violation]]:
    """One case alone, run to its end."""
    tally = Tally()
    name = case.rpartition("-")[0] if kind_of(case) else case
    whole = whole_session(tally, name)
    run = window(tally, case, whole, True) if kind_of(case) else whole.run
    return run, [row.violation for row in tally.broken if row.case == case]


def play(run: Run, to_the_end: bool) -> bool:
    """Run a case; True if it came to rest and was left before its end."""
    resting = 0
    while run.advance(CHUNK_STEPS):
        resting = resting + 1 if at_rest(run) else 0
        if resting >= RESTING_CHUNKS and not to_the_end:
            return True
    return False


def at_rest(run: Run) -> bool:
    """Dark, in a state that only a person leads out of, nobody there, no reset to come, and
    cooling down."""
    hal = run.hal
    if not run.lifecycle.running and run.lifecycle.next_ms < NEVER_MS:
        return False
    if (
        any(hal.given())
        or not run.events_over()
        or run.hardware.pins & BUTTONS
        or run.hardware.stuck_pins
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


def harmless(events: tuple[Event, ...], since_s: float) -> bool:
    """Whether what happens since then must not stop a session."""
    later = [event for event in events if event.at_s > since_s and event.kind != "set"]
    return bool(later) and all(
        event.kind == "fault"
        and find_bound(event.name, event.button).comes == GOES_ON
        and float(event.value or 0.0) <= most_harmless(event.name)
        for event in later
    )


def most_harmless(fault: str) -> float:
    """The largest value with which a fault must not end a session."""
    most = FAULTS[fault].harmless_to
    return inf if most is None else most


def note(tally: Tally, case: str, kind: str, run: Run, began_s: float, told_to_s: float) -> None:
    """Enter a case that has been run."""
    witness = witness_of(run)
    witness.close()
    what = KINDS[kind]
    tally.cases[what] += 1
    tally.run_ms[what] += round(1000 * (run.t_s - began_s))
    tally.told_ms[what] += round(1000 * (told_to_s - began_s))
    tally.broken += [Breach(case, row) for row in witness.found]
    names = sorted({row.event.name for row in run.injected})
    tally.struck.update(names)
    if len(names) > 1:
        tally.pairs[" + ".join(names)] += 1
    heat = ("no fault", "one fault", "two faults")[min(len(names), 2)]
    if witness.outside:
        heat = "heated from outside"
    tally.hottest[heat] = max(tally.hottest.get(heat, (0.0, "")), (witness.hottest_c, case))
    if len(names) == 1:
        for fault, ms in witness.slowest:
            tally.slowest[fault] = max(tally.slowest.get(fault, (0, "")), (ms, case))
    if kind in ("", "s"):
        reason = run.unit.session.reason
        tally.ends[states.REASONS[reason] if reason >= 0 else "none"] += 1
