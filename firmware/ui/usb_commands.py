"""The one-line commands that a unit takes over USB, each answered by one line.

    status                       a telemetry line, now
    clock 2026-11-23T16:00:00    set the battery-backed clock
    signed NUMBER DO VALUE ...   what changes evidence (`firmware.records.signed_command`)
    selftest                     where a hard fault is kept: wait on skin for START, then light
                                 each bank for 160 ms; what was kept is lifted if all is well
    list, get, put               files that a clinic may have (`firmware.ui.usb_files`)
    service                      restart into service mode: no therapy, no lease, no watchdog
    deploy                       the same, for a tool that is about to copy files

Only `status` is taken while a session runs: the others are refused then.
"""

from firmware.core import states
from firmware.core.conversions import clock_seconds
from firmware.records import journal_events, json_codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.records.journal_events import JournalEvents
    from firmware.records.signed_command import Visit

    Judge = Callable[[bytes], str]

FILES = (b"list", b"get", b"put")
WORDS = (b"clock", b"selftest", b"signed", b"service", b"deploy") + FILES


def answer(
    line: bytes, events: "JournalEvents", visit: "Visit", judge: "Judge | None" = None
) -> bytes:
    """Do what a line asks and say what came of it, in one line of JSON: sets the clock, posts
    SERVE, obeys a signed command (`visit`: of a unit in a trial), reads or keeps a file (`judge`:
    why a prescription would be refused), or restarts."""
    hal, session = events.hal, events.status.session
    line, end, body = line.partition(b"\n")  # a file that a `put` asked for
    word, _, rest = line.strip().partition(b" ")
    if word == b"status":
        return b""  # the telemetry line that follows is the answer
    if word not in WORDS:
        return b'{"error":"not a command: ' + b", ".join((b"status",) + WORDS) + b'"}\n'
    if session.state in states.IN_SESSION:
        return b'{"error":"refused while a session runs: end it first"}\n'
    if word == b"clock":
        return set_clock(rest.strip(), events)
    if word == b"signed":
        from firmware.records import signed_command  # noqa: PLC0415 - rare: in memory once it was

        why = signed_command.obey(rest, events, visit)
        return (
            json_codec.text(("error",) if why else ("ok",), (why or "done and recorded",)) + b"\n"
        )
    if word in FILES and judge:
        from firmware.ui import usb_files  # noqa: PLC0415 - rare: in memory once it was

        return usb_files.answer(line, body if end else None, events, judge)
    if word == b"selftest":
        if session.lock != states.HARD_FAULT:
            return b'{"error":"no hard fault is kept: nothing to lift"}\n'
        if session.state != states.LOCKED:
            return b'{"error":"first UP, then hold START"}\n'
        session.post(states.SERVE)
        return b'{"ok":"put the belt on and press START"}\n'
    hal.restart_to_service()
    return b'{"ok":"restarting into service mode"}\n'


def set_clock(date: bytes, events: "JournalEvents") -> bytes:
    """Set the battery-backed clock and have the journal say so; return the answer."""
    seconds = clock_seconds(date)
    if seconds < 0:
        return b'{"error":"clock takes YYYY-MM-DDTHH:MM:SS, 2000 to 2033"}\n'
    before_s = events.hal.wall_clock()
    if not events.journal.clock.set(seconds, False):
        return b'{"error":"no clock answers"}\n'
    journal_events.clock(events.journal, before_s, seconds, "host")
    return b'{"ok":"clock set"}\n'
