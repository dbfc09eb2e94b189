"""`waistband prescribe`: writes, checks, explains, signs and pushes a prescription."""

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

from typer import Argument, Option

from sim.common.errors import BadInput
from tools.commands.options import (
    BOARD,
    BoardName,
    DeviceName,
    SimulatedFolder,
    command_group,
    name_unit,
    output_option,
)
from tools.common.files import emit, warn, write_whole

NAME_MAX = 40  # characters that the unit takes

if TYPE_CHECKING:
    from hal.contract import Board
    from tools.prescription.keyfile import Key

app = command_group("Write, check, explain, sign and push a prescription.")
Light = Literal["cw", "pulse", "gated"]
File = Annotated[str, Argument(metavar="FILE", help="Its TOML or JSON file.")]


Source = Annotated[
    str | None,
    Argument(metavar="[TOML]", help="A prescription of one or more steps, to convert."),
]
NewName = Annotated[
    str | None,
    Option(help="What the unit's screen calls it.", show_default="the output's name"),
]
Ask = Annotated[bool, Option("--ask", help="Ask for it, step by step, on a terminal.")]
Force = Annotated[bool, Option("--force", help="Write over a file without asking.")]


@app.command()
def new(  # noqa: PLR0913, PLR0917 - one parameter an option
    output: Annotated[str, output_option("FILE", "TOML if named .toml, else JSON.")],
    source: Source = None,
    name: NewName = None,
    fluence: Annotated[
        float, Option(metavar="J/cm2", help="Dose of each pad, all banks together.")
    ] = 6,
    irradiance: Annotated[
        float | None,
        Option(
            metavar="mW/cm2",
            help="Average at the skin, each bank of each pad.",
            show_default="2.5, or what the board has",
        ),
    ] = None,
    bank: Annotated[
        list[str] | None,
        Option(metavar="NM=mW/cm2", help="One bank's own, such as 850=5; may be repeated."),
    ] = None,
    max_min: Annotated[float, Option(metavar="MINUTES", help="Light at most.")] = 30,
    set_point: Annotated[float, Option(metavar="C", help="Contact is held here.")] = 40.5,
    light: Annotated[Light, Option(help="Light in time.")] = "cw",
    rate_hz: Annotated[float | None, Option(help="Of pulsed or gated light.")] = None,
    on_ms: Annotated[int | None, Option(help="Of gated light, a multiple of 20.")] = None,
    ask: Ask = False,
    force: Force = False,
    board: BoardName = BOARD,
) -> int:
    """Write a prescription: from a TOML file, from answers, or else as the default one with what
    the options say."""
    from sim.common.boards import find_board
    from tools.prescription.ask import ask_prescription

    data = find_board(board)
    name = Path(output).stem[:NAME_MAX] if name is None else name
    if source is not None:
        asked = read_source(source, data)
    elif ask:
        asked = ask_prescription(name, data)
    else:
        timing = {"mode": light, "rate_hz": rate_hz, "on_ms": on_ms}
        options: dict[str, object] = {
            "name": name, "fluence_j_cm2": fluence, "max_min": max_min, "set_point_c": set_point,
            "light": timing,
        }  # fmt: skip
        asked = replace_in_default(data, irradiance, bank or [], options)
    return write_new(asked, output, data, force)


def read_source(path: str, board: "Board") -> dict[str, object]:
    """The prescription of a file that is not signed. Raises BadInput."""
    from tools.prescription import file as prescription_file

    found = prescription_file.read(path, board)
    if found.unit is not None:
        raise BadInput(f"{path}: is signed already: take the prescription it was made from")
    return found.asked


def replace_in_default(
    board: "Board", irradiance: float | None, banks: list[str], options: dict[str, object]
) -> dict[str, object]:
    """The default prescription with what options say. Raises BadInput."""
    from sim.scenario.scenario import default_prescription
    from tools.prescription import file as prescription_file
    from tools.prescription.dose_in_words import check_options

    default = cast("dict[str, float]", default_prescription(board)["irradiance_mw_cm2"])
    found = read_banks(default, irradiance, banks)
    whole = {nm: plain(value) for nm, value in found.items()}
    asked = prescription_file.with_defaults({**plain_all(options), "irradiance_mw_cm2": whole})
    check_options(asked, board, banks)
    return asked


def plain_all(table: dict[str, object]) -> dict[str, object]:
    """A table as people write it: plain numbers, and nothing for what no option says."""
    return {
        key: plain_all(value) if isinstance(value, dict) else plain(value)
        for key, value in table.items()
        if value is not None
    }


def write_new(asked: dict[str, object], output: str, board: "Board", force: bool) -> int:
    """Write a prescription that was checked, and say what it asks for. Raises BadInput where a file
    is there that nobody agrees to lose."""
    from sim.scenario.scenario import check_prescription
    from tools.prescription import dose_in_words
    from tools.prescription import file as prescription_file

    check_prescription(asked, output, board)
    if os.path.isfile(output) and not force:
        if not sys.stdin.isatty():
            raise BadInput(f"{output}: is there already: give --force to write over it")
        if not input(f"{output}: is there already. Write over it? [n] ").lower().startswith("y"):
            raise BadInput(f"{output}: was left as it is")
    with write_whole(output) as path:
        path.write_bytes(prescription_file.render(asked, output))
    asked_in_words = dose_in_words.render_asked(dose_in_words.compile_nominal(asked, board))
    emit(f"Wrote the prescription to {output}: {asked_in_words}")
    return 0


def read_banks(
    default: dict[str, float], irradiance: float | None, written: list[str]
) -> dict[str, float]:
    """Irradiance by bank, mW/cm2: the default, or `irradiance` for each, with those of `--bank`
    over it. Raises BadInput."""
    from sim.common.validate import shown

    banks = default if irradiance is None else dict.fromkeys(default, irradiance)
    for text in written:
        nm, _, value = text.partition("=")
        if nm not in banks:
            allowed = ", ".join(banks)
            raise BadInput(f"--bank is {shown(text)}: NM=mW/cm2, with NM one of {allowed}")
        try:
            banks[nm] = float(value)
        except ValueError:
            raise BadInput(f"--bank {nm} is {shown(value)}: a number of mW/cm2") from None
    return banks


def plain(value: object) -> object:
    """A number as people write it: 12, not 12.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


@app.command()
def check(
    file: File,
    key: Annotated[
        str | None, Option(metavar="KEYFILE", help="If it is signed: check the seal too.")
    ] = None,
    board: BoardName = BOARD,
) -> int:
    """Check a prescription, signed or not, against every limit that the unit holds."""
    from sim.common.boards import find_board
    from sim.common.validate import shown
    from tools.prescription import file as prescription_file
    from tools.prescription import keyfile

    found = prescription_file.read(file, find_board(board))
    name = shown(found.asked["name"])
    if found.unit is None:
        if key is not None:
            raise BadInput(f"{file}: is not signed: --key has nothing to check")
        emit(f"{file}: {name} is within every limit; it is not signed")
        return 0
    seal = "its seal was not checked: give --key"
    if key is not None:
        held = keyfile.read(key)
        for_unit(held, found.unit, key)
        prescription_file.check_signature(found.content, held, found.unit)
        seal = "sealed with this key"
    expires = f"good to the end of {found.expires}" if found.expires else "never expires"
    if found.expires and is_past(found.expires):
        warn(f"{file}: expired on {found.expires}: the unit begins no session with it")
    emit(
        f"{file}: {name} is within every limit; for unit {found.unit}, number {found.number}, "
        f"{expires}; {seal}"
    )
    return 0


def is_past(day: str) -> bool:
    """Whether the last day of a prescription is over, by this computer's clock."""
    return date.fromisoformat(day) < date.today()


def for_unit(key: "Key", unit: str, path: str) -> None:
    """A key that names a unit is that unit's. Raises BadInput."""
    if key.unit is not None and key.unit != unit:
        raise BadInput(f"{path}: is the key of unit {key.unit}, not of {unit}")


@app.command()
def explain(file: File, board: BoardName = BOARD) -> int:
    """Say in words what a prescription means: light, dose by bank, minutes, what heat withholds
    on two kinds of skin, each session simulated whole, and the battery."""
    from tools.prescription.explain import explain as run

    return run(file, board)


@app.command()
def sign(
    file: File,
    key: Annotated[str, Option(metavar="KEYFILE", help="The unit's key.")],
    unit: Annotated[str, Option(metavar="SERIAL", help="The one unit that may take it.")],
    number: Annotated[
        int, Option(metavar="N", help="Higher than that of any earlier one for the unit.")
    ],
    expires: Annotated[
        str | None, Option(metavar="YYYY-MM-DD", help="The last day it is good.")
    ] = None,
    output: Annotated[str, output_option("FILE", "The signed file.")] = "prescription.json",
    board: BoardName = BOARD,
) -> int:
    """Seal a prescription for one unit. One that expires needs a unit whose clock is set.

    What was signed is noted in KEYFILE.signed: a number is signed once.
    """
    from sim.common.boards import find_board
    from tools.prescription import file as prescription_file
    from tools.prescription import keyfile, register

    found = prescription_file.read(file, find_board(board))
    if found.unit is not None:
        raise BadInput(f"{file}: is signed already: sign the prescription it was made from")
    serial = keyfile.check_serial(unit)
    assert serial is not None
    prescription_file.check_number(number)
    if expires is not None:
        expires = prescription_file.check_date(expires, "--expires")
        if is_past(expires):
            raise BadInput(f"--expires is {expires}: is past, the unit would begin no session")
    if os.path.realpath(output) == os.path.realpath(file):
        raise BadInput(f"{output}: is the prescription itself: name another with -o")
    held = keyfile.read(key)
    for_unit(held, serial, key)
    content = prescription_file.sign(found.asked, held, serial, number, expires)
    latest = register.highest(key, "prescription", serial)
    if number < latest:
        warn(f"number {latest} was signed for {serial}: a unit that took it refuses {number}")
    with write_whole(output) as path:
        path.write_bytes(content)
        register.note(key, "prescription", serial, number, content)
    emit(f"Wrote the prescription to {output}, sealed for unit {serial}, number {number}")
    return 0


@app.command()
def push(file: File, device: DeviceName = None, simulated: SimulatedFolder = None) -> int:
    """Put a prescription onto its unit, which restarts and goes by it.

    Asked first is the firmware's own code, with what this unit keeps: its key, its serial, its
    calibration, the number of the last prescription that it took. What it would refuse is not
    brought, and the old one stays.
    """
    from tools.unit.exchange import push as run

    return run(file, name_unit(device, simulated))
