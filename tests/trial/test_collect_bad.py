"""`waistband trial collect`: bad journals are found, named, and kept apart."""

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.records import journal_events as notes_kinds
from tests.support import journals
from tests.support.clocks import turn_clock
from tests.support.trial_folder import DAY_S, START_S, Belt, Bench, make_trial
from tests.support.trial_pulls import (
    PEOPLE,
    alter,
    attended_belt,
    collect,
    read_notes,
    read_participants,
    read_quarantine,
    rows,
)
from tools.commands.main import main
from tools.prescription.keyfile import Key
from tools.trial import folder as trial_folder
from tools.trial import people
from tools.trial.checker import PullChecker
from tools.trial.store import Pull

# -- bad journals ------------------------------------------------------------------------------


def tampered(bench: Bench, pulls: Path) -> None:
    alter(pulls / "P-02", b'"value": 6', b'"value": 1')


def cut_out(bench: Bench, pulls: Path) -> None:
    path = pulls / "P-02" / "journal.0"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(lines[:9] + lines[12:]))


def cut_short(bench: Bench, pulls: Path) -> None:
    path = pulls / "P-02" / "journal.0"
    lines = path.read_bytes().split(b"\n")
    lines[9] = lines[9][:60]
    path.write_bytes(b"\n".join(lines))


def twice_in_it(bench: Bench, pulls: Path) -> None:
    path = pulls / "P-02" / "journal.0"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:9], lines[5], *lines[9:]]))


def forged(bench: Bench, pulls: Path) -> None:
    """Made by somebody who has no key."""
    from firmware.records.keys import FILE

    belt = Belt(bench, "P-02")
    belt.hal.files = {}
    assert FILE not in belt.hal.files
    belt.on()
    belt.add("ticket", trial="Test", participant="P-02")
    belt.visit(1, 3)
    shutil.rmtree(pulls / "P-02")
    belt.pull(pulls / "P-02")


def other_trial(bench: Bench, pulls: Path) -> None:
    belt = Belt(bench, "P-02", trial="Elsewhere")
    belt.visit(1, 6, therapy=False)
    belt.pull(pulls / "P-02")


def other_unit(bench: Bench, pulls: Path) -> None:
    shutil.rmtree(pulls / "P-02")
    files = journals.unit_journal(Key(bytes(32), "WB-0001")).files
    journals.write(pulls / "P-02", {name: content.replace(b"WB-0001", b"WB-9999")
                                    for name, content in files.items()})  # fmt: skip


def no_ticket(bench: Bench, pulls: Path) -> None:
    belt = Belt(bench, "P-02", trial="")
    belt.visit(1, 6, therapy=False)
    belt.pull(pulls / "P-02")


def swapped(bench: Bench, pulls: Path) -> None:
    """From visit 2 on, P-02 wears the belt of P-03, and the other way about."""
    shutil.rmtree(pulls / "P-02")
    attended_belt(bench, "P-02", 1).pull(pulls / "P-02" / "1")
    attended_belt(bench, "P-03", 2).pull(pulls / "P-02" / "2")


def two_tickets(bench: Bench, pulls: Path) -> None:
    """The unit of P-02 was given the ticket of P-03 as well."""
    belt = attended_belt(bench, "P-02", 1)
    belt.add("ticket", trial="Test", participant="P-03")
    belt.visit(2, 5)
    belt.pull(pulls / "P-02")


def empty(bench: Bench, pulls: Path) -> None:
    (pulls / "P-02" / "journal.0").write_bytes(b"")


BAD: dict[str, tuple[Callable[[Bench, Path], None], list[tuple[str, str]], list[str]]] = {
    # what was done, what is kept apart and why, who is left
    "tampered": (tampered, [("pulls/P-02", "altered")], ["P-01", "P-03", "P-04"]),
    "records cut out": (cut_out, [("pulls/P-02", "dropped")], ["P-01", "P-03", "P-04"]),
    "a record cut short": (cut_short, [("pulls/P-02", "truncated")], ["P-01", "P-03", "P-04"]),
    "a record twice": (twice_in_it, [("pulls/P-02", "inserted")], ["P-01", "P-03", "P-04"]),
    "made without a key": (forged, [("pulls/P-02", "key")], ["P-01", "P-03", "P-04"]),
    "of another trial": (other_trial, [("pulls/P-02", "other trial")], ["P-01", "P-03", "P-04"]),
    "of another unit": (other_unit, [("pulls/P-02", "other unit")], ["P-01", "P-03", "P-04"]),
    "without a ticket": (no_ticket, [("pulls/P-02", "no ticket")], ["P-01", "P-03", "P-04"]),
    "swapped": (swapped, [("pulls/P-02/2", "swapped")], list(PEOPLE)),
    "empty": (empty, [("pulls/P-02", "empty")], ["P-01", "P-03", "P-04"]),
    "two tickets": (two_tickets, [("pulls/P-02", "ticket")], ["P-01", "P-03", "P-04"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_journal_is_named_and_kept_apart(
    bench: Bench, trial: Bench, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    do, found, left = BAD[name]
    do(bench, trial.folder.parent / "pulls")
    assert collect(trial) == 1
    assert read_quarantine(trial) == found
    assert read_participants(trial) == left
    said = capsys.readouterr().out
    assert f"APART {found[0][0]}: {found[0][1]}:" in said
    assert ("MISSING no journal of P-02" in said) == ("P-02" not in left)
    assert rows(trial, "SELECT count(*) FROM ratings WHERE participant = 'P-02'")[0][0] == (
        7 if name == "swapped" else 0
    )
    # and the report says so
    assert main(["trial", "report", str(trial.folder)]) == 0
    assert f"{found[0][0]}: {found[0][1]}:" in capsys.readouterr().out


def test_a_journal_that_was_cut_at_its_end_is_used_as_far_as_it_goes(trial: Bench) -> None:
    path = trial.folder.parent / "pulls" / "P-02" / "journal.0"
    path.write_bytes(path.read_bytes()[:-40])
    assert collect(trial) == 0
    assert read_notes(trial) == [("P-02", "torn")]
    assert rows(trial, "SELECT state FROM visits WHERE participant = 'P-02' AND visit = 3") == [
        ("open",)
    ]


def test_a_longer_pull_mends_one_that_was_cut(bench: Bench, trial: Bench) -> None:
    path = trial.folder.parent / "pulls" / "P-02" / "journal.0"
    path.write_bytes(path.read_bytes()[:-40])
    attended_belt(bench, "P-02").pull(trial.folder.parent / "pulls" / "P-02" / "again")
    assert collect(trial) == 0
    states = rows(trial, "SELECT state FROM visits WHERE participant = 'P-02' AND visit = 3")
    assert states == [("done",)]


def test_missing_journals_are_named(trial: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    for who in ("P-01", "P-03"):
        shutil.rmtree(trial.folder.parent / "pulls" / who)
    assert collect(trial) == 0
    assert "MISSING no journal of P-01, P-03" in capsys.readouterr().out
    assert main(["trial", "report", str(trial.folder)]) == 0
    said = capsys.readouterr().out
    assert "no journal that can be used: 2 (P-01, P-03)" in said
    assert "With a journal: 2" in said


def test_the_same_journal_in_two_places_is_counted_once(trial: Bench) -> None:
    pulls = trial.folder.parent / "pulls"
    shutil.copytree(pulls / "P-02", pulls / "copies" / "P-02")
    assert collect(trial) == 0
    assert read_notes(trial) == [("P-02", "duplicate")]
    assert rows(trial, "SELECT count(*) FROM ratings WHERE participant = 'P-02'") == [(35,)]


def test_somebody_elses_journal_in_a_second_folder_is_kept_apart_there(trial: Bench) -> None:
    pulls = trial.folder.parent / "pulls"
    shutil.rmtree(pulls / "P-03")
    shutil.copytree(pulls / "P-02", pulls / "P-03")
    assert collect(trial) == 1
    assert read_quarantine(trial) == [("pulls/P-03", "swapped")]
    assert read_participants(trial) == ["P-01", "P-02", "P-04"]


@pytest.mark.parametrize(("how", "by"), [("set", 5 * DAY_S), ("went back", -3 * DAY_S)])
def test_a_clock_that_was_changed_between_visits_is_told(
    bench: Bench, trial: Bench, how: str, by: int
) -> None:
    belt = attended_belt(bench, "P-02", 2)
    before = belt.hal.clock_s
    turn_clock(belt.hal, belt.journal.clock, belt.hal.clock_s + by)
    belt.add("clock", before=before, after=before + by, how=how)
    belt.begins_s += by
    belt.visit(3, 6, 5)
    belt.pull(trial.folder.parent / "pulls" / "P-02")
    assert collect(trial) == 0
    said = rows(trial, "SELECT what, said FROM notes WHERE participant = 'P-02' ORDER BY 1")
    assert [what for what, _ in said] == ["clock", "window"]
    assert f"between visits 2 and 3, by {by / DAY_S:+.1f} days" in said[0][1]


def test_a_clock_that_is_set_before_the_first_visit_by_a_little_is_no_news(
    bench: Bench, trial: Bench
) -> None:
    belt = Belt(bench, "P-02")
    belt.add("clock", before=START_S, after=START_S + 20, how="set")
    belt.visit(1, 6, therapy=False)
    belt.pull(trial.folder.parent / "pulls" / "P-02")
    assert collect(trial) == 0
    assert read_notes(trial) == []


def test_whoever_was_not_enrolled_is_kept_apart(bench: Bench, tmp_path: Path) -> None:
    trial = make_trial(tmp_path, visits=3)
    people.add_enrolment(trial_folder.open_trial(str(trial.folder)), "P-01", "WB-0001")
    for who in ("P-01", "P-02"):
        attended_belt(trial, who).pull(tmp_path / "pulls" / who)
    assert collect(trial) == 1
    assert read_quarantine(trial) == [("pulls/P-02", "not enrolled")]


def test_missed_and_unfinished_visits_are_what_they_are(bench: Bench, trial: Bench) -> None:
    belt = Belt(bench, "P-02")
    belt.add("visit", visit=1, stage="opened")
    belt.add("visit", visit=1, stage="unfinished")
    belt.add("missed", visit=2)
    belt.pull(trial.folder.parent / "pulls" / "P-02")
    assert collect(trial) == 0
    found = rows(trial, "SELECT visit, state FROM visits WHERE participant = 'P-02' ORDER BY 1")
    assert found == [(1, "unfinished"), (2, "missed")]


def test_a_session_that_was_cut_by_a_restart_has_no_minutes(bench: Bench, trial: Bench) -> None:
    belt = Belt(bench, "P-02")
    belt.visit(1, 6, therapy=False)
    turn_clock(belt.hal, belt.journal.clock, belt.hal.clock_s + 7 * DAY_S)
    belt.add("visit", visit=2, stage="opened")
    asked = journals.template()["session"]
    assert belt.journal.begin(notes_kinds.SESSION, tuple(asked[k] for k in notes_kinds.SESSION), 10)
    belt.on()
    belt.session()
    belt.add("visit", visit=2, stage="done")
    belt.pull(trial.folder.parent / "pulls" / "P-02")
    assert collect(trial) == 0
    found = rows(trial, "SELECT visit, treat_ms FROM sessions WHERE participant = 'P-02' "
                        "ORDER BY treat_ms")  # fmt: skip
    assert found == [(2, None), (2, 600_000)]
    assert read_notes(trial) == [("P-02", "unended")]


@pytest.mark.parametrize(("kind", "values", "what"), [
    ("rating", {"visit": 1, "when": "before", "item": "Overall", "value": 11}, "protocol"),
    ("rating", {"visit": 1, "when": "before", "item": "Elbow", "value": 5}, "protocol"),
    ("rating", {"visit": 1, "when": "during", "item": "Overall", "value": 5}, "protocol"),
    ("rating", {"visit": 9, "when": "before", "item": "Overall", "value": 5}, "protocol"),
    ("rating", {"visit": 1, "when": "before", "item": "Overall", "value": 5}, "twice"),
    ("effect", {"visit": 1, "severity": 4}, "protocol"),
    ("visit", {"visit": 1, "stage": "opened"}, "twice"),
    ("visit", {"visit": 1, "stage": "begun"}, "protocol"),
    ("guess", {"visit": 1, "guess": "maybe"}, "twice"),
])  # fmt: skip
def test_what_the_protocol_has_not_is_told_and_not_used(
    bench: Bench, trial: Bench, kind: str, values: dict[str, Any], what: str
) -> None:
    belt = Belt(bench, "P-02")
    belt.visit(1, 6, therapy=False)
    before = rows_of(belt)
    belt.add(kind, **values)
    belt.pull(trial.folder.parent / "pulls" / "P-02")
    assert collect(trial) == 0
    assert read_notes(trial) == [("P-02", what)]
    assert rows(trial, "SELECT count(*), sum(value) FROM ratings WHERE participant = 'P-02'") == [
        (before, 6 * before)
    ]
    assert rows(trial, "SELECT count(*) FROM effects WHERE participant = 'P-02'") == [(0,)]


def rows_of(belt: Belt) -> int:
    lines = belt.files()["journal.0"].splitlines()
    return sum(json.loads(line)["kind"] == "rating" for line in lines)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_that_is_changed_changes_an_answer(bench: Bench, data: st.DataObject) -> None:
    """Whatever is overwritten, cut out or put in: what is used was answered so."""
    trial = trial_folder.open_trial(str(bench.folder))
    content = whole(bench)
    at = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(0, 400))
    put = data.draw(st.binary(max_size=6))
    changed = content[:at] + put + content[at + length :]
    checker = PullChecker(trial, trial.journal_keys(bench.monitor))
    found = checker.check_all({"digest": Pull({"journal.0": changed}, {"P-02"})})
    good = answers(content)
    assert len(found) + len(checker.quarantine) == 1
    for participant in found:
        assert set(participant.rated.values()) <= good


@functools.cache
def journal_of(folder: Path) -> bytes:
    return (folder / "journal.0").read_bytes()


def whole(bench: Bench) -> bytes:
    folder = bench.folder.parent / "whole"
    if not folder.exists():
        attended_belt(bench, "P-02").pull(folder)
    return journal_of(folder)


def answers(content: bytes) -> set[tuple[Any, ...]]:
    rows = [json.loads(line) for line in content.splitlines()]
    return {
        ("P-02", row["visit"], row["when"], row["item"], row["value"], row["at"], row["seal"])
        for row in rows if row["kind"] == "rating"
    }  # fmt: skip
