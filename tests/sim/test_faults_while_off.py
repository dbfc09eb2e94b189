"""Faults of the program and the chip that strike a unit that is switched off: nothing runs."""

import pytest

from sim.common.story import Event
from sim.common.value_record import replace
from sim.driver_depth.run import DriverDepth
from sim.run import Run
from sim.scenario.scenario import ordinary

OFF = (Event(2.0, "press", "START", hold_ms=2_000),)
PROGRAM = (
    "soft_reset", "host_attach", "brownout", "firmware_exception", "firmware_hang", "flash_torn",
)  # fmt: skip


def run_of(*events: Event, driver: bool) -> Run:
    """A unit that is switched off at 2 s, and on again at 30 s."""
    on = Event(30.0, "press", "START", hold_ms=200)
    story = replace(
        ordinary(), duration_s=36.0, until_done=False,
        events=(*OFF, *events, on),
    )  # fmt: skip
    return Run(story, depth=DriverDepth()) if driver else Run(story)


@pytest.mark.parametrize("name", PROGRAM)
@pytest.mark.parametrize("driver", [False, True], ids=["HAL depth", "driver depth"])
def test_it_stays_off_until_start_and_is_then_as_ever(name: str, driver: bool) -> None:
    run = run_of(Event(20.0, "fault", name), driver=driver)
    while run.t_s < 29.0 and run.advance(1):
        pass
    assert run.result()["state"] == "OFF"
    run.advance(10**9)
    assert run.result()["state"] == "READY" and run.result()["faults"] == []
