"""Player: feeds a recording's inputs to the firmware again, and collects its outputs.

`tools/replay.py` runs this file as a command, `-m sim.recording.player RECORDING OUTPUTS`, on
CPython and on builds of MicroPython, and compares the outputs.
"""

import json
import sys

from firmware.core.limits import CONTROL_TICKS
from firmware.core.states import STATES
from firmware.waistband import Waistband
from hal.contract import Hal
from sim.common.boards import REFERENCE, find_board
from sim.recording.format import FIELDS, TICK, WRITES, Outputs, from_json, parse_recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable
    from typing import Any

    from hal.contract import Board, Inputs


class Player(Outputs):
    """A HAL that answers with recorded inputs, and does nothing; allocates nothing in a tick."""

    def __init__(self, words: "array[int]", answers: "list[list[Any]]") -> None:
        Outputs.__init__(self, Hal())  # type: ignore[misc]  # it does nothing
        self.words = words
        self.at = 0
        self.answers = [(tick, question, from_json(value)) for tick, question, value in answers]
        self.asked = 0

    def read(self, inputs: "Inputs") -> None:
        """The next tick's inputs."""
        self.sink.write_byte(TICK)
        w = self.words
        at = self.at
        self.at = at + FIELDS
        inputs.ms = w[at]
        inputs.pins = w[at + 1]
        inputs.battery[0] = w[at + 4]
        inputs.rail[0] = w[at + 9]
        for k in range(2):
            inputs.ntc[k] = w[at + 2 + k]
            inputs.contact[k] = w[at + 5 + k]
            inputs.board[k] = w[at + 7 + k]
            inputs.gauge[k] = w[at + 10 + k]
            inputs.skin[k] = w[at + 12 + k]
        heard = inputs.heard
        for k in range(8):
            heard[k] = w[at + 14 + k]
        for k in range(7):
            inputs.lost[k] = w[at + 22 + k]
        inputs.proved[0] = w[at + 29]

    def answer(self, question: str, *arguments: object) -> "Any":
        """The recorded answer of this tick, or None."""
        if self.asked < len(self.answers):
            row = self.answers[self.asked]
            if row[0] == self.at // FIELDS - 1 and row[1] == question:
                self.asked += 1
                return row[2]
        return None


class Stopped(Exception):
    """The firmware raised: (tick, state, what)."""


def play(
    about: "dict[str, Any]", words: "array[int]", board: "Board",
    write: "Callable[[bytearray], object]",
    lock: "tuple[Callable[[], object], Callable[[], object]] | None",
) -> None:  # fmt: skip
    """Feed recorded inputs to new firmware; `write` takes each tick's outputs.

    `lock` is None, or (heap_lock, heap_unlock) of MicroPython: every tick then runs with
    the heap locked, but for the few in which something is kept or a command is answered.
    Raises Stopped if the firmware raised, as it does where it allocates.
    """
    player = Player(words, about["answers"])
    try:
        prescription = from_json(about["prescription"])
        unit = Waistband(player, board, about["calibration"], prescription)
    except Exception as why:
        raise Stopped(0, STATES[0], repr(why)) from why
    sink = player.sink
    free = [row[0] for row in about["answers"] if row[1] in WRITES + ("hear",)]
    for tick in range(about["ticks"]):
        held = None if tick in free else lock
        if held:
            held[0]()
        try:
            try:
                unit.tick()
                if tick % CONTROL_TICKS == CONTROL_TICKS - 1:
                    sink.write_digest(unit)
            finally:
                if held:
                    held[1]()
        except Exception as why:
            raise Stopped(tick, STATES[unit.session.state], repr(why)) from why
        write(sink.buffer[: sink.used])
        sink.used = 0


def main() -> int:
    """For an interpreter's command line: RECORDING OUTPUTS. Its last line says how it went."""
    with open(sys.argv[1], "rb") as file:
        about, words, _ = parse_recording(file.read())
    board = find_board(about.get("board", REFERENCE))
    lock = None
    if sys.implementation.name == "micropython":
        import micropython  # type: ignore[import-not-found]

        lock = (micropython.heap_lock, micropython.heap_unlock)
    with open(sys.argv[2], "wb") as file:
        try:
            play(about, words, board, file.write, lock)
        except Stopped as why:
            print("stopped " + json.dumps(list(why.args)))
            return 3
    print("played " + str(about["ticks"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
