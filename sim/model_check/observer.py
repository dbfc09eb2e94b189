"""Observer of the model check: notes presses, posted events, and whether the belt is worn.

Made by `sim.model_check.harness` and by tests, around a unit's `buttons.step` and `session.post`;
told where control and plan begin and end. Changes nothing of the unit.
"""

from collections.abc import Callable
from typing import Any

from firmware.core import faults, states
from firmware.core.limits import UNWORN_STEPS
from firmware.ui import buttons
from sim.model_check.node import (
    FOR_GOOD,
    RESUMED,
    TEST,
    THERAPY,
    Notes,
    battery_bit,
    carry_request,
    convert_lock,
)

# Events that must end light at once.
STOPS = (
    states.FAULTED, states.HOLD, states.CHARGER_IN, states.BATTERY_END, states.HOST_IN,
    states.UNWORN_END, states.UNWORN, states.PRESS, states.CEM43, states.DOSE, states.TIME,
)  # fmt: skip


class Observer(Notes):
    """Keeps the notes of one unit."""

    def __init__(
        self, unit: Any, is_worn: Callable[[], bool], is_gone: Callable[[], bool] = lambda: False
    ) -> None:
        """Observe `unit`; `is_worn` is the truth about the belt, `is_gone` whether its buckle or a
        skin sensor shows that it is not: that must not pass a control step."""
        self.unit = unit
        unit.battery_bit = battery_bit(unit)
        self.is_worn = is_worn
        self.is_gone = is_gone
        self.began_in = states.SELF_TEST  # state at the tick's beginning
        self.done = 0  # the person's actions in this tick
        self.posted = 0  # events of this tick
        step, post = unit.buttons.step, unit.session.post

        def watched_step(pins: int, ms: int) -> int:
            self.done |= (done := step(pins, ms))
            return int(done)

        def watched_post(event: int) -> None:
            self.posted |= 1 << event
            state = unit.session.state
            if event in STOPS and state in states.LIT:
                # a unit that has reached its dose runs its lamp test in the dark
                self.stop |= int(event != states.DOSE or state != states.CHECK)
            post(event)

        unit.buttons.step = watched_step
        unit.session.post = watched_post

    def begin(self) -> None:
        """Note that a tick begins."""
        self.began_in = self.unit.session.state
        self.done = self.posted = self.stop = 0

    def before_control(self) -> int:
        """Note that control begins; return the state."""
        state: int = self.unit.session.state
        self.judged |= state == states.FAULT
        self._owe()
        return state

    def _owe(self) -> None:
        """A hard fault requires a lit self-test, but not in a unit locked for good."""
        if self.unit.faults.hard and convert_lock(self.unit.session.lock) != FOR_GOOD:
            self.owed = 1

    def after_control(self, state: int, cause: bool) -> None:
        """Note that control has run its checks; `cause`: a sensor failed."""
        self.cause = int(cause)
        lit_unworn = state in states.LIT and not self.is_worn()
        self.off_skin = min(self.off_skin + 1, UNWORN_STEPS) if lit_unworn else 0
        if lit_unworn and self.is_gone():
            self.off_skin = UNWORN_STEPS

    def before_plan(self) -> int:
        """Return the step of the lamp test that ends now; negative outside of CHECK."""
        self.active_before = self.unit.faults.active
        return int(self.unit.check.step) if self.unit.session.state == states.CHECK else -1

    def after_plan(self, step: int) -> None:
        """Note that control has planned the light."""
        if step >= 0:
            went_wrong = self.unit.faults.active & faults.STOPPING & ~self.active_before
            check = self.unit.check  # over, and neither begun anew nor in doubt
            self.checked = int(step == check.last < check.step and not went_wrong)

    def end(self) -> None:
        """Note that the tick is over."""
        unit = self.unit
        state = unit.session.state
        self._owe()
        if state != states.FAULT:
            self.judged = False
        if self.asked == TEST and self.checked and not (unit.session.lock or unit.faults.hard):
            self.owed = 0
        self.asked = carry_request(state, self.asked, self.began_in)
        if self.done & buttons.RELEASED:
            if self.posted & (1 << states.START | 1 << states.RATED):
                self.asked = THERAPY
            elif self.posted >> states.TEST & 1:
                self.asked = TEST
            elif self.posted >> states.RESUME & 1:
                self.asked = RESUMED.get(self.asked, self.asked)
            self.asked = carry_request(state, self.asked, state)
        if state not in states.LIT:
            self.off_skin = 0
        if state not in states.POWERED:
            self.checked = 0  # the next light needs its own lamp test
