"""`waistband replay`: feeds recorded inputs to the firmware and compares every output."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sim.common.errors import BadInput
from tools.common.files import emit


def replay(
    recording: Annotated[str, typer.Argument(metavar="RECORDING", help="From `sim --record`.")],
    on: Annotated[
        Literal["cpython", "unix", "webassembly"], typer.Option(help="What runs the firmware.")
    ] = "cpython",
) -> int:
    """Feed a recorded run's inputs to the firmware again and compare every output.

    Exits 1 at the first output that differs, and shows it.
    """
    path = Path(recording)
    if path.is_dir():
        raise BadInput(f"{recording}: is a directory; name a file made by `sim --record`")
    if not path.exists():
        raise BadInput(f"{recording}: there is no such file; `sim --record FILE` makes one")
    from tools.replay import replay as play_again

    equal, said = play_again(path, on)
    emit(said)
    return 0 if equal else 1
