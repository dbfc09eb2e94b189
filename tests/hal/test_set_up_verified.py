"""Set-ups of the sensors' bus are read again while dark: a part that forgot its own is set up anew.

A part that loses its supply for a moment answers on, at power-on values: a thermometer measures,
but its alert is at 192 C; the rail monitor averages no more.
"""

from typing import Any

import pytest

from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import SOUND, broken, running, story, to

DARK_S, WITHIN_S = 5.0, 10.0
CONFIGURED = 0x0FFC  # bits of the TMP117's configuration that are set, and no flags
AVERAGED = 0x19FD  # INA219: 320 mV, 128 samples, shunt alone
NEVER = broken((
    "hal/bus.py",
    "        _, register, value, mask = self.setup[self.row]\n        now = self.fetch(register)\n",
    "        return\n        _, register, value, mask = self.setup[self.row]\n"
    "        now = self.fetch(register)\n",
))  # fmt: skip
NAMES = ("contact_a", "contact_b", "board_a", "board_b", "rail")


def read_set_up(part: Any) -> tuple[int, ...]:
    """The registers that a set-up writes."""
    if hasattr(part, "high"):
        return (part.config & CONFIGURED, part.high, part.low)
    return (part.config,)


@pytest.mark.parametrize(("build", "mended"), [(SOUND, True), (NEVER, False)])
@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_lost_its_supply_while_dark_is_set_up_anew_within_10_s(
    name: str, build: Build, mended: bool
) -> None:
    with running(story(duration_s=60.0), build) as run:
        to(run, DARK_S)
        part = run.driver.parts[name]
        told = read_set_up(part)
        part.power_on(run.chip.us)
        assert read_set_up(part) != told
        to(run, DARK_S + WITHIN_S)
        assert (read_set_up(part) == told) is mended


def test_the_alert_that_is_set_up_is_43_c() -> None:
    with running(story(duration_s=60.0)) as run:
        to(run, DARK_S)
        for name in NAMES[:2]:
            assert read_set_up(run.driver.parts[name])[1:] == (43 * 128, 42 * 128)
        assert read_set_up(run.driver.parts["rail"]) == (AVERAGED,)
