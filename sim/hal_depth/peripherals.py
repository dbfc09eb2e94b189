"""Peripherals without physics at HAL depth: people, a host, storage, the wall clock.

The part of the HAL contract that `sim.hal_depth.sim_hal` inherits, and what a reset makes of it.
Commands and files are put in, and telemetry taken out, by tools and tests.
"""

import hashlib

from firmware.core.limits import TICK_MS
from hal.contract import POWER_ON, Hal
from hal.ds3231 import decode, encode
from hal.resets import ARMED
from sim.faults.hardware import CLOCK_S

ROWS, BLANK = 8, b" " * 16
CUES_KEPT = 8  # a second holds no more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Peripherals(Hal):
    """Everything that is neither sensor nor emitter."""

    def __init__(self) -> None:
        self.t_ms = -TICK_MS  # since power-on, never wraps
        self.start_ms = 0  # what the unit's clock reads then
        self.supply = False  # the supply switch is closed
        self.powered = True
        self.armed = False
        self.begin_dark()
        self.on_line: Callable[[bytes], object] | None = None  # takes telemetry
        self.on_row: Callable[[int, bytes], object] | None = None  # takes rows of the screen
        self.on_cue: Callable[[int], object] | None = None  # takes cues
        self.rows = [BLANK] * ROWS  # of the screen
        self.cues: list[tuple[int, int]] = []  # the latest: (t_ms, number)
        self.commands: list[bytes] = []  # lines for the unit, first first
        self.files: dict[str, bytes] = {}
        self.mounted = True  # ... which can be read
        self.unreadable: set[str] = set()  # ... but for these
        self.full = False  # ... and nothing more can be written
        self.torn: BaseException | None = None  # ends the program in the middle of a write
        self.word = 0
        self.clock_s: int | None = CLOCK_S
        self.clock_bit: int | None = None  # of its time registers, that reads wrong

    def reset_peripherals(self) -> None:
        """A reset: only the scratch word, what is outside the chip and `t_ms` are as they were."""
        self.armed = False
        self.rows = [BLANK] * ROWS
        self.start_ms = -self.t_ms

    def begin_dark(self) -> None:
        """The program's loop begins, dark."""
        self._dark_ms = 0
        self._dark_from_ms = self.fed_ms = self.t_ms

    def dark_so_far_ms(self) -> int:
        """How long this boot cycle's loop ran with emitters not armed."""
        return self._dark_ms + (0 if self.armed else self.t_ms - self._dark_from_ms)

    def arm(self, armed: bool) -> None:
        """The arming word, and the watchdog set anew: short or, with the switch open, long."""
        if armed:
            self._dark_ms = self.dark_so_far_ms()
            self.word |= ARMED
        elif self.supply:
            return
        else:
            self._dark_from_ms = self.t_ms
            self.word &= ~ARMED
        self.armed = armed
        self.fed_ms = self.t_ms

    def carrier(self, hz: int) -> None:
        """Nothing: the plant is too slow to feel it."""

    def feed(self) -> None:
        """A tick went through whole."""
        self.fed_ms = self.t_ms

    def signal(self, cue: int) -> None:
        """Keep the cue and its time among the latest."""
        self.cues = self.cues[1 - CUES_KEPT :] + [(self.t_ms, cue)]
        if self.on_cue:
            self.on_cue(cue)

    def show(self, row: int, cells: bytearray) -> None:
        """Keep the row."""
        self.rows[row] = bytes(cells)
        if self.on_row:
            self.on_row(row, self.rows[row])

    def write_line(self, line: bytearray, length: int) -> None:
        """To `on_line`, if there is one."""
        if self.on_line:
            self.on_line(bytes(line[:length]))

    def listening(self) -> bool:
        """Whether there is an `on_line`, or a line for the unit: who sends one listens."""
        return self.on_line is not None or len(self.commands) > 0

    def read_line(self) -> "bytes | None":
        """The next of `commands`."""
        return self.commands.pop(0) if self.commands else None

    def send_file(self, name: str, size: int) -> None:
        """All of it at once to `on_line`, if there is one."""
        if self.on_line:
            content = (self.load(name) or b"")[:size]
            self.on_line(content)
            digest = hashlib.sha256(content).hexdigest()
            self.on_line(b'{"sha256":"' + digest.encode() + b'"}\n')

    def receive(self, command: bytes, size: int) -> None:
        """The next of `commands` is the file."""
        body = self.commands.pop(0) if self.commands else b""
        self.commands.insert(0, command + b"\n" + body[:size])

    def restart(self) -> None:
        """The run is over: whoever runs it again with its files has the restarted unit."""
        self.powered = False

    def power_off(self) -> None:
        """The unit is off; its run is over."""
        self.powered = False

    def restart_to_service(self) -> None:
        """The run is over: there is no service mode at this depth."""
        self.powered = False

    def reset_cause(self) -> int:
        """Return power-on: each run begins with it. Resets are `sim.hal_depth.lifecycle`'s."""
        return POWER_ON

    def scratch(self) -> int:
        """The word of `set_scratch`."""
        return self.word

    def set_scratch(self, word: int) -> None:
        """Keep a word."""
        self.word = word

    def load(self, name: str) -> "bytes | None":
        """One of `files`; no bytes where it cannot be read."""
        return self.files.get(name) if self.mounted and name not in self.unreadable else b""

    def store(self, name: str, content: bytes) -> bool:
        """Replace one of `files`; whatever cuts that short, the old one is still there."""
        if self.full or not self.mounted:
            return False
        if self.torn:
            torn, self.torn = self.torn, None
            raise torn
        self.files[name] = content
        return True

    def append(self, name: str, content: bytes) -> bool:
        """Add to one of `files`, whole or not at all, as littlefs does."""
        return self.store(name, self.files.get(name, b"") + content)

    def size(self, name: str) -> "int | None":
        """Bytes of one of `files`; its folder's entry can be read even where it cannot."""
        content = self.files.get(name)
        return -1 if not self.mounted else None if content is None else len(content)

    def tail(self, name: str, most: int) -> "bytes | None":
        """Last bytes of one of `files`."""
        content = self.load(name)
        return None if content is None else content[-most:]

    def wall_clock(self) -> "int | None":
        """The clock, unless it is unset; as its chip's driver reads it where a bit is wrong."""
        if self.clock_s is None:
            return None
        now_s = self.clock_s + max(self.t_ms, 0) // 1000
        if self.clock_bit is None:
            return now_s
        registers = encode(now_s)
        registers[self.clock_bit // 8] ^= 1 << self.clock_bit % 8
        return decode(registers)

    def set_wall_clock(self, seconds: int) -> bool:
        """Set it."""
        self.clock_s = seconds - max(self.t_ms, 0) // 1000
        return True
