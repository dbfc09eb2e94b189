"""Calibration step of `waistband bringup`: writes the unit's calibration.

Called as `Bringup.calibrate` by `tools.bringup.measured`. What makes a calibration of measures is
`waistband calibrate`'s own code.
"""

import json
from collections.abc import Callable

from firmware.core.validate import Refused
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.records.signed_prescription import verify_calibration
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.bringup.measured import measured
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.unit.device import Device, parse_object
from tools.unit.files import read_file, write_file


def write_calibration(
    unit: Device, make: Callable[[dict[str, object]], dict[str, object]], bringup: Bringup,
    verdict: Verdict,
) -> None:  # fmt: skip
    """Write the calibration to the unit, unless it has a key or another calibration, and have the
    firmware's own rules judge what the unit then holds. `make`: from what was measured here, or
    raises BadInput."""
    keys = Keys(read_file(unit, KEYS))
    if keys.prescription:
        verdict.skipped = True
        verdict.note("calibration.key")
        return
    try:
        calibration = make(measured(bringup))
    except BadInput as why:
        verdict.fail("calibration.refused", why=why)
        return
    held = parse_object(read_file(unit, CALIBRATION))
    if held and held != calibration:
        verdict.fail("calibration.other", serial=held.get("serial"), date=held.get("date"))
        return
    write_file(unit, CALIBRATION, json.dumps(calibration, indent=1).encode() + b"\n")
    try:
        there = parse_object(read_file(unit, CALIBRATION))
        verify_calibration(there, bringup.board, keys)
    except Refused as why:
        verdict.fail("calibration.refused", why=why)
        return
    verdict.values["serial"] = there["serial"]
    verdict.values["date"] = there["date"]
