"""MicroPython's raw prompt on a line, before the simulated unit of the bring-up.

Used by the tests of the bench page's first start. What a host sends is answered as the prompt of
MicroPython 1.28 does (`docs` of its REPL: Ctrl-A raw, Ctrl-B friendly, Ctrl-D runs); what runs is
`tools.bringup.simulated`, in virtual time.
"""

import json
from collections.abc import Callable

from sim.common.errors import BadInput
from tools.bringup.simulated import SimulatedUnit
from tools.unit.about import ASK, Failed

FRIENDLY, RAW = b"\r\n>>> ", b"raw REPL; CTRL-B to exit\r\n>"
# What the virtual chip's interpreter, which is CPython, does not say of itself.
STEP_US = 20_000
PICO = ["micropython", [1, 28, 0], "Raspberry Pi Pico with RP2040", 6,
        [4096, 4096, 212, 100, 100, 0, 0, 0, 0, 255], ""]  # fmt: skip


class PromptLine:
    """The unit's end of the line: `write` takes what the host sends, `read` gives what it says."""

    def __init__(self, unit: SimulatedUnit) -> None:
        self.unit = unit
        self.raw = False
        self.program = b""
        self.said = b""
        self.programs: list[str] = []
        self.before: Callable[[str], None] = lambda program: None  # called before each program

    def read(self) -> bytes:
        """What the unit has said since the last look."""
        said, self.said = self.said, b""
        return said

    def write(self, data: bytes) -> None:
        """Take bytes of the host."""
        for byte in data:
            self.take(bytes((byte,)))

    def take(self, byte: bytes) -> None:
        """Take one byte: a control character, or a byte of a program."""
        if byte == b"\x01":
            self.raw, self.program = True, b""
            self.said += RAW
        elif byte == b"\x02":
            self.raw, self.program = False, b""
            self.said += FRIENDLY
        elif byte == b"\x03":
            self.program = b""
            self.said += b"" if self.raw else FRIENDLY
        elif byte == b"\x04" and self.raw:
            program, self.program = self.program.decode(), b""
            self.said += b"OK" + self.run(program)
        elif self.raw:
            self.program += byte

    def run(self, program: str) -> bytes:
        """Run a program; what the prompt says of it. The line stays silent where the unit is reset
        or the cable was pulled."""
        self.programs.append(program)
        self.before(program)
        if program == ASK:
            return json.dumps(PICO).encode() + b"\r\n\x04\x04>"
        if "machine.reset()" in program:
            self.unit.run_and_reset(program)
            self.raw = False
            return b""
        try:
            return self.unit.run(program).replace("\n", "\r\n").encode() + b"\x04\x04>"
        except Failed as why:
            trace = f'Traceback (most recent call last):\r\n  File "<stdin>"\r\n{why}\r\n'
            return b"\x04" + trace.encode() + b"\x04>"
        except BadInput:
            return b""


class RunningLine(PromptLine):
    """The line of a unit that runs: its console until it restarts, when its port goes for a moment;
    the prompt once it waits there."""

    def __init__(self, unit: SimulatedUnit) -> None:
        super().__init__(unit)
        self.sent = unit.chip.usb.total
        self.boots = unit.device.boots

    def is_gone(self) -> bool:
        """Whether its port is gone: it restarts. Time goes on meanwhile."""
        device = self.unit.device
        if device.boots == self.boots or device.at_prompt:
            return False
        self.unit.pass_time(STEP_US)
        return True

    def read(self) -> bytes:
        """What the unit has said since the last look."""
        if self.unit.device.at_prompt:
            return super().read()
        self.unit.pass_time(STEP_US)
        usb = self.unit.chip.usb
        new, self.sent = usb.total - self.sent, usb.total
        return usb.text()[-new:].encode("latin-1") if new else b""

    def write(self, data: bytes) -> None:
        """Take bytes of the host."""
        if self.unit.device.at_prompt:
            super().write(data)
        else:
            self.unit.chip.usb.type(data)
