"""`waistband calibrate`: makes a unit's calibration from measurements.

The firmware's own rules check it; it gets the CRC that the firmware asks for, and goes to a file
or, in service mode, to the unit. A unit without a calibration is locked.
"""

from datetime import date
from typing import Annotated

import typer

from firmware.core.validate import Refused
from firmware.records import signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from sim.common import validate
from sim.common.boards import find_board
from sim.common.errors import BadInput
from tools.commands.options import BOARD, DeviceName
from tools.common.files import emit, write_whole
from tools.prescription import keyfile
from tools.unit.calibration import (
    FIELDS,
    check_given,
    check_measures,
    describe_calibration,
    encode_calibration,
    make_calibration,
)

FILE = "calibration.json"


def calibrate(
    measures: Annotated[
        str, typer.Argument(metavar="MEASURES.toml", help="What was measured; TOML or JSON.")
    ],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE.json", help="Not to a unit.")
    ] = None,
    device: DeviceName = None,
    serial: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The unit's, over the file's.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Of measuring, over the file's.")
    ] = None,
    board: Annotated[
        str, typer.Option(metavar="NAME", help="A file of hal/boards, with -o; a unit tells its.")
    ] = BOARD,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEYFILE", help="The unit's, which seals it; a unit with a key asks"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over the calibration that a unit has.")
    ] = False,
) -> int:
    """Make a unit's calibration of what was measured on it, check it as the unit does, and write
    it to the unit (in service mode) or to a file.

    Measured are the irradiance of each bank at full duty, at the skin side of the window, LED
    board at 25 C (mW/cm2); the window (cm2); what each contact thermistor reads too low (C);
    what each skin sensor reads in air and worn, 2048 codes a pF; and, where it can be, the supply
    current of each bank at full duty with the pack at 7.4 V (mA), by which the unit corrects its
    dose and finds a driver that is 15 % off.

    Calibrate first, then `key install`, which seals the calibration. A unit that has its key is
    calibrated anew with --key.

    \b
    serial = "WB-0001"
    date = 2026-11-27
    window_cm2 = 60
    ntc_offset_c = { A = 0.12, B = -0.05 }
    skin_codes = { A = { air = 4096, skin = 20480 }, B = { air = 4002, skin = 20110 } }
    [irradiance_mw_cm2]
    A = { 810 = 9.8, 850 = 10.1, 940 = 10.0, 1060 = 9.7 }
    B = { 810 = 9.9, 850 = 10.2, 940 = 9.9, 1060 = 9.8 }
    [reference_ma]
    A = { 810 = 201, 850 = 174, 940 = 158, 1060 = 398 }
    B = { 810 = 203, 850 = 171, 940 = 160, 1060 = 402 }
    """
    if output is not None and device is not None:
        raise BadInput("--output with --device: name one place")
    table = read_measures(measures, serial=serial, on=date)
    held = None if key is None else keyfile.read(key)
    if output is not None:
        data = find_board(board)
        calibration = make_calibration(table, data, measures)
        if held:
            calibration = keyfile.seal_calibration(calibration, data, held)
        with write_whole(output) as path:
            path.write_bytes(encode_calibration(calibration))
        emit(f"Wrote {output}: {describe_calibration(table)}")
        return 0
    port = write_to_unit(table, device, measures, held, replace)
    emit(f"{port}: calibrated: {describe_calibration(table)}; the unit runs again")
    return 0


def write_to_unit(
    table: dict[str, object], device: str | None, measures: str, key: keyfile.Key | None,
    replace: bool,
) -> str:  # fmt: skip
    """Write the calibration of these measures to a unit, sealed where it has a key; return its
    port. Raises BadInput where the unit has another one, unless `replace`, or would refuse it."""
    from tools.unit import files
    from tools.unit.about import parse_object

    with files.at_prompt(device) as (unit, about):
        held = parse_object(files.read_file(unit, FILE))
        board = find_board(files.read_board_name(unit, about))
        calibration = make_calibration(table, board, measures)
        unit_keys = Keys(files.read_file(unit, KEYS))
        if unit_keys.prescription and key is None:
            raise BadInput(f"{unit.port}: has a key: --key KEYFILE, the unit's, seals it")
        if key is not None and not unit_keys.prescription:
            raise BadInput(f"{unit.port}: has no key yet: calibrate it without --key; then `key"
                           " install` seals the calibration")  # fmt: skip
        if key is not None:
            calibration = keyfile.seal_calibration(calibration, board, key)
        try:
            signed_prescription.verify_calibration(calibration, board, unit_keys)
        except Refused as why:
            raise BadInput(f"{unit.port}: {why}") from None
        if held and held != calibration and not replace:
            raise BadInput(
                f"{unit.port}: is calibrated already ({held.get('serial')}, {held.get('date')}):"
                " --replace writes over that"
            )
        files.write_file(unit, FILE, encode_calibration(calibration))
    return unit.port


def read_measures(
    path: str, *, serial: str | None = None, on: str | None = None
) -> dict[str, object]:
    """The measures file, overridden by the options, rounded to thousandths. Raises BadInput."""
    table = read_table(path)
    for key, given in (("serial", serial), ("date", on)):
        if given is not None:
            table[key] = given
    return check_measures(table, path, date.today().isoformat())


def read_table(path: str) -> dict[str, object]:
    """A measures file as it is, its date as text. Raises BadInput."""
    text = validate.read_text(path)
    parse = validate.parse_json if path.lower().endswith(".json") else validate.parse_toml
    table = check_given(parse(text, path), path, found=FIELDS)
    day = table.get("date")
    return {**table, "date": day.isoformat()} if type(day) is date else table
