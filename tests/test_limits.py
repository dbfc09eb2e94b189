"""The limits are the design's, and stand in the design's order."""

from typing import Any

import pytest

from firmware import limits
from firmware.check import Check
from firmware.thermometry import ntc_code
from tests.fake_hal import BOARD

TABLE: list[tuple[str, Any]] = [
    # contact
    ("SET_POINT_MAX_MC", 40_500),
    ("SET_POINT_MIN_MC", 38_000),
    ("SET_POINT_STEP_MC", 500),
    ("CONTACT_WARN_MC", 41_000),
    ("CONTACT_TRIP_MC", 42_500),
    ("CONTACT_ALERT_MC", 43_000),
    ("TRIP_SAMPLES", 3),
    ("PAIR_APART_MC", 1_500),
    ("HEARD_WITHIN_MS", 600),
    ("NTC_OPEN_CODE", 3_700),
    ("NTC_SHORT_CODE", 300),
    # LED board
    ("BOARD_DERATE_MC", 45_000),
    ("BOARD_TRIP_MC", 50_000),
    # thermal dose, light, time
    ("CEM43_SESSION_Q10_MS", 2 * 60 * 1000 * 1024),
    ("CEM43_DAY_Q10_MS", 4 * 60 * 1000 * 1024),
    ("IRRADIANCE_MAX_UW_CM2", 50_000),
    ("FLUENCE_MAX_UJ_CM2", 90_000_000),
    ("SESSION_MAX_MS", 40 * 60 * 1000),
    ("SESSION_DAY_MAX_MS", 60 * 60 * 1000),
    ("CARRIER_HZ", 2_000),
    ("PULSE_MIN_HZ", 100),
    ("PULSE_MAX_HZ", 10_000),
    # worn, pauses, buttons
    ("WORN_MIN_MC", 28_000),
    ("WORN_MAX_MC", 38_500),
    ("WORN_MS", 5_000),
    ("SKIN_WAIT_MS", 3 * 60 * 1000),
    ("PAUSE_MAX_MS", 10 * 60 * 1000),
    ("RESUME_BELOW_MC", 39_000),
    ("UNWORN_RESUMES", 2),
    ("HOLD_MS", 1_500),
    # battery
    ("CELL_WARN_MV", 3_300),
    ("CELL_END_MV", 3_000),
    # time and the lease
    ("TICK_MS", 20),
    ("LEASE_MS", 50),
    ("CLOCK_MASK", 2**30 - 1),
]


@pytest.mark.parametrize(("name", "value"), TABLE, ids=[name for name, _ in TABLE])
def test_the_limit_is_the_designs(name: str, value: int) -> None:
    assert getattr(limits, name) == value


def test_control_runs_every_200_ms() -> None:
    assert limits.CONTROL_TICKS * limits.TICK_MS == 200


def test_no_set_point_reaches_the_temperature_that_asks_for_disclosure() -> None:
    assert limits.SET_POINT_MAX_MC < 41_000


def test_a_contact_sensor_that_errs_by_half_a_degree_still_trips_at_43_c() -> None:
    assert limits.CONTACT_TRIP_MC + 500 <= 43_000


def test_the_pair_may_not_hide_a_skin_much_hotter_than_the_ceiling() -> None:
    """One sensor low by all that the pair may be apart: the other still trips by itself."""
    assert limits.CONTACT_TRIP_MC + limits.PAIR_APART_MC <= 44_000


def test_three_samples_and_the_tick_that_follows_fit_into_80_ms() -> None:
    assert (limits.TRIP_SAMPLES + 1) * limits.TICK_MS <= 80


def test_a_lease_outlives_one_late_tick_and_ends_within_80_ms() -> None:
    assert 2 * limits.TICK_MS < limits.LEASE_MS < 80


def test_a_silent_thermometer_is_dark_within_its_bound_of_the_fault_table() -> None:
    step_ms = limits.CONTROL_TICKS * limits.TICK_MS
    assert limits.HEARD_WITHIN_MS + step_ms <= 800
    assert limits.BOARD_HEARD_WITHIN_MS + step_ms <= 1_000


def test_a_belt_taken_off_is_dark_within_a_second() -> None:
    assert (limits.UNWORN_STEPS + 1) * limits.CONTROL_TICKS * limits.TICK_MS <= 1_000


def test_four_banks_at_full_duty_stay_within_a_pads_irradiance() -> None:
    assert len(BOARD.BANKS) * limits.BANK_MAX_UW_CM2 <= limits.IRRADIANCE_MAX_UW_CM2
    assert limits.IRRADIANCE_MAX_UW_CM2 < 100_000


def test_the_most_light_in_the_longest_session_still_fits_into_31_bits() -> None:
    most = limits.IRRADIANCE_MAX_UW_CM2 * limits.SESSION_MAX_MS // 1000
    assert most < 2**30 and most > limits.FLUENCE_MAX_UJ_CM2


def test_a_days_thermal_dose_is_far_below_what_hurts_skin() -> None:
    assert limits.CEM43_SESSION_Q10_MS < limits.CEM43_DAY_Q10_MS
    assert limits.CEM43_DAY_Q10_MS / 1024 / 60_000 <= 20 / 4


def test_skin_at_rest_is_worn_and_a_pad_may_resume_only_below_the_highest_set_point() -> None:
    assert limits.WORN_MIN_MC < 33_000 < limits.WORN_MAX_MC < limits.RESUME_BELOW_MC
    assert limits.RESUME_BELOW_MC < limits.SET_POINT_MAX_MC


def test_an_ended_battery_needs_more_than_rest_to_be_used_again() -> None:
    assert limits.CELL_END_MV < limits.CELL_WARN_MV < limits.CELL_CHARGED_MV


def test_a_working_thermistor_reads_as_neither_open_nor_short() -> None:
    assert ntc_code(BOARD, -17_000) < limits.NTC_OPEN_CODE
    assert ntc_code(BOARD, 95_000) > limits.NTC_SHORT_CODE


def test_no_current_counts_both_as_lit_and_as_dark_in_the_check() -> None:
    assert min(Check(BOARD).expected_01ma) > limits.RAIL_DARK_01MA
