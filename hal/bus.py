"""An I2C bus that is allowed to fail, and the parts on it.

`Bus` turns every OSError into an answer and counts it; `Part` is a chip with 16-bit
registers that is set up from a table and listened to only while the set-up holds.
`writeto` raises nothing where a chip does not acknowledge a data byte: it returns how many were
acknowledged, and fewer than were sent is a transfer that failed.
One transfer a call, and a bus that is held costs its timeout of 5 ms once. MicroPython's
timeouts are in microseconds; its `readfrom_mem_into` waits twice where the clock is held
(a stop by software follows the failure), and its `writeto_mem` allocates: so a register
is written and read in two plain steps, and set in one.
"""

import errno
import time

from machine import I2C, Pin

FREQUENCY_HZ = 400_000
TIMEOUT_US = 5_000
STUCK_AFTER = 3  # timeouts running
COUNT_MAX = (1 << 30) - 1
HALF_CLOCK_US = 5  # of the recovery's clock, 100 kHz at most

# What a row of a part's set-up does.
CHECK = 0  # read the register; it must hold the value
WRITE = 1


class Bus:
    """One I2C bus. No method raises."""

    def __init__(self, number: int, scl: int, sda: int) -> None:
        self.number = number
        self.scl = scl
        self.sda = sda
        self.refused = 0  # transfers that nobody acknowledged
        self.timed_out = 0  # transfers that the bus did not let through
        self.running = 0  # timeouts without a success between
        self.register = bytearray(1)
        self._open()

    def _open(self) -> None:
        self.i2c = I2C(
            self.number,
            scl=Pin(self.scl),
            sda=Pin(self.sda),
            freq=FREQUENCY_HZ,
            timeout=TIMEOUT_US,
        )

    def read(self, address: int, register: int, into: bytearray) -> bool:
        """Fill a buffer from a register on; False, buffer worthless, where that failed."""
        self.register[0] = register
        try:
            acknowledged = self.i2c.writeto(address, self.register, False)
            if acknowledged:  # else the chip points to another register
                self.i2c.readfrom_into(address, into)
        except OSError as why:
            self._failed(why)
            return False
        return self._passed(acknowledged == 1)

    def write(self, address: int, data: bytearray) -> bool:
        """Write a buffer, a register's number first as a rule; False where that failed."""
        try:
            acknowledged = self.i2c.writeto(address, data)
        except OSError as why:
            self._failed(why)
            return False
        return self._passed(acknowledged == len(data))

    def _passed(self, whole: bool) -> bool:
        """The bus let a transfer through; whether every byte was acknowledged."""
        self.running = 0
        if not whole and self.refused < COUNT_MAX:
            self.refused += 1
        return whole

    def _failed(self, why: OSError) -> None:
        if why.args and why.args[0] == errno.ETIMEDOUT:
            if self.timed_out < COUNT_MAX:
                self.timed_out += 1
                self.running += 1
        elif self.refused < COUNT_MAX:
            self.refused += 1

    def stuck(self) -> bool:
        """Whether the bus has let nothing through for some transfers."""
        return self.running >= STUCK_AFTER

    def recover(self) -> None:
        """Clock out whoever holds SDA low (UM10204 3.1.16), then begin anew. About 1 ms:
        only while dark. Whether it helped shows in the next transfer."""
        self.running = 0
        Pin(self.sda, Pin.IN, Pin.PULL_UP)
        for _ in range(9):
            Pin(self.scl, Pin.OUT, value=0)
            time.sleep_us(HALF_CLOCK_US)
            Pin(self.scl, Pin.IN, Pin.PULL_UP)
            time.sleep_us(HALF_CLOCK_US)
        # a stop: SDA rises while SCL is high
        Pin(self.scl, Pin.OUT, value=0)
        Pin(self.sda, Pin.OUT, value=0)
        time.sleep_us(HALF_CLOCK_US)
        Pin(self.scl, Pin.IN, Pin.PULL_UP)
        time.sleep_us(HALF_CLOCK_US)
        Pin(self.sda, Pin.IN, Pin.PULL_UP)
        self._open()


class Part:
    """A chip with 16-bit registers, high byte first, behind a set-up that must hold.

    `setup` has rows (CHECK or WRITE, register, value, mask): all of them in order make the
    part ready. A row that fails makes it unready and starts over, so that a chip that is
    missing, has another's ID or forgot what it was told is never listened to.
    """

    def __init__(
        self, bus: Bus, address: int, setup: "tuple[tuple[int, int, int, int], ...]"
    ) -> None:
        self.bus = bus
        self.address = address
        self.setup = setup
        self.ready = False
        self.row = 0  # next of the set-up, or of its re-reading
        self.two = bytearray(2)
        self.three = bytearray(3)

    def begin(self) -> bool:
        """Go through the set-up at once, a dozen transfers at most; whether it is ready."""
        self.ready = False
        self.row = 0
        for _ in range(len(self.setup)):
            if not self.prepare():
                return False
        return self.ready

    def prepare(self) -> bool:
        """The next row of the set-up: one transfer. False, and from the start, if it failed."""
        do, register, value, mask = self.setup[self.row]
        if do == WRITE:
            done = self.put(register, value)
        else:
            now = self.fetch(register)
            done = now >= 0 and now & mask == value
        if not done:
            self.ready = False
            self.row = 0
            return False
        self.row += 1
        if self.row == len(self.setup):
            self.row = 0
            self.ready = True
        return True

    def verify(self) -> None:
        """Read one row of the set-up again: one transfer. The part is unready where the
        register no longer holds the value; a transfer that fails proves nothing."""
        _, register, value, mask = self.setup[self.row]
        now = self.fetch(register)
        if now >= 0 and now & mask != value:
            self.ready = False
            self.row = 0
            return
        self.row += 1
        if self.row == len(self.setup):
            self.row = 0

    def fetch(self, register: int) -> int:
        """A register, 0-65535; -1 where it could not be read."""
        two = self.two
        if not self.bus.read(self.address, register, two):
            return -1
        return two[0] << 8 | two[1]

    def put(self, register: int, value: int) -> bool:
        """Write a register; False where that failed."""
        three = self.three
        three[0] = register
        three[1] = value >> 8
        three[2] = value & 255
        return self.bus.write(self.address, three)

    def read(self, register: int, target: "list[int]", index: int, signed: bool) -> bool:
        """A measurement into `target[index]`; False, `target` as it was, where the part is
        not ready or does not answer."""
        if not self.ready:
            return False
        raw = self.fetch(register)
        if raw < 0:
            return False
        if signed and raw & 0x8000:
            raw -= 0x1_0000
        target[index] = raw
        return True
