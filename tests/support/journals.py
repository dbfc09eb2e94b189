"""Journals as real units write them, for tests and for measuring: the firmware's own code.

`python -m tests.support.journals FOLDER SESSIONS` writes an archive of many sessions, in pulls of
the eight segments each, and its key beside it.
"""

import functools
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.core.inputs import START, UP
from firmware.records import journal_events
from firmware.records.journal import SEGMENTS, Journal
from firmware.records.keys import FILE, Keys
from tests.support.clocks import turn_clock
from tests.support.fake_hal import SHORT, Bench, FakeHal
from tools.prescription import file, keyfile
from tools.prescription.keyfile import Key

KEY = Key(bytes(range(32)), "WB-0001")
OTHER = Key(bytes(range(1, 33)), "WB-0001")
CLOCK_S = 820_584_000
DAY_S = 86_400
AGAIN_S = 6 * 3_600  # the next session of a unit that is long used


@dataclass(frozen=True)
class Kept:
    """What lies on a unit, and what its wearer noted down."""

    files: dict[str, bytes]
    receipts: tuple[str, ...]


@functools.cache
def unit_journal(key: Key | None = KEY, sessions: int = 3) -> Kept:
    """A unit that was used: so many short sessions, each after it was switched on, the second
    one ended by a fault. Its last record is the end of the last session."""
    bench = Bench(SHORT)
    if key:
        bench.hal.files[FILE] = keyfile.render_unit_keys(key)
        bench.kept = (bench.kept[0], file.sign(SHORT, key, "WB-0001", 1, None))
    receipts = []
    for session in range(sessions):
        turn_clock(bench.hal, bench.unit.clock, CLOCK_S + session * DAY_S)
        bench.reset()
        bench.hal.skin_mc(33_000)
        if session:  # the one before ended by a fault, or by a hold soon after START
            bench.to_ready().press(UP)
        bench.to("TREAT")
        if session == 1:
            bench.hal.ntc[0] = 4_000
            bench.until("FAULT")
        else:
            bench.down(START)
            bench.until("OFF")
            bench.up(START)
        bench.run(3_000)
        receipts.append(bench.unit.journal.receipt.decode())
    return Kept(segments(bench.hal.files), tuple(receipts))


def segments(files: dict[str, bytes]) -> dict[str, bytes]:
    """The journal's files alone."""
    return {name: content for name, content in files.items() if name.startswith("journal.")}


@functools.cache
def template() -> dict[str, dict[str, Any]]:
    """The records of a real session, by kind."""
    rows = [json.loads(line) for line in unit_journal().files["journal.0"].splitlines()]
    return {row["kind"]: row for row in rows}


class LongUsed:
    """A unit that is used for years: the journal's own code, fed with a real session's values."""

    def __init__(self, key: Key | None = KEY) -> None:
        self.hal: Any = FakeHal()
        if key:
            self.hal.files[FILE] = keyfile.render_unit_keys(key)
        self.hal.clock_s = CLOCK_S
        self.sessions = 0
        self.receipts: list[str] = []
        self.journal: Journal

    def use(self) -> None:
        """Switched on, one session, switched off."""
        hal, rows = self.hal, template()
        hal.calls.clear()
        hal.clock_s += AGAIN_S
        self.journal = Journal(hal, Keys(hal.load(FILE)))
        self.journal.find()
        turn_clock(hal, self.journal.clock, hal.clock_s)
        keys = journal_events.BOOT
        self.journal.add("boot", keys, tuple(rows["boot"][key] for key in keys))
        self.sessions += 1
        asked, ended = ({**rows[kind], "session": 1} for kind in ("session", "end"))
        assert self.journal.begin(
            journal_events.SESSION, tuple(asked[key] for key in journal_events.SESSION), 10
        )
        self.journal.end(journal_events.END, tuple(ended[key] for key in journal_events.END))
        assert self.journal.write(1_800) and self.journal.ratchet()
        self.receipts.append(self.journal.receipt.decode())


def archive(folder: Path, sessions: int) -> None:
    """Pulls that follow each other and overlap, each in a folder of its own."""
    unit = LongUsed()
    pulled = -1
    while unit.sessions < sessions:
        unit.use()
        segment = unit.journal.segment
        due = segment % (SEGMENTS // 2) == 2 and segment != pulled
        if due or unit.sessions == sessions:
            write(folder / f"pull-{unit.sessions:06}", segments(unit.hal.files))
        pulled = segment


def write(folder: Path, files: dict[str, bytes]) -> None:
    """A pull, as files."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def main() -> None:
    """Write an archive and its key."""
    folder, sessions = Path(sys.argv[1]), int(sys.argv[2])
    archive(folder, sessions)
    digits = json.dumps({"key": KEY.secret.hex(), "unit": KEY.unit}).encode()
    keyfile.write_private(f"{folder}.key", digits)


if __name__ == "__main__":
    main()
