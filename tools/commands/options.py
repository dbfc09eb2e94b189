"""Options that several commands share, as Typer reads them, and checks of what was written.

Imported by the files of `tools/commands`. Imports nothing that takes time.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import emit

BOARD = "RPI_PICO"  # the reference board: the default of every `--board`
BoardName = Annotated[
    str, typer.Option("--board", metavar="NAME", help="The unit's board: a file of hal/boards.")
]
ScenarioBoard = Annotated[
    str | None,
    typer.Option(
        "--board", metavar="NAME",
        help="The unit's board, a file of hal/boards, over the scenario's; else RPI_PICO.",
    ),
]  # fmt: skip
LANGUAGE: Literal["en"] = "en"
LanguageName = Annotated[
    Literal["en", "de", "fr"], typer.Option("--language", help="Of the unit's screen.")
]
DeviceName = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="NAME",
        help="As mpremote names it: a0, u0, id:SERIAL, port:NAME; else the only unit there is.",
    ),
]  # fmt: skip


SimulatedFolder = Annotated[
    str | None,
    typer.Option(
        "--sim", metavar="FOLDER",
        help="A simulated unit, from `sim --keep FOLDER`, in place of one on USB.",
    ),
]  # fmt: skip


def name_unit(device: str | None, folder: str | None) -> str | None:
    """The unit that one of --device and --sim names. Raises BadInput for both."""
    if device is not None and folder is not None:
        raise BadInput("--device with --sim: name one of them")
    return device if folder is None else f"sim:{folder}"


def output_option(metavar: str, text: str) -> Any:
    """The option -o or --output with this help."""
    return typer.Option("-o", "--output", metavar=metavar, help=text)


class WholeSentences(TyperGroup):
    """A group whose help has the whole first sentence of each command, in as many lines as it
    needs."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the names of the commands, and what each does."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([
                (name, command.get_short_help_str(limit=1_000))
                for name, command in commands.items() if command and not command.hidden
            ])  # fmt: skip


def command_group(text: str) -> typer.Typer:
    """A group of commands with this help, which is printed where no command is named."""
    group = typer.Typer(cls=WholeSentences, rich_markup_mode=None, help=text)

    @group.callback(invoke_without_command=True)
    def print_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            emit(context.get_help())

    return group


def parse_integer(written: str | None, option: str, low: int, high: int) -> int | None:
    """The integer that an option was given; None without it. Raises BadInput outside low-high."""
    if written is None:
        return None
    try:
        return validate.integer(int(written), option, low, high)
    except ValueError:  # BadInput as well: the message quotes what was written
        return validate.integer(written, option, low, high)


def parse_number(
    written: str | None, option: str, low: float, high: float, unit: str = ""
) -> float | None:
    """The number that an option was given; None without it. Raises BadInput outside low-high."""
    if written is None:
        return None
    try:
        return validate.number(float(written), option, low, high)
    except ValueError:  # BadInput as well: the message quotes what was written
        return validate.number(written, option, low, high, unit)


def check_suffix(option: str, path: str | None, suffix: str) -> None:
    """Raise BadInput where a file's name does not end in `suffix`."""
    if path is not None and Path(path).suffix.lower() != suffix:
        raise BadInput(f"{option} is {validate.shown(path)}: a name that ends in {suffix}")
