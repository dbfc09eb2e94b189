"""DS3231 clock of the screen's bus (Maxim, 19-5170), register by register, as in its data sheet.

`sim.driver_depth.parts_list` fits it.
"""

from sim.driver_depth.dates import DAY_S, date_of, days_to
from sim.driver_depth.parts import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.bench import Bench

UNIX_2000_S = 946_684_800  # 2000-01-01


class Ds3231(Part):
    """Clock with a battery of its own: seven BCD registers, control, status."""

    address = 0x68
    names = ("clock",)
    CONTROL, STATUS, REGISTERS = 0x0E, 0x0F, 19
    STOPPED = 0x80  # the oscillator has stopped since this was last cleared

    def __init__(self, bench: "Bench", unix_s: int | None) -> None:
        """`unix_s` is its time at power-on of the bench; None: never set."""
        self.unset = unix_s is None
        self.offset_s = UNIX_2000_S if unix_s is None else unix_s
        super().__init__(bench)
        self.control = 0x1C
        self.flipped: int | None = None  # bit of the time registers that reads wrong
        self.status = self.STOPPED | 0x08 if self.unset else 0x08

    def lose(self) -> None:
        """Its cell is dead: the oscillator stood still."""
        self.status |= self.STOPPED

    def jump(self, seconds: int) -> None:
        """Move its time ahead, as a fault does."""
        self.offset_s += seconds

    def seconds(self, us: int) -> int | None:
        """Return its time in seconds since 2000-01-01; None where it was never set."""
        if self.status & self.STOPPED:
            return None
        return self.offset_s + us // 1_000_000 - UNIX_2000_S

    def fields(self, us: int) -> list[int]:
        """Return second, minute, hour, day of the week, day, month and year, in BCD."""
        seconds = self.offset_s + us // 1_000_000
        days, second = seconds // DAY_S, seconds % DAY_S
        year, month, day = date_of(days)
        weekday = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday, Monday is 1
        values = (second % 60, second // 60 % 60, second // 3_600, weekday, day, month, year % 100)
        return [value // 10 << 4 | value % 10 for value in values]

    def read(self, count: int, us: int) -> bytes:
        """Return bytes, register after register."""
        held = bytearray(self.REGISTERS)
        held[:7] = bytes(self.fields(us))
        if self.flipped is not None:
            held[self.flipped // 8] ^= 1 << self.flipped % 8
        held[self.CONTROL], held[self.STATUS] = self.control, self.status
        return bytes([held[(self.pointer + k) % self.REGISTERS] for k in range(count)])

    def written(self, data: bytes, us: int) -> None:
        """Take a pointer, then bytes; the seven of the time take effect together."""
        if not data:
            return
        self.pointer = data[0]
        fields = self.fields(us)
        changed = False
        for k, value in enumerate(data[1:]):
            register = (data[0] + k) % self.REGISTERS
            if register < 7:
                fields[register] = value
                changed = True
            elif register == self.CONTROL:
                self.control = value
            elif register == self.STATUS:
                stays = not value & self.STOPPED and self.has_waited("clock_ms", us)
                self.status = value & 0x7F | (0 if stays else self.status & self.STOPPED)
        if changed:
            self._set(fields, us)

    def _set(self, fields: list[int], us: int) -> None:
        masks = (0x7F, 0x7F, 0x3F, 7, 0x3F, 0x1F, 0xFF)
        plain = [fields[k] & masks[k] for k in range(len(masks))]
        second, minute, hour, _, day, month, year = [(v >> 4) * 10 + (v & 15) for v in plain]
        days = days_to(2_000 + year, month, day)
        if days < 0 or hour > 23 or minute > 59 or second > 59:
            return  # a moment that does not exist: undefined on the part, ignored here
        self.offset_s = days * DAY_S + hour * 3_600 + minute * 60 + second - us // 1_000_000
