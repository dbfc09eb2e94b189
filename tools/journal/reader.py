"""A unit's journal as files: which lines are records that the unit wrote, and which are not.

A record is `genuine` where its seal is that of its very bytes: with the unit's journal key of
the index that it names, or, from before the unit had a key, a plain hash.
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
SEAL_BYTES = 77  # of what that takes
NUMBERED = re.compile(rb'\{"n": (\d{1,10}),')
NAMED = re.compile(r"journal\.([0-7])\Z")
KEYS_MOST = 100_000  # sessions of a unit: 27 a day for ten years
NEXT = b"waistband next session"  # what `seal.forward` seals with a key to have the next
KEYED, PLAIN, UNCHECKED = "key", "plain", "unchecked"
PULLS_MOST = 20_000  # files
MOST = json_codec.MOST
INT = {int}
DIGITS = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Segment:
    """One file; those of one folder are one pull. `index` is that of its name, or -1."""

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
    """A genuine record, wherever it stands: pulls of one unit overlap."""

    n: int
    key: int
    prev: str
    seal: str
    kind: str
    row: dict[str, object]
    content: bytes
    sealed: str  # KEYED, PLAIN, or UNCHECKED where there is no key to check it with
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is no genuine record; `whole`: its line has an end."""

    place: Place
    content: bytes
    whole: bool
    why: str

    @property
    def n(self) -> int:
        """The number that it claims; -1 where that cannot be read."""
        found = NUMBERED.match(self.content)
        return int(found[1]) if found else -1


def find(paths: Iterable[str]) -> list[Segment]:
    """The segment files that are named, and those in folders and the folders in them. Raises
    BadInput."""
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
        segments.append(
            Segment(os.path.dirname(path), path, int(match[1]) if match else -1, content)
        )
    if not any(segment.content for segment in segments):
        raise BadInput("the journal is empty: there is nothing to read in its files")
    return segments


class Reader:
    """Turns lines into records, each once."""

    def __init__(self, key: bytes | None) -> None:
        """`key` is the unit's first journal key; None where seals cannot be checked."""
        self.keys = [key] if key else []
        self.records: dict[str, Record] = {}  # by seal

    def lines(self, segment: Segment) -> Iterator[Record | Bad]:
        """The segment's lines in their order, pieces included."""
        pieces = segment.content.split(b"\n")
        last = len(pieces)
        for number, content in enumerate(pieces, 1):
            if number == last and not content:
                return
            place = Place(segment.pull, segment.path, number)
            yield self.line(content, place, number < last)

    def line(self, content: bytes, place: Place, whole: bool) -> Record | Bad:
        """The record in a line, or what it is instead."""
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
        """A record not met before, or why it is none."""
        row = json_codec.parse(content)
        n, key, prev, kind = row.get("n"), row.get("key"), row.get("prev"), row.get("kind")
        if not (
            json_codec.whole(n, 0, json_codec.MOST) and json_codec.whole(key, 0, json_codec.MOST)
        ):
            return "is no record"
        if not (isinstance(prev, str) and isinstance(kind, str) and len(prev) == mac.HEX):
            return "is no record"
        assert isinstance(n, int) and isinstance(key, int)
        how = self.checked(body, sealed, key)
        if not how:
            return "is not what its seal is for"
        if not shaped(row):
            return f"has not the fields of a record of the kind {validate.shown(kind)}"
        return Record(n, key, prev, sealed, kind, row, content, how)

    def checked(self, body: bytes, sealed: str, key: int) -> str:
        """How the seal was checked; empty where it is of something else."""
        if self.keys and key <= KEYS_MOST:
            while len(self.keys) <= key:
                self.keys.append(hmac.digest(self.keys[-1], NEXT, "sha256"))
            made = hmac.digest(self.keys[key], body, "sha256").hex()
            if hmac.compare_digest(made, sealed):
                return KEYED
        if hashlib.sha256(body).hexdigest() == sealed:
            return PLAIN if key == 0 else ""
        return "" if self.keys else UNCHECKED


# -- what a kind of record must have ---------------------------------------------------------


def whole(value: object) -> bool:
    """An integer of the unit, and no boolean."""
    return type(value) is int and -MOST <= value <= MOST


def clock(value: object) -> bool:
    """Seconds since 2000, or no clock."""
    return value is None or (whole(value) and value >= 0)  # type: ignore[operator]


def text(value: object) -> bool:
    """A word, or none."""
    return isinstance(value, str)


def wholes(values: list[Any]) -> bool:
    """Integers of the unit, and no booleans; asked of every record of a long journal."""
    if not values:
        return True
    return set(map(type, values)) == INT and -MOST <= min(values) <= max(values) <= MOST


def sealed_text(value: object) -> bool:
    """What only the statistician of a trial can read."""
    return isinstance(value, str) and len(value) == SEALED_HEX and not value.strip(DIGITS)


def some(value: object) -> bool:
    """A few integers, by bank."""
    return isinstance(value, list) and len(value) <= 16 and wholes(value)


def banks(value: object) -> bool:
    """An integer for each bank of a pad."""
    return some(value) and bool(value)


def pair(value: object) -> bool:
    """An integer for each pad."""
    return some(value) and isinstance(value, list) and len(value) == 2


EVERY = {"at": clock, "latest": whole, "up_s": whole}
SHAPES = {
    "boot": {"cause": text, "lock": text, "serial": text},
    "clock": {"before": clock, "after": clock, "how": text},
    "session": {
        "session": whole, "prescription": text, "number": whole, "nm": banks,
        "irradiance_uw_cm2": banks, "fluence_uj_cm2": whole, "max_ms": whole,
        "set_point_mc": whole, "carrier_hz": whole, "period_ticks": whole, "on_ticks": whole,
        "day_treat_ms": whole,
    },
    "end": {
        "session": whole, "reason": text, "session_ms": whole, "treat_ms": whole,
        "a_uj_cm2": banks, "b_uj_cm2": banks, "ramp_ms": pair, "throttled_ms": pair,
        "open_banks": some, "cem43_q10_ms": pair, "highest_mc": pair, "set_point_mc": whole,
        "battery_pct": whole,
    },
    "fault": {"fault": text, "pad": text, "value": whole, "limit": whole, "ms": whole},
    "ack": {"lock": text},
    "dropped": {"records": whole},
    "segment": {},
}  # fmt: skip
SHAPES["test"] = SHAPES["end"]
# Of a unit in a blinded trial: what could tell its arm is sealed (`firmware.records.encrypted`).
SEALED = " sealed"
SHAPES |= {
    "end sealed": {
        "session": whole, "reason": text, "session_ms": whole, "treat_ms": whole,
        "sealed": sealed_text,
    },
    "fault sealed": {"sealed": sealed_text},
    "ticket": {"trial": text, "participant": text},
    "visit": {"visit": whole, "stage": text},
    "missed": {"visit": whole},
    "rating": {"visit": whole, "when": text, "item": text, "value": whole},
    "effect": {"visit": whole, "severity": whole},
    "guess": {"visit": whole, "guess": text},
}  # fmt: skip
SHAPES["test sealed"] = SHAPES["end sealed"]
SHAPES = {kind: {**EVERY, **fields} for kind, fields in SHAPES.items()}
WHOLES = {kind: [n for n in fields if fields[n] is whole] for kind, fields in SHAPES.items()}
OTHERS = {
    kind: [(n, right) for n, right in fields.items() if right is not whole]
    for kind, fields in SHAPES.items()
}
UNKNOWN = "segment"  # a kind that needs nothing but what every record has


def shaped(row: dict[str, object]) -> bool:
    """Whether a record has what its kind has; kinds that are not known here need nothing."""
    kind = str(row["kind"])
    known = kind + SEALED if "sealed" in row and kind + SEALED in SHAPES else kind
    known = known if known in SHAPES else UNKNOWN
    if not row.keys() >= SHAPES[known].keys() or not wholes([row[n] for n in WHOLES[known]]):
        return False
    for name, right in OTHERS[known]:
        if not right(row[name]):
            return False
    if kind != "session":
        return True
    period, on, banks_uw_cm2 = row["period_ticks"], row["on_ticks"], row["irradiance_uw_cm2"]
    assert isinstance(period, int) and isinstance(on, int) and isinstance(banks_uw_cm2, list)
    alike = len(banks_uw_cm2) == len(row["nm"])  # type: ignore[arg-type]
    return alike and period >= 1 and on >= 1 and sum(banks_uw_cm2) > 0 and min(banks_uw_cm2) >= 0


def head(n: int) -> bytes:
    """What the record of a number begins with."""
    return f'{{"n": {n}, "at": '.encode()


def could_begin(content: bytes, n: int) -> bool:
    """Whether a piece is what is left of a record of this number that was cut short."""
    begins = head(n)
    cut_short = content.startswith(begins) or begins.startswith(content)
    return cut_short and b'"}' not in content and len(content) < journal.LINE_MAX
