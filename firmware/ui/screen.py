"""The screen: eight rows of sixteen cells, one row looked at after each control step.

Called by `firmware.waistband` in the tick after the control step; reads, and hands rows to the
HAL. A row is drawn anew when the number behind it has changed, and else every fifth time that it
is looked at (8 s): a screen that lost its supply is then whole again. The HAL puts rows on the
glass when their bus is free.
"""

from firmware.core import states
from firmware.core.conversions import DAY_S, date_of
from firmware.core.faults import FAULTS
from firmware.core.limits import SESSION_DAY_MAX_MS
from firmware.ui import texts
from firmware.ui.text_buffer import ZERO, blank, put_date, put_int, put_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from firmware.records.journal import Journal
    from firmware.therapy.session import Session, Status
    from hal.contract import Hal

    class Face(Protocol):
        """What a blinded unit shows in place of the rows and numbers that could tell the arm."""

        def key(self, row: int) -> int:
            """The number behind a row."""

        def draw(self, row: int, cells: bytearray) -> None:
            """The row's text."""

        def take(self, numbers: list[int]) -> None:
            """Telemetry's numbers, in the order of its fields."""


ROWS = 8
OFFERING = (states.READY, states.DONE)
DAY, OFFER = 1 << 17, 1 << 18  # behind row 7, beyond every count of faults
RECEIPT = 1 << 29  # behind its row, less the session's number: no other number is near
RECEIPT_ROW = 4
CELLS = 16
LOST_SHOWN = 9  # a part's resets, in one cell
RENEW_ROUNDS = 5  # of all rows, 1.6 s each: fewer than 8, so that the rows' turns lie apart


class Screen:
    """What each row last showed, and where it is read from."""

    def __init__(
        self, hal: "Hal", status: "Status", journal: "Journal", face: "Face | None"
    ) -> None:
        """`face` is what a blinded unit shows in the place of the rows that could tell the arm."""
        self.hal = hal
        self.status = status
        self.journal = journal
        self.face = face
        self.cells = bytearray(CELLS)
        self.keys = [-1] * ROWS  # the number behind each row, as last drawn
        self.row = 0
        self.round = 0

    def step(self) -> None:
        """Look at the next row; draw it if it changed."""
        row = self.row
        self.row = (row + 1) % ROWS
        if row == 0:
            self.round = (self.round + 1) % RENEW_ROUNDS
        key = self._key(row)
        if key == self.keys[row] and self.round != row % RENEW_ROUNDS:
            return
        self.keys[row] = key
        cells = self.cells
        blank(cells)
        self._draw(row, cells)
        self.hal.show(row, cells)

    def _key(self, row: int) -> int:
        """The number behind a row, below 2**30; two pads' halves are 15 bits each."""
        status = self.status
        session = status.session
        a, b = status.pads
        if row == 0:
            return session.state
        if row == 1 and session.state in states.IN_SESSION:
            return self._left_s()
        if row == RECEIPT_ROW and self._has_receipt():
            return RECEIPT - session.number
        if self.face:
            return self.face.key(row)
        if row == 1:
            return session.reason + 10_000
        if row == 2:
            return ((a.contact_mc // 100 & 0x7FFF) << 15) + (b.contact_mc // 100 & 0x7FFF)
        if row == 3:
            return (a.fluence.total_uj_cm2 // 100_000 << 15) + b.fluence.total_uj_cm2 // 100_000
        if row == 4:
            return session.set_point_mc
        if row == 5:
            unsure = 0 if status.battery.gauge_believed else 1 << 14
            return (status.battery.percent << 15) + unsure + status.battery.sessions_left()
        # changes with every fault that comes, and when they are acknowledged
        trouble = status.latch.count * 2 + (1 if status.latch.latched else 0)
        own = (trouble << 8) + (session.lock << 5) + session.refused
        if row == 6:
            own += self._lost() << 16
        elif session.state in OFFERING and not (status.latch.latched or advise(session)):
            own = self._offer()
        return own

    def _lost(self) -> int:
        """Outside of a session: how often a part lost its set-up, times 8, and which it was."""
        worst = 0
        if self.status.session.state not in states.IN_SESSION:
            lost = self.status.inputs.lost
            for k in range(len(lost)):
                worst = max(worst, min(lost[k], LOST_SHOWN) * 8 + k if lost[k] else 0)
        return worst

    def _left_s(self) -> int:
        """Seconds of light that are left, at the pads' present throttle."""
        session = self.status.session
        course = session.course
        left_ms = min(course.max_ms - session.part_ms - session.treat_ms, self._day_ms())
        limit_s = left_ms // 1000 if left_ms > 0 else 0
        if self.face:
            return limit_s  # in both arms alike
        step = course.steps[session.step]
        longest_s = (step.ms - session.in_step_ms) // 1000 if step.ms else 0
        for pad in self.status.pads:
            if not (pad.done or step.ms):
                # 12 bits of throttle: 50000 uW/cm2 << 12 is below 2**30
                rate_uw_cm2 = step.total_uw_cm2 * (pad.throttle >> 4) >> 12
                short_uj_cm2 = pad.stop_uj_cm2 - pad.fluence.total_uj_cm2
                pad_s = short_uj_cm2 // rate_uw_cm2 if rate_uw_cm2 else limit_s
                if pad_s > longest_s:
                    longest_s = pad_s
        for k in range(session.step + 1, len(course.steps)):
            longest_s += course.steps[k].longest_ms() // 1000
        return longest_s if longest_s < limit_s else limit_s

    def _day_ms(self) -> int:
        """Light that is left of the day."""
        session = self.status.session
        a_day = session.course.a_day
        if a_day and session.done >= a_day:
            return 0
        return max(SESSION_DAY_MAX_MS - session.day_treat_ms, 0)

    def _offer(self) -> int:
        """What START would give, J/cm2 times 10 of each pad, over OFFER: a whole session, or the
        rest of one. Where the day has less light left than a session may last: its s, over DAY."""
        session = self.status.session
        day_ms = self._day_ms()
        if day_ms < session.course.max_ms:
            return DAY + day_ms // 1000
        a, b = session.course.whole_uj_cm2
        pad_a, pad_b = self.status.pads
        if session.part_ms:
            a, b = pad_a.whole_uj_cm2, pad_b.whole_uj_cm2
        return OFFER + (a // 100_000 << 10) + b // 100_000

    def _has_receipt(self) -> bool:
        """A session is over and in the journal, whatever ended it, and no other has begun: a
        person may note down what proves it."""
        state = self.status.session.state
        dark = state not in states.IN_SESSION and state != states.RATE
        return dark and len(self.journal.receipt) > 0

    def _draw(self, row: int, cells: bytearray) -> None:
        status = self.status
        session = status.session
        a, b = status.pads
        if row == 0:
            put_text(cells, 0, texts.STATES[session.state])
        elif row == 1 and session.state in states.IN_SESSION:
            self._draw_left(cells)
        elif row == RECEIPT_ROW and self._has_receipt():
            put_text(cells, 0, texts.RECEIPT)
            put_text(cells, 2, self.journal.receipt)
        elif self.face:
            self.face.draw(row, cells)
        elif row == 1:
            if session.reason >= 0:
                put_text(cells, 0, texts.REASONS[session.reason])
        elif row == 2:
            put_text(cells, 0, texts.CONTACT)
            put_int(cells, 5, a.contact_mc // 100, 1)
            put_int(cells, 12, b.contact_mc // 100, 1)
        elif row == 3:
            put_text(cells, 0, texts.DOSE)
            put_int(cells, 5, a.fluence.total_uj_cm2 // 100_000, 1)
            put_int(cells, 11, b.fluence.total_uj_cm2 // 100_000, 1)
        elif row == 4:
            put_text(cells, 0, texts.SET_POINT)
            put_int(cells, 12, session.set_point_mc // 100, 1)
        elif row == 5:
            put_text(cells, 0, texts.BATTERY)
            put_int(cells, 4, status.battery.percent)
            put_int(cells, 10, status.battery.sessions_left())
            if not status.battery.gauge_believed:
                put_text(cells, 5, texts.UNSURE)
        elif row == 6:
            self._draw_trouble(cells)
        elif self.keys[row] >= DAY:
            draw_offer(self.keys[row], cells)
        else:
            self._draw_values(cells)

    def _draw_left(self, cells: bytearray) -> None:
        """Minutes and seconds left."""
        put_text(cells, 0, texts.LEFT)
        draw_minutes(self._left_s(), 8, cells)

    def _draw_trouble(self, cells: bytearray) -> None:
        """The lock, the first fault, the refusal, a part that was reset or an unset clock."""
        session, latch = self.status.session, self.status.latch
        if session.lock:
            put_text(cells, 0, texts.LOCKS[session.lock])
        elif latch.latched:
            draw_fault(latch.rows[latch.first], cells)
        elif session.refused or not self._lost():
            draw_refusal(self.status, cells)
        else:
            worst = self._lost()
            put_text(cells, 0, texts.RESET)
            put_text(cells, 6, texts.PARTS[worst & 7])
            put_int(cells, CELLS, worst >> 3)

    def _draw_values(self, cells: bytearray) -> None:
        """The fault that a locked unit keeps; why a press is refused; the first fault's value and
        limit; what to do."""
        session, latch = self.status.session, self.status.latch
        if session.lock and latch.count:
            draw_fault(latch.rows[0], cells)
        elif session.lock or not latch.latched:
            put_text(cells, 0, advise(session))
        elif session.refused:
            draw_refusal(self.status, cells)
        else:
            first = latch.rows[latch.first]
            point = 0
            value, limit = first[3], first[4]
            if FAULTS[first[0]][1] == "mc":
                value //= 100
                limit //= 100
                point = 1
            put_int(cells, 7, value, point)
            cells[8] = 0x2F
            put_int(cells, 15, limit, point)


def advise(session: "Session") -> bytes:
    """What a person does about a lock or a refusal whose own words do not say it."""
    lock = session.lock
    if lock == states.RESTARTS:
        return texts.REFUSALS[states.HOLD_START]
    if lock or session.refused in states.NEEDS_CLINIC:
        return texts.TELL_THE_CLINIC
    return texts.LET_GO if session.refused == states.BUTTON_STUCK else b""


def draw_refusal(status: "Status", cells: bytearray) -> None:
    """Why what was asked for is refused; a date that START is to confirm; else that no clock is
    set."""
    refused, clock = status.session.refused, status.clock
    put_text(cells, 0, texts.REFUSALS[refused])
    if refused == states.NEW_DATE:
        put_date(cells, 4, date_of(clock.doubted_s // DAY_S))
    elif not (refused or clock.base_s or clock.doubted_s):
        put_text(cells, 0, texts.NO_CLOCK)


def draw_minutes(seconds: int, at: int, cells: bytearray) -> None:
    """Minutes and seconds, on both sides of the colon in cell `at`."""
    put_int(cells, at, seconds // 60)
    cells[at + 1] = ZERO + seconds % 60 // 10
    cells[at + 2] = ZERO + seconds % 10


def draw_offer(key: int, cells: bytearray) -> None:
    """What START would give, from the number behind row 7."""
    if key >= OFFER:
        put_text(cells, 0, texts.OFFER)
        put_int(cells, 11, (key - OFFER) >> 10, 1)
        put_int(cells, 16, key & 1023, 1)
    else:
        put_text(cells, 0, texts.REST_OF_DAY)
        draw_minutes(key - DAY, 13, cells)


def draw_fault(row: "list[int]", cells: bytearray) -> None:
    """A fault's name and pad, from a row of the latch."""
    put_text(cells, 0, texts.FAULTS[row[0]])
    put_text(cells, CELLS - 1, texts.PADS[row[1]])
