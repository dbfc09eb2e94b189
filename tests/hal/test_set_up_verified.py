"""Set-ups of the chips are read again, lit or dark: a part that forgot its own is set up anew.

A part that loses its supply for a moment answers on, at power-on values: a thermometer measures,
but its alert is at 192 C; the rail monitor averages no more; the screen is blank.
"""

from typing import Any

import pytest

from sim.common.story import Event
from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import LIT_S, SOUND, broken, lit, running, story, to, treating

DARK_S, WITHIN_S = 5.0, 10.0
CONFIGURED = 0x0FFC  # bits of the TMP117's configuration that are set, and no flags
AVERAGED = 0x19FD  # INA219: 320 mV, 128 samples, shunt alone
NEVER = broken((
    "hal/rp2_hal.py",
    "        elif free == VERIFY:\n",
    "        elif free == -1:\n",
))  # fmt: skip
FAULTS = {
    "contact_a": "contact_reset", "contact_b": "contact_reset",
    "board_a": "board_sensor_reset", "board_b": "board_sensor_reset",
    "rail": "rail_reset", "gauge": "gauge_reset", "skin": "skin_sensor_reset",
}  # fmt: skip


def read_set_up(part: Any) -> tuple[Any, ...]:
    """The registers that a set-up writes."""
    if hasattr(part, "high"):
        return (part.config & CONFIGURED, part.high, part.low)
    if hasattr(part, "configs"):
        return (*part.configs[:2], part.config & 0xFFF0)
    if hasattr(part, "registers"):
        return (part.registers[part.STATUS],)
    return (part.config,)


def reset_at(at_s: float, name: str, **more: Any) -> Any:
    """A story in which a part loses its supply."""
    pad = name[-1].upper() if FAULTS[name] in ("contact_reset", "board_sensor_reset") else None
    return story(Event(at_s, "fault", FAULTS[name], pad), **more)


@pytest.mark.parametrize("name", FAULTS)
def test_a_part_that_lost_its_supply_while_dark_is_set_up_anew_within_10_s(name: str) -> None:
    with running(reset_at(DARK_S, name, duration_s=60.0)) as run:
        to(run, DARK_S - 0.5)
        part = run.driver.parts[name]
        told = read_set_up(part)
        to(run, DARK_S + 0.02)
        assert read_set_up(part) != told
        to(run, DARK_S + WITHIN_S)
        assert read_set_up(part) == told
        assert sum(run.driver.unit.inputs.lost) == 1 and run.result()["faults"] == []


def test_the_alert_that_is_set_up_is_43_c() -> None:
    with running(story(duration_s=60.0)) as run:
        to(run, DARK_S)
        for name in ("contact_a", "contact_b"):
            # 7.6.1.2: continuous, eight averaged, therm mode; the pin an alert, and low when hot
            assert read_set_up(run.driver.parts[name]) == (0x0030, 43 * 128, 42 * 128)
        assert read_set_up(run.driver.parts["rail"]) == (AVERAGED,)


@pytest.mark.parametrize(("build", "mended"), [(SOUND, True), (NEVER, False)])
def test_an_alert_that_is_lost_while_lit_is_set_up_anew_within_10_s(
    build: Build, mended: bool
) -> None:
    with treating(Event(LIT_S, "fault", "contact_reset"), build=build) as run:
        to(run, LIT_S - 0.1)
        parts = [run.driver.parts[name] for name in ("contact_a", "contact_b")]
        told = [read_set_up(part) for part in parts]
        to(run, LIT_S + 0.3)
        assert [read_set_up(part) for part in parts] != told
        to(run, LIT_S + WITHIN_S)
        assert ([read_set_up(part) for part in parts] == told) is mended
        assert lit(run) and run.result()["faults"] == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_part_that_lost_its_supply_while_lit_is_set_up_anew_and_light_goes_on(name: str) -> None:
    pad = name[-1].upper() if FAULTS[name] in ("contact_reset", "board_sensor_reset") else None
    with treating(Event(LIT_S, "fault", FAULTS[name], pad)) as run:
        to(run, LIT_S - 0.1)
        told = read_set_up(run.driver.parts[name])
        to(run, LIT_S + WITHIN_S)
        assert read_set_up(run.driver.parts[name]) == told
        assert sum(run.driver.unit.inputs.lost) == 1
        assert lit(run) and run.result()["faults"] == []


@pytest.mark.parametrize("at_s", [15.3 + 0.13 * k for k in range(18)])
def test_a_rail_monitor_that_is_reset_in_the_lamp_test_leaves_no_bank_out(at_s: float) -> None:
    with treating(Event(at_s, "fault", "rail_reset")) as run:
        to(run, LIT_S)
        assert lit(run) and run.result()["faults"] == []
        assert min(run.driver.unit.gate.caps) > 0
        assert read_set_up(run.driver.parts["rail"]) == (AVERAGED,)


@pytest.mark.parametrize("at_s", [5.0, LIT_S])
def test_a_screen_that_lost_its_supply_is_whole_again_within_10_s(at_s: float) -> None:
    with treating(Event(at_s, "fault", "screen_reset")) as run:
        to(run, at_s - 0.1)
        rows = run.screen()
        to(run, at_s + 0.3)
        assert run.screen() != rows
        to(run, at_s + WITHIN_S)
        shown = run.screen()
        assert shown[0].strip() and shown[4:6] == rows[4:6] and "?" not in "".join(shown)


@pytest.mark.parametrize("at_s", [40.0 + 0.07 * k for k in range(6)])
def test_a_rail_monitor_that_is_reset_while_treating_misses_no_current(at_s: float) -> None:
    with treating(Event(at_s, "fault", "rail_reset")) as run:
        to(run, at_s + 8.0)
        assert lit(run) and run.result()["faults"] == []
        assert run.driver.unit.rail.rechecks == 0
        assert read_set_up(run.driver.parts["rail"]) == (AVERAGED,)
