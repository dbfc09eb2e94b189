"""Checks of pulled journals: which are used, and which are kept apart and why.

Called by `collect` and `unseal`; touches no file. A pull that fails a check is quarantined whole,
with its reason: one altered record makes the rest of that journal worthless.

| who calls                   | keys | checked                                                    |
|-----------------------------|------|------------------------------------------------------------|
| the clinic                  | none | form: lines, numbers, links, ticket, folder; no tag        |
| monitor, statistician       | all  | form, and the authentication tag of every record           |

Without keys nothing is proved: the rows are for the clinic's own overview, and reports say so.
"""

from itertools import islice
from typing import NamedTuple

from firmware.records import json_codec
from sim.common import validate
from sim.common.errors import one_line
from tools.journal import chain as journal_chain
from tools.journal import reader
from tools.journal.chain import JournalKey, Trail
from tools.journal.reader import KEYED, Reader, Record, Segment
from tools.trial.derive import ParticipantRows
from tools.trial.folder import Trial
from tools.trial.receipts import Noted, check_receipts
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
    """Sorts pulls into valid ones and `quarantine`; `notes` are for the report. `keys`: by
    serial; None checks the form alone. `noted`: receipts that were noted at visits."""

    def __init__(
        self, trial: Trial, keys: dict[str, JournalKey] | None, noted: Noted | None = None
    ) -> None:
        self.trial = trial
        self.keys = keys
        self.noted = noted or Noted()
        self.whose = trial.whose
        self.quarantine: list[Row] = []
        self.notes: list[Row] = []
        self.receipts: list[Row] = []

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
        return [
            rows
            for who in self.trial.units
            if (rows := self.read_participant(who, by_unit)) is not None
        ]

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
        """The unit whose key made the records' tags, or without keys the one that is named.
        Raises Quarantined."""
        lines = [line for s in segments for line in islice(s.content.split(b"\n"), LINES) if line]
        if not lines:
            raise Quarantined("empty", "its files hold nothing")
        named = {str(serial) for line in lines if (serial := json_codec.parse(line).get("serial"))}
        ours = [unit for unit in sorted(named) if unit in self.whose]
        if self.keys is None and ours:
            return ours[0]
        held = {u: key for u, key in (self.keys or {}).items() if u in self.whose}
        first = [held[unit] for unit in ours]
        for key in [*first, *held.values()]:
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
        trail = journal_chain.verify(segments, self.keys[unit] if self.keys else None)
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
        if who in self.trial.undone:
            raise Quarantined("not enrolled", f"the enrolment of {who} was undone")
        if entry is None:
            raise Quarantined("not enrolled", f"{who} was not enrolled: `trial enrol` comes first")

    def read_participant(
        self, who: str, by_unit: dict[str, list[ValidPull]]
    ) -> ParticipantRows | None:
        """The rows of a participant's units, in the order in which they were worn; None where no
        unit has a journal that can be used."""
        trails = []
        pulls: list[ValidPull] = []
        for unit in self.trial.units_of(who):
            mine = by_unit.get(unit, [])
            trail = self.merge_pulls(mine) if mine else None
            if trail is not None:
                trails.append((unit, trail))
                pulls += mine
        if not trails:
            return None
        rows = ParticipantRows(self.trial.name, who, self.trial.protocol).read_trails(trails)
        try:
            notes, found = check_receipts(self.noted, who, rows)
        except ValueError as why:
            self.quarantine += [(*pull[:4], "receipt", str(why)) for pull in pulls]
            return None
        rows.rows["notes"] += notes
        self.receipts += found
        return rows

    def merge_pulls(self, pulls: list[ValidPull]) -> Trail | None:
        """One unit's pulls, read as one journal; None if they contradict."""
        try:
            segments = [s for pull in pulls for s in pull.segments]
            return self.verify_segments(segments, pulls[0].unit)
        except Quarantined as why:
            self.quarantine += [(*pull[:4], why.what, str(why)) for pull in pulls]
            return None


def has_tag_of(key: JournalKey, line: bytes) -> bool:
    """Whether a line is a record whose authentication tag this key made."""
    found = Reader(key.journal).line(line, reader.Place("", "", 1), True)
    return isinstance(found, Record) and found.sealed == KEYED
