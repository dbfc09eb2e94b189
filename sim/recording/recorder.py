"""Recorder: a HAL between the firmware and another, which keeps every input and every output.

Put in by `sim.hal_depth`; `sim.recording.player` plays its recording on any interpreter. Ticks
resemble each other: kept compressed, hours of them take some megabytes.
"""

import hashlib
import json
import zlib
from array import array

from firmware.core.limits import CONTROL_TICKS
from sim.recording.format import FIELDS, MAGIC, TICK, WRITES, Outputs, flatten, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from firmware.waistband import Waistband
    from hal.contract import Hal, Inputs
    from sim.recording.format import Answer

# Methods of the contract whose name in a recording is another one.
METHODS = {"keep": "store", "hear": "read_line"}
PIECE_TICKS = 5_000  # that are compressed at once
LEVEL = 1  # of zlib: fast


class Compressed:
    """Bytes that only grow, in compressed pieces. A copy of a run copies the pieces' list alone."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.length = 0

    def append(self, data: bytes) -> None:
        """Keep a piece."""
        self.pieces.append(zlib.compress(data, LEVEL))
        self.length += len(data)

    def read(self) -> "Iterator[bytes]":
        """The bytes, piece by piece."""
        return map(zlib.decompress, self.pieces)


class Recorder(Outputs):
    """Between the firmware and a HAL: keeps every input and every output."""

    def __init__(self, inner: "Hal", board: str, calibration: object, prescription: object) -> None:
        Outputs.__init__(self, inner)
        self.board = board  # its name
        self.inputs: array[int] = array("i")  # of the ticks since `past` was added to
        self.outputs = bytearray()
        self.past = Compressed(), Compressed()  # inputs and outputs
        self.past_ticks = 0
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
            started = self.past_ticks + len(self.inputs) // FIELDS
            self.answers.append((started - 1, question, to_json(value)))
        return value

    def flush(self) -> None:
        """A tick ended: its digest if it ran control, then its calls to the recording."""
        sink = self.sink
        if sink.used:
            begun = self.past_ticks or self.inputs
            if self.unit and begun and self.ticks % CONTROL_TICKS == CONTROL_TICKS - 1:
                sink.write_digest(self.unit)
            self.ticks += 1 if begun else 0
            self.outputs += sink.buffer[: sink.used]
            sink.used = 0
            if self.ticks - self.past_ticks >= PIECE_TICKS:
                self._compress()

    def _compress(self) -> None:
        inputs, outputs = self.past
        inputs.append(self.inputs.tobytes())
        outputs.append(bytes(self.outputs))
        del self.inputs[:]
        del self.outputs[:]
        self.past_ticks = self.ticks

    def discard_tick(self) -> None:
        """The tick under way never came to its end: it is no part of the recording."""
        self.sink.used = 0
        del self.inputs[(self.ticks - self.past_ticks) * FIELDS :]
        self.answers = [row for row in self.answers if row[0] < self.ticks]

    def _read_body(self) -> "Iterator[bytes]":
        inputs, outputs = self.past
        yield from inputs.read()
        yield self.inputs.tobytes()
        yield from outputs.read()
        yield bytes(self.outputs)

    def read_recording(self) -> "Iterator[bytes]":
        """The recording piece by piece; see `sim.recording.format`."""
        self.flush()
        body = hashlib.sha256()
        for piece in self._read_body():
            body.update(piece)
        about = {
            "magic": MAGIC,
            "ticks": self.ticks,
            "outputs": self.past[1].length + len(self.outputs),
            "sha256": body.hexdigest(),
            "board": self.board,
            "calibration": self.calibration,
            "prescription": to_json(self.prescription),
            "answers": self.answers,
        }
        yield json.dumps(about).encode() + b"\n"
        yield from self._read_body()
