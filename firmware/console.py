"""The one-line commands that a unit takes over USB, each answered by one line.

    status                       a telemetry line, now
    clock 2026-11-23T16:00:00    set the battery-backed clock
    selftest                     where a hard fault is kept: wait on skin for START, then light
                                 each bank for a tick; what was kept is lifted if all is well
    service                      restart into service mode: no therapy, no lease, no watchdog
    deploy                       the same, for a tool that is about to copy files

Only `status` is taken while a session runs: the others are refused then.
"""

from firmware import notes, states
from firmware.limits import CLOCK_MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband

DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
EPOCH_YEAR = 2000
LAST_YEAR = 2033  # 2**30 seconds after the epoch: January 2034


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


def answer(unit: "Waistband", line: bytes) -> bytes:
    """Do what a line asks and say what came of it, in one line of JSON."""
    word, _, rest = line.strip().partition(b" ")
    if word == b"status":
        return b""  # the telemetry line that follows is the answer
    if word not in (b"clock", b"selftest", b"service", b"deploy"):
        return b'{"error":"not a command: status, clock, selftest, service or deploy"}\n'
    if unit.session.state in states.IN_SESSION:
        return b'{"error":"refused while a session runs: end it first"}\n'
    if word == b"clock":
        seconds = clock_seconds(rest.strip())
        if seconds < 0:
            return b'{"error":"clock takes YYYY-MM-DDTHH:MM:SS, 2000 to 2033"}\n'
        before_s = unit.hal.wall_clock()
        if not unit.hal.set_wall_clock(seconds):
            return b'{"error":"no clock answers"}\n'
        notes.clock(unit, before_s, seconds, "host")
        return b'{"ok":"clock set"}\n'
    if word == b"selftest":
        if unit.lock != states.HARD_FAULT or unit.session.state != states.LOCKED:
            return b'{"error":"no hard fault is kept: nothing to lift"}\n'
        unit.session.post(states.SERVE)
        return b'{"ok":"put the belt on and press START"}\n'
    unit.hal.restart_to_service()
    return b'{"ok":"restarting into service mode"}\n'
