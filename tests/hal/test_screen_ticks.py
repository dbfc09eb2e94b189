"""Which tick a page of the screen goes out in, on the simulated chip's bus."""

from typing import Any

import pytest

from firmware.waistband import SCREEN_PHASE
from tests.support.chip_programs import LIT_S, to, treating


@pytest.mark.parametrize("lost_s", [0.0, 1.5])
def test_while_lit_a_page_is_sent_in_the_tick_after_the_control_step_alone(lost_s: float):
    with treating() as run:
        to(run, LIT_S)
        bus: Any = run.parts.buses[1]
        find, phases = bus.find, []

        def finds(address: int) -> Any:
            phases.append(run.unit.phase)
            return find(address)

        bus.find = finds
        run.hardware.silence(("screen",), True)  # what was not sent waits for such a tick
        to(run, LIT_S + lost_s)
        run.hardware.silence(("screen",), False)
        to(run, LIT_S + 10.0)
        assert len(phases) > 10
        assert set(phases) == {SCREEN_PHASE}
