"""A unit on a serial port: finds the port, identifies what answers, sends commands and programs.

Called by `tools.unit` and the commands for a unit on USB. Bytes go through mpremote's transport.
Nothing here ends a session: Ctrl-C, which would, is typed only where neither a unit nor a prompt
has answered.
"""

import io
import os
import re
import struct
import time
from contextlib import AbstractContextManager, redirect_stdout, suppress
from typing import Any

from sim.common.errors import BadInput
from tools.unit.about import ASK, About, Failed, judge_about, parse_object

GET = "pip install -e '.[deploy]'"
USB_ID = (0x2E8A, 0x0005)  # of MicroPython on an RP2040 or RP2350 (ports/rp2)
SHORT = {"a": "/dev/ttyACM", "u": "/dev/ttyUSB", "c": "COM"}  # mpremote's short names
CTRL_B, CTRL_C = b"\x02", b"\x03"
PROMPT = b">>> "
SHOW_PROMPT = b"\r" + CTRL_B  # a prompt prints itself again; a running unit ignores both
# Seconds by the clock, for a unit that answers within a second or two.
LISTEN_S = 3.0
ANSWER_S = 6.0
RETURN_S = 20.0
EXEC_S = 60.0
HEARD_MAX = 65_536


def import_mpremote() -> Any:
    """Pyserial and mpremote's two transport modules. Raises BadInput where they are missing."""
    try:
        import serial.tools.list_ports  # type: ignore[import-untyped]
        from mpremote import transport, transport_serial  # type: ignore[import-untyped]
    except ImportError:
        raise BadInput(f"a unit on USB needs mpremote: {GET}") from None
    return serial, transport, transport_serial


def find_port(device: str | None) -> str:
    """The port of a device by mpremote's name for it; without a name, of the only board. Raises
    BadInput."""
    serial = import_mpremote()[0]
    ports = sorted(serial.tools.list_ports.comports())
    if device is None:
        ours = [port.device for port in ports if (port.vid, port.pid) == USB_ID]
        if not ours:
            raise BadInput("no unit is plugged in: connect its USB, or name a port with --device")
        if len(ours) > 1:
            raise BadInput(f"{len(ours)} units ({', '.join(ours)}): name one with --device")
        return str(ours[0])
    if device.startswith("id:"):
        found = [port.device for port in ports if port.serial_number == device[3:]]
        if not found:
            raise BadInput(f"--device {device}: no port has this serial number")
        return str(found[0])
    short = re.fullmatch(r"([auc])(\d{1,3})", device)
    name = SHORT[short[1]] + short[2] if short else device.removeprefix("port:")
    if not name:
        raise BadInput(f"--device {device!r}: a0, u0, c0, id:SERIAL or port:NAME")
    return name


def terminal_errors() -> tuple[type[Exception], ...]:
    """Errors of the terminal that pyserial passes on where a port is gone."""
    try:
        import termios
    except ImportError:  # Windows
        return ()
    return (termios.error,)


class Device(AbstractContextManager["Device"]):
    """An open port, closed at the end of a `with`. Every method may raise BadInput."""

    def __init__(self, port: str) -> None:
        self.port = port
        _, transport, self._serial = import_mpremote()
        self._errors = (transport.TransportError, OSError, *terminal_errors())
        self.transport: Any = None
        self.heard = bytearray()
        self.open()

    def __exit__(self, *raised: object) -> None:
        self.close()

    def open(self) -> None:
        """Open the port."""
        try:
            self.transport = self._serial.SerialTransport(self.port, timeout=EXEC_S)
        except (*self._errors, ValueError):
            if os.name == "posix" and not os.path.exists(self.port):
                raise BadInput(f"{self.port}: there is no such port") from None
            raise BadInput(
                f"{self.port}: cannot be opened: close what else uses it, or see whether you may"
            ) from None

    def close(self) -> None:
        """Leave the raw prompt and close the port."""
        if self.transport is None:
            return
        with suppress(*self._errors):
            if self.transport.in_raw_repl:
                self.transport.serial.write(b"\r" + CTRL_C + CTRL_B)
            self.transport.serial.flush()
        with suppress(*self._errors):
            self.transport.close()
        self.transport = None

    def line_broken(self) -> BadInput:
        """The error where the port is gone."""
        return BadInput(f"{self.port}: the line broke off: plug the unit in, and run this again")

    # -- lines and prompts ---------------------------------------------------------------

    def read(self) -> bytes:
        """The bytes that have arrived, without waiting."""
        serial = self.transport.serial
        waiting = serial.in_waiting
        return bytes(serial.read(waiting)) if waiting else b""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self.transport.serial.write(data)
        except self._errors:
            raise self.line_broken() from None

    def lines(self, for_s: float) -> "Any":
        """Yield each line as it comes, and PROMPT for a prompt, for so many seconds."""
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            try:
                said = self.read()
            except self._errors:
                raise self.line_broken() from None
            if not said:
                time.sleep(0.01)
                continue
            self.heard += said
            del self.heard[:-HEARD_MAX]
            while b"\n" in self.heard:
                line, _, rest = bytes(self.heard).partition(b"\n")
                self.heard = bytearray(rest)
                yield line.strip()
            if self.heard.endswith(PROMPT):
                self.heard.clear()
                yield PROMPT

    def _receive(self) -> bool:
        """Take in what has arrived; after a short wait, False where nothing has."""
        try:
            said = self.read()
        except self._errors:
            raise self.line_broken() from None
        self.heard += said
        if not said:
            time.sleep(0.01)
        return bool(said)

    def next_line(self, until_s: float) -> bytes:
        """The next line; no bytes where none comes by this time of `time.monotonic`."""
        while b"\n" not in self.heard and time.monotonic() < until_s:
            self._receive()
            del self.heard[:-HEARD_MAX]
        line, end, rest = bytes(self.heard).partition(b"\n")
        if not end:
            return b""
        self.heard = bytearray(rest)
        return line.strip()

    def next_bytes(self, count: int, quiet_s: float) -> bytes:
        """The next bytes as they are; fewer where nothing comes for so many seconds."""
        until_s = time.monotonic() + quiet_s
        while len(self.heard) < count and time.monotonic() < until_s:
            if self._receive():
                until_s = time.monotonic() + quiet_s
        found = bytes(self.heard[:count])
        del self.heard[:count]
        return found

    def greet(self) -> str:
        """Return "unit" where one runs, "prompt" where MicroPython waits."""
        for typed in (SHOW_PROMPT, CTRL_C + CTRL_C + SHOW_PROMPT):
            self.write(typed)
            for line in self.lines(LISTEN_S):
                if line == PROMPT:
                    return "prompt"
                if "state" in parse_object(line):
                    return "unit"
        raise BadInput(f"{self.port}: neither a unit nor MicroPython answers: is it this port?")

    def ask(self, line: str) -> str:
        """Send a line to a running unit; return its answer. Raises BadInput where it refuses."""
        for _ in range(2):  # an answer is dropped where the last line is still on its way
            self.write(line.encode() + b"\n")
            for said in self.lines(ANSWER_S):
                answer = parse_object(said)
                if "error" in answer:
                    raise BadInput(f"{self.port}: the unit says: {answer['error']}")
                if "ok" in answer:
                    return str(answer["ok"])
        raise BadInput(f"{self.port}: the unit does not answer {line.partition(' ')[0]}: try again")

    def to_prompt(self) -> None:
        """Bring a unit into service mode and to MicroPython's prompt. A session refuses."""
        if self.greet() == "unit":
            self.ask("deploy")
            self.wait_for_restart(SHOW_PROMPT)
        try:
            with redirect_stdout(io.StringIO()):  # where mpremote prints what it did not expect
                self.transport.enter_raw_repl(soft_reset=False, timeout_overall=EXEC_S)
        except self._errors:
            raise BadInput(f"{self.port}: the prompt does not take a program: try again") from None

    def wait_for_restart(self, typed: bytes = b"") -> str:
        """Wait for the end of a restart. Return "unit", or the message of a dark unit, or "prompt"
        without one. The port may go and come back. `typed` is sent to make a prompt visible."""
        until_s = time.monotonic() + RETURN_S
        said = ""
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                if self.transport is None:
                    self.open()
                if left_s < RETURN_S / 2:
                    typed = SHOW_PROMPT
                self.write(typed)
                for line in self.lines(1.0):
                    if line.startswith(b"waistband: "):
                        said = line[11:].decode("utf-8", "replace")
                    elif line == PROMPT and (typed or said):
                        return said or "prompt"
                    elif "state" in parse_object(line) and not typed:
                        return "unit"
            except BadInput:
                self.close()
                time.sleep(0.2)
        raise BadInput(f"{self.port}: the unit did not come back: plug it in anew")

    # -- at the prompt -------------------------------------------------------------------

    def run(self, program: str) -> str:
        """Run a program; return what it prints. Raises Failed with the unit's exception."""
        try:
            out, raised = self.transport.exec_raw(program, timeout=EXEC_S)
        except (*self._errors, struct.error):  # struct.error: half of an answer
            raise self.line_broken() from None
        if raised:
            raise Failed(raised.decode("utf-8", "replace").strip().rpartition("\n")[2].strip())
        return str(out.decode("utf-8", "replace")).replace("\r\n", "\n")

    def about(self) -> About:
        """Identify what runs there. Raises BadInput where it cannot be a unit."""
        try:
            return judge_about(self.run(ASK), self.port)
        except Failed:
            raise BadInput(f"{self.port}: what answers is no MicroPython of ours") from None

    def run_and_reset(self, program: str) -> None:
        """Run a program that ends in a reset."""
        try:
            self.transport.exec_raw_no_follow(program)
            self.transport.in_raw_repl = False
        except self._errors:
            raise self.line_broken() from None
