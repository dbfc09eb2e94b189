"""Flash of the virtual chip: files, the time that writing takes, and its faults.

`Program` opens files in it, `run.DriverDepth` applies faults. Interrupts are off while a sector is
erased (45 ms typically, 400 ms at most, RP2040 boards' data sheets): the program stands still.
"""

import errno
import io
from pathlib import Path
from typing import TYPE_CHECKING

from sim.common.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.driver_depth.clock import Clock

SECTOR = 4_096
SECTORS = 352  # of the Pico's filesystem
ERASE_US = 45_000
PROGRAM_US = 700  # a page of 256 bytes (typical of the part)
OPEN_US = 2_000  # littlefs looks for a file (assumed)
FROZEN = ".frozen/"  # before the path of what is frozen into MicroPython
DEVICE_FILES = ("boot.py", "main.py", "hal", "firmware")


def device_files(root: Path) -> dict[str, bytes]:
    """Return the files of the unit, by name, as they are copied to it. Raises BadInput where some
    are missing: a wheel has no `boot.py` and no `main.py`."""
    found = {}
    for name in DEVICE_FILES:
        top = root / name
        if not top.exists():
            raise BadInput(
                f"{root} has no {name}, which a unit needs: an installed package runs the simulator"
                " at HAL depth; for the rest run waistband from a clone of the repository"
            )
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top] * top.exists():
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


class Flash:
    """A filesystem in memory; outlives resets and power cuts. Raises OSError as littlefs does."""

    def __init__(self, files: dict[str, bytes], frozen: dict[str, bytes] | None = None) -> None:
        """`frozen` are the files that are frozen into MicroPython: no filesystem shows them."""
        self.files = dict(files)
        self.frozen = frozen or {}
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
        """Return a file's bytes."""
        name = self._check(name)
        if name in self.broken:
            raise self.broken[name]
        if name not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        return self.files[name]

    def source(self, path: str) -> bytes | None:
        """Return the source of a module, frozen or in the filesystem; None where there is none."""
        if path.startswith(FROZEN):
            return self.frozen.get(path.removeprefix(FROZEN))
        name = path.lstrip("/")
        return self.files.get(name) if self.mounted and name not in self.broken else None

    def has_folder(self, path: str) -> bool:
        """Whether files lie under this path, frozen or in the filesystem."""
        files = self.frozen if path.startswith(FROZEN) else self.files
        inside = path.removeprefix(FROZEN).lstrip("/") + "/"
        return any(file.startswith(inside) for file in files)

    def write(self, name: str, data: bytes, old: int = 0) -> None:
        """Replace a file but for its first `old` bytes. Takes as long as its new sectors and one
        of the folder's. A torn write leaves half of the new bytes. littlefs would leave the old
        file, but stored records must not depend on that."""
        if self.full:
            raise OSError(errno.ENOSPC, "ENOSPC")
        if self.on_torn:
            on_torn, self.on_torn = self.on_torn, None
            self._spend(self.erase_us)
            self.files[name] = data[: (old + len(data)) // 2]
            on_torn()
        pages = 1 + (len(data) - old) // 256
        for _ in range(1 + (len(data) - old) // SECTOR):
            self.erases += 1
            self._spend(self.erase_us)
        self._spend(pages * PROGRAM_US)
        self.files[name] = data

    def open(self, name: str, mode: str = "r", **_: object) -> "io.BytesIO | io.TextIOWrapper":
        """Open a file: the builtin `open` of the program."""
        if any(flag in mode for flag in "wa+x"):
            name = self._check(name)
            if self.full:
                raise OSError(errno.ENOSPC, "ENOSPC")
            kept = b"" if "w" in mode else self.files.get(name, b"")
            stream: io.BytesIO = WritableFile(self, name, kept)
        else:
            stream = io.BytesIO(self.read(name))
        return stream if "b" in mode else io.TextIOWrapper(stream, "utf-8")

    # -- what `os` offers ------------------------------------------------------------------

    def listdir(self, path: str = "/") -> list[str]:
        """Return the names in a folder."""
        folder = self._check(path)
        prefix = folder + "/" if folder else ""
        if folder and folder not in self.folders:
            raise OSError(errno.ENOENT, "ENOENT")
        inside = [n[len(prefix) :] for n in (*self.files, *self.folders) if n.startswith(prefix)]
        return sorted({name.split("/")[0] for name in inside if name})

    def stat(self, path: str) -> tuple[int, ...]:
        """Return mode, then zeros, with the size in the seventh place."""
        name = self._check(path)
        if name in self.folders or not name:
            return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        if name not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        return (0x8000, 0, 0, 0, 0, 0, len(self.files[name]), 0, 0, 0)

    def rename(self, old: str, new: str) -> None:
        """Move a file, over another if need be."""
        old, new = self._check(old), new.strip("/")
        if old not in self.files:
            raise OSError(errno.ENOENT, "ENOENT")
        self._spend(self.erase_us)
        self.files[new] = self.files.pop(old)


class WritableFile(io.BytesIO):
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
