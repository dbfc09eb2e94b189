"""Enrolment file as the allocator makes it, and the default protocol.

`firmware.trial.enrolment` opens it. It is made here, since making never runs on a unit; called by
the tools, the model check of a trial and tests.
"""

import binascii
from typing import Any

from firmware.records import mac
from firmware.trial.enrolment import KEY, PLACEBO, THERAPY

# The paper says only "rotating and bending in different directions": these are ours.
MOVEMENTS = (
    "Rotate left", "Rotate right", "Bend forward", "Bend back", "Bend left", "Bend right",
)  # fmt: skip
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


def made(table: dict[str, Any], masked: bool, sealing_key: bytes, key: bytes) -> dict[str, Any]:
    """What is to be signed: a ticket's `participant`, `protocol`, `salt`, `trial` and `unit`, with
    its arm and its sealing key covered by the key of tickets."""
    salt = str(table["salt"]).encode()
    cover = binascii.unhexlify(mac.hmac_hex(key, KEY + salt))
    covered = bytes([a ^ b for a, b in zip(sealing_key, cover, strict=True)])
    arm = mac.hmac_hex(key, (PLACEBO if masked else THERAPY) + salt)
    return {**table, "arm": arm, "key": covered.hex()}
