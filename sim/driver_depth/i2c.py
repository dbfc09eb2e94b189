"""The two I2C buses, and `machine.I2C` on them: bit time, NAK, timeout, a bus held low.

As in MicroPython's rp2 port: each transfer has the whole timeout to itself; a target that does not
acknowledge its address is EIO. A data byte without acknowledgement ends a write, which raises
nothing and returns how many were acknowledged (`i2c_write_blocking_internal` of the Pico SDK).
`readfrom_mem_into` is two transfers, and when the first fails it adds a third, which waits for a
held clock line once more. A data line that a part holds until it is clocked is EIO, at once.
"""

import errno

from sim.driver_depth.gpio import I2C as I2C_FUNCTION
from sim.driver_depth.gpio import pin_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.core import Chip
    from sim.driver_depth.parts import Part

OVERHEAD_US = 20  # of a call (assumed)
BITS = 9  # a byte and its acknowledgement
FRAMING_BITS = 2  # start and stop


class Bus:
    """Two wires, and the targets on them by address."""

    def __init__(self, parts: "list[Part]") -> None:
        self.parts = {part.address: part for part in parts}
        self.transfers = 0
        self.worst_us = 0

    def find(self, address: int) -> "Part | None":
        """Return the target that acknowledges this address."""
        part = self.parts.get(address)
        return part if part is not None and part.answers() else None


class I2C:
    """`machine.I2C`; `chip` and `buses` are set on a subclass made for each chip."""

    chip: "Chip"
    buses: tuple[Bus, Bus]

    def __init__(
        self, id: int, freq: int = 400_000, *, scl: object, sda: object, timeout: int = 50_000
    ) -> None:
        if id not in (0, 1):
            raise ValueError(f"I2C({id}) doesn't exist")
        self.number = id
        self.bus = self.buses[id]
        scl_pin, sda_pin = pin_number(scl), pin_number(sda)
        if scl_pin & 3 != 2 * id + 1:
            raise ValueError("bad SCL pin")
        if sda_pin & 3 != 2 * id:
            raise ValueError("bad SDA pin")
        self.timeout_us = timeout
        self.bit_us = 1e6 / freq
        for pin in (scl_pin, sda_pin):
            self.chip.gpio.set_function(pin, I2C_FUNCTION)
        self.chip.spend(OVERHEAD_US)

    def _begin(self, address: int, count: int) -> "tuple[Part, int]":
        """Spend the time of a transfer. Return the target, and how many bytes get through before
        the timeout. Raises OSError for a held bus and an address without acknowledgement."""
        chip, bus = self.chip, self.bus
        bus.transfers += 1
        if self.number == chip.wiring.sensors_bus and chip.bench.hardware.bus_holds:
            self._spend(self.timeout_us)
            raise OSError(errno.ETIMEDOUT, "ETIMEDOUT")
        if self.number == chip.wiring.sensors_bus and chip.bench.hardware.low_clocks:
            self._spend(OVERHEAD_US)
            raise OSError(errno.EIO, "EIO")  # arbitration is lost to whoever holds SDA
        part = bus.find(address)
        if part is None:
            self._spend(OVERHEAD_US + int((BITS + FRAMING_BITS) * self.bit_us))
            missing = errno.EIO if count else errno.ENODEV  # an empty write is done in software
            raise OSError(missing, errno.errorcode[missing])
        wanted_us = int(((count + 1) * BITS + FRAMING_BITS) * self.bit_us)
        if wanted_us > self.timeout_us:
            self._spend(self.timeout_us)
            return part, int(self.timeout_us / self.bit_us / BITS) - 1
        self._spend(OVERHEAD_US + wanted_us)
        return part, count

    def _spend(self, us: int) -> None:
        self.bus.worst_us = max(self.bus.worst_us, us)
        self.chip.spend(us)

    def writeto(self, addr: int, buf: bytes, stop: bool = True) -> int:
        """Write; returns how many bytes were acknowledged. An empty write only asks for ACK."""
        data = bytes(buf)
        target = self.bus.find(addr)
        acknowledged = len(data) if target is None else min(len(data), target.acknowledged)
        refused = acknowledged < len(data)
        part, through = self._begin(addr, acknowledged + refused)
        if data:
            part.written(data[: min(through, acknowledged)], self.chip.us)
        if through < acknowledged + refused:
            raise OSError(errno.ETIMEDOUT, "ETIMEDOUT")
        return acknowledged

    def readfrom_into(self, addr: int, buf: "bytearray | memoryview", stop: bool = True) -> None:
        """Fill the buffer."""
        part, through = self._begin(addr, len(buf))
        if through < len(buf):
            raise OSError(errno.ETIMEDOUT, "ETIMEDOUT")
        buf[:] = part.read(len(buf), self.chip.us)

    def readfrom_mem_into(self, addr: int, memaddr: int, buf: "bytearray | memoryview") -> None:
        """Write a register's number, then read."""
        try:
            self.writeto(addr, bytes([memaddr]), False)
        except OSError:
            try:
                self.writeto(addr, b"")  # `extmod/machine_i2c.c` generates a stop in software
            except OSError:
                pass
            raise
        self.readfrom_into(addr, buf)
