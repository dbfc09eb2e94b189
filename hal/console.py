"""Telemetry out and commands in, over USB, without ever waiting for a host.

A write to a connected host that does not read blocks for up to half a second, and
being writable means room for one byte: so a line is kept, and let out a few bytes a
tick, each after asking. `ipoll` keeps its tuple, where `poll` makes a list each time.
"""

import select
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from select import poll

SAID_MAX = 512
WHOLE = "512s"  # of what is said
HEARD_MAX = 120
BYTES_A_STEP = 16  # out or in: 800 bytes a second, about 1 ms of a tick
INTERRUPT = 3  # Ctrl-C, a plain character while the loop runs


def _ready(poller: "poll") -> bool:
    for _ in poller.ipoll(0):
        return True
    return False


class Console:
    """One line on its way out, one on its way in."""

    def __init__(self) -> None:
        self.output = sys.stdout.buffer
        self.input = sys.stdin.buffer
        self.writable = select.poll()
        self.writable.register(sys.stdout, select.POLLOUT)
        self.readable = select.poll()
        self.readable.register(sys.stdin, select.POLLIN)
        self.one = bytearray(1)
        self.said = bytearray(SAID_MAX)
        self.length = 0  # of what is said
        self.sent = 0  # of it
        self.heard = bytearray(HEARD_MAX)
        self.fill = 0
        self.overlong = False
        self.line: bytes | None = None  # heard whole, and not yet asked for
        self.interrupted = False  # Ctrl-C came: whoever asks takes it back
        _ready(self.writable)  # makes the pollers' tuples now rather than in a tick
        _ready(self.readable)

    def is_free(self) -> bool:
        """Whether the last line is gone and a byte would be taken. A host that reads, and none at
        all, look the same to the chip; a host that stopped reading does not."""
        return self.sent >= self.length and _ready(self.writable)

    def write_line(self, line: bytearray, length: int) -> None:
        """Take a line to be sent. A line is dropped while the last one is still on its way (nobody
        reads, or too slowly), and where it is longer than SAID_MAX."""
        if self.sent < self.length or not 0 < length <= SAID_MAX:
            return
        struct.pack_into(WHOLE, self.said, 0, line)  # a loop would take 4 ms, a slice the heap
        self.length = length
        self.sent = 0

    def step(self) -> None:
        """Let some bytes out, as far as they are taken at once, and take some in."""
        self._speak()
        self._listen()

    def read_line(self) -> "bytes | None":
        """A whole line, without its end, if one has come. Longer lines than HEARD_MAX are
        dropped whole; control characters are left out."""
        line = self.line
        self.line = None
        return line

    def _speak(self) -> None:
        one = self.one
        for _ in range(BYTES_A_STEP):
            if self.sent >= self.length or not _ready(self.writable):
                return
            one[0] = self.said[self.sent]
            self.output.write(one)
            self.sent += 1

    def _listen(self) -> None:
        """Always as much as there is: Ctrl-C must be heard, whatever else waits. A line that
        comes before the last one was asked for is dropped."""
        one = self.one
        for _ in range(BYTES_A_STEP):
            if not _ready(self.readable) or not self.input.readinto(one):
                return
            code = one[0]
            if code == INTERRUPT:
                self.interrupted = True
            elif code in (10, 13):
                if self.fill and not self.overlong and self.line is None:
                    self.line = bytes(self.heard[: self.fill])
                self.fill = 0
                self.overlong = False
            elif self.fill == HEARD_MAX:
                self.overlong = True
            elif code >= 32:
                self.heard[self.fill] = code
                self.fill += 1
