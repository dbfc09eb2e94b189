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

from tests.support.hardware_events import Power, Sensors
from tests.support.safety_oracle import Watch
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
