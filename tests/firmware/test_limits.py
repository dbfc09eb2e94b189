"""The limits are the design's, and stand in the design's order."""

import ast
from pathlib import Path
from typing import Any

import pytest

from firmware.core import limits
from firmware.core.conversions import ntc_code
from firmware.safety.lamp_test import LampTest
from tests.support.fake_hal import BOARD

MINUTE_MS = 60 * 1000

# Every limit, with where its value is from: a standard, a data sheet, a trial, or "ours" where
# nothing but our own reasoning (docs/maintainer/safety.md) stands behind it.
TABLE: list[tuple[str, Any, str]] = [
    # time
    ("CLOCK_MASK", 2**30 - 1, "MicroPython: ticks_ms wraps at 2**30"),
    ("TICK_MS", 20, "ours: tick"),
    ("CONTROL_TICKS", 10, "ours: control every 200 ms"),
    ("LEASE_MS", 50, "ours: lease"),
    ("DAY_MS", 24 * 60 * MINUTE_MS, "a day"),
    ("HOUR_MS", 3_600_000, "clock"),
    # contact
    ("SET_POINT_MAX_MC", 40_500, "below 41 C, IEC 60601-1 Table 24"),
    ("SET_POINT_MIN_MC", 38_000, "ours: prescribable from 38.0 C"),
    ("SET_POINT_STEP_MC", 500, "ours: DOWN lowers by 0.5 C"),
    ("CONTACT_WARN_MC", 41_000, "IEC 60601-1 Table 24"),
    ("CONTACT_TRIP_MC", 42_500, "half a degree below the table's ceiling"),
    ("CONTACT_ALERT_MC", 43_000, "IEC 60601-1 Table 24"),
    ("TRIP_SAMPLES", 3, "ours: samples to trip"),
    ("PAIR_APART_MC", 1_500, "ours: contact pair"),
    ("PAIR_TRIP_MC", 1_400, "ours: two sensors, one temperature"),
    ("PAIR_APART_STEPS", 2, "ours: dark 800 ms after it shows"),
    ("STILL_NTC_STEPS", 10, "ours: judging the sensors, still"),
    ("STILL_CONTACT_STEPS", 32 * 5, "ours: judging the sensors, still for 32 s"),
    ("JUMP_MC", 2_000, "ours: judging the sensors, sprung"),
    ("NTC_DNL_CODE", 1_536, "erratum RP2040-E11: a spike of the converter"),
    ("NTC_DNL_NEAR", 12, "ours: codes around it that are not judged"),
    ("LOOSE_MARGIN_MC", 1_000, "ours: judging the sensors, loose"),
    ("OFF_SKIN_MARGIN_MC", 600, "ours: judging the sensors, off the skin"),
    ("REST_MC", 10, "ours: at rest in the worn test"),
    ("HEARD_WITHIN_MS", 600, "ours: contact thermometer silent"),
    ("BOARD_HEARD_WITHIN_MS", 780, "ours: LED-board thermometer silent"),
    ("SKIN_HEARD_WITHIN_MS", 780, "ours: dark within 1 s"),
    ("GAUGE_HEARD_WITHIN_MS", 2_000, "ours: gauge silent, falls back to the ADC"),
    ("NTC_OPEN_CODE", 3_700, "ours: open reads cold"),
    ("NTC_SHORT_CODE", 300, "ours: short reads hot"),
    # LED board
    ("BOARD_DERATE_MC", 45_000, "ours, provisional: 49 C was seen over skin at 48 C"),
    ("BOARD_TRIP_MC", 50_000, "ours, provisional: 49 C was seen over skin at 48 C"),
    ("PLAUSIBLE_MIN_MC", -20_000, "ours: rubbish below"),
    ("PLAUSIBLE_MAX_MC", 85_000, "ours: rubbish above"),
    # thermal dose
    ("CEM43_SESSION_Q10_MS", 2 * MINUTE_MS * 1024, "a tenth of what hurts skin"),
    ("CEM43_DAY_Q10_MS", 4 * MINUTE_MS * 1024, "a fifth of what hurts skin"),
    # light
    ("SPOT_FROM_MC", 37_000, "blood: docs/maintainer/hot-spots.md"),
    ("SPOT_SHIFT", 11, "docs/maintainer/hot-spots.md"),
    ("IRRADIANCE_MAX_UW_CM2", 50_000, "ours: half of WALT's ceiling for 780-860 nm"),
    ("BANK_MIN_UW_CM2", 100, "ours: less is a duty too small to be exact"),
    ("BANK_MAX_UW_CM2", 12_500, "a quarter of a pad's"),
    ("FLUENCE_MAX_UJ_CM2", 90_000_000, "trial NCT01920971: 83.2 J/cm2"),
    ("FLUENCE_MIN_UJ_CM2", 100_000, "ours: less is over before the ramp is"),
    ("STEPS_MAX", 6, "ours"),
    ("A_DAY_MAX", 20, "ours: an hour of sessions of three minutes"),
    ("SESSIONS_MAX", 1_000, "ours"),
    ("DUTY_MAX", 2**16 - 1, "the HAL's contract"),
    ("CARRIER_HZ", 2_000, "ours: the carrier of CW"),
    ("PULSE_MIN_HZ", 100, "ours: slower is gated in whole ticks"),
    ("PULSE_MAX_HZ", 10_000, "ours: pulse rate"),
    # session
    ("SESSION_MAX_MS", 40 * MINUTE_MS, "trial NCT01920971"),
    ("SESSION_DAY_MAX_MS", 60 * MINUTE_MS, "ours: an hour a day"),
    ("RAMP_MS", 30 * 1000, "ours: ramp"),
    ("SKIN_WAIT_MS", 3 * MINUTE_MS, "ours: waits for skin up to 3 min"),
    ("PAUSE_MAX_MS", 10 * MINUTE_MS, "ours: resumed within 10 min"),
    ("IDLE_OFF_MS", 10 * 60_000, "design: off by itself"),
    ("EMPTY_OFF_MS", 60_000, "design: off by itself"),
    ("CALL_MS", 10_000, "design: a fault calls every 10 s"),
    ("CALLS_MS", 65_000, "design: for a minute, and half of CALL_MS"),
    ("CALL_LATER_MS", 60_000, "design: then each minute"),
    ("RATE_MAX_MS", 10 * MINUTE_MS, "ours: nobody answers any more"),
    ("WORN_MS", 5 * 1000, "ours: worn"),
    ("WORN_MIN_MC", 28_000, "ours: leaves room for a cold day"),
    ("WORN_MAX_MC", 38_500, "skin at rest is never warmer"),
    ("RESUME_BELOW_MC", 39_000, "ours: contact below 39 C"),
    ("BLIND_WAIT_MS", 300_000, "ours: lit pads have cooled"),
    ("BLIND_ON_MS", 60_000, "ours: dark pads are warm"),
    ("UNWORN_RESUMES", 2, "ours: at most twice"),
    ("SKIN_ON_PERCENT", 60, "design: of the calibrated step"),
    ("SKIN_OFF_PERCENT", 40, "design: at release"),
    ("SKIN_STEP_MIN", 2_048, "ours: 1 pF"),
    ("SKIN_CODE_MAX", 32_000, "the converter ends at 32 767"),
    ("BUCKLE_TICKS", 3, "ours: contacts that bounce are shorter"),
    ("UNWORN_STEPS", 3, "ours: unworn"),
    ("SELF_TEST_MS", 1_000, "ours: every sensor heard before anything else"),
    # buttons
    ("DEBOUNCE_TICKS", 2, "ours: bouncing is one press"),
    ("HOLD_MS", 1_500, "ours: START held 1.5 s"),
    ("SECOND_THOUGHT_MS", 1_000, "ours: a second thought"),
    ("STOP_WINS_MS", 2_000, "design, buttons: for 2 s after a pause, presses leave it paused"),
    ("QUIET_MS", 65_000, "ours: START that was not closed for so long is believed again"),
    ("CHATTER_CLOSURES", 4, "ours: start, pause, resume and pause, with no other button"),
    ("MEANT_MS", 10_000, "ours: START so soon after another button is a person's"),
    ("STUCK_MS", 10_000, "ours: stuck button"),
    # the check
    ("CHECK_DUTY", 6_554, "a tenth"),
    ("CHECK_TICKS", 8, "ours: 160 ms: an average of the monitor lies within, and is read"),
    ("CHECK_SETTLE_TICKS", 7, "ours: until the monitor has forgotten the step before"),
    ("RAIL_WINDOW_MS", 68, "INA219 data sheet: 128 samples averaged"),
    ("CHECK_SEEN_PERCENT", 40, "ours: less is an open string"),
    ("CHECK_MOST", 2, "ours: so much is another bank's switch"),
    ("DRIVER_APART_PERMILLE", 155, "design: 15 %, and what the monitor errs by"),
    ("RAIL_DARK_01MA", 15, "ours: a few steps of the monitor above nothing"),
    ("RAIL_ZERO_MOST_01MA", 25, "SBOS448 7.5, PGA /8: 200 uV over 0.1 ohm, and drift"),
    ("RAIL_LEAK_MOST_01MA", 50, "ours: the least stuck bank draws 20 mA"),
    ("LOST_MOST", 3, "ours: a part that loses its set-up more often is unfit"),
    ("LOOK_TICKS", 11, "ours: two averages of the monitor that began in the dark"),
    ("LOOK_EVERY_TICKS", 138, "ours: a switch that is stuck in gated light is found within 4 s"),
    ("LOOK_STEADY_STEPS", 49, "ours: gated light is steady in each 50th control step"),
    ("RAIL_STALE_MS", 100, "ours: judged by what it said just now"),
    # battery
    ("CELL_WARN_MV", 3_300, "Li-ion practice"),
    ("CELL_END_MV", 3_000, "Li-ion practice"),
    ("CELL_CHARGED_MV", 3_500, "ours: charged again"),
    ("CHARGED_S", 10 * 60, "ours: charged again"),
    ("CELL_FULL_MV", 4_050, "ours: a charger that is done"),
    ("CELL_APART_MV", 150, "ours: gauge lying"),
    ("CHARGE_APART", 10, "ours: charge uncertain"),
    ("SESSION_RESERVE_PERCENT", 25, "ours: battery reserve"),
]


@pytest.mark.parametrize(("name", "value", "whence"), TABLE, ids=[row[0] for row in TABLE])
def test_the_limit_is_the_designs(name: str, value: int, whence: str) -> None:
    assert getattr(limits, name) == value, whence


def test_no_limit_is_without_a_source() -> None:
    named = [name for name in vars(limits) if name.isupper()]
    assert named == [name for name, _, _ in TABLE]


# The order that is asserted when the unit starts. Each row alone must be enough to stop it: the
# left limit is moved to where the order ends, and beyond.
ORDER = [
    ("PAIR_TRIP_MC", "PAIR_APART_MC"),
    ("SET_POINT_MIN_MC", "SET_POINT_MAX_MC"),
    ("SET_POINT_MAX_MC", "CONTACT_WARN_MC"),
    ("CONTACT_WARN_MC", "CONTACT_TRIP_MC"),
    ("CONTACT_TRIP_MC", "CONTACT_ALERT_MC"),
    ("WORN_MIN_MC", "SET_POINT_MIN_MC"),
    ("SET_POINT_MIN_MC", "WORN_MAX_MC"),
    ("WORN_MAX_MC", "RESUME_BELOW_MC"),
    ("RESUME_BELOW_MC", "SET_POINT_MAX_MC"),
    ("CONTACT_ALERT_MC", "BOARD_DERATE_MC"),
    ("BOARD_DERATE_MC", "BOARD_TRIP_MC"),
    ("BOARD_TRIP_MC", "PLAUSIBLE_MAX_MC"),
    ("CEM43_SESSION_Q10_MS", "CEM43_DAY_Q10_MS"),
    ("CEM43_DAY_Q10_MS", "CLOCK_MASK"),
    ("FLUENCE_MIN_UJ_CM2", "FLUENCE_MAX_UJ_CM2"),
    ("FLUENCE_MAX_UJ_CM2", "CLOCK_MASK"),
    ("RAMP_MS", "SESSION_MAX_MS"),
    ("SESSION_MAX_MS", "SESSION_DAY_MAX_MS"),
    ("SESSION_DAY_MAX_MS", "DAY_MS"),
    ("DAY_MS", "CLOCK_MASK"),
    ("CELL_END_MV", "CELL_WARN_MV"),
    ("CELL_WARN_MV", "CELL_CHARGED_MV"),
    ("NTC_SHORT_CODE", "NTC_OPEN_CODE"),
]


def broken(*names: str, **changed: int) -> bool:
    """Whether every assertion that names all of these fails with some limits changed."""
    values = {**vars(limits), **changed}
    tree = ast.parse(Path(str(limits.__file__)).read_text(encoding="utf-8"))
    fails = []
    for node in tree.body:
        if isinstance(node, ast.Assert):
            about = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            if about >= set(names):
                code = compile(ast.Expression(node.test), "limits", "eval")
                fails.append(not eval(code, values))
    assert fails, f"nothing is asserted of {names}"
    return all(fails)


@pytest.mark.parametrize(("low", "high"), ORDER)
def test_limits_out_of_their_order_stop_the_unit_from_starting(low: str, high: str) -> None:
    top = getattr(limits, high)
    assert not broken(low, high)
    assert broken(low, high, **{low: top}) and broken(low, high, **{low: top + 1})


# How times fit together: what is changed, and whether the unit still starts.
FITS: list[tuple[tuple[str, ...], dict[str, int], bool]] = [
    (("TRIP_SAMPLES", "TICK_MS"), {"TICK_MS": 26, "LEASE_MS": 60}, True),  # 78 ms
    (("TRIP_SAMPLES", "TICK_MS"), {"TRIP_SAMPLES": 4}, False),  # 80 ms
    (("TRIP_SAMPLES", "TICK_MS"), {"TRIP_SAMPLES": 79, "TICK_MS": 1}, True),
    (("TRIP_SAMPLES", "TICK_MS"), {"TRIP_SAMPLES": 81, "TICK_MS": 1}, False),
    (("TICK_MS", "LEASE_MS"), {"LEASE_MS": 41}, True),
    (("TICK_MS", "LEASE_MS"), {"LEASE_MS": 40}, False),
    (("TICK_MS", "LEASE_MS"), {"LEASE_MS": 39}, False),
    (("TICK_MS", "LEASE_MS"), {"LEASE_MS": 79}, True),
    (("TICK_MS", "LEASE_MS"), {"LEASE_MS": 80}, False),
    (("TICK_MS", "LEASE_MS"), {"LEASE_MS": 81}, False),
    (("HEARD_WITHIN_MS",), {"HEARD_WITHIN_MS": 600}, True),
    (("HEARD_WITHIN_MS",), {"HEARD_WITHIN_MS": 599}, True),
    (("HEARD_WITHIN_MS",), {"HEARD_WITHIN_MS": 601}, False),
    (("HEARD_WITHIN_MS",), {"CONTROL_TICKS": 11}, False),
    (("BOARD_HEARD_WITHIN_MS",), {"BOARD_HEARD_WITHIN_MS": 799}, True),
    (("BOARD_HEARD_WITHIN_MS",), {"BOARD_HEARD_WITHIN_MS": 800}, False),
    (("BOARD_HEARD_WITHIN_MS",), {"BOARD_HEARD_WITHIN_MS": 801}, False),
    (("BOARD_HEARD_WITHIN_MS",), {"BOARD_HEARD_WITHIN_MS": 900}, False),
    (("BOARD_HEARD_WITHIN_MS",), {"CONTROL_TICKS": 13}, False),
    (("RAIL_WINDOW_MS", "LOOK_TICKS"), {"LOOK_TICKS": 11}, True),  # 220 ms of 216
    (("RAIL_WINDOW_MS", "LOOK_TICKS"), {"LOOK_TICKS": 10}, False),
    (("RAIL_WINDOW_MS", "LOOK_TICKS"), {"RAIL_WINDOW_MS": 70}, True),  # just 220 ms
    (("RAIL_WINDOW_MS", "LOOK_TICKS"), {"RAIL_WINDOW_MS": 71}, False),
    (("RAIL_WINDOW_MS", "LOOK_TICKS"), {"RAIL_WINDOW_MS": 72}, False),
    (("CHECK_SETTLE_TICKS",), {"CHECK_SETTLE_TICKS": 6}, False),
    (("LOOK_EVERY_TICKS",), {"LOOK_EVERY_TICKS": 137}, True),  # 3,980 ms
    (("LOOK_EVERY_TICKS",), {"LOOK_EVERY_TICKS": 138}, True),  # just 4 s
    (("LOOK_EVERY_TICKS",), {"LOOK_EVERY_TICKS": 139}, False),
    (("LOOK_EVERY_TICKS",), {"LOOK_TICKS": 21}, False),
    (("LOOK_EVERY_TICKS",), {"CONTROL_TICKS": 20}, False),
    (("BANK_MAX_UW_CM2",), {"BANK_MAX_UW_CM2": 12_500}, True),
    (("BANK_MAX_UW_CM2",), {"BANK_MAX_UW_CM2": 12_499}, True),
    (("BANK_MAX_UW_CM2",), {"BANK_MAX_UW_CM2": 12_501}, False),
]


@pytest.mark.parametrize(("names", "changed", "fits"), FITS)
def test_times_and_light_fit_together_or_the_unit_does_not_start(
    names: tuple[str, ...], changed: dict[str, int], fits: bool
) -> None:
    assert broken(*names, **changed) != fits


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
    assert min(LampTest(BOARD).expected_01ma) > limits.RAIL_DARK_01MA
