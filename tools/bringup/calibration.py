"""Calibration step of the bring-up: writes the unit's calibration.

Called as `Bringup.calibrate` by `tools.bringup.measured`, for `waistband bringup` and, on
MicroPython, for the bench page. What makes a calibration of measures is `waistband calibrate`'s own
code.
"""

from firmware.core.validate import Refused
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.records.signed_prescription import verify_calibration
from firmware.therapy.calibration import REFERENCE
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.bringup.measured import measured
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.unit.about import parse_object
from tools.unit.calibration import (
    check_date,
    check_given,
    check_measures,
    encode_calibration,
    make_calibration,
)
from tools.unit.prompt_files import read_file, write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What the steps before, their date and whoever began find of the measures.
FOUND = ("serial", "date", "ntc_offset_c", "skin_codes", REFERENCE)


def check_partial(table: object, where: str, today: str) -> "dict[str, object]":
    """Measures that lack nothing but what a bring-up finds. `today`: YYYY-MM-DD. Raises BadInput;
    `where` is what its message names."""
    given = check_given(table, where, FOUND)
    check_date(given.get("date", today), where, today)
    return given


def calibrate_by(
    given: "dict[str, object]", where: str, today: str
) -> "Callable[[Bringup, Verdict], None]":
    """What writes the unit's calibration: of these measures, completed by what was found. `today`:
    YYYY-MM-DD; `where` is what a refusal names."""

    def make(bringup: Bringup) -> "dict[str, object]":
        whole = measured(bringup)
        whole.setdefault("date", today)
        whole.update(given)
        if bringup.serial:  # which stands over the measures'
            whole["serial"] = bringup.serial
        return make_calibration(check_measures(whole, where, today), bringup.board, where)

    return lambda bringup, verdict: write_calibration(make, bringup, verdict)


def write_calibration(
    make: "Callable[[Bringup], dict[str, object]]", bringup: Bringup, verdict: Verdict
) -> None:
    """Write the calibration to the unit, unless it has a key or another calibration, and have the
    firmware's own rules judge what the unit then holds. `make` may raise BadInput."""
    unit = bringup.unit
    keys = Keys(read_file(unit, KEYS))
    if keys.prescription:
        verdict.skipped = True
        verdict.note("calibration.key")
        return
    try:
        calibration = make(bringup)
    except BadInput as why:
        verdict.fail("calibration.refused", why=why)
        return
    held = parse_object(read_file(unit, CALIBRATION))
    if held and held != calibration:
        verdict.fail("calibration.other", serial=held.get("serial"), date=held.get("date"))
        return
    write_file(unit, CALIBRATION, encode_calibration(calibration))
    try:
        there = parse_object(read_file(unit, CALIBRATION))
        verify_calibration(there, bringup.board, keys)
    except Refused as why:
        verdict.fail("calibration.refused", why=why)
        return
    verdict.values["serial"] = there["serial"]
    verdict.values["date"] = there["date"]
