"""An I2C bus that is allowed to fail, and the parts on it.

`Bus` turns every OSError into an answer and counts it. `Part` is a chip with 16-bit
registers and a table of what they must hold: they are written, read back, and read again for as
long as the unit is on (`hal.rp2_hal` has a place for that in its rota, lit or dark).
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
STUCK_AFTER = 3  # failures running
COUNT_MAX = (1 << 30) - 1
HALF_CLOCK_US = 5  # of the recovery's clock, 100 kHz at most

# What a row of a part's set-up does.
CHECK = 0  # read the register once: an identity, which no reset changes
WRITE = 1  # write the register, read it back, and read it again from then on


class Bus:
    """One I2C bus. No method raises."""

    def __init__(self, number: int, scl: int, sda: int) -> None:
        self.number = number
        self.scl = scl
        self.sda = sda
        self.refused = 0  # transfers that nobody acknowledged
        self.timed_out = 0  # transfers that the bus did not let through
        self.running = 0  # failures without a success between
        self.register = bytearray(1)
        self.recover()  # a reset in mid-transfer leaves a part that holds SDA low

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
        # a held bus is ETIMEDOUT or EIO, as the controller finds it: both count alike
        if self.running < COUNT_MAX:
            self.running += 1
        if why.args and why.args[0] == errno.ETIMEDOUT:
            if self.timed_out < COUNT_MAX:
                self.timed_out += 1
        elif self.refused < COUNT_MAX:
            self.refused += 1

    def stuck(self) -> bool:
        """Whether the bus has let nothing through for some transfers, whatever the error."""
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

    `setup` has rows (CHECK or WRITE, register, value, mask), identities first. `step` goes
    through them, one transfer a call: once to check and write them, then to read the written ones
    back, again and again. A register that does not hold its value makes a set-up that is `lost`:
    it begins anew. A chip that is missing or has another's identity is never listened to.

    | field   | meaning                                                                       |
    |---------|-------------------------------------------------------------------------------|
    | `ready` | the part is listened to                                                       |
    | `whole` | every register held its value when it was last read                           |
    | `lost`  | how often a set-up that was whole was found lost                              |
    | `found` | the set-up has been whole since power-on                                      |
    """

    measures_anyway = False  # what it measures is right at power-on values too

    def __init__(
        self, bus: Bus, address: int, setup: "tuple[tuple[int, int, int, int], ...]"
    ) -> None:
        self.bus = bus
        self.address = address
        self.setup = setup
        self.checks = 0  # rows that are not read again
        while setup[self.checks][0] == CHECK:
            self.checks += 1
        self.ready = self.whole = self.found = False
        self.lost = 0
        self.number = 0  # among the parts of its bus
        self.row = 0  # next; beyond the last, what is read back
        self.two = bytearray(2)
        self.three = bytearray(3)

    def begin(self) -> bool:
        """Go through the set-up at once, a dozen transfers at most; whether it is whole."""
        while not self.whole:
            if not self.step():
                break
        return self.whole

    def step(self) -> bool:
        """The next row: one transfer. False where it failed; what is not whole then starts over.
        A transfer that fails says nothing about a set-up that is whole."""
        rows = len(self.setup)
        row = self.row
        writes = row < rows
        do, register, value, mask = self.setup[row if writes else row - rows + self.checks]
        if writes and do == WRITE:
            now = value if self.put(register, value) else -1
        else:
            now = self.fetch(register)
        if now < 0:
            if not self.whole:
                self.row = self.checks if self.found else 0
            return False
        if now & mask != value & mask:
            self.lose()
            return False
        self.row = row + 1
        if row + 1 == 2 * rows - self.checks:
            self.row = rows
            if not self.whole:
                self.ready = self.whole = self.found = True
                self.settle()
        return True

    def is_round(self) -> bool:
        """Whether every register was read again: the next part's turn."""
        return self.row == len(self.setup)

    def lose(self) -> None:
        """The set-up does not hold: write it anew."""
        if self.found and self.lost < COUNT_MAX:
            self.lost += 1
        self.whole = False
        self.row = self.checks if self.found else 0
        if not self.measures_anyway:
            self.ready = False

    def settle(self) -> None:
        """The set-up has just been written: what the part needs until it measures by it."""

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
        not ready, does not answer, or has an unsigned 0, which is nothing measured yet."""
        if not self.ready:
            return False
        raw = self.fetch(register)
        if raw < (0 if signed else 1):
            return False
        if signed and raw & 0x8000:
            raw -= 0x1_0000
        target[index] = raw
        return True
