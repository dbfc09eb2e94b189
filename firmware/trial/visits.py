"""Visits: when each is due, what is asked at it, and how far a unit has come with them.

Nothing here knows of a unit: `firmware.trial.trial` runs it. Days are whole days of the unit's
clock.

    {"trial": "NAME", "participant": "P-07", "visit": 2, "stage": "before", "item": 3,
     "first_s": 848534400, "owes": [41, "rating", 2, "before", "Rotate left", 6], "version": 9}

`visit` is the one that is open or was last, 0 before the first. `owes` is the journal's record
that belongs to this step, with its number: this file is written first, so that with the power
gone in between the record is written at the next start, and nothing is asked twice. `version` is
one higher with each step: the journal's records name it, so that an older file shows.
"""

from firmware.core.conversions import clock_seconds
from firmware.core.validate import Refused
from firmware.records import json_codec
from firmware.trial.enrolment import OVERALL, VISITS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.trial.enrolment import Protocol, Ticket

    Owed = tuple[object, ...]

FILE = "visit.json"
KEYS = ("trial", "participant", "visit", "stage", "item", "first_s", "owes", "version")
DAY_S = 86_400
NOON = b"T12:00:00"
ITEMS_MAX = 32  # by far

BEFORE, THERAPY, AFTER, CLOSED = range(4)
STAGES = ("before", "therapy", "after", "closed")
ASKING = (BEFORE, AFTER)

# Items: 0 is pain overall, then the movements in their order.
EFFECT, GUESS = 16, 17
MOST = {EFFECT: 3, GUESS: 2}  # the highest answer; of pain
PAIN_MOST = 10
GUESSES = ("therapy", "placebo", "unsure")

# The journal's records, by kind.
RECORDS = {
    "ticket": ("trial", "participant"),
    "visit": ("visit", "stage"),
    "missed": ("visit",),
    "rating": ("visit", "when", "item", "value"),
    "effect": ("visit", "severity"),
    "guess": ("visit", "guess"),
}


def has_therapy(protocol: "Protocol", visit: int) -> bool:
    """Whether therapy is given at a visit."""
    return visit > 1 or protocol.baseline_therapy


def items(protocol: "Protocol", visit: int, stage: int) -> "tuple[int, ...]":
    """What is asked at a visit before therapy, or after it; at the end of either, ill effects and
    the guess, where the protocol has them."""
    therapy = has_therapy(protocol, visit)
    asked: tuple[int, ...] = ()
    if stage == BEFORE or (stage == AFTER and protocol.rate_after):
        asked = tuple(range(1 + len(protocol.movements)))
    if stage != (AFTER if therapy else BEFORE):
        return asked if stage == BEFORE else ()
    if protocol.ill_effects:
        asked += (EFFECT,)
    if protocol.guess and visit == protocol.visits:
        asked += (GUESS,)
    return asked


def opens_day(protocol: "Protocol", first_s: int, visit: int) -> int:
    """The first day on which a visit may be, counted from 2000-01-01."""
    due = first_s // DAY_S + (visit - 1) * protocol.interval_days
    return due - protocol.window_days


def closes_day(protocol: "Protocol", first_s: int, visit: int) -> int:
    """The last day on which a visit may be."""
    return opens_day(protocol, first_s, visit) + 2 * protocol.window_days


class Progress:
    """How far a unit has come."""

    def __init__(self, trial: str, participant: str) -> None:
        """Before the first visit."""
        self.trial = trial
        self.participant = participant
        self.visit = 0
        self.stage = CLOSED
        self.item = 0
        self.first_s = 0  # when visit 1 was opened
        self.owes: Owed = ()  # number, kind and values; none before the first step
        self.version = 0

    def then(self, visit: int, stage: int, item: int, owes: "Owed") -> "Progress":
        """The next step."""
        step = Progress(self.trial, self.participant)
        step.visit, step.stage, step.item, step.owes = visit, stage, item, owes
        step.first_s = self.first_s
        return step

    def content(self) -> bytes:
        """The file's content."""
        return json_codec.text(KEYS, (
            self.trial, self.participant, self.visit, STAGES[self.stage], self.item, self.first_s,
            list(self.owes), self.version,
        ))  # fmt: skip


def owed(value: object) -> "Owed":
    """`owes` as a file has it. Raises ValueError."""
    if value == []:
        return ()
    if (
        not isinstance(value, list)
        or len(value) < 3
        or not json_codec.whole(value[0], 0, json_codec.MOST)
    ):
        raise ValueError
    fields = RECORDS.get(value[1], ()) if isinstance(value[1], str) else ()
    if len(fields) != len(value) - 2:
        raise ValueError
    for part in value[2:]:
        if not isinstance(part, str) and not json_codec.whole(part, 0, json_codec.MOST):
            raise ValueError
    return tuple(value)


def read(content: "bytes | None", ticket: "Ticket") -> Progress:
    """How far the unit has come, from the file; at the beginning where there is none. Raises
    Refused where it cannot be read, or is another's."""
    step = Progress(ticket.trial, ticket.participant)
    if content is None:
        return step
    table = json_codec.parse(content)
    try:
        for key in table:
            if key not in KEYS:
                raise ValueError
        visit, item, first_s = table["visit"], table["item"], table["first_s"]
        step.stage = STAGES.index(str(table["stage"]))
        if not (json_codec.whole(visit, 0, VISITS_MAX) and json_codec.whole(item, 0, ITEMS_MAX)
                and json_codec.whole(first_s, 0, json_codec.MOST)):  # fmt: skip
            raise ValueError
        assert isinstance(visit, int) and isinstance(item, int) and isinstance(first_s, int)
        step.visit, step.item, step.first_s = visit, item, first_s
        step.owes = owed(table["owes"])
        if visit > ticket.protocol.visits or (visit == 0) != (first_s == 0) or (
            (visit and not step.owes) or (visit == 0 and step.stage != CLOSED)
            or (step.stage == CLOSED and item)
            or (step.stage == THERAPY and (item or not has_therapy(ticket.protocol, visit)))
            or item > len(items(ticket.protocol, visit, step.stage))
        ):  # fmt: skip
            raise ValueError
        same = (table["trial"], table["participant"]) == (step.trial, step.participant)
    except (KeyError, ValueError):
        raise Refused("visit.json cannot be read: which visit was the last is lost") from None
    if not same:
        raise Refused("visit.json is of another participant or trial: remove it for a new one")
    return step


def begin_at(value: bytes, ticket: "Ticket", first_s: int) -> Progress:
    """The progress with which visit N is the next to open; `value` is N, or N@YYYY-MM-DD with the
    day of visit 1, else that was at `first_s` (0: not known). Raises Refused."""
    digits, _, day = value.partition(b"@")
    visit = int(digits) if digits.isdigit() else 0
    if not 1 <= visit <= ticket.protocol.visits:
        raise Refused("visit takes 1 to " + str(ticket.protocol.visits))
    if day:
        first_s = clock_seconds(day + NOON)
    if visit > 1 and first_s <= 0:
        raise Refused("visit takes N@YYYY-MM-DD, the day of visit 1")
    step = Progress(ticket.trial, ticket.participant)
    step.visit, step.first_s = visit - 1, first_s if visit > 1 else 0
    step.owes = 0, "ticket", ticket.trial, ticket.participant  # it was written long ago
    return step


def item_text(protocol: "Protocol", item: int) -> str:
    """An item of pain, as the journal names it."""
    return protocol.movements[item - 1] if item else OVERALL
