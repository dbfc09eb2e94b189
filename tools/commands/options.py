"""Options that several commands share, as Typer reads them. Imports nothing that takes time."""

from typing import Annotated

import typer

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
