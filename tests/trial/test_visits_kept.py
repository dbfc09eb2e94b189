"""Stored visits of a unit: whole after any power cut, refused with words where unreadable."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.inputs import START, UP
from firmware.core.validate import Refused
from firmware.trial import enrolment, visits
from tests.support.clocks import turn_clock
from tests.support.enrolled_unit import (
    CLOCK_S,
    DAY_S,
    FIRST,
    PROTOCOL,
    TICKETS,
    baseline,
    begun,
    choose,
    come,
    rate,
    shown,
    ticket_of,
    ticketed,
    told,
    treated,
)
from tests.support.fake_hal import MOMENT_MS, Bench

# -- what is kept ------------------------------------------------------------------------------


def test_what_cannot_be_kept_is_refused_and_asked_again() -> None:
    bench = begun(False)
    bench.run(MOMENT_MS)
    bench.hal.storage_full = True
    choose(bench, 4)
    bench.press(START)
    assert (bench.state, bench.refused, told(bench)) == ("RATE", "storage", FIRST)
    bench.hal.storage_full = False
    bench.press(START)
    assert told(bench)[2:] == [("rating", 1, "before", "Overall", 4)]


class Cut(Exception):
    """Power is cut."""


def attend_with_cut(bench: Bench, cut_at: int, after: bool) -> bool:
    """Attend two visits and cut power at one write, before or just after it; True if it was cut."""
    count = 0
    write = bench.hal.store

    def store(name: str, content: bytes) -> bool:
        nonlocal count
        count += 1
        if count == cut_at and not after:
            raise Cut
        done = write(name, content)
        if count == cut_at:
            raise Cut
        return done

    bench.hal.store = store  # type: ignore[method-assign]
    try:
        attended(bench)
    except Cut:
        bench.hal.store = write  # type: ignore[method-assign]
        bench.hal.pins &= ~(START | UP)
        return True
    bench.hal.store = write  # type: ignore[method-assign]
    return False


def attended(bench: Bench) -> None:
    """From power-on: a person answers whatever is asked with its number, until two visits are
    done."""
    bench.reset()
    bench.until("READY")
    bench.run(MOMENT_MS)
    for _ in range(6):
        trial = bench.unit.trial
        assert trial and trial.taken
        if trial.progress.visit == 2 and trial.progress.stage == visits.CLOSED:
            return
        over = (trial.progress.visit, trial.progress.stage) >= (1, visits.CLOSED)
        turn_clock(bench.hal, bench.unit.clock, CLOCK_2 if over else CLOCK_1)
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
    assert not attend_with_cut(whole, 0, False)
    expected = told(whole)
    assert len(expected) == 16
    cut_at, cuts = 1, 0
    while True:
        again = False
        for after in (False, True):
            bench = ticketed(False)
            if attend_with_cut(bench, cut_at, after):
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
    monkeypatch.setattr("firmware.records.journal.SEGMENT_BYTES", 700)
    for cut_at in range(1, 30):
        bench = ticketed(False, protocol={"movements": ["Bend"]})
        bench.to_ready()
        if lived_once(bench, cut_at):
            bench.reset()
            bench.to_ready()
            bench.run(2_000)
        rows = [row for row in told(bench) if row[0] == "rating"]
        trial = bench.unit.trial
        assert trial and trial.taken
        assert len(rows) == min(trial.progress.item, 2) or trial.progress.stage == visits.CLOSED


def lived_once(bench: Bench, cut_at: int) -> bool:
    """The first visit, cut at a write."""
    write = bench.hal.store
    count = 0

    def store(name: str, content: bytes) -> bool:
        nonlocal count
        count += 1
        if count == cut_at:
            raise Cut
        return write(name, content)

    bench.hal.store = store  # type: ignore[method-assign]
    try:
        bench.press(START)
        rate(bench, 1, 2, 0)
    except Cut:
        return True
    finally:
        bench.hal.store = write  # type: ignore[method-assign]
        bench.hal.pins &= ~(START | UP)
    return False


def test_a_journal_that_was_wiped_does_not_get_the_last_record_again() -> None:
    bench = baseline(False)
    for _ in range(3):
        for name in [name for name in bench.hal.files if name.startswith("journal")]:
            del bench.hal.files[name]
        bench.reset()
        bench.to_ready()
        bench.run(2_000)
        assert told(bench) == []


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
    assert bench.unit.session.locked.startswith("visit.json cannot be read")
    bench.run(2_000)
    assert shown(bench)[6] == "Ticket is wrong"
    assert bench.hal.files[visits.FILE] == BAD[name]


def test_the_progress_of_another_participant_or_trial_locks_with_words() -> None:
    for changed in ({"participant": "P-08"}, {"trial": "OTHER"}):
        bench = ticketed(False)
        bench.hal.files[visits.FILE] = progress(**changed)
        bench.reset()
        bench.until("LOCKED")
        assert "another participant or trial" in bench.unit.session.locked


def test_a_ticket_that_is_taken_away_leaves_no_plain_belt() -> None:
    bench = baseline(False)
    del bench.hal.files[enrolment.FILE]
    bench.reset()
    bench.until("LOCKED")
    assert "its ticket is gone" in bench.unit.session.locked
    bench.press(START)
    assert bench.refused == "" and not bench.lit_in


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"?",
        ticket_of(False, unit="WB-9999"),
        ticket_of(False, bytes(32)),
        ticket_of(True, arm="0" * 64),
    ],
)
def test_a_ticket_that_is_refused_locks_the_unit_dark(content: bytes) -> None:
    bench = ticketed(False, content=content)
    bench.until("LOCKED")
    assert bench.unit.session.lock == states.TRIAL and "ticket" in bench.unit.session.locked
    assert bench.unit.gate.mask == 0


def test_a_unit_without_keys_takes_no_ticket() -> None:
    bench = ticketed(False)
    del bench.hal.files["keys.json"]
    bench.reset()
    bench.until("LOCKED")
    assert bench.unit.session.lock == states.TRIAL and "no key" in bench.unit.session.locked


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(visits.KEYS),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=9)
        | st.lists(st.integers() | st.text(max_size=7)),
    )
)
def test_any_values_in_it_are_refused_or_read(table: dict[str, Any]) -> None:
    key = TICKETS
    taken = enrolment.Ticket(json.loads(ticket_of(True))["signed"], key)
    try:
        step = visits.read(progress(**table), taken)
    except Refused:
        return
    assert 0 <= step.visit <= PROTOCOL["visits"] and step.stage in range(4)
    assert visits.read(step.content(), taken).content() == step.content()


def test_a_unit_that_replaces_another_goes_on_with_the_next_visit() -> None:
    """Its first record is the ticket; the visits before are those of the broken unit."""
    bench = ticketed(False)
    kept = visits.Progress("WB-PILOT", "P-07")
    kept.visit, kept.first_s, kept.owes = 2, CLOCK_S, (0, "ticket", "WB-PILOT", "P-07")
    bench.hal.files[visits.FILE] = kept.content()
    bench.reset()
    bench.to_ready()
    come(bench, 14)
    assert told(bench) == [("ticket", "WB-PILOT", "P-07"), ("visit", 3, "opened")]
    assert bench.state == "RATE"


def test_a_clock_that_is_ahead_at_power_on_closes_no_visit_until_a_person_confirms_its_date() -> (
    None
):
    """Thirty days ahead at visit 2: once five visits were missed by it."""
    bench = baseline()
    before, right_s = told(bench), (bench.hal.clock_s or 0) + 7 * DAY_S
    for ahead in (30 * DAY_S, 0):
        bench.hal.clock_s = right_s + ahead
        bench.reset()
        bench.to_ready()
        bench.press(START)
        bench.run(MOMENT_MS)
        assert (bench.state, bench.refused, told(bench)) == ("READY", "new_date", before)
    bench.press(START)  # the date is right now, and confirmed
    bench.run(MOMENT_MS)
    assert (bench.state, told(bench)[len(before) :]) == ("RATE", [("visit", 2, "opened")])
