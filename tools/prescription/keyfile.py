"""Key file: the clinic's key of one unit, which only its owner may read.

Called by every command that takes a key. Reads and writes private files.

    {"key": "<64 digits>", "unit": "WB-0001"}

Both keys of the unit are derived from it: the prescription key and the first journal key. The key
itself never goes to the unit, and no message quotes the file's content.
"""

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.core.validate import Refused, read_text
from firmware.records import json_codec, mac
from firmware.records.keys import Keys
from firmware.records.signed_prescription import SEAL, calibration_seal
from firmware.therapy.calibration import calibration_text, read_calibration, read_serial
from hal.contract import Board
from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import reason

NAMES = ("key", "unit")
OTHERS = 0o077  # what anyone but the owner may do
OWNER = 0o600


@dataclass(frozen=True)
class Key:
    """A unit's key; `unit` is the serial, where the file names one."""

    secret: bytes = field(repr=False)
    unit: str | None = None

    @property
    def prescription(self) -> bytes:
        """The key that signs prescriptions."""
        return mac.derive_key(self.secret, b"prescription")

    @property
    def journal(self) -> bytes:
        """The journal's key of index 0."""
        return mac.derive_key(self.secret, b"journal")


def check_serial(text: str | None) -> str | None:
    """A unit's serial, checked as in a calibration. Raises BadInput."""
    try:
        return None if text is None else read_text("--unit", text)
    except Refused as why:
        raise BadInput(str(why)) from None


def render_new_key(unit: str | None) -> bytes:
    """The content of a new key file, with a random key."""
    return json_codec.text(NAMES, (secrets.token_hex(mac.KEY_BYTES), unit)) + b"\n"


def write_private(path: str, content: bytes) -> None:
    """Write a new file that only its owner may read; never over another. Raises BadInput."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER)
    except FileExistsError:
        raise BadInput(f"{path}: is there already: a key is never written over") from None
    except (OSError, ValueError) as why:
        raise BadInput(f"{path}: cannot be written: {reason(why)}") from None
    try:
        with os.fdopen(file, "wb") as out:
            out.write(content)
    except BaseException as why:
        Path(path).unlink(missing_ok=True)
        if isinstance(why, OSError):
            raise BadInput(f"{path}: cannot be written: {reason(why)}") from None
        raise


def read_private(path: str) -> bytes:
    """The content of a file that only its owner may read. Raises BadInput."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        mode = 0  # read_bytes below tells this error better
    if mode and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise BadInput(f"{path}: is a device, not a file")
    if os.name == "posix" and stat.S_ISREG(mode) and mode & OTHERS:
        bits = f"{stat.S_IMODE(mode):o}"
        raise BadInput(f"{path}: others may read this key (mode {bits}): run chmod 600 on it")
    return validate.read_bytes(path)


def read(path: str) -> Key:
    """The key in a key file. Raises BadInput."""
    table = json_codec.parse(read_private(path))
    digits, unit = table.get("key"), table.get("unit")
    try:
        secret = bytes.fromhex(digits) if isinstance(digits, str) else b""
    except ValueError:
        secret = b""
    try:
        if set(table) == set(NAMES) and len(secret) == mac.KEY_BYTES:
            return Key(secret, None if unit is None else read_text("unit", unit))
    except Refused:
        pass  # its text quotes the file's content
    raise BadInput(f"{path}: is no key file, or was altered: `waistband key new` makes one")


def seal_calibration(table: dict[str, Any], board: Board, key: Key) -> dict[str, Any]:
    """A calibration with the seal of this key, in place of any other. Raises BadInput where it
    is none, or is another unit's."""
    bare = {name: value for name, value in table.items() if name != SEAL}
    try:
        read_calibration(bare, board)
        serial = read_serial(bare)
    except Refused as why:
        raise BadInput(f"the calibration: {why}") from None
    if key.unit is not None and key.unit != serial:
        raise BadInput(f"the calibration is of unit {serial}: the key is of {key.unit}")
    return {**bare, SEAL: calibration_seal(calibration_text(bare, board), key.prescription)}


def render_unit_keys(key: Key) -> bytes:
    """The keys.json of a unit with this key, no record written and no prescription taken yet."""
    keys = Keys(None)
    keys.prescription, keys.journal = key.prescription, key.journal
    return keys.content()
