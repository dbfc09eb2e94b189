"""Enrolment in sequence, by stratum, undone on the record; dates of events; formulas."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.trial_folder import Bench, make_trial
from tools.commands.main import main
from tools.common.files import render_csv
from tools.trial import age, folder, log

STRATA = {"under 50": 4, "from 50": 6}


def run(trial: Bench, command: str, *arguments: str) -> int:
    return main(["trial", command, str(trial.folder), *arguments])


def enrol(trial: Bench, number: int) -> int:
    who = f"P-{number:02}"
    return run(trial, "enrol", "--participant", who, "--unit", f"WB-{number:04}")


@pytest.fixture
def trial(tmp_path: Path) -> Bench:
    return make_trial(tmp_path, 4)


def test_nobody_is_enrolled_before_their_turn(
    trial: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enrol(trial, 3) == 2
    said = capsys.readouterr().err
    assert "P-03: the next participant is P-01" in said and said.count("\n") == 1
    assert [enrol(trial, number) for number in (1, 2, 3)] == [0, 0, 0]
    assert list(folder.open_trial(str(trial.folder)).enrolled) == ["P-01", "P-02", "P-03"]


def test_each_stratum_has_its_sequence_its_blocks_and_its_balance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = make_trial(tmp_path, 10, strata=STRATA)
    opened = folder.open_trial(str(trial.folder))
    assert Counter(opened.stratum(who) for who in trial.people) == STRATA
    assert enrol(trial, 6) == 2
    assert "the next participant of the stratum from 50 is P-05" in capsys.readouterr().err
    assert [enrol(trial, number) for number in (5, 1, 6, 2)] == [0, 0, 0, 0]
    held = age.read_identity(trial.statistician)
    content = age.decrypt((trial.folder / "allocation.age").read_bytes(), held, "", "")
    table = json.loads(content)
    assert table["block_sizes"] == [2, 4] and len(table["blocks"]) == 2
    for blocks, count in zip(table["blocks"], STRATA.values(), strict=True):
        assert sum(blocks[:-1]) < count <= sum(blocks)
    for name in STRATA:
        arms = Counter(row["arm"] for who, row in trial.rows.items() if opened.stratum(who) == name)
        assert abs(arms["therapy"] - arms["placebo"]) <= 2


def test_an_undone_enrolment_is_on_the_record_and_its_number_is_not_given_again(
    trial: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    enrol(trial, 1)
    assert run(trial, "undo-enrolment", "--participant", "P-01", "--reason", "had no pain") == 0
    assert "next is P-02" in capsys.readouterr().out
    assert enrol(trial, 1) == 2
    assert "a number is given once" in capsys.readouterr().err
    assert run(trial, "undo-enrolment", "--participant", "P-01", "--reason", "again") == 2
    assert enrol(trial, 2) == 0
    opened = folder.open_trial(str(trial.folder))
    assert list(opened.enrolled) == ["P-02"] and list(opened.undone) == ["P-01"]
    assert [entry.kind for entry in log.read_log(trial.folder)] == [
        "new", "enrol", "undo-enrolment", "enrol",
    ]  # fmt: skip


LATER = {
    "adverse-event": ("--text", "rash", "--severity", "mild", "--date"),
    "deficiency": ("--text", "no sound", "--date"),
    "withdraw": ("--reason", "moved"),
    "break-code": ("--reason", "a burn", "--identity"),
    "replace": ("--reason", "broke", "--unit"),
}


@pytest.mark.parametrize("command", LATER)
def test_an_enrolment_of_which_more_was_noted_is_not_undone(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An arm that was opened, or a burn, is no reason to have had nobody enrolled."""
    trial = make_trial(tmp_path, 4)
    enrol(trial, 1)
    last = {"--date": TODAY.isoformat(), "--identity": trial.officer, "--unit": "WB-9000"}
    given = [*LATER[command], *[last[name] for name in LATER[command][-1:] if name in last]]
    assert run(trial, command, "--participant", "P-01", *given) == 0
    capsys.readouterr()
    assert run(trial, "undo-enrolment", "--participant", "P-01", "--reason", "in error") == 2
    said = capsys.readouterr()
    assert f"P-01: the log has {command} of " in said.err and said.err.count("\n") == 1
    opened = folder.open_trial(str(trial.folder))
    assert list(opened.enrolled) == ["P-01"] and not opened.undone


# -- dates ---------------------------------------------------------------------------------------

TODAY = datetime.now(UTC).date()


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


@pytest.mark.parametrize("seed", [1, None])
@pytest.mark.parametrize("date", ["1066-10-14", "2099-01-01", "0001-01-01", "9999-12-31", day(3),
                                  day(-400)])  # fmt: skip
@pytest.mark.parametrize("command", ["adverse-event", "deficiency"])
def test_a_date_that_cannot_be_is_refused(
    tmp_path: Path, seed: int | None, date: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = make_trial(tmp_path, 2, seed)
    enrol(trial, 1)
    capsys.readouterr()
    before = (trial.folder / "log.jsonl").read_bytes()
    arguments = ["--participant", "P-01", "--text", "rash", "--date", date]
    arguments += ["--severity", "mild"] if command == "adverse-event" else []
    assert run(trial, command, *arguments) == 2
    said = capsys.readouterr().err
    assert f"--date is '{date}': lies " in said and said.count("\n") == 1
    assert (trial.folder / "log.jsonl").read_bytes() == before


def test_what_happened_before_a_person_was_enrolled_is_no_event_of_the_trial(
    tmp_path: Path,
) -> None:
    trial = make_trial(tmp_path, 2, None)
    enrol(trial, 1)
    arguments = ["--participant", "P-01", "--text", "rash", "--severity", "mild", "--related",
                 "probable", "--date"]  # fmt: skip
    assert run(trial, "adverse-event", *arguments, day(-2)) == 2
    assert run(trial, "adverse-event", *arguments, day(0)) == 0
    assert log.read_log(trial.folder)[-1].row["related"] == "probable"


def test_a_deficiency_names_the_unit_that_is_worn(trial: Bench) -> None:
    enrol(trial, 1)
    arguments = ["--participant", "P-01", "--reason", "x", "--unit", "WB-9000"]
    assert run(trial, "replace", *arguments) == 0
    assert run(trial, "deficiency", "--participant", "P-01", "--text", "no sound", "--date", day(0),
               "--could-harm") == 0  # fmt: skip
    row = log.read_log(trial.folder)[-1].row
    assert (row["unit"], row["could_harm"], row["text"]) == ("WB-9000", True, "no sound")


# -- formulas ------------------------------------------------------------------------------------


def test_a_serial_that_is_a_formula_makes_no_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "1.key"
    assert main(["key", "new", "-o", str(key), "--unit", "=1+1"]) == 0
    assert main(["key", "new", "-o", str(tmp_path / "2.key"), "--unit", "WB-2"]) == 0
    assert main(["trial", "identity", "-o", str(tmp_path / "s.age")]) == 0
    public = capsys.readouterr().out.split()[-1]
    arguments = ["--key", str(key), "--key", str(tmp_path / "2.key"), "--name", "T"]
    arguments += ["--statistician", public, "--officer", public]
    assert main(["trial", "new", str(tmp_path / "T"), *arguments]) == 2
    said = capsys.readouterr().err
    assert "is of unit '=1+1'" in said and said.count("\n") == 1
    assert not (tmp_path / "T").exists()


def test_text_of_people_is_no_formula_on_export() -> None:
    text = render_csv([["=cmd|' /C calc'!A0", "-1.68 to 1.32", "-0.5", "+a", "@b", 5, None]])
    assert next(csv.reader([text])) == [
        "'=cmd|' /C calc'!A0", "-1.68 to 1.32", "-0.5", "'+a", "'@b", "5", "",
    ]  # fmt: skip
