"""How often the unit's flash is erased: a year's use, written by the firmware onto littlefs.

    python -m tools.dev.flash_wear [SESSIONS]

The files of the product stand on it, as `waistband flash` puts them there. One session is run
whole on the simulator; on each day then the journal's and the keys' own code writes what that
session wrote, on the filesystem that MicroPython makes, and every erase of a block is counted.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from littlefs import LittleFS
from littlefs.context import UserContext
from littlefs.errors import LittleFSError

from firmware.records import journal_events, persistent_state
from firmware.records.journal import Journal
from firmware.records.keys import FILE as KEYS
from firmware.records.keys import Keys
from sim.driver_depth.flash import SECTOR, SECTORS, device_files
from sim.pin_depth import flash
from sim.run import Run
from sim.scenario.scenario import parse
from tools.prescription import keyfile
from tools.prescription.keyfile import Key

YEAR = 364  # sessions, at seven a week
ERASES = 100_000  # that a sector stands (W25Q16JV data sheet)
# What MicroPython's VfsLfs2 asks for where rp2's _boot.py mounts it with progsize=256.
READ, PROG, CYCLES = 32, 256, 100
CACHE = 4 * PROG
PART = "~kept.part"  # what `store` writes beside the old file
DAY_S = 86_400
ROOT = Path(__file__).resolve().parents[2]
SESSION = 'duration_s = 70\n[[event]]\nat_s = 2\npress = "START"\n' + (
    '[[event]]\nat_s = 60\npress = "START"\nhold_ms = 1600\n'
)


class Counted(UserContext):
    """A flash in memory that counts the erases of each sector."""

    def __init__(self, content: bytes) -> None:
        super().__init__(buffer=bytearray(content))
        self.erased: Counter[int] = Counter()

    def erase(self, cfg: Any, block: int) -> int:
        """As the flash does, counted."""
        self.erased[block] += 1
        return int(super().erase(cfg, block))


class Storage:
    """The part of the HAL that keeps files, as `hal.rp2_hal` does it, on littlefs."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.flash = Counted(flash.filesystem(files)[1])
        self.clock_s = 0
        self.mount()

    def mount(self) -> None:
        """The unit is switched on."""
        self.files = LittleFS(
            context=self.flash, block_size=SECTOR, block_count=SECTORS, read_size=READ,
            prog_size=PROG, cache_size=CACHE, lookahead_size=flash.LOOKAHEAD, block_cycles=CYCLES,
            disk_version=flash.DISK_VERSION,
        )  # fmt: skip

    def store(self, name: str, content: bytes) -> bool:
        """Beside the old file, then over it."""
        with self.files.open(PART, "wb") as file:
            file.write(content)
        self.files.rename(PART, name)
        return True

    def append(self, name: str, content: bytes) -> bool:
        """At the end; littlefs-python's "ab" does not make a file."""
        with self.files.open(name, "ab" if self.size(name) is not None else "wb") as file:
            file.write(content)
        return True

    def load(self, name: str) -> bytes | None:
        """A file's bytes."""
        try:
            with self.files.open(name, "rb") as file:
                return bytes(file.read())
        except LittleFSError:
            return None

    def size(self, name: str) -> int | None:
        """A file's size."""
        try:
            return int(self.files.stat(name).size)
        except LittleFSError:
            return None

    def tail(self, name: str, most: int) -> bytes | None:
        """A file's last bytes."""
        content = self.load(name)
        return None if content is None else content[-most:]

    def wall_clock(self) -> int:
        """The clock."""
        return self.clock_s


@dataclass(frozen=True)
class Wear:
    """A year of it."""

    sessions: int
    erases: int
    most: int  # of one sector
    sectors: int  # that were erased at all

    @property
    def years(self) -> float:
        """Until the sector that is erased most has had all that it stands."""
        return ERASES / self.most * self.sessions / YEAR


def session() -> dict[str, dict[str, Any]]:
    """What a session writes: its records by kind, and the day."""
    run = Run(parse(SESSION, "session"))
    run.advance(10**9)
    lines = run.hal.files["journal.0"].splitlines()
    rows = {row["kind"]: row for row in map(json.loads, lines)}
    return {**rows, "day": {"content": run.hal.files[persistent_state.DAY]}}


def use(sessions: int) -> Wear:
    """Switched on once a day, one session, switched off."""
    storage: Any = Storage(device_files(ROOT))
    storage.store(KEYS, keyfile.render_unit_keys(Key(bytes(32))))
    storage.flash.erased.clear()
    rows = session()
    boot = ("cause", "lock", "serial")
    for _ in range(sessions):
        storage.clock_s += DAY_S
        storage.mount()
        journal = Journal(storage, Keys(storage.load(KEYS)))
        journal.find()
        journal.add("boot", boot, tuple(rows["boot"][key] for key in boot))
        assert journal.write(3)
        storage.store(persistent_state.DAY, rows["day"]["content"])  # as if it were wholly given
        asked = tuple(rows["session"][key] for key in journal_events.SESSION)
        assert journal.begin(journal_events.SESSION, asked, 10)
        storage.store(persistent_state.DAY, rows["day"]["content"])  # what it was
        journal.end(journal_events.END, tuple(rows["end"][key] for key in journal_events.END))
        assert journal.write(1_800)
    erased = storage.flash.erased
    return Wear(sessions, erased.total(), max(erased.values()), len(erased))


def main() -> None:
    """Print it."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else YEAR
    wear = use(sessions)
    print(
        f"{wear.sessions} sessions: {wear.erases:,} erases in {wear.sectors} of {SECTORS} sectors, "
        f"{wear.most} at most of one, {100 * wear.most / ERASES:.2f} % of the {ERASES:,} that it"
        f" stands: {wear.years:,.0f} years at seven sessions a week"
    )


if __name__ == "__main__":
    main()
