"""A flash whose power goes at a given operation, and stories of what a unit writes on it.

Runs on CPython over littlefs-python and on MicroPython over its own `vfs.VfsLfs2`; both end in
the same `Flash`. A story writes; `holds` then says what is wrong with what was found, if
anything, once the power is back.
"""

import json

from firmware.records import journal, mac
from firmware.records.journal import SEGMENTS, Journal
from firmware.records.keys import FILE, Keys
from hal import storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # what lies there before, what is then written, and what is wrong with what was found
    Story = tuple[
        Callable[["Files"], None], Callable[["Files", list[object]], None],
        Callable[["Files", list[object]], str],
    ]  # fmt: skip

BLOCK = 4_096
BLOCKS = 48
DIRECTORY = 0x4000  # the type that `os.ilistdir` gives
STOP, TEAR, ORDER = 0, 1, 2  # the operation is not done; half of it; others of its batch are lost
MODES = (STOP, TEAR, ORDER)
ROOT = bytes(range(32))  # the journal's first key


GONE = -5  # an input or output error


class Flash:
    """Erases and programs are counted; from `cut_at` on nothing works any more."""

    def __init__(self, content: "bytes | bytearray | None" = None) -> None:
        self.data = bytearray(content or b"\xff" * (BLOCK * BLOCKS))
        self.cut_at = -1
        self.mode = STOP
        self.count = 0
        self.gone = False
        self.undone: list[tuple[int, bytes]] = []  # what lay where this batch wrote

    def change(self, at: int, content: bytes) -> int:
        """An erase or a program."""
        if self.gone:
            return GONE
        old = bytes(self.data[at : at + len(content)])
        if self.count == self.cut_at:
            self.gone = True
            if self.mode == TEAR:
                self.data[at : at + len(content) // 2] = content[: len(content) // 2]
            elif self.mode == ORDER:
                self.data[at : at + len(content)] = content
                for where, was in self.undone[:1]:  # the last was done, the first was not
                    self.data[where : where + len(was)] = was
            return GONE
        self.count += 1
        self.undone.append((at, old))
        self.data[at : at + len(content)] = content
        return 0

    def sync(self) -> int:
        """All before this is done before all after it."""
        self.undone.clear()
        return GONE if self.gone else 0

    # MicroPython's block device; littlefs needs the extended form.

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> int:
        """Read."""
        if self.gone:  # a file that was not closed: its finaliser runs with the heap locked
            return GONE
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]
        return 0

    def writeblocks(self, block: int, buffer: bytearray, offset: int = 0) -> int:
        """Program."""
        return self.change(block * BLOCK + offset, bytes(buffer))

    def ioctl(self, what: int, value: int) -> int:
        """Sync, count, size, erase."""
        if what == 3:
            return self.sync()
        if what == 4:
            return BLOCKS
        if what == 5:
            return BLOCK
        if what == 6:
            return self.change(value * BLOCK, b"\xff" * BLOCK)
        return 0


class Files:
    """As much of a HAL as writes."""

    def __init__(self) -> None:
        self.load, self.store = storage.load, storage.store
        self.append, self.size, self.tail = storage.append, storage.size, storage.tail

    def wall_clock(self) -> "int | None":
        """Always the same."""
        return 817_344_000


def journal_of(files: Files) -> Journal:
    """The journal as a unit finds it."""
    found = Journal(files, Keys(files.load(FILE)))  # type: ignore[arg-type]
    found.find()
    return found


# -- the stories: what lies there before, what is then written, what must hold ------------------


RECORDS = 3  # each written with a key of its own


def before_all(files: Files) -> None:
    """A unit with keys and some records."""
    keys = Keys(None)
    keys.prescription = keys.journal = ROOT
    assert files.store(FILE, keys.content())
    assert files.store("day.json", b"old")
    told = journal_of(files)
    for k in range(RECORDS):
        told.add("test", ("k",), (k,))
        assert told.write(0) and told.ratchet()


def swap(files: Files, done: "list[object]") -> None:
    """A file is replaced, twice."""
    for content in (b"n" * 300, b"m" * 5_000):
        if files.store("day.json", content):
            done.append(content)


def swap_holds(files: Files, done: "list[object]") -> str:
    """The old or the new, never a mix; what was promised is there."""
    found = files.load("day.json")
    good = [b"old", b"n" * 300, b"m" * 5_000]
    if found not in good:
        return "day.json holds neither: " + repr(found and found[:20])
    if done and good.index(found) < good.index(done[-1]):  # type: ignore[arg-type]
        return "what was kept is gone"
    return ""


def session(files: Files, done: "list[object]") -> None:
    """A session's records, with the key that moves."""
    told = journal_of(files)
    if told.begin(("session",), (1,), 0):
        done.append(told.n)
    told.end(("session", "a_uj_cm2"), (1, [1, 2, 3, 4]))
    if told.write(0) and told.ratchet():
        done.append(told.n)


def fill(files: Files) -> None:
    """Two segments, so full that the next record begins another; the others are old."""
    before_all(files)
    told = journal_of(files)
    journal.SEGMENT_BYTES = 1_500
    for k in range(40):
        told.add("test", ("k",), (k,))
        assert told.write(0) and told.ratchet()


def rotate(files: Files, done: "list[object]") -> None:
    """Records enough to begin the next segment."""
    told = journal_of(files)
    for k in range(6):
        told.add("test", ("k",), (k,))
        if told.write(0) and told.ratchet():
            done.append(told.n)


def chain_holds(files: Files, done: "list[object]") -> str:
    """Whole lines make one chain without a gap, with what was promised in it; it goes on."""
    if Keys(files.load(FILE)).broken:
        return "the keys are broken"
    told = journal_of(files)
    wrong = chain_wrong(files, done)
    if wrong:
        return wrong
    told.add("test", (), ())
    if not (told.write(0) and told.ratchet()):
        return "nothing can be written any more"
    return chain_wrong(files, done)


def chain_wrong(files: Files, done: "list[object]", key: bytes = ROOT) -> str:
    """What is wrong with the chain, whose first key is this."""
    rows = []
    for segment in range(SEGMENTS):
        for line in (files.load(journal.name(segment)) or b"").split(b"\n"):
            try:
                rows.append((json.loads(line)["n"], line))
            except ValueError:
                if line:
                    return "a torn line: " + repr(line[:30])
    rows.sort()
    index, prev = 0, ""
    for k in range(len(rows)):
        n, line = rows[k]
        row = json.loads(line)
        while index < row["key"]:
            key, index = mac.next_key(key), index + 1
        if n != rows[0][0] + k or (prev and row["prev"] != prev):
            return "the chain has a gap at " + str(n)
        if row["seal"] != mac.hmac_hex(key, line[: line.rindex(b', "seal"')]):
            return "record " + str(n) + " is not sealed with its key"
        prev = row["seal"]
    if done and rows[-1][0] < done[-1]:
        return "record " + str(done[-1]) + " was promised, and is gone"
    return ""


CROWD = [
    "boot.py", "main.py", "board.txt", "calibration.json", "prescription.json", "fault.json",
    "files.json", "hal", "firmware",
] + ["notes" + str(k) for k in range(16)]  # fmt: skip


def crowd(files: Files) -> None:
    """So many files that littlefs keeps their names in more than one place: a rename may then be
    a move, which it does in two steps."""
    for name in CROWD:
        assert files.store(name, name.encode() * 20)
    before_all(files)
    for _ in range(10):
        assert files.store("day.json", b"old")


def crowd_holds(files: Files, done: "list[object]") -> str:
    """Every file is there, before anything is written."""
    for name in CROWD:
        if files.load(name) != name.encode() * 20:
            return name + " is not what it was"
    if Keys(files.load(FILE)).key != RECORDS:
        return "the keys are hidden"
    return swap_holds(files, done)


STORIES: "dict[str, Story]" = {
    "crowd": (crowd, swap, crowd_holds),
    "swap": (before_all, swap, swap_holds),
    "session": (before_all, session, chain_holds),
    "rotation": (fill, rotate, chain_holds),
}


# -- a deploy, which is programs that the unit runs at its prompt -------------------------------


def make_folders(name: str) -> None:
    """Make the folders that a file's name needs."""
    import os

    parts = name.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[: depth - 1])
        if parts[depth - 1] not in (os.listdir(above) if above else os.listdir()):
            os.mkdir("/".join(parts[:depth]))


def read_texts(folder: str = "") -> "dict[str, str]":
    """The text of every file in a folder and below, by its name from there on."""
    import os

    texts: dict[str, str] = {}
    for entry in os.ilistdir(folder) if folder else os.ilistdir():  # type: ignore[attr-defined]
        name = folder + "/" + entry[0] if folder else entry[0]
        if entry[1] == DIRECTORY:
            texts.update(read_texts(name))
            continue
        with open(name) as file:
            texts[name] = file.read()
    return texts


def deploy(path: str) -> "Story":
    """The story of the programs that `waistband deploy` has a unit run, from the release that
    lies there to another; MicroPython alone can tell it."""

    with open(path) as file:
        told = json.load(file)
    old: dict[str, str] = told["old"]
    new: dict[str, str] = told["new"]
    own: dict[str, str] = told["own"]

    def prepare(files: Files) -> None:
        for name in list(old) + list(own):
            make_folders(name)
            with open(name, "w") as file:
                file.write(own[name] if name in own else old[name])

    def story(files: Files, done: "list[object]") -> None:
        scope: dict[str, object] = {}
        try:
            for program in told["programs"]:
                exec(program, scope)
        except OSError:
            return
        done.append(1)

    def holds(files: Files, done: "list[object]") -> str:
        there = read_texts()
        for name, text in own.items():
            if there.pop(name, None) != text:
                return name + " was the unit's own, and is not what it was"
        if "deploying" in there:
            return "the mark is there after the end" if done else ""  # it boots dark and says so
        if there == new or (there == old and not done):
            return ""
        return "neither release, and no mark"

    return prepare, story, holds


# -- on MicroPython ----------------------------------------------------------------------------


def on_micropython() -> None:
    """Every story, cut at every operation in every way, over `vfs.VfsLfs2`; one line each."""
    import os
    import sys

    import vfs  # type: ignore[import-not-found]

    def mounted(flash: Flash) -> None:
        vfs.mount(vfs.VfsLfs2(flash, readsize=256, progsize=256, lookahead=32), "/unit")
        os.chdir("/unit")

    def gone() -> None:
        os.chdir("/")
        vfs.umount("/unit")

    stories: dict[str, Story] = dict(STORIES)
    if len(sys.argv) > 1:
        stories = {"deploy": deploy(sys.argv[1])}
    for name in stories:
        prepare, story, holds = stories[name]
        flash = Flash()
        vfs.VfsLfs2.mkfs(flash, readsize=256, progsize=256, lookahead=32)
        mounted(flash)
        prepare(Files())
        gone()
        ready = bytes(flash.data)
        cuts = tried = 0
        while True:
            for mode in MODES:
                flash = Flash(ready)
                mounted(flash)
                flash.count = 0
                flash.cut_at, flash.mode = cuts, mode
                done: list[object] = []
                story(Files(), done)
                was_cut = flash.gone
                gone()
                flash = Flash(flash.data)
                mounted(flash)
                wrong = holds(Files(), done)
                gone()
                tried += 1
                if wrong:
                    print(name, "cut at", cuts, "in way", mode, ":", wrong)
            if not was_cut:
                break
            cuts += 1
        print(name, cuts, tried)


if __name__ == "__main__":
    on_micropython()
