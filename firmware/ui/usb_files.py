"""Files over USB: `list`, `get` and `put`, the words by which a clinic reads and prescribes.

Called by `firmware.ui.usb_commands`, which imports it at the first use, only while dark and outside
of a session. Reads and writes the files of NAMES alone: no key, no ticket, no code.

    list                       {"files":[NAME,...],"board":...,"serial":...}
    get NAME                   {"get":NAME,"size":N}, N bytes as they are, {"sha256":DIGITS}
    put NAME SIZE SHA256       {"ok":"send it"}; then SIZE bytes as they are; then "ok" or "error"

What is put is judged as at the start of the unit, replaces the old file whole or not at all, and
the unit restarts to go by it.
"""

import binascii
import hashlib

from firmware.core import states
from firmware.records import json_codec
from firmware.records.journal import SEGMENTS, name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.records.journal_events import JournalEvents

PRESCRIPTION = "prescription.json"  # alone may be put
NAMES = (PRESCRIPTION, "calibration.json", "board.txt", "visit.json") + tuple(
    [name(segment) for segment in range(SEGMENTS)]
)
PUT_MAX = 4_096
DARK = (states.READY, states.DONE, states.LOCKED, states.CHARGING, states.FAULT)


def answer(
    line: bytes, body: "bytes | None", events: "JournalEvents", judge: "Callable[[bytes], str]"
) -> bytes:
    """Do what a line asks; return its answer, or nothing where that was sent.

    `body`: the bytes that came after a `put`, None of a line alone. `judge`: why the unit refuses a
    prescription, or nothing.
    """
    hal, session = events.hal, events.status.session
    words = line.split()
    named = ""
    for known in NAMES:
        if len(words) > 1 and words[1] == known.encode():
            named = known
    why = ""
    if session.state not in DARK:
        why = "refused in this state: READY, DONE, LOCKED, CHARGING or FAULT"
    elif words[0] == b"list":
        return list_files(events)
    elif not named:
        why = "not a file that may be read here: see list"
    elif words[0] == b"get":
        size = hal.size(named)
        if size is None or size < 0:
            why = "there is no such file" if size is None else "the file cannot be read"
        else:
            head = b'{"get":"' + words[1] + b'","size":' + str(size).encode() + b"}\n"
            hal.write_line(bytearray(head), len(head))
            hal.send_file(named, size)
            return b""
    else:
        why = check_put(words, named, session.lock)
        if not why and body is None:
            hal.receive(line, int(words[2]))
            return b'{"ok":"send it"}\n'
        why = why or store(words, named, body or b"", events, judge)
        if not why:
            return b'{"ok":"kept; the unit restarts to go by it"}\n'
    return json_codec.text(("error",), (why,)) + b"\n"


def list_files(events: "JournalEvents") -> bytes:
    """The files that may be there, and whose they are. Not which are: looking takes 1 ms each."""
    return (
        json_codec.text(("files", "board", "serial"), (list(NAMES), events.board, events.serial))
        + b"\n"
    )


def check_put(words: "list[bytes]", named: str, lock: int) -> str:
    """Why such a file cannot be put, or nothing."""
    if named != PRESCRIPTION:
        return "put takes prescription.json alone"
    if len(words) != 4 or not words[2].isdigit() or len(words[3]) != 64:
        return "put takes NAME SIZE SHA256"
    if not 0 < int(words[2]) <= PUT_MAX:
        return "a file that is put has 1 to " + str(PUT_MAX) + " bytes"
    if lock == states.RESTARTS:
        return "locked by a boot loop: nothing is written"
    return ""


def store(
    words: "list[bytes]", named: str, body: bytes, events: "JournalEvents",
    judge: "Callable[[bytes], str]",
) -> str:  # fmt: skip
    """Replace the file and have the unit restart; return why not, or nothing."""
    digest = binascii.hexlify(hashlib.sha256(body).digest())
    if len(body) != int(words[2]) or digest != words[3]:
        return "it did not arrive whole: the unit keeps its old file"
    why = judge(body)
    if why:
        return why
    if not events.hal.store(named, body):
        return "the flash is full or broken: the unit keeps its old file"
    events.hal.restart()
    return ""
