"""What a unit in a trial never does, whatever a person, the belt, the sensors and the clock do.

The machine of `tests.firmware.test_never` with tickets of both arms, and a person who answers.
After every tick the same meter and model are held against the unit, and these: a placebo unit's
duties are zero, the set point stays where it was prescribed, a visit never goes back, and no
answer that was confirmed is another afterwards.
"""

import json
import os
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from firmware.core.limits import (
    CEM43_SESSION_Q10_MS,
    DEBOUNCE_TICKS,
    SESSION_DAY_MAX_MS,
    TICK_MS,
)
from firmware.trial import visits
from firmware.waistband import Waistband
from tests.support.enrolled_unit import CLOCK_S, DAY_S, baseline, come, files_with, rate, ticket_of
from tests.support.fake_hal import CALIBRATION, DOWN, START, UP, Bench
from tests.support.hardware_events import Power, Sensors
from tests.support.keyed_unit import made
from tests.support.safety_oracle import SMALL, Watch
from tests.support.state_machine_base import Broken, in_state
from tests.support.user_events import People

WAY = ("SELF_TEST", "READY", "RATE", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED")
PROTOCOL = {"baseline_therapy": True, "movements": ["Bend"], "visits": 3}
MISHAPS = settings(
    max_examples=int(os.environ.get("MISHAPS", "30")),
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def confirmed(files: dict[str, bytes]) -> list[tuple[Any, ...]]:
    """The answers in the journal, in their order."""
    rows = []
    for name in sorted(name for name in files if name.startswith("journal.")):
        for line in files[name].splitlines():
            row = json.loads(line)
            if row["kind"] in ("rating", "guess"):
                rows.append(tuple(row[key] for key in visits.RECORDS[row["kind"]]))
    return rows


class TrialMachine(Power, Sensors, People):
    """A unit of either arm, its wearer, who answers, and everything that goes wrong."""

    reached: ClassVar[dict[tuple[str, int], Watch]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[Any, ...]] = []
        self.at: tuple[int, ...] = (0, 0, 0)
        self.unit_files: dict[str, bytes] = {}

    def on_the_way(self, to: str, start_ms: int) -> Watch:
        """A unit in a state of its first visit; by its clock, of one arm or the other."""
        masked = start_ms != 0
        content = b"?" if to == "LOCKED" else ticket_of(masked, protocol=PROTOCOL)
        bench = Bench(made(prescription=SMALL), CALIBRATION, start_ms, files=files_with(content),
                      clock_s=CLOCK_S)  # fmt: skip
        self.watch = Watch(bench, locked=to == "LOCKED")
        self.watch.model.clock_set = True  # a day may be over when the unit comes back
        if to == "LOCKED":
            self.go(1_400)
            return self.watch
        steps: tuple[Callable[[], object], ...] = (
            lambda: self.go(100),
            lambda: self.go(2_300),
            lambda: self.press_for(START, 100),
            lambda: (self.answer(5), self.answer(6)),
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

    @in_state("RATE")
    @rule(value=st.integers(0, 12))
    def answer(self, value: int) -> None:
        """UP as often, and START."""
        for _ in range(value + 1):
            self.press_for(UP, 60)
        self.press_for(START, 60)

    @in_state("RATE")
    @rule(presses=st.lists(st.sampled_from([UP, DOWN, START]), max_size=6))
    def press_about(self, presses: list[int]) -> None:
        """Whatever comes to mind."""
        for button in presses:
            self.press_for(button, 60)

    @in_state("RATE")
    @rule()
    def nobody_answers(self) -> None:
        """As if the unit had waited almost as long as it may."""
        self.watch.bench.unit.session.state_ms = self.watch.model.state_ms = 598_000
        self.go(4_000)

    @in_state("READY", "DONE", "FAULT", "PAUSED")
    @rule(days=st.sampled_from([0, 5, 7, 7, 7, 10, 30, -20]))
    def days_go_by(self, days: int) -> None:
        """The clock moves."""
        clock_s = self.hal.clock_s
        self.hal.clock_s = None if clock_s is None else max(0, clock_s + days * DAY_S)
        self.go(1_000)

    @rule(there=st.booleans())
    def clock_is(self, there: bool) -> None:
        """It loses its time, or is set."""
        self.hal.clock_s = CLOCK_S if there else None

    @invariant()
    def a_placebo_unit_drives_nothing(self) -> None:
        """Whatever its state."""
        trial = self.watch.bench.unit.trial
        assert trial
        assert trial.mask or max(self.hal.duty) == 0

    @invariant()
    def the_set_point_is_locked(self) -> None:
        """UP and DOWN are for answers."""
        unit = self.watch.bench.unit
        assert unit.session.lock or unit.session.set_point_mc == 40_500

    @invariant()
    def visits_go_on_and_answers_stay(self) -> None:
        """No way back."""
        files, trial = self.hal.files, self.watch.bench.unit.trial
        if files is not self.unit_files:  # another unit was fetched
            self.unit_files, self.answers, self.at = files, [], (0, 0, 0)
        if trial and trial.taken:
            step = trial.progress
            at = (step.visit, step.stage, step.item)
            assert at >= self.at
            self.at = at
        answers = confirmed(files)
        assert answers[: len(self.answers)] == self.answers
        self.answers = answers
        items = [row[:-1] for row in answers]
        assert len(items) == len(set(items)), "an item was answered twice"


TestTrial = TrialMachine.TestCase
TestTrial.settings = MISHAPS


ENDS: dict[str, Callable[[Waistband], None]] = {
    "cem43": lambda unit: setattr(unit.pads[0].cem43, "session_q10_ms", CEM43_SESSION_Q10_MS),
    "time": lambda unit: setattr(unit.session, "treat_ms", unit.session.course.max_ms),
    "day_limit": lambda unit: setattr(unit.session, "day_treat_ms", SESSION_DAY_MAX_MS),
    "battery": lambda unit: setattr(unit.battery, "ended", True),
}


@pytest.mark.parametrize("reason", ENDS)
def test_a_press_in_the_tick_that_ends_light_is_kept_in_the_dark(reason: str) -> None:
    bench = come(baseline(), 7)
    rate(bench, 1, 1, 1)
    bench.until("TREAT", 60_000)
    while bench.unit.phase != DEBOUNCE_TICKS - 1:
        bench.tick()
    before = len(bench.hal.calls)
    bench.hal.pins |= DOWN
    ENDS[reason](bench.unit)
    bench.run((DEBOUNCE_TICKS - 1) * TICK_MS)
    assert bench.state == "TREAT" and bench.hal.emitting()
    bench.tick()
    assert (bench.state, bench.reason) == ("RATE", reason)
    stored = [call[3] for call in bench.hal.calls[before:] if call[0] == "store"]
    assert stored and not any(stored)
