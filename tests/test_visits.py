"""Visits at the belt: when one may be, what is asked, and that no answer is lost or changed."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import states, ticket, visits
from firmware.inputs import CHARGER, DOWN, START, UP
from firmware.prescription import DEFAULT, Refused
from tests.fake_hal import MOMENT_MS, Bench
from tests.trials import (
    DAY_S,
    PROTOCOL,
    TICKETS,
    choose,
    come,
    rate,
    shown,
    ticket_of,
    ticketed,
    told,
    treated,
)

FIRST = [("ticket", "WB-PILOT", "P-07"), ("visit", 1, "opened")]
BASELINE = [
    *FIRST, ("rating", 1, "before", "Overall", 6), ("rating", 1, "before", "Rotate left", 7),
    ("rating", 1, "before", "Bend forward", 8), ("effect", 1, 0), ("visit", 1, "done"),
]  # fmt: skip


def begun(**protocol: Any) -> Bench:
    """A unit at its first visit."""
    bench = ticketed(False, protocol=protocol).to_ready()
    bench.press(START)
    return bench


def baseline(**protocol: Any) -> Bench:
    """A unit whose first visit is done."""
    bench = begun(**protocol)
    rate(bench, 6, 7, 8, 0)
    assert bench.state == "DONE"
    return bench


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


PROTOCOLS = st.fixed_dictionaries({
    "visits": st.integers(2, 20), "interval_days": st.just(7), "window_days": st.just(2),
    "baseline_therapy": st.booleans(), "rate_after": st.booleans(), "guess": st.booleans(),
    "ill_effects": st.booleans(),
    "movements": st.lists(st.sampled_from(ticket.MOVEMENTS), unique=True, max_size=6),
})  # fmt: skip


@given(PROTOCOLS)
def test_every_protocol_asks_each_question_of_a_visit_once(table: dict[str, Any]) -> None:
    protocol = ticket.Protocol(table)
    for visit in range(1, protocol.visits + 1):
        before = visits.items(protocol, visit, visits.BEFORE)
        after = visits.items(protocol, visit, visits.AFTER)
        pain = tuple(range(1 + len(protocol.movements)))
        assert before[: len(pain)] == pain
        therapy = visits.has_therapy(protocol, visit)
        assert set(pain) <= set(after) or not (therapy and protocol.rate_after)
        both = before + after
        assert both.count(visits.EFFECT) == protocol.ill_effects
        assert both.count(visits.GUESS) == (protocol.guess and visit == protocol.visits)
        assert therapy or not after
        for stage in (visits.THERAPY, visits.CLOSED):
            assert visits.items(protocol, visit, stage) == ()


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
        bench.hal.clock_s = (bench.hal.clock_s or 0) + DAY_S
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
    bench.hal.clock_s = None
    bench.press(START)
    assert (bench.state, bench.refused, told(bench)) == ("READY", "no_clock", FIRST[:1])


def test_a_clock_that_went_back_counts_from_the_latest_that_was_written() -> None:
    bench = come(baseline(), 7)
    rate(bench, 1)
    bench.hal.clock_s = 0
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
        assert str(visits.date_of(day)) == told_date.strftime("%Y%m%d")


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
    bench.press(START)
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


def test_a_session_that_ended_in_its_ramp_may_be_begun_again_and_a_longer_one_is_the_visits(
) -> None:
    bench = come(baseline(), 7)
    rate(bench, 1, 1, 1)
    bench.until("RAMP", 60_000)
    bench.hal.pins |= CHARGER
    bench.until("CHARGING")
    bench.run(3_000)
    bench.hal.pins &= ~CHARGER
    bench.until("READY")
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


# -- what is kept ------------------------------------------------------------------------------


def test_what_cannot_be_kept_is_refused_and_asked_again() -> None:
    bench = begun()
    bench.run(MOMENT_MS)
    bench.hal.storage_full = True
    choose(bench, 4)
    bench.press(START)
    assert (bench.state, bench.refused, told(bench)) == ("RATE", "storage", FIRST)
    bench.hal.storage_full = False
    bench.press(START)
    assert told(bench)[2:] == [("rating", 1, "before", "Overall", 4)]


class Cut(Exception):
    """Power goes."""


def lived(bench: Bench, cut_at: int, after: bool) -> bool:
    """Two visits, with power lost at one of the writes, before it is done or just after;
    whether it was."""
    count = 0
    write = bench.hal.keep

    def keep(name: str, content: bytes) -> bool:
        nonlocal count
        count += 1
        if count == cut_at and not after:
            raise Cut
        done = write(name, content)
        if count == cut_at:
            raise Cut
        return done

    bench.hal.keep = keep  # type: ignore[method-assign]
    try:
        attended(bench)
    except Cut:
        bench.hal.keep = write  # type: ignore[method-assign]
        bench.hal.pins &= ~(START | UP)
        return True
    bench.hal.keep = write  # type: ignore[method-assign]
    return False


def attended(bench: Bench) -> None:
    """From power-on: a person answers whatever is asked with its number, until two visits are
    done."""
    bench.reset()
    bench.until("READY")
    bench.run(MOMENT_MS)
    for _ in range(6):
        trial = bench.unit.trial
        assert trial and trial.progress
        if trial.progress.visit == 2 and trial.progress.stage == visits.CLOSED:
            return
        bench.hal.clock_s = CLOCK_2 if (trial.progress.visit, trial.progress.stage) >= (
            1, visits.CLOSED) else CLOCK_1  # fmt: skip
        bench.press(START)
        while bench.state in ("RATE", "WAIT_SKIN", "CHECK", "RAMP", "TREAT"):
            if bench.state != "RATE":
                treated(bench)
                continue
            bench.run(MOMENT_MS)
            choose(bench, trial.progress.item % 4)
            bench.press(START)
        bench.run(2 * MOMENT_MS)
    raise AssertionError("visits without an end")


CLOCK_1 = 9_500 * DAY_S + 3_600
CLOCK_2 = CLOCK_1 + 7 * DAY_S


def test_with_power_lost_at_any_write_no_answer_is_lost_twice_there_or_another() -> None:
    whole = ticketed(False)
    assert not lived(whole, 0, False)
    expected = told(whole)
    assert len(expected) == 16
    cut_at, cuts = 1, 0
    while True:
        again = False
        for after in (False, True):
            bench = ticketed(False)
            if lived(bench, cut_at, after):
                again = True
                cuts += 1
                attended(bench)
            bench.run(3_000)
            assert told(bench) == expected, f"cut at write {cut_at}, {after}"
        if not again:
            break
        cut_at += 1
    assert cuts >= 60


def test_a_segment_that_is_full_at_any_answer_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.journal.SEGMENT_BYTES", 700)
    for cut_at in range(1, 30):
        bench = ticketed(False, protocol={"movements": ["Bend"]})
        bench.to_ready()
        if lived_once(bench, cut_at):
            bench.reset()
            bench.to_ready()
            bench.run(2_000)
        rows = [row for row in told(bench) if row[0] == "rating"]
        trial = bench.unit.trial
        assert trial and trial.progress
        assert len(rows) == min(trial.progress.item, 2) or trial.progress.stage == visits.CLOSED


def lived_once(bench: Bench, cut_at: int) -> bool:
    """The first visit, cut at a write."""
    write = bench.hal.keep
    count = 0

    def keep(name: str, content: bytes) -> bool:
        nonlocal count
        count += 1
        if count == cut_at:
            raise Cut
        return write(name, content)

    bench.hal.keep = keep  # type: ignore[method-assign]
    try:
        bench.press(START)
        rate(bench, 1, 2, 0)
    except Cut:
        return True
    finally:
        bench.hal.keep = write  # type: ignore[method-assign]
        bench.hal.pins &= ~(START | UP)
    return False


# -- locks -------------------------------------------------------------------------------------


def progress(**changed: Any) -> bytes:
    """A file that is taken, but for what is changed."""
    table = {
        "trial": "WB-PILOT", "participant": "P-07", "visit": 1, "stage": "closed", "item": 0,
        "first_s": CLOCK_1, "owes": [4, "visit", 1, "done"], **changed,
    }  # fmt: skip
    return json.dumps(table).encode()


BAD = {
    "nothing": b"", "no JSON": b"{", "no object": b"[]", "an extra key": progress(more=1),
    "too many visits": progress(visit=8), "a visit of no kind": progress(visit="1"),
    "no such stage": progress(stage="between"), "too far": progress(stage="before", item=5),
    "an item of a visit that is closed": progress(item=1), "no beginning": progress(first_s=0),
    "a beginning before the first": progress(visit=0), "therapy at a visit without":
    progress(stage="therapy"), "no record": progress(owes=[]), "a record of no kind":
    progress(owes=[1, "end", 1, 2]), "too short a record": progress(owes=[1, "visit", 1]),
    "a record's number": progress(owes=[-1, "visit", 1, "done"]), "a record's value":
    progress(owes=[1, "visit", 1, None]), "a list of lists": progress(owes=[1, ["visit"], 1, "x"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_progress_that_cannot_be_read_locks_with_words(name: str) -> None:
    bench = ticketed(False)
    bench.hal.files[visits.FILE] = BAD[name]
    bench.reset()
    bench.until("LOCKED")
    assert bench.unit.locked.startswith("visit.json cannot be read")
    bench.run(2_000)
    assert shown(bench)[6] == "Ticket is wrong"
    assert bench.hal.files[visits.FILE] == BAD[name]


def test_the_progress_of_another_participant_or_trial_locks_with_words() -> None:
    for changed in ({"participant": "P-08"}, {"trial": "OTHER"}):
        bench = ticketed(False)
        bench.hal.files[visits.FILE] = progress(**changed)
        bench.reset()
        bench.until("LOCKED")
        assert "another participant or trial" in bench.unit.locked


def test_a_ticket_that_is_taken_away_leaves_no_plain_belt() -> None:
    bench = baseline()
    del bench.hal.files[ticket.FILE]
    bench.reset()
    bench.until("LOCKED")
    assert "its ticket is gone" in bench.unit.locked
    bench.press(START)
    assert bench.refused == "" and not bench.lit_in


@pytest.mark.parametrize("content", [b"", b"?", ticket_of(False, unit="WB-9999"),
                                     ticket_of(False, bytes(32)), ticket_of(True, arm="0" * 64)])
def test_a_ticket_that_is_refused_locks_the_unit_dark(content: bytes) -> None:
    bench = ticketed(False, content=content)
    bench.until("LOCKED")
    assert bench.unit.lock == states.TRIAL and "ticket" in bench.unit.locked
    assert bench.unit.gate.mask == 0


def test_a_unit_without_keys_takes_no_ticket() -> None:
    bench = ticketed(False)
    del bench.hal.files["keys.json"]
    bench.reset()
    bench.until("LOCKED")
    assert bench.unit.lock == states.TRIAL and "no key" in bench.unit.locked


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(visits.KEYS), st.none() | st.booleans() | st.integers()
                       | st.text(max_size=9) | st.lists(st.integers() | st.text(max_size=7))))
def test_any_values_in_it_are_refused_or_read(table: dict[str, Any]) -> None:
    key = TICKETS
    taken = ticket.Ticket(json.loads(ticket_of(True))["signed"], key)
    try:
        step = visits.read(progress(**table), taken)
    except Refused:
        return
    assert 0 <= step.visit <= PROTOCOL["visits"] and step.stage in range(4)
    assert visits.read(step.content(), taken).content() == step.content()
