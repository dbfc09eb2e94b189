"""I2C bus of the emulated chip: each byte takes its nine bits, and a target answers.

`sim.pin_depth.adapter` puts one on each I2C controller. A target that does not acknowledge would
leave MicroPython's driver waiting for its timeout: here the transmit FIFO is empty after it, as on
the chip. The same holds where a target does not acknowledge a data byte.
"""

from collections.abc import Callable
from typing import Any, Protocol

from sim.pin_depth.pace import CYCLE_NS, whole_us

READ_BYTES = 16  # asked of an I2C part at a time
BITS = 9  # a byte and its acknowledgement
TX_EMPTY = 1 << 4  # of IC_RAW_INTR_STAT, RP2040 data sheet 4.3.17
IC_ENABLE = 0x6C


class Target(Protocol):
    """A part on an I2C bus; `sim.driver_depth.parts.Part` is one."""

    acknowledged: int  # bytes of a write

    def written(self, data: bytes, us: int) -> None:
        """Bytes of one transfer, after the address."""

    def read(self, count: int, us: int) -> bytes:
        """Return so many bytes from the register that it points to."""


class I2cBus:
    """One I2C bus as its controller sees it: each byte takes its nine bits."""

    def __init__(
        self, clock: Any, bus: Any, find: Callable[[int], Target | None],
        held: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.clock = clock
        self.bus = bus
        self.find = find
        self.held = held
        self.target: Target | None = None
        self.sent = bytearray()  # by the controller, in this transfer
        self.answer = b""  # of the target, and how much of it is taken
        self.taken = 0
        self.then: Callable[[], None] | None = None
        self.alarm = clock.create_alarm(self._run_next)
        self.bus.on_start = self._start
        self.bus.on_connect = self._connect
        self.bus.on_write_byte = self._write
        self.bus.on_read_byte = self._read
        self.bus.on_stop = self._stop
        write = self.bus.write_uint32

        def register_written(offset: int, value: int) -> None:
            if offset == IC_ENABLE and not value & 1 and self.bus._busy and self.then is None:
                # switched off: it lets go of the bus
                self.bus._state, self.bus._busy = type(self.bus._state).IDLE, False
            write(offset, value)

        self.bus.write_uint32 = register_written

    def _after(self, bits: int, then: Callable[[], None]) -> None:
        bus = self.bus
        bit_ns = (bus.scl_high_period + bus.scl_low_period) * CYCLE_NS
        self.then = then
        self.alarm.schedule(bits * bit_ns)

    def _run_next(self) -> None:
        then, self.then = self.then, None
        if then:
            then()

    def _hand_over(self) -> None:
        """The target gets what was written, once a start or a stop ends it."""
        if self.sent and self.target:
            self.target.written(bytes(self.sent), whole_us(self.clock))
        self.sent = bytearray()

    def _start(self, repeated: bool) -> None:
        self._hand_over()
        if not self.held():  # else no start gets through, and the driver's patience decides
            self._after(1, self.bus.complete_start)

    def _connect(self, address: int, mode: Any) -> None:
        self.target = self.find(address)
        self.answer, self.taken = b"", 0
        self._after(BITS, self._connected)

    def _connected(self) -> None:
        found = self.target is not None
        self.bus.complete_connect(found)
        if not found:
            self.bus._set_interrupts(TX_EMPTY)

    def _write(self, value: int) -> None:
        taken = self.target is not None and len(self.sent) < self.target.acknowledged
        if taken:
            self.sent.append(value)
        self._after(BITS, lambda: self._written(taken))

    def _written(self, taken: bool) -> None:
        self.bus.complete_write(taken)
        if not taken:
            self.bus._set_interrupts(TX_EMPTY)

    def _read(self, more: bool) -> None:
        if self.taken == len(self.answer) and self.target:
            self.answer, self.taken = self.target.read(READ_BYTES, whole_us(self.clock)), 0
        value = self.answer[self.taken] if self.target else 0xFF
        self.taken += 1
        self._after(BITS, lambda: self.bus.complete_read(value))

    def _stop(self) -> None:
        self._hand_over()
        self._after(1, self.bus.complete_stop)
