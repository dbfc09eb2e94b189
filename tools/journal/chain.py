"""Pulls of one unit's journal put together: its chains, and what is wrong with them.

A chain is one record after the other, each holding the seal of the one before; a second one
begins where the unit's flash was wiped.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from firmware.records import journal
from sim.common import validate
from tools.journal import pull as journal_pull
from tools.journal.pull import Finding, Pull
from tools.journal.reader import KEYED, PLAIN, Reader, Record, Segment


class Proves(Protocol):
    """What a unit's journal is verified with: a key file's `Key`, or less than that."""

    @property
    def journal(self) -> bytes:
        """The journal's key of index 0."""

    @property
    def unit(self) -> str | None:
        """The unit's serial, where it is known."""


@dataclass(slots=True)
class Trail:
    """A journal: its chains, oldest first, and what was found."""

    chains: list[list[Record]]
    findings: list[Finding] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    checked: bool = False  # there was a key to check seals with

    @property
    def wrong(self) -> list[Finding]:
        """What makes it a journal not to be believed."""
        return [finding for finding in self.findings if finding.wrong]

    @property
    def records(self) -> int:
        """Genuine records."""
        return sum(map(len, self.chains))


def verify(segments: list[Segment], key: Proves | None) -> Trail:
    """Read a journal, and find whatever was done to it."""
    reader = Reader(key.journal if key else None)
    folders: dict[str, list[Segment]] = {}
    for segment in segments:
        folders.setdefault(segment.pull, []).append(segment)
    pulls = [journal_pull.read(files, reader) for files in folders.values()]
    trail = Trail(chains(reader), checked=key is not None)
    for pull in pulls:
        trail.findings += pull.findings
    trail.findings += beginnings(trail.chains, pulls)
    for chain in trail.chains:
        trail.findings += along(chain)
        trail.findings += seals(chain, trail.checked)
    trail.units = units(trail.chains)
    trail.findings += whose(trail.units, key)
    return trail


def chains(reader: Reader) -> list[list[Record]]:
    """Every record in its chain; where two go on with the same one, the second begins anew."""
    records = reader.records
    after: dict[str, list[Record]] = {}
    begins = []
    for record in records.values():
        before = records.get(record.prev)
        if before is None or before.n != record.n - 1:
            begins.append(record)
        else:
            after.setdefault(record.prev, []).append(record)
    found = []
    while begins:
        chain = [begins.pop()]
        while followers := after.get(chain[-1].seal):
            chain.append(followers[0])
            begins += followers[1:]
        found.append(chain)
    return sorted(found, key=since)


def since(chain: list[Record]) -> tuple[int, int, str]:
    """Chains are in the order of their clocks, or of their numbers and files."""
    clocks = (record.row["at"] for record in chain)
    first = next((at for at in clocks if isinstance(at, int)), 0)
    return first, chain[0].n, chain[0].places[0].path


def beginnings(found: list[list[Record]], pulls: list[Pull]) -> Iterator[Finding]:
    """Whether each chain begins where a chain can."""
    fronts: dict[str, bool] = {}  # the first record of each pull: whether it is all that is kept
    for pull in pulls:
        if pull.records:
            front = pull.records[0].seal
            fronts[front] = pull.whole or fronts.get(front, False)
    follow = Counter(record.prev for chain in found for record in chain)
    for at, chain in enumerate(found):
        first = chain[0]
        place = first.places[0]
        if first.n == 0 and first.prev == journal.FIRST:
            if at:
                yield Finding("restart", "the journal was begun anew here", False, 0, place)
            if first.key:
                said = f"it was wiped: the {first.key} sessions before this record are gone"
                yield Finding("dropped", said, True, 0, place)
            continue
        whole = fronts.get(first.seal)
        if follow[first.prev] > 1:
            said = f"record {first.n} is there in two versions: the unit went on with one of them"
            yield Finding("inserted", said, True, first.n, place)
        elif whole is None:
            continue  # its pull has said that it does not go on
        elif at:
            last = found[at - 1][-1].n
            said = f"no record goes on from {last} to {first.n}: pulled too late, or taken out"
            yield Finding("dropped", said, True, first.n, place)
        elif whole:
            said = f"records before {first.n} were written over: the oldest go first"
            yield Finding("oldest", said, False, first.n, place)
        else:
            said = f"records 0 to {first.n - 1} are missing, and so are their files"
            yield Finding("dropped", said, True, 0, place)


def along(chain: list[Record]) -> Iterator[Finding]:
    """Keys and clocks, from each record to the next."""
    then: int | None = None
    for record in chain:
        now = record.row["at"]
        assert now is None or isinstance(now, int)
        place = record.places[0]
        if record.kind == "clock":
            said = f"{record.row['how']}, from {record.row['before']} to {record.row['after']} s"
            yield Finding("clock", said, False, record.n, place)
        elif now is not None and then is not None and now < then:
            said = f"went back by {then - now} s"
            yield Finding("clock", said, False, record.n, place)
        then = then if now is None else now
        if record.kind == "dropped":
            said = f"{record.row['records']} records found no room on the unit"
            yield Finding("unwritten", said, False, record.n, place)
    for before, record in pairwise(sealed_in_turn(chain)):
        yield from key_moves(before, record)


def sealed_in_turn(chain: list[Record]) -> Iterator[Record]:
    """The chain without the records with which a session's START begins a new file: the key has
    moved on for the session that follows."""
    for at, record in enumerate(chain):
        after = chain[at + 1] if at + 1 < len(chain) else None
        before_session = record.kind == "segment" and after and after.kind == "session"
        if not (before_session and after and after.key == record.key):
            yield record


def key_moves(before: Record, record: Record) -> Iterator[Finding]:
    """The key moves on by one with each session and with nothing else: whoever holds the unit
    later has a later key, and can go on from an old record only by leaving some out."""
    place = record.places[0]
    due = before.key + (record.kind == "session" and (record.sealed == KEYED or record.key > 0))
    if record.key == due:
        return
    if record.key == 0 and record.kind == "boot":
        yield Finding("key", "the unit's key was installed anew", False, record.n, place)
    elif record.key < due:
        said = f"record {record.n} has key {record.key} after key {before.key}: out of order"
        yield Finding("altered", said, True, record.n, place)
    else:
        said = (
            f"the key moved on from {before.key} to {record.key}: {record.key - due} sessions"
            " have no record. They were cut out, or power went just as each began"
        )
        yield Finding("dropped", said, True, record.n, place)


def seals(chain: list[Record], checked: bool) -> Iterator[Finding]:
    """What was sealed without a key is worth what a sealed record after it says of it."""
    if not checked:
        unknown = sum(record.sealed not in (KEYED, PLAIN) for record in chain)
        if unknown:
            said = f"of {unknown} records no seal was checked: give --key"
            yield Finding("unchecked", said, False, chain[0].n, chain[0].places[0])
        return
    last = max((at for at, record in enumerate(chain) if record.sealed == KEYED), default=-1)
    first = next((at for at, record in enumerate(chain) if record.sealed == KEYED), 0)
    if first:
        said = f"{first} records from before the unit had this key; what follows vouches for them"
        yield Finding("unsealed", said, False, chain[0].n, chain[0].places[0])
    for record in chain[max(first, 0) if last >= 0 else 0 :]:
        if record.sealed == PLAIN:
            said = f"record {record.n} is sealed without a key: anyone can have written it"
            yield Finding("unsealed", said, True, record.n, record.places[0])
            return


def units(found: list[list[Record]]) -> list[str]:
    """The serials that boots tell, each once."""
    told = [str(r.row["serial"]) for chain in found for r in chain if r.kind == "boot"]
    return list(dict.fromkeys(serial for serial in told if serial))


def whose(serials: list[str], key: Proves | None) -> Iterator[Finding]:
    """Whether all of it is of one unit, and of the key's."""
    for serial in serials:
        said = validate.shown(serial)
        if key and key.unit is not None and serial != key.unit:
            yield Finding("unit", f"records are of unit {said}, the key of {key.unit}", True)
        elif serial != serials[0]:
            yield Finding("unit", f"records are of unit {said} and of {serials[0]}", True)
