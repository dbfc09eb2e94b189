"""Dates of the Gregorian calendar as days since 1970-01-01, where there is no `datetime`."""

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return DAYS[month - 1] + int(month == 2 and leap)


def _days_before(year: int) -> int:
    """From 1970 to the beginning of a year."""
    last = year - 1
    return (year - 1_970) * 365 + last // 4 - last // 100 + last // 400 - 477


def days_to(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; -1 for a date that does not exist."""
    if not 1 <= month <= 12 or not 1 <= day <= _days(year, month):
        return -1
    return _days_before(year) + sum([_days(year, m) for m in range(1, month)]) + day - 1


def date_of(days: int) -> "tuple[int, int, int]":
    """Year, month and day of a day from 1970 on."""
    year = 1_970 + days // 366
    while _days_before(year + 1) <= days:
        year += 1
    left, month = days - _days_before(year), 1
    while left >= _days(year, month):
        left -= _days(year, month)
        month += 1
    return year, month, left + 1
