"""Encryption of trial records: sixteen numbers that only the statistician can read.

    16 digits of a nonce, then 128 digits: 64 bytes, each number 4 of them, big end first, signed

Stream cipher from HMAC-SHA256, since the unit has no cipher: block i is the HMAC of the nonce's
digits, a space and i, with the key of this unit in this trial. All records have the same length.
No integrity check here: the journal's MAC chain has it.
"""

import binascii
import struct

from firmware.records import mac

NUMBERS = 16
NONCE = 16  # digits
FORM = ">16i"
BYTES = 4 * NUMBERS
HEX = NONCE + 2 * BYTES  # digits of a record


def _apply_stream(key: bytes, nonce: str, content: bytes) -> bytes:
    """The content under the stream, or from under it."""
    stream = b""
    for block in range(BYTES // mac.KEY_BYTES):
        stream += binascii.unhexlify(mac.hmac_hex(key, nonce.encode() + b" " + str(block).encode()))
    return bytes([a ^ b for a, b in zip(content, stream)])


def encrypt(key: bytes, nonce: str, numbers: "tuple[int, ...]") -> str:
    """Up to sixteen numbers of 32 bits, sealed; zeros for those that lack. A nonce (16 hexadecimal
    digits) is used once with a key."""
    row = list(numbers) + [0] * (NUMBERS - len(numbers))
    return nonce + binascii.hexlify(_apply_stream(key, nonce, struct.pack(FORM, *row))).decode()


def decrypt(key: bytes, text: str) -> "tuple[int, ...]":
    """The sixteen numbers of a record. With another key they are numbers as well, and not those.
    Raises ValueError where the text is no record."""
    if len(text) != HEX:
        raise ValueError("a sealed record has " + str(HEX) + " digits, this " + str(len(text)))
    return struct.unpack(FORM, _apply_stream(key, text[:NONCE], bytes.fromhex(text[NONCE:])))
