"""Signed commands over USB: what changes evidence needs the clinic's key, once, and is recorded."""

import json
from typing import Any

import pytest

from firmware.core.conversions import clock_seconds
from firmware.records import signed_command
from firmware.records.keys import FILE, Keys
from firmware.trial import visits
from tests.support.enrolled_unit import CLOCK_S, DAY_S, baseline, come, rate, records, shown
from tests.support.fake_hal import SHORT, Bench
from tests.support.journals import KEY as CLINIC
from tests.support.journals import segments
from tests.support.keyed_unit import KEY, SERIAL, keyed, made
from tools.journal import chain
from tools.journal.reader import Segment


def signed(text: str, key: bytes = KEY, serial: str = SERIAL) -> bytes:
    """The line that a host sends."""
    sealed = signed_command.seal(text.encode(), serial, key)
    return b"signed " + text.encode() + b" " + sealed


def ask(bench: Bench, line: bytes) -> dict[str, Any]:
    """The unit's answer to a line."""
    bench.hal.reader = True
    bench.hal.lines = [line]
    before = len(bench.hal.calls)
    bench.run(2_000)
    said = [call[1] for call in bench.hal.calls[before:] if call[0] == "write_line"]
    answers = [json.loads(one) for one in said if b'"ok"' in one or b'"error"' in one]
    (answer,) = answers
    found: dict[str, Any] = answer
    return found


def ready() -> Bench:
    """A keyed unit with a clock, ready for some seconds."""
    bench = keyed(made())
    bench.hal.clock_s = CLOCK_S
    bench.reset()
    bench.to_ready()
    bench.run(3_000)
    return bench


EARLIER = "2025-12-31T08:00:00"


def test_the_clock_goes_back_by_a_signed_command_alone_and_once() -> None:
    bench = ready()
    then_s = clock_seconds(EARLIER.encode())
    assert then_s < CLOCK_S
    ask(bench, b"clock " + EARLIER.encode())
    assert (bench.unit.journal.clock_s() or 0) >= CLOCK_S  # the chain's time did not go back
    bench.hal.clock_s = CLOCK_S
    line = signed(f"1 clock {EARLIER} it was a year ahead")
    assert ask(bench, line) == {"ok": "done and recorded"}
    assert bench.hal.clock_s == bench.unit.journal.clock_s() == then_s
    (row,) = records(bench, "command")
    assert (row["do"], row["number"], row["value"]) == ("clock", 1, EARLIER)
    assert row["reason"] == "it was a year ahead"
    clock = records(bench, "clock")[-1]
    assert (clock["before"], clock["after"], clock["how"]) == (CLOCK_S, then_s, "signed")
    bench.reset()
    bench.run(6_000)
    assert bench.unit.journal.clock_s() == then_s  # after a reset as well
    assert "number 1 was obeyed" in ask(bench, line)["error"]
    files = segments(bench.hal.files)
    rows = [Segment("", name, int(name[-1]), content) for name, content in files.items()]
    assert chain.verify(rows, CLINIC).wrong == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (signed(f"1 clock {EARLIER} why", bytes(32)), "altered, or signed with the key of another"),
        (signed(f"1 clock {EARLIER} why", serial="WB-0002"), "altered, or signed with"),
        (signed(f"1 clock {EARLIER} why").replace(b"2025", b"2024"), "altered, or signed with"),
        (signed(f"1 clock {EARLIER}"), "signed takes NUMBER DO VALUE REASON SEAL"),
        (signed("1 clock tomorrow why"), "clock takes YYYY-MM-DD"),
        (signed("1 erase all why"), "not a signed command"),
        (signed("1 visit 2 why"), "the unit has no ticket"),
        (signed("0 leave - why"), "number 0 was obeyed"),
        (b"signed", "altered, or signed with"),
        (b"signed \xff\xfe \x00", "altered, or signed with"),
    ],
)
def test_what_is_not_signed_for_the_unit_changes_nothing(line: bytes, said: str) -> None:
    bench = ready()
    before = dict(bench.hal.files)
    assert said in ask(bench, line)["error"]
    assert bench.hal.clock_s == CLOCK_S
    assert records(bench, "command") == [] and Keys(bench.hal.files[FILE]).command == 0
    assert bench.hal.files["journal.0"].startswith(before["journal.0"])


def test_a_unit_without_a_key_obeys_none() -> None:
    bench = Bench(SHORT, clock_s=CLOCK_S).to_ready()
    assert ask(bench, signed(f"1 clock {EARLIER} why")) == {"error": "the unit has no key"}


def test_none_is_obeyed_in_a_session() -> None:
    bench = ready()
    bench.to("TREAT")
    assert "while a session runs" in ask(bench, signed(f"1 clock {EARLIER} why"))["error"]
    assert bench.hal.clock_s == CLOCK_S


def test_a_visit_that_a_wrong_clock_closed_is_opened_again_on_the_record() -> None:
    bench = baseline()
    come(bench, 40)  # the clock is wrong: visits are missed
    missed = records(bench, "missed")
    assert missed
    bench.hal.clock_s = (bench.hal.clock_s or 0) - 33 * DAY_S
    back = "2026-01-11T12:00:00"
    bench.until("READY", 30 * 60_000)  # nobody answers what it asks
    day_7 = CLOCK_S + 7 * DAY_S
    assert ask(bench, signed(f"1 clock {back} the clock was wrong")) == {"ok": "done and recorded"}
    bench.hal.clock_s = bench.unit.journal.latest = day_7
    assert ask(bench, signed("2 visit 2 a wrong clock closed it"))["ok"]
    assert bench.unit.trial and bench.unit.trial.progress.visit == 1
    come(bench)
    assert bench.state == "RATE" and records(bench, "visit")[-1]["visit"] == 2
    assert [row["do"] for row in records(bench, "command")] == ["clock", "visit"]


def test_lost_visits_are_set_by_a_signed_command() -> None:
    bench = baseline()
    come(bench, 7)
    rate(bench, 5, 5, 5)
    first_s = json.loads(bench.hal.files[visits.FILE])["first_s"]
    del bench.hal.files[visits.FILE]
    bench.reset()
    bench.run(8_000)
    assert bench.state == "LOCKED"
    assert "N@YYYY-MM-DD" in ask(bench, signed("1 visit 2 lost"))["error"]
    day = "2026-01-04"
    first = clock_seconds(day.encode() + b"T12:00:00")
    assert abs(first - first_s) < DAY_S
    assert ask(bench, signed(f"1 visit 2@{day} visit.json was lost"))["ok"]
    bench.reset()
    bench.run(8_000)
    assert bench.state == "READY" and records(bench, "boot")[-1]["wrong"] == []
    come(bench)
    bench.run(3_000)
    assert bench.state == "RATE" and shown(bench)[2].startswith("Visit  2")


def test_a_unit_that_leaves_a_trial_is_free_again() -> None:
    bench = baseline()
    for name in ("trial.json", visits.FILE):
        del bench.hal.files[name]
    bench.reset()
    bench.run(8_000)
    assert bench.state == "LOCKED" and records(bench, "boot")[-1]["wrong"] == ["visit.json: gone"]
    assert ask(bench, signed("1 leave - the trial is over"))["ok"]
    bench.reset()
    bench.run(8_000)
    assert bench.state == "READY"
