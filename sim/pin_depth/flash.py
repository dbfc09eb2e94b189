"""Content of the emulated flash: MicroPython from a UF2 file, and a unit's files on littlefs.

Used by `run`, and by `waistband flash` and `doctor`. Reads UF2 files, writes nothing on the host.
"""

import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext

from sim.common.errors import BadInput
from sim.driver_depth.flash import SECTOR, SECTORS
from sim.driver_depth.frozen import FROZEN_MARK
from sim.driver_depth.release import release

FLASH = 0x1000_0000
STORAGE = 0x100A_0000  # the Pico's filesystem: the last 1408 KB of 2 MB
FLASH_END = 0x1020_0000
PAGE = 256
LOOKAHEAD = 32
GEOMETRY: dict[str, Any] = {
    "block_size": SECTOR, "block_count": SECTORS, "read_size": PAGE, "prog_size": PAGE,
    "lookahead_size": LOOKAHEAD,
}  # fmt: skip
FILLER, ATTRIBUTES, SHORT = "filler", 256, 64
COMPACT_EVERY = 8  # files: far fewer than the directory entries that a sector holds
DISK_VERSION = 0x0002_0000
UF2_BLOCK, UF2_BEGIN, UF2_END = 512, (0x0A32_4655, 0x9E5D_5157), 0x0AB1_6F30
RP2040 = 0xE48B_FF56
FAMILIES = dict.fromkeys((0xE48B_FF59, 0xE48B_FF5A, 0xE48B_FF5B), "RP2350")
NOT_MAIN = 0x0000_0001
HAS_FAMILY = 0x0000_2000
MACHINE = b"Raspberry Pi Pico with RP2040"
BANNER = re.compile(rb"MicroPython v(\d+)\.(\d+)\.(\d+)")
FROZEN = re.compile(FROZEN_MARK.encode() + rb"([ -~]{1,60} [0-9a-f]{12})")
RELEASE = re.compile(r"\d+\.\d+\.\d+")
OLDEST = (1, 24, 0)
FONT_BANG = bytes((0, 0, 0, 0x4F, 0x4F, 0, 0, 0))

Block = tuple[int, bytes]  # where the chip sees it, and what


def micropython(path: str, with_files: bool = False) -> list[Block]:
    """The blocks of a UF2 file with MicroPython for the Pico, and, where it may have them, with
    the unit's files. A release's number (1.28.0) has the emulator fetch it. Raises BadInput."""
    if RELEASE.fullmatch(path) and not Path(path).exists():
        from sim.pin_depth.adapter import fetch_micropython

        path = fetch_micropython(path)
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{path}: cannot be read: {why}") from None
    blocks = uf2_blocks(content, path)
    if not with_files and has_files(blocks):
        raise BadInput(f"{path}: has files of its own: take a UF2 with MicroPython alone")
    check_image(b"".join(data for _, data in sorted(blocks)), path)
    return blocks


def has_files(blocks: list[Block]) -> bool:
    """Whether these blocks hold a unit's files besides MicroPython."""
    return any(address >= STORAGE for address, _ in blocks)


def frozen_release(blocks: list[Block]) -> str:
    """Return the name of the release that is frozen in, "" where there is none."""
    found = FROZEN.search(b"".join(data for _, data in sorted(blocks)))
    return found[1].decode() if found else ""


def version_of(blocks: list[Block]) -> str:
    """Return MicroPython's version, from its banner; empty where there is none."""
    found = BANNER.search(b"".join(data for _, data in sorted(blocks)))
    return ".".join(part.decode() for part in found.groups()) if found else ""


def glyphs(blocks: list[Block]) -> dict[bytes, str]:
    """Return MicroPython's own 8x8 font, found in the image by its first two characters:
    eight columns -> character."""
    image = b"".join(data for _, data in sorted(blocks))
    at = image.find(bytes(8) + FONT_BANG)
    if at < 0:
        return {}
    return {image[at + 8 * k : at + 8 * k + 8]: chr(32 + k) for k in range(95)}


def uf2_blocks(content: bytes, path: str) -> list[Block]:
    """Return (address, bytes) of each block. Raises BadInput unless all are for the RP2040."""
    if not content or len(content) % UF2_BLOCK:
        raise BadInput(f"{path}: is {len(content)} bytes, and no UF2 file: those come in 512s")
    blocks = []
    for at in range(0, len(content), UF2_BLOCK):
        head = struct.unpack_from("<8I", content, at)
        (end,) = struct.unpack_from("<I", content, at + UF2_BLOCK - 4)
        if head[:2] != UF2_BEGIN or end != UF2_END:
            raise BadInput(f"{path}: is no UF2 file: block {at // UF2_BLOCK} lacks its marks")
        flags, address, size, family = head[2], head[3], head[4], head[7]
        if flags & NOT_MAIN:
            continue
        if flags & HAS_FAMILY and family != RP2040:
            named = FAMILIES.get(family, f"family {family:#x}")
            raise BadInput(f"{path}: is for another chip ({named}): take one for the RP2040")
        if size > UF2_BLOCK - 36 or not FLASH <= address <= FLASH_END - size:
            raise BadInput(
                f"{path}: block {at // UF2_BLOCK} goes to {address:#x}, which is not in the flash"
                " of 2 MB: take RPI_PICO's from micropython.org"
            )
        blocks.append((address, content[at + 32 : at + 32 + size]))
    return blocks


def check_image(image: bytes, path: str) -> None:
    """Raise BadInput unless the image is MicroPython 1.24.0 or newer for this board."""
    found = BANNER.search(image)
    if found is None:
        raise BadInput(f"{path}: has no MicroPython in it: take RPI_PICO's from micropython.org")
    version = tuple(int(part) for part in found.groups())
    if MACHINE not in image:
        raise BadInput(f"{path}: is MicroPython for another board: take the one named RPI_PICO")
    if version < OLDEST:
        number = ".".join(map(str, version))
        raise BadInput(f"{path}: is MicroPython {number}: 1.24.0 or newer is needed")


def filesystem(files: dict[str, bytes], frozen: bool = False) -> Block:
    """Return a littlefs image of the unit's files: a release, and the unit's own; where the product
    is `frozen`, the files as they are."""
    counted = Counted(SECTOR * SECTORS)
    storage = LittleFS(context=counted, disk_version=DISK_VERSION, **GEOMETRY)
    for name, content in (files if frozen else release(files)).items():
        if folder := name.rpartition("/")[0]:
            storage.makedirs(folder, exist_ok=True)
        with storage.open(name, "wb") as file:
            file.write(content)
    compact_directories(storage, counted)
    return STORAGE, bytes(counted.buffer)


def storage_of(memory: "bytes | bytearray") -> LittleFS:
    """A copy of the filesystem in a whole flash, not mounted yet."""
    context = UserContext(buffer=bytearray(memory[STORAGE - FLASH : FLASH_END - FLASH]))
    return LittleFS(context=context, mount=False, **GEOMETRY)


def fill_filesystem(memory: bytearray) -> None:
    """Fill the filesystem of a whole flash: a file takes the free sectors, its attributes the room
    for short files in the folder's own."""
    storage = storage_of(memory)
    storage.mount()
    with suppress(LittleFSError), storage.open(FILLER, "wb", buffering=0) as file:
        while True:
            file.write(bytes(SECTOR))
            file.flush()
    with suppress(LittleFSError):
        for name in range(ATTRIBUTES):
            storage.setattr(FILLER, bytes([name]), bytes(SHORT))
    memory[STORAGE - FLASH : FLASH_END - FLASH] = storage.context.buffer


def files_in(memory: "bytes | bytearray") -> dict[str, bytes]:
    """Return the files in a whole flash, none where its filesystem cannot be mounted."""
    storage = storage_of(memory)
    try:
        storage.mount()
    except LittleFSError:
        return {}
    return files_on(storage)


def files_on(storage: LittleFS) -> dict[str, bytes]:
    """Return the files of a mounted filesystem, by name without a slash before it."""
    found: dict[str, bytes] = {}
    for folder, _, names in storage.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with storage.open(path, "rb") as file:
                found[path.lstrip("/")] = file.read()
    return found


class Counted(UserContext):
    """The flash of a new filesystem; counts erased sectors."""

    erased = 0

    def erase(self, cfg: Any, block: int) -> int:
        """Erase a sector."""
        self.erased += 1
        return int(super().erase(cfg, block))


def compact_directories(storage: LittleFS, counted: Counted) -> None:
    """Write directories anew without their history, all of which is read in each search for a file.

    The unit searches four times for each file at start. The filesystem compacts a directory whose
    sector is full, so each is made full."""
    for folder, _, names in storage.walk("/"):
        names.sort()
        for name in dict.fromkeys([*names[::COMPACT_EVERY], *names[-1:]]):
            path = folder.rstrip("/") + "/" + name
            before = counted.erased
            while counted.erased == before:
                storage.setattr(path, "t", b"t")
                storage.removeattr(path, "t")
