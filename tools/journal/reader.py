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
from typing import Any, NamedTuple

from firmware.records import journal, json_codec, mac
from firmware.records.encrypted import HEX as SEALED_HEX
from sim.common import validate
from sim.common.errors import BadInput

SEAL = re.compile(rb', "seal": "([0-9a-f]{64})"\}')
SEAL_BYTES = 77  # length of a match
NUMBERED = re.compile(rb'\{"n": (\d{1,10}),')
NAMED = re.compile(r"journal\.([0-7])\Z")
KEYS_MOST = 100_000  # sessions of a unit: 27 a day for ten years
NEXT = b"waistband next session"  # key ratchet: the next key is the HMAC of this
KEYED, PLAIN, UNCHECKED = "key", "plain", "unchecked"
PULLS_MOST = 20_000  # files
MOST = json_codec.MOST
INT = {int}
# What the unit never wrote, by its first bytes: no sign of tampering.
FOREIGN = (
    (b"PK\x03\x04", "is a zip archive: unpack it, and name the folder"),
    (b"\x1f\x8b", "is a gzip archive: unpack it, and name the files"),
    (b"\xef\xbb\xbf", "begins with an editor's byte order mark: name the file as it was pulled"),
    (b"\xff\xfe", "is UTF-16 text, as an editor saved it: name the file as it was pulled"),
)  # fmt: skip
DIGITS = "0123456789abcdef"


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
        for begins, what in FOREIGN:
            if content.startswith(begins):
                raise BadInput(f"{path}: {what}")
        segments.append(
            Segment(os.path.dirname(path), path, int(match[1]) if match else -1, content)
        )
    if not any(segment.content for segment in segments):
        raise BadInput("the journal is empty: there is nothing to read in its files")
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


# -- fields that each kind of record must have -----------------------------------------------


def is_whole(value: object) -> bool:
    """An integer in the unit's range, no boolean."""
    return type(value) is int and -MOST <= value <= MOST


def is_clock(value: object) -> bool:
    """Seconds since 2000, or None where no clock was set."""
    return value is None or (is_whole(value) and value >= 0)  # type: ignore[operator]


def is_text(value: object) -> bool:
    """A string."""
    return isinstance(value, str)


def are_wholes(values: list[Any]) -> bool:
    """Integers in the unit's range, no booleans. Fast: called for every record."""
    if not values:
        return True
    return set(map(type, values)) == INT and -MOST <= min(values) <= max(values) <= MOST


def is_sealed(value: object) -> bool:
    """Ciphertext that only the statistician of a trial can open."""
    return isinstance(value, str) and len(value) == SEALED_HEX and not value.strip(DIGITS)


def is_list(value: object) -> bool:
    """At most 16 integers, by bank."""
    return isinstance(value, list) and len(value) <= 16 and are_wholes(value)


def is_banks(value: object) -> bool:
    """An integer for each bank of a pad."""
    return is_list(value) and bool(value)


def is_pair(value: object) -> bool:
    """An integer for each pad."""
    return is_list(value) and isinstance(value, list) and len(value) == 2


EVERY = {"at": is_clock, "latest": is_whole, "up_s": is_whole}
SHAPES = {
    "boot": {"cause": is_text, "lock": is_text, "serial": is_text},
    "clock": {"before": is_clock, "after": is_clock, "how": is_text},
    "session": {
        "session": is_whole, "prescription": is_text, "number": is_whole, "nm": is_banks,
        "irradiance_uw_cm2": is_banks, "fluence_uj_cm2": is_whole, "max_ms": is_whole,
        "set_point_mc": is_whole, "carrier_hz": is_whole, "period_ticks": is_whole,
        "on_ticks": is_whole, "day_treat_ms": is_whole,
    },
    "end": {
        "session": is_whole, "reason": is_text, "session_ms": is_whole, "treat_ms": is_whole,
        "a_uj_cm2": is_banks, "b_uj_cm2": is_banks, "ramp_ms": is_pair, "throttled_ms": is_pair,
        "open_banks": is_list, "cem43_q10_ms": is_pair, "highest_mc": is_pair,
        "set_point_mc": is_whole, "battery_pct": is_whole,
    },
    "fault": {
        "fault": is_text, "pad": is_text, "value": is_whole, "limit": is_whole, "ms": is_whole,
    },
    "ack": {"lock": is_text},
    "dropped": {"records": is_whole},
    "segment": {},
}  # fmt: skip
SHAPES["test"] = SHAPES["end"]
# A unit in a blinded trial encrypts what could tell its arm (`firmware.records.encrypted`).
SEALED = " sealed"
SHAPES |= {
    "end sealed": {
        "session": is_whole, "reason": is_text, "session_ms": is_whole, "treat_ms": is_whole,
        "sealed": is_sealed,
    },
    "fault sealed": {"sealed": is_sealed},
    "ticket": {"trial": is_text, "participant": is_text},
    "visit": {"visit": is_whole, "stage": is_text},
    "missed": {"visit": is_whole},
    "rating": {"visit": is_whole, "when": is_text, "item": is_text, "value": is_whole},
    "effect": {"visit": is_whole, "severity": is_whole},
    "guess": {"visit": is_whole, "guess": is_text},
}  # fmt: skip
SHAPES["test sealed"] = SHAPES["end sealed"]
SHAPES = {kind: {**EVERY, **fields} for kind, fields in SHAPES.items()}
WHOLES = {kind: [n for n in fields if fields[n] is is_whole] for kind, fields in SHAPES.items()}
OTHERS = {
    kind: [(n, right) for n, right in fields.items() if right is not is_whole]
    for kind, fields in SHAPES.items()
}
UNKNOWN = "segment"  # the shape of unknown kinds: only what every record has


def has_shape(row: dict[str, object]) -> bool:
    """Whether a record has the fields of its kind; unknown kinds need none."""
    kind = str(row["kind"])
    known = kind + SEALED if "sealed" in row and kind + SEALED in SHAPES else kind
    known = known if known in SHAPES else UNKNOWN
    if not row.keys() >= SHAPES[known].keys() or not are_wholes([row[n] for n in WHOLES[known]]):
        return False
    if not all(right(row[name]) for name, right in OTHERS[known]):
        return False
    if kind != "session":
        return True
    period, on, banks_uw_cm2 = row["period_ticks"], row["on_ticks"], row["irradiance_uw_cm2"]
    assert isinstance(period, int) and isinstance(on, int) and isinstance(banks_uw_cm2, list)
    alike = len(banks_uw_cm2) == len(row["nm"])  # type: ignore[arg-type]
    return alike and period >= 1 and on >= 1 and sum(banks_uw_cm2) > 0 and min(banks_uw_cm2) >= 0


def could_begin(content: bytes, n: int) -> bool:
    """Whether a piece can be the beginning of record `n`, cut short."""
    begins = f'{{"n": {n}, "at": '.encode()
    cut_short = content.startswith(begins) or begins.startswith(content)
    return cut_short and b'"}' not in content and len(content) < journal.LINE_MAX
