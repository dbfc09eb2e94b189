"""USB console of the chip: output, input, and when output blocks the program.

As MicroPython's `mp_usbd_cdc.c`: without a host, output is thrown away; a host that reads takes all
of it; with one that has stopped reading, a packet of 64 bytes waits in the endpoint and 256 behind
it, and then each write waits up to 500 ms.
"""

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.clock import Clock

BUFFER = 64 + 256
TIMEOUT_US = 500_000
WRITE_US = 30  # of a short line (assumed); 0.9 a byte more, measured on the emulated chip
ENDPOINT, ENDPOINT_BUFFER = 0x5010_0010, 0x5010_0090  # registers of endpoint 2 IN
BULK_ENABLED, WAITING = 1 << 31 | 2 << 26, 1 << 10
POLLIN, POLLOUT = 1, 4
KEPT = 100_000  # characters of output that are remembered
CTRL_C = 3
TYPED = 10_000  # ... of input
NO_INPUT: tuple[int, ...] = ()  # MicroPython's deque takes no keyword
NO_OUTPUT: tuple[str, ...] = ()


class Usb:
    """A host may be `connected` (a terminal is open) and `reading` (it takes output)."""

    def __init__(self, clock: "Clock") -> None:
        self.clock = clock
        self.kbd_intr = CTRL_C  # the character that interrupts; -1 is none
        self.connected = False
        self.reading = True
        self.waiting = 0  # bytes that the host has not taken
        self.received: deque[int] = deque(NO_INPUT, TYPED)
        self.output: deque[str] = deque(NO_OUTPUT, KEPT + 1)  # what the host saw, newest last
        self.kept = 0
        self.total = 0  # characters of output that the host ever saw
        self.blocked_us = 0  # spent waiting for the host, in all

    def write(self, text: str) -> int:
        """Output text, as print does; returns how much was taken. May block."""
        self.clock.spend(WRITE_US + len(text) * 9 // 10)
        if not self.connected:
            return len(text)
        sent = len(text)
        if self.reading:
            self.waiting = 0
        else:
            sent = min(sent, BUFFER - self.waiting)
            self.waiting += sent
            if sent < len(text):
                self.blocked_us += TIMEOUT_US
                self.clock.spend(TIMEOUT_US)
        if sent:
            self.output.append(text[:sent])
            self.kept += sent
            self.total += sent
        while self.kept > KEPT:
            self.kept -= len(self.output.popleft())
        return sent

    def text(self) -> str:
        """Return the last output that the host has seen."""
        return "".join(self.output)

    def poll(self, events: int) -> int:
        """Return those of POLLIN and POLLOUT that would not block."""
        writable = not self.connected or self.reading or self.waiting < BUFFER
        return events & (POLLIN * bool(self.received) | POLLOUT * writable)

    def registers(self) -> "dict[int, int]":
        """Registers of the USB controller: the console's endpoint, and whether a packet waits."""
        waits = self.waiting > 0 and not self.reading
        return {ENDPOINT: BULK_ENABLED, ENDPOINT_BUFFER: WAITING if waits else 0}

    def type(self, text: "str | bytes") -> None:
        """The host sends characters; Ctrl-C interrupts the program unless that is off."""
        for byte in text.encode() if isinstance(text, str) else text:
            if byte == self.kbd_intr:
                self.received = deque(NO_INPUT, TYPED)
                self.clock.raise_in_program(KeyboardInterrupt())
            else:
                self.received.append(byte)

    def read(self, count: int) -> bytes:
        """Wait for so many bytes of input, and return them."""
        taken = bytearray()
        while len(taken) < count:
            if self.received:
                taken.append(self.received.popleft())
            else:
                self.clock.spend(1_000)
        return bytes(taken)
