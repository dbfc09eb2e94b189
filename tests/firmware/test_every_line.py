"""An exception and a hang at every line of guard, gate and control, in every state.

Each line of `every_line.FILES` is struck in each state, lit and dark, in which it was reached
within one control step of a saved unit to which something befell. Light is what a meter on
the emitters shows. Whatever the line: no light 80 ms after it, nothing granted to the
emitters by the tick that was broken off, none of it before a person asks again.
"""

import ast
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware import parts
from firmware.core import states
from firmware.core.conversions import ntc_table
from firmware.safety.gate import Gate
from firmware.therapy.dose import cem43_rates
from sim.common.story import Event
from sim.faults.catalogue import FAULTS
from sim.faults.line_trace import LineTrace
from sim.faults.source_lines import executed_lines, own_lines
from sim.hal_depth import lifecycle
from sim.hal_depth.depth import HalDepth
from sim.run import Run
from tests.support.every_line import FILES, LIT, Place, lit, places, saved, state, struck
from tests.support.start_lines import starting, starts

CHARGER_PIN = 16
DARK_MS = 80
KINDS = ("firmware_exception", "firmware_hang")
AFTER = ("SELF_TEST", "READY", "LOCKED")
CALM_S = 0.4  # watched after each reset
MOST_S = 10.0  # by then the long watchdog has bitten
WHY = {"firmware_exception": "reset", "firmware_hang": "watchdog"}

# Lines that are not reached, and why.
NOWHERE = {
    # no caller asks less than nothing of a bank
    "firmware/safety/gate.py": {"duty = 0"},
    # a control step is cut to its longest before it comes here
    "firmware/therapy/dose.py": {"step_ms = STEP_MAX_MS"},
    # wound up to the last 8 mC, while the ramp still holds back
    "firmware/therapy/pad.py": {"integral = -ONE"},
}
# Lines of functions that run when their module is imported, before any unit is there.
IMPORTED = {"firmware/therapy/dose.py": own_lines(cem43_rates.__code__)}


def lines_of(run: Run) -> LineTrace:
    """What waits for lines of the firmware."""
    assert isinstance(run.depth, HalDepth)
    return run.depth.lines


@pytest.fixture(scope="module", autouse=True)
def one_table() -> Iterator[None]:
    """The thermistors' tables, which depend on the board alone, are computed once: not at each of
    the 18,000 starts here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ntc_table", functools.cache(ntc_table))
        yield


class Strike:
    """One place of one unit, struck, and what a meter shows from then on."""

    def __init__(self, place: Place, kind: str) -> None:
        self.run = struck(place.saved, place.what)
        self.left = place.nth
        self.at_ms = -1  # when it was struck
        self.lit_ms = -1.0  # when current last flowed
        self.granted: list[str] = []  # asked of the emitters since
        self.wait = (place.file, place.line, Event(0.0, "fault", kind))
        lines = lines_of(self.run)
        lines.reached = self.reached
        lines.waiting.append(self.wait)
        self.run.hal.on_light = self.light
        self.go()

    def light(self, since_ms: float, until_ms: float, watts: float) -> None:
        """Current flowed."""
        self.lit_ms = until_ms

    def reached(self, event: Event) -> None:
        """The line is reached: strike, if it is the time that was meant."""
        self.left -= 1
        if self.left:
            lines_of(self.run).waiting.append(self.wait)
            lines_of(self.run).start_trace()
            return
        self.at_ms = self.run.hal.t_ms
        hal: Any = self.run.hal
        drive, renew = hal.drive, hal.renew_lease
        hal.drive = self.noting("drive", drive)
        hal.renew_lease = self.noting("renew_lease", renew)
        raise lifecycle.end(FAULTS[event.name].ends_program)

    def noting(self, name: str, method: Callable[..., None]) -> Callable[..., None]:
        """A method of the HAL that is written down."""

        def call(*arguments: int) -> None:
            if name != "drive" or arguments[1]:
                self.granted.append(name)
            method(*arguments)

        return call

    def go(self) -> None:
        """Until it is dark and reset, and a while longer."""
        run = self.run
        run.duration_s = run.t_s + MOST_S
        while run.advance(1) and not run.restarts:
            continue
        if run.restarts:
            run.duration_s = run.restarts[-1][0] + CALM_S
            while run.advance(10):
                continue

    def broken(self, kind: str) -> list[str]:
        """Every promise that was broken."""
        run = self.run
        found = []
        if self.at_ms < 0:
            return ["the line was not reached"]
        if self.lit_ms > self.at_ms + DARK_MS:
            found.append(f"lit {self.lit_ms - self.at_ms} ms after it")
        if self.granted:
            found.append(f"{' '.join(dict.fromkeys(self.granted))} after it")
        if lit(run):
            found.append("lit at the end")
        if run.hal.powered:
            if [why for _, why in run.restarts] != [WHY[kind]]:
                found.append(f"resets: {run.restarts}")
            elif run.unit.session.number:
                found.append("a session that nobody asked for")
        if run.hal.powered and state(run) not in ends(run):
            found.append(f"then {state(run)}")
        return found


def ends(run: Run) -> tuple[str, ...]:
    """Where a unit may be found after its reset: what befell it may still be there."""
    hardware = run.hardware
    still_there = hardware.filters or any(hardware.silenced) or hardware.pins & CHARGER_PIN
    return (*AFTER, "FAULT", "CHARGING") if still_there else AFTER


def strike(chosen: Iterable[Place]) -> tuple[int, list[str]]:
    """Strike each of these places in both ways: how many that were, and those that broke
    something."""
    count, found = 0, []
    for place in chosen:
        for kind in KINDS:
            count += 1
            broken = Strike(place, kind).broken(kind)
            if broken:
                at = f"{place.file}:{place.line} in {place.state} ({place.what})"
                found.append(f"{kind} at {at}: {', '.join(broken)}")
    return count, found


# -- every line, every state -------------------------------------------------------------------

# Where there are places to strike. Written down here, because finding the places takes seconds
# and every process that collects tests would spend them; a test below holds it to what is found.
DARK_ONLY = ("LOCKED", "RATE", "READY", "SERVICE", "WAIT_SKIN")
WHERE = sorted({*states.STATES, *(f"{name}, lit" for name in states.STATES
                                  if name not in DARK_ONLY)})  # fmt: skip


@pytest.mark.parametrize("where", WHERE)
def test_no_line_that_raises_or_hangs_leaves_light(where: str) -> None:
    here = [place for place in places() if place.state == where]
    count, broken = strike(here)
    told = f"{len(broken)} of {count} strikes at {len({p[1:3] for p in here})} lines in {where}"
    assert not broken, told + ":\n" + "\n".join(broken[:20])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", [where for where in WHERE if not where.startswith("OFF")])
def test_minutes_later_it_is_as_dark_and_waits_for_a_person(where: str, kind: str) -> None:
    place = next(place for place in places() if place.state == where)
    run = Strike(place, kind).run
    lit_ms: list[float] = []
    run.hal.on_light = lambda since_ms, until_ms, watts: lit_ms.append(since_ms)
    run.duration_s += 200.0
    while run.advance(1_000):
        continue
    assert lit_ms == [] and run.unit.session.number == 0
    assert state(run) in (*ends(run), "OFF")  # by itself, an ended battery within the minute


def test_every_state_is_saved_and_struck() -> None:
    assert {state(one.fork()) for one in saved()} == set(states.STATES)
    assert {place.state for place in places()} == set(WHERE)
    assert {where.partition(",")[0] for where in WHERE} == set(states.STATES)
    assert {f"{name}, lit" for name in LIT} <= set(WHERE)


@pytest.mark.parametrize("file", [f"firmware/{name}.py" for name in FILES])
def test_every_line_of_the_tick_is_struck_in_some_state_or_named_here(file: str) -> None:
    left = executed_lines(file) - {place.line for place in places() if place.file == file}
    assert texts(file, left - starting_lines(file)) == NOWHERE.get(file, set())


@pytest.mark.parametrize("file", ["firmware/safety/guard.py", "firmware/safety/gate.py"])
def test_every_line_of_guard_and_gate_is_struck_in_a_lit_state_or_named_here(file: str) -> None:
    at = {place.line for place in places() if place.file == file and was_lit(place)}
    assert texts(file, executed_lines(file) - at - starting_lines(file)) == NOWHERE.get(file, set())


def texts(file: str, lines: Iterable[int]) -> set[str]:
    """What stands on these lines."""
    text = Path(file).read_text(encoding="utf-8").splitlines()
    return {text[line - 1].strip() for line in lines}


def starting_lines(file: str) -> set[int]:
    """Lines of a file that importing or making the firmware reaches."""
    return {line for name, line, _ in starts() if name == file} | IMPORTED.get(file, set())


def was_lit(place: Place) -> bool:
    """Whether it is struck in a lit state, or on the way out of one."""
    return place.state.partition(",")[0] in LIT or state(saved()[place.saved].fork()) in LIT


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_of_a_start_that_raises_or_hangs_leaves_light(kind: str) -> None:
    """What stops there is dark at the prompt: `main.py` has no watchdog yet."""
    assert len(starts()) > 200
    for file, line, records in starts():
        run = starting(records)
        lines_of(run).waiting.append((file, line, Event(0.0, "fault", kind)))
        run.continue_with((Event(run.t_s + 0.1, "fault", "firmware_exception"),), run.t_s + CALM_S)
        run.advance(10**9)
        assert not run.lifecycle.running and not lines_of(run).waiting, f"{kind} at {file}:{line}"
        assert len(run.restarts) == 1 and not lit(run)


# -- why a broken-off tick is as good as one that hangs -----------------------------------------


# Where something may be caught, and what: what people and flash hold is read at start, the
# journal's end once the unit is ready, and a host's file or visit when it is sent, which is refused
# in a session. Each names what the reading raises: no broken-off tick, no exception of any kind.
MAY_CATCH = {
    ("json_codec.py", "parse"): "(ValueError, RuntimeError)",
    ("keys.py", "__init__"): "(KeyError, ValueError)",
    ("parts.py", "_accept"): "Refused",
    ("parts.py", "judge"): "Refused",
    ("trial.py", "set_visit"): "Refused",
    ("visits.py", "read"): "(KeyError, ValueError)",
}


def test_no_code_of_a_tick_cleans_up_or_catches() -> None:
    """What raises ends the tick there and then, so that a raise can stand in a hang's place."""
    found = {}
    for path in Path("firmware").rglob("*.py"):
        if path.name == "prescription.py":
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Try | ast.With):
                    found[path.name, function.name] = what_is_caught(node)
    assert found == MAY_CATCH


def what_is_caught(node: ast.Try | ast.With) -> str:
    """The exceptions that a statement names; its kind where it cleans up or catches all."""
    if isinstance(node, ast.With) or node.finalbody or len(node.handlers) != 1:
        return type(node).__name__
    kind = node.handlers[0].type
    return ast.unparse(kind) if kind else "all"


# -- that all this can fail ---------------------------------------------------------------------


def of_gate() -> list[Place]:
    """The gate's places while it treats."""
    return [
        place for place in places()
        if place.state == "TREAT, lit" and place.file == "firmware/safety/gate.py"
    ]  # fmt: skip


def test_a_main_loop_that_goes_on_after_an_exception_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle.Lifecycle, "end_tick", lambda self, why: None)
    count, broken = strike(of_gate()[:10])
    assert count == 20
    assert sum("firmware_exception" in one and " ms after it" in one for one in broken) >= 10


def test_a_lease_that_is_renewed_whatever_happens_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pass_out = Gate.pass_out

    def sure(self: Gate, permitted: bool, ms: int) -> None:
        try:
            pass_out(self, permitted, ms)
        finally:
            self.hal.renew_lease()

    monkeypatch.setattr(Gate, "pass_out", sure)
    count, broken = strike(of_gate())
    assert sum("renew_lease after it" in one for one in broken) >= count // 2
