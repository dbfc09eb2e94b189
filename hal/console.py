"""Telemetry out and commands in, over USB, without ever waiting for a host; files both ways.

Made by `hal.rp2_hal`, which calls `step` once a tick. A write to a connected host that does not
read blocks for up to half a second, and being writable means room for one byte: so a line is kept,
and let out a few bytes a tick, each after asking. `ipoll` keeps its tuple, where `poll` makes a
list each time.

A file goes out in pieces of PIECE bytes, one a tick, each in one write. What makes such a write
safe is the USB controller's own word (`_is_drained`): once the endpoint is idle, MicroPython keeps
nothing for the host, and its 256 bytes and the endpoint's packet are free. No host can change that.
Byte by byte a piece would take 15 ms, measured on the emulated chip; in one write it takes 0.3.

    file out   its bytes as they are, then a line {"sha256":"<64 digits>"}
    file in    bytes as they are; `read_line` then gives the command, a newline and the bytes

Both are given up after PATIENCE_TICKS without a byte, at Ctrl-C, and at `end_transfer`, which the
HAL calls before light. A piece allocates nothing.
"""

import binascii
import hashlib
import select
import struct
import sys

from machine import mem32

from hal.contract import HEARD_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from select import poll
    from typing import BinaryIO

SAID_MAX = 512
WHOLE = "512s"  # of what is said
BYTES_A_STEP = 16  # out or in: 800 bytes a second, about 1 ms of a tick
INTERRUPT = 3  # Ctrl-C, a plain character while the loop runs
PIECE = 320  # of a file, out: MicroPython's buffer of 256 and a packet of 64
BYTES_RECEIVED = 64  # of a file, in, a tick: 3 ms
PATIENCE_TICKS = 100  # 2 s
# RP2040 and RP2350: endpoint 2 IN, which is the console's in MicroPython's USB descriptor.
ENDPOINT = 0x5010_0010  # its control: bit 31 enabled, bits 26 and 27 its type
BULK = 0b10
BUFFER = 0x5010_0090  # its buffer control: bit 10 while a packet waits for the host
WAITING = 1 << 10


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
        self.piece = memoryview(self.said)[:PIECE]
        self.file: BinaryIO | None = None  # on its way out
        self.bulk = False  # the endpoint is the one that is looked at
        self.left = 0  # bytes of it that were not read yet
        self.digest = hashlib.sha256()  # of those that were
        self.asked = b""  # the command that `body` belongs to
        self.body: bytearray | None = None  # a file on its way in
        self.waited = 0  # ticks in which a file did not go on
        _ready(self.writable)  # makes the pollers' tuples now rather than in a tick
        _ready(self.readable)

    def is_free(self) -> bool:
        """Whether the last line is gone and a byte would be taken. A host that reads, and none at
        all, look the same to the chip; a host that stopped reading does not."""
        if self.file is not None or self.body is not None or self.sent < self.length:
            return False
        return _ready(self.writable)

    def write_line(self, line: bytearray, length: int) -> None:
        """Take a line to be sent. A line is dropped while the last one is still on its way (nobody
        reads, or too slowly), and where it is longer than SAID_MAX."""
        if self.file is not None or self.sent < self.length or not 0 < length <= SAID_MAX:
            return
        struct.pack_into(WHOLE, self.said, 0, line)  # a loop would take 4 ms, a slice the heap
        self.length = length
        self.sent = 0

    def step(self) -> None:
        """Let some bytes out, as far as they are taken at once, and take some in."""
        if self.file is not None or self.body is not None:
            self.waited += 1
            if self.waited > PATIENCE_TICKS:
                self.end_transfer()
        self._speak()
        self._listen()

    def send_file(self, name: str, size: int) -> None:
        """Send the first `size` bytes of a file, after what is said. Only while dark."""
        try:
            self.file = open(name, "rb")  # noqa: SIM115 - closed at its end, ticks later
        except OSError:
            return
        self.left = size
        self.digest = hashlib.sha256()
        self.waited = 0
        control = mem32[ENDPOINT] >> 26
        self.bulk = control & 0b100011 == 0b100000 | BULK

    def receive(self, command: bytes, size: int) -> None:
        """Take the next `size` bytes as they are: `read_line` then gives `command`, a newline and
        the bytes, or fewer where they do not come. Only while dark."""
        self.asked = command + b"\n"
        self.body = bytearray(size)
        self.fill = 0
        self.waited = 0

    def end_transfer(self) -> None:
        """Give up files on their way. The host sees no whole one: what is left does not follow."""
        if self.file is not None:
            self.file.close()
            self.file = None
            self.sent = self.length
        if self.body is not None:
            self._take_body()

    def _take_body(self) -> None:
        """The bytes that came are a line now."""
        if self.body is not None:
            self.line = self.asked + self.body[: self.fill]
        self.body = None
        self.fill = 0

    def _read_piece(self, file: "BinaryIO") -> None:
        """Have the next piece of the file said, or what is behind its last."""
        count = 0
        if self.left:
            try:
                count = min(file.readinto(self.piece) or 0, self.left)
            except OSError:
                self.left = 0  # the host misses bytes
        if count:
            self.left -= count
            self.digest.update(self.piece if count == PIECE else self.piece[:count])
            self.length = count
            self.sent = 0
            return
        self.end_transfer()
        end = b'{"sha256":"' + binascii.hexlify(self.digest.digest()) + b'"}\n'
        self.write_line(bytearray(end + bytes(SAID_MAX - len(end))), len(end))

    def _is_drained(self) -> bool:
        """Whether the host has taken all that was sent: the endpoint is idle, and still is after
        the USB stack ran (a poll runs it), which would have given it what it keeps."""
        if not self.bulk or mem32[BUFFER] & WAITING or not _ready(self.writable):
            return False
        return not mem32[BUFFER] & WAITING

    def read_line(self) -> "bytes | None":
        """A whole line, without its end, if one has come. Longer lines than HEARD_MAX are
        dropped whole; control characters are left out."""
        line = self.line
        self.line = None
        return line

    def _speak(self) -> None:
        one = self.one
        if self.file is not None:
            if self.sent >= self.length:
                self._read_piece(self.file)
            if self._is_drained():
                # MicroPython's write takes an offset and a length
                self.output.write(self.said, self.sent, self.length - self.sent)
                self.sent = self.length
                self.waited = 0
                return
        for _ in range(BYTES_A_STEP):
            if self.sent >= self.length or not _ready(self.writable):
                return
            one[0] = self.said[self.sent]
            self.output.write(one)
            self.sent += 1
            self.waited = 0

    def _listen(self) -> None:
        """Always as much as there is: Ctrl-C must be heard, whatever else waits. A line that
        comes before the last one was asked for is dropped."""
        one = self.one
        for _ in range(BYTES_A_STEP if self.body is None else BYTES_RECEIVED):
            if not _ready(self.readable) or not self.input.readinto(one):
                return
            code = one[0]
            if code == INTERRUPT:
                self.interrupted = True
                self.end_transfer()
            elif self.body is not None:
                self.body[self.fill] = code
                self.fill += 1
                self.waited = 0
                if self.fill == len(self.body):
                    self._take_body()
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
