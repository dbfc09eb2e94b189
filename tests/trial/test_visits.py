"""Visits at the belt: when one may be, what is asked, and that no answer is lost or changed."""

from datetime import date, timedelta

import pytest

from firmware.core.conversions import date_of
from firmware.core.inputs import CHARGER, DOWN, START, UP
from sim.common.default_prescription import DEFAULT
from tests.support.clocks import turn_clock
from tests.support.enrolled_unit import (
    BASELINE,
    DAY_S,
    FIRST,
    baseline,
    begun,
    choose,
    come,
    rate,
    shown,
    ticketed,
    told,
    treated,
)
from tests.support.fake_hal import MOMENT_MS

# -- what is asked -----------------------------------------------------------------------------


def test_a_baseline_visit_is_ratings_alone() -> None:
    bench = begun()
    assert bench.state == "RATE"
    rate(bench, 6, 7, 8, 0)
    assert (bench.state, told(bench)) == ("DONE", BASELINE)
    assert not bench.lit_in


def test_a_visit_with_therapy_asks_before_and_after_it() -> None:
    bench = come(baseline(), 7)
    rate(bench, 5, 4, 3)
    assert bench.state == "WAIT_SKIN"
    treated(bench)
    assert bench.state == "RATE"
    rate(bench, 2, 1, 0, 3)
    assert bench.state == "DONE"
    assert told(bench)[len(BASELINE) :] == [
        ("visit", 2, "opened"), ("rating", 2, "before", "Overall", 5),
        ("rating", 2, "before", "Rotate left", 4), ("rating", 2, "before", "Bend forward", 3),
        ("rating", 2, "after", "Overall", 2), ("rating", 2, "after", "Rotate left", 1),
        ("rating", 2, "after", "Bend forward", 0), ("effect", 2, 3), ("visit", 2, "done"),
    ]  # fmt: skip


def test_where_it_is_so_set_the_baseline_has_therapy_and_nothing_is_asked_after_it() -> None:
    bench = begun(baseline_therapy=True, rate_after=False, ill_effects=False, movements=[])
    rate(bench, 6)
    assert bench.state == "WAIT_SKIN"
    treated(bench)
    assert bench.state == "DONE"
    assert told(bench) == [*FIRST, ("rating", 1, "before", "Overall", 6), ("visit", 1, "done")]


def test_a_whole_trial_asks_for_the_guess_at_its_last_visit_and_is_over_then() -> None:
    bench = begun(visits=3, movements=[], rate_after=False)
    rate(bench, 6, 0)
    for visit in (2, 3):
        bench.take_off()
        come(bench, 7)
        rate(bench, 5)
        treated(bench)
        rate(bench, 1)
        if visit == 3:
            bench.run(2_000)
            assert shown(bench)[1:3] == ["Which treatment", "Visit  3 of  3"]
            rate(bench, 2)
        assert bench.state == "DONE"
    assert told(bench)[-4:] == [
        ("rating", 3, "before", "Overall", 5), ("effect", 3, 1), ("guess", 3, "unsure"),
        ("visit", 3, "done"),
    ]  # fmt: skip
    come(bench, 7)
    assert (bench.state, bench.refused) == ("DONE", "trial_over")


# -- when --------------------------------------------------------------------------------------


def test_too_early_is_refused_with_the_date_and_no_day_before_the_window_opens_it() -> None:
    bench = baseline()
    for _ in range(5):
        assert bench.state == "DONE"
        come(bench)
        bench.run(2_000)
        assert (bench.state, bench.refused) == ("DONE", "too_early")
        opens = date(2000, 1, 1) + timedelta(days=9_500 + 5)
        assert shown(bench)[6:] == ["Too early", f"From {opens.isoformat()}"]
        turn_clock(bench.hal, bench.unit.clock, (bench.hal.clock_s or 0) + DAY_S)
    come(bench)
    assert bench.state == "RATE"


@pytest.mark.parametrize("days", [5, 9])
def test_the_first_and_the_last_day_of_a_window_are_good(days: int) -> None:
    assert come(baseline(), days).state == "RATE"


def test_a_missed_window_is_kept_as_missed_and_the_next_visit_is_the_next() -> None:
    bench = come(baseline(), 10)
    assert (bench.state, bench.refused) == ("DONE", "too_early")
    assert told(bench)[-1] == ("missed", 2)
    come(bench, 2)
    assert (bench.state, told(bench)[-1]) == ("RATE", ("visit", 3, "opened"))


def test_weeks_later_each_visit_that_was_missed_is_named_in_order() -> None:
    bench = come(baseline(), 29)
    assert told(bench)[len(BASELINE) :] == [
        ("missed", 2), ("missed", 3), ("missed", 4), ("visit", 5, "opened"),
    ]  # fmt: skip
    bench = come(baseline(), 700)
    assert [row[0] for row in told(bench)[len(BASELINE) :]] == ["missed"] * 6
    assert bench.refused == "trial_over"


def test_without_a_clock_nothing_is_opened() -> None:
    bench = ticketed(True).to_ready()
    turn_clock(bench.hal, bench.unit.clock, None)
    bench.press(START)
    assert (bench.state, bench.refused, told(bench)) == ("READY", "no_clock", FIRST[:1])


def test_a_clock_that_went_back_counts_from_the_latest_that_was_written() -> None:
    bench = come(baseline(), 7)
    rate(bench, 1)
    turn_clock(bench.hal, bench.unit.clock, 0)
    bench.reset()
    bench.to_ready()
    bench.press(START)
    assert bench.state == "RATE" and told(bench)[-1] == ("rating", 2, "before", "Overall", 1)


def test_a_clock_that_went_forward_misses_what_it_passes_and_nothing_comes_back() -> None:
    bench = come(baseline(), 21)
    assert told(bench)[-1] == ("visit", 4, "opened")
    bench.hal.clock_s = (bench.hal.clock_s or 0) - 14 * DAY_S
    bench.reset()
    bench.to_ready()
    bench.press(START)
    assert bench.state == "RATE" and shown(bench)[2] == "Visit  4 of  7"


def test_an_open_visit_goes_on_within_its_window_and_is_unfinished_after_it() -> None:
    bench = come(baseline(), 5)
    rate(bench, 5)
    bench.until("READY", 700_000)
    come(bench, 4)
    bench.run(2_000)
    assert (bench.state, shown(bench)[1]) == ("RATE", "Rotate left")
    bench.until("READY", 700_000)
    come(bench, 1)
    assert told(bench)[-1] == ("visit", 2, "unfinished")
    assert (bench.state, bench.refused) == ("READY", "too_early")


def test_dates_are_the_calendars() -> None:
    for day in range(36_000):
        told_date = date(2000, 1, 1) + timedelta(days=day)
        assert str(date_of(day)) == told_date.strftime("%Y%m%d")


# -- answers -----------------------------------------------------------------------------------


def test_an_answer_can_be_corrected_until_it_is_confirmed_and_never_after() -> None:
    bench = begun()
    bench.run(MOMENT_MS)
    choose(bench, 10)
    for _ in range(5):
        bench.press(UP)
    bench.run(2_000)
    assert shown(bench)[3] == "Pain 0-10: 10"
    for _ in range(3):
        bench.press(DOWN)
    bench.run(2_000)
    assert shown(bench)[3] == "Pain 0-10:  7"
    assert told(bench) == FIRST
    bench.press(START)
    assert told(bench)[2:] == [("rating", 1, "before", "Overall", 7)]
    for button in (DOWN, UP, DOWN, DOWN):
        bench.press(button)
    bench.reset()
    bench.to_ready()
    bench.press(START)
    bench.run(2_000)
    assert shown(bench)[1] == "Rotate left"
    assert told(bench)[2:] == [("rating", 1, "before", "Overall", 7)]


def test_nothing_chosen_is_no_answer() -> None:
    bench = begun()
    for _ in range(3):
        bench.press(START)
        assert (bench.state, bench.refused) == ("RATE", "no_answer")
    bench.press(DOWN)
    assert bench.refused == ""
    bench.run(2_000)
    assert shown(bench)[3] == "Pain 0-10: 10" and told(bench) == FIRST


def test_a_start_pressed_as_therapy_ends_answers_nothing() -> None:
    bench = come(baseline(), 7)
    rate(bench, 1, 1, 1)
    bench.until("TREAT", 60_000)
    bench.until("DONE", 120_000)
    bench.until("RATE", 2_000)
    bench.press(UP)
    bench.press(START)
    assert told(bench)[-1] == ("rating", 2, "before", "Bend forward", 1)
    bench.run(MOMENT_MS)
    bench.press(START)
    assert told(bench)[-1] == ("rating", 2, "after", "Overall", 0)


def test_ten_minutes_without_a_button_lead_back_and_what_was_confirmed_stays() -> None:
    bench = begun()
    rate(bench, 3)
    bench.run(590_000)
    bench.press(UP)
    bench.run(590_000)
    assert bench.state == "RATE"
    bench.run(20_000)
    assert bench.state == "READY"
    bench.press(START)
    bench.run(2_000)
    assert shown(bench)[1] == "Rotate left" and shown(bench)[3] == "Pain 0-10:  -"


def test_a_charger_a_fault_or_a_hold_leaves_the_question_for_later() -> None:
    bench = begun()
    rate(bench, 3)
    bench.hal.pins |= CHARGER
    bench.until("CHARGING")
    bench.hal.pins &= ~CHARGER
    bench.until("READY")
    bench.run(MOMENT_MS)
    bench.press(START)
    bench.until("RATE")
    bench.hal.ntc[0] = 4_000
    bench.until("FAULT")
    bench.hal.skin_mc(33_000)
    bench.run(MOMENT_MS)
    bench.acknowledge()
    bench.to_ready()
    bench.press(START)
    bench.until("RATE")
    bench.down(START)
    bench.until("OFF")
    bench.hal.pins &= ~START
    bench.reset()
    bench.to_ready()
    bench.press(START)
    rate(bench, 4, 4, 1)
    assert [row[-1] for row in told(bench) if row[0] == "rating"] == [3, 4, 4]
    assert told(bench)[-1] == ("visit", 1, "done")


def test_ill_effects_are_marked_between_visits() -> None:
    bench = ticketed(True).to_ready()
    bench.press(DOWN)
    bench.run(2_000)
    assert bench.state == "RATE" and shown(bench)[1:5] == ["Ill effects", "", "-", ""]
    rate(bench, 2)
    assert (bench.state, told(bench)[-1]) == ("DONE", ("effect", 0, 2))
    come(bench)
    rate(bench, 6, 7, 8, 0)
    bench.run(MOMENT_MS)
    bench.press(DOWN)
    rate(bench, 3)
    assert told(bench)[-2:] == [("visit", 1, "done"), ("effect", 1, 3)]
    come(bench, 1)
    assert bench.refused == "too_early"


def test_where_they_are_not_asked_for_down_does_nothing() -> None:
    bench = ticketed(True, protocol={"ill_effects": False}).to_ready()
    bench.press(DOWN)
    assert bench.state == "READY" and "RATE" not in bench.cues()


def test_a_button_that_is_stuck_confirms_nothing() -> None:
    bench = begun()
    bench.run(MOMENT_MS)
    bench.down(UP)
    bench.press(START)
    assert (bench.refused, told(bench)) == ("button_stuck", FIRST)


# -- therapy -----------------------------------------------------------------------------------


def test_a_session_that_ended_in_its_ramp_may_be_begun_again_and_a_longer_one_is_the_visits() -> (
    None
):
    bench = come(baseline(), 7)
    rate(bench, 1, 1, 1)
    bench.until("RAMP", 60_000)
    bench.hal.pins |= CHARGER
    bench.until("CHARGING")
    bench.run(3_000)
    bench.hal.pins &= ~CHARGER
    bench.until("READY")
    bench.take_off()
    come(bench)
    bench.until("TREAT", 60_000)
    bench.hal.pins |= CHARGER
    bench.until("CHARGING")
    bench.run(3_000)
    bench.hal.pins &= ~CHARGER
    bench.until("READY")
    come(bench)
    assert bench.state == "RATE"
    bench.run(2_000)
    assert shown(bench)[4] == "After therapy"


def test_a_session_that_cannot_begin_waits_for_start() -> None:
    bench = come(baseline(), 7)
    rate(bench, 1, 1)
    bench.run(MOMENT_MS)
    bench.unit.battery.percent = 0
    choose(bench, 1)
    bench.unit.battery.percent = 0
    bench.press(START)
    assert (bench.state, bench.refused) == ("RATE", "battery")
    bench.run(2_000)
    assert shown(bench)[4] == "Start therapy"
    bench.press(START)
    assert bench.state == "WAIT_SKIN"


def test_a_visit_with_therapy_is_not_opened_on_a_battery_that_is_too_low_for_it() -> None:
    bench = ticketed(False, DEFAULT).to_ready()
    bench.press(START)
    rate(bench, 6, 7, 8, 0)
    bench.hal.cell_mv(3_460)
    bench.hal.gauge[1] = 3 << 8
    bench.run(20_000)
    come(bench, 7)
    assert (bench.state, bench.refused) == ("DONE", "battery")
    assert told(bench) == BASELINE
