"""Recorder: a HAL between the firmware and another, which keeps every input and every output.

Put in by `sim.hal_depth`; `sim.recording.player` plays its recording on any interpreter.
"""

import json
from array import array

from firmware.core.limits import CONTROL_TICKS
from sim.recording.format import FIELDS, MAGIC, TICK, WRITES, Outputs, flatten, sha256_hex, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.waistband import Waistband
    from hal.contract import Hal, Inputs
    from sim.recording.format import Answer

# Methods of the contract whose name in a recording is another one.
METHODS = {"keep": "store", "hear": "read_line"}


class Recorder(Outputs):
    """Between the firmware and a HAL: keeps every input and every output."""

    def __init__(self, inner: "Hal", board: str, calibration: object, prescription: object) -> None:
        Outputs.__init__(self, inner)
        self.board = board  # its name
        self.inputs: array[int] = array("i")
        self.outputs = bytearray()
        self.calibration = calibration
        self.prescription = prescription
        self.answers: list[Answer] = []  # those that are not nothing
        self.unit: Waistband | None = None  # set once the firmware is made
        self.ticks = 0

    def read(self, inputs: "Inputs") -> None:
        """Read the inner HAL, and keep what it gave."""
        self.flush()
        self.sink.write_byte(TICK)
        self.inner.read(inputs)
        self.inputs.extend(flatten(inputs))

    def answer(self, question: str, *arguments: object) -> "Any":
        """Ask the inner HAL, and keep its answer."""
        value = getattr(self.inner, METHODS.get(question, question))(*arguments)
        if value is not None and (value is not False or question in WRITES):
            started = len(self.inputs) // FIELDS
            self.answers.append((started - 1, question, to_json(value)))
        return value

    def flush(self) -> None:
        """A tick ended: its digest if it ran control, then its calls to the recording."""
        sink = self.sink
        if sink.used:
            if self.unit and self.inputs and self.ticks % CONTROL_TICKS == CONTROL_TICKS - 1:
                sink.write_digest(self.unit)
            self.ticks += 1 if self.inputs else 0
            self.outputs += sink.buffer[: sink.used]
            sink.used = 0

    def discard_tick(self) -> None:
        """The tick under way never came to its end: it is no part of the recording."""
        self.sink.used = 0
        del self.inputs[self.ticks * FIELDS :]
        self.answers = [row for row in self.answers if row[0] < self.ticks]

    def recording(self) -> bytes:
        """The recording as bytes; see `sim.recording.format`."""
        self.flush()
        body = self.inputs.tobytes() + bytes(self.outputs)
        about = {
            "magic": MAGIC,
            "ticks": self.ticks,
            "outputs": len(self.outputs),
            "sha256": sha256_hex(body),
            "board": self.board,
            "calibration": self.calibration,
            "prescription": to_json(self.prescription),
            "answers": self.answers,
        }
        return json.dumps(about).encode() + b"\n" + body
