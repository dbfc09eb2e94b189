"""The trial at the belt: visits, answers, and what a blinded unit keeps to itself.

Made by `firmware.waistband` only where there is a ticket, or what one left behind: a belt without
has none of this, not even in memory. Both arms run every line of it alike; which one a unit is in
is said to the gate alone, as its mask, and to the sealed records. Posts events, refuses, keeps
progress and adds records; what is shown and said is `firmware.trial.blinded_ui`'s.
"""

import gc

gc.collect()  # what comes now stays: not in all corners of what importing the rest left behind

from firmware.core import states  # noqa: E402
from firmware.core.conversions import date_of  # noqa: E402
from firmware.core.limits import DUTY_MAX, RAMP_MS, RATE_MAX_MS  # noqa: E402
from firmware.core.validate import Refused  # noqa: E402
from firmware.records import encrypted, mac  # noqa: E402
from firmware.records.journal import VISIT  # noqa: E402
from firmware.records.journal_events import JournalEvents  # noqa: E402
from firmware.trial import enrolment, visits  # noqa: E402
from firmware.trial.visits import AFTER, BEFORE, CLOSED, EFFECT, GUESS, THERAPY  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.journal import Journal
    from firmware.records.keys import Keys
    from firmware.records.persistent_state import PersistentState
    from firmware.safety.gate import Gate
    from firmware.therapy.session import Session, Status
    from firmware.ui.button_actions import ButtonActions
    from hal.contract import Hal

BLANK = -1  # no answer yet, so that a hasty START confirms nothing
END = ("session", "reason", "session_ms", "treat_ms", "sealed")
FAULT = ("sealed",)
OF_SESSION, OF_FAULT = 1, 2  # the first number of a sealed record
BANKS = 4  # of a pad, in a sealed record

# Reasons that a person caused or saw; the others are one.
SEEN = ("stopped", "unworn", "charger", "host", "time", "timeout", "day_limit")
ENDED = len(states.REASONS)  # stands for every other, as a number
HIDDEN = tuple([reason != "" and reason not in SEEN for reason in states.REASONS])


def reason_number(session: "Session") -> int:
    """Why the last session ended, where a person may know; ENDED for the rest."""
    reason = session.reason
    return ENDED if reason >= 0 and HIDDEN[reason] else reason


class Trial:
    """What a unit knows of its trial; with a ticket that was refused, nothing."""

    def __init__(self, hal: "Hal", session: "Session", journal: "Journal") -> None:
        self.hal = hal
        self.session = session
        self.journal = journal
        self.taken = False  # the ticket was; else there is neither it nor progress
        self.ticket: enrolment.Ticket
        self.progress: visits.Progress
        self.key = b""  # of sealed records
        self.mask = 0  # of the gate; until a ticket says otherwise, that of a placebo unit
        self.given = False  # a session is over that was this visit's therapy
        self.value = BLANK
        self.alone = False  # ill effects are marked between visits
        self.answered_ms = 0  # in RATE, when a button was last pressed
        self.items: tuple[int, ...] = ()  # that are asked at this stage of this visit
        self.early_date = 0  # from when on the visit that was refused as too early may be

    def open(self, unit_keys: "Keys", serial: str) -> None:
        """Take the ticket, and how far the unit has come. Raises Refused."""
        content = self.hal.load(enrolment.FILE)
        if content is None:
            raise Refused("the visits of a trial are kept here and its ticket is gone")
        taken = enrolment.verify(content, unit_keys, serial)
        self.ticket = taken
        self.come_to(visits.read(self.hal.load(visits.FILE), taken))
        self.key = taken.key
        self.taken = True
        self.mask = 0 if taken.masked else DUTY_MAX

    def set_visit(self, value: bytes, now: bool) -> str:
        """A signed command says which visit is the next: N, or N@YYYY-MM-DD with the day of visit
        1. Return why not, or nothing; unless `now`, nothing is done."""
        ticket = getattr(self, "ticket", None)
        if ticket is None:
            return "the unit's ticket was refused"
        try:
            step = visits.begin_at(value, ticket, self.progress.first_s if self.taken else 0)
        except Refused as why:
            return str(why)
        step.version = self.journal.kept[VISIT] + 1
        if now and not self.hal.store(visits.FILE, step.content()):
            return "the visit cannot be kept"
        if now:
            self.journal.kept[VISIT] += 1
            self.come_to(step)
        return ""

    # -- what is kept --------------------------------------------------------------------

    def come_to(self, step: "visits.Progress") -> None:
        """Go on from this step, which was kept."""
        self.progress = step
        self.items = visits.items(self.ticket.protocol, step.visit, step.stage)

    def _step(
        self, step: "tuple[int, int, int]", kind: str = "",
        values: "tuple[object, ...]" = (), first_s: int = 0,
    ) -> bool:  # fmt: skip
        """On to (visit, stage, item), with the record of it; False, and nothing done, where that
        cannot be kept. Only while dark."""
        journal, before = self.journal, self.progress
        if not journal.write(self.session.up_s):
            return False
        owes = before.owes
        if kind:
            # a full segment is left with a record of its own
            owes = (journal.n + (2 if journal.is_full() else 1), kind) + values
        after = before.then(step[0], step[1], step[2], owes)
        after.first_s = first_s or before.first_s
        after.version = journal.kept[VISIT] + 1
        if not self.hal.store(visits.FILE, after.content()):
            return False
        journal.kept[VISIT] += 1
        self.come_to(after)
        if kind:
            journal.add(kind, visits.RECORDS[kind], values)
            journal.write(self.session.up_s)
        return True

    def owed(self) -> None:
        """At start: the record of the last step, if power went before it was written."""
        owes = self.progress.owes if self.taken else ()
        # 0: of a unit that this one replaces; a journal begun anew is no cut
        if owes and owes[0] and -3 < self.journal.n - int(str(owes[0])) < 0:
            kind = str(owes[1])
            self.journal.add(kind, visits.RECORDS[kind], owes[2:])

    def settle(self) -> bool:
        """Once a second while dark, and before anything is asked: what could not be kept yet.
        False where it still cannot."""
        if not self.taken:
            return False
        now = self.progress
        if not now.owes or not now.owes[0]:  # 0: from a unit that this one replaces
            return self._step((now.visit, CLOSED, 0), "ticket", (now.trial, now.participant))
        if self.given and now.stage == THERAPY:
            if not self._step((now.visit, AFTER, 0)):
                return False
            if self.items and self.session.state == states.DONE:
                self.alone = False
                self.session.post(states.ASK)
        self.given = False
        return self._close()

    def _close(self) -> bool:
        """Where a visit has nothing more to ask, it is done."""
        now = self.progress
        if now.stage not in visits.ASKING or now.item < len(self.items):
            return True
        if not self._step((now.visit, CLOSED, 0), "visit", (now.visit, "done")):
            return False
        # the receipt is that of the visit's last record: it covers what was rated after therapy
        self.journal.receipt = mac.receipt_code(self.journal.seal).encode()
        return True

    # -- START ---------------------------------------------------------------------------

    def asked(self, actions: "ButtonActions") -> int:
        """START, outside of a visit or to go on with one: the event that it leads to; negative,
        ~why, where it is refused. The journal must have been told all that there is."""
        if self.session.lock:
            return ~states.NEEDS_SERVICE
        if actions.is_stuck():
            return ~states.BUTTON_STUCK
        why = actions.why_no_date()
        now_s = self.journal.clock_s()
        if why or now_s is None:
            return ~(why or states.NO_CLOCK)
        if not self.settle():
            return ~states.STORAGE
        self.alone = False
        why = self._come(actions, now_s)
        if why:
            return ~why
        return states.START if self.progress.stage == THERAPY else states.ASK

    def _come(self, actions: "ButtonActions", now_s: int) -> int:
        """A person has come: leave behind what is over, and open the visit that is due, if none
        is open. Why not; 0 if one is."""
        protocol, day = self.ticket.protocol, now_s // visits.DAY_S
        now = self.progress
        over = day > visits.closes_day(protocol, now.first_s, now.visit)
        if (
            now.stage != CLOSED
            and over
            and not self._step((now.visit, CLOSED, 0), "visit", (now.visit, "unfinished"))
        ):
            return states.STORAGE
        while self.progress.stage == CLOSED:
            now = self.progress
            if now.visit >= protocol.visits:
                return states.TRIAL_OVER
            visit = now.visit + 1
            if now.visit:
                opens = visits.opens_day(protocol, now.first_s, visit)
                if day < opens:
                    self.early_date = date_of(opens)
                    return states.TOO_EARLY
                if day > visits.closes_day(protocol, now.first_s, visit):
                    if not self._step((visit, CLOSED, 0), "missed", (visit,)):
                        return states.STORAGE
                    continue
            why = actions.why_no_start() if visits.has_therapy(protocol, visit) else states.NOTHING
            if why:
                return why
            first_s = 0 if now.visit else now_s
            if not self._step((visit, BEFORE, 0), "visit", (visit, "opened"), first_s):
                return states.STORAGE
        return states.NOTHING

    # -- answers -------------------------------------------------------------------------

    def begin(self) -> None:
        """RATE is entered."""
        self.value = BLANK
        self.answered_ms = 0

    def item(self) -> int:
        """What is asked; negative where only START is waited for."""
        now = self.progress
        if self.alone:
            return EFFECT
        if now.stage not in visits.ASKING:
            return BLANK
        return self.items[now.item] if now.item < len(self.items) else BLANK

    def is_mark(self, way: int) -> bool:
        """Whether UP (1) or DOWN (-1) is to mark an ill effect: DOWN is, outside of a visit."""
        state = self.session.state
        return way < 0 and (state == states.READY or state == states.DONE)  # noqa: PLR1714

    def mark_effect(self) -> None:
        """A person wants to mark an ill effect. The journal must have been told all that there
        is."""
        if self.session.lock or not self.ticket.protocol.ill_effects:
            return
        if not self.settle():
            self.session.refuse(states.STORAGE)
            return
        self.alone = True
        self.session.post(states.ASK)

    def turn(self, way: int) -> None:
        """UP (1) or DOWN (-1), which leave the set point alone in a trial. While asked: from no
        answer to the least, or the most."""
        session = self.session
        if session.state != states.RATE:
            return
        item = self.item()
        self.answered_ms = session.state_ms
        if item < 0:
            return
        most = visits.MOST.get(item, visits.PAIN_MOST)
        if self.value < 0:
            self.value = 0 if way > 0 else most
        else:
            self.value = max(0, min(most, self.value + way))
        session.refused = states.NOTHING
        self.hal.signal(states.CUE_SET_POINT)

    def confirm(self, stuck: bool) -> int:
        """START while asked: what is shown is the answer, for good. The event that it leads to;
        negative, ~why, where it is refused, and ~NOTHING where the next question follows.
        `stuck`: another button is down."""
        session = self.session
        self.answered_ms = session.state_ms
        item = self.item()
        if stuck:
            return ~states.BUTTON_STUCK
        if item >= 0:
            if self.value < 0:
                return ~states.NO_ANSWER
            if not self._answer(item):
                return ~states.STORAGE
            self.value = BLANK
            session.refused = states.NOTHING
            if self.alone:
                return states.CLOSED
        if self.progress.stage == THERAPY:
            return states.RATED
        if self.item() >= 0:
            self.hal.signal(states.CUE_RATE)
            return ~states.NOTHING
        return states.CLOSED if self._close() else ~states.STORAGE

    def _answer(self, item: int) -> bool:
        """Write an answer down, and go on to what is next."""
        now, taken = self.progress, self.ticket
        protocol = taken.protocol
        stage, at = now.stage, now.item
        if not self.alone:
            at += 1
            if (
                stage == BEFORE
                and at == len(self.items)
                and visits.has_therapy(protocol, now.visit)
            ):
                stage, at = THERAPY, 0
        step = (now.visit, stage, at)
        if item == EFFECT:
            return self._step(step, "effect", (now.visit, self.value))
        if item == GUESS:
            return self._step(step, "guess", (now.visit, visits.GUESSES[self.value]))
        text = visits.item_text(protocol, item)
        values = (now.visit, visits.STAGES[now.stage], text, self.value)
        return self._step(step, "rating", values)

    def watch(self) -> None:
        """In RATE: nobody answers any more."""
        session = self.session
        if session.state_ms - self.answered_ms >= RATE_MAX_MS:
            session.post(states.TIMEOUT)

    # -- sealed --------------------------------------------------------------------------

    def close(self, numbers: "tuple[int, ...]") -> str:
        """A sealed record of these numbers. Its nonce comes of where the chain stands, and when: it
        never does twice, unless it is wiped; without a ticket there is nobody to seal it to."""
        if not self.key:
            return ""
        journal = self.journal
        place = " ".join((journal.seal, str(len(journal.waiting)), str(self.journal.clock_s())))
        nonce = mac.hmac_hex(b"", place.encode())[: encrypted.NONCE]
        return encrypted.encrypt(self.key, nonce, numbers)


class SealedEvents(JournalEvents):
    """The journal's events of a blinded unit: what could tell the arm is sealed."""

    def __init__(
        self, trial: "Trial", hal: "Hal", journal: "Journal", status: "Status", gate: "Gate",
        serial: str, board: str, kept: "PersistentState",
    ) -> None:  # fmt: skip
        JournalEvents.__init__(self, hal, journal, status, gate, serial, board, kept)
        self.trial = trial

    def _distrust(self) -> "list[str]":
        before = self.journal.kept[VISIT]
        wrong = JournalEvents._distrust(self)
        if self.journal.kept[VISIT] != before:
            self.trial.taken = False  # nothing is written over what is lost
        return wrong

    def _owed(self) -> None:
        self.trial.owed()

    def _end(self) -> None:
        status, trial = self.status, self.trial
        session = status.session
        a, b = status.pads
        of_pads: tuple[int, ...] = ()
        for pad in status.pads:
            of_banks = tuple(pad.fluence.uj_cm2[:BANKS])
            of_pads += of_banks + (0,) * (BANKS - len(of_banks))
        numbers = (OF_SESSION, 1 if trial.mask else 0) + of_pads + (
            max(a.ramp_ms, b.ramp_ms), max(a.throttled_ms, b.throttled_ms),
            max(a.cem43.session_q10_ms, b.cem43.session_q10_ms),
            max(a.highest_mc, b.highest_mc), status.battery.percent, session.reason,
        )  # fmt: skip
        # one that ended before its ramp did may be begun again
        if self.journal.open and session.treat_ms >= RAMP_MS:
            trial.given = True
        number = reason_number(session)
        reason = "ended" if number == ENDED else states.REASONS[number] if number >= 0 else ""
        values = (
            session.number, reason, session.session_ms, session.treat_ms, trial.close(numbers)
        )  # fmt: skip
        self.journal.end(END, values)

    def _fault(self, row: "list[int]") -> None:
        numbers = (OF_FAULT, row[0], row[1], row[3], row[4], row[2])
        self.journal.add("fault", FAULT, (self.trial.close(numbers),))
