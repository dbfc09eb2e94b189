"""`waistband journal verify`: whatever is done to a journal, it is found, and where."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.records import journal, journal_events, mac
from firmware.records.journal import Journal
from firmware.records.keys import FILE, Keys
from hal.boards import RPI_PICO
from tests.support.clocks import turn_clock
from tests.support.fake_hal import FakeHal
from tests.support.journals import (
    KEY,
    OTHER,
    LongUsed,
    archive,
    segments,
    template,
    unit_journal,
    write,
)
from tools.journal import chain
from tools.journal import sessions as journal_sessions
from tools.journal.chain import Trail
from tools.journal.reader import Segment, find_segments
from tools.prescription import keyfile
from tools.prescription.keyfile import Key

Files = dict[str, bytes]


def verified(files: Files, key: Key | None = KEY, codes: tuple[str, ...] = ()) -> Trail:
    """A pull, verified, with the receipts that were noted down."""
    rows = [Segment("unit", f"unit/{name}", int(name[-1]), content)
            for name, content in files.items()]  # fmt: skip
    trail = chain.verify(rows, key)
    sessions = journal_sessions.sessions_from_trail(trail)
    trail.findings += journal_sessions.find_unended(sessions)
    trail.findings += journal_sessions.find_unmatched(
        journal_sessions.match_receipts(codes, sessions)
    )
    return trail


def found(trail: Trail) -> list[tuple[str, int, int | None]]:
    """What was wrong: of what kind, of which record, in which line."""
    return [(row.what, row.n, row.place.line if row.place else None) for row in trail.wrong]


def finding_texts(trail: Trail) -> set[str]:
    """The names of findings that are information alone."""
    return {row.what for row in trail.findings if not row.wrong}


def lines() -> list[bytes]:
    """A real journal's lines: boot, session and end, three times, and faults in the second."""
    return unit_journal().files["journal.0"].splitlines(keepends=True)


def boot(one: Journal) -> None:
    """A boot record of the unit is to be written."""
    row = template()["boot"]
    one.add("boot", journal_events.BOOT, tuple(row[key] for key in journal_events.BOOT))


def write_segments(rows: list[bytes]) -> Files:
    """A journal of one file."""
    return {"journal.0": b"".join(rows)}


# -- as it was written -----------------------------------------------------------------------


@pytest.mark.parametrize("key", [KEY, None])
def test_a_journal_as_the_unit_wrote_it_is_good(key: Key | None) -> None:
    unit = unit_journal(key)
    trail = verified(unit.files, key, unit.receipts)
    assert trail.wrong == []
    assert finding_texts(trail) == set()
    assert trail.units == ["WB-0001"]
    assert trail.records == len(unit.files["journal.0"].splitlines())
    assert [s.receipt for s in journal_sessions.sessions_from_trail(trail)] == list(unit.receipts)


def test_of_a_unit_that_wrote_over_its_oldest_records_the_rest_is_good() -> None:
    unit = LongUsed()
    while unit.sessions < 600:
        unit.use()
    files = segments(unit.hal.files)
    assert len(files) == journal.SEGMENTS
    trail = verified(files, codes=tuple(unit.receipts[-100:]))
    assert (trail.wrong, finding_texts(trail)) == ([], {"oldest"})
    assert trail.records == unit.journal.n + 1 - trail.chains[0][0].n
    assert found(verified(files, codes=(unit.receipts[0],))) == [("receipt", -1, None)]
    for name in files:
        rest = {other: content for other, content in files.items() if other != name}
        assert [row[0] for row in found(verified(rest))][-1:] == ["dropped"]


def test_an_archive_of_pulls_that_overlap_is_one_journal(tmp_path: Path) -> None:
    archive(tmp_path / "kept", 900)
    trail = chain.verify(find_segments([str(tmp_path / "kept")]), KEY)
    assert (trail.wrong, finding_texts(trail)) == ([], set())
    assert trail.chains[0][0].n == 0 and len(journal_sessions.sessions_from_trail(trail)) == 900
    pulls = sorted((tmp_path / "kept").iterdir())
    assert len(pulls) >= 4
    for file in pulls[1].iterdir():
        file.unlink()
    trail = chain.verify(find_segments([str(pulls[0]), str(pulls[-1])]), KEY)
    assert "pulled too late, or taken out" in str(trail.wrong[0])


# -- what is done to it ----------------------------------------------------------------------


def test_an_altered_record_is_named_with_its_file_and_line() -> None:
    rows = lines()
    rows[4] = rows[4].replace(b'"fluence_uj_cm2": 1000000', b'"fluence_uj_cm2": 9000000')
    trail = verified(write_segments(rows))
    assert found(trail) == [("altered", 4, 5)]
    assert str(trail.wrong[0]) == (
        "unit/journal.0:5: altered: record 4 is not what its seal is for"
    )


def test_dropped_swapped_doubled_and_inserted_records_are_named() -> None:
    rows = lines()
    assert found(verified(write_segments(rows[:4] + rows[6:]))) == [("dropped", 4, 5)]
    assert found(verified(write_segments([*rows[:4], rows[5], rows[4], *rows[6:]]))) == [
        ("reordered", 4, 6)
    ]
    assert found(verified(write_segments([*rows[:4], rows[2], *rows[4:]]))) == [("inserted", 2, 5)]
    other = unit_journal(OTHER).files["journal.0"].splitlines(keepends=True)
    assert found(verified(write_segments([*rows[:4], other[4], *rows[4:]]))) == [("altered", 4, 5)]
    assert found(verified(write_segments([*rows[:4], b"\n", *rows[4:]]))) == [("inserted", -1, 5)]
    assert found(verified(write_segments(rows[1:])))[0] == ("reordered", 1, 1)


def test_a_record_that_was_cut_short_in_the_middle_is_truncated() -> None:
    rows = lines()
    rows[4] = rows[4][:200] + b"\n"
    assert found(verified(write_segments(rows))) == [("truncated", 4, 5)]


def test_files_whose_names_were_changed_are_out_of_order() -> None:
    unit = LongUsed()
    while len(segments(unit.hal.files)) < 3:
        unit.use()
    files = segments(unit.hal.files)
    assert verified(files).wrong == []
    files["journal.1"], files["journal.2"] = files["journal.2"], files["journal.1"]
    assert {row[0] for row in found(verified(files))} == {"reordered"}


def test_a_journal_of_another_unit_is_not_believed() -> None:
    count = len(lines())
    assert [row[0] for row in found(verified(unit_journal(OTHER).files))] == ["altered"] * count
    named = Key(KEY.secret, "WB-0002")
    assert found(verified(unit_journal().files, named)) == [("unit", -1, None)]


def test_a_journal_that_has_no_seal_of_the_key_is_not_believed() -> None:
    trail = verified(unit_journal(None).files)
    assert [row[0] for row in found(trail)] == ["unsealed"]


def plainly_sealed(rows: list[bytes]) -> list[bytes]:
    """These records as anyone can write them, chained."""
    prev, new = journal.FIRST, []
    for row in rows:
        table = json.loads(row) | {"prev": prev, "key": 0}
        del table["seal"]
        body = json.dumps(table).encode()[:-1]
        prev = hashlib.sha256(body).hexdigest()
        new.append(body + f', "seal": "{prev}"}}\n'.encode())
    return new


def test_records_from_before_the_unit_had_a_key_are_vouched_for_by_those_after() -> None:
    hal: Any = FakeHal()

    def note() -> None:
        one = Journal(hal, Keys(hal.load(FILE)))
        one.find()
        boot(one)
        assert one.write(3)

    note()
    hal.files[FILE] = keyfile.render_unit_keys(KEY)
    note()
    files = segments(hal.files)
    trail = verified(files)
    assert (trail.wrong, finding_texts(trail)) == ([], {"unsealed"})
    del hal.files[FILE]
    note()
    assert found(verified(segments(hal.files))) == [("unsealed", 2, 3)]
    assert found(verified(write_segments(plainly_sealed(lines()))))[0][0] == "unsealed"


def resealed(rows: list[bytes], first: int, prev: str, key: bytes, index: int) -> list[bytes]:
    """These records written anew with one key, numbered from `first`."""
    new = []
    for n, row in enumerate(rows, first):
        table = json.loads(row) | {"n": n, "prev": prev, "key": index}
        del table["seal"]
        body = json.dumps(table).encode()[:-1]
        prev = hmac.digest(key, body, "sha256").hex()
        new.append(body + f', "seal": "{prev}"}}\n'.encode())
    return new


def test_who_holds_the_unit_and_leaves_a_session_out_with_its_present_key_is_found() -> None:
    rows = lines()
    key = KEY.journal
    for _ in range(9):
        key = mac.next_key(key)  # what lies in keys.json after three sessions
    last = json.loads(rows[2])
    forged = rows[:3] + resealed(rows[-3:], 3, last["seal"], key, 9)  # without the second
    trail = verified(write_segments(forged))
    assert [(row.what, row.n) for row in trail.wrong] == [("dropped", 3), ("altered", 5)]
    assert (
        "the key moved on from 2 to 9: what was written between is missing" in trail.wrong[0].text
    )


def test_records_cut_off_at_the_end_show_by_a_receipt_alone() -> None:
    unit = unit_journal()
    cut = write_segments(lines()[:-1])
    assert (verified(cut).wrong, finding_texts(verified(cut))) == ([], {"unended"})
    trail = verified(cut, codes=unit.receipts)
    assert found(trail) == [("receipt", -1, None)]
    assert trail.wrong[0].text.startswith(unit.receipts[-1])


def test_a_unit_that_was_wiped_and_kept_its_key_is_found() -> None:
    hal: Any = FakeHal()
    keys = Keys(keyfile.render_unit_keys(KEY))
    keys.advance(hal)
    one = Journal(hal, keys)
    one.find()
    boot(one)
    assert one.write(3)
    trail = verified(segments(hal.files))
    assert found(trail) == [("dropped", 0, 1)] and "it was wiped" in trail.wrong[0].text


def test_a_journal_begun_anew_is_said(tmp_path: Path) -> None:
    write(tmp_path / "a", unit_journal(sessions=2).files)
    unit = LongUsed()
    unit.hal.clock_s += 10**7
    unit.use()
    write(tmp_path / "b", segments(unit.hal.files))
    trail = chain.verify(find_segments([str(tmp_path)]), KEY)
    assert (trail.wrong, finding_texts(trail)) == ([], {"restart"})


# -- torn ends, and clocks -------------------------------------------------------------------


@given(cut=st.integers(1, 300))
def test_a_torn_end_is_said_and_is_no_failure(cut: int) -> None:
    rows = lines()
    rows[-1] = rows[-1][:-1][:-cut] if cut < len(rows[-1]) - 1 else rows[-1][:1]
    trail = verified(write_segments(rows))
    assert (trail.wrong, finding_texts(trail)) == ([], {"torn", "unended"})


@given(cut=st.integers(1, 300))
def test_what_was_torn_and_what_the_unit_wrote_after_it_are_both_told(cut: int) -> None:
    hal: Any = FakeHal()
    whole = unit_journal().files["journal.0"]
    hal.files = {"journal.0": whole[:-1][:-cut], FILE: b""}
    keys = Keys(keyfile.render_unit_keys(KEY))
    for _ in range(8):  # the session's record was written, and its end was not
        keys.advance(hal)
    one = Journal(hal, keys)
    one.find()
    boot(one)
    assert one.write(3)
    trail = verified(segments(hal.files))
    assert (trail.wrong, finding_texts(trail)) == (
        [],
        {"torn", "unended", "clock"} & finding_texts(trail),
    )
    assert {"torn", "unended"} <= finding_texts(trail)


def test_a_clock_that_went_back_or_was_set_is_said() -> None:
    hal: Any = FakeHal()
    hal.files[FILE] = keyfile.render_unit_keys(KEY)
    one = Journal(hal, Keys(hal.load(FILE)))
    for clock_s in (800_000_000, None, 700_000_000):
        turn_clock(hal, one.clock, clock_s)
        one.add("ack", ("lock",), ("",))
        assert one.write(3)
    one.add("clock", ("before", "after", "how"), (700_000_000, 600_000_000, "host"))
    assert one.write(4)
    trail = verified(segments(hal.files))
    told = [(row.n, row.text) for row in trail.findings]
    assert told == [
        (2, "went back by 100000000 s"),
        (3, "host, from 700000000 to 600000000 s"),
    ]


# -- anything at all ---------------------------------------------------------------------------


@given(st.lists(st.one_of(st.binary(max_size=300), st.integers(0, 10)), max_size=6))
def test_any_bytes_are_a_journal_with_something_wrong_or_the_beginning_of_one(
    parts: list[bytes | int],
) -> None:
    rows = lines()
    content = b"".join([rows[part] if isinstance(part, int) else part for part in parts])
    for key in (KEY, None):
        trail = verified({"journal.0": content}, key)
        assert all(str(row).isprintable() or row.place for row in trail.findings)
        assert journal_sessions.sessions_from_trail(trail) is not None


NEW = st.one_of(st.none(), st.integers(), st.text(max_size=9), st.lists(st.integers(), max_size=9))


@given(which=st.integers(0, 10), field=st.integers(0, 20), value=NEW)
def test_any_value_in_a_record_that_anyone_can_seal_is_refused_or_told(
    which: int, field: int, value: object
) -> None:
    from tools.journal import export
    from tools.journal import page as journal_page

    rows = unit_journal(None).files["journal.0"].splitlines()
    table = json.loads(rows[which % len(rows)])
    table[list(table)[field % (len(table) - 2)]] = value
    rows[which % len(rows)] = json.dumps(table).encode()
    trail = verified(write_segments(plainly_sealed(rows)), None)
    sessions = journal_sessions.sessions_from_trail(trail)
    for session in sessions:
        page = journal_page.build_page(session, trail)
        assert "<script" not in journal_page.render_html(page)
    if sessions:
        assert export.Table(sessions, trail, None, "back", RPI_PICO).csv()
