"""The bounds are those of the design's fault table, a row a fault."""

import pytest

from sim import bounds
from sim.bounds import AT_START, BANK, GOES_ON, OFF, ROWS
from sim.fault_table import FAULTS
from sim.scenario import parse

# The design's table, read down: the fault, and within how many ms it is off (None where
# nothing has to go dark).
DESIGN = {
    "ntc_open": 80, "ntc_short": 80,
    "ntc_stuck": 800, "ntc_drift": 800,
    "contact_stuck": 800, "contact_lost": 800, "contact_garbage": 800,
    "ntc_noise": None,
    "board_sensor_lost": 1_000,
    "hot_skin": 80, "no_perfusion": 80, "hot_room": 80, "under_blanket": 80, "lying_on_pad": 80,
    "alert_broken": None,
    "fet_stuck_on": 1_000,
    "enable_stuck": None,
    "led_open": 1_000,
    "battery_sag": 80, "battery_low": 80,
    "gauge_nak": None, "gauge_garbage": None,
    "i2c_hang": 800,
    "clock_jump": None,
    "button_stuck": 80, "button_bounce": None,
    "charger_plugged": 80,
    "pad_unplugged": 80,
    "unworn": 1_000,
    "firmware_exception": 80, "firmware_hang": 80,
    "host_attach": 500, "soft_reset": 500,
    "brownout": 0,
    "flash_full": None, "flash_corrupt": None, "flash_torn": None,
}  # fmt: skip


def test_the_bounds_are_of_exactly_the_faults_of_the_design():
    assert set(bounds.FAULTS) == set(DESIGN)


@pytest.mark.parametrize("fault", DESIGN)
def test_a_fault_is_off_within_the_designs_time(fault):
    assert bounds.of(fault).within_ms == DESIGN[fault]


def test_every_fault_that_a_scenario_may_call_for_has_a_bound():
    assert set(FAULTS) <= set(DESIGN)


def test_a_row_says_what_must_come_of_it_and_until_when():
    for row in ROWS:
        assert row.comes in {OFF, BANK, AT_START, GOES_ON}, row.fault
        assert (row.within_ms is None) == (row.comes in {AT_START, GOES_ON}), row.fault
        assert row.tried and row.ends and row.source, row.fault


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.fault}-{row.tried[0].button}")
def test_a_scenario_takes_every_value_with_which_a_fault_is_tried(row):
    if row.fault not in FAULTS:
        pytest.skip("a scenario has it not yet")
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
    assert bounds.of("ntc_open").fault == "ntc_open"
    assert bounds.of("button_stuck", "START").comes == OFF
    assert bounds.of("button_stuck", "UP").comes == AT_START
    with pytest.raises(KeyError):
        bounds.of("ntc_opn")
