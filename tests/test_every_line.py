"""An exception and a hang at every line of guard, gate and control, in every state.

Each line of `every_line.FILES` is struck in each state, lit and dark, in which it was reached
within one control step of a saved unit to which something befell. Light is what a meter on
the emitters shows. Whatever the line: no light 80 ms after it, nothing granted to the
emitters by the tick that was broken off, none of it before a person asks again.
"""

import ast
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from firmware import states
from firmware.gate import Gate
from sim import lives
from sim.lines import executed
from sim.run import Run
from sim.scenario import Event
from tests.every_line import FILES, LIT, Place, lit, places, saved, state, struck

CHARGER_PIN = 16
DARK_MS = 80
KINDS = ("firmware_exception", "firmware_hang")
AFTER = ("SELF_TEST", "READY", "LOCKED")
CALM_S = 0.4  # watched after each reset
MOST_S = 10.0  # by then the long watchdog has bitten
WHY = {"firmware_exception": "reset", "firmware_hang": "watchdog"}

# Lines of the guard and the gate that are not reached in a lit state or out of one.
NOT_LIT = {"duty = 0": "no caller asks less than nothing of a bank"}


class Strike:
    """One place of one unit, struck, and what a meter shows from then on."""

    def __init__(self, place: Place, kind: str) -> None:
        self.run = struck(place.saved, place.what)
        self.left = place.nth
        self.at_ms = -1  # when it was struck
        self.lit_ms = -1.0  # when current last flowed
        self.granted: list[str] = []  # asked of the emitters since
        file, _, number = place.line.partition(":")
        self.wait = (file, int(number), Event(0.0, "fault", kind, line=place.line))
        lines = self.run.lines
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
            self.run.lines.waiting.append(self.wait)
            self.run.lines.watch()
            return
        self.at_ms = self.run.hal.t_ms
        hal: Any = self.run.hal
        drive, renew = hal.drive, hal.renew_lease
        hal.drive = self.noting("drive", drive)
        hal.renew_lease = self.noting("renew_lease", renew)
        self.run.ends(event)

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
    still_there = run.hal.warps or run.hal.silent or run.hal.pins & CHARGER_PIN
    return (*AFTER, "FAULT", "CHARGING") if still_there else AFTER


def strike(chosen: Iterable[Place]) -> tuple[int, list[str]]:
    """Strike each of these places in both ways: how many that were, and what was broken."""
    count, found = 0, []
    for place in chosen:
        for kind in KINDS:
            count += 1
            for broken in Strike(place, kind).broken(kind):
                found.append(f"{kind} at {place.line} in {place.state} ({place.what}): {broken}")
    return count, found


# -- every line, every state -------------------------------------------------------------------

WHERE = sorted({place.state for place in places()})


@pytest.mark.parametrize("where", WHERE)
def test_no_line_that_raises_or_hangs_leaves_light(where: str) -> None:
    here = [place for place in places() if place.state == where]
    count, broken = strike(here)
    told = f"{len(broken)} of {count} strikes at {len({p.line for p in here})} lines in {where}"
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
    assert state(run) in ends(run)


def test_every_state_is_saved_and_struck() -> None:
    assert {state(one.fork()) for one in saved()} == set(states.STATES)
    assert {where.partition(",")[0] for where in WHERE} == set(states.STATES)
    assert {f"{name}, lit" for name in LIT} <= set(WHERE)


@pytest.mark.parametrize("name", ["guard", "gate"])
def test_every_line_of_guard_and_gate_is_struck_in_a_lit_state_or_named_here(name: str) -> None:
    file = f"firmware/{name}.py"
    text = Path(file).read_text(encoding="utf-8").splitlines()
    struck_at = {
        int(place.line.partition(":")[2])
        for place in places()
        if place.line.startswith(file + ":") and was_lit(place)
    }
    made = lines_of_init(file)
    left = executed(file) - struck_at - made
    assert {text[line - 1].strip() for line in left} == {
        line for line in NOT_LIT if any(line == row.strip() for row in text)
    }


def was_lit(place: Place) -> bool:
    """Whether it is struck in a lit state, or on the way out of one."""
    return place.state.partition(",")[0] in LIT or state(saved()[place.saved].fork()) in LIT


def lines_of_init(file: str) -> set[int]:
    """Lines that make a part, at start: they are struck in the test after the next."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


@pytest.mark.parametrize("file", FILES)
def test_a_line_of_the_start_that_raises_or_hangs_leaves_the_unit_dark_at_the_prompt(
    file: str,
) -> None:
    path = f"firmware/{file}.py"
    treating = next(one for one in saved() if state(one.fork()) == "TREAT")
    for line in sorted(executed(path) & lines_of_init(path)):
        for kind in KINDS:
            run = treating.fork()
            run.lines.waiting.append((path, line, Event(0.0, "fault", kind)))
            run.then((Event(run.t_s + 0.1, "fault", "firmware_exception"),), run.t_s + 20.0)
            run.advance(10**9)
            assert not run.lives.alive, f"{kind} at {path}:{line}"
            assert len(run.restarts) == 1 and not lit(run)


# -- why a broken-off tick is as good as one that hangs -----------------------------------------


def test_no_code_of_a_tick_cleans_up_or_catches() -> None:
    """What raises ends the tick there and then, so that a hang can stand in a raise's place;
    only what is written by people, and read at start, may be refused."""
    found = {
        path.name
        for path in Path("firmware").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Try | ast.With)
    }
    assert found <= {"kept.py", "prescription.py", "waistband.py"}
    tree = ast.parse(Path("firmware/waistband.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name != "_accept":
            assert not any(isinstance(inner, ast.Try | ast.With) for inner in ast.walk(node))


# -- that all this can fail ---------------------------------------------------------------------


def of_gate() -> list[Place]:
    """The gate's places while it treats."""
    return [
        place for place in places()
        if place.state == "TREAT, lit" and place.line.startswith("firmware/gate.py:")
    ]  # fmt: skip


def test_a_main_loop_that_goes_on_after_an_exception_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lives.Lives, "after", lambda self, why: None)
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
