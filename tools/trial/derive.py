"""What a verified journal says of a participant: visits, ratings, effects, sessions.

Only what follows the ticket of this trial counts. A unit confirms an answer once: of two of the
same kind the first stands, and the second is told.
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
CLOCK_S = 60  # a clock that is set by less is no news
DAY_S = 86_400
STATES = {"opened": "open", "done": "done", "unfinished": "unfinished"}


class Derived:
    """The rows of one participant's journal, by table."""

    def __init__(self, trial: str, who: str, unit: str, protocol: Protocol) -> None:
        self.trial, self.who, self.unit, self.protocol = trial, who, unit, protocol
        self.items = ("Overall", *protocol.movements)
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.visits: dict[int, list[Any]] = {}  # state, opened, closed, seal
        self.rated: dict[tuple[int, str, str], Row] = {}
        self.open = 0  # the visit that goes on; 0 none
        self.last = 0  # the latest that was opened
        self.session: list[Any] | None = None
        self.begun = False  # the ticket was seen

    def note(self, what: str, said: str) -> None:
        """Something to be told of this participant."""
        self.rows["notes"].append((self.who, self.unit, what, said))

    def read(self, trail: Trail) -> "Derived":
        """Go through a journal."""
        first: int | None = None
        last_at = None
        count = 0
        for record in (record for chain in trail.chains for record in chain):
            if record.kind == "ticket":
                row = record.row
                self.begun = (row["trial"], row["participant"]) == (self.trial, self.who)
            if self.begun:
                count += 1
                first = record.n if first is None else first
                last_at = record.row["at"] or last_at
                self.keep(record)
                self.take(record)
        self.leave_session()
        head = trail.chains[-1][-1].seal
        self.rows["journals"] = [(self.who, self.unit, count, last_at, head)]
        self.rows["visits"] = [(self.who, visit, *row) for visit, row in self.visits.items()]
        self.rows["ratings"] = list(self.rated.values())
        self.windows()
        for finding in trail.findings:
            if finding.what in ("torn", "restart", "key", "unwritten", "oldest"):
                self.note(finding.what, finding.said)
        return self

    def keep(self, record: Record) -> None:
        """Every record, as it was written."""
        body = record.content.decode()
        self.rows["records"].append(
            (record.seal, self.who, self.unit, record.n, record.row["at"], record.kind, body)
        )

    def take(self, record: Record) -> None:
        """What a record changes."""
        found = getattr(self, f"on_{record.kind}", None)
        if found is None:
            return
        visit = record.row.get("visit")
        first = record.kind != "effect"  # one can be marked before the first visit, as of 0
        if visit is not None and not first <= int(str(visit)) <= self.protocol.visits:
            self.note("protocol", f"record {record.n} is of visit {visit}, which there is not")
            return
        found(record, record.row)

    # -- one for each kind of record -----------------------------------------------------------

    def on_visit(self, record: Record, row: dict[str, Any]) -> None:
        """A visit was opened, or closed."""
        visit, state = row["visit"], STATES.get(row["stage"], "")
        if not state:
            self.note("protocol", f"record {record.n} has a stage that is not known")
            return
        if state == "open":
            if visit in self.visits:
                self.note("twice", f"visit {visit} was opened again by record {record.n}")
                return
            self.visits[visit] = [state, row["at"], None, record.seal]
            self.open = self.last = visit
            return
        kept = self.visits.setdefault(visit, [state, None, None, record.seal])
        kept[0], kept[2] = state, row["at"]
        self.open = 0

    def on_missed(self, record: Record, row: dict[str, Any]) -> None:
        """A window went by."""
        self.visits.setdefault(row["visit"], ["missed", None, row["at"], record.seal])

    def on_rating(self, record: Record, row: dict[str, Any]) -> None:
        """An answer was confirmed."""
        key = (row["visit"], row["when"], row["item"])
        good = row["when"] in (BEFORE, AFTER) and row["item"] in self.items
        if not good or not 0 <= row["value"] <= RATING_MAX:
            self.note("protocol", f"record {record.n} is a rating that the protocol has not")
        elif key in self.rated:
            self.note("twice", f"record {record.n} rates {row['item']} of visit {key[0]} again")
        else:
            self.rated[key] = (self.who, *key, row["value"], row["at"], record.seal)

    def on_effect(self, record: Record, row: dict[str, Any]) -> None:
        """An adverse effect, marked at the belt."""
        if not 0 <= row["severity"] <= SEVERITY_MAX:
            self.note("protocol", f"record {record.n} has a severity that is not known")
            return
        values = (self.who, row["visit"], row["severity"], row["at"], record.seal)
        self.rows["effects"].append(values)

    def on_guess(self, record: Record, row: dict[str, Any]) -> None:
        """Which arm the participant believes it is."""
        if row["guess"] in GUESSES and not self.rows["guesses"]:
            self.rows["guesses"].append((self.who, row["visit"], row["guess"], record.seal))
        else:
            self.note("twice", f"record {record.n} is a guess again, or one that is not known")

    def on_session(self, record: Record, row: dict[str, Any]) -> None:
        """Therapy begins, or what is like it."""
        self.leave_session()
        self.session = [self.who, self.open, row["at"], record.seal, None, None, None, None, None]

    def on_end(self, record: Record, row: dict[str, Any]) -> None:
        """... and is over."""
        if self.session is None:
            return
        result = (row["reason"], row["session_ms"], row["treat_ms"], row.get("sealed"))
        self.session[4:] = [record.seal, *result]
        self.leave_session()

    def leave_session(self) -> None:
        """The session, if there is one, goes no further."""
        if self.session is not None:
            if self.session[4] is None:
                self.note("unended", f"a session of visit {self.session[1]} has no end")
            self.rows["sessions"].append(tuple(self.session))
        self.session = None

    def on_boot(self, record: Record, row: dict[str, Any]) -> None:
        """Whatever went on was cut short."""
        self.leave_session()

    def on_fault(self, record: Record, row: dict[str, Any]) -> None:
        """Something was wrong; what, is sealed."""
        values = (self.who, self.open, row["at"], record.seal, row.get("sealed"))
        self.rows["faults"].append(values)

    def on_clock(self, record: Record, row: dict[str, Any]) -> None:
        """The clock is another one: the times of visits are not what they seem."""
        before, after = row["before"], row["after"]
        if before is not None and abs(after - before) < CLOCK_S:
            return
        where = "before visit 1"
        if self.last:
            where = f"in visit {self.open}" if self.open else (
                f"between visits {self.last} and {self.last + 1}")  # fmt: skip
        by = "it was unset" if before is None else f"by {days(after - before)}"
        self.note("clock", f"the clock was changed {where}, {by}")

    # -- after all ---------------------------------------------------------------------------

    def windows(self) -> None:
        """Visits that were opened outside of their windows, by the unit's clock."""
        first = self.visits.get(1, [None, None])[1]
        if first is None:
            return
        for visit, (_, opened, *_) in sorted(self.visits.items()):
            if opened is None:
                continue
            due = first // DAY_S + (visit - 1) * self.protocol.interval_days
            off = opened // DAY_S - due
            if abs(off) > self.protocol.window_days:
                self.note("window", f"visit {visit} was {off:+} days from its day")


def days(seconds: int) -> str:
    """A span, with its sign."""
    if abs(seconds) >= DAY_S:
        return f"{seconds / DAY_S:+.1f} days"
    return f"{seconds / 60:+.0f} min"


def together(many: Iterable[Derived]) -> dict[str, list[Row]]:
    """The rows of all, by table."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for one in many:
        for name, found in one.rows.items():
            rows[name] += found
    return rows
