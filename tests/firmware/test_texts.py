"""What the unit shows, sounds and says: texts, cells, cues, commands."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.core import conversions, faults, states
from firmware.core.clock import Clock
from firmware.records import journal_events
from firmware.records.keys import Keys
from firmware.trial import visits
from firmware.ui import screen, telemetry, text_buffer, texts, usb_commands
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario import scenario
from tools.common import words
from tools.report import summary


def test_every_text_fits_its_row_and_is_printable():
    tables = (texts.STATES, texts.REASONS, texts.REFUSALS, texts.FAULTS, texts.LOCKS,
              texts.SEVERITIES, texts.GUESSES, texts.STAGES)  # fmt: skip
    labels = (
        texts.LEFT, texts.CONTACT, texts.DOSE, texts.SET_POINT, texts.BATTERY, texts.NO_CLOCK,
        texts.OFFER, texts.REST_OF_DAY,
        texts.RECEIPT, texts.ENDED, texts.TELL_THE_CLINIC, texts.VISIT,
        texts.FROM, texts.OVERALL, texts.ILL_EFFECTS, texts.GUESS,
        texts.PAIN, texts.BLANK,
    )  # fmt: skip
    for text in (*labels, *(text for table in tables for text in table)):
        assert len(text) <= screen.CELLS
        assert all(0x20 <= byte < 0x7F for byte in text)


def test_every_state_reason_refusal_and_fault_has_a_text():
    assert len(texts.STATES) == len(states.STATES)
    assert len(texts.REASONS) == len(states.EVENTS)
    assert len(texts.REFUSALS) == len(states.REFUSALS)
    assert len(texts.FAULTS) == len(faults.FAULTS)
    assert len(texts.LOCKS) == len(journal_events.LOCKS) == states.TRIAL + 1
    assert len(texts.GUESSES) == len(visits.GUESSES) == visits.MOST[visits.GUESS] + 1
    assert len(texts.SEVERITIES) == visits.MOST[visits.EFFECT] + 1
    assert len(texts.STAGES) == len(visits.STAGES)
    for reason, text in zip(states.REASONS, texts.REASONS, strict=True):
        assert bool(reason) == bool(text)


DESK = {
    "states": (words.STATES, states.STATES),
    "colours": (words.COLOURS, states.STATES),
    "reasons": (words.REASONS, [name.decode() for name in telemetry.REASON_NAMES if name]),
    "refusals": (words.REFUSED, states.REFUSALS[1:]),
    "faults": (words.FAULTS, [name for name, _ in faults.FAULTS]),
    "cues": (words.CUES, states.CUES),
}


@pytest.mark.parametrize("what", DESK)
def test_the_desks_table_has_words_for_all_that_the_firmware_names_and_for_no_more(what):
    table, names = DESK[what]
    assert set(table) == set(names)
    assert all(table.values())


def test_the_desks_table_has_words_for_every_lock():
    assert len(words.LOCKS) == len(texts.LOCKS)
    assert [bool(said) for said in words.LOCKS] == [bool(text) for text in texts.LOCKS]
    assert list(words.SEVERITIES) == [text.decode() for text in texts.SEVERITIES]


@pytest.mark.parametrize("number", range(1, len(states.REFUSALS)))
def test_a_run_without_a_session_says_why_start_was_refused(number):
    run = Run(replace(scenario.ordinary(), duration_s=5.0, events=()))
    run.advance(10**9)
    run.unit.session.refused = number
    said = words.REFUSED[states.REFUSALS[number]]
    assert f"No session: START was refused: {said}." in summary.render(run, []).replace("\n ", "")


def test_numbers_that_no_firmware_has_are_told_as_they_are():
    assert words.explain_lock(99) == "lock 99" and words.explain_lock(0) == ""
    assert words.explain_refusal(99) == "refusal 99" and words.explain_refusal(0) == ""
    assert words.name_fault("new") == "new"


def test_a_fault_and_its_pad_fit_one_row():
    assert max(map(len, texts.FAULTS)) + len(" A") <= screen.CELLS


@given(st.integers(-(2**30) + 1, 2**30 - 1), st.integers(0, 3))
def test_a_number_is_written_as_a_person_writes_it(value, point):
    row = bytearray(b" " * 16)
    begin = text_buffer.put_int(row, 16, value, point)
    shown = bytes(row[begin:]).decode()
    assert float(shown) == value / 10**point
    assert bytes(row[:begin]) == b" " * begin


@given(st.integers(-(2**30) + 1, 2**30 - 1), st.integers(0, 20))
def test_a_number_never_leaves_its_row(value, end):
    row = bytearray(8)
    text_buffer.put_int(row, min(end, 8), value)
    assert len(row) == 8


@given(st.integers(-(2**30) + 1, 2**30 - 1))
def test_an_appended_number_ends_where_it_says(value):
    row = bytearray(16)
    end = text_buffer.append_int(row, 1, value)
    assert int(bytes(row[1:end])) == value


@given(st.datetimes(datetime(2000, 1, 1), datetime(2033, 12, 31)))
def test_the_clock_command_agrees_with_the_calendar(moment):
    moment = moment.replace(microsecond=0)
    expected = (moment - datetime(2000, 1, 1)) // timedelta(seconds=1)
    assert conversions.clock_seconds(moment.isoformat().encode()) == expected


@given(st.binary(max_size=30))
def test_no_line_makes_a_time_that_is_none(line):
    seconds = conversions.clock_seconds(line)
    if seconds >= 0:
        shown = datetime(2000, 1, 1) + timedelta(seconds=seconds)
        assert shown.isoformat().encode() == line


def test_the_longest_telemetry_line_fits_its_buffer():
    numbers = len(telemetry.FIELDS) - 3
    names = max(map(len, telemetry.STATE_NAMES)) + max(map(len, telemetry.REASON_NAMES))
    assert sum(map(len, telemetry.FIELDS)) + names + numbers * 11 <= telemetry.LINE_BYTES


class Unit:
    """As much of a unit as the console asks about."""

    def __init__(self, state):
        self.posted: list[int] = []
        self.session: Any = type("Session", (), {
            "state": state, "lock": states.NOT_LOCKED, "post": self.posted.append
        })()  # fmt: skip
        self.hal = self.status = self.journal = self
        self.keys = Keys(None)
        self.clock = Clock(self)  # type: ignore[arg-type]
        self.set_to = None
        self.restarted = False
        self.told: list[tuple[Any, ...]] = []

    def wall_clock(self):
        return 7

    def add(self, kind, keys, values):
        self.told.append((kind, *values))

    def set_wall_clock(self, seconds):
        self.set_to = seconds
        return True

    def restart_to_service(self):
        self.restarted = True


def answer(unit: Any, line: bytes) -> bytes:
    return usb_commands.answer(line, unit, None)


def test_commands_are_refused_while_a_session_runs():
    for state in states.IN_SESSION:
        for line in (b"clock 2026-11-23T16:00:00", b"service", b"deploy"):
            unit = Unit(state)
            assert "refused" in json.loads(answer(unit, line))["error"]
            assert unit.set_to is None
            assert not unit.restarted


def test_commands_do_what_they_say_while_ready():
    unit = Unit(states.READY)
    assert json.loads(answer(unit, b"clock 2000-01-02T00:00:01")) == {"ok": "clock set"}
    assert unit.set_to == 86_401
    assert unit.told == [("clock", 7, 86_401, "host")]
    answer(unit, b"service")
    assert unit.restarted


def test_a_lit_self_test_is_for_a_unit_that_keeps_a_hard_fault():
    unit = Unit(states.LOCKED)
    assert "error" in json.loads(answer(unit, b"selftest"))
    unit.session.lock = states.HARD_FAULT
    assert "ok" in json.loads(answer(unit, b"selftest"))
    assert unit.posted == [states.SERVE]


@given(st.binary(max_size=140))
@example(b"signed")
def test_any_line_is_answered_by_one_line(line):
    reply = answer(Unit(states.READY), line)
    assert not reply or (reply.count(b"\n") == 1 and json.loads(reply))
