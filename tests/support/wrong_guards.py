"""Guards that are wrong on purpose, for tests/sim/test_model_check.py: the search finds each."""

from collections.abc import Callable
from typing import Any

from firmware.core import states
from firmware.safety import guard
from firmware.therapy import session
from firmware.waistband import Waistband


def shuts_without_off(self: Any, ms: int) -> None:
    self.open = self.lit = self.planned = False


def hears_no_stop(event: int) -> Callable[..., None]:
    real = session.Session.post

    def post(self: Any, posted: int) -> None:
        if posted != event:
            real(self, posted)

    return post


def looks_away(self: Any, real: Any = guard.Guard.check) -> int:
    real(self)
    return 0


def forgets_the_check(unit: Any, real: Any = Waistband._enter) -> None:
    real(unit)
    if unit.session.state == states.CHECK:
        unit.check.step = unit.check.last + 1
        unit.session.post(states.PASSED)


def raises(*_arguments: Any) -> None:
    raise ZeroDivisionError("in the tick")
