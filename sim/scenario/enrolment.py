"""Enrolment file as the allocator makes it, and the default protocol.

Called by the tools and the model check of a trial; `firmware.trial.enrolment` opens the file. It is
made here because making never runs on a unit.
"""

import binascii
import json
from typing import Any

from firmware.records import mac, signed_prescription
from firmware.records.keys import FILE as KEYS_FILE
from firmware.records.keys import Keys
from firmware.trial import enrolment
from firmware.trial.enrolment import KEY, PLACEBO, THERAPY

# The paper says only "rotating and bending in different directions": these are ours.
MOVEMENTS = (
    "Rotate left", "Rotate right", "Bend forward", "Bend back", "Bend left", "Bend right",
)  # fmt: skip
SERIAL = "SIM-0001"  # of the simulated unit
DEFAULT: dict[str, Any] = {
    "visits": 7,
    "interval_days": 7,
    "window_days": 2,
    "baseline_therapy": False,  # the paper says only that values were recorded at baseline
    "rate_after": True,
    "guess": True,
    "ill_effects": True,
    "movements": list(MOVEMENTS),
}


def make_enrolment(
    table: dict[str, Any], masked: bool, sealing_key: bytes, key: bytes
) -> dict[str, Any]:
    """The enrolment to be signed: `participant`, `protocol`, `salt`, `trial` and `unit` of `table`,
    with the arm and the unit's key, both covered by the trial's `key`."""
    salt = str(table["salt"]).encode()
    cover = binascii.unhexlify(mac.hmac_hex(key, KEY + salt))
    covered = bytes([a ^ b for a, b in zip(sealing_key, cover, strict=True)])
    arm = mac.hmac_hex(key, (PLACEBO if masked else THERAPY) + salt)
    return {**table, "arm": arm, "key": covered.hex()}


def make_unit_files(
    masked: bool, prescription: dict[str, Any], protocol: dict[str, Any]
) -> dict[str, bytes]:
    """The keys, ticket and signed prescription of a simulated unit; the keys are no secret."""
    root = bytes(range(mac.KEY_BYTES))
    keys = Keys(None)
    keys.prescription = mac.derive_key(root, b"prescription")
    keys.journal = mac.derive_key(root, b"journal")
    ticket_key = mac.derive_key(keys.prescription, enrolment.PURPOSE)
    public = {
        "participant": "P-01", "protocol": {**DEFAULT, **protocol},
        "salt": "0" * enrolment.SALT_HEX, "trial": "Simulated", "unit": SERIAL,
    }  # fmt: skip
    ticket = make_enrolment(public, masked, root, ticket_key)
    asked = {"expires": None, "number": 1, "prescription": prescription, "unit": SERIAL}
    return {
        KEYS_FILE: keys.content(),
        enrolment.FILE: signed_prescription.sign(canonical(ticket), ticket_key),
        "prescription.json": signed_prescription.sign(canonical(asked), keys.prescription),
    }


def canonical(table: dict[str, Any]) -> bytes:
    """JSON whose bytes depend on the values alone."""
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
