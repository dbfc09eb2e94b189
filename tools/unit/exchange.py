"""Brings keys and a prescription to a unit, and its journal from it.

Called by `waistband key`, `prescribe push` and `journal pull`.
"""

import json
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from firmware.core.validate import Refused
from firmware.records import journal, signed_prescription
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from firmware.therapy.calibration import read_calibration, read_serial
from firmware.therapy.prescription import compile_course
from firmware.ui.usb_files import PUT_MAX
from sim.common.boards import find_board
from sim.common.errors import BadInput
from sim.run import CALIBRATION
from tools.common.files import emit, reason
from tools.common.words import plural
from tools.prescription import file as prescription_file
from tools.prescription import keyfile
from tools.unit.about import parse_object
from tools.unit.console_files import get_files, put_file, running_unit
from tools.unit.device import Device, find_port
from tools.unit.files import SIMULATED, at_prompt, read_board_name, read_file, write_file
from tools.unit.kept import ask_unit

PRESCRIPTION = "prescription.json"


def install(key: keyfile.Key, device: str | None, replace: bool) -> int:
    """`key install`: write keys.json, and seal the calibration that the unit has. Raises BadInput
    where there are keys, or for another unit."""
    with at_prompt(device) as (unit, about):
        calibration = parse_object(read_file(unit, CALIBRATION))
        serial = str(calibration.get("serial", ""))
        if key.unit is not None and serial and serial != key.unit:
            raise BadInput(f"{unit.port}: is unit {serial}: the key is of {key.unit}")
        if read_file(unit, KEYS) is not None and not replace:
            raise BadInput(
                f"{unit.port}: has keys already: pull and verify its journal first, which the old"
                " key alone can; then --replace writes over them"
            )
        said = "it has no calibration yet: waistband calibrate --key makes one"
        if calibration:
            board = find_board(read_board_name(unit, about))
            sealed = keyfile.seal_calibration(calibration, board, key)
            # first, so that a unit between the two is locked
            write_file(unit, CALIBRATION, json.dumps(sealed, indent=1).encode() + b"\n")
            said = f"its calibration of {sealed['date']} is sealed with it"
        write_file(unit, KEYS, keyfile.render_unit_keys(key))
    emit(f"{unit.port}: has its keys; it takes prescriptions that are signed with this one; {said}")
    return 0


def send_line(line: str, device: str | None) -> tuple[str, str]:
    """Send a line to a unit that runs; return its port, or folder, and its answer. Raises
    BadInput, also where it refuses."""
    if (device or "").startswith(SIMULATED):
        folder = str(device).removeprefix(SIMULATED)
        return folder, ask_unit(folder, line)
    with Device(find_port(device)) as unit:
        return unit.port, unit.ask(line)


def push(file: str, device: str | None) -> int:
    """`prescribe push`: as the unit itself would judge it. Raises BadInput."""
    content = prescription_file.unit_content(file)
    if len(content) <= PUT_MAX and push_by_words(file, content, device):
        return 0
    with at_prompt(device) as (unit, about):
        board = find_board(read_board_name(unit, about))
        calibration = parse_object(read_file(unit, CALIBRATION))
        keys = Keys(read_file(unit, KEYS))
        try:
            full_uw_cm2, _ = read_calibration(calibration, board)
            serial = read_serial(calibration)
            signed_prescription.verify_calibration(calibration, board, keys)
        except Refused as why:
            raise BadInput(f"{unit.port}: its calibration: {why}") from None
        try:
            asked, _, expires_s = signed_prescription.verify(content, keys, serial)
            compile_course(asked, board, full_uw_cm2)
        except Refused as why:
            raise BadInput(f"{file}: {why}; the unit keeps its old prescription") from None
        today_s = (datetime.now() - datetime(2000, 1, 1)).total_seconds()
        if expires_s and expires_s < today_s:
            raise BadInput(f"{file}: has expired; the unit keeps its old prescription")
        write_file(unit, PRESCRIPTION, content)
    tell_pushed(file, unit.port, serial)
    return 0


def push_by_words(file: str, content: bytes, device: str | None) -> bool:
    """Have a running unit judge and keep a prescription; False where it knows no words for that.
    Raises BadInput."""
    with running_unit(device) as found:
        if found is None:
            return False
        unit, words = found
        if why := put_file(unit, PRESCRIPTION, content):
            raise BadInput(f"{file}: {why}; the unit keeps its old prescription")
        tell_pushed(file, unit.port, words.serial)
    return True


def tell_pushed(file: str, port: str, serial: str) -> None:
    """Say what a unit goes by now, and what that needs."""
    found = prescription_file.read(file, None)
    clock = "; it needs the clock set: waistband deploy sets it" if found.expires else ""
    emit(f"{port}: unit {serial} goes by {found.asked['name']} now{clock}")


def read_journal(device: str | None) -> tuple[str, str, dict[str, bytes | None]]:
    """The port, the unit's serial, and its journal's segments by name. Raises BadInput."""
    names = [journal.name(segment) for segment in range(journal.SEGMENTS)]
    with running_unit(device) as found:
        if found:
            return found[0].port, found[1].serial, dict(get_files(found[0], names))
    with at_prompt(device) as (unit, _):
        files = {name: read_file(unit, name) for name in names}
        serial = str(parse_object(read_file(unit, CALIBRATION)).get("serial", ""))
    return unit.port, serial, files


def pull(folder: str, device: str | None) -> int:
    """`journal pull`: copy all segments into a new folder, or none. Raises BadInput."""
    home = Path(folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".pull-", dir=home))
    except (OSError, ValueError) as why:
        raise BadInput(f"{folder}: cannot be written: {reason(why)}") from None
    try:
        port, serial, files = read_journal(device)
        found = {name: content for name, content in files.items() if content}
        if not found:
            raise BadInput(f"{port}: keeps no journal yet: it writes one once it is used")
        for name, content in found.items():
            (aside / name).write_bytes(content)
        plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in serial) or "unit"
        to = home / f"{plain}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        aside.chmod(0o755)
        os.rename(aside, to)
    except OSError as why:
        raise BadInput(f"{folder}: cannot be written: {reason(why)}") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    size = sum(map(len, found.values()))
    said = f"Pulled {plural(len(found), 'file')}, {size:,} bytes, into {to}"
    emit(f"{said}: journal verify proves it")
    return 0
