"""`waistband trial new`, `enrol`, `withdraw`, `adverse-event`, `break-code`: what each does, and
every wrong input refused in one line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sim.common.errors import BadInput
from tests.support.command import Ended, Waistband
from tests.support.trial_folder import Bench, make_trial
from tools.commands.main import main
from tools.trial import age, folder, log

PLAN = """
name = "Example"
keys = ["1.key", "2.key"]
block_sizes = [2, 4]
"""


@pytest.fixture
def people(waistband: Waistband) -> dict[str, str]:
    """Two units' keys, and the recipients of two people."""
    for number in ("1", "2"):
        assert waistband("key", "new", "-o", f"{number}.key", "--unit", f"WB-{number}").code == 0
    found = {}
    for who in ("statistician", "officer"):
        done = waistband("trial", "identity", "-o", f"{who}.age")
        found[who] = done.out.splitlines()[-1]
    Path("plan.toml").write_text(
        PLAN + "".join(f'{who} = "{public}"\n' for who, public in found.items())
    )
    return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return make_trial(tmp_path_factory.mktemp("trial"))


def refused(done: Ended, *words: str) -> None:
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    for word in words:
        assert word in done.err, done.err


# -- new ---------------------------------------------------------------------------------------


def test_new_makes_a_folder_that_is_whole(waistband: Waistband, people: dict[str, str]) -> None:
    done = waistband("trial", "new", "T", "--plan", "plan.toml")
    assert done.code == 0 and "SYNTHETIC" not in done.out
    names = {path.relative_to("T").as_posix() for path in Path("T").rglob("*") if path.is_file()}
    each = [f"{part}/P-0{k}" for part in ("tickets", "prescriptions", "envelopes") for k in (1, 2)]
    assert names == {
        "trial.toml", "allocation.age", "verify.age", "log.jsonl",
        *(name + (".age" if name.startswith("env") else ".json") for name in each),
    }  # fmt: skip
    trial = folder.open_trial("T")
    assert trial.name == "Example" and not trial.synthetic
    assert trial.units == {"P-01": "WB-1", "P-02": "WB-2"}
    assert trial.table["statistician"] == people["statistician"]
    assert "block_sizes" not in trial.table


def test_new_takes_options_over_the_plan(waistband: Waistband, people: dict[str, str]) -> None:
    done = waistband("trial", "new", "T", "--plan", "plan.toml", "--name", "Other", "--seed", "7")
    assert done.code == 0 and "SYNTHETIC" in done.out
    assert folder.open_trial("T").name == "Other"
    assert folder.open_trial("T").synthetic


def test_a_seed_gives_the_same_tickets_again(waistband: Waistband, people: dict[str, str]) -> None:
    for name in ("A", "B"):
        assert waistband("trial", "new", name, "--plan", "plan.toml", "--seed", "7").code == 0
    for who in ("P-01", "P-02"):
        tickets = [Path(f"{name}/tickets/{who}.json").read_bytes() for name in ("A", "B")]
        assert tickets[0] == tickets[1]


WRONG_PLANS: list[tuple[str, str, tuple[str, ...]]] = [
    ("name", 'name = ""', ("lacks name",)),
    ("name", "name = 7", ("name", "7")),
    ("keys", 'keys = ["1.key"]', ("keys names 1 units",)),
    ("keys", 'keys = ["1.key", "none.key"]', ("none.key", "no such file")),
    ("keys", 'keys = ["1.key", "1.key"]', ("1.key", "is of unit WB-1, as")),
    ("keys", 'keys = "1.key"', ("keys is", "a list")),
    ("block_sizes", "block_sizes = [3]", ("block_sizes names 3", "multiple of 2")),
    ("block_sizes", "block_sizes = [2, 400]", ("block_sizes is 400",)),
    ("block_sizes", "block_sizes = 4", ("block_sizes is 4", "a list")),
    ("block_sizes", "block_sizes = [2]", ("block_sizes is", "two sizes at least")),
    ("block_sizes", "block_sizes = [4, 4]", ("block_sizes is", "two sizes at least")),
    ("block_sizes", "[strata]\nyoung = 1", ("strata has 1 units", "keys names 2")),
    ("block_sizes", "[strata]\nyoung = 0\nold = 2", ("strata.young is 0",)),
    ("block_sizes", "strata = 3", ("strata is 3", "a table")),
    ("block_sizes", 'spares = ["1.key"]', ("1.key", "is of unit WB-1, as")),
    ("block_sizes", 'spares = "1.key"', ("spares is", "a list")),
    ("monitor", 'monitor = "age1nobody"', ("monitor is 'age1nobody'", "an age recipient")),
    ("block_sizes", 'block_sizes = [4, 6]\nratio = "1:0"', ("ratio is '1:0'", "as 1:1")),
    ("block_sizes", 'block_sizes = [4, 6]\nratio = "1-1"', ("ratio is '1-1'",)),
    ("block_sizes", "[protocol]\nvisit = 7", ("'visit' is not a key", "did you mean visits?")),
    ("block_sizes", "[protocol]\nvisits = 1", ("protocol.visits is 1", "from 2 to 20")),
    ("block_sizes", "[protocol]\nwindow_days = 4", ("protocol.window_days is 4",)),
    ("block_sizes", '[protocol]\nmovements = ["Bend", "Bend"]', ("Bend", "twice")),
    ("block_sizes", 'prescription = "dose.toml"', ("dose.toml", "no such file")),
    ("block_sizes", 'blocks = [4]', ("'blocks' is not a key",)),
    ("officer", 'officer = "age1nobody"', ("officer is 'age1nobody'", "an age recipient")),
    ("officer", "officer = 3", ("officer is 3", "an age recipient")),
]  # fmt: skip


@pytest.mark.parametrize(("key", "line", "words"), WRONG_PLANS)
def test_a_wrong_plan_is_refused_in_a_line_and_leaves_nothing(
    waistband: Waistband, people: dict[str, str], key: str, line: str, words: tuple[str, ...]
) -> None:
    lines = Path("plan.toml").read_text().splitlines()
    kept = [old for old in lines if not old.startswith(key)]
    table = line.startswith("[")  # a table of TOML comes last
    Path("plan.toml").write_text("\n".join([*kept, line] if table else [line, *kept]))
    before = sorted(os.listdir())
    refused(waistband("trial", "new", "T", "--plan", "plan.toml"), *words)
    assert sorted(os.listdir()) == before


def test_new_never_writes_over_anything(waistband: Waistband, people: dict[str, str]) -> None:
    Path("T").mkdir()
    refused(waistband("trial", "new", "T", "--plan", "plan.toml"), "T: is there already")
    assert os.listdir("T") == []


def test_new_leaves_nothing_half_written(
    waistband: Waistband, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "log.jsonl":
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    before = sorted(os.listdir())
    refused(waistband("trial", "new", "T", "--plan", "plan.toml"), "No space left")
    assert sorted(os.listdir()) == before


def test_a_signed_prescription_is_refused(waistband: Waistband, people: dict[str, str]) -> None:
    waistband("prescribe", "new", "-o", "dose.toml")
    waistband("prescribe", "sign", "dose.toml", "--key", "1.key", "--unit", "WB-1", "--number", "1",
              "-o", "dose.json")  # fmt: skip
    done = waistband("trial", "new", "T", "--plan", "plan.toml", "--prescription", "dose.json")
    refused(done, "dose.json", "signed for one unit")


def test_a_key_without_a_unit_is_refused(waistband: Waistband, people: dict[str, str]) -> None:
    waistband("key", "new", "-o", "3.key")
    done = waistband("trial", "new", "T", "--plan", "plan.toml", "--key", "1.key", "--key", "3.key")
    refused(done, "3.key", "names no unit")


# -- a trial that is there ---------------------------------------------------------------------


@pytest.fixture
def trial(bench: Bench, waistband: Waistband) -> Waistband:
    """The command on a copy of a trial; TRIAL stands for its folder."""
    import shutil

    shutil.copytree(bench.folder, "trial")

    def run(*arguments: str) -> Ended:
        return waistband("trial", arguments[0], "trial", *arguments[1:])

    assert run("enrol", "--participant", "P-01", "--unit", "WB-0001").code == 0
    return run


def test_enrolling_is_written_into_the_log(trial: Waistband) -> None:
    done = trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    assert done.code == 0
    entry = log.read_log(Path("trial"))[-1]
    assert (entry.kind, entry.row["participant"], entry.row["unit"]) == (
        "enrol", "P-02", "WB-0002",
    )  # fmt: skip
    assert entry.code in done.out


def test_two_units_cannot_have_one_ticket(trial: Waistband) -> None:
    refused(trial("enrol", "--participant", "P-02", "--unit", "WB-0003"),
            "ticket of P-02 is for unit 'WB-0002', not for WB-0003", "two units")  # fmt: skip
    done = trial("enrol", "--participant", "P-03", "--unit", "WB-0003", "--ticket",
                 "trial/tickets/P-02.json")  # fmt: skip
    refused(done, "P-02.json: is the ticket of 'P-02', not of P-03")


def test_nobody_is_enrolled_twice(trial: Waistband) -> None:
    assert trial("enrol", "--participant", "P-02", "--unit", "WB-0002").code == 0
    refused(trial("enrol", "--participant", "P-02", "--unit", "WB-0002"), "P-02 was enrolled")


def test_an_altered_ticket_is_refused(trial: Waistband) -> None:
    path = Path("trial/tickets/P-02.json")
    Path("t.json").write_bytes(path.read_bytes().replace(b'"visits":7', b'"visits":6'))
    done = trial("enrol", "--participant", "P-02", "--unit", "WB-0002", "--ticket", "t.json")
    refused(done, "t.json: was altered")
    path.write_bytes(Path("t.json").read_bytes())
    refused(trial("enrol", "--participant", "P-02", "--unit", "WB-0002"), "P-02.json", "altered")


WRONG: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("enrol", "--participant", "P-9", "--unit", "WB-0002"), ("P-9", "not of this trial")),
    (("enrol", "--participant", "P-03", "--unit", "WB-9"), ("WB-9", "no unit of this trial")),
    (("withdraw", "--participant", "P-03", "--reason", "x"), ("P-03: was not enrolled",)),
    (("withdraw", "--participant", "P-02", "--reason", " "), ("--reason", "one line")),
    (("withdraw", "--participant", "P-02", "--reason", "a\nb"), ("--reason", "one line")),
    (("adverse-event", "--participant", "P-02", "--text", "rash", "--severity", "mild", "--date",
      "2026-13-01"), ("--date", "2026-13-01")),
    (("adverse-event", "--participant", "P-02", "--text", "rash", "--severity", "bad", "--date",
      "2026-03-01"), ("'bad'", "mild")),
    (("break-code", "--participant", "P-02", "--reason", "x", "--identity", "none.age"),
     ("none.age", "no such file")),
    (("unseal", "--identity", "none.age", "-o", "out"), ("trial.sqlite", "trial collect")),
    (("report",), ("trial.sqlite", "trial collect")),
    (("collect", "nowhere"), ("nowhere", "no such file")),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_input_is_refused_in_a_line_and_not_logged(
    trial: Waistband, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert trial("enrol", "--participant", "P-02", "--unit", "WB-0002").code == 0
    before = Path("trial/log.jsonl").read_bytes()
    refused(trial(*arguments), *words)
    assert Path("trial/log.jsonl").read_bytes() == before
    assert not Path("out").exists()


@pytest.mark.parametrize("command", [
    ("report", "."), ("collect", ".", "."),
    ("withdraw", ".", "--participant", "a", "--reason", "b"),
])  # fmt: skip
def test_a_folder_that_is_no_trial_is_refused(
    waistband: Waistband, command: tuple[str, ...]
) -> None:
    refused(waistband("trial", *command), "is no trial's folder")


def test_breaking_a_code_says_the_arm_and_is_recorded(trial: Waistband, bench: Bench) -> None:
    trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    arguments = ("break-code", "--participant", "P-02", "--reason", "a burn, as scripted")
    refused(trial(*arguments, "--identity", bench.statistician), "not for this identity", "officer")
    assert log.read_log(Path("trial"))[-1].kind == "enrol"
    done = trial(*arguments, "--identity", bench.officer)
    assert done.code == 0 and bench.rows["P-02"]["arm"] in done.out
    entry = log.read_log(Path("trial"))[-1]
    assert (entry.kind, entry.row["reason"]) == ("break-code", "a burn, as scripted")
    assert "arm" not in entry.row


def test_a_code_that_cannot_be_logged_is_not_said(
    trial: Waistband, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise BadInput("log.jsonl: cannot be written: No space left on device")

    trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    monkeypatch.setattr(log, "append_entry", full)
    done = trial("break-code", "--participant", "P-02", "--reason", "x", "--identity",
                 bench.officer)  # fmt: skip
    refused(done, "No space left")


def test_an_identity_that_others_may_read_is_refused(trial: Waistband, bench: Bench) -> None:
    trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    Path("open.age").write_text(Path(bench.officer).read_text())
    os.chmod("open.age", 0o644)
    done = trial("break-code", "--participant", "P-02", "--reason", "x", "--identity", "open.age")
    refused(done, "open.age: others may read")
    assert "AGE-SECRET" not in done.err


@pytest.mark.parametrize(("old", "new"), [(b"P-02", b"P-03"), (b"}\n", b"}")])
def test_a_log_that_was_altered_or_cut_is_refused(trial: Waistband, old: bytes, new: bytes) -> None:
    trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    path = Path("trial/log.jsonl")
    head, tail = path.read_bytes().split(b"\n", 1)
    path.write_bytes(head + b"\n" + tail.replace(old, new))
    refused(trial("enrol", "--participant", "P-03", "--unit", "WB-0003"), "log.jsonl:")


def test_an_entry_that_was_written_anew_is_found_by_the_next(trial: Waistband) -> None:
    """Its own hash is right, as anyone can make it; the entry after it holds the old one."""
    trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    trial("withdraw", "--participant", "P-02", "--reason", "moved away")
    path = Path("trial/log.jsonl")
    lines = path.read_bytes().splitlines()
    old = log.read_log(Path("trial"))[1]
    fields: dict[str, object] = {"participant": "P-03", "unit": "WB-0003"}
    lines[1] = log.render_entry(1, old.at, "enrol", fields, old.row["prev"])
    path.write_bytes(b"\n".join(lines) + b"\n")
    refused(trial("report"), "log.jsonl:3: does not go on with the line before")
    path.write_bytes(b"\n".join(lines[:2]) + b"\n")  # which is why the code is noted down
    assert log.read_log(Path("trial"))[-1].code != old.code


def test_an_altered_trial_file_is_refused(trial: Waistband) -> None:
    path = Path("trial/trial.toml")
    path.write_bytes(path.read_bytes().replace(b"synthetic = true", b"synthetic = false"))
    refused(trial("enrol", "--participant", "P-02", "--unit", "WB-0002"), "trial.toml", "altered")


def test_an_adverse_event_is_kept(trial: Waistband) -> None:
    trial("enrol", "--participant", "P-02", "--unit", "WB-0002")
    done = trial("adverse-event", "--participant", "P-02", "--text", "rash, as scripted",
                 "--severity", "moderate", "--date", "2026-03-01", "--serious")  # fmt: skip
    assert done.code == 0
    row = log.read_log(Path("trial"))[-1].row
    assert (row["severity"], row["serious"], row["began"]) == ("moderate", True, "2026-03-01")


def test_an_identity_is_never_written_over(waistband: Waistband) -> None:
    assert waistband("trial", "identity", "-o", "a.age").code == 0
    before = Path("a.age").read_bytes()
    refused(waistband("trial", "identity", "-o", "a.age"), "a.age: is there already")
    assert Path("a.age").read_bytes() == before
    assert os.stat("a.age").st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "AGE-SECRET-KEY-1XYZ\n", "{}", "age1abc"])
def test_what_is_no_identity_is_refused_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.age"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ValueError, match="is no age identity") as why:
        age.read_identity(str(path))
    assert "XYZ" not in str(why.value)


def test_help_stands_at_every_level(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trial"]) == 0
    said = capsys.readouterr().out
    for name in ("new", "enrol", "collect", "report", "adverse-event", "break-code", "unseal"):
        assert name in said
        assert main(["trial", name, "--help"]) == 0
    assert json.dumps(said).isascii()
