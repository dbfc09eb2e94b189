"""Flash wear: how often a year's use erases the unit's flash.

    python -m tools.dev.flash_wear [SESSIONS]

The product's files are on it, as `waistband flash` puts them there. One session is simulated; on
each day the journal's and the keys' own code then writes that session's records to littlefs, set up
as MicroPython sets it up, and every erase of a block is counted.
"""

import json
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

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
ERASES = 100_000  # endurance of a sector (W25Q16JV data sheet)
# MicroPython's VfsLfs2, mounted by rp2's _boot.py with progsize=256.
READ, PROG, CYCLES = 32, 256, 100
CACHE = 4 * PROG
PART = "~kept.part"  # `store` writes it, then renames it
DAY_S = 86_400
ROOT = Path(__file__).resolve().parents[2]
SESSION = 'duration_s = 70\n[[event]]\nat_s = 2\npress = "START"\n' + (
    '[[event]]\nat_s = 60\npress = "START"\nhold_ms = 1600\n'
)


class CountingFlash(UserContext):
    """A flash in memory that counts the erases of each sector."""

    def __init__(self, content: bytes) -> None:
        super().__init__(buffer=bytearray(content))
        self.erased: Counter[int] = Counter()

    def erase(self, cfg: Any, block: int) -> int:
        """Erase a sector, and count it."""
        self.erased[block] += 1
        return int(super().erase(cfg, block))


class Storage:
    """The file functions of the HAL, as in `hal.storage`, on littlefs; see the HAL contract."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.flash = CountingFlash(flash.filesystem(files)[1])
        self.clock_s = 0
        self.mount()

    def mount(self) -> None:
        """Mount the filesystem, as at power-on."""
        self.files = LittleFS(
            context=self.flash, block_size=SECTOR, block_count=SECTORS, read_size=READ,
            prog_size=PROG, cache_size=CACHE, lookahead_size=flash.LOOKAHEAD, block_cycles=CYCLES,
            disk_version=flash.DISK_VERSION,
        )  # fmt: skip

    def store(self, name: str, content: bytes) -> bool:
        """Replace a file."""
        with self.files.open(PART, "wb") as file:
            file.write(content)
        self.files.rename(PART, name)
        return True

    def append(self, name: str, content: bytes) -> bool:
        """Append to a file. littlefs-python's "ab" does not make one."""
        with self.files.open(name, "ab" if self.size(name) is not None else "wb") as file:
            file.write(content)
        return True

    def load(self, name: str) -> bytes | None:
        """A file's content; None without one."""
        return self.tail(name, 0)

    def size(self, name: str) -> int | None:
        """A file's size; None without one."""
        with suppress(LittleFSError):
            return int(self.files.stat(name).size)
        return None

    def tail(self, name: str, most: int) -> bytes | None:
        """A file's last bytes, all where `most` is 0; None without one."""
        with suppress(LittleFSError), self.files.open(name, "rb") as file:
            return bytes(file.read())[-most:]
        return None

    def wall_clock(self) -> int:
        """Seconds of the clock."""
        return self.clock_s


class Wear(NamedTuple):
    """Erases of a number of sessions: all, the most of one sector, sectors erased at all."""

    sessions: int
    erases: int
    most: int
    sectors: int

    @property
    def years(self) -> float:
        """Until the most erased sector reaches ERASES."""
        return ERASES / self.most * self.sessions / YEAR


def records_of_session() -> dict[str, dict[str, Any]]:
    """Simulate a session; return its records by kind, and the day's file."""
    run = Run(parse(SESSION, "session"))
    run.advance(10**9)
    rows = map(json.loads, run.hal.files["journal.0"].splitlines())
    day = {"content": run.hal.files[persistent_state.DAY]}
    return {**{row["kind"]: row for row in rows}, "day": day}


def measure_wear(sessions: int) -> Wear:
    """Erases of so many days with one session each."""
    storage: Any = Storage(device_files(ROOT))
    storage.store(KEYS, keyfile.render_unit_keys(Key(bytes(32))))
    storage.flash.erased.clear()
    rows = records_of_session()
    boot = journal_events.BOOT
    for _ in range(sessions):
        storage.clock_s += DAY_S
        storage.mount()
        journal = Journal(storage, Keys(storage.load(KEYS)))
        journal.find()
        journal.add("boot", boot, tuple(rows["boot"][key] for key in boot))
        assert journal.write(3) and journal.ratchet()
        storage.store(persistent_state.DAY, rows["day"]["content"])  # as if it were wholly given
        asked = tuple(rows["session"][key] for key in journal_events.SESSION)
        assert journal.begin(journal_events.SESSION, asked, 10)
        storage.store(persistent_state.DAY, rows["day"]["content"])  # what it was
        journal.end(journal_events.END, tuple(rows["end"][key] for key in journal_events.END))
        assert journal.write(1_800) and journal.ratchet()
    erased = storage.flash.erased
    return Wear(sessions, erased.total(), max(erased.values()), len(erased))


def main() -> None:
    """Print the wear of a year, or of the number of sessions named."""
    wear = measure_wear(int(sys.argv[1]) if len(sys.argv) > 1 else YEAR)
    print(
        f"{wear.sessions} sessions: {wear.erases:,} erases in {wear.sectors} of {SECTORS} sectors, "
        f"{wear.most} at most of one, {100 * wear.most / ERASES:.2f} % of the {ERASES:,} that it"
        f" stands: {wear.years:,.0f} years at seven sessions a week"
    )


if __name__ == "__main__":
    main()
