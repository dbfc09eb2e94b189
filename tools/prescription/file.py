"""Prescription file: TOML or JSON as people write it, or signed for one unit.

Called by `waistband prescribe`, `trial new` and what writes to a unit. Reads the named file.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from firmware.core.conversions import clock_seconds
from firmware.core.validate import Refused
from firmware.records import json_codec, signed_prescription
from firmware.records.keys import Keys
from firmware.therapy.prescription import KEYS
from hal.contract import Board
from sim.common import validate
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from sim.scenario.scenario import check_prescription
from tools.prescription.keyfile import Key

TOML = ".toml"


@dataclass(frozen=True)
class Prescription:
    """A file's prescription; `unit`, `number` and `expires` are of its envelope, if it has one."""

    asked: dict[str, object]
    content: bytes
    unit: str | None = None
    number: int = 0
    expires: str | None = None


def read(path: str, board: Board | None) -> Prescription:
    """Read a file and check its prescription against every limit of this board; without a board,
    check its form alone. Raises BadInput."""
    content = validate.read_bytes(path)
    inner = signed_prescription.payload(content)
    if inner:
        table = validate.parse_json(decode_text(inner, path), path)
        return read_envelope(table, content, path, board)
    parse = validate.parse_toml if Path(path).suffix == TOML else validate.parse_json
    asked = parse(decode_text(content, path), path)
    if set(asked) == {"seal", "signed"}:
        raise BadInput(f"{path}: was written anew since it was signed: take what `sign` wrote")
    if board is not None:
        check_prescription(asked, path, board)
    return Prescription(asked, content)


def unit_content(path: str) -> bytes:
    """The bytes for a unit: a signed file unchanged, another as JSON. Only its form is checked: the
    limits depend on the unit's calibration. Raises BadInput."""
    found = read(path, None)
    return found.content if found.unit is not None else json.dumps(found.asked).encode() + b"\n"


def decode_text(content: bytes, path: str) -> str:
    """A file's content as text. Raises BadInput."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise BadInput(f"{path}: is not UTF-8 text, at byte {why.start}") from None


def read_envelope(
    table: dict[str, object], content: bytes, path: str, board: Board | None
) -> Prescription:
    """The prescription in a signed file, the signature not checked. Raises BadInput."""
    validate.table(table, path, signed_prescription.KEYS)
    asked, unit = table.get("prescription"), table.get("unit")
    number, expires = table.get("number"), table.get("expires")
    if not isinstance(asked, dict) or not isinstance(unit, str) or not isinstance(number, int):
        raise BadInput(f"{path}: is signed and lacks one of {', '.join(signed_prescription.KEYS)}")
    if expires is not None:
        expires = check_date(expires, f"{path}: expires")
    if board is not None:
        check_prescription(asked, path, board)
    return Prescription(asked, content, unit, number, expires)


def check_date(text: object, where: str) -> str:
    """The last day of a prescription, checked. Raises BadInput."""
    ascii_text = text.encode() if isinstance(text, str) and text.isascii() else b""
    if isinstance(text, str) and clock_seconds(ascii_text + signed_prescription.LAST_SECOND) >= 0:
        return text
    raise BadInput(f"{where} is {validate.shown(text)}: a date YYYY-MM-DD, 2000 to 2033")


def sign(asked: dict[str, object], key: Key, unit: str, number: int, expires: str | None) -> bytes:
    """The signed file, checked with the firmware's code. Raises BadInput."""
    inner = {"expires": expires, "number": number, "prescription": asked, "unit": unit}
    text = json.dumps(inner, sort_keys=True, separators=(",", ":"))
    content = signed_prescription.sign(text.encode(), key.prescription)
    check_signature(content, key, unit)
    return content


def check_signature(content: bytes, key: Key, unit: str) -> None:
    """Refuse a signed file that a unit of this serial and key would refuse. Raises BadInput."""
    keys = Keys(None)
    keys.prescription = key.prescription
    try:
        signed_prescription.verify(content, keys, unit)
    except Refused as why:
        raise BadInput(str(why)) from None


def render(asked: dict[str, object], path: str) -> bytes:
    """A prescription for people: TOML where the name ends in .toml, else JSON."""
    if Path(path).suffix != TOML:
        return (json.dumps(asked, indent=2) + "\n").encode()
    lines = [render_pair(key, value) for key, value in asked.items() if key != "step"]
    for step in asked.get("step", []):  # type: ignore[attr-defined]
        lines += ["[[step]]", *[render_pair(key, value) for key, value in step.items()]]
    return "".join(f"{line}\n" for line in lines).encode()


def render_pair(key: str, value: object) -> str:
    """A line of TOML, a table in it inline."""
    name = key if re.fullmatch(r"[\w-]+", key, re.ASCII) else json.dumps(key)
    if isinstance(value, dict):
        return f"{name} = {{ {', '.join(render_pair(k, v) for k, v in value.items())} }}"
    return f"{name} = {json.dumps(value)}"


def with_defaults(asked: dict[str, object]) -> dict[str, object]:
    """The default prescription with some values replaced, keys in their usual order."""
    both = {**DEFAULT, **asked}
    return {key: both[key] for key in KEYS}


def check_number(value: int) -> int:
    """A prescription's number, checked. Raises BadInput."""
    if not json_codec.whole(value, 1, json_codec.MOST):
        raise BadInput(f"--number is {value}: a whole number from 1 to {json_codec.MOST}")
    return value
