"""The one-line commands that a unit takes over USB, each answered by one line.

    status                       a telemetry line, now
    clock 2026-11-23T16:00:00    set the battery-backed clock
    signed NUMBER DO VALUE ...   what changes evidence (`firmware.records.signed_command`)
    selftest                     where a hard fault is kept: wait on skin for START, then light
                                 each bank for a tick; what was kept is lifted if all is well
    service                      restart into service mode: no therapy, no lease, no watchdog
    deploy                       the same, for a tool that is about to copy files

Only `status` is taken while a session runs: the others are refused then.
"""

from firmware.core import states
from firmware.core.conversions import clock_seconds
from firmware.records import journal_events, json_codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.journal_events import JournalEvents
    from firmware.records.signed_command import Visit


def answer(line: bytes, events: "JournalEvents", visit: "Visit") -> bytes:
    """Do what a line asks and say what came of it, in one line of JSON: sets the clock, posts
    SERVE, obeys a signed command (`visit`: of a unit in a trial), or restarts."""
    hal, session, journal = events.hal, events.status.session, events.journal
    word, _, rest = line.strip().partition(b" ")
    if word == b"status":
        return b""  # the telemetry line that follows is the answer
    if word not in (b"clock", b"selftest", b"service", b"deploy", b"signed"):
        return b'{"error":"not a command: status, clock, selftest, signed, service or deploy"}\n'
    if session.state in states.IN_SESSION:
        return b'{"error":"refused while a session runs: end it first"}\n'
    if word == b"clock":
        seconds = clock_seconds(rest.strip())
        if seconds < 0:
            return b'{"error":"clock takes YYYY-MM-DDTHH:MM:SS, 2000 to 2033"}\n'
        before_s = hal.wall_clock()
        if not journal.clock.set(seconds, False):
            return b'{"error":"no clock answers"}\n'
        journal_events.clock(journal, before_s, seconds, "host")
        return b'{"ok":"clock set"}\n'
    if word == b"signed":
        from firmware.records import signed_command  # noqa: PLC0415 - rare: in memory once it was

        why = signed_command.obey(rest, events, visit)
        return (
            json_codec.text(("error",) if why else ("ok",), (why or "done and recorded",)) + b"\n"
        )
    if word == b"selftest":
        if session.lock != states.HARD_FAULT or session.state != states.LOCKED:
            return b'{"error":"no hard fault is kept: nothing to lift"}\n'
        session.post(states.SERVE)
        return b'{"ok":"put the belt on and press START"}\n'
    hal.restart_to_service()
    return b'{"ok":"restarting into service mode"}\n'
