"""A unit on the bench, and whoever stands beside it: what all state machines begin with.

After each single tick a watch and a model are held against the unit (`tests.support.safety_oracle`,
`tests.support.unit_model`).
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from firmware.core.limits import CLOCK_MASK, CONTROL_TICKS
from tests.support.fake_hal import BOARD, CALIBRATION, START, Bench
from tests.support.safety_oracle import SMALL, Watch
from tests.support.unit_model import SESSION

WAY = ("SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED")
UNCALIBRATED = {**CALIBRATION, "window_cm2": 0}
CLOCKS_MS = [0, CLOCK_MASK - 1_000, CLOCK_MASK - 20_000]
BEGIN = st.sampled_from([*WAY, "RAMP", "TREAT", "TREAT", "TREAT", "LOCKED"])


class Broken(Exception):
    """What none may: a method of the HAL raised, a unit did not get where it should."""


def in_state(*names: str) -> Callable[[Any], Any]:
    """A rule for these states alone."""
    return precondition(lambda machine: machine.state in names)


IN_SESSION = in_state(*SESSION)


class Beside(RuleBasedStateMachine):
    """A unit, and whoever watches it."""

    reached: ClassVar[dict[tuple[str, int], Watch]]  # units on their way, to begin from

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch(Bench(SMALL))

    @property
    def hal(self) -> Any:
        return self.watch.bench.hal

    @property
    def state(self) -> str:
        return self.watch.bench.state

    def go(self, ms: int, step_ms: int = 20) -> None:
        """Time goes by; a unit that switched itself off is switched on again."""
        if self.state == "OFF":
            self.power_up(0)
        self.hal.step_ms = step_ms
        heard_ticks = self.hal.heard_ticks
        if step_ms != 20:
            self.hal.heard_ticks = 1  # late ticks make the bus no slower
        for _ in range(ms // step_ms):
            self.watch.tick()
        self.hal.step_ms = 20
        self.hal.heard_ticks = heard_ticks

    def power_up(self, start_ms: int) -> None:
        """Power comes back, or the chip was reset."""
        self.watch.reset(start_ms)

    def warm(self, mc: int) -> None:
        """Skin at a temperature from a control step on: in the midst of one, it springs."""
        while self.watch.bench.unit.phase != CONTROL_TICKS - 1:
            self.watch.tick()
        self.hal.skin_mc(mc)
        for pad in self.watch.bench.unit.pads:
            pad.checks.seen = 0  # as skin warms: no sensor is taken to have jumped

    def press_for(self, pins: int, ms: int) -> None:
        self.hal.pins |= pins
        self.go(ms)
        self.hal.pins &= ~pins
        self.go(60)

    @initialize(start_ms=st.sampled_from(CLOCKS_MS), to=BEGIN,
                heard_ticks=st.sampled_from([1, 5]))  # fmt: skip
    def begin(self, start_ms: int, to: str, heard_ticks: int) -> None:
        self.fetch(start_ms, to)
        self.hal.heard_ticks = heard_ticks

    @in_state("READY", "CHARGING", "DONE", "FAULT", "LOCKED", "OFF")
    @rule(to=st.sampled_from(["RAMP", "TREAT"]))
    def fetch_lit(self, to: str) -> None:
        """One that treats."""
        self.fetch(0, to)

    @in_state("SELF_TEST", "READY", "CHARGING", "DONE", "FAULT", "LOCKED", "OFF")
    @rule(start_ms=st.sampled_from(CLOCKS_MS), to=BEGIN)
    def fetch(self, start_ms: int, to: str) -> None:
        """Another unit, that is on its way already."""
        key = (to, start_ms)
        if key not in self.reached:
            self.reached[key] = self.on_the_way(*key)
        self.watch = deepcopy(self.reached[key], {id(BOARD): BOARD})  # a module is not copied

    def on_the_way(self, to: str, start_ms: int) -> Watch:
        """A unit in a state of an ordinary session, or locked, watched from power-on."""
        if to == "LOCKED":
            self.watch = Watch(Bench(SMALL, UNCALIBRATED, start_ms), locked=True)
            self.go(1_400)
            return self.watch
        self.watch = Watch(Bench(SMALL, start_ms=start_ms))
        steps: tuple[Callable[[], None], ...] = (
            lambda: self.go(100),
            lambda: self.go(1_300),
            lambda: self.press_for(START, 100),
            lambda: self.go(5_200),
            lambda: self.go(3_000),
            lambda: self.go(30_000),
            lambda: self.press_for(START, 100),
        )
        for step in steps[: WAY.index(to) + 1]:
            step()
        if self.state != to:
            raise Broken(f"on the way to {to}: {self.state}")
        return self.watch
