"""Identity of a unit at its prompt: the program that asks for it, and what the answer has to be.

Called by `tools.unit.device`, and on MicroPython by the bring-up of the bench page. Reads nothing
by itself.
"""

import json
from collections import namedtuple

from sim.common.errors import BadInput
from sim.driver_depth.frozen import FROZEN_MARK, FROZEN_MODULE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

BOARDS = {
    # MicroPython's name of the machine: the board file
    "Raspberry Pi Pico with RP2040": "RPI_PICO",
    "Raspberry Pi Pico2 with RP2350": "RPI_PICO2",
}
OLDEST = (1, 24, 0)
MPY = 6  # version of .mpy files with bytecode
ASK = f"""
import sys, os, json
i = sys.implementation
p = sys.path[:]
sys.path[:] = ['.frozen']
try:
 import {FROZEN_MODULE} as r
 frozen = r.RELEASE
except ImportError:
 frozen = ''
sys.path[:] = p
print(json.dumps((i.name, tuple(i.version[:3]), getattr(i, '_machine', sys.platform),
 getattr(i, '_mpy', 0) & 255, tuple(os.statvfs(os.getcwd())), frozen)))
"""


class Failed(Exception):
    """An exception in the unit's own Python; the message is its last line."""


if TYPE_CHECKING:

    class About(NamedTuple):
        """The MicroPython at the prompt."""

        chip: str
        board: str  # a value of BOARDS
        version: str
        free: int  # bytes of the filesystem
        frozen: str  # the release that is frozen into MicroPython; "" where files hold the product

else:  # MicroPython's
    About = namedtuple("About", ("chip", "board", "version", "free", "frozen"))


def judge_about(said: str, port: str) -> About:
    """What the answer to ASK says. Raises BadInput where it cannot be a unit."""
    try:
        name, version, chip, mpy, disk, frozen = parse_answer(said)
    except (ValueError, TypeError):
        raise BadInput(f"{port}: what answers is no MicroPython of ours") from None
    numbers = ".".join([str(number) for number in version])
    if name != "micropython":
        raise BadInput(f"{port}: runs {name}: put MicroPython on it with waistband flash")
    boards = [board for begins, board in BOARDS.items() if str(chip).startswith(begins)]
    if not boards:
        raise BadInput(f"{port}: is a {chip}: needed is a {' or '.join(BOARDS)}")
    if tuple(version) < OLDEST:
        need = ".".join([str(number) for number in OLDEST])
        raise BadInput(
            f"{port}: runs MicroPython {numbers}: {need} or newer is needed: put it on with"
            " waistband flash"
        )
    if mpy != MPY:
        raise BadInput(
            f"{port}: takes .mpy files of version {mpy}: {MPY} is needed: put on a"
            " MicroPython that takes them with waistband flash"
        )
    mark = len(FROZEN_MARK) if frozen.startswith(FROZEN_MARK) else 0
    return About(chip, boards[0], numbers, disk[1] * disk[4], frozen[mark:])


def parse_answer(text: str) -> "Any":
    """The value of the JSON that a program printed. Raises ValueError."""
    return json.loads(text.strip())


def parse_object(content: "bytes | None") -> "dict[str, Any]":
    """The JSON object in a line or a file; empty where there is none."""
    try:
        value = json.loads(content or b"{}")
    except (ValueError, RuntimeError):  # nested too deeply
        return {}
    return value if isinstance(value, dict) else {}
