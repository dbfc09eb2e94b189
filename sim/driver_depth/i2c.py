"""The two I2C buses, and `machine.I2C` on them: bit time, NAK, timeout, a bus held low.

As MicroPython's rp2 port: each transfer has the whole timeout to itself; a target that
does not acknowledge is EIO. `readfrom_mem` is two transfers, and when the first fails it
adds a third, which waits for a held clock line once more.
"""

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.core import Chip
    from sim.driver_depth.parts import Part

OVERHEAD_US = 20  # of a call (assumed)
BITS = 9  # a byte and its acknowledgement
FRAMING_BITS = 2  # start and stop
DEFAULT_HZ, DEFAULT_TIMEOUT_US = 400_000, 50_000
FIRST, LAST = 0x08, 0x77  # addresses that a scan asks
I2C_FUNCTION = 3


class Bus:
    """Two wires, and the targets on them by address."""

    def __init__(self, parts: "list[Part]") -> None:
        self.parts = {part.address: part for part in parts}
        self.transfers = 0
        self.worst_us = 0

    def find(self, address: int) -> "Part | None":
        """The target that acknowledges this address."""
        part = self.parts.get(address)
        return part if part is not None and part.answers() else None


class I2C:
    """`machine.I2C`; `chip` and `buses` are set on a subclass made for each chip."""

    chip: "Chip"
    buses: tuple[Bus, Bus]
    pins: tuple[tuple[int, int], tuple[int, int]] = ((5, 4), (7, 6))  # scl, sda where none is named

    def __init__(
        self, id: int, freq: int = DEFAULT_HZ, *, scl: object = None, sda: object = None,
        timeout: int = DEFAULT_TIMEOUT_US,
    ) -> None:  # fmt: skip
        if id not in (0, 1):
            raise ValueError(f"I2C({id}) doesn't exist")
        self.number = id
        self.bus = self.buses[id]
        default_scl, default_sda = self.pins[id]
        scl_pin = default_scl if scl is None else pin_number(scl)
        sda_pin = default_sda if sda is None else pin_number(sda)
        if scl_pin & 3 != 2 * id + 1:
            raise ValueError("bad SCL pin")
        if sda_pin & 3 != 2 * id:
            raise ValueError("bad SDA pin")
        self.timeout_us = timeout
        self.bit_us = 1e6 / freq
        for pin in (scl_pin, sda_pin):
            self.chip.gpio.set_function(pin, I2C_FUNCTION)
        self.chip.spend(OVERHEAD_US)

    def _begin(self, address: int, count: int) -> "Part":
        """Time for a transfer; raises what it fails with."""
        chip, bus = self.chip, self.bus
        bus.transfers += 1
        if self.number == chip.wiring.sensors_bus and chip.bench.hardware.bus_holds:
            self._spend(self.timeout_us)
            raise OSError(errno.ETIMEDOUT, "ETIMEDOUT")
        part = bus.find(address)
        if part is None:
            self._spend(OVERHEAD_US + int((BITS + FRAMING_BITS) * self.bit_us))
            missing = errno.EIO if count else errno.ENODEV  # an empty write is done in software
            raise OSError(missing, errno.errorcode[missing])
        wanted_us = int(((count + 1) * BITS + FRAMING_BITS) * self.bit_us)
        if wanted_us > self.timeout_us:
            self._spend(self.timeout_us)
            through = int(self.timeout_us / self.bit_us / BITS) - 1
            raise TooLong(part, through)
        self._spend(OVERHEAD_US + wanted_us)
        return part

    def _spend(self, us: int) -> None:
        if us > self.bus.worst_us:
            self.bus.worst_us = us
        self.chip.spend(us)

    def writeto(self, addr: int, buf: bytes, stop: bool = True) -> int:
        """Write; returns how many bytes were acknowledged. An empty write only asks for ACK."""
        data = bytes(buf)
        try:
            part = self._begin(addr, len(data))
        except TooLong as cut:
            cut.part.written(data[: cut.through], self.chip.us)
            raise OSError(errno.ETIMEDOUT, "ETIMEDOUT") from None
        if data:
            part.written(data, self.chip.us)
        return len(data)

    def readfrom_into(self, addr: int, buf: "bytearray | memoryview", stop: bool = True) -> None:
        """Fill the buffer."""
        count = len(buf)
        try:
            part = self._begin(addr, count)
        except TooLong:
            raise OSError(errno.ETIMEDOUT, "ETIMEDOUT") from None
        buf[:] = part.read(count, self.chip.us)

    def readfrom_mem_into(
        self, addr: int, memaddr: int, buf: "bytearray | memoryview", *, addrsize: int = 8
    ) -> None:
        """Write a register's number, then read."""
        try:
            self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big"), False)
        except OSError:
            self._stop_after_failure(addr)
            raise
        self.readfrom_into(addr, buf)

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
        """The same, into new bytes."""
        buffer = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buffer, addrsize=addrsize)
        return bytes(buffer)

    def _stop_after_failure(self, addr: int) -> None:
        """`extmod/machine_i2c.c` generates a stop by an empty write, in software."""
        try:
            self.writeto(addr, b"")
        except OSError:
            return

    def scan(self) -> list[int]:
        """Addresses that acknowledge."""
        found = []
        for address in range(FIRST, LAST + 1):
            try:
                self.writeto(address, b"")
            except OSError:
                continue
            found.append(address)
        return found


class TooLong(Exception):
    """A transfer that its timeout cuts short after so many bytes."""

    def __init__(self, part: "Part", through: int) -> None:
        super().__init__()
        self.part = part
        self.through = through


def pin_number(pin: object) -> int:
    """The number of a pin given as an object or as a number."""
    number = getattr(pin, "id", pin)
    if not isinstance(number, int):
        raise ValueError("invalid pin")
    return number
