"""The flash: files, how long writing takes, and the ways in which it fails.

Interrupts are off while a sector is erased (45 ms typically, 400 ms at most, RP2040
boards' data sheets): the program stands still for as long, whatever it does.
"""

import errno
import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.driver_depth.clock import Clock

SECTOR = 4_096
SECTORS = 352  # of the Pico's filesystem
ERASE_US = 45_000
PROGRAM_US = 700  # a page of 256 bytes (typical of the part)
OPEN_US = 2_000  # littlefs looks for a file (assumed)
DEVICE_FILES = ("boot.py", "main.py", "hal", "firmware")


def device_files(root: Path) -> dict[str, bytes]:
    """The files of the unit as they are copied to it."""
    found = {}
    for name in DEVICE_FILES:
        top = root / name
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top] * top.exists():
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


class Flash:
    """A filesystem in memory; it outlives resets and power cuts."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        self.folders = {
            name.rsplit("/", k)[0] for name in files for k in range(1, name.count("/") + 1)
        }
        self.clock: Clock | None = None  # of the chip that waits for it
        self.mounted = True
        self.full = False
        self.on_torn: Callable[[], object] | None = None  # called in the middle of a write, once
        # Files that cannot be read, and what opening them raises instead; stat still finds them.
        self.broken: dict[str, BaseException] = {}
        self.erase_us = ERASE_US
        self.erases = 0

    def _spend(self, us: int) -> None:
        if self.clock:
            self.clock.spend(us)

    def _check(self, name: str) -> str:
        self._spend(OPEN_US)
        if not self.mounted:
            raise OSError(errno.ENODEV, "ENODEV")
        return name.strip("/").removeprefix("./")

    def read(self, name: str) -> bytes:
        """A file's bytes; OSError as MicroPython has it."""
        name = self._check(name)
        if name in self.broken:
            raise self.broken[name]
        if name not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        return self.files[name]

    def write(self, name: str, data: bytes, old: int = 0) -> None:
        """Replace a file, but for its first `old` bytes; takes as long as its new sectors and one
        of the folder's. Torn, half of the new is left (littlefs would leave the old): what is
        kept must not lean on more."""
        if self.full:
            raise OSError(errno.ENOSPC, "ENOSPC")
        if self.on_torn:
            on_torn, self.on_torn = self.on_torn, None
            self._spend(self.erase_us)
            self.files[name] = data[: (old + len(data)) // 2]
            on_torn()
        erases = 1 + (len(data) - old) // SECTOR
        pages = 1 + (len(data) - old) // 256
        for _ in range(erases):
            self.erases += 1
            self._spend(self.erase_us)
        self._spend(pages * PROGRAM_US)
        self.files[name] = data

    def open(self, name: str, mode: str = "r", **_: object) -> "io.BytesIO | io.TextIOWrapper":
        """The builtin `open` of the program."""
        if any(flag in mode for flag in "wa+x"):
            name = self._check(name)
            if self.full:
                raise OSError(errno.ENOSPC, "ENOSPC")
            kept = b"" if "w" in mode else self.files.get(name, b"")
            stream: io.BytesIO = Written(self, name, kept)
        else:
            stream = io.BytesIO(self.read(name))
        return stream if "b" in mode else io.TextIOWrapper(stream, "utf-8")

    # -- what `os` offers ------------------------------------------------------------------

    def listdir(self, path: str = "/") -> list[str]:
        """Names in a folder."""
        folder = self._check(path)
        prefix = folder + "/" if folder else ""
        if folder and folder not in self.folders:
            raise OSError(errno.ENOENT, "ENOENT")
        inside = [n[len(prefix) :] for n in (*self.files, *self.folders) if n.startswith(prefix)]
        return sorted({name.split("/")[0] for name in inside if name})

    def stat(self, path: str) -> tuple[int, ...]:
        """Mode, then zeros, with the size in the seventh place."""
        name = self._check(path)
        if name in self.folders or not name:
            return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        if name not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        return (0x8000, 0, 0, 0, 0, 0, len(self.files[name]), 0, 0, 0)

    def remove(self, path: str) -> None:
        """Delete a file."""
        name = self._check(path)
        if name not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        self._spend(self.erase_us)
        del self.files[name]

    def rename(self, old: str, new: str) -> None:
        """Move a file, over another if need be."""
        old, new = self._check(old), new.strip("/")
        if old not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        self._spend(self.erase_us)
        self.files[new] = self.files.pop(old)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        name = self._check(path)
        if name in self.folders:
            raise OSError(errno.EEXIST, "EEXIST")
        self._spend(self.erase_us)
        self.folders.add(name)

    def statvfs(self, path: str) -> tuple[int, ...]:
        """Block size, and how many are free."""
        self._check(path)
        used = sum([1 + len(data) // SECTOR for data in self.files.values()])
        free = 0 if self.full else SECTORS - used
        return (SECTOR, SECTOR, SECTORS, free, free, 0, 0, 0, 0, 255)


class Written(io.BytesIO):
    """A file open for writing: it reaches the flash when flushed or closed."""

    def __init__(self, flash: Flash, name: str, kept: bytes) -> None:
        super().__init__()
        super().write(kept)
        self.old = len(kept)
        self.flash = flash
        self.name = name
        self.stored: bytes | None = None

    def flush(self) -> None:
        """Store what was written so far."""
        if not self.closed and self.getvalue() != self.stored:
            self.stored = self.getvalue()
            self.flash.write(self.name, self.stored, self.old)

    def close(self) -> None:
        """Store, and let go."""
        if not self.closed:
            self.flush()
        super().close()
