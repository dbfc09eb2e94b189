"""Verification of one unit's journal: joins its pulls into MAC chains and lists findings.

Called by `waistband journal` and `trial collect`; reads no file. In a chain each record holds the
authentication tag ("seal") of the record before. A second chain begins where the flash was wiped.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from firmware.records import journal
from sim.common import validate
from tools.journal import pull as journal_pull
from tools.journal.pull import Finding, Pull
from tools.journal.reader import KEYED, PLAIN, Reader, Record, Segment
from tools.prescription.keyfile import Key


class JournalKey(NamedTuple):
    """The key that verifies one unit's journal; it opens neither tickets nor encrypted records."""

    journal: bytes  # of index 0
    unit: str


@dataclass(slots=True)
class Trail:
    """A journal: its chains, oldest first, and its findings."""

    chains: list[list[Record]]
    findings: list[Finding] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    checked: bool = False  # with a key

    @property
    def wrong(self) -> list[Finding]:
        """Findings that make the journal untrustworthy."""
        return [finding for finding in self.findings if finding.wrong]

    @property
    def records(self) -> int:
        """The count of genuine records."""
        return sum(map(len, self.chains))


def verify(segments: list[Segment], key: Key | JournalKey | None) -> Trail:
    """Read a journal and find every alteration; without a key, tags are not checked."""
    reader = Reader(key.journal if key else None)
    folders: dict[str, list[Segment]] = {}
    for segment in segments:
        folders.setdefault(segment.pull, []).append(segment)
    pulls = [journal_pull.read_pull(files, reader) for files in folders.values()]
    trail = Trail(link_chains(reader), checked=key is not None)
    for pull in pulls:
        trail.findings += pull.findings
    trail.findings += check_beginnings(trail.chains, pulls)
    for chain in trail.chains:
        trail.findings += check_order(chain)
        trail.findings += check_macs(chain, trail.checked)
    trail.units = list_serials(trail.chains)
    trail.findings += check_serials(trail.units, key)
    return trail


def link_chains(reader: Reader) -> list[list[Record]]:
    """Every record in its chain; of two successors of one record, the second begins a chain."""
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
    return sorted(found, key=chain_order)


def chain_order(chain: list[Record]) -> tuple[int, int, str]:
    """Sort key of a chain: its first clock, then its first number and file."""
    clocks = (record.row["at"] for record in chain)
    first = next((at for at in clocks if isinstance(at, int)), 0)
    return first, chain[0].n, chain[0].places[0].path


def check_beginnings(found: list[list[Record]], pulls: list[Pull]) -> Iterator[Finding]:
    """Findings about the first record of each chain."""
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
                text = f"it was wiped: what {first.key} keys before this record sealed is gone"
                yield Finding("dropped", text, True, 0, place)
            continue
        whole = fronts.get(first.seal)
        if follow[first.prev] > 1:
            text = f"record {first.n} is there in two versions: the unit went on with one of them"
            yield Finding("inserted", text, True, first.n, place)
        elif whole is None:
            continue  # a finding of its pull tells this
        elif at:
            last = found[at - 1][-1].n
            text = f"no record goes on from {last} to {first.n}: pulled too late, or taken out"
            yield Finding("dropped", text, True, first.n, place)
        elif whole:
            text = f"records before {first.n} were written over: the oldest go first"
            yield Finding("oldest", text, False, first.n, place)
        else:
            text = f"records 0 to {first.n - 1} are missing, and so are their files"
            yield Finding("dropped", text, True, 0, place)


def check_order(chain: list[Record]) -> Iterator[Finding]:
    """Findings about keys and clocks, from each record to the next."""
    then: int | None = None
    for record in chain:
        now = record.row["at"]
        assert now is None or isinstance(now, int)
        place = record.places[0]
        if record.kind == "clock":
            text = f"{record.row['how']}, from {record.row['before']} to {record.row['after']} s"
            yield Finding("clock", text, False, record.n, place)
        elif now is not None and then is not None and now < then:
            text = f"went back by {then - now} s"
            yield Finding("clock", text, False, record.n, place)
        then = then if now is None else now
        if record.kind == "dropped":
            text = f"{record.row['records']} records found no room on the unit"
            yield Finding("unwritten", text, False, record.n, place)
    yield from check_ratchet(chain)


def skip_early_segments(chain: list[Record]) -> Iterator[Record]:
    """The chain without the segment records that a session's START wrote: they have the key of
    the session that follows."""
    for at, record in enumerate(chain):
        after = chain[at + 1] if at + 1 < len(chain) else None
        before_session = record.kind == "segment" and after and after.kind == "session"
        if not (before_session and after and after.key == record.key):
            yield record


def check_ratchet(chain: list[Record]) -> Iterator[Finding]:
    """Findings about the keys, by the rule of the format that each part of a chain has."""
    at = next((at for at, record in enumerate(chain) if "kept" in record.row), len(chain))
    for before, record in pairwise(skip_early_segments(chain[:at])):
        yield from check_key_step(before, record)
    for before, record in pairwise(chain[max(at - 1, 0) :]):
        yield from check_writing(before, record)


def check_writing(before: Record, record: Record) -> Iterator[Finding]:
    """Key ratchet of format 2: the key moves on once it sealed a record, so that no index is left
    out: after a session's record at once, after others within a second or with the next boot."""
    place = record.places[0]
    step = record.key - before.key
    if record.sealed == PLAIN and record.key == before.key:
        return
    if "kept" not in record.row:
        text = f"record {record.n} is of an older format than record {before.n}"
        yield Finding("altered", text, True, record.n, place)
    elif step < 0 and record.key == 0 and record.kind == "boot":
        yield Finding("key", "the unit's key was installed anew", False, record.n, place)
    elif step < 0:
        text = f"record {record.n} has key {record.key} after key {before.key}: out of order"
        yield Finding("altered", text, True, record.n, place)
    elif step > 1:
        text = f"the key moved on from {before.key} to {record.key}: what was written between is"
        yield Finding("dropped", f"{text} missing", True, record.n, place)
    elif not step and must_step(before.kind, record.kind):
        text = f"record {record.n} has the key of record {before.n}, which was gone by then"
        yield Finding("altered", text, True, record.n, place)


def must_step(before: str, kind: str) -> bool:
    """Whether the key moves on between records of these kinds, whatever the time between."""
    return before == "session" or (kind == "boot" and before != "segment")


def check_key_step(before: Record, record: Record) -> Iterator[Finding]:
    """Key ratchet of format 1: the key index rises by one with each session and nothing else.
    Whoever holds the unit later has a later key: a forged continuation leaves indices out."""
    place = record.places[0]
    due = before.key + (record.kind == "session" and (record.sealed == KEYED or record.key > 0))
    if record.key == due:
        return
    if record.key == 0 and record.kind == "boot":
        yield Finding("key", "the unit's key was installed anew", False, record.n, place)
    elif record.key < due:
        text = f"record {record.n} has key {record.key} after key {before.key}: out of order"
        yield Finding("altered", text, True, record.n, place)
    else:
        text = (
            f"the key moved on from {before.key} to {record.key}: {record.key - due} sessions"
            " have no record. They were cut out, or power went just as each began"
        )
        yield Finding("dropped", text, True, record.n, place)


def check_macs(chain: list[Record], checked: bool) -> Iterator[Finding]:
    """Findings about records with an unkeyed tag: only a keyed record after them proves them."""
    if not checked:
        unknown = sum(record.sealed not in (KEYED, PLAIN) for record in chain)
        if unknown:
            text = f"of {unknown} records no seal was checked: give --key"
            yield Finding("unchecked", text, False, chain[0].n, chain[0].places[0])
        return
    last = max((at for at, record in enumerate(chain) if record.sealed == KEYED), default=-1)
    first = next((at for at, record in enumerate(chain) if record.sealed == KEYED), 0)
    if first:
        text = f"{first} records from before the unit had this key; what follows vouches for them"
        yield Finding("unsealed", text, False, chain[0].n, chain[0].places[0])
    for record in chain[max(first, 0) if last >= 0 else 0 :]:
        if record.sealed == PLAIN:
            text = f"record {record.n} is sealed without a key: anyone can have written it"
            yield Finding("unsealed", text, True, record.n, record.places[0])
            return


def list_serials(found: list[list[Record]]) -> list[str]:
    """The serials in boot records, each once."""
    serials = [str(r.row["serial"]) for chain in found for r in chain if r.kind == "boot"]
    return list(dict.fromkeys(serial for serial in serials if serial))


def check_serials(serials: list[str], key: Key | JournalKey | None) -> Iterator[Finding]:
    """Findings where records are of several units, or not of the key's unit."""
    for serial in serials:
        text = validate.shown(serial)
        if key and key.unit is not None and serial != key.unit:
            yield Finding("unit", f"records are of unit {text}, the key of {key.unit}", True)
        elif serial != serials[0]:
            yield Finding("unit", f"records are of unit {text} and of {serials[0]}", True)
