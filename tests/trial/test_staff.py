"""A trial's own staff cannot change its evidence unseen: each thing that they can try, and what
finds it."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.records import mac
from tests.support import staff
from tests.support.trial_folder import Bench
from tests.support.trial_pulls import (
    PEOPLE,
    attended_belt,
    collect,
    read_notes,
    read_participants,
    read_quarantine,
    rows,
)
from tools.commands.main import main
from tools.trial import folder, log


def journal(trial: Bench, who: str = "P-02") -> Path:
    return trial.folder.parent / "pulls" / who / "journal.0"


def value_of(trial: Bench, who: str = "P-02") -> set[int]:
    query = f"SELECT DISTINCT value FROM ratings WHERE participant = '{who}' AND visit = 2"
    return {row[0] for row in rows(trial, query)}


# -- ratings -------------------------------------------------------------------------------------


def sealed_with_the_folder(trial: Bench, content: bytes) -> bytes:
    """With the best key that anything in the clinic's folder gives."""
    key = staff.fits(staff.find_keys(trial.folder), content)
    return staff.reseal(content, staff.no_pain(2), key)


def sealed_as_before(trial: Bench, content: bytes) -> bytes:
    return staff.keep_seals(content, staff.no_pain(2))


@pytest.mark.parametrize("forge", [sealed_with_the_folder, sealed_as_before])
def test_every_rating_of_a_visit_changed_with_what_the_clinic_holds_is_found(
    trial: Bench, forge: Callable[[Bench, bytes], bytes]
) -> None:
    path = journal(trial)
    forged = forge(trial, path.read_bytes())
    assert forged.count(b'"value": 0') == 14
    path.write_bytes(forged)
    assert collect(trial) == 1
    assert [label for label, _ in read_quarantine(trial)] == ["pulls/P-02"]
    assert "P-02" not in read_participants(trial)


def test_the_clinics_folder_holds_no_key_of_a_unit_in_clear(trial: Bench) -> None:
    held = staff.find_keys(trial.folder)
    for key in trial.keys.values():
        assert not {key.journal, key.prescription, key.secret} & held


def test_somebody_who_has_the_key_can_reseal_so_that_the_forger_is_a_real_one(
    trial: Bench,
) -> None:
    path = journal(trial)
    content = path.read_bytes()
    path.write_bytes(staff.reseal(content, staff.no_pain(2), trial.keys["WB-0002"].journal))
    assert collect(trial) == 0 and value_of(trial) == {0}


def write_receipts(trial: Bench, *lines: str) -> Path:
    path = trial.folder.parent / "receipts.csv"
    path.write_text("\n".join(["who,number,code", *lines]) + "\n")
    return path


def all_receipts(trial: Bench) -> list[str]:
    return [
        f"{who},{visit},{staff.receipt(journal(trial, who).read_bytes(), visit)}"
        for who in PEOPLE for visit in (2, 3)
    ]  # fmt: skip


def test_a_key_read_from_a_unit_makes_nothing_that_a_noted_receipt_does_not_show(
    trial: Bench,
) -> None:
    """The present key is in the unit's flash: whoever read it at visit 1 can make visit 2."""
    noted = write_receipts(trial, *all_receipts(trial))
    assert collect(trial, receipts=noted) == 0
    assert rows(trial, "SELECT count(*) FROM receipts") == [(8,)]
    (trial.folder / "trial.sqlite").unlink()
    path = journal(trial)
    path.write_bytes(
        staff.reseal(path.read_bytes(), staff.no_pain(2), trial.keys["WB-0002"].journal)
    )
    assert collect(trial, receipts=noted) == 1
    assert read_quarantine(trial) == [("pulls/P-02", "receipt")]


def test_a_visit_that_was_cut_off_is_shown_by_its_receipt(trial: Bench) -> None:
    noted = write_receipts(trial, *all_receipts(trial))
    path = journal(trial)
    lines = path.read_bytes().splitlines(keepends=True)
    third = next(at for at, line in enumerate(lines)
                 if b'"visit": 3, "stage": "opened"' in line)  # fmt: skip
    path.write_bytes(b"".join(lines[: third - 1]))  # with the boot before it
    assert collect(trial, receipts=noted) == 1
    assert read_notes(trial) == [("P-02", "behind")]
    # without the noted receipt it looks like an earlier pull
    assert collect(trial) == 0


def test_receipts_are_read_however_people_write_them(trial: Bench) -> None:
    lines = all_receipts(trial)
    who, visit, code = lines[0].split(",")
    lines[0] = f"{who}, {visit}, {code[:4].lower()} - {code[4:]}"
    who, visit, code = lines[1].split(",")
    lines[1] = f"{who},{visit},{code.replace('0', 'O').replace('1', 'l')}"
    assert collect(trial, receipts=write_receipts(trial, *lines, "")) == 0
    assert read_notes(trial) == []
    assert collect(trial, receipts=write_receipts(trial, *lines[1:])) == 0
    assert read_notes(trial) == [("P-01", "no receipt")]


@pytest.mark.parametrize("line", ["P-01,2", "P-01,two,ABCDEFGH", "P-01,2,ABC", "P-01,2,A,B", "x"])
def test_a_line_of_receipts_that_cannot_be_read_is_named(
    trial: Bench, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert collect(trial, receipts=write_receipts(trial, line)) == 2
    said = capsys.readouterr()
    assert "receipts.csv:2" in said.err and said.err.count("\n") == 1 and said.out == ""


# -- what the clinic's own collect says ----------------------------------------------------------


def test_without_keys_the_form_is_checked_and_nothing_more_is_claimed(
    trial: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    path = journal(trial)
    path.write_bytes(sealed_as_before(trial, path.read_bytes()))
    arguments = ["trial", "collect", str(trial.folder), str(trial.folder.parent / "pulls")]
    assert main(arguments) == 0  # in form, and no more is claimed
    assert "The form alone was checked" in capsys.readouterr().out
    assert main(["trial", "report", str(trial.folder)]) == 0
    assert "not verified" in " ".join(capsys.readouterr().out.split())
    assert main(["trial", "collect", str(trial.folder), "--identity", trial.monitor]) == 1
    assert [label for label, _ in read_quarantine(trial)] == ["pulls/P-02"]
    assert main(["trial", "report", str(trial.folder)]) == 0
    assert "not verified" not in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("do", [
    lambda content: b"".join(content.splitlines(keepends=True)[:5]
                             + content.splitlines(keepends=True)[7:]),
    lambda content: content[: len(content) // 2] + b"?" + content[len(content) // 2 :],
])  # fmt: skip
def test_the_form_shows_what_is_no_journal(trial: Bench, do: Callable[[bytes], bytes]) -> None:
    path = journal(trial)
    path.write_bytes(do(path.read_bytes()))
    assert main(["trial", "collect", str(trial.folder), str(path.parent)]) == 1


@pytest.mark.parametrize("who", ["officer", "nobody"])
def test_nobody_elses_identity_verifies(
    trial: Bench, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = trial.folder.parent / "nobody.age"
    assert main(["trial", "identity", "-o", str(path)]) == 0
    identity = trial.officer if who == "officer" else str(path)
    capsys.readouterr()
    pulls = str(trial.folder.parent / "pulls")
    assert main(["trial", "collect", str(trial.folder), pulls, "--identity", identity]) == 2
    assert "verify.age: is not for this identity" in capsys.readouterr().err


# -- the database and the log --------------------------------------------------------------------


def test_a_database_that_was_edited_is_made_anew_before_anything_is_unsealed(
    trial: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(trial)
    with sqlite3.connect(trial.folder / "trial.sqlite") as base:
        base.execute("UPDATE ratings SET value = 0 WHERE participant = 'P-02' AND visit = 2")
    out = tmp_path / "out"
    assert main(["trial", "unseal", str(trial.folder), "--identity", trial.statistician,
                 "-o", str(out)]) == 0  # fmt: skip
    assert value_of(trial) == {5, 6}
    assert read_notes(trial) == [("P-02", "edited")]
    assert "the table ratings of trial.sqlite was not what" in (out / "report.html").read_text()


def test_a_log_that_was_written_anew_is_shown_by_a_noted_code(trial: Bench) -> None:
    """Its hashes are right, as anyone can make them."""
    main(["trial", "withdraw", str(trial.folder), "--participant", "P-03", "--reason", "moved"])
    entry = log.read_log(trial.folder)[-1]
    noted = write_receipts(trial, f"log,{entry.n},{entry.code}")
    assert collect(trial, receipts=noted) == 0
    path = trial.folder / "log.jsonl"
    lines = path.read_bytes().splitlines()
    fields: dict[str, object] = {"participant": "P-04", "reason": "moved"}
    lines[-1] = log.render_entry(entry.n, entry.at, "withdraw", fields, entry.row["prev"])
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert collect(trial, receipts=noted) == 1
    assert (("", "log")) in read_notes(trial)
    path.write_bytes(b"\n".join(lines[:-1]) + b"\n")
    assert collect(trial, receipts=noted) == 1


# -- files that cannot be read -------------------------------------------------------------------


def too_large(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x" * 70_000)


def huge(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 32)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("do", [too_large, huge, a_folder, a_loop])
def test_a_file_that_cannot_be_read_keeps_its_pull_apart_and_stops_nothing(
    trial: Bench, do: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    do(journal(trial))
    assert collect(trial) == 1
    assert read_participants(trial) == ["P-01", "P-03", "P-04"]
    assert read_quarantine(trial) == [("pulls/P-02", "unreadable")]
    assert "APART pulls/P-02: unreadable: " in capsys.readouterr().out
    # it stays named, until the folder is read well
    assert collect(trial, trial.folder.parent / "pulls" / "P-01") == 1
    path = journal(trial)
    shutil.rmtree(path.parent)
    attended_belt(trial, "P-02").pull(path.parent)
    assert collect(trial) == 0 and read_participants(trial) == list(PEOPLE)


# -- enrolment -----------------------------------------------------------------------------------


def run(trial: Bench, command: str, *arguments: str) -> int:
    return main(["trial", command, str(trial.folder), *arguments])


def test_block_sizes_are_in_no_file_that_the_clinic_reads(trial: Bench) -> None:
    content = (trial.folder / "trial.toml").read_text() + (trial.folder / "log.jsonl").read_text()
    assert "block" not in content


def test_the_receipt_covers_what_was_rated_after_therapy(trial: Bench) -> None:
    content = journal(trial).read_bytes()
    done = [json.loads(line) for line in content.splitlines()][-1]
    assert (done["kind"], done["stage"]) == ("visit", "done")
    assert staff.receipt(content, 3) == mac.receipt_code(done["seal"])


def test_a_replaced_unit_opens_no_arm_and_its_journal_is_read_after_the_first(
    trial: Bench, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    spare = "WB-9000"
    assert run(trial, "replace", "--participant", "P-02", "--unit", "WB-0003", "--reason", "x") == 2
    assert "no spare unit: WB-9000" in capsys.readouterr().err
    replace = ("replace", "--participant", "P-02", "--unit", spare, "--reason", "its buckle broke")
    assert run(trial, *replace) == 0
    said = capsys.readouterr().out
    assert bench.rows["P-02"]["arm"] not in said
    assert run(trial, *replace) == 2
    opened = folder.open_trial(str(trial.folder))
    assert opened.units_of("P-02") == ["WB-0002", spare]
    pulls = trial.folder.parent / "pulls" / "P-02"
    shutil.rmtree(pulls)
    attended_belt(bench, "P-02", 2).pull(pulls / "WB-0002")
    belt = attended_belt(replaced(bench, "P-02", spare), "P-02", 0)
    belt.visit(3, 4, 3)
    belt.pull(pulls / spare)
    assert collect(trial) == 0
    found = rows(trial, "SELECT visit, state FROM visits WHERE participant = 'P-02' ORDER BY 1")
    assert found == [(1, "done"), (2, "done"), (3, "done")]
    assert rows(trial, "SELECT DISTINCT value FROM ratings WHERE participant = 'P-02' "
                       "AND visit = 3 ORDER BY 1") == [(3,), (4,)]  # fmt: skip
    assert rows(trial, "SELECT unit FROM journals WHERE participant = 'P-02'") == [(spare,)]
    out = trial.folder.parent / "out"
    assert run(trial, "unseal", "--identity", trial.statistician, "-o", str(out)) == 0
    assert "WB-0002 WB-9000" in (out / "data.csv").read_text()


def replaced(bench: Bench, who: str, unit: str) -> Bench:
    table = {**bench.rows, who: {**bench.rows[who], "unit": unit}}
    return Bench(bench.folder, bench.keys, "", "", "", table)


def test_a_spares_tickets_are_of_each_arm_as_allotted_and_alike_to_look_at(trial: Bench) -> None:
    from firmware.records.keys import Keys
    from firmware.trial import enrolment

    keys = Keys(None)
    keys.prescription = trial.keys["WB-9000"].prescription
    sizes = set()
    for who in PEOPLE:
        content = (trial.folder / "spares" / "WB-9000" / f"{who}.json").read_bytes()
        taken = enrolment.verify(content, keys, "WB-9000")
        assert taken.participant == who
        assert taken.masked == (trial.rows[who]["arm"] == "placebo")
        assert taken.key.hex() == trial.rows[who]["key"]
        sizes.add(len(content))
    assert len(sizes) == 1


def test_a_spare_that_replaced_nobody_is_of_no_participant(trial: Bench, bench: Bench) -> None:
    pulls = trial.folder.parent / "pulls" / "P-02"
    shutil.rmtree(pulls)
    attended_belt(replaced(bench, "P-02", "WB-9000"), "P-02", 2).pull(pulls)
    assert collect(trial) == 1
    assert read_quarantine(trial) == [("pulls/P-02", "other unit")]


def test_the_folder_has_no_file_of_keys(trial: Bench) -> None:
    assert not (trial.folder / "verify.json").exists()
