"""Calibration: the unit's file of what its parts measured, checked.

Called at start by `firmware.parts`, and by the desk's tools; changes nothing. On the unit it is let
go of once the parts are wired.
"""

import binascii

from firmware.core import limits
from firmware.core.validate import (
    Refused,
    bank_names,
    quote,
    read_number,
    read_text,
    require_keys,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board

CALIBRATION_KEYS = (
    "serial", "date", "window_cm2", "irradiance_mw_cm2", "ntc_offset_c", "skin_codes",
)  # fmt: skip
REFERENCE = "reference_ma"  # may be left out: the dose is then as calibrated, whatever flows
REFERENCE_MV = 7_400  # the pack that it refers to
REFERENCE_MAX_MA = 3_000


def read_calibration(
    calibration: object, board: "Board"
) -> "tuple[list[list[int]], tuple[int, int]]":
    """Check a calibration: returns (full_uw_cm2 of each pad's banks, NTC offsets in mC).

    A calibration is {"serial", "date", "window_cm2", "irradiance_mw_cm2": {"A": {"810": ...},
    "B": ...}, "ntc_offset_c": {"A": ..., "B": ...}, "skin_codes": {"A": {"air": ..., "skin": ...},
    "B": ...}, "crc32"}, and may have "reference_ma": what each bank draws at full duty from a pack
    of 7.4 V, as irradiance has it. Raises Refused.
    """
    keys = CALIBRATION_KEYS + ("crc32",)
    table = require_keys("the calibration", calibration, keys + (REFERENCE, "seal"), keys)
    crc = calibration_crc(table, board)
    if table["crc32"] != crc:
        raise Refused(
            "crc32 is " + quote(table["crc32"]) + ", not " + crc
            + ": the calibration was altered after waistband calibrate made it"
        )  # fmt: skip
    _, full, offsets = _measured(table, board)
    return full, offsets


def calibration_crc(table: "dict[str, object]", board: "Board") -> str:
    """CRC-32 of what a calibration says, as 8 hexadecimal digits. Raises Refused."""
    return "%08x" % (binascii.crc32(calibration_text(table, board).encode()) & 0xFFFFFFFF)


def calibration_text(table: "dict[str, object]", board: "Board") -> str:
    """What a calibration says: its texts and its values in thousandths, however they are written.
    CRC and seal are of this. Raises Refused."""
    window, full, offsets = _measured(table, board)
    said = [read_text("serial", table["serial"]), read_text("date", table["date"]), str(window)]
    for row in full + [offsets] + read_skin_codes(table) + list(read_reference(table, board)):
        for value in row:
            said.append(str(value))
    return "\n".join(said)


def _measured(
    table: "dict[str, object]", board: "Board"
) -> "tuple[int, list[list[int]], tuple[int, int]]":
    """Window, irradiance and offsets, in thousandths. Raises Refused."""
    window = read_number("window_cm2", table["window_cm2"], 1, 400, "cm2")
    names = bank_names(board)
    lights = require_keys("irradiance_mw_cm2", table["irradiance_mw_cm2"], ("A", "B"))
    offset_table = require_keys("ntc_offset_c", table["ntc_offset_c"], ("A", "B"))
    full = []
    for pad in ("A", "B"):
        banks = require_keys("irradiance_mw_cm2." + pad, lights[pad], names)
        what = "irradiance_mw_cm2." + pad + "."
        most = limits.BANK_MAX_UW_CM2 / 1000
        full.append([read_number(what + n, banks[n], 0.5, most, "mW/cm2") for n in names])
    return (
        window,
        full,
        (
            read_number("ntc_offset_c.A", offset_table["A"], -2, 2, "C"),
            read_number("ntc_offset_c.B", offset_table["B"], -2, 2, "C"),
        ),
    )


def read_skin_codes(calibration: object) -> "list[list[int]]":
    """Codes of each pad's skin sensor, as calibrated: in air, and on skin. Raises Refused."""
    codes = calibration["skin_codes"] if isinstance(calibration, dict) else None
    table = require_keys("skin_codes", codes, ("A", "B"))
    rows = []
    for pad in ("A", "B"):
        what = "skin_codes." + pad
        pair = require_keys(what, table[pad], ("air", "skin"))
        row: list[int] = []
        for key in ("air", "skin"):
            low = 0 if key == "air" else row[0] + limits.SKIN_STEP_MIN
            value = pair[key]
            if type(value) is not int or not low <= value <= limits.SKIN_CODE_MAX:
                raise Refused(
                    what + "." + key + " is " + quote(value) + ": a whole number from " + str(low)
                    + " to " + str(limits.SKIN_CODE_MAX)
                )  # fmt: skip
            row.append(value)
        rows.append(row)
    return rows


def read_reference(table: object, board: "Board") -> "tuple[list[int], ...]":
    """What each pad's banks draw at full duty, mW, from a calibration; nothing where it was not
    measured. Raises Refused."""
    if not isinstance(table, dict) or REFERENCE not in table:
        return ()
    names = bank_names(board)
    pads = require_keys(REFERENCE, table[REFERENCE], ("A", "B"))
    found = []
    for pad in ("A", "B"):
        what = REFERENCE + "." + pad
        banks = require_keys(what, pads[pad], names)
        row = [read_number(what + "." + n, banks[n], 10, REFERENCE_MAX_MA, "mA") for n in names]
        # tenths of a milliamp at 7.4 V, in mW
        found.append([value // 100 * (REFERENCE_MV // 100) // 100 for value in row])
    return tuple(found)


def read_serial(calibration: object) -> str:
    """The unit's name, from a calibration that was accepted. Raises Refused."""
    return read_text("serial", calibration["serial"] if isinstance(calibration, dict) else "")
