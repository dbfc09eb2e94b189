"""Integrity check of the product's files against their release.

`files.json` has the SHA-256 of each: `waistband flash` and `waistband deploy` write it. All
files take 0.4 s, so a unit checks them one by one during its self-test, and stays dark until all
are checked (`Rp2Hal.arm`).

Where the product is frozen into MicroPython there is nothing to check, and no file of the product
may lie in the filesystem: an earlier release stays there when a UF2 is written. `main.py` imports
from `.frozen` alone and refuses to start beside such a file, by its name.
"""

import binascii
import hashlib
import json
import os

import hal
from hal.storage import is_absent

TABLE = "files.json"
DEPLOYING = "deploying"  # there from before a deploy's first change until after its last
FOLDERS = (  # all in them is ours
    "hal",
    "hal/boards",
    "firmware",
    "firmware/core",
    "firmware/records",
    "firmware/safety",
    "firmware/therapy",
    "firmware/trial",
    "firmware/ui",
)
STARTED = ("boot.py", "main.py")  # what MicroPython runs by itself
CODE = (".py", ".mpy")
LIBRARY = "lib"  # where MicroPython's own installer puts packages
PIECE = 1_024  # read at once
MEND = ": run waistband deploy"


class Wrong(Exception):
    """One line for a person, bare."""

    def __repr__(self) -> str:
        return str(self.args[0])


class Check:
    """A look at all files, a piece a step."""

    def __init__(self) -> None:
        self.piece = bytearray(PIECE)
        self.table: dict[str, str] | None = None
        self.left: list[str] = []  # names to look at, the next one last

    def step(self) -> bool:
        """The table and what lies beside it, or one file; False once all is well. Raises Wrong.
        The first takes 50 ms, others 7 at most."""
        if self.table is None:
            self.table = table()
            self.left = sorted(self.table)
            for name in found() if self.left else ():
                if name not in self.table:
                    raise Wrong(name + " is no part of the release" + MEND)
        elif self.left:
            name = self.left.pop()
            if self._sha256(name) != self.table[name]:
                raise Wrong(name + " is not as it was released" + MEND)
        return bool(self.left)

    def finish(self) -> None:
        """All that is left, at once. Raises Wrong."""
        while self.step():
            pass

    def _sha256(self, name: str) -> str:
        """A file's hash, in hexadecimal. Raises Wrong."""
        digest = hashlib.sha256()
        piece = self.piece
        view = memoryview(piece)
        try:
            with open(name, "rb") as file:
                while True:
                    count = file.readinto(piece)
                    if not count:
                        return binascii.hexlify(digest.digest()).decode()
                    digest.update(view[:count])
        except (OSError, ValueError):  # ValueError: a name that no file can have
            raise Wrong(name + " cannot be read" + MEND) from None


def is_frozen() -> bool:
    """Whether the product is frozen into MicroPython."""
    return str(hal.__path__).startswith(".frozen/")


def stray() -> str:
    """A file or folder of the product in the filesystem, by name; "" where there is none."""
    names = os.listdir()
    if LIBRARY in names:
        names += [LIBRARY + "/" + name for name in os.listdir(LIBRARY)]
    for name in names:
        stem, dot, _ = name.replace(LIBRARY + "/", "").partition(".")
        ours = stem + ".py" in STARTED or stem in FOLDERS
        if (ours and (not dot or name.endswith(CODE))) or name in (TABLE, DEPLOYING):
            return name
    return ""


def settled() -> None:
    """Raises Wrong where files of another release may be imported: beside a frozen product, and
    after a deploy that began and did not end."""
    if is_frozen():
        name = stray()
        if name:
            raise Wrong(name + " is in the filesystem, but the product is frozen in" + MEND)
    elif exists(DEPLOYING):
        raise Wrong("a deploy did not end" + MEND + " again")


def wrong() -> str:
    """What is wrong with the files, looked at all at once; "" where nothing is."""
    try:
        settled()
        Check().finish()
    except Wrong as why:
        return repr(why)
    return ""


def table() -> "dict[str, str]":
    """Hashes by name; none where the product is frozen. Raises Wrong."""
    if is_frozen():
        return {}
    try:
        with open(TABLE) as file:  # read as it is parsed: 16 KB in one piece may not be free
            value: object = json.load(file)
    except OSError:
        if exists(FOLDERS[0]):
            raise Wrong(TABLE + " is missing" + MEND) from None
        return {}
    except (ValueError, RuntimeError):  # RuntimeError: nested too deeply
        value = None
    if not isinstance(value, dict) or not value:
        raise Wrong(TABLE + " holds no table" + MEND)
    return value


def exists(name: str) -> bool:
    """Whether there is a file or folder of this name; True where that cannot be told."""
    try:
        os.stat(name)
    except OSError as why:
        return not is_absent(why)
    return True


def found() -> "list[str]":
    """What is run or can be imported: a .py file comes before the .mpy of its name."""
    names = list(STARTED)
    for folder in FOLDERS:
        for name in os.listdir(folder) if exists(folder) else ():
            if name.endswith(CODE):
                names.append(folder + "/" + name)
    return names
