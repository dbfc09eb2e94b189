"""`waistband trial collect`: journals, each proved to be a unit's, of this trial, of one person.

What fails is kept apart, whole, with its reason: half of a journal that somebody altered is
worth no more than the other half.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from firmware.records import json_codec
from sim.common import validate
from sim.common.errors import one_line
from tools.common.files import emit
from tools.common.words import plural
from tools.journal import chain as journal_chain
from tools.journal import reader
from tools.journal.chain import Trail
from tools.journal.reader import KEYED, Reader, Record, Segment
from tools.trial import derive, store
from tools.trial import folder as trial_folder
from tools.trial.derive import Derived
from tools.trial.folder import DATABASE, JournalKey, Trial
from tools.trial.store import Pull, Row

LINES = 20  # of a pull, looked at to find whose it is
SAID_MOST = 3  # findings that are told of one pull


class Apart(Exception):
    """A journal is kept apart: why, in a word, and in words."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(said)
        self.what, self.said = what, one_line(said)


@dataclass(frozen=True)
class Sound:
    """A pull that alone is in order."""

    label: str
    digest: str
    unit: str
    participant: str
    segments: list[Segment]


class Sorter:
    """Which journals are in order, and which are kept apart."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.keys = trial.journal_keys()
        self.whose = {unit: who for who, unit in trial.units.items()}
        self.apart: list[Row] = []
        self.notes: list[Row] = []

    def sort(self, pulls: dict[str, Pull]) -> list[Derived]:
        """Every pull, each in its place."""
        by_unit: dict[str, list[Sound]] = {}
        for digest, pull in sorted(pulls.items()):
            found = [sound for label in sorted(pull.labels)
                     if (sound := self.one(label, digest, pull))]  # fmt: skip
            if found:
                by_unit.setdefault(found[0].unit, []).append(found[0])
            if len(found) > 1:
                where = " and ".join(sound.label for sound in found)
                said = f"the very same journal stands in {where}: counted once"
                self.notes.append((found[0].participant, found[0].unit, "duplicate", said))
        return [one for sounds in by_unit.values() if (one := self.together(sounds))]

    def one(self, label: str, digest: str, pull: Pull) -> Sound | None:
        """A pull in one place, if all is well with it."""
        unit = who = ""
        segments = [
            Segment(label, f"{label}/{name}", int(name[-1]), content)
            for name, content in sorted(pull.files.items())
        ]
        try:
            unit = self.unit_of(segments)
            who = self.whose[unit]
            self.place(label, unit, who)
            trail = self.proved(segments, unit)
            self.ticket(trail, unit, who)
            return Sound(label, digest, unit, who, segments)
        except Apart as why:
            self.apart.append((label, digest, unit, who, why.what, why.said))
            return None

    def unit_of(self, segments: list[Segment]) -> str:
        """The unit with whose key the records are sealed."""
        lines = [line for s in segments for line in islice(s.content.split(b"\n"), LINES) if line]
        if not lines:
            raise Apart("empty", "its files hold nothing")
        told = {str(serial) for line in lines if (serial := json_codec.parse(line).get("serial"))}
        first = [self.keys[unit] for unit in sorted(told) if unit in self.keys]
        for key in [*first, *self.keys.values()]:
            if any(sealed_with(key, line) for line in lines[:LINES]):
                return key.unit
        if not first:
            names = ", ".join(map(validate.shown, sorted(told))) or "unknown"
            raise Apart("other unit", f"it is of unit {names}, which is not of this trial")
        raise Apart("key", f"no record is sealed with the key of unit {first[0].unit}: "
                           "somebody made it, or its key was installed anew")  # fmt: skip

    def place(self, label: str, unit: str, who: str) -> None:
        """A folder that is named for somebody, or for a unit, holds theirs."""
        for part in label.split("/"):
            if part in self.trial.units and part != who:
                raise Apart("swapped", f"the folder of {part} holds the journal of unit {unit}, "
                                       f"which is {who}'s: units were swapped")  # fmt: skip
            if part in self.whose and part != unit:
                raise Apart("swapped", f"the folder of unit {part} holds the journal of {unit}")

    def proved(self, segments: list[Segment], unit: str) -> Trail:
        """The journal, if nothing is wrong with it."""
        trail = journal_chain.verify(segments, self.keys[unit])
        if trail.wrong:
            said = "; ".join(str(finding) for finding in trail.wrong[:SAID_MOST])
            more = len(trail.wrong) - SAID_MOST
            raise Apart(trail.wrong[0].what, said + (f"; and {more} more" if more > 0 else ""))
        return trail

    def ticket(self, trail: Trail, unit: str, who: str) -> None:
        """The journal is of this trial, and of one person in it."""
        tickets = [record.row for record in of_kind(trail, "ticket")]
        if not tickets:
            raise Apart("no ticket", "no record says of which trial it is")
        ours = {str(row["participant"]) for row in tickets if row["trial"] == self.trial.name}
        if not ours:
            other = validate.shown(tickets[-1]["trial"])
            raise Apart("other trial", f"its ticket is of the trial {other}")
        if ours != {who}:
            names = " and ".join(sorted(ours))
            raise Apart("ticket", f"unit {unit} has had the ticket of {names}, and is {who}'s: one "
                                  "ticket is for one unit")  # fmt: skip
        entry = self.trial.enrolled.get(who)
        if entry is None:
            raise Apart("not enrolled", f"{who} was not enrolled: `trial enrol` comes first")
        if entry.row["unit"] != unit:
            raise Apart("swapped", f"{who} was enrolled with unit {entry.row['unit']}")

    def together(self, sounds: list[Sound]) -> Derived | None:
        """One unit's pulls as one journal, if they go together."""
        first = sounds[0]
        try:
            trail = self.proved([s for sound in sounds for s in sound.segments], first.unit)
        except Apart as why:
            for one in sounds:
                row = (one.label, one.digest, one.unit, one.participant, why.what, why.said)
                self.apart.append(row)
            return None
        derived = Derived(self.trial.name, first.participant, first.unit, self.trial.protocol)
        return derived.read(trail)


def sealed_with(key: JournalKey, line: bytes) -> bool:
    """Whether a line is a record that this key sealed."""
    place = reader.Place("", "", 1)
    found = Reader(key.journal).line(line, place, True)
    return isinstance(found, Record) and found.sealed == KEYED


def of_kind(trail: Trail, kind: str) -> Iterator[Record]:
    """A journal's records of a kind, oldest first."""
    return (record for chain in trail.chains for record in chain if record.kind == kind)


def collect(folder: str, journals: list[str]) -> int:
    """Read journals; 1 if any is kept apart. Raises BadInput."""
    trial = trial_folder.opened(folder)
    path = trial.folder / DATABASE
    pulls = store.read_pulls(path)
    known = len(pulls)
    for root in journals:
        for label, files in pulls_in(root):
            pull = pulls.setdefault(digest_of(files), Pull(files))
            pull.labels.add(label)
    sorter = Sorter(trial)
    derived = sorter.sort(pulls)
    rows = derive.together(derived)
    rows["quarantine"] = sorter.apart
    rows["notes"] = rows["notes"] + sorter.notes
    rows["meta"] = [("trial", trial.name)]
    store.write(path, pulls, rows)
    emit(said(trial, rows, len(pulls) - known, len(pulls)))
    return 1 if sorter.apart else 0


def pulls_in(root: str) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(label, files) of each folder with a journal under a path; a label is as from the path's
    own name, wherever the command was called. Raises BadInput."""
    top = Path(os.path.realpath(root))
    found: dict[str, dict[str, bytes]] = {}
    for segment in reader.find([root]):
        folder = Path(os.path.realpath(segment.path)).parent
        base = top.parent if top.is_dir() else top.parent.parent
        label = folder.relative_to(base).as_posix()
        found.setdefault(label, {})[os.path.basename(segment.path)] = segment.content
    yield from found.items()


def digest_of(files: dict[str, bytes]) -> str:
    """Of a pull's content, whatever it is called."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()


def said(trial: Trial, rows: dict[str, list[Row]], new: int, count: int) -> str:
    """What was found, in lines."""
    lines = [
        f"{plural(count, 'journal')}, {new} of them new: {len(rows['journals'])} participants, "
        f"{plural(len(rows['records']), 'record')}, {plural(len(rows['ratings']), 'rating')}"
    ]
    lines += [f"  {who}, unit {unit}: {what}: {text}"
              for who, unit, what, text in sorted(rows["notes"])]  # fmt: skip
    lines += [f"APART {label}: {what}: {text}"
              for label, _, _, _, what, text in sorted(rows["quarantine"])]  # fmt: skip
    lacking = missing(trial, {row[0] for row in rows["journals"]})
    if lacking:
        lines.append(f"MISSING no journal of {', '.join(lacking)}")
    return "\n".join(map(one_line, lines))


def missing(trial: Trial, there: set[str]) -> list[str]:
    """Who was enrolled and has no journal that can be used."""
    return [who for who in trial.enrolled if who not in there]
