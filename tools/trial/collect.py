"""Collection of journals: checks each pull and writes all of them into trial.sqlite.

Called by `waistband trial collect`. Reads trial.toml, verify.json and the pulled folders; writes
trial.sqlite alone. A pull that fails a check is quarantined whole, with its reason: one altered
record makes the rest of that journal worthless.
"""

import hashlib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from firmware.records import json_codec
from sim.common import validate
from sim.common.errors import one_line
from tools.common.files import emit
from tools.common.words import plural
from tools.journal import chain as journal_chain
from tools.journal import reader
from tools.journal.chain import JournalKey, Trail
from tools.journal.reader import KEYED, Reader, Record, Segment
from tools.trial import derive, store
from tools.trial import folder as trial_folder
from tools.trial.derive import ParticipantRows
from tools.trial.folder import DATABASE, Trial
from tools.trial.store import Pull, Row

LINES = 20  # of a pull, read to find its unit
FINDINGS_MOST = 3  # printed of one pull


class Quarantined(Exception):
    """A pull fails a check: `what` names the check in a word, the message gives the reason."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(one_line(text))
        self.what = what


class ValidPull(NamedTuple):
    """A pull that passed every check of its own."""

    label: str
    digest: str
    unit: str
    participant: str
    segments: list[Segment]


class PullChecker:
    """Sorts pulls into valid ones and `quarantine`; `notes` are for the report."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.keys = trial.journal_keys()
        self.whose = {unit: who for who, unit in trial.units.items()}
        self.quarantine: list[Row] = []
        self.notes: list[Row] = []

    def check_all(self, pulls: dict[str, Pull]) -> list[ParticipantRows]:
        """The rows of each participant whose pulls are valid."""
        by_unit: dict[str, list[ValidPull]] = {}
        for digest, pull in sorted(pulls.items()):
            checked = [self.check_pull(label, digest, pull) for label in sorted(pull.labels)]
            valid = [one for one in checked if one]
            if valid:
                by_unit.setdefault(valid[0].unit, []).append(valid[0])
            if len(valid) > 1:
                where = " and ".join(one.label for one in valid)
                text = f"the very same journal stands in {where}: counted once"
                self.notes.append((valid[0].participant, valid[0].unit, "duplicate", text))
        return [rows for valid in by_unit.values() if (rows := self.merge_pulls(valid))]

    def check_pull(self, label: str, digest: str, pull: Pull) -> ValidPull | None:
        """The pull read at one place, or None if it is quarantined."""
        unit = who = ""
        segments = [
            Segment(label, f"{label}/{name}", int(name[-1]), content)
            for name, content in sorted(pull.files.items())
        ]
        try:
            unit = self.find_unit(segments)
            who = self.whose[unit]
            self.check_label(label, unit, who)
            self.check_ticket(self.verify_segments(segments, unit), unit, who)
            return ValidPull(label, digest, unit, who, segments)
        except Quarantined as why:
            self.quarantine.append((label, digest, unit, who, why.what, str(why)))
            return None

    def find_unit(self, segments: list[Segment]) -> str:
        """The unit whose key made the records' tags. Raises Quarantined."""
        lines = [line for s in segments for line in islice(s.content.split(b"\n"), LINES) if line]
        if not lines:
            raise Quarantined("empty", "its files hold nothing")
        named = {str(serial) for line in lines if (serial := json_codec.parse(line).get("serial"))}
        first = [self.keys[unit] for unit in sorted(named) if unit in self.keys]
        for key in [*first, *self.keys.values()]:
            if any(has_tag_of(key, line) for line in lines[:LINES]):
                return key.unit
        if not first:
            names = ", ".join(map(validate.shown, sorted(named))) or "unknown"
            raise Quarantined("other unit", f"it is of unit {names}, which is not of this trial")
        text = f"no record is sealed with the key of unit {first[0].unit}: somebody made it, or"
        raise Quarantined("key", f"{text} its key was installed anew")

    def check_label(self, label: str, unit: str, who: str) -> None:
        """Refuse a folder named for another participant or unit. Raises Quarantined."""
        for part in label.split("/"):
            if part in self.trial.units and part != who:
                text = f"the folder of {part} holds the journal of unit {unit}, which is {who}'s"
                raise Quarantined("swapped", f"{text}: units were swapped")
            if part in self.whose and part != unit:
                text = f"the folder of unit {part} holds the journal of {unit}"
                raise Quarantined("swapped", text)

    def verify_segments(self, segments: list[Segment], unit: str) -> Trail:
        """The verified journal. Raises Quarantined where a finding is wrong."""
        trail = journal_chain.verify(segments, self.keys[unit])
        if trail.wrong:
            text = "; ".join(map(str, trail.wrong[:FINDINGS_MOST]))
            more = len(trail.wrong) - FINDINGS_MOST
            raise Quarantined(trail.wrong[0].what, text + (f"; and {more} more" * (more > 0)))
        return trail

    def check_ticket(self, trail: Trail, unit: str, who: str) -> None:
        """The journal is of this trial and of one enrolled participant. Raises Quarantined."""
        tickets = [r.row for chain in trail.chains for r in chain if r.kind == "ticket"]
        if not tickets:
            raise Quarantined("no ticket", "no record says of which trial it is")
        ours = {str(row["participant"]) for row in tickets if row["trial"] == self.trial.name}
        if not ours:
            other = validate.shown(tickets[-1]["trial"])
            raise Quarantined("other trial", f"its ticket is of the trial {other}")
        if ours != {who}:
            text = f"unit {unit} has had the ticket of {' and '.join(sorted(ours))}, and is {who}'s"
            raise Quarantined("ticket", f"{text}: one ticket is for one unit")
        entry = self.trial.enrolled.get(who)
        if entry is None:
            raise Quarantined("not enrolled", f"{who} was not enrolled: `trial enrol` comes first")
        if entry.row["unit"] != unit:
            raise Quarantined("swapped", f"{who} was enrolled with unit {entry.row['unit']}")

    def merge_pulls(self, pulls: list[ValidPull]) -> ParticipantRows | None:
        """The rows of one unit's pulls, read as one journal; None if they contradict."""
        first = pulls[0]
        try:
            trail = self.verify_segments([s for pull in pulls for s in pull.segments], first.unit)
        except Quarantined as why:
            self.quarantine += [(*pull[:4], why.what, str(why)) for pull in pulls]
            return None
        trial = self.trial
        rows = ParticipantRows(trial.name, first.participant, first.unit, trial.protocol)
        return rows.read_trail(trail)


def has_tag_of(key: JournalKey, line: bytes) -> bool:
    """Whether a line is a record whose authentication tag this key made."""
    found = Reader(key.journal).line(line, reader.Place("", "", 1), True)
    return isinstance(found, Record) and found.sealed == KEYED


def collect(folder: str, journals: list[str]) -> int:
    """Read journals; 1 if any is quarantined. Raises BadInput."""
    trial = trial_folder.open_trial(folder)
    path = trial.folder / DATABASE
    pulls = store.read_pulls(path)
    known = len(pulls)
    for root in journals:
        for label, files in find_pulls(root):
            pulls.setdefault(hash_files(files), Pull(files)).labels.add(label)
    checker = PullChecker(trial)
    rows = derive.merge_rows(checker.check_all(pulls))
    rows["quarantine"] = checker.quarantine
    rows["notes"] = rows["notes"] + checker.notes
    rows["meta"] = [("trial", trial.name)]
    store.write_database(path, pulls, rows)
    emit(render_summary(trial, rows, len(pulls) - known, len(pulls)))
    return 1 if checker.quarantine else 0


def find_pulls(root: str) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(label, files) of each folder with a journal under `root`. A label starts with the name of
    `root`, whatever the working directory is. Raises BadInput."""
    top = Path(os.path.realpath(root))
    base = top.parent if top.is_dir() else top.parent.parent
    found: dict[str, dict[str, bytes]] = {}
    for segment in reader.find_segments([root]):
        label = Path(os.path.realpath(segment.path)).parent.relative_to(base).as_posix()
        found.setdefault(label, {})[os.path.basename(segment.path)] = segment.content
    yield from found.items()


def hash_files(files: dict[str, bytes]) -> str:
    """SHA-256 of a pull's files, whatever its folder is called."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name} {len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()


def render_summary(trial: Trial, rows: dict[str, list[Row]], new: int, count: int) -> str:
    """What was read: counts, notes, quarantined pulls and missing journals, a line each."""
    lines = [
        f"{plural(count, 'journal')}, {new} of them new: {len(rows['journals'])} participants, "
        f"{plural(len(rows['records']), 'record')}, {plural(len(rows['ratings']), 'rating')}"
    ]
    for who, unit, what, text in sorted(rows["notes"]):
        lines.append(f"  {who}, unit {unit}: {what}: {text}")
    for label, _, _, _, what, text in sorted(rows["quarantine"]):
        lines.append(f"APART {label}: {what}: {text}")
    lacking = list_missing(trial, {row[0] for row in rows["journals"]})
    if lacking:
        lines.append(f"MISSING no journal of {', '.join(lacking)}")
    return "\n".join(map(one_line, lines))


def list_missing(trial: Trial, there: set[str]) -> list[str]:
    """Enrolled participants without a usable journal."""
    return [who for who in trial.enrolled if who not in there]
