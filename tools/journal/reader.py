"""Journal reader: finds segment files and tells genuine records from other lines.

Called by `pull`, `chain` and `trial collect`. Reads the named files; writes nothing. A record is
genuine where its authentication tag ("seal") fits its bytes: HMAC-SHA-256 with the unit's journal
key of the index that it names, or plain SHA-256 from before the unit had a key.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from firmware.records import journal, json_codec, mac
from sim.common import validate
from sim.common.errors import BadInput
from tools.journal.schema import has_shape

SEAL = re.compile(rb', "seal": "([0-9a-f]{64})"\}')
SEAL_BYTES = 77  # length of a match
NUMBERED = re.compile(rb'\{"n": (\d{1,10}),')
NAMED = re.compile(r"journal\.([0-7])\Z")
KEYS_MOST = 400_000  # of a unit: 27 sessions a day for ten years, four keys each
NEXT = b"waistband next session"  # key ratchet: the next key is the HMAC of this
KEYED, PLAIN, UNCHECKED = "key", "plain", "unchecked"
PULLS_MOST = 20_000  # files
NO_JOURNAL = {  # how a file begins that was made of a journal, and is none
    b"PK\x03\x04": "is a ZIP archive: unpack it, and name the folder",
    b"\x1f\x8b": "is compressed: unpack it first",
    b"\xef\xbb\xbf": "begins with a byte order mark, which an editor adds: copy the file as it was",
    b"\xff\xfe": "is text in UTF-16, as an editor saves it: copy the file as it was",
}
MOST = json_codec.MOST


@dataclass(frozen=True, slots=True)
class Segment:
    """One file; the files of one folder are one pull. `index` is in its name, else -1."""

    pull: str
    path: str
    index: int
    content: bytes


class Place(NamedTuple):
    """Where a line stands; `line` counts from 1."""

    pull: str
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(slots=True)
class Record:
    """A genuine record and all its places: pulls of one unit overlap."""

    n: int
    key: int
    prev: str
    seal: str
    kind: str
    row: dict[str, object]
    content: bytes
    sealed: str  # KEYED, PLAIN, or UNCHECKED where no key was given
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is no genuine record; `whole`: it ends in a newline."""

    place: Place
    content: bytes
    whole: bool
    why: str

    @property
    def n(self) -> int:
        """The record number that it claims; -1 where none can be read."""
        found = NUMBERED.match(self.content)
        return int(found[1]) if found else -1


def find_segments(paths: Iterable[str]) -> list[Segment]:
    """The segment files among `paths` and under folders among them. Raises BadInput."""
    named: dict[str, None] = {}
    for path in paths:
        if os.path.isdir(path):
            inside = sorted(str(file) for file in Path(path).rglob("journal.[0-7]"))
            if not inside:
                raise BadInput(f"{path}: holds no journal.0 to journal.7")
            named.update(dict.fromkeys(inside))
        else:
            named[path] = None
    if len(named) > PULLS_MOST:
        raise BadInput(f"{len(named)} files: at most {PULLS_MOST} are read")
    segments = []
    for path in named:
        match = NAMED.search(path)
        content = validate.read_bytes(path)
        for mark, said in NO_JOURNAL.items():
            if content.startswith(mark):
                raise BadInput(f"{path}: {said}")
        segments.append(
            Segment(os.path.dirname(path), path, int(match[1]) if match else -1, content)
        )
    if not any(segment.content for segment in segments):
        raise BadInput("the journal is empty: there is nothing to read in its files")
    if not any(SEAL.search(segment.content) for segment in segments):
        raise BadInput(f"{segments[0].path}: is no journal: none of its lines ends in a seal")
    return segments


class Reader:
    """Turns lines into records, each once. `key`: the unit's first journal key, if known."""

    def __init__(self, key: bytes | None) -> None:
        self.keys = [key] if key else []
        self.records: dict[str, Record] = {}  # by seal

    def lines(self, segment: Segment) -> Iterator[Record | Bad]:
        """The segment's lines in order, incomplete ones too."""
        pieces = segment.content.split(b"\n")
        last = len(pieces)
        for number, content in enumerate(pieces, 1):
            if number == last and not content:
                return
            place = Place(segment.pull, segment.path, number)
            yield self.line(content, place, number < last)

    def line(self, content: bytes, place: Place, whole: bool) -> Record | Bad:
        """The record in a line, or why there is none."""
        end = SEAL.fullmatch(content[-SEAL_BYTES:])
        if end is None:
            why = "ends in no seal" if content else "is empty: the unit writes no such line"
            if content.endswith(b"\r"):
                why = "ends in a carriage return: copy the files as they are, not as text"
            return Bad(place, content, whole, why)
        sealed = end[1].decode()
        known = self.records.get(sealed)
        if known is not None and known.content != content:
            return Bad(place, content, whole, "has the seal of another record")
        if known is None:
            read = self.read(content, content[:-SEAL_BYTES], sealed)
            if isinstance(read, str):
                return Bad(place, content, whole, read)
            known = self.records[sealed] = read
        known.places.append(place)
        return known

    def read(self, content: bytes, body: bytes, sealed: str) -> "Record | str":
        """A record read for the first time, or why it is none."""
        row = json_codec.parse(content)
        n, key, prev, kind = row.get("n"), row.get("key"), row.get("prev"), row.get("kind")
        numbered = json_codec.whole(n, 0, MOST) and json_codec.whole(key, 0, MOST)
        linked = isinstance(prev, str) and isinstance(kind, str) and len(prev) == mac.HEX
        if not numbered or not linked:
            return "is no record"
        assert isinstance(n, int) and isinstance(key, int)
        assert isinstance(prev, str) and isinstance(kind, str)
        how = self.checked(body, sealed, key)
        if not how:
            return "is not what its seal is for"
        if not has_shape(row):
            return f"has not the fields of a record of the kind {validate.shown(kind)}"
        return Record(n, key, prev, sealed, kind, row, content, how)

    def checked(self, body: bytes, sealed: str, key: int) -> str:
        """How the tag was checked; empty where it does not fit."""
        if self.keys and key <= KEYS_MOST:
            while len(self.keys) <= key:
                self.keys.append(hmac.digest(self.keys[-1], NEXT, "sha256"))
            made = hmac.digest(self.keys[key], body, "sha256").hex()
            if hmac.compare_digest(made, sealed):
                return KEYED
        if hashlib.sha256(body).hexdigest() == sealed:
            return PLAIN if key == 0 else ""
        return "" if self.keys else UNCHECKED


def could_begin(content: bytes, n: int) -> bool:
    """Whether a piece can be the beginning of record `n`, cut short."""
    begins = f'{{"n": {n}, "at": '.encode()
    cut_short = content.startswith(begins) or begins.startswith(content)
    return cut_short and b'"}' not in content and len(content) < journal.LINE_MAX
