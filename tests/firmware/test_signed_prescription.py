"""Prescriptions sealed for one unit: which are taken, and which are refused, with words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.conversions import clock_seconds
from firmware.core.inputs import START
from firmware.core.validate import Refused
from firmware.records import mac, signed_prescription
from firmware.records.keys import FILE, Keys
from tests.support.fake_hal import SHORT, Bench
from tests.support.keyed_unit import KEY, SERIAL, installed, keyed, made


def test_what_is_signed_for_the_unit_is_taken_and_its_number_kept() -> None:
    bench = keyed(made())
    bench.until("READY")
    assert bench.unit.session.course.number == 3
    bench.run(2_000)
    assert Keys(bench.hal.files[FILE]).number == 3
    bench.to("TREAT")


REFUSED = {
    "not signed": (json.dumps(SHORT).encode(), "not signed"),
    "a table": (SHORT, "not signed"),
    "another unit's key": (made(mac.derive_key(b"k" * 32, b"prescription")), "altered"),
    "another unit": (made(unit="WB-9999"), "for unit 'WB-9999'"),
    "an older one": (made(number=1), "a newer was taken"),
    "no number": (made(number=None), "whole number"),
    "a number that is none": (made(number=True), "whole number"),
    "a date that is none": (made(expires="31.1.2027"), "a date"),
    "an extra key": (made(more=1), "not a key"),
    "a dose too high": (made(prescription={**SHORT, "fluence_j_cm2": 91}), "fluence_j_cm2"),
    "no file": (None, "not signed"),
    "nothing": (b"", "not signed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_is_refused_with_words_and_locks_the_unit(name: str) -> None:
    prescription, words = REFUSED[name]
    bench = keyed(prescription, number=2)
    bench.until("LOCKED")
    assert words in bench.unit.session.locked
    bench.run(2_000)
    assert Keys(bench.hal.files[FILE]).number == 2


def test_the_same_number_again_is_the_same_prescription_at_the_next_start() -> None:
    keyed(made(), number=3).until("READY")


def test_a_unit_without_a_key_takes_plain_ones_and_only_those() -> None:
    Bench(json.dumps(SHORT).encode()).until("READY")
    bench = Bench(made())
    bench.until("LOCKED")
    assert "no key" in bench.unit.session.locked


def test_a_unit_whose_keys_cannot_be_read_is_locked() -> None:
    for prescription in (made(), json.dumps(SHORT).encode()):
        bench = Bench(prescription)
        bench.hal.files[FILE] = installed()[:-4]
        bench.reset()
        bench.until("LOCKED")
        assert "keys cannot be read" in bench.unit.session.locked


# Clock at the start, the latest that the journal knows, and what START is answered.
CLOCKS = [
    (b"2027-01-30T12:00:00", None, ""),
    (b"2027-01-31T23:59:59", None, ""),
    (b"2027-02-01T00:00:00", None, "expired"),
    (b"2027-01-30T12:00:00", b"2027-02-01T00:00:00", "expired"),  # turned back
    (None, None, "no_clock"),
]


@pytest.mark.parametrize(("now", "written", "refused"), CLOCKS)
def test_what_expired_begins_no_session_whatever_the_clock_is_turned_to(
    now: bytes | None, written: bytes | None, refused: str
) -> None:
    bench = keyed(made(expires="2027-01-31"))
    if written:
        bench.hal.clock_s = clock_seconds(written)
        bench.until("READY")
        bench.run(2_000)
        bench.reset()
    bench.hal.clock_s = clock_seconds(now) if now else None
    bench.to_ready()
    bench.press(START)
    bench.run(200)
    assert bench.refused == refused and (bench.state == "WAIT_SKIN") == (not refused)


@given(at=st.integers(0, 600), bit=st.integers(0, 7))
def test_a_bit_anywhere_that_is_another_is_refused(at: int, bit: int) -> None:
    good = made().strip()
    at %= len(good)
    altered = good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :]
    with pytest.raises(Refused):
        signed_prescription.verify(altered, Keys(installed()), SERIAL)


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(
    lambda inner: signed_prescription.sign(inner, KEY))))  # fmt: skip
def test_any_bytes_are_refused_with_words(content: bytes) -> None:
    with pytest.raises(Refused) as said:
        signed_prescription.verify(content, Keys(installed()), SERIAL)
    assert str(said.value).isprintable() and KEY.hex() not in str(said.value)
