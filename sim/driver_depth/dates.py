"""Dates of the Gregorian calendar as days since 1970-01-01, on MicroPython too.

Used by the DS3231. MicroPython has no `datetime`.
"""

from time import gmtime

DAY_S = 86_400
DAYS_BEFORE_1970 = 719_469  # from 1 March of the year 0 on, and one, since days count from 1


def days_to(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01, or -1 for a date that does not exist."""
    year_of_march = year - (month < 3)
    leap_days = year_of_march // 4 - year_of_march // 100 + year_of_march // 400
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day  # months from March on
    days = 365 * year_of_march + leap_days + in_year - DAYS_BEFORE_1970
    return days if date_of(days) == (year, month, day) else -1


def date_of(days: int) -> "tuple[int, int, int]":
    """Return year, month and day of a day since 1970-01-01."""
    year, month, day = gmtime(days * DAY_S)[:3]
    return year, month, day
