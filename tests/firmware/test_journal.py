"""The journal on the unit: sealed line by line, in the dark, over resets and torn ends."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.inputs import START
from firmware.records import journal, mac
from firmware.records.journal import SEGMENT_BYTES, SEGMENTS, Journal
from firmware.records.keys import FILE, Keys
from tests.support.fake_hal import SHORT, Bench, FakeHal
from tests.support.keyed_unit import ROOT_KEY, installed, keyed, made


def fresh(files: dict[str, bytes] | None = None) -> Journal:
    hal = FakeHal()
    hal.files.update(files or {})
    made = Journal(hal, Keys(hal.load(FILE)))
    made.find()
    return made


def fake(made: Journal) -> Any:
    """The HAL beneath it."""
    return made.hal


def lines(hal: Any) -> list[dict[str, Any]]:
    """Every record that is kept, in the order of their numbers."""
    rows = []
    for segment in range(SEGMENTS):
        for line in hal.files.get(journal.name(segment), b"").splitlines():
            rows.append({"line": line, **json.loads(line)})
    return sorted(rows, key=lambda row: row["n"])


def shown(bench: Bench, row: int) -> str:
    """What a row of the screen has on it."""
    calls = [call for call in bench.hal.calls if call[:2] == ("show", row)]
    return bytes(calls[-1][2]).decode().rstrip()


def chained(rows: list[dict[str, Any]], root: bytes | None) -> None:
    """Each seal is over its line and the seal before, with the key of its session."""
    prev = rows[0]["prev"]
    key, index = (mac.derive_key(root, b"journal") if root else b""), 0
    for row in rows:
        while index < row["key"]:
            key, index = mac.next_key(key), index + 1
        body = row["line"][: row["line"].rindex(b', "seal"')]
        want = hmac.new(key, body, "sha256") if root else hashlib.sha256(body)
        assert (row["prev"], row["seal"]) == (prev, want.hexdigest())
        prev = row["seal"]


# -- seals -------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=200))
def test_a_seal_is_an_hmac_of_the_standard_library(message: bytes, key: bytes) -> None:
    assert mac.hmac_hex(key, message) == hmac.new(key, message, "sha256").hexdigest()
    assert mac.hmac_hex(b"", message) == hashlib.sha256(message).hexdigest()


def test_a_seal_is_that_of_rfc_4231() -> None:
    assert mac.hmac_hex(b"\x0b" * 20, b"Hi There").startswith("b0344c61d8db38535ca8afceaf0bf12b")
    assert mac.hmac_hex(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First"
                     ).startswith("60e431591ee0b67f0d8a26aacbf5b77f")  # fmt: skip


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_seals_are_the_same_only_where_they_are_equal(one: bytes, other: bytes) -> None:
    assert mac.is_equal(one, other) == (one == other)
    assert mac.is_equal(one, one)


def test_a_receipt_is_the_first_60_bits_of_a_seal_in_three_groups() -> None:
    assert mac.receipt_code("0" * 64) == "0000-0000-0000"
    assert mac.receipt_code("f" * 64) == "ZZZZ-ZZZZ-ZZZZ"
    value = 0
    for letter in mac.receipt_code("0123456789abcde" + "0" * 49).replace("-", ""):
        value = value << 5 | mac.CODE_LETTERS.index(letter)
    assert value == 0x0123456789ABCDE


# -- the chain ---------------------------------------------------------------------------------


@pytest.mark.parametrize("has_key", [False, True])
def test_a_session_is_written_before_light_and_again_when_it_is_over(has_key: bool) -> None:
    bench = keyed(made()) if has_key else Bench(SHORT)
    bench.hal.clock_s = 800_000_000
    bench.until("READY")
    bench.press(START)
    bench.until("WAIT_SKIN")
    rows = lines(bench.hal)
    assert [row["kind"] for row in rows] == ["boot", "session"]
    assert not bench.lit_in
    bench.until("TREAT", 60_000)
    assert lines(bench.hal) == rows
    bench.until("DONE", 10 * 60_000)
    bench.run(2_000)
    rows = lines(bench.hal)
    assert [row["kind"] for row in rows] == ["boot", "session", "end"]
    session, end = rows[1:]
    pads = bench.unit.pads
    assert session["fluence_uj_cm2"] == bench.unit.session.course.steps[0].fluence_uj_cm2
    assert (end["session"], end["reason"]) == (session["session"], "dose")
    assert end["a_uj_cm2"] == pads[0].fluence.uj_cm2 and sum(end["a_uj_cm2"]) > 0
    assert end["ramp_ms"] == [pads[0].ramp_ms, pads[1].ramp_ms]
    assert end["highest_mc"][0] >= 30_000
    assert [row["key"] for row in rows] == ([0, 0, 1] if has_key else [0, 0, 0])
    chained(rows, ROOT_KEY if has_key else None)
    bench.run(2_000)
    assert shown(bench, 4) == "R " + mac.receipt_code(end["seal"])


def test_nothing_is_written_while_lit_and_no_tick_but_a_dark_one_writes() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.calls.clear()
    bench.hal.ntc[0] = 4_000
    bench.until("FAULT")
    bench.run(2_000)
    writes = [call for call in bench.hal.calls if call[0] == "store"]
    assert writes and not any(call[-1] for call in writes)
    rows = lines(bench.hal)
    assert (rows[2]["fault"], rows[2]["pad"], rows[2]["value"]) == ("ntc_open", "A", 4_000)
    assert [row["reason"] for row in rows if row["kind"] == "end"] == ["fault"]


def test_what_a_person_acknowledged_is_told() -> None:
    bench = Bench(SHORT).to("TREAT")
    fine = bench.hal.ntc[0]
    bench.hal.ntc[0] = 4_000
    bench.until("FAULT")
    bench.hal.ntc[0] = fine
    bench.run(2_000)
    bench.acknowledge()
    bench.until("READY")
    bench.run(2_000)
    kinds = [row["kind"] for row in lines(bench.hal)]
    assert kinds[-1] == "ack" and "fault" in kinds and "end" in kinds


def test_without_room_for_its_record_no_session_begins() -> None:
    bench = Bench(SHORT)
    bench.until("READY")
    bench.run(2_000)
    append, bench.hal.append = bench.hal.append, lambda name, content: False  # type: ignore[method-assign]
    bench.press(START)
    bench.run(2_000)
    assert (bench.state, bench.refused) == ("READY", "storage")
    bench.hal.append = append  # type: ignore[method-assign]
    bench.press(START)
    bench.until("WAIT_SKIN")
    assert [row["kind"] for row in lines(bench.hal)] == ["boot", "session", "session"]


def test_a_unit_that_goes_on_after_a_reset_goes_on_with_the_chain() -> None:
    bench = keyed(made())
    bench.to("TREAT")
    bench.reset()  # no end was written
    bench.to("TREAT")
    rows = lines(bench.hal)
    assert [row["kind"] for row in rows] == ["boot", "session", "boot", "session"]
    assert [row["n"] for row in rows] == [0, 1, 2, 3]
    assert [row["key"] for row in rows] == [0, 1, 2, 3]
    chained(rows, ROOT_KEY)


def test_the_key_of_a_session_is_nowhere_once_the_next_has_begun() -> None:
    bench = keyed(made())
    bench.to("TREAT")
    bench.reset()
    bench.to("TREAT")
    used = mac.next_key(mac.derive_key(ROOT_KEY, b"journal")).hex().encode()
    assert not any(used in content for content in bench.hal.files.values())
    assert used not in repr(vars(bench.unit.keys)).encode()


def test_a_clock_that_went_back_is_told() -> None:
    bench = Bench(SHORT)
    bench.hal.clock_s = 800_000_000
    bench.until("READY")
    bench.run(2_000)
    bench.hal.clock_s = 700_000_000
    bench.reset()
    bench.until("READY")
    bench.run(2_000)
    told = lines(bench.hal)[-1]
    assert (told["kind"], told["how"]) == ("clock", "went back")
    assert (told["before"], told["after"]) == (800_000_000, 700_000_000)


# -- segments and torn ends --------------------------------------------------------------------


def test_the_oldest_eighth_goes_when_all_is_full_and_the_chain_goes_on() -> None:
    one = fresh({FILE: installed()})
    for k in range(2_000):
        one.add("test", ("k", "text"), (k, "x" * 100))
        assert one.write(k)
    rows = lines(one.hal)
    files = {name: len(content) for name, content in fake(one).files.items() if "journal" in name}
    assert len(files) == SEGMENTS
    assert max(files.values()) <= SEGMENT_BYTES + journal.LINE_MAX
    assert [row["n"] for row in rows] == list(range(rows[0]["n"], one.n + 1)) and rows[0]["n"] > 0
    chained(rows, ROOT_KEY)
    again = Journal(one.hal, Keys(one.hal.load(FILE)))
    again.find()
    assert (again.n, again.seal, again.segment, again.size) == (
        one.n, one.seal, one.segment, one.size)  # fmt: skip


@given(cut=st.integers(1, 400), more=st.integers(1, 3))
def test_a_torn_end_is_left_as_it_is_and_the_chain_goes_on_with_the_last_whole_line(
    cut: int, more: int
) -> None:
    one = fresh()
    for k in range(3):
        one.add("test", ("k",), (k,))
        one.write(0)
    whole = fake(one).files["journal.0"]
    kept_bytes = whole[: max(len(whole) - cut, 1)]
    again = fresh({"journal.0": kept_bytes})
    last = [json.loads(line)["n"] for line in kept_bytes.splitlines()
            if line.endswith(b"}")]  # fmt: skip
    assert again.n == (last[-1] if last else -1)
    for k in range(more):
        again.add("test", ("k",), (k,))
    assert again.write(0)
    content = fake(again).files["journal.0"]
    assert content.startswith(kept_bytes)
    numbers = [json.loads(line)["n"] for line in content.splitlines() if line.endswith(b"}")]
    assert numbers == [*last, *range(again.n - more + 1, again.n + 1)]


GOOD = b'{"n": 7, "seal": "' + b"a" * mac.HEX + b'"}\n'
BAD = [GOOD[:-3], GOOD.replace(b"7", b"-7"), GOOD.replace(b'"a', b'["a'), b'{"n": 7}\n', b"[1]\n"]


@given(
    st.lists(
        st.one_of(st.binary(min_size=1, max_size=300), st.sampled_from([GOOD, *BAD])), max_size=8
    )
)
def test_any_bytes_in_its_files_leave_a_journal_that_can_be_written(parts: list[bytes]) -> None:
    one = fresh({journal.name(k): part for k, part in enumerate(parts)})
    one.add("test", (), ())
    assert one.write(0)
    assert one.n == (8 if GOOD in parts else 0)


@given(st.one_of(st.binary(max_size=200), st.just(installed()[:-1]), st.just(b"{}"),
                 st.just(installed().replace(b"0", b"g")), st.just(b"")))  # fmt: skip
def test_keys_that_cannot_be_read_are_broken_and_never_raise(content: bytes) -> None:
    assert Keys(content).broken
    assert Keys(content).journal == b""


def test_more_than_can_wait_is_counted() -> None:
    one = fresh()
    for k in range(journal.WAITING_MAX + 5):
        one.add("test", ("k",), (k,))
    assert one.write(0)
    assert lines(one.hal)[-1]["records"] == 5
