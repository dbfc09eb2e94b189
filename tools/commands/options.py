"""What commands share, as Typer reads it: options, and groups of commands.

Imported by the files of this folder; imports nothing that takes time.
"""

from typing import Annotated, Any

import typer

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


def output_option(metavar: str, text: str) -> Any:
    """The option -o or --output with this help."""
    return typer.Option("-o", "--output", metavar=metavar, help=text)


def command_group(text: str) -> typer.Typer:
    """A group of commands with this help, which is printed where no command is named."""
    group = typer.Typer(rich_markup_mode=None, help=text)

    @group.callback(invoke_without_command=True)
    def print_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            emit(context.get_help())

    return group
