"""Journals of every format that ever was are read, as kept in tests/data/journals.

`format1` was written by the last firmware before a boot record named its format. Each folder has
the receipts that the unit showed.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from firmware.records import journal_events
from firmware.records.journal import FORMAT, Journal
from firmware.records.keys import FILE, Keys
from firmware.trial import visits
from hal.boards import RPI_PICO
from tests.support.command import Waistband
from tests.support.fake_hal import FakeHal
from tests.support.journals import KEY, segments, template
from tools.journal import chain, export, page, schema
from tools.journal import sessions as journal_sessions
from tools.journal.reader import find_segments
from tools.prescription import keyfile
from tools.prescription.keyfile import Key

KEPT = Path(__file__).parents[1] / "data" / "journals"
FOLDERS = sorted(path for path in KEPT.glob("*/*") if path.is_dir())


def test_every_format_is_kept() -> None:
    assert {path.parent.name for path in FOLDERS} == {f"format{n}" for n in schema.FORMATS}
    assert max(schema.FORMATS) == FORMAT == 2


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name} {path.name}")
def test_a_kept_journal_is_good_and_its_receipts_are_known(folder: Path) -> None:
    trail = chain.verify(
        find_segments([str(folder)]), None if folder.name == "plain" else Key(KEY.secret)
    )
    assert trail.wrong == []
    sessions = journal_sessions.sessions_from_trail(trail)
    codes = journal_sessions.read_receipts(str(folder / "receipts.txt"))
    matched = journal_sessions.match_receipts(codes, sessions)
    assert codes and None not in matched.values()
    assert sessions[-1].receipt == codes[-1]
    assert export.Table(sessions, trail, None, "back", RPI_PICO).csv().count("\n") > len(sessions)
    for session in sessions:
        assert str(session.n) in page.render_text(page.build_page(session, trail))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name} {path.name}")
def test_each_field_is_asked_for(folder: Path) -> None:
    """A record that lacks one field of its kind is none, in its own format."""
    rows = [json.loads(line) for line in (folder / "journal.0").read_bytes().splitlines()]
    for row in {row["kind"]: row for row in rows}.values():
        assert schema.has_shape(row)
        number = 2 if "kept" in row else 1
        kind = row["kind"] + (schema.SEALED if "sealed" in row else "")
        for name in schema.FORMATS[number][kind]:
            less = {key: value for key, value in row.items() if key != name}
            # without `kept` it is taken for format 1, whose fields it has as well
            assert schema.has_shape(less) == (name == "kept")


def test_a_unit_goes_on_with_a_journal_of_format_1(tmp_path: Path) -> None:
    hal: Any = FakeHal()
    hal.files["journal.0"] = (KEPT / "format1" / "keyed" / "journal.0").read_bytes()
    key = Keys(keyfile.render_unit_keys(KEY))
    for _ in range(3):
        key.advance(hal)  # one a session
    old = json.loads(hal.files[FILE])
    for name in ("taken", "since", "command", "calibrated"):
        del old[name]  # as the last release had it
    hal.files[FILE] = json.dumps(old).encode()
    one = Journal(hal, Keys(hal.load(FILE)))
    assert one.find() and one.distrust_keys() == "" and not one.is_cut()
    row = template()["boot"]
    one.add("boot", journal_events.BOOT, tuple(row[name] for name in journal_events.BOOT))
    assert one.write(3)
    for name, content in segments(hal.files).items():
        (tmp_path / name).write_bytes(content)
    trail = chain.verify(find_segments([str(tmp_path)]), KEY)
    assert (trail.wrong, len(trail.chains)) == ([], 1) and trail.chains[0][-1].key == 4


def test_the_firmwares_lists_are_the_schema() -> None:
    fields = schema.FORMATS[FORMAT]
    assert set(visits.RECORDS) < set(fields)
    # the template's session is the rest of one that ended early
    for kind, more in (("boot", ()), ("session", schema.REST), ("end", ())):
        row = template()[kind]
        assert row.keys() == {*fields[kind], *more, "n", "kind", "key", "prev", "seal"}


def test_noted_receipts_are_taken_from_a_file(waistband: Waistband) -> None:
    folder = KEPT / "format2" / "keyed"
    noted = (folder / "receipts.txt").read_text().split()
    keyfile.write_private("unit.key", json.dumps({"key": KEY.secret.hex(), "unit": None}).encode())
    file = Path("noted.txt")
    spoken = noted[1].lower().replace("-", " ")
    file.write_text(f"# of P-07\n{noted[0]}  # by telephone\n\n{spoken}\n")
    words = ("journal", "verify", str(folder / "journal.0"), "--key", "unit.key", "--receipts")
    ended = waistband(*words, "noted.txt")
    assert ended.code == 0 and ended.out.count("  receipt ") == 2
    assert f"receipt {noted[1]}: session 4" in ended.out
    file.write_text("0000-0000-0000\n")
    ended = waistband(*words, "noted.txt")
    assert ended.code == 1 and "0000-0000-0000 is of no session here" in ended.out
    file.write_text("fine\nno receipt at all\n")
    ended = waistband(*words, "noted.txt")
    assert (
        ended.code == 2 and ended.err.count("\n") == 1 and "noted.txt:1: the receipt" in ended.err
    )


def test_a_file_of_which_no_line_is_a_record_is_no_journal(waistband: Waistband) -> None:
    Path("letter.txt").write_text("Dear Sir,\n")
    ended = waistband("journal", "verify", "letter.txt")
    assert (ended.code, ended.out) == (2, "")
    assert "letter.txt: is no journal: none of its lines ends in a seal" in ended.err
    shutil.copy(FOLDERS[0] / "journal.0", "journal.0")
    ended = waistband("journal", "verify", "journal.0", "letter.txt")  # beside one: inserted
    assert ended.code == 1 and "letter.txt:1: inserted" in ended.out


@pytest.mark.parametrize(("begins", "said"), [
    (b"\xef\xbb\xbf", "begins with a byte order mark"), (b"PK\x03\x04", "is a ZIP archive: unpack"),
    (b"\x1f\x8b", "is compressed"), (b"\xff\xfe", "is text in UTF-16"),
])  # fmt: skip
def test_a_file_that_was_made_of_a_journal_is_not_called_tampered(
    waistband: Waistband, begins: bytes, said: str
) -> None:
    Path("journal.0").write_bytes(begins + (FOLDERS[0] / "journal.0").read_bytes())
    ended = waistband("journal", "verify", "journal.0")
    assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1
