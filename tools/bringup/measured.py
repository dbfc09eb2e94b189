"""Measures that a bring-up has found of a calibration, and the step that takes the calibration.

Called by `tools.bringup.session` for the step `calibration`, and by the report. Writes nothing:
what writes is `Bringup.calibrate`.
"""

from firmware.therapy.calibration import REFERENCE
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.bringup.wires import PADS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def measured(bringup: Bringup) -> "dict[str, object]":
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
    """Have the calibration written, where somebody gave measures."""
    if bringup.calibrate is None:
        verdict.skipped = True
        verdict.note("calibration.none")
        return
    bringup.calibrate(bringup, verdict)
