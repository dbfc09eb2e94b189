"""Conversions: raw codes to thousandths of a degree and back, and a date as text to seconds.

Called by whatever reads a sensor's code or a date; changes nothing. Tables are made at start.

Thermistor: B-equation, R = R25 * exp(B * (1/T - 1/298.15 K)), to ground under a
pull-up to the converter's own reference, so that code / 4096 = R / (R + pull-up).
TMP117: 1/128 C a step (data sheet, 7.8125 mC).
"""

from array import array
from math import exp, log

from firmware.core.limits import CLOCK_MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board

CELL_CODES = 16  # codes between two entries of the table: under 2 mC of error from 20 to 60 C
DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
EPOCH_YEAR = 2000
LAST_YEAR = 2033  # 2**30 seconds after the epoch: January 2034


def ntc_code(board: "Board", mc: int) -> int:
    """Nearest 12-bit code of the board's contact thermistor at a temperature in mC."""
    kelvin = mc / 1000 + 273.15
    ohm = board.NTC_OHM * exp(board.NTC_B_K * (1 / kelvin - 1 / 298.15))
    return int(4096 * ohm / (ohm + board.NTC_PULLUP_OHM) + 0.5)


def ntc_table(board: "Board") -> "array[int]":
    """Temperatures in mC at codes 0, 16, 32 ... 4096."""
    table = array("i")
    for step in range(4096 // CELL_CODES + 1):
        code = min(max(step * CELL_CODES, 8), 4088)
        ohm = board.NTC_PULLUP_OHM * code / (4096 - code)
        kelvin = 1 / (log(ohm / board.NTC_OHM) / board.NTC_B_K + 1 / 298.15)
        table.append(int((kelvin - 273.15) * 1000 + 0.5))
    return table


def tmp117_code(mc: int) -> int:
    """The TMP117 code at a temperature in mC."""
    return (mc << 4) // 125


def tmp117_mc(code: int) -> int:
    """Temperature in mC of a TMP117 code."""
    return code * 125 >> 4


def clock_seconds(text: bytes) -> int:
    """Seconds since 2000-01-01 of YYYY-MM-DDTHH:MM:SS; -1 if it is not one."""
    marks = text[4:5] + text[7:8] + text[10:11] + text[13:14] + text[16:17]
    if len(text) != 19 or marks != b"--T::":
        return -1
    numbers = []
    for part in (text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:]):
        for digit in part:
            if not 0x30 <= digit <= 0x39:
                return -1
        numbers.append(int(part))
    year, month, day, hour, minute, second = numbers
    if not (EPOCH_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        return -1
    leap = year % 4 == 0
    month_days = 31 if month == 12 else DAYS_BEFORE[month] - DAYS_BEFORE[month - 1]
    if leap and month == 2:
        month_days = 29
    if not (1 <= day <= month_days and hour < 24 and minute < 60 and second < 60):
        return -1
    years = year - EPOCH_YEAR
    days = 365 * years + (years + 3) // 4 + DAYS_BEFORE[month - 1] + day - 1
    if leap and month > 2:
        days += 1
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    return seconds if seconds <= CLOCK_MASK else -1


DAY_S = 86_400


def date_of(day: int) -> int:
    """A day since 2000-01-01 as a number whose digits are YYYYMMDD; right until 2099."""
    year = EPOCH_YEAR
    while day >= 366 - (year % 4 != 0):
        day -= 366 - (year % 4 != 0)
        year += 1
    month = 12
    while day < DAYS_BEFORE[month - 1] + (month > 2 and year % 4 == 0):
        month -= 1
    day -= DAYS_BEFORE[month - 1] + (month > 2 and year % 4 == 0)
    return (year * 100 + month) * 100 + day + 1
