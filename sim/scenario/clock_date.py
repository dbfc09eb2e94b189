"""Dates of scenarios: the unit's clock at power-on, as TOML has it and as seconds since 2000-01-01.

Called by `sim.scenario.scenario` and `sim.scenario.toml_writer`; also runs on MicroPython, which
has no `datetime`.
"""

from sim.common.errors import BadInput
from sim.common.validate import shown
from sim.driver_depth.dates import DAY_S, date_of, days_to

FIRST, LAST = 2000, 2099  # years that the battery-backed clock counts
DAYS_2000 = days_to(FIRST, 1, 1)


def read_date(value: object, where: str) -> int:
    """Seconds since 2000-01-01 of a date and time, as TOML or as text. Raises BadInput."""
    text = str(value).replace(" ", "T")
    day, _, clock = text.partition("T")
    fields = day.split("-") + (clock or "00:00:00").split(":")
    if [len(field) for field in fields] == [4, 2, 2, 2, 2, 2] and "".join(fields).isdigit():
        year, month, date, hour, minute, second = [int(field) for field in fields]
        days = days_to(year, month, date)
        if FIRST <= year <= LAST and days >= 0 and hour < 24 and minute < 60 and second < 60:
            return (days - DAYS_2000) * DAY_S + hour * 3_600 + minute * 60 + second
    raise BadInput(
        f"{where} is {shown(str(value))}: a date and time such as 2026-03-01T09:00:00, without an"
        f" offset, from {FIRST} to {LAST}"
    )


def write_date(seconds: int) -> str:
    """The date and time of seconds since 2000-01-01, as TOML has it."""
    year, month, day = date_of(DAYS_2000 + seconds // DAY_S)
    second = seconds % DAY_S
    clock = second // 3_600, second // 60 % 60, second % 60
    return f"{year}-{month:02}-{day:02}T{clock[0]:02}:{clock[1]:02}:{clock[2]:02}"
