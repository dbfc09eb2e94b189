"""The trial at the belt: visits, answers, and what a blinded unit keeps to itself.

Made only where there is a ticket, or what one left behind: a belt without has none of this, not
even in memory. Both arms run every line of it alike; which one a unit is in is said to the gate
alone, as its mask, and to the sealed records. What is shown and said is `firmware.blinded`'s.
"""

import gc

gc.collect()  # what comes now stays: not in all corners of what importing the rest left behind

from firmware import blinded, notes, seal, sealed, states, ticket, visits, wearer  # noqa: E402
from firmware.limits import DUTY_MAX, RAMP_MS, RATE_MAX_MS  # noqa: E402
from firmware.prescription import Refused  # noqa: E402
from firmware.session import (  # noqa: E402
    BUTTON_STUCK,
    NEEDS_SERVICE,
    NO_ANSWER,
    NO_CLOCK,
    NOTHING,
    STORAGE,
    TOO_EARLY,
    TRIAL_OVER,
)
from firmware.visits import AFTER, BEFORE, CLOSED, EFFECT, GUESS, THERAPY  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.keys import Keys
    from firmware.session import Session
    from firmware.waistband import Waistband
    from hal.contract import Hal

BLANK = -1  # no answer yet, so that a hasty START confirms nothing
END = ("session", "reason", "session_ms", "treat_ms", "sealed")
FAULT = ("sealed",)
OF_SESSION, OF_FAULT = 1, 2  # the first number of a sealed record
BANKS = 4  # of a pad, in a sealed record


class Trial:
    """What a unit knows of its trial; with a ticket that was refused, nothing."""

    face = blinded  # what it shows and says

    def __init__(self) -> None:
        self.taken = False  # the ticket was; else there is neither it nor progress
        self.ticket: ticket.Ticket
        self.progress: visits.Progress
        self.key = b""  # of sealed records
        self.mask = 0  # of the gate; until a ticket says otherwise, that of a placebo unit
        self.given = False  # a session is over that was this visit's therapy
        self.value = BLANK
        self.alone = False  # ill effects are marked between visits
        self.answered_ms = 0  # in RATE, when a button was last pressed
        self.items: tuple[int, ...] = ()  # that are asked at this stage of this visit
        self.early_date = 0  # from when on the visit that was refused as too early may be

    def open(self, hal: "Hal", unit_keys: "Keys", serial: str) -> None:
        """Take the ticket, and how far the unit has come. Raises Refused."""
        content = hal.load(ticket.FILE)
        if content is None:
            raise Refused("the visits of a trial are kept here and its ticket is gone")
        taken = ticket.opened(content, unit_keys, serial)
        self.ticket = taken
        self._come_to(visits.read(hal.load(visits.FILE), taken))
        self.key = taken.key
        self.taken = True
        self.mask = 0 if taken.masked else DUTY_MAX

    # -- what is kept --------------------------------------------------------------------

    def _come_to(self, step: "visits.Progress") -> None:
        self.progress = step
        self.items = visits.items(self.ticket.protocol, step.visit, step.stage)

    def _step(
        self, unit: "Waistband", step: "tuple[int, int, int]", kind: str = "",
        values: "tuple[object, ...]" = (), first_s: int = 0,
    ) -> bool:  # fmt: skip
        """On to (visit, stage, item), with the record of it; False, and nothing done, where that
        cannot be kept. Only while dark."""
        journal, before = unit.journal, self.progress
        if not journal.write(unit.up_s):
            return False
        owes = before.owes
        if kind:
            # a full segment is left with a record of its own
            owes = (journal.n + (2 if journal.is_full() else 1), kind) + values
        after = before.then(step[0], step[1], step[2], owes)
        after.first_s = first_s or before.first_s
        if not unit.hal.keep(visits.FILE, after.content()):
            return False
        self._come_to(after)
        if kind:
            journal.add(kind, visits.RECORDS[kind], values)
            journal.write(unit.up_s)
        return True

    def owed(self, unit: "Waistband") -> None:
        """At start: the record of the last step, if power went before it was written."""
        owes = self.progress.owes if self.taken else ()
        if owes and -3 < unit.journal.n - int(str(owes[0])) < 0:  # a journal begun anew is no cut
            kind = str(owes[1])
            unit.journal.add(kind, visits.RECORDS[kind], owes[2:])

    def settle(self, unit: "Waistband") -> bool:
        """Once a second while dark, and before anything is asked: what could not be kept yet.
        False where it still cannot."""
        if not self.taken:
            return False
        now = self.progress
        if not now.owes:
            return self._step(unit, (0, CLOSED, 0), "ticket", (now.trial, now.participant))
        if self.given and now.stage == THERAPY:
            if not self._step(unit, (now.visit, AFTER, 0)):
                return False
            if self.items and unit.session.state == states.DONE:
                self.alone = False
                unit.session.post(states.ASK)
        self.given = False
        return self._close(unit)

    def _close(self, unit: "Waistband") -> bool:
        """Where a visit has nothing more to ask, it is done."""
        now = self.progress
        if now.stage not in visits.ASKING or now.item < len(self.items):
            return True
        return self._step(unit, (now.visit, CLOSED, 0), "visit", (now.visit, "done"))

    # -- START ---------------------------------------------------------------------------

    def asked(self, unit: "Waistband") -> int:
        """START, outside of a visit or to go on with one: the event that it leads to; negative,
        ~why, where it is refused."""
        notes.settle(unit)
        if unit.lock:
            return ~NEEDS_SERVICE
        if wearer.stuck_button(unit):
            return ~BUTTON_STUCK
        now_s = unit.hal.wall_clock()
        if now_s is None:
            return ~NO_CLOCK
        if not self.settle(unit):
            return ~STORAGE
        self.alone = False
        why = self._come(unit, max(now_s, unit.journal.latest))
        if why:
            return ~why
        return states.START if self.progress.stage == THERAPY else states.ASK

    def _come(self, unit: "Waistband", now_s: int) -> int:
        """A person has come: leave behind what is over, and open the visit that is due, if none
        is open. Why not; 0 if one is."""
        protocol, day = self.ticket.protocol, now_s // visits.DAY_S
        now = self.progress
        over = day > visits.closes_day(protocol, now.first_s, now.visit)
        if now.stage != CLOSED and over and not self._step(
            unit, (now.visit, CLOSED, 0), "visit", (now.visit, "unfinished")
        ):
            return STORAGE
        while self.progress.stage == CLOSED:
            now = self.progress
            if now.visit >= protocol.visits:
                return TRIAL_OVER
            visit = now.visit + 1
            if now.visit:
                opens = visits.opens_day(protocol, now.first_s, visit)
                if day < opens:
                    self.early_date = visits.date_of(opens)
                    return TOO_EARLY
                if day > visits.closes_day(protocol, now.first_s, visit):
                    if not self._step(unit, (visit, CLOSED, 0), "missed", (visit,)):
                        return STORAGE
                    continue
            why = wearer.no_start(unit) if visits.has_therapy(protocol, visit) else NOTHING
            if why:
                return why
            first_s = 0 if now.visit else now_s
            if not self._step(unit, (visit, BEFORE, 0), "visit", (visit, "opened"), first_s):
                return STORAGE
        return NOTHING

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

    def pressed(self, unit: "Waistband", way: int) -> None:
        """UP (1) or DOWN (-1), which leave the set point alone in a trial."""
        state = unit.session.state
        if state == states.RATE:
            self._turn(unit, way)
        elif way < 0 and (state == states.READY or state == states.DONE):  # noqa: PLR1714
            self._mark_effect(unit)

    def _mark_effect(self, unit: "Waistband") -> None:
        """DOWN, outside of a visit: a person wants to mark an ill effect."""
        notes.settle(unit)
        if unit.lock or not self.ticket.protocol.ill_effects:
            return
        if not self.settle(unit):
            unit.session.refuse(STORAGE)
            return
        self.alone = True
        unit.session.post(states.ASK)

    def _turn(self, unit: "Waistband", way: int) -> None:
        """UP or DOWN while asked: from no answer to the least, or the most."""
        session, item = unit.session, self.item()
        self.answered_ms = session.state_ms
        if item < 0:
            return
        most = visits.MOST.get(item, visits.PAIN_MOST)
        if self.value < 0:
            self.value = 0 if way > 0 else most
        else:
            self.value = max(0, min(most, self.value + way))
        session.refused = NOTHING
        unit.hal.signal(states.CUE_SET_POINT)

    def confirm(self, unit: "Waistband") -> int:
        """START while asked: what is shown is the answer, for good. The event that it leads to;
        negative, ~why, where it is refused, and ~NOTHING where the next question follows."""
        self.answered_ms = unit.session.state_ms
        item = self.item()
        if wearer.stuck_button(unit):
            return ~BUTTON_STUCK
        if item >= 0:
            if self.value < 0:
                return ~NO_ANSWER
            if not self._answer(unit, item):
                return ~STORAGE
            self.value = BLANK
            unit.session.refused = NOTHING
            if self.alone:
                return states.CLOSED
        if self.progress.stage == THERAPY:
            return states.RATED
        if self.item() >= 0:
            unit.hal.signal(states.CUE_RATE)
            return ~NOTHING
        return states.CLOSED if self._close(unit) else ~STORAGE

    def _answer(self, unit: "Waistband", item: int) -> bool:
        """Write an answer down, and go on to what is next."""
        now, taken = self.progress, self.ticket
        protocol = taken.protocol
        stage, at = now.stage, now.item
        if not self.alone:
            at += 1
            if stage == BEFORE and at == len(self.items) and visits.has_therapy(
                protocol, now.visit
            ):
                stage, at = THERAPY, 0
        step = (now.visit, stage, at)
        if item == EFFECT:
            return self._step(unit, step, "effect", (now.visit, self.value))
        if item == GUESS:
            return self._step(unit, step, "guess", (now.visit, visits.GUESSES[self.value]))
        text = visits.item_text(protocol, item)
        values = (now.visit, visits.STAGES[now.stage], text, self.value)
        return self._step(unit, step, "rating", values)

    def watch(self, session: "Session") -> None:
        """In RATE: nobody answers any more."""
        if session.state_ms - self.answered_ms >= RATE_MAX_MS:
            session.post(states.TIMEOUT)

    # -- sealed --------------------------------------------------------------------------

    def close(self, unit: "Waistband", numbers: "tuple[int, ...]") -> str:
        """A sealed record of these numbers. Its nonce comes of where the chain stands, and when: it
        never does twice, unless it is wiped; without a ticket there is nobody to seal it to."""
        if not self.key:
            return ""
        journal = unit.journal
        place = " ".join((journal.seal, str(len(journal.waiting)), str(unit.hal.wall_clock())))
        return sealed.close(self.key, seal.seal(b"", place.encode())[: sealed.NONCE], numbers)

    def end(self, unit: "Waistband") -> None:
        """A session is over, or the lit self-test."""
        session = unit.session
        a, b = unit.pads
        of_pads: tuple[int, ...] = ()
        for pad in unit.pads:
            of_banks = tuple(pad.fluence.uj_cm2[:BANKS])
            of_pads += of_banks + (0,) * (BANKS - len(of_banks))
        numbers = (OF_SESSION, 1 if self.mask else 0) + of_pads + (
            max(a.ramp_ms, b.ramp_ms), max(a.throttled_ms, b.throttled_ms),
            max(a.cem43.session_q10_ms, b.cem43.session_q10_ms),
            max(a.highest_mc, b.highest_mc), unit.battery.percent, session.reason,
        )  # fmt: skip
        # one that ended before its ramp did may be begun again
        if unit.journal.open and session.treat_ms >= RAMP_MS:
            self.given = True
        values = (
            session.number, blinded.reason(session), session.session_ms, session.treat_ms,
            self.close(unit, numbers),
        )  # fmt: skip
        unit.journal.end(END, values)

    def fault(self, unit: "Waistband", row: "list[int]") -> None:
        """A cause that was latched: fault, pad, ms, value, limit."""
        numbers = (OF_FAULT, row[0], row[1], row[3], row[4], row[2])
        unit.journal.add("fault", FAULT, (self.close(unit, numbers),))
