"""Deadlines of the catalogue of faults: the times are those of the design."""

import pytest

from sim.faults.catalogue import BOUNDS, FAULTS, find_bound
from sim.faults.deadlines import AT_START, BANK, DOUBLE_C, GOES_ON, OFF, SINGLE_C
from sim.scenario.scenario import parse

# Within how many ms each fault that must end light, or a bank's, has ended it. These times are
# written a second time on purpose: a slip of the pen in the catalogue must not loosen a bound.
DESIGN = {
    "brownout": 0,
    "ntc_open": 80, "ntc_short": 80,
    "hot_skin": 80, "no_perfusion": 80, "hot_room": 80, "under_blanket": 80, "lying_on_pad": 80,
    "battery_sag": 80, "battery_low": 80,
    "button_stuck": 80, "button_chatter": 80,
    "charger_plugged": 80,
    "pad_unplugged": 80,
    "firmware_exception": 80, "firmware_hang": 80,
    "host_attach": 500, "soft_reset": 500,
    "ntc_stuck": 800, "ntc_drift": 800, "contact_drift": 800, "sensors_step": 800,
    "contact_stuck": 800, "contact_lost": 800, "contact_garbage": 800,
    "i2c_hang": 800, "bus_low": 800,
    "board_sensor_lost": 1_000,
    "fet_stuck_on": 1_000,
    "led_open": 1_000,
    "unworn": 1_000, "slips": 1_000, "on_surface": 1_000,
    "skin_sensor_lost": 1_000,
    "skin_sensor_open": 1_000,
}  # fmt: skip


def test_every_time_of_the_catalogue_is_that_of_the_design():
    timed = {row.fault: row.within_ms for row in BOUNDS if row.within_ms is not None}
    assert timed == DESIGN


def test_a_row_says_what_must_come_of_it_and_until_when():
    for row in BOUNDS:
        assert row.comes in {OFF, BANK, AT_START, GOES_ON}, row.fault
        assert (row.within_ms is None) == (row.comes in {AT_START, GOES_ON}), row.fault
        assert row.tried and row.ends and row.source, row.fault


@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: f"{row.fault}-{row.tried[0].button}")
def test_a_scenario_takes_every_value_with_which_a_fault_is_tried(row):
    for trial in row.tried:
        lines = ["duration_s = 9", "[[event]]", "at_s = 1", f'fault = "{row.fault}"']
        if trial.value is not None:
            is_whole = FAULTS[row.fault].unit == "nm"
            lines.append(f"value = {int(trial.value) if is_whole else trial.value}")
        if trial.button:
            lines.append(f'button = "{trial.button}"')
        if FAULTS[row.fault].pad:
            lines.append('pad = "B"')
        [event] = parse("\n".join(lines), "trial").events
        assert (event.name, event.value, event.button) == (row.fault, trial.value, trial.button)


def test_a_row_is_found_by_its_fault_and_by_the_button_that_is_stuck():
    assert find_bound("ntc_open").fault == "ntc_open"
    assert find_bound("button_stuck", "START").comes == OFF
    assert find_bound("button_stuck", "UP").comes == AT_START
    with pytest.raises(KeyError):
        find_bound("ntc_opn")


def test_the_bounds_of_contact_are_the_designs() -> None:
    assert (SINGLE_C, DOUBLE_C) == (43.0, 43.5)
