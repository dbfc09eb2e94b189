"""DS3231 clock (Maxim 19-5170), battery-backed: date and time, where it was ever set.

Asked at start and while dark; therapy never reads it. It is read twice, and believed where both
readings agree: one wrong bit may be a date that is years ahead.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.bus import Bus

ADDRESS = 0x68

# Registers (figure 1): seconds, minutes, hours, weekday, day, month, year, in BCD.
TIME = 0x00
CONTROL = 0x0E
STATUS = 0x0F
EOSC = 0x80  # in the control register: the oscillator stands still on the backup battery
STOPPED = 0x80  # OSF: the oscillator stood still since this was last cleared
TWELVE_HOURS = 0x40  # in the hours register; never written here
CENTURY = 0x80  # in the month register: 2100 and later

MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAY_S = 86_400
SECONDS_MAX = (1 << 30) - 1  # January 2034: until then every fourth year is a leap year

# Register in TIME, mask of its digits, lowest, highest.
FIELDS = ((0, 0x7F, 0, 59), (1, 0x7F, 0, 59), (2, 0x3F, 0, 23), (4, 0x3F, 1, 31),
          (5, 0x1F, 1, 12), (6, 0xFF, 0, 99))  # fmt: skip


def _month_days(year: int, month: int) -> int:
    """Days of a month, 1-12; `year` counts from 2000."""
    return 29 if month == 2 and year % 4 == 0 else MONTH_DAYS[month - 1]


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def decode(registers: "bytes | bytearray") -> "int | None":
    """Seconds since 2000-01-01 00:00 of the seven time registers; None where they are no date up
    to SECONDS_MAX."""
    if registers[2] & TWELVE_HOURS or registers[5] & CENTURY:
        return None
    values = []
    for register, mask, low, high in FIELDS:
        digits = registers[register] & mask
        value = (digits >> 4) * 10 + (digits & 15)
        if digits & 15 > 9 or not low <= value <= high:
            return None
        values.append(value)
    second, minute, hour, day, month, year = values
    if day > _month_days(year, month):
        return None
    days = year * 365 + (year + 3) // 4 + day - 1
    for earlier in range(1, month):
        days += _month_days(year, earlier)
    total = ((days * 24 + hour) * 60 + minute) * 60 + second
    return total if total <= SECONDS_MAX else None


def encode(seconds: int) -> bytearray:
    """The seven time registers of a time, 0 to SECONDS_MAX."""
    days = seconds // DAY_S
    year = 0
    while days >= (366 if year % 4 == 0 else 365):
        days -= 366 if year % 4 == 0 else 365
        year += 1
    weekday = (seconds // DAY_S + 5) % 7 + 1  # 1 is Monday; 2000-01-01 was a Saturday
    month = 1
    while days >= _month_days(year, month):
        days -= _month_days(year, month)
        month += 1
    left = seconds % DAY_S
    return bytearray((
        _bcd(left % 60), _bcd(left // 60 % 60), _bcd(left // 3600), weekday,
        _bcd(days + 1), _bcd(month), _bcd(year),
    ))  # fmt: skip


class Ds3231:
    """The clock. Without a chip, everything here is None or False."""

    def __init__(self, bus: "Bus") -> None:
        self.bus = bus
        self.status = bytearray(1)
        self.registers = bytearray(7)

    def seconds(self) -> "int | None":
        """Seconds since 2000-01-01 00:00; None where there is no clock, it was never set,
        it stood still since, what it says is no date up to SECONDS_MAX, or two readings differ."""
        if not self.bus.read(ADDRESS, STATUS, self.status) or self.status[0] & STOPPED:
            return None
        first_s = self._read()
        second_s = self._read()
        if first_s is None or second_s is None or not 0 <= second_s - first_s <= 1:
            return None
        return second_s

    def _read(self) -> "int | None":
        return decode(self.registers) if self.bus.read(ADDRESS, TIME, self.registers) else None

    def set(self, seconds: int) -> bool:
        """Set the clock, have it run on its battery, and mark it as running; False where there is
        none, it does not run yet, or the time is beyond SECONDS_MAX."""
        if not 0 <= seconds <= SECONDS_MAX:
            return False
        written = self.bus.write(ADDRESS, bytearray((TIME,)) + encode(seconds))
        cleared = written and self._clear(CONTROL, EOSC) and self._clear(STATUS, STOPPED)
        return cleared and self.seconds() is not None  # its oscillator may take a second

    def _clear(self, register: int, bit: int) -> bool:
        """Clear a bit of a register."""
        kept = self.status
        return self.bus.read(ADDRESS, register, kept) and self.bus.write(
            ADDRESS, bytearray((register, kept[0] & ~bit & 0xFF))
        )
