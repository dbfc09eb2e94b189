"""What `waistband prescribe` does with files."""

import os
from dataclasses import dataclass
from typing import cast

from sim import reading
from sim.boards import find_board
from sim.errors import BadInput
from sim.scenario import check_prescription, default_prescription
from tools import keyfile, prescription_file
from tools.files import emit, write_whole


@dataclass(frozen=True)
class New:
    """What `new` was asked for."""

    output: str
    name: str
    fluence_j_cm2: float
    irradiance_mw_cm2: float | None
    banks: list[str]
    max_min: float
    set_point_c: float
    mode: str
    rate_hz: float | None
    on_ms: int | None
    board: str


@dataclass(frozen=True)
class Sign:
    """What `sign` was asked for."""

    file: str
    key: str
    unit: str
    number: int
    expires: str | None
    output: str
    board: str


def write(new: New) -> int:
    """Write a prescription that the unit takes, or none. Raises BadInput."""
    board = find_board(new.board)
    default = cast("dict[str, float]", default_prescription(board)["irradiance_mw_cm2"])
    banks = dict(default) if new.irradiance_mw_cm2 is None else dict.fromkeys(
        default, new.irradiance_mw_cm2
    )  # fmt: skip
    for text in new.banks:
        nm, _, value = text.partition("=")
        if nm not in banks:
            allowed = ", ".join(banks)
            raise BadInput(f"--bank is {reading.shown(text)}: NM=mW/cm2, with NM one of {allowed}")
        try:
            banks[nm] = float(value)
        except ValueError:
            raise BadInput(f"--bank {nm} is {reading.shown(value)}: a number of mW/cm2") from None
    light = {"mode": new.mode, "rate_hz": new.rate_hz, "on_ms": new.on_ms}
    asked = prescription_file.whole({
        "name": new.name,
        "irradiance_mw_cm2": {nm: plain(value) for nm, value in banks.items()},
        "fluence_j_cm2": plain(new.fluence_j_cm2),
        "max_min": plain(new.max_min),
        "set_point_c": plain(new.set_point_c),
        "light": {key: plain(value) for key, value in light.items() if value is not None},
    })  # fmt: skip
    check_prescription(asked, new.output, board)
    with write_whole(new.output) as path:
        path.write_bytes(prescription_file.written(asked, new.output))
    emit(f"Wrote the prescription to {new.output}")
    return 0


def plain(value: object) -> object:
    """A number as people write it: 12, not 12.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check(file: str, key: str | None, board: str) -> int:
    """Say that a prescription is good, and for whom. Raises BadInput."""
    found = prescription_file.read(file, find_board(board))
    name = reading.shown(found.asked["name"])
    if found.unit is None:
        if key is not None:
            raise BadInput(f"{file}: is not signed: --key has nothing to check")
        emit(f"{file}: {name} is within every limit; it is not signed")
        return 0
    seal = "its seal was not checked: give --key"
    if key is not None:
        held = keyfile.read(key)
        for_unit(held, found.unit, key)
        prescription_file.genuine(found.content, held, found.unit)
        seal = "sealed with this key"
    expires = f"good to the end of {found.expires}" if found.expires else "never expires"
    emit(
        f"{file}: {name} is within every limit; for unit {found.unit}, number {found.number}, "
        f"{expires}; {seal}"
    )
    return 0


def for_unit(key: keyfile.Key, unit: str, path: str) -> None:
    """A key that names a unit is that unit's. Raises BadInput."""
    if key.unit is not None and key.unit != unit:
        raise BadInput(f"{path}: is the key of unit {key.unit}, not of {unit}")


def sign(request: Sign) -> int:
    """Write the signed file. Raises BadInput."""
    found = prescription_file.read(request.file, find_board(request.board))
    if found.unit is not None:
        raise BadInput(f"{request.file}: is signed already: sign the prescription it was made from")
    unit = keyfile.serial(request.unit)
    assert unit is not None
    number = prescription_file.number(request.number)
    expires = request.expires
    if expires is not None:
        expires = prescription_file.date(expires, "--expires")
    if os.path.realpath(request.output) == os.path.realpath(request.file):
        raise BadInput(f"{request.output}: is the prescription itself: name another with -o")
    key = keyfile.read(request.key)
    for_unit(key, unit, request.key)
    content = prescription_file.sealed(found.asked, key, unit, number, expires)
    with write_whole(request.output) as path:
        path.write_bytes(content)
    emit(f"Wrote the prescription to {request.output}, sealed for unit {unit}, number {number}")
    return 0
