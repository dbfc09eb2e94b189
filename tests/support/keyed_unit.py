"""A unit with keys, and prescriptions that are signed for it."""

import json
from typing import Any

from firmware.records import mac, signed_prescription
from firmware.records.keys import FILE, Keys
from tests.support.fake_hal import CALIBRATION, SHORT, Bench

ROOT_KEY = bytes(range(32))
KEY = mac.derive_key(ROOT_KEY, b"prescription")
SERIAL = str(CALIBRATION["serial"])


def installed(number: int = 0) -> bytes:
    """What `key install` puts on a unit."""
    keys = Keys(None)
    keys.prescription = KEY
    keys.journal = mac.derive_key(ROOT_KEY, b"journal")
    keys.number = number
    return keys.content()


def made(key: bytes = KEY, **changed: Any) -> bytes:
    """A file that the unit takes, but for what is changed."""
    table = {"expires": None, "number": 3, "prescription": SHORT, "unit": SERIAL, **changed}
    return signed_prescription.sign(
        json.dumps(table, sort_keys=True, separators=(",", ":")).encode(), key
    )


def keyed(prescription: object, number: int = 0) -> Bench:
    """A unit with a key, and this for a prescription."""
    bench = Bench(prescription)
    bench.hal.files[FILE] = installed(number)
    bench.reset()
    return bench
