"""A prescription for one unit, sealed with its key; and the seal of its calibration.

    {"seal": "<64 digits>", "signed": {"expires": "2027-01-31", "number": 12,
     "prescription": {...}, "unit": "WB-0001"}}

The seal is the HMAC of the very bytes after `"signed": `, which the tools write as canonical
JSON: nothing is written anew on the unit, where a float is not the desk's. `expires` is a date,
the last good day, or null; `number` rises with each prescription that the clinic makes for a
unit, and one below the last that was taken is a replay, as another one of the same number is. A
unit that has no key takes plain prescriptions, and only those.

A calibration has a `seal` beside its `crc32`: the HMAC of the text that the CRC is of, with a key
of its own. A unit without a key takes a calibration without a seal, and only that: with one, a
key was there and is gone.
"""

from firmware.core.conversions import clock_seconds
from firmware.core.validate import Refused, quote, require_keys
from firmware.records import json_codec, mac
from firmware.therapy.calibration import calibration_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.keys import Keys
    from hal.contract import Board

BEFORE = b'{"seal": "'
BETWEEN = b'", "signed": '
PAYLOAD = len(BEFORE) + mac.HEX + len(BETWEEN)
KEYS = ("expires", "number", "prescription", "unit")
LAST_SECOND = b"T23:59:59"
TAKEN_DIGITS = 16  # of a seal, as the unit keeps it of the prescription that it took last
SEAL = "seal"  # of a calibration


def payload(content: bytes) -> bytes:
    """The bytes that are sealed; empty where there is no seal around them."""
    content = content.strip()
    if not content.startswith(BEFORE) or content[PAYLOAD - len(BETWEEN) : PAYLOAD] != BETWEEN:
        return b""
    return content[PAYLOAD:-1] if content.endswith(b"}") else b""


def read_seal(content: object) -> str:
    """The first digits of a signed file's seal; empty where it has none."""
    if not isinstance(content, bytes) or not payload(content):
        return ""
    return content.strip()[len(BEFORE) : len(BEFORE) + TAKEN_DIGITS].decode()


def sign(inner: bytes, key: bytes) -> bytes:
    """The file of these bytes, sealed."""
    return BEFORE + mac.hmac_hex(key, inner).encode() + BETWEEN + inner + b"}\n"


def verify(content: object, unit_keys: "Keys", serial: str) -> "tuple[object, int, int]":
    """The prescription in a file's bytes, its number, and the second with which it expires (0:
    never). What is no bytes is the prescription itself, unsigned. Raises Refused where it is
    not this unit's."""
    if unit_keys.broken:
        raise Refused("the unit's keys cannot be read: install them again")
    file = content if isinstance(content, bytes) else b""
    inner = payload(file)
    if not unit_keys.prescription:
        if inner:
            raise Refused("the prescription is signed and the unit has no key: install its key")
        return (json_codec.parse(file) if file else content), 0, 0
    if not inner:
        raise Refused("the prescription is not signed: sign it with the unit's key")
    said = file.strip()[len(BEFORE) : len(BEFORE) + mac.HEX]
    if not mac.is_equal(said, mac.hmac_hex(unit_keys.prescription, inner).encode()):
        raise Refused("the prescription was altered, or signed with another unit's key")
    table = require_keys("the signed prescription", json_codec.parse(inner), KEYS)
    if table["unit"] != serial:
        raise Refused("the prescription is for unit " + quote(table["unit"]) + ", not this one")
    number, expires = table["number"], table["expires"]
    if not json_codec.whole(number, 1, json_codec.MOST):
        raise Refused("number is " + quote(number) + ": a whole number from 1")
    assert isinstance(number, int)
    if number < unit_keys.number:
        raise Refused("an older prescription, number " + str(number) + ": a newer was taken")
    if number == unit_keys.number and unit_keys.taken not in ("", said[:TAKEN_DIGITS].decode()):
        raise Refused(
            "another prescription of number " + str(number) + " was taken: sign it with a higher"
        )
    expires_s = 0
    if expires is not None:
        expires_s = clock_seconds(str(expires).encode() + LAST_SECOND)
        if expires_s < 0:
            raise Refused("expires is " + quote(expires) + ": a date YYYY-MM-DD, or null")
    return table["prescription"], number, expires_s


def calibration_seal(text: str, prescription_key: bytes) -> str:
    """The seal of a calibration whose CRC is of this text."""
    return mac.hmac_hex(mac.derive_key(prescription_key, b"calibration"), text.encode())


def verify_calibration(calibration: object, board: "Board", unit_keys: "Keys") -> str:
    """The date of a calibration whose content was accepted. Raises Refused where its seal is not
    of this unit's key, or where it is older than one that was taken."""
    assert isinstance(calibration, dict)
    seal, date = calibration.get(SEAL), str(calibration["date"])
    if unit_keys.broken:
        return date  # `verify` tells that better
    if not unit_keys.prescription:
        if seal is not None:
            raise Refused("the calibration is sealed and the unit has no key: install its key")
        return date
    made = calibration_seal(calibration_text(calibration, board), unit_keys.prescription)
    if seal is None:
        raise Refused("the calibration is not sealed: waistband calibrate --key, or key install")
    if not mac.is_equal(str(seal).encode(), made.encode()):
        raise Refused("the calibration was altered, or sealed with another unit's key")
    if date < unit_keys.calibrated:
        raise Refused("an older calibration, of " + date + ": a newer was taken")
    return date
