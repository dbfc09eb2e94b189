"""MAC and key ratchet: HMAC-SHA256 (RFC 2104), key derivation, receipt codes.

MicroPython has `hashlib.sha256` and no `hmac`. A hash of the journal's key replaces the key
once it sealed a record. Whoever takes the unit later cannot forge earlier records: their key is
gone.
"""

import binascii
import hashlib

BLOCK = 64  # bytes, of SHA-256
KEY_BYTES = 32
HEX = 2 * KEY_BYTES  # digits of a key or a seal
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another
RECEIPT_DIGITS = 15  # of a seal: 60 bits


def hmac_hex(key: bytes, message: bytes) -> str:
    """HMAC-SHA256 in hexadecimal digits; with an empty key, a hash that anyone can make."""
    if not key:
        return binascii.hexlify(hashlib.sha256(message).digest()).decode()
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = key + bytes(BLOCK - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return binascii.hexlify(outer.digest()).decode()


def is_equal(one: bytes, other: bytes) -> bool:
    """Whether two seals are equal, in a time that does not tell where they differ."""
    differs = len(one) ^ len(other)
    for a, b in zip(one, other):
        differs |= a ^ b
    return not differs


def derive_key(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose, from which the others cannot be had."""
    return binascii.unhexlify(hmac_hex(key, b"waistband " + purpose))


def next_key(key: bytes) -> bytes:
    """The journal's key that follows this one; no key where there is none."""
    return derive_key(key, b"next session") if key else key


def receipt_code(sealed: str) -> str:
    """The first 60 bits of a seal as a person notes them down: three groups of four letters and
    digits."""
    letters = ""
    for at in range(0, RECEIPT_DIGITS, 5):
        bits = int(sealed[at : at + 5], 16)
        for shift in (15, 10, 5, 0):
            letters += CODE_LETTERS[bits >> shift & 31]
        letters += "-"
    return letters[:-1]
