"""Files of a running unit by its console words `list`, `get` and `put`: no prompt, no restart.

Called by `tools.unit.exchange`. A unit of an older release knows no such words, and a unit at its
prompt runs nothing: `running_unit` then gives None, and the caller goes by service mode.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sim.common.errors import BadInput, one_line
from tools.unit import device
from tools.unit.about import parse_object
from tools.unit.device import Device, find_port
from tools.unit.files import SIMULATED

QUIET_S = 5.0  # a file that does not go on for so long is cut
SIZE_MAX = 1 << 20  # bytes of a file that is believed
ABSENT = "there is no such file"
END = re.compile(rb'\{"sha256":"([0-9a-f]{64})"\}')


class Words(NamedTuple):
    """What a unit says of itself to `list`."""

    files: tuple[str, ...]
    board: str
    serial: str


@contextmanager
def running_unit(name: str | None) -> Iterator[tuple[Device, Words] | None]:
    """Yield a unit that runs and what it says of itself; None for a simulated unit, one at its
    prompt, and an older release. Raises BadInput."""
    if (name or "").startswith(SIMULATED):
        yield None
        return
    with Device(find_port(name)) as unit:
        words = ask_for_words(unit)
        if words:
            yield unit, words
    if not words:
        yield None


def ask_for_words(unit: Device) -> Words | None:
    """What a running unit answers to `list`; None where there is none, or it knows no such word.
    Raises BadInput where it refuses for now."""
    if unit.greet() != "unit":
        return None
    answer = ask(unit, b"list", ("files", "error"))
    if "error" in answer:
        if "not a command" in str(answer["error"]):
            return None
        raise refusal(unit, answer)
    files = answer["files"]
    names = tuple(map(str, files)) if isinstance(files, list) else ()
    return Words(names, str(answer.get("board", "")), str(answer.get("serial", "")))


def refusal(unit: Device, answer: dict[str, Any]) -> BadInput:
    """The error where a unit refuses."""
    return BadInput(f"{unit.port}: the unit says: {one_line(str(answer.get('error')))}")


def ask(unit: Device, line: bytes, keys: Sequence[str]) -> dict[str, Any]:
    """Send a line; return the first object that has one of these keys. Raises BadInput."""
    if line:
        unit.write(line + b"\n")
    until_s = time.monotonic() + device.ANSWER_S
    while time.monotonic() < until_s:
        answer = parse_object(unit.next_line(until_s))
        if any(key in answer for key in keys):
            return answer
    raise BadInput(f"{unit.port}: the unit does not answer: run this again")


def get_files(unit: Device, names: Sequence[str]) -> dict[str, bytes]:
    """The files that are there, each whole. Each is asked for while the one before comes. Raises
    BadInput."""
    found: dict[str, bytes] = {}
    unit.write(b"get " + names[0].encode() + b"\n")
    for name, after in zip(names, (*names[1:], ""), strict=True):
        head = ask(unit, b"", ("get", "error"))
        if after:
            unit.write(b"get " + after.encode() + b"\n")
        if head.get("error") == ABSENT:
            continue
        size = head.get("size")
        if "error" in head:
            raise refusal(unit, head)
        if head.get("get") != name or type(size) is not int or not 0 <= size <= SIZE_MAX:
            raise BadInput(f"{unit.port}: {name} did not come whole: run this again")
        content = unit.next_bytes(size, QUIET_S)
        end = END.fullmatch(unit.next_line(time.monotonic() + QUIET_S))
        if not end or end[1].decode() != hashlib.sha256(content).hexdigest():
            raise BadInput(f"{unit.port}: {name} did not come whole: run this again")
        found[name] = content
    return found


def put_file(unit: Device, name: str, content: bytes) -> str:
    """Have a unit judge a file of at most PUT_MAX bytes, keep it whole and restart; return why it
    refuses, and keeps the old one, or nothing. Raises BadInput."""
    digest = hashlib.sha256(content).hexdigest()
    answer = ask(unit, f"put {name} {len(content)} {digest}".encode(), ("ok", "error"))
    if "ok" in answer:
        unit.write(content)
        answer = ask(unit, b"", ("ok", "error"))
    if "error" in answer:
        return one_line(str(answer["error"]))
    came = unit.wait_for_restart()
    if came != "unit":
        raise BadInput(f"{unit.port}: done, but the unit is dark: {came}")
    return ""
