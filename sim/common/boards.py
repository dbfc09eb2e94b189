"""Boards by name: finds a board file in `hal/boards` and checks it as the unit does at start.

Called wherever a board is named: by `--board`, by a scenario, by a recording. Also runs on
MicroPython, where a recording is played and the bench page lives.
"""

import os

from hal import boards
from hal.board_check import faults_of
from sim.common.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.contract import Board

REFERENCE = "RPI_PICO"  # where none is named; a chip of its kind takes it without a board file
BOARD_FILE = "board.txt"  # of a unit, with its board's name in it: `main.py` reads it
EMULATED_CHIP = "RP2040"


def list_boards() -> "list[str]":
    """Names of the board files, in alphabetical order."""
    where: Any = boards.__path__
    folder = where if isinstance(where, str) else where[0]  # MicroPython's is a string
    files = [name for name in os.listdir(folder) if name.endswith(".py") and name[0].isupper()]
    return sorted([name[:-3] for name in files])


def find_board(name: object) -> "Any":
    """The data of a board file, as `hal.contract.Board` and `hal.rp2_hal.Rp2Board` have it.

    Raises BadInput for a name that no file has, and for a file that the unit would refuse.
    """
    known = list_boards()
    if not isinstance(name, str) or name not in known:
        shown = repr(name)[:40]
        raise BadInput(
            "board " + shown + ": there is no such file in hal/boards: it has " + ", ".join(known)
        )
    try:
        board = __import__("hal.boards." + name, None, None, ("NAME",))
    except Exception as why:  # a board file is a program: it may do anything
        raise BadInput("board " + name + " cannot be read: " + repr(why)) from None
    faults = faults_of(board)
    if faults:
        raise BadInput("board " + name + " is refused: " + "; ".join(faults))
    return board


def wavelengths_nm(board: "Board") -> "tuple[int, ...]":
    """The wavelength of each bank of a pad, in the order of the bank table."""
    return tuple([row[0] for row in board.BANKS])


def board_file(board: "Board") -> "dict[str, bytes]":
    """Files that name its board to a unit with an RP2040: none for the reference board."""
    return {} if board.NAME == REFERENCE else {BOARD_FILE: board.NAME.encode() + b"\n"}


def check_chip(board: "Any", what: str) -> None:
    """Refuse a board whose chip is not the one that `what` is for. Raises BadInput."""
    if board.CHIP != EMULATED_CHIP:
        raise BadInput(
            what + " is for the " + EMULATED_CHIP + ": board " + board.NAME + " has an "
            + board.CHIP
        )  # fmt: skip
