"""Rows of one participant from a verified journal: visits, ratings, effects, sessions, faults.

Called by `collect`; touches no file. Only records after the ticket of this trial count. Of two
answers to one question the first stands, and a note tells of the second.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from firmware.trial.enrolment import Protocol
from firmware.trial.visits import GUESSES
from tools.journal.chain import Trail
from tools.journal.reader import Record
from tools.trial.store import Row

BEFORE, AFTER = "before", "after"
RATING_MAX, SEVERITY_MAX = 10, 3
CLOCK_S = 60  # a clock change below this is not noted
DAY_S = 86_400
STATES = {"opened": "open", "done": "done", "unfinished": "unfinished"}
NOTED = ("torn", "restart", "key", "unwritten", "oldest")  # findings that the report shows


class ParticipantRows:
    """The rows of one participant's journal, by table of trial.sqlite."""

    def __init__(self, trial: str, who: str, protocol: Protocol) -> None:
        self.trial, self.who, self.protocol = trial, who, protocol
        self.unit = ""  # whose journal is read
        self.units: list[str] = []  # read so far, the last one last
        self.seals_of_visit: dict[int, list[str]] = defaultdict(list)
        self.items = ("Overall", *protocol.movements)
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.visits: dict[int, list[Any]] = {}  # state, opened, closed, seal
        self.rated: dict[tuple[int, str, str], Row] = {}
        self.open_visit = 0  # 0: none
        self.last_visit = 0  # the latest that was opened
        self.session: list[Any] | None = None
        self.enrolled = False  # the ticket was read

    def add_note(self, what: str, text: str) -> None:
        """Note something about this participant for the report."""
        self.rows["notes"].append((self.who, self.unit, what, text))

    def read_trails(self, trails: list[tuple[str, Trail]]) -> "ParticipantRows":
        """Read the whole journal of each unit that was worn, in turn; returns itself."""
        for unit, trail in trails:
            self.read_trail(unit, trail)
        records = self.rows["records"]
        last_at = next((row[4] for row in reversed(records) if row[4]), None)
        head = trails[-1][1].chains[-1][-1].seal
        self.rows["journals"] = [(self.who, self.unit, len(records), last_at, head)]
        self.rows["visits"] = [(self.who, visit, *row) for visit, row in self.visits.items()]
        self.rows["ratings"] = list(self.rated.values())
        self.check_windows()
        return self

    def read_trail(self, unit: str, trail: Trail) -> None:
        """Read the whole journal of one unit."""
        self.unit, self.enrolled, self.open_visit = unit, False, 0
        self.units.append(unit)
        for record in (record for chain in trail.chains for record in chain):
            row = record.row
            if record.kind == "ticket":
                self.enrolled = (row["trial"], row["participant"]) == (self.trial, self.who)
            if self.enrolled:
                body = record.content.decode()
                self.rows["records"].append(
                    (record.seal, self.who, self.unit, record.n, row["at"], record.kind, body)
                )
                self.apply_record(record)
                if self.last_visit:
                    self.seals_of_visit[self.last_visit].append(record.seal)
        self.close_session()
        for finding in trail.findings:
            if finding.what in NOTED:
                self.add_note(finding.what, finding.text)

    def apply_record(self, record: Record) -> None:
        """Call the `on_` method of the record's kind, if it has one."""
        apply = getattr(self, f"on_{record.kind}", None)
        if apply is None:
            return
        visit = record.row.get("visit")
        first = record.kind != "effect"  # an effect before the first visit has visit 0
        if visit is not None and not first <= int(str(visit)) <= self.protocol.visits:
            self.add_note("protocol", f"record {record.n} is of visit {visit}, which there is not")
            return
        apply(record, record.row)

    # -- one for each kind of record -----------------------------------------------------------

    def on_visit(self, record: Record, row: dict[str, Any]) -> None:
        """A visit was opened or closed."""
        visit, state = row["visit"], STATES.get(row["stage"], "")
        if not state:
            self.add_note("protocol", f"record {record.n} has a stage that is not known")
        elif state != "open":
            known = self.visits.setdefault(visit, [state, None, None, record.seal])
            known[0], known[2] = state, row["at"]
            self.open_visit = 0
        elif visit in self.visits:
            self.add_note("twice", f"visit {visit} was opened again by record {record.n}")
        else:
            self.visits[visit] = [state, row["at"], None, record.seal]
            self.open_visit = self.last_visit = visit

    def on_missed(self, record: Record, row: dict[str, Any]) -> None:
        """A visit's window went by."""
        self.visits.setdefault(row["visit"], ["missed", None, row["at"], record.seal])

    def on_rating(self, record: Record, row: dict[str, Any]) -> None:
        """An answer was confirmed."""
        key = (row["visit"], row["when"], row["item"])
        good = row["when"] in (BEFORE, AFTER) and row["item"] in self.items
        if not good or not 0 <= row["value"] <= RATING_MAX:
            self.add_note("protocol", f"record {record.n} is a rating that the protocol has not")
        elif key in self.rated:
            text = f"record {record.n} rates {row['item']} of visit {key[0]} again"
            self.add_note("twice", text)
        else:
            self.rated[key] = (self.who, *key, row["value"], row["at"], record.seal)

    def on_effect(self, record: Record, row: dict[str, Any]) -> None:
        """An adverse effect was marked at the belt."""
        if not 0 <= row["severity"] <= SEVERITY_MAX:
            self.add_note("protocol", f"record {record.n} has a severity that is not known")
            return
        values = (self.who, row["visit"], row["severity"], row["at"], record.seal)
        self.rows["effects"].append(values)

    def on_guess(self, record: Record, row: dict[str, Any]) -> None:
        """The participant guessed the arm."""
        if row["guess"] in GUESSES and not self.rows["guesses"]:
            self.rows["guesses"].append((self.who, row["visit"], row["guess"], record.seal))
        else:
            text = f"record {record.n} is a guess again, or one that is not known"
            self.add_note("twice", text)

    def on_session(self, record: Record, row: dict[str, Any]) -> None:
        """A session begins, lit or sham."""
        self.close_session()
        self.session = [self.who, self.open_visit, row["at"], record.seal, *[None] * 5]

    def on_end(self, record: Record, row: dict[str, Any]) -> None:
        """A session ends."""
        if self.session is not None:
            result = (row["reason"], row["session_ms"], row["treat_ms"], row.get("sealed"))
            self.session[4:] = [record.seal, *result]
        self.close_session()

    def close_session(self) -> None:
        """Write the open session, if there is one, with or without its end."""
        if self.session is not None:
            if self.session[4] is None:
                self.add_note("unended", f"a session of visit {self.session[1]} has no end")
            self.rows["sessions"].append(tuple(self.session))
        self.session = None

    def on_boot(self, record: Record, row: dict[str, Any]) -> None:
        """A restart cuts an open session short."""
        self.close_session()

    def on_fault(self, record: Record, row: dict[str, Any]) -> None:
        """A fault was latched; its name is encrypted."""
        values = (self.who, self.open_visit, row["at"], record.seal, row.get("sealed"))
        self.rows["faults"].append(values)

    def on_clock(self, record: Record, row: dict[str, Any]) -> None:
        """The clock was changed: times of visits before and after do not compare. One that nobody
        has confirmed yet, after days off, was not."""
        if row.get("how") == "not confirmed":
            return
        before, after = row["before"], row["after"]
        if before is not None and abs(after - before) < CLOCK_S:
            return
        where = "before visit 1"
        if self.open_visit:
            where = f"in visit {self.open_visit}"
        elif self.last_visit:
            where = f"between visits {self.last_visit} and {self.last_visit + 1}"
        by = "it was unset" if before is None else f"by {format_span(after - before)}"
        self.add_note("clock", f"the clock was changed {where}, {by}")

    # -- after all records ---------------------------------------------------------------------

    def check_windows(self) -> None:
        """Note visits opened outside of their windows, by the unit's clock."""
        first = self.visits.get(1, [None, None])[1]
        if first is None:
            return
        for visit, (_, opened, *_) in sorted(self.visits.items()):
            if opened is None:
                continue
            due = first // DAY_S + (visit - 1) * self.protocol.interval_days
            off = opened // DAY_S - due
            if abs(off) > self.protocol.window_days:
                self.add_note("window", f"visit {visit} was {off:+} days from its day")


def format_span(seconds: int) -> str:
    """A span of time with its sign, in days or minutes."""
    if abs(seconds) >= DAY_S:
        return f"{seconds / DAY_S:+.1f} days"
    return f"{seconds / 60:+.0f} min"


def merge_rows(many: Iterable[ParticipantRows]) -> dict[str, list[Row]]:
    """The rows of all participants, by table."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for one in many:
        for name, found in one.rows.items():
            rows[name] += found
    return rows
