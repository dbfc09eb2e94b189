"""Signed commands: what a host may do that changes evidence, each recorded with its reason.

Called by `firmware.ui.usb_commands`, only while dark and outside of a session. A line is

    signed NUMBER DO VALUE REASON SEAL

| DO | VALUE | effect |
|---|---|---|
| `clock` | YYYY-MM-DDTHH:MM:SS | the clock is set, back as well |
| `visit` | N, or N@YYYY-MM-DD | visit N is the next to open; with the day of visit 1 |
| `leave` | - | of a unit without a ticket: its lost visits are missed no more |

SEAL is the first 32 digits of the HMAC-SHA256 of the unit's serial, a newline, and the line from
NUMBER to REASON, with a key derived from that of prescriptions. A number is taken once.
"""

from firmware.core import states
from firmware.core.conversions import clock_seconds
from firmware.records import journal_events, json_codec, mac
from firmware.records.journal import VISIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.records.journal_events import JournalEvents

    Visit = Callable[[bytes, bool], str] | None

SEAL_HEX = 32
DARK = (states.READY, states.DONE, states.LOCKED, states.CHARGING)


def seal(text: bytes, serial: str, prescription_key: bytes) -> bytes:
    """The seal of a command's text, for the unit of this serial."""
    key = mac.derive_key(prescription_key, b"command")
    return mac.hmac_hex(key, serial.encode() + b"\n" + text)[:SEAL_HEX].encode()


def obey(line: bytes, events: "JournalEvents", visit: "Visit") -> str:
    """Do what a signed line asks; return why not, or nothing. `visit`: `Trial.set_visit` of a unit
    that has a ticket."""
    text, _, said = line.strip().rpartition(b" ")
    parts = text.split(b" ", 3)
    journal = events.journal
    keys = journal.keys
    if not keys.prescription:
        return "the unit has no key"
    if not mac.is_equal(said, seal(text, events.serial, keys.prescription)):
        return "altered, or signed with the key of another unit"
    if len(parts) < 4 or not parts[0].isdigit():
        return "signed takes NUMBER DO VALUE REASON SEAL"
    number = int(parts[0])
    if not keys.command < number <= json_codec.MOST:
        return "number " + str(keys.command) + " was obeyed: sign with a higher one"
    if events.status.session.state not in DARK:
        return "refused in this state: READY, DONE, LOCKED or CHARGING"
    events.settle()
    do, value = parts[1], parts[2]
    act = ACTS.get(do)
    why = act(value, events, visit, False) if act else "not a signed command: clock, visit, leave"
    if why:
        return why
    up_s = events.status.session.up_s
    if not (journal.found and journal.write(up_s) and keys.keep(events.hal, {"command": number})):
        return "the log cannot be kept"
    values = (do.decode(), number, value.decode(), parts[3].decode())
    journal.add("command", journal_events.COMMAND, values)
    why = act(value, events, visit, True) if act else ""
    journal.write(up_s)
    return why


def set_clock(value: bytes, events: "JournalEvents", visit: "Visit", now: bool) -> str:
    """`clock`; unless `now`, whether it may be."""
    seconds = clock_seconds(value)
    if seconds < 0:
        return "clock takes YYYY-MM-DDTHH:MM:SS, 2000 to 2033"
    if now:
        before_s = events.hal.wall_clock()
        if not events.journal.clock.set(seconds, True):
            return "no clock answers"
        events.journal.latest = seconds  # time goes on from here
        journal_events.clock(events.journal, before_s, seconds, "signed")
    return ""


def leave(value: bytes, events: "JournalEvents", visit: "Visit", now: bool) -> str:
    """`leave`; unless `now`, whether it may be."""
    if visit:
        return "the unit has a ticket"
    if now:
        events.journal.kept[VISIT] = 0
    return ""


def set_visit(value: bytes, events: "JournalEvents", visit: "Visit", now: bool) -> str:
    """`visit`; unless `now`, whether it may be."""
    return visit(value, now) if visit else "the unit has no ticket"


ACTS = {b"clock": set_clock, b"visit": set_visit, b"leave": leave}
