"""A session as its wearer meets it: what a button does, what is refused, what counts as worn."""

import pytest

from firmware.core.inputs import BUCKLE, DOWN, START, UP
from sim.common.default_prescription import DEFAULT
from tests.support.fake_hal import MOMENT_MS, SHORT, Bench

LIT = ["CHECK", "RAMP", "TREAT"]
MINUTE = 60_000
EACH_LIT = pytest.mark.parametrize("lit", LIT)


# -- START -----------------------------------------------------------------------------------


def test_start_begins_a_session_when_it_is_let_go_and_not_before() -> None:
    bench = Bench().to_ready()
    bench.down(START)
    bench.run(1_000)
    assert bench.state == "READY"
    bench.up(START)
    assert bench.state == "WAIT_SKIN"


@EACH_LIT
def test_start_pauses_on_the_press_and_the_emitters_are_dark_within_60_ms(lit: str) -> None:
    bench = Bench().to(lit)
    bench.hal.pins |= START
    assert bench.dark_after_ms(60) <= 60
    bench.run(40)
    assert bench.state == "PAUSED"


def test_the_release_of_the_press_that_paused_does_not_resume() -> None:
    bench = Bench().to("TREAT")
    bench.down(START)
    bench.run(1_000)
    bench.up(START)
    bench.run(5_000)
    assert bench.state == "PAUSED" and bench.refused == ""


def test_the_next_press_resumes_on_its_release_through_a_new_check_and_ramp() -> None:
    bench = Bench().to("PAUSED")
    bench.down(START)
    bench.run(1_000)
    assert bench.state == "PAUSED" and not bench.hal.emitting()
    bench.up(START)
    assert bench.state == "CHECK"
    bench.until("RAMP")
    bench.run(1_000)
    assert max(bench.hal.duty) < 0.1 * 65_535
    bench.until("TREAT", 40_000)


def test_start_while_waiting_for_skin_goes_back_to_ready_and_stays_there() -> None:
    bench = Bench().to("WAIT_SKIN")
    bench.press(START)
    bench.run(10_000)
    assert bench.state == "READY"


@pytest.mark.parametrize(
    "state",
    ["SELF_TEST", "READY", "WAIT_SKIN", *LIT, "PAUSED", "DONE", "FAULT"],
)
def test_start_held_for_one_and_a_half_seconds_ends_and_switches_off(state: str) -> None:
    bench = Bench().to(state)
    bench.run(100)
    bench.hal.pins |= START
    bench.run(1_440)
    assert bench.hal.called("power_off") == 0
    bench.run(160)
    assert bench.state == "OFF"
    assert [call for call in bench.hal.calls if call[0] == "power_off"] == [("power_off", False)]
    bench.up(START)
    bench.run(5_000)
    assert bench.state == "OFF" and not bench.hal.emitting()
    if state in ["WAIT_SKIN", *LIT, "PAUSED"]:
        assert bench.reason == "stopped"


def test_a_locked_unit_can_be_switched_off() -> None:
    bench = Bench(calibration=None).to("LOCKED")
    bench.down(START)
    bench.run(1_600)
    assert bench.hal.called("power_off") == 1


def test_a_charging_unit_is_not_switched_off() -> None:
    bench = Bench().to("CHARGING")
    bench.down(START)
    bench.run(3_000)
    assert bench.hal.called("power_off") == 0


def test_start_held_at_power_on_asks_for_nothing_when_let_go() -> None:
    bench = Bench()
    bench.hal.pins |= START
    bench.run(2_000)
    bench.up(START)
    bench.run(1_000)
    assert bench.state == "READY"


def test_start_still_held_after_power_on_does_not_switch_off_again() -> None:
    bench = Bench()
    bench.hal.pins |= START
    bench.run(3_000)
    assert bench.state == "SELF_TEST"
    bench.up(START)
    bench.run(1_000)
    assert bench.state == "READY"


def test_a_press_made_in_a_session_that_ends_meanwhile_does_not_begin_another() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.until("DONE", 2 * MINUTE)
    bench.press(START)  # meant for the session that ended 20 ms before
    bench.run(1_000)
    assert bench.state == "DONE"


def test_a_press_made_in_the_self_test_does_not_begin_a_session() -> None:
    bench = Bench()
    bench.run(100)
    assert bench.state == "SELF_TEST"
    bench.down(START)
    bench.run(1_200)
    bench.up(START)
    bench.run(1_000)
    assert bench.state == "READY"


def test_a_press_to_resume_that_comes_too_late_does_not_begin_a_new_session() -> None:
    bench = Bench().to("PAUSED")
    bench.run(10 * MINUTE - 500 - bench.unit.session.state_ms)
    bench.hal.pins |= START
    bench.until("DONE", 2_000)
    bench.up(START)
    bench.run(1_000)
    assert bench.state == "DONE"


# -- the set point ---------------------------------------------------------------------------


@EACH_LIT
def test_down_lowers_the_set_point_by_half_a_degree_to_38_at_the_lowest(lit: str) -> None:
    bench = Bench().to(lit)
    seen = []
    for _ in range(7):
        bench.press(DOWN, 80)
        seen.append(bench.unit.session.set_point_mc)
    assert seen == [40_000, 39_500, 39_000, 38_500, 38_000, 38_000, 38_000]


def test_up_restores_the_set_point_and_never_goes_above_what_was_prescribed() -> None:
    bench = Bench({**DEFAULT, "set_point_c": 39.3}).to("TREAT")
    bench.press(DOWN)
    assert bench.unit.session.set_point_mc == 38_800
    for _ in range(3):
        bench.press(UP)
        assert bench.unit.session.set_point_mc <= 39_300
    assert bench.unit.session.set_point_mc == 39_300


@pytest.mark.parametrize("state", ["READY", "WAIT_SKIN", "PAUSED", "DONE"])
def test_up_and_down_do_nothing_while_dark(state: str) -> None:
    bench = Bench().to(state)
    before = bench.unit.session.set_point_mc
    bench.press(DOWN)
    assert bench.unit.session.set_point_mc == before and bench.state == state


def test_a_new_session_begins_at_the_prescribed_set_point() -> None:
    bench = Bench(SHORT).to("RAMP")
    bench.press(DOWN)
    bench.until("DONE", 3 * MINUTE)
    bench.run(MOMENT_MS)
    bench.take_off()
    bench.press(START)
    assert bench.state == "WAIT_SKIN" and bench.unit.session.set_point_mc == 40_500


def test_a_lower_set_point_lowers_the_light_on_skin_that_is_warm() -> None:
    bench = Bench().to("TREAT")
    bench.skin(39_900)
    bench.run(1_000)
    before = max(bench.hal.duty)
    bench.press(DOWN)
    bench.press(DOWN)
    bench.run(1_000)
    assert max(bench.hal.duty) < 0.5 * before


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("button", [UP, DOWN])
@pytest.mark.parametrize("held_ms", [60, 20_000])
def test_a_button_that_is_held_or_stuck_refuses_a_start(button: int, held_ms: int) -> None:
    bench = Bench().to_ready()
    bench.hal.pins |= button
    bench.run(held_ms)
    bench.press(START)
    assert bench.state == "READY" and bench.refused == "button_stuck"
    assert bench.cues()[-1] == "REFUSED_HELP"
    bench.up(button)
    bench.press(START)
    assert bench.state == "WAIT_SKIN"


@pytest.mark.parametrize("button", [UP, DOWN])
def test_a_stuck_button_refuses_a_resume_too(button: int) -> None:
    bench = Bench().to("PAUSED")
    bench.hal.pins |= button
    bench.run(12_000)
    bench.press(START)
    assert bench.state == "PAUSED" and bench.refused == "button_stuck"


def test_a_battery_without_a_whole_session_in_it_refuses_a_start() -> None:
    bench = Bench()
    bench.hal.cell_mv(3_400)
    bench.hal.gauge[1] = 2 << 8
    bench.to_ready().press(START)
    assert bench.state == "READY" and bench.refused == "battery"
    assert bench.cues()[-1] == "REFUSED_BATTERY"


def test_resume_on_skin_above_41_c_is_refused_as_too_warm() -> None:
    bench = Bench().to("PAUSED")
    bench.skin(41_100)
    bench.run(400)
    bench.press(START)
    assert bench.state == "PAUSED" and bench.refused == "too_warm"
    assert bench.cues()[-1] == "REFUSED_WARM"


def test_resume_while_not_worn_is_refused_and_says_so() -> None:
    bench = Bench().to("PAUSED")
    bench.hal.pins &= ~BUCKLE
    bench.run(400)
    bench.press(START)
    assert bench.state == "PAUSED" and bench.refused == "not_worn"


def test_a_refusal_is_forgotten_once_the_unit_goes_on() -> None:
    bench = Bench().to("PAUSED")
    bench.skin(41_100)
    bench.run(400)
    bench.press(START)
    bench.skin(33_000)
    bench.run(400)
    bench.press(START)
    assert bench.state == "CHECK" and bench.refused == ""


def test_every_change_of_state_has_its_own_cue() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.until("DONE", 2 * MINUTE)
    assert bench.cues() == ["READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "DONE"]


# -- worn ------------------------------------------------------------------------------------


def test_the_check_waits_for_five_seconds_of_skin() -> None:
    bench = Bench().to("WAIT_SKIN")
    assert 4_800 <= bench.until("CHECK") <= 5_400


@pytest.mark.parametrize("mc", [27_900, 38_600])
@pytest.mark.parametrize("pad", [0, 1])
def test_contact_colder_or_warmer_than_skin_at_rest_is_not_worn(mc: int, pad: int) -> None:
    bench = Bench().to("WAIT_SKIN")
    bench.skin(mc, pad)
    bench.run(20_000)
    assert bench.state == "WAIT_SKIN"


def test_an_open_buckle_starts_the_five_seconds_anew() -> None:
    bench = Bench().to("WAIT_SKIN")
    bench.run(4_000)
    bench.take_off()
    assert bench.until("CHECK") >= 4_200


def test_three_minutes_without_skin_end_the_wait() -> None:
    bench = Bench().to_ready()
    bench.hal.pins &= ~BUCKLE
    bench.hal.skin = [4_096, 4_000]
    bench.run(400)
    bench.press(START)
    waited_ms = bench.until("READY", 4 * MINUTE)
    assert abs(waited_ms - 3 * MINUTE) <= 400
    assert bench.reason == "timeout"


@EACH_LIT
@pytest.mark.parametrize("how", ["buckle", "cold a", "cold b"])
def test_off_the_skin_the_emitters_are_dark_within_a_second(lit: str, how: str) -> None:
    bench = Bench().to(lit)
    if how == "buckle":
        bench.hal.pins &= ~BUCKLE
    else:
        bench.skin(27_500, "ab".index(how[-1]))
    bench.until("PAUSED", 1_000)
    assert not bench.hal.emitting()


def test_a_session_goes_on_over_a_buckle_that_opens_for_a_moment() -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins &= ~BUCKLE
    bench.run(40)
    bench.hal.pins |= BUCKLE
    bench.run(5_000)
    assert bench.state == "TREAT"


def unbuckle(bench: Bench) -> None:
    """The belt comes off, and is put on again."""
    bench.take_off()
    bench.until("PAUSED", 20)
    bench.run(MOMENT_MS)


@pytest.mark.parametrize(("mc", "goes_on"), [(38_900, True), (39_100, False)])
def test_after_unworn_a_session_goes_on_only_below_39_c(mc: int, goes_on: bool) -> None:
    bench = Bench().to("TREAT")
    unbuckle(bench)
    bench.skin(mc)
    bench.run(5_400)
    bench.press(START)
    assert bench.state == ("CHECK" if goes_on else "PAUSED")
    assert bench.refused == ("" if goes_on else "too_warm")


def test_a_session_outlives_the_belt_coming_off_twice_and_not_three_times() -> None:
    bench = Bench().to("TREAT")
    for _ in range(2):
        unbuckle(bench)
        bench.run(5_400)
        bench.press(START)
        bench.until("TREAT", 40_000)
    bench.hal.pins &= ~BUCKLE
    bench.until("DONE", 1_000)
    assert bench.reason == "unworn" and not bench.hal.emitting()


def test_a_new_session_may_outlive_the_belt_coming_off_twice_again() -> None:
    bench = Bench(SHORT).to("TREAT")
    for _ in range(2):
        unbuckle(bench)
        bench.run(5_400)
        bench.press(START)
        bench.until("TREAT", 40_000)
    bench.until("DONE", 3 * MINUTE)
    bench.run(MOMENT_MS)
    bench.take_off()
    bench.press(START)
    bench.until("RAMP", 20_000)
    unbuckle(bench)
    assert bench.state == "PAUSED"


def test_a_press_meant_to_pause_does_not_resume_what_the_belt_has_just_paused() -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins &= ~BUCKLE
    bench.until("PAUSED", 1_000)
    bench.hal.pins |= BUCKLE
    bench.run(200)
    bench.press(START)
    assert bench.state == "PAUSED" and not bench.hal.emitting()


def test_nothing_resumes_by_itself_when_the_belt_is_back() -> None:
    bench = Bench().to("TREAT")
    unbuckle(bench)
    bench.run(5 * MINUTE)
    assert bench.state == "PAUSED" and not bench.hal.emitting()
