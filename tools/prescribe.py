"""`waistband prescribe`: a prescription, written, checked, told in words, signed, and brought
to its unit."""

from enum import StrEnum
from typing import Annotated

import typer

from tools.device import Where
from tools.files import emit
from tools.options import BOARD, BoardName

app = typer.Typer(
    rich_markup_mode=None, help="Write, check, explain, sign and push a prescription."
)
File = Annotated[str, typer.Argument(metavar="FILE", help="Its TOML or JSON file.")]


class Light(StrEnum):
    """Light in time."""

    CW = "cw"
    PULSE = "pulse"
    GATED = "gated"


@app.callback(invoke_without_command=True)
def prescribe(context: typer.Context) -> None:
    """Write, check, explain, sign and push a prescription."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command()
def new(  # noqa: PLR0913, PLR0917 - one parameter an option
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="TOML if named .toml, else JSON.")
    ],
    name: Annotated[str, typer.Option(help="What the unit's screen calls it.")] = "default",
    fluence: Annotated[float, typer.Option(metavar="J/cm2", help="Dose of each pad.")] = 12,
    irradiance: Annotated[
        float | None,
        typer.Option(
            metavar="mW/cm2", help="Average of each bank at the skin.",
            show_default="2.5, or what the board has",
        ),
    ] = None,
    bank: Annotated[
        list[str] | None,
        typer.Option(metavar="NM=mW/cm2", help="One bank's own, such as 850=5; may be repeated."),
    ] = None,
    max_min: Annotated[float, typer.Option(metavar="MINUTES", help="Light at most.")] = 30,
    set_point: Annotated[float, typer.Option(metavar="C", help="Contact is held here.")] = 40.5,
    light: Annotated[Light, typer.Option(help="Light in time.")] = Light.CW,
    rate_hz: Annotated[float | None, typer.Option(help="Of pulsed or gated light.")] = None,
    on_ms: Annotated[int | None, typer.Option(help="Of gated light, a multiple of 20.")] = None,
    board: BoardName = BOARD,
) -> int:
    """Write a prescription: what no option says is as in the default one."""
    from tools.prescribe_command import New, write

    return write(
        New(
            output, name, fluence, irradiance, bank or [], max_min, set_point, light.value,
            rate_hz, on_ms, board,
        )
    )  # fmt: skip


@app.command()
def check(
    file: File,
    key: Annotated[
        str | None, typer.Option(metavar="KEYFILE", help="If it is signed: check the seal too.")
    ] = None,
    board: BoardName = BOARD,
) -> int:
    """Check a prescription, signed or not, against every limit that the unit holds."""
    from tools.prescribe_command import check as run

    return run(file, key, board)


@app.command()
def explain(file: File, board: BoardName = BOARD) -> int:
    """Say in words what a prescription means: light, dose by bank, minutes, what heat withholds
    on two kinds of skin, each session simulated whole, and the battery."""
    from tools.explain import explain as run

    return run(file, board)


@app.command()
def sign(
    file: File,
    key: Annotated[str, typer.Option(metavar="KEYFILE", help="The unit's key.")],
    unit: Annotated[str, typer.Option(metavar="SERIAL", help="The one unit that may take it.")],
    number: Annotated[
        int, typer.Option(metavar="N", help="Higher than that of any earlier one for the unit.")
    ],
    expires: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day it is good.")
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="The signed file.")
    ] = "prescription.json",
    board: BoardName = BOARD,
) -> int:
    """Seal a prescription for one unit. One that expires needs a unit whose clock is set."""
    from tools.prescribe_command import Sign
    from tools.prescribe_command import sign as run

    return run(Sign(file, key, unit, number, expires, output, board))


@app.command()
def push(file: File, device: Where = None) -> int:
    """Put a prescription onto its unit, which restarts and goes by it.

    Asked first is the firmware's own code, with what this unit keeps: its key, its serial, its
    calibration, the number of the last prescription that it took. What it would refuse is not
    brought, and the old one stays.
    """
    from tools.unit_command import push as run

    return run(file, device)
