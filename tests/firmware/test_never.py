"""What the unit never does, whatever a person, the belt, the sensors, the power and the clock do.

Hypothesis makes up what happens (`tests.support.user_events`, `tests.support.hardware_events`).
After every single tick a meter on the emitters is held against the design's list of what never
happens (`tests.support.safety_oracle`), and state, set point, faults, dose and thermal dose
against a small model (`tests.support.unit_model`).

MISHAPS=1000 in the environment makes so many units go through them, in the place of 40.
"""

import os
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant

from tests.support.fake_hal import DOWN, START
from tests.support.hardware_events import Power, Sensors
from tests.support.safety_oracle import Watch
from tests.support.unit_model import DAY_MS, LIT
from tests.support.user_events import People

MISHAPS = settings(
    max_examples=int(os.environ.get("MISHAPS", "40")),
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class NeverMachine(Power, Sensors, People):
    """A unit, its wearer, and everything that goes wrong."""

    reached: ClassVar[dict[tuple[str, int], Watch]] = {}


class WearerMachine(People):
    """A unit in good order, and everything that its wearer does: never a fault."""

    reached: ClassVar[dict[tuple[str, int], Watch]] = {}

    @invariant()
    def no_fault_is_found(self) -> None:
        """In nothing that a wearer does."""
        assert self.watch.bench.faults() == []


TestNever = NeverMachine.TestCase
TestNever.settings = MISHAPS
TestWearer = WearerMachine.TestCase
TestWearer.settings = MISHAPS


def test_after_a_reset_the_day_is_as_old_as_its_file_says() -> None:
    """Without a clock, time since the last write is not counted: light after the reset is still
    of the old day, for the model as for the unit."""
    wearer = WearerMachine()
    wearer.fetch(0, "READY")
    wearer.it_is_late_in_the_day(treat_ms=0, hot_min=0.0, day_ms=DAY_MS - 30_000)
    wearer.charger(20)
    wearer.go(10_000)  # dark, so that nothing is written
    wearer.charger(500)
    wearer.command(b"service")
    wearer.go(500)
    wearer.start(20_000)
    assert wearer.state in LIT
    assert wearer.watch.bench.unit.session.day_ms < 60_000, "the day did not end"


def test_a_day_that_is_moved_back_in_memory_is_still_as_old_as_its_file_says() -> None:
    """Moved to its last 30 s twice, the second time with a start that is refused."""
    wearer = WearerMachine()
    wearer.fetch(0, "READY")
    wearer.it_is_late_in_the_day(treat_ms=0, hot_min=0.0, day_ms=DAY_MS - 30_000)
    wearer.go(8_000)
    wearer.charger(500)
    wearer.charger(1_200)
    assert wearer.state == "READY"
    wearer.it_is_late_in_the_day(treat_ms=0, hot_min=4.2, day_ms=DAY_MS - 30_000)
    wearer.command(b"service")
    wearer.go(500)
    wearer.start(20_000)
    assert wearer.state in LIT


def test_a_touch_too_short_to_be_a_press_does_not_make_start_believed_again() -> None:
    """DOWN is brushed for a tick before START closes for the fifth time within a minute."""
    wearer = WearerMachine()
    wearer.fetch(0, "READY")
    for touch_ms in (0, 0, 0, 0, 20):
        wearer.go(3_000)
        wearer.press(DOWN, touch_ms)
        wearer.press(START, 100)
    assert wearer.watch.bench.refused == "button_stuck"
