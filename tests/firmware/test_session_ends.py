"""What ends a session, and how long it stays ended."""

import pytest

from firmware.core.inputs import CHARGER, CHARGING, START, UP
from sim.common.default_prescription import DEFAULT
from tests.support.fake_hal import MOMENT_MS, SHORT, Bench

LIT = ["CHECK", "RAMP", "TREAT"]
MINUTE = 60_000
EACH_LIT = pytest.mark.parametrize("lit", LIT)


def test_a_pause_of_ten_minutes_ends_the_session() -> None:
    bench = Bench().to("PAUSED")
    paused_ms = bench.until("DONE", 11 * MINUTE)
    assert abs(paused_ms + MOMENT_MS - 10 * MINUTE) <= 400
    assert bench.reason == "timeout"


def test_the_prescribed_dose_ends_it_within_one_percent_and_never_beyond() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.board_mc(25_000)
    bench.until("DONE", 3 * MINUTE)
    assert bench.reason == "dose"
    for pad in (0, 1):
        counted_mj = bench.unit.pads[pad].fluence.total_uj_cm2 / 1000
        assert 990 <= counted_mj <= 1_000
        assert bench.fluence_mj_cm2(pad) == pytest.approx(counted_mj, rel=0.02)


def test_a_second_session_has_its_own_time_and_its_own_dose() -> None:
    bench = Bench({**DEFAULT, "max_min": 1}).to("CHECK")
    bench.until("DONE", 2 * MINUTE)
    bench.run(MOMENT_MS)
    given = bench.fluence_mj_cm2(0)
    bench.take_off()
    bench.press(START)
    bench.until("CHECK")
    lit_ms = bench.until("DONE", 2 * MINUTE)
    assert abs(lit_ms - MINUTE) <= 400
    assert bench.fluence_mj_cm2(0) - given == pytest.approx(given, rel=0.01)


STRONG = {**SHORT, "irradiance_mw_cm2": dict.fromkeys(["810", "850", "940", "1060"], 10)}
FAINT = {
    **SHORT,
    "fluence_j_cm2": 0.1,
    "irradiance_mw_cm2": dict.fromkeys(["810", "850", "940", "1060"], 0.1),
}


def test_a_small_dose_at_high_irradiance_is_given_within_two_percent() -> None:
    bench = Bench(STRONG).to("RAMP")
    bench.until("DONE", MINUTE)
    assert bench.reason == "dose"
    for pad in bench.unit.pads:
        assert 980_000 <= pad.fluence.total_uj_cm2 <= 1_000_000


@pytest.mark.parametrize("tick_ms", [45, 49])
def test_ticks_that_come_late_do_not_carry_the_dose_beyond_the_prescription(tick_ms: int) -> None:
    """The lease holds for 50 ms: light goes on through ticks that are late."""
    for head_start_ms in range(0, 400, 100):
        bench = Bench({**STRONG, "fluence_j_cm2": 1.009}).to("RAMP")
        bench.run(20_000 + head_start_ms)
        bench.hal.step_ms = tick_ms
        bench.until("DONE", MINUTE)
        assert max(pad.fluence.total_uj_cm2 for pad in bench.unit.pads) <= 1_009_000


def test_a_pad_that_had_its_dose_gets_no_more_however_often_the_session_is_paused() -> None:
    bench = Bench(FAINT).to("TREAT")
    bench.hal.board_mc(25_000)
    bench.skin(40_270, 1)  # 70 mC below what 40.5 C less the board's allowance holds
    while not bench.unit.pads[0].done:
        bench.tick()
    for _ in range(20):
        bench.press(START)
        bench.run(MOMENT_MS)
        bench.press(START)
        bench.until("RAMP")
        bench.press(UP)  # a person is there: START does not chatter
        bench.run(MOMENT_MS)
    assert not bench.unit.pads[1].done
    assert bench.fluence_mj_cm2(0) <= 100


def test_checks_that_are_broken_off_again_and_again_do_not_exceed_the_dose() -> None:
    bench = Bench(FAINT).to("TREAT")
    bench.hal.board_mc(25_000)
    pad = bench.unit.pads[0]
    nearly_uj_cm2 = pad.stop_uj_cm2 - bench.unit.session.course.steps[0].least_uj_cm2 - 20
    while pad.fluence.total_uj_cm2 < nearly_uj_cm2:
        bench.tick()
    bench.press(START)
    for _ in range(8):
        bench.run(MOMENT_MS)
        bench.press(START)
        bench.press(UP)  # a person is there: START does not chatter
        bench.run(1_900)
        bench.press(START)
    assert bench.fluence_mj_cm2(0) <= 100


def test_a_pad_that_had_its_dose_stays_dark_while_the_other_goes_on() -> None:
    bench = Bench(SHORT)
    bench.hal.board_mc(25_000)  # where the meter's light is the calibration's
    bench.to("TREAT")
    bench.skin(40_270, 1)  # 70 mC below what 40.5 C less the board's allowance holds
    bench.run(3 * MINUTE)
    assert bench.state == "TREAT"
    assert max(bench.hal.duty[:4]) == 0 < min(bench.hal.duty[4:])
    assert 980 <= bench.fluence_mj_cm2(0) <= 1_000
    assert bench.fluence_mj_cm2(1) < 900


def test_the_prescribed_time_ends_it() -> None:
    bench = Bench({**DEFAULT, "max_min": 1}).to("CHECK")
    lit_ms = bench.until("DONE", 2 * MINUTE)
    assert bench.reason == "time" and abs(lit_ms - MINUTE) <= 400


@pytest.mark.parametrize("wait_ms", [20, 140])
def test_a_pause_in_the_very_moment_that_the_dose_is_reached_ends_well(wait_ms: int) -> None:
    bench = Bench(SHORT).to("TREAT")
    while not (bench.unit.pads[0].done and bench.unit.pads[1].done):
        bench.tick()
    bench.run(wait_ms - 20)
    bench.hal.pins |= START
    bench.run(100)
    bench.up(START)
    bench.run(MOMENT_MS)
    if bench.state == "PAUSED":
        bench.press(START)
    bench.until("DONE", 40_000)
    assert bench.reason == "dose" and bench.faults() == []


@pytest.mark.parametrize("state", ["SELF_TEST", "READY", "WAIT_SKIN", *LIT, "PAUSED", "DONE"])
def test_the_charger_ends_everything_in_the_tick_it_is_plugged_in(state: str) -> None:
    bench = Bench().to(state)
    bench.hal.pins |= CHARGER
    bench.tick()
    assert bench.state == "CHARGING" and not bench.hal.emitting()


def test_no_start_while_charging_and_a_self_test_after_it() -> None:
    bench = Bench().to("CHARGING")
    bench.press(START)
    bench.run(20_000)
    assert bench.state == "CHARGING"
    bench.hal.pins &= ~CHARGER
    bench.until("SELF_TEST", 400)
    bench.until("READY", 2_000)
    bench.run(20_000)
    assert bench.state == "READY"


@EACH_LIT
def test_an_empty_battery_ends_a_session_and_holds_until_it_is_charged(lit: str) -> None:
    bench = Bench().to(lit)
    run_empty(bench)
    assert not bench.hal.emitting() and (bench.state, bench.reason) == ("DONE", "battery")
    bench.hal.cell_mv(3_800)  # the load is gone: it recovers, and is as empty as before
    bench.run(50_000)
    bench.press(START)
    assert bench.state == "DONE" and bench.refused == "battery"
    charge(bench, 30_000)  # too short: at rest an empty cell reads like a full one
    bench.press(START)
    assert bench.state == "READY" and bench.refused == "battery"
    charge(bench, 11 * MINUTE)
    bench.take_off()
    bench.press(START)
    assert bench.state == "WAIT_SKIN"


def run_empty(bench: Bench) -> None:
    """The pack runs empty as packs do: the gauge sees it come."""
    bench.hal.cell_mv(3_050)
    bench.run(1_200)
    bench.hal.cell_mv(2_900)
    bench.run(60)


def charge(bench: Bench, ms: int) -> None:
    bench.hal.pins |= CHARGER | CHARGING
    bench.run(ms)
    bench.hal.pins &= ~(CHARGER | CHARGING)
    bench.to_ready()


@pytest.mark.parametrize(
    "rest_ms",
    [
        50_000,
        0,
    ],
)
def test_an_ended_battery_on_a_charger_that_gives_nothing_stays_ended(rest_ms: int) -> None:
    bench = Bench().to("TREAT")
    run_empty(bench)
    bench.hal.cell_mv(3_450)
    bench.run(rest_ms)
    bench.hal.pins |= CHARGER
    bench.run(MINUTE)
    bench.hal.pins &= ~CHARGER
    bench.to_ready()
    bench.press(START)
    assert bench.state == "READY" and bench.refused == "battery"


def test_after_sixty_minutes_of_light_in_a_day_no_session_begins() -> None:
    bench = Bench().to_ready()
    bench.unit.session.day_treat_ms = 60 * MINUTE
    bench.press(START)
    assert bench.state == "READY" and bench.refused == "day_limit"


def test_a_session_ends_when_the_days_sixty_minutes_are_over() -> None:
    bench = Bench().to("TREAT")
    bench.unit.session.day_treat_ms = 60 * MINUTE - 5_000
    assert bench.until("DONE", 10_000) <= 5_400
    assert bench.reason == "day_limit"


def test_what_was_given_24_hours_ago_counts_no_more_and_what_came_later_does() -> None:
    bench = Bench().to_ready()
    unit = bench.unit
    unit.session.day_treat_ms = 60 * MINUTE
    for pad in unit.pads:
        pad.cem43.day_q10_ms = 4 * MINUTE * 1024
    for hour in range(25):
        if hour == 3:
            unit.session.day_treat_ms += 7 * MINUTE
        bench.press(START)
        assert bench.state == "READY" and bench.refused == "day_limit", hour
        unit.session.day_ms = 3_600_000 - 5_130
        bench.run(10_000)
    assert unit.session.day_treat_ms == 7 * MINUTE
    bench.press(START)
    assert bench.state == "WAIT_SKIN"
    assert max(pad.cem43.day_q10_ms for pad in bench.unit.pads) < 100


@pytest.mark.parametrize("pad", [0, 1])
def test_two_minutes_of_thermal_dose_on_either_pad_end_a_session(pad: int) -> None:
    """The dose is that of the hottest skin there may be: docs/maintainer/hot-spots.md."""
    bench = Bench().to("TREAT")
    bench.skin(42_000, pad)
    lasted_ms = bench.until("DONE", 9 * MINUTE)
    assert bench.reason == "cem43"

    emitter_c, spot_c, minutes, steps = 0.16, 0.0, 0.0, 0
    while minutes < 2.0:
        spot_c += ((42.0 - 37.0) / 2.0 - spot_c) / 2048.0
        hottest_c = 42.0 + emitter_c + spot_c
        minutes += (4.0 if hottest_c < 43.0 else 2.0) ** (hottest_c - 43.0) * 0.2 / 60.0
        steps += 1
    assert lasted_ms == pytest.approx(200 * steps, rel=0.03)
    assert lasted_ms < 4 * MINUTE  # at 42 C itself it would last eight


def test_thermal_dose_counts_in_a_pause_too() -> None:
    bench = Bench().to("PAUSED")
    bench.skin(42_400)
    bench.until("DONE", 6 * MINUTE)
    assert bench.reason == "cem43"


def test_four_minutes_of_thermal_dose_a_day_refuse_another_session() -> None:
    bench = Bench().to_ready()
    bench.skin(42_000, 1)
    for _ in range(3):
        bench.run(6 * MINUTE)
        bench.press(UP)
        bench.unit.session.idle_ms = 0
    bench.skin(33_000)
    bench.run(1_000)
    bench.press(START)
    assert bench.state == "READY" and bench.refused == "day_limit"


def test_warm_skin_gets_no_light_from_41_c_on() -> None:
    bench = Bench().to("TREAT")
    bench.skin(40_200)  # just below: the controller learns that it must ask for more
    bench.run(2 * MINUTE)
    bench.skin(41_000)
    bench.run(600)
    assert not bench.hal.emitting() and bench.state == "TREAT"
