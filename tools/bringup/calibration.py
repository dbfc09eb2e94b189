"""Calibration step of the bring-up: completes the measures and writes the unit's calibration.

Called by `tools.bringup.session` for the step `calibration`, and by `waistband bringup` for the
measures that it writes. What makes a calibration of measures is `waistband calibrate`'s own code.
"""

import json
from typing import Any

from firmware.core.validate import Refused
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.records.signed_prescription import verify_calibration
from firmware.therapy.calibration import REFERENCE
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.bringup.wires import PADS
from tools.unit.device import parse_object
from tools.unit.files import read_file, write_file


def measured(bringup: Bringup) -> dict[str, object]:
    """What the steps have measured of a calibration: thermistors, skin sensors, currents."""
    table: dict[str, object] = {}
    values = bringup.values
    warm = values.get("warmth", {})
    if all(warm.get(pad, {}).get("contact_c") is not None for pad in PADS):
        table["ntc_offset_c"] = {
            pad: round(warm[pad]["contact_c"] - warm[pad]["ntc_c"], 3) for pad in PADS
        }
    if skin := values.get("hands", {}).get("skin_codes"):
        table["skin_codes"] = skin
    rows: list[dict[str, Any]] = values.get("banks", {}).get("banks", [])
    kinds = len(bringup.board.BANKS)
    if len(rows) == 2 * kinds:
        table[REFERENCE] = {
            pad: {
                str(bank[0]): rows[side * kinds + k]["reference_ma"]
                for k, bank in enumerate(bringup.board.BANKS)
            }
            for side, pad in enumerate(PADS)
        }
    if bringup.serial:
        table["serial"] = bringup.serial
    return table


def check_calibration(bringup: Bringup, verdict: Verdict) -> None:
    """Write the calibration to the unit, unless it has a key or another calibration, and have the
    firmware's own rules judge what the unit then holds."""
    if bringup.calibrate is None:
        verdict.skipped = True
        verdict.note("calibration.none")
        return
    keys = Keys(read_file(bringup.unit, KEYS))
    if keys.prescription:
        verdict.skipped = True
        verdict.note("calibration.key")
        return
    try:
        calibration = bringup.calibrate(measured(bringup))
    except BadInput as why:
        verdict.fail("calibration.refused", why=why)
        return
    held = parse_object(read_file(bringup.unit, CALIBRATION))
    if held and held != calibration:
        verdict.fail("calibration.other", serial=held.get("serial"), date=held.get("date"))
        return
    write_file(bringup.unit, CALIBRATION, json.dumps(calibration, indent=1).encode() + b"\n")
    try:
        there = parse_object(read_file(bringup.unit, CALIBRATION))
        verify_calibration(there, bringup.board, keys)
    except Refused as why:
        verdict.fail("calibration.refused", why=why)
        return
    verdict.values["serial"] = there["serial"]
    verdict.values["date"] = there["date"]
