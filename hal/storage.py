"""Files of the unit on littlefs: read with bounds, replaced or lengthened whole or not at all.

littlefs shows what was written when the file is closed, and a rename at once; whenever the power
goes, it then mounts with the old or the new (tests/firmware/test_power_cuts.py). But for one
thing: a rename from one metadata pair to another is a move of two steps, and cut between them
littlefs 2.11 shows neither the moved name nor the one after it in its pair, until something is
written. Nothing comes after "~" in a pair.

Only "there is no such file" (ENOENT) is absent, and answered with None. Whatever else prevents
reading (I/O error, no memory, too large, no filesystem) is answered with no bytes, as a file of 0
bytes is: to every reader that is the worst case.
"""

import os

FILE_MAX = 16_384
FILE_PIECE = 512
ENOENT = 2
UNREADABLE = b""
KEPT_PART = "~kept.part"  # what is being written, until it takes the old file's place


def is_absent(why: BaseException) -> bool:
    """Whether an error says that there is no such file, and nothing worse."""
    return isinstance(why, OSError) and bool(why.args) and why.args[0] == ENOENT


def load(name: str) -> "bytes | None":
    """A file's bytes; None where there is no such file. UNREADABLE where it is there and cannot be
    read, or is longer than 16 KB."""
    content = b""
    try:
        with open(name, "rb") as file:
            while len(content) <= FILE_MAX:
                piece: bytes = file.read(FILE_PIECE)  # 16 KB in one piece may not be free
                if not piece:
                    return content
                content += piece
    except (OSError, MemoryError) as why:
        return None if is_absent(why) else UNREADABLE
    return UNREADABLE


def store(name: str, content: bytes) -> bool:
    """Write beside the old file, then rename over it; False where the filesystem is full or
    broken. Up to a second: only while dark."""
    try:
        with open(KEPT_PART, "wb") as file:
            file.write(content)
        os.rename(KEPT_PART, name)
    except OSError:
        return False
    return True


def append(name: str, content: bytes) -> bool:
    """Add to a file's end; False where the filesystem is full or broken. Only while dark."""
    try:
        with open(name, "ab") as file:
            file.write(content)
    except OSError:
        return False
    return True


def size(name: str) -> "int | None":
    """Bytes of a file; None where there is no such file, -1 where they cannot be counted."""
    try:
        count: int = os.stat(name)[6]
    except (OSError, MemoryError) as why:
        return None if is_absent(why) else -1
    return count


def tail(name: str, most: int) -> "bytes | None":
    """A file's last bytes; None where there is no such file, UNREADABLE as `load` has it."""
    try:
        with open(name, "rb") as file:
            file.seek(max(file.seek(0, 2) - most, 0))
            content: bytes = file.read()
    except (OSError, MemoryError) as why:
        return None if is_absent(why) else UNREADABLE
    return content
