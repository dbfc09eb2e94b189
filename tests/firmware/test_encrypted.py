"""Sealed records: of one length, given back whole with the key, and nothing without it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.records import encrypted, mac

KEYS = st.binary(min_size=32, max_size=32)
NONCES = st.text("0123456789abcdef", min_size=16, max_size=16)
NUMBERS = st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=16)


@given(KEYS, NONCES, NUMBERS)
def test_the_key_gives_the_numbers_back_and_every_record_is_as_long(
    key: bytes, nonce: str, numbers: list[int]
) -> None:
    text = encrypted.encrypt(key, nonce, tuple(numbers))
    assert len(text) == encrypted.HEX == 144 and text.startswith(nonce)
    assert encrypted.decrypt(key, text) == (*numbers, *[0] * (16 - len(numbers)))


@given(KEYS, KEYS, NONCES, NUMBERS)
def test_another_key_gives_other_numbers(
    key: bytes, other: bytes, nonce: str, numbers: list[int]
) -> None:
    if key != other:
        text = encrypted.encrypt(key, nonce, tuple(numbers))
        assert encrypted.decrypt(other, text)[: len(numbers) or 16] != tuple(numbers or [0] * 16)


def test_the_stream_is_the_hmac_of_nonce_and_block_and_differs_by_both() -> None:
    key, nonce = bytes(32), "00112233445566ff"
    zeros = encrypted.encrypt(key, nonce, ())
    assert zeros[16:] == "".join(mac.hmac_hex(key, f"{nonce} {k}".encode()) for k in (0, 1))
    assert zeros[16:80] != zeros[80:] != encrypted.encrypt(key, "00112233445566fe", ())[80:]


@pytest.mark.parametrize("text", ["", "0" * 143, "0" * 146, "0" * 143 + "x", "é" * 144])
def test_what_is_no_record_is_told_from_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"digits|hex"):
        encrypted.decrypt(bytes(32), text)
