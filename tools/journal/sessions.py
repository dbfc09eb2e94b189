"""The sessions of a journal: what was asked, what came of it, and its receipt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from firmware.records import mac
from sim.common import validate
from sim.common.errors import BadInput
from tools.common.words import plural
from tools.journal.chain import Trail
from tools.journal.pull import Finding
from tools.journal.reader import PLAIN, Record
from tools.report.light_account import Given, PadAccount, accounts

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LETTERS = 8  # of a receipt
TAKEN_FOR = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})  # Crockford
BOOTED = ("boot", "session")  # after these, what was begun before is over


@dataclass(slots=True)
class Session:
    """One session. `n` is the number of its record, by which it is called."""

    begun: Record
    serial: str  # of the unit; empty where the boot before is not there any more
    end: Record | None = None
    over: bool = False  # or it is the last, and may go on
    faults: list[Record] = field(default_factory=list)

    @property
    def n(self) -> int:
        """By which it is called."""
        return self.begun.n

    @property
    def row(self) -> dict[str, Any]:
        """What was asked."""
        return self.begun.row

    @property
    def result(self) -> dict[str, Any] | None:
        """What came of it; None where no end was written: it counts as wholly given."""
        return self.end.row if self.end else None

    @property
    def blind(self) -> bool:
        """Whether what was given is sealed: the unit is in a blinded trial."""
        return bool(self.end and "sealed" in self.end.row)

    @property
    def receipt(self) -> str:
        """What the unit showed when it was over; empty where it was not."""
        return mac.receipt_code(self.end.seal) if self.end else ""

    @property
    def nm(self) -> tuple[int, ...]:
        """Wavelengths by bank."""
        return tuple(self.row["nm"])

    @property
    def pads(self) -> list[PadAccount]:
        """Both pads' accounts; none without an end that tells, or with one of another board."""
        told, result = self.row, self.result
        banks = len(told["irradiance_uw_cm2"])
        if result is None or self.blind:
            return []
        if {len(result["a_uj_cm2"]), len(result["b_uj_cm2"])} != {banks}:
            return []
        return accounts(
            Given(
                self.nm, told["irradiance_uw_cm2"], told["fluence_uj_cm2"], told["period_ticks"],
                told["on_ticks"], (result["a_uj_cm2"], result["b_uj_cm2"]),
                tuple(result["ramp_ms"]), tuple(result["throttled_ms"]), result["open_banks"],
                result["reason"],
            )
        )  # fmt: skip


def when(at: object) -> str:
    """A clock of the unit, as it stood; its time zone is whatever it was set to."""
    if not isinstance(at, int):
        return "no clock"
    return (EPOCH + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S")


def of(trail: Trail) -> list[Session]:
    """Every session, oldest first."""
    return [session for chain in trail.chains for session in of_chain(chain)]


def of_chain(chain: list[Record]) -> Iterator[Session]:
    """The sessions of one chain."""
    serial = ""
    session: Session | None = None  # that goes on
    last: Session | None = None  # that is over: a fault's better name may come after its end
    faults: list[Record] = []
    for record in chain:
        if session and record.kind in BOOTED:
            session.over = True
            yield session
            session = None
        if record.kind == "boot":
            serial, faults, last = str(record.row["serial"]), [], None
        elif record.kind == "session":
            session, faults, last = Session(record, serial), [], None
        elif record.kind == "fault":
            (last.faults if last else faults).append(record)
        elif record.kind == "ack":
            last = None
        elif record.kind == "end" and session:
            session.end, session.over, session.faults = record, True, faults
            last = session if record.row["reason"] == "fault" else None
            yield session
            session, faults = None, []
    if session:
        session.faults = faults
        yield session


def unended(sessions: list[Session]) -> Iterator[Finding]:
    """Sessions that were begun and have no end."""
    for session in sessions:
        if session.end is None:
            said = f"session {session.n} has no end: it counts as wholly given"
            if not session.over:
                said += ", unless it goes on"
            yield Finding("unended", said, False, session.n, session.begun.places[0])


def code(text: str) -> str:
    """A receipt as it was noted, letters that are easily taken for others put right. Raises
    BadInput."""
    found = text.upper().translate(TAKEN_FOR)
    if len(found) != LETTERS or not set(found) <= set(mac.CODE_LETTERS):
        shown = validate.shown(text)
        raise BadInput(f"the receipt {shown}: is {LETTERS} letters and digits, none of them U")
    return found


def receipts(codes: Iterable[str], sessions: list[Session]) -> dict[str, Session | None]:
    """The session of each receipt that was noted down; None where there is none."""
    known = {session.receipt: session for session in sessions if session.end}
    return {found: known.get(found) for found in codes}


def unmatched(matched: dict[str, Session | None]) -> Iterator[Finding]:
    """Receipts of no session that is here."""
    for found, session in matched.items():
        if session is None:
            said = (
                f"{found} is of no session here: what was written when it was shown was cut off or"
                " rewritten, or is older than what is kept"
            )
            yield Finding("receipt", said, True)


def chosen(sessions: list[Session], asked: str | None) -> Session:
    """The session of a record's number or a receipt; the last where nothing is asked. Raises
    BadInput."""
    if not sessions:
        raise BadInput("the journal holds no session")
    if asked is None:
        return sessions[-1]
    numbered = [s for s in sessions if asked.isdecimal() and s.n == int(asked[:12])]
    if not numbered and len(asked) >= LETTERS:
        numbered = [s for s in sessions if s.end and s.receipt == code(asked)]
    if not numbered:
        latest = ", ".join(str(session.n) for session in sessions[-5:])
        raise BadInput(
            f"--session is {validate.shown(asked)}: no session begins with that record or has that "
            f"receipt; the latest are {latest}"
        )
    return numbered[-1]


def verdict(trail: Trail, sealed: str) -> str:
    """Whether what a page tells was verified, in words."""
    if trail.wrong:
        return f"NOT TO BE BELIEVED: {plural(len(trail.wrong), 'thing')} wrong with this journal"
    if not trail.checked:
        return "not verified: its seals were not checked with the unit's key"
    if sealed == PLAIN:
        return "sealed before the unit had a key; what follows vouches for it"
    return "verified with the unit's key"
