"""Enrolment file as the allocator makes it, and the default protocol.

Called by the tools and the model check of a trial; `firmware.trial.enrolment` opens the file. It is
made here because making never runs on a unit.
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
