"""Files of the unit with any bytes in them, read by the firmware: on CPython and on MicroPython.

Each case takes a good unit's files, spoils one, and starts the firmware on them as `main.py`
does. What is wrong is returned as a line; nothing is raised.
"""

import json
import sys

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS, SESSION_DAY_MAX_MS
from firmware.records import journal, json_codec, persistent_state
from firmware.records.keys import FILE as KEYS
from firmware.waistband import Waistband
from hal.boards import RPI_PICO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CASES = 400  # a file
TICKS = 150  # three seconds: the self-test, and what is written after it
CALIBRATION, PRESCRIPTION = "calibration.json", "prescription.json"
TRIAL = "trial.json"


class Random:
    """The same numbers on every interpreter."""

    def __init__(self, seed: int) -> None:
        self.state = seed * 2_654_435 + 1 & 0x3FFFFFFF

    def below(self, most: int) -> int:
        """A whole number from 0, less than this."""
        self.state = (self.state * 16_807 + 11) & 0x3FFFFFFF
        return (self.state >> 8) % most


def spoiled(good: bytes, random: Random) -> bytes:
    """Cut off, altered, lengthened, doubled, nested, or anything at all."""
    way = random.below(8)
    at = random.below(len(good) + 1)
    if way == 0:
        return good[:at]
    if way == 1:
        return good[:at] + bytes([random.below(256)]) + good[at + 1 :]
    if way == 2:
        return good[:at] + bytes([random.below(256)]) + good[at:]
    if way == 3:
        return good + good
    if way == 4:
        return bytes([random.below(256) for _ in range(random.below(60))])
    if way == 5:
        return b"[" * random.below(200)
    if way == 6:
        words = (b"null", b"-1", b"1e9", b"true", b'""', b"[]", b"{}", b"99999999999", b"NaN")
        end = at
        while end < len(good) and good[end] not in b",}":
            end += 1
        return good[:at] + words[random.below(len(words))] + good[end:]
    return b""


class Silent:
    """A HAL with these files and nothing to see, whose emitters are looked at."""

    def __init__(self, files: "dict[str, bytes]") -> None:
        self.files = files
        self.ms = 0
        self.lit = False

    def __getattr__(self, name: str) -> "Callable[..., Any]":
        return lambda *arguments: None

    def read(self, inputs: "Any") -> None:
        """Everything is well."""
        self.ms += 20
        inputs.ms = self.ms
        inputs.ntc[:] = [1_700 + self.ms // 20 % 3] * 2
        inputs.battery[0] = 3_000
        inputs.gauge[:] = [3_900 * 1_000_000 // 78_125, 80 * 256]
        inputs.contact[:] = inputs.board[:] = [33 * 128] * 2
        inputs.skin[:] = [20_480] * 2
        inputs.heard[:] = [self.ms] * len(inputs.heard)

    def drive(self, bank: int, duty: int) -> None:
        """Nobody may."""
        self.lit = True

    def renew_lease(self) -> None:
        """Nobody may."""
        self.lit = True

    def reset_cause(self) -> int:
        """Power-on."""
        return 0

    def load(self, name: str) -> "bytes | None":
        """A file."""
        return self.files.get(name)

    def store(self, name: str, content: bytes) -> bool:
        """Replaced."""
        self.files[name] = content
        return True

    def append(self, name: str, content: bytes) -> bool:
        """Lengthened."""
        self.files[name] = self.files.get(name, b"") + content
        return True

    def size(self, name: str) -> "int | None":
        """Of a file."""
        return len(self.files[name]) if name in self.files else None

    def tail(self, name: str, most: int) -> "bytes | None":
        """Of a file."""
        content = self.files.get(name)
        return None if content is None else content[-most:]


def started(files: "dict[str, bytes]") -> "tuple[Waistband, Silent]":
    """The firmware on these files, some seconds after power-on."""
    hal: Any = Silent(files)
    board: Any = RPI_PICO
    calibration = json_codec.parse(files[CALIBRATION]) if CALIBRATION in files else None
    unit = Waistband(hal, board, calibration, files.get(PRESCRIPTION))
    for _ in range(TICKS):
        unit.tick()
    return unit, hal


def case(good: "dict[str, bytes]", name: str, content: bytes) -> str:
    """What is wrong with a start on these files, one of them spoiled; empty if nothing is."""
    files = dict(good)
    files[name] = content
    before = dict(files)
    try:
        unit, hal = started(files)
    except Exception as why:
        return "raised " + repr(why)
    if hal.lit:
        return "lit"
    state = unit.session.state
    if state != (states.LOCKED if unit.session.lock else states.READY):
        return "in " + states.STATES[state]
    if TRIAL in files and not (unit.trial and unit.trial.mask == 0 == unit.gate.mask):
        return "a placebo unit that is none any more"
    if unit.session.lock and not unit.session.locked:
        return "locked without a word"
    if not 0 <= unit.session.day_treat_ms <= max(SESSION_DAY_MAX_MS, 40 * 60_000):
        return "a day of " + str(unit.session.day_treat_ms)
    for other, text in before.items():
        if other not in (KEYS, persistent_state.DAY) and files[other][: len(text)] != text:
            return other + " is gone"
    return ""


def run(good: "dict[str, bytes]", cases: int) -> "list[str]":
    """Every file, so many times."""
    wrong = []
    for name in sorted(good):
        tried = set()  # some ways of spoiling give the same bytes time and again
        for seed in range(cases):
            content = spoiled(good[name], Random(seed))
            if content in tried:
                continue
            tried.add(content)
            said = case(good, name, content)
            if said:
                wrong.append(name + " " + str(seed) + ": " + said)
    return wrong


def main() -> None:
    """For an interpreter's command line: a file of good files, as JSON of latin-1 texts."""
    with open(sys.argv[1]) as file:
        good = {name: text.encode() for name, text in json.load(file).items()}
    assert CONTROL_TICKS < TICKS and journal.name(0) in good
    wrong = run(good, CASES)
    print(json.dumps({"cases": CASES * len(good), "wrong": wrong[:20]}))


if __name__ == "__main__":
    main()
