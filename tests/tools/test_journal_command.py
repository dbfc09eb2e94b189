"""`waistband journal`: what it prints, writes, and how it ends."""

import csv
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.common.value_record import replace
from sim.run import Run, seal_for
from sim.scenario import scenario
from tests.support.command import SHORT, Waistband
from tests.support.journals import KEY, segments, unit_journal, write
from tests.tools.test_prescribe import write_key
from tools.commands import main
from tools.common import files
from tools.common.words import NOT_KNOWN
from tools.journal import chain, sessions
from tools.journal.reader import Segment
from tools.prescription import file as prescription_file
from tools.prescription import keyfile
from tools.report.light_account import account


@pytest.fixture
def pulled(waistband: Waistband) -> Waistband:
    """The command, in a folder with a pull, `unit`, and its key."""
    write(Path("unit"), unit_journal().files)
    write_key()
    return waistband


def spoil() -> int:
    """Alter the end of the session that a fault ended; the record's number."""
    path = Path("unit/journal.0")
    rows = path.read_bytes().splitlines()
    n = next(k for k, row in enumerate(rows) if b'"reason": "fault"' in row)
    path.write_bytes(path.read_bytes().replace(b'"reason": "fault"', b'"reason": "dose"'))
    return n


def test_a_good_journal_exits_0_and_says_so(pulled: Waistband) -> None:
    code, out, err = pulled("journal", "verify", "unit", "--key", "unit.key")
    assert (code, err) == (0, "")
    assert "Unit WB-0001: 11 records in 1 file, 3 sessions" in out
    assert "Every record is as the unit wrote it, sealed with its key." in out
    codes = [part for code in unit_journal().receipts for part in ("--receipt", code.lower())]
    code, out, _ = pulled("journal", "verify", "unit", "--key", "unit.key", *codes)
    assert (
        code == 0 and f"receipt {unit_journal().receipts[1]}: session 4, 2026-01-02 12:00:00" in out
    )
    assert KEY.secret.hex()[:8] not in out


def test_a_journal_without_a_key_to_check_it_is_not_called_proved(pulled: Waistband) -> None:
    code, out, _ = pulled("journal", "verify", "unit/journal.0")
    assert code == 0 and "no key was given: anyone could have made it" in out


def test_what_is_wrong_exits_1_with_record_file_and_line(pulled: Waistband) -> None:
    n = spoil()
    code, out, err = pulled("journal", "verify", "unit", "--key", "unit.key")
    assert (code, err) == (1, "")
    named = os.path.join("unit", "journal.0") + f":{n + 1}"
    assert f"WRONG {named}: altered: record {n} is not what its seal is for" in out
    assert out.endswith("Not to be believed: 1 thing wrong.\n")
    code, out, err = pulled("journal", "verify", "unit", "--key", "unit.key", "--json")
    found = json.loads(out)
    assert (code, err, found["good"]) == (1, "", False)
    wrong = [row for row in found["findings"] if row["wrong"]]
    assert [(row["what"], row["n"], row["line"]) for row in wrong] == [("altered", n, n + 1)]


def test_a_receipt_of_no_session_exits_1(pulled: Waistband) -> None:
    code, out, _ = pulled(
        "journal", "verify", "unit", "--key", "unit.key", "--receipt", "00000000", "--json"
    )
    assert code == 1 and json.loads(out)["receipts"] == {"00000000": None}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify"], "Missing argument 'FILES...'"),
        (["verify", "none"], "none: there is no such file"),
        (["verify", "empty"], "empty: holds no journal.0 to journal.7"),
        (["verify", "blank"], "the journal is empty"),
        (["verify", "big"], "big: is larger than 64 KiB"),
        (["verify", "unit", "--key", "none"], "none: there is no such file"),
        (["verify", "unit", "--receipt", "ABC"], "the receipt 'ABC': is 12 letters and digits"),
        (["verify", "unit", "--receipt", "UUUUUUUU"], "the receipt 'UUUUUUUU'"),
        (["show", "unit", "--session", "3"], "no session begins with that record or has that"),
        (["show", "unit", "--session", "\u00b2"], "--session is"),
        (["show", "unit", "-o", "a.pdf"], "-o is 'a.pdf': a name that ends in .html"),
        (["show", "unit", "-o", "none/a.html"], "none/a.html: cannot be written"),
        (["export", "unit", "-o", "blank"], "blank: cannot be made: File exists"),
        (["export", "unit", "-o", "a", "--area", "0"], "--area is 0.0: a number from 1 to 400"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    pulled: Waistband, arguments: list[str], said: str
) -> None:
    Path("empty").mkdir()
    Path("blank").touch()
    Path("big").write_bytes(bytes(70_000))
    before = sorted(os.listdir())
    code, out, err = pulled("journal", *arguments)
    assert (code, out, sorted(os.listdir())) == (2, "", before)
    assert err.startswith("waistband: ") and said in err and err.count("\n") == 1


def test_a_session_is_shown_on_a_page(pulled: Waistband) -> None:
    code, out, _ = pulled("journal", "show", "unit", "--key", "unit.key", "--session", "4")
    assert code == 0
    for words in ("Session 4", "WB-0001", "a fault ended it", "check and ramp", "810 nm",
                  "Fault: ntc_open on pad A", ": thermistor open, code ",
                  unit_journal().receipts[1], "verified with the unit's key"):  # fmt: skip
        assert words in out
    by_receipt = pulled("journal", "show", "unit", "--key", "unit.key", "--session",
                        unit_journal().receipts[1])  # fmt: skip
    assert by_receipt.out == out
    assert "Session 9" in pulled("journal", "show", "unit").out
    spoil()
    code, out, _ = pulled("journal", "show", "unit", "--key", "unit.key", "--session", "4")
    assert code == 1 and "NOT TO BE BELIEVED: 1 thing wrong" in out
    assert "it counts as wholly given" in " ".join(out.split())


def test_the_page_is_one_file_that_needs_nothing_else(pulled: Waistband) -> None:
    code, out, _ = pulled("journal", "show", "unit", "--key", "unit.key", "-o", "a.html")
    text = Path("a.html").read_text(encoding="utf-8")
    assert (code, out) == (0, "Wrote session 9 to a.html\n")
    assert not re.search(r"<script|src=|href=|url\(|@import", text)
    assert "withheld: it was stopped with START" in text and unit_journal().receipts[2] in text


def test_the_export_has_a_row_a_session_and_pad_and_says_what_each_column_is(
    pulled: Waistband,
) -> None:
    code, _, _ = pulled("journal", "export", "unit", "--key", "unit.key", "-o", "out")
    assert (code, sorted(os.listdir("out"))) == (0, ["dictionary.md", "sessions.csv"])
    with open("out/sessions.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["session"], row["pad"]) for row in rows] == [
        (n, pad) for n in ("1", "4", "9") for pad in "AB"
    ]
    fault = rows[2]
    assert (fault["ended_by"], fault["interval_days"]) == ("fault", "1")
    assert fault["faults"].split()[0] == "ntc_open:A"
    less = sum(float(fault[f"withheld_{why}_j_cm2"]) for why in ("ramp", "heat", "open", "other"))
    assert less == pytest.approx(1 - float(fault["fluence_j_cm2"]), abs=1e-4)
    assert float(fault["energy_j"]) == pytest.approx(60 * float(fault["fluence_j_cm2"]), rel=1e-4)
    dictionary = Path("out/dictionary.md").read_text(encoding="utf-8")
    for name in rows[0]:
        assert f"| `{name}` |" in dictionary


def test_show_and_export_say_what_the_unit_cannot_know(pulled: Waistband) -> None:
    shown = " ".join(pulled("journal", "show", "unit", "--key", "unit.key").out.split())
    pulled("journal", "show", "unit", "--key", "unit.key", "-o", "a.html")
    pulled("journal", "export", "unit", "--key", "unit.key", "-o", "out")
    for said in (
        shown,
        *(Path(name).read_text("utf-8") for name in ("a.html", "out/dictionary.md")),
    ):
        assert NOT_KNOWN in said


def test_text_that_a_sheet_takes_for_a_formula_is_marked() -> None:
    cells = ["=1+1", "@a", "-2+3", "-0.18", "-1.68 to 1.32", "dose", "", -3]
    assert [files.neutralise_formula(cell) for cell in cells] == [
        "'=1+1", "'@a", "'-2+3", "-0.18", "-1.68 to 1.32", "dose", "", -3,
    ]  # fmt: skip
    assert files.render_csv([["=1+1", 2]]) == "'=1+1,2\n"


def test_the_account_of_the_journal_is_that_of_the_run_that_wrote_it() -> None:
    text = SHORT.replace("duration_s = 30", "duration_s = 70")
    text += '[[event]]\nat_s = 60\npress = "START"\nhold_ms = 1600\n'
    told = scenario.parse(text, "short.toml")
    signed: Any = prescription_file.sign(told.prescription, KEY, "SIM-0001", 1, None)
    run = Run(replace(told, prescription=signed))
    run.hal.files["keys.json"] = keyfile.render_unit_keys(KEY)
    run.calibration.update(seal_for(run.calibration, run.board, run.hal.files["keys.json"]))
    run.lifecycle.boot(True)
    run.lifecycle.start_firmware()
    run.advance(10**9)
    files = segments(run.hal.files)
    trail = chain.verify(
        [Segment("a", "a/journal.0", 0, files["journal.0"])], keyfile.Key(KEY.secret)
    )
    (session,) = sessions.sessions_from_trail(trail)
    assert trail.wrong == [] and session.receipt == run.unit.journal.receipt.decode()
    assert session.pads == account(run)
    assert sum(pad.given for pad in session.pads) > 0


def test_a_better_name_that_a_fault_gets_after_the_end_stands_with_its_session() -> None:
    text = SHORT.replace("duration_s = 30", "duration_s = 70")
    text += '[[event]]\nat_s = 60\nfault = "pad_unplugged"\npad = "B"\n'
    run = Run(scenario.parse(text, "short.toml"))
    run.advance(10**9)
    content = segments(run.hal.files)["journal.0"]
    kinds = [json.loads(line)["kind"] for line in content.splitlines()]
    assert kinds.index("end") < len(kinds) - 1 and kinds[-1] == "fault"
    (session,) = sessions.sessions_from_trail(
        chain.verify([Segment("a", "a/journal.0", 0, content)], None)
    )
    named = [(fault.row["fault"], fault.row["pad"]) for fault in session.faults]
    assert named[0] == ("ntc_open", "B") and named[-1] == ("pad_unplugged", "B")


@given(st.lists(st.one_of(st.binary(max_size=90), st.none()), min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_bytes_as_a_journal_end_in_words_and_1_or_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], parts: list[bytes | None]
) -> None:
    path = tmp_path / "journal.0"
    real = unit_journal().files["journal.0"][:900]
    path.write_bytes(b"\n".join(real if part is None else part for part in parts))
    for command in ("verify", "show"):
        code = main.main(["journal", command, str(path)])
        out, err = capsys.readouterr()
        assert code in {0, 1, 2} and "Traceback" not in out + err
        assert (code == 2) == bool(err) and err.count("\n") <= 1
