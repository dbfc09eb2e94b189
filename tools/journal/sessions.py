"""Sessions of a journal: the prescription, the result and the receipt of each.

Called by `waistband journal`, `trial report` and `trial unseal`; reads no file.
"""

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
from tools.report.light_account import AskedStep, Given, PadAccount, accounts, pad_dose_uj_cm2

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LETTERS = (12, 8)  # of a receipt; 8 in format 1
GROUP = 4  # letters
TAKEN_FOR = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})  # Crockford
BOOTED = ("boot", "session")  # records that end an open session


@dataclass(slots=True)
class Session:
    """One session, from its records."""

    begun: Record
    serial: str  # of the unit; empty where its boot record was written over
    end: Record | None = None
    over: bool = False  # False: the last one, which may go on
    faults: list[Record] = field(default_factory=list)

    @property
    def n(self) -> int:
        """The number of its first record, which names the session."""
        return self.begun.n

    @property
    def row(self) -> dict[str, Any]:
        """Its first record: what was prescribed."""
        return self.begun.row

    @property
    def result(self) -> dict[str, Any] | None:
        """Its end record; None where none was written: the dose counts as wholly given."""
        return self.end.row if self.end else None

    @property
    def blind(self) -> bool:
        """Whether its result is encrypted: the unit is in a blinded trial."""
        return bool(self.end and "sealed" in self.end.row)

    @property
    def receipt(self) -> str:
        """The code that the unit showed at the end; empty where there is no end."""
        if not self.end:
            return ""
        code = mac.receipt_code(self.end.seal)
        return code if "kept" in self.end.row else letters_only(code)[: LETTERS[1]]

    @property
    def nm(self) -> tuple[int, ...]:
        """Wavelengths by bank."""
        return tuple(self.row["nm"])

    @property
    def steps(self) -> list[AskedStep]:
        """What each step asks for."""
        row = self.row
        if "steps" in row:
            return [AskedStep(numbers) for numbers in row["steps"]]
        names = ("fluence_uj_cm2", "carrier_hz", "period_ticks", "on_ticks")
        return [AskedStep([3, 0, *(row[name] for name in names), *row["irradiance_uw_cm2"]])]

    @property
    def before_uj_cm2(self) -> tuple[int, int]:
        """What earlier STARTs gave of this session, by pad; zeros where it is not a rest."""
        rest = self.row.get("rest_uj_cm2")
        if rest is None:
            return 0, 0
        whole = [pad_dose_uj_cm2(self.steps, pad) for pad in (0, 1)]
        return whole[0] - rest[0], whole[1] - rest[1]

    @property
    def pads(self) -> list[PadAccount]:
        """Both pads' accounts; none without a readable end, or where its banks do not match."""
        asked, result = self.row, self.result
        banks = len(asked["irradiance_uw_cm2"])
        if result is None or self.blind:
            return []
        if {len(result["a_uj_cm2"]), len(result["b_uj_cm2"])} != {banks}:
            return []
        return accounts(
            Given(
                self.nm, self.steps, self.before_uj_cm2,
                (result["a_uj_cm2"], result["b_uj_cm2"]),
                tuple(result["ramp_ms"]), tuple(result["throttled_ms"]), result["open_banks"],
                result["reason"],
            )
        )  # fmt: skip


def format_clock(at: object) -> str:
    """The unit's clock (s since 2000) as date and time, in the time zone that it was set to."""
    if not isinstance(at, int):
        return "no clock"
    return (EPOCH + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S")


def sessions_from_trail(trail: Trail) -> list[Session]:
    """Every session of a journal, oldest first."""
    return [session for chain in trail.chains for session in sessions_from_chain(chain)]


def sessions_from_chain(chain: list[Record]) -> Iterator[Session]:
    """The sessions of one chain."""
    serial = ""
    session: Session | None = None  # the open one
    last: Session | None = None  # the ended one: a fault's record may come after its end
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


def find_unended(sessions: list[Session]) -> Iterator[Finding]:
    """Findings about sessions without an end."""
    for session in sessions:
        if session.end is None:
            text = f"session {session.n} has no end: it counts as wholly given"
            if not session.over:
                text += ", unless it goes on"
            yield Finding("unended", text, False, session.n, session.begun.places[0])


def letters_only(text: str) -> str:
    """A receipt as a person noted it, without marks between, O, I and L read as digits."""
    return text.upper().translate(TAKEN_FOR)


def parse_receipt(text: str, where: str = "the receipt") -> str:
    """A noted receipt as the unit showed it. Raises BadInput."""
    found = letters_only(text)
    if len(found) not in LETTERS or not set(found) <= set(mac.CODE_LETTERS):
        raise BadInput(
            f"{where} {validate.shown(text)}: is {LETTERS[0]} letters and digits, none of them U"
            f" ({LETTERS[1]} of a unit before format 2)"
        )
    if len(found) == LETTERS[1]:
        return found
    return "-".join(found[at : at + GROUP] for at in range(0, len(found), GROUP))


def read_receipts(path: str) -> list[str]:
    """The receipts in a file of noted ones: one a line, what follows a # is a remark. Raises
    BadInput with the line."""
    codes = []
    for number, line in enumerate(validate.read_text(path).splitlines(), 1):
        noted = line.partition("#")[0].strip()
        if noted:
            codes.append(parse_receipt(noted, f"{path}:{number}: the receipt"))
    if not codes:
        raise BadInput(f"{path}: holds no receipt: one a line, as the unit's screen showed it")
    return codes


def match_receipts(codes: Iterable[str], sessions: list[Session]) -> dict[str, Session | None]:
    """The session of each receipt; None where there is none."""
    known = {session.receipt: session for session in sessions if session.end}
    return {found: known.get(found) for found in codes}


def find_unmatched(matched: dict[str, Session | None]) -> Iterator[Finding]:
    """Findings about receipts of no session here."""
    for found, session in matched.items():
        if session is None:
            text = (
                f"{found} is of no session here: what was written when it was shown was cut off or"
                " rewritten, or is older than what is kept"
            )
            yield Finding("receipt", text, True)


def choose_session(sessions: list[Session], asked: str | None) -> Session:
    """The session of a record number or a receipt; by default the last. Raises BadInput."""
    if not sessions:
        raise BadInput("the journal holds no session")
    if asked is None:
        return sessions[-1]
    numbered = [s for s in sessions if asked.isdecimal() and s.n == int(asked[:12])]
    if not numbered and len(asked) >= LETTERS[1]:
        numbered = [s for s in sessions if s.end and s.receipt == parse_receipt(asked)]
    if not numbered:
        latest = ", ".join(str(session.n) for session in sessions[-5:])
        raise BadInput(
            f"--session is {validate.shown(asked)}: no session begins with that record or has that "
            f"receipt; the latest are {latest}"
        )
    return numbered[-1]


def verdict_in_words(trail: Trail, sealed: str) -> str:
    """Whether a page's journal was verified, in words."""
    if trail.wrong:
        return f"NOT TO BE BELIEVED: {plural(len(trail.wrong), 'thing')} wrong with this journal"
    if not trail.checked:
        return "not verified: its seals were not checked with the unit's key"
    if sealed == PLAIN:
        return "sealed before the unit had a key; what follows vouches for it"
    return "verified with the unit's key"
