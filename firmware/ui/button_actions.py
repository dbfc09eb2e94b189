"""Button actions: what a press asks for, and why it is refused.

Called by `firmware.waistband`, which does what is granted. Posts what START's press and hold
mean; reads whatever a refusal may depend on. A release of START asks for what the state names
(`states.INTENT`); a refusal has a reason that screen and report show, and a cue of its own.
"""

from firmware.core import states
from firmware.core.inputs import DOWN, UP
from firmware.core.limits import (
    BLIND_ON_MS,
    CEM43_DAY_Q10_MS,
    CEM43_SESSION_Q10_MS,
    CLOCK_MASK,
    CONTACT_WARN_MC,
    RESUME_BELOW_MC,
    SECOND_THOUGHT_MS,
    SESSION_DAY_MAX_MS,
    STOP_WINS_MS,
    WORN_MAX_MC,
)
from firmware.records import journal_events
from firmware.safety.wear import SIGNS
from firmware.ui import buttons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.records.journal import Journal
    from firmware.records.persistent_state import PersistentState
    from firmware.safety.guard import Guard
    from firmware.safety.wear import WearDetector
    from firmware.therapy.session import Session, Status
    from firmware.ui.buttons import Buttons

ENDED = (states.DONE, states.FAULT)


class ButtonActions:
    """What is asked for by button, and what keeps it from being granted."""

    def __init__(
        self, session: "Session", status: "Status", buttons: "Buttons", wear: "WearDetector",
        guard: "Guard", journal: "Journal", kept: "PersistentState",
    ) -> None:  # fmt: skip
        self.session = session
        self.status = status
        self.buttons = buttons
        self.wear = wear
        self.guard = guard
        self.journal = journal
        self.kept = kept
        self.wait_ms = 0  # a trial's two arms wait alike after a sign was lost
        self.pressed_in = -1  # the state in which START went down; -1: the press asks for nothing
        self.stop_ms = -1  # clock at the last press that could only mean stop; -1: none yet

    def take(self, done: int) -> int:
        """Post what START's press and hold mean (`done`: bits of `firmware.ui.buttons`);
        return the event that is asked for, -1 for none. A fault is acknowledged by UP or DOWN and
        then a hold, which no body that lies on START does; a short press is refused (~why). A
        hold that switches off soon after another closure may be such a body's, too."""
        session = self.session
        state = session.state
        if done & buttons.PRESSED:
            if not self.buttons.chatters(self.status.inputs.ms):
                session.idle_ms = 0
            self.pressed_in = -1 if self._means_stop(state) else state
            session.post(states.PRESS)
        # what was pressed in another state was meant for that one
        meant = state == self.pressed_in
        if done & buttons.HELD:
            if meant and state == states.FAULT and self.buttons.is_meant(self.status.inputs.ms):
                return states.ACK
            if self.buttons.closures > 1:
                self.doubt()
            session.post(states.HOLD)
        if not (done & buttons.RELEASED and meant):
            return -1
        if state == states.FAULT:
            means = self.buttons.is_meant(self.status.inputs.ms)
            return ~(self._why_no_ack() or (states.HOLD_START if means else states.NO_ANSWER))
        return states.INTENT.get(state, -1)

    def doubt(self, doubted: bool = True) -> None:
        """Whether START alone may be a body's; kept over a loss of power, as soon as it is dark."""
        self.session.doubted = doubted
        self.kept.day_open = True

    def refuse(self, intent: int, why: int) -> None:
        """Refuse what START asks for. A hold that cannot acknowledge switches off. Whoever is told
        why not presses again, which is no chatter; in FAULT a short press counts."""
        session = self.session
        if intent == states.ACK:
            session.post(states.HOLD)
            return
        session.refuse(why)
        if why != states.BUTTON_STUCK and session.state != states.FAULT:
            self.buttons.forgive()

    def _means_stop(self, state: int) -> bool:
        """Whether the press that has just come can only mean stop: in a session that is not
        paused, just after a pause or an end, or soon after another such press. A hand that
        trembles presses many times, and must not start light again by parity."""
        session = self.session
        ms = self.status.inputs.ms
        stop = (
            (state in states.IN_SESSION and state != states.PAUSED)
            or (state == states.PAUSED and session.state_ms < STOP_WINS_MS)
            or (
                (state in ENDED or (state == states.RATE and session.previous == states.DONE))
                and session.state_ms < SECOND_THOUGHT_MS
            )
            or (self.stop_ms >= 0 and (ms - self.stop_ms) & CLOCK_MASK < STOP_WINS_MS)
        )
        if stop:
            self.stop_ms = ms
        return stop

    def why_not(self, intent: int) -> int:
        """Why what is asked for is refused; NOTHING where it is not."""
        if intent == states.START or intent == states.RATED:  # noqa: PLR1714 (a tuple is made anew)
            return self.why_no_start()
        if intent == states.RESUME:
            return self._why_no_resume()
        if intent == states.TEST:
            return self._why_no_test()
        return self._why_no_ack() if intent == states.ACK else states.NOTHING

    def is_stuck(self) -> bool:
        """Whether any other button is down, now or for long, or START chatters."""
        inputs = self.status.inputs
        chatters = self.buttons.chatters(inputs.ms)
        return self.buttons.stuck or inputs.pins & (UP | DOWN) != 0 or chatters

    def why_no_start(self) -> int:
        """Why a session may not begin; the journal's end must have been found."""
        session = self.session
        if session.lock:
            return states.NEEDS_SERVICE
        if self.is_stuck():
            return states.BUTTON_STUCK
        if session.doubted and not self.buttons.is_meant(self.status.inputs.ms):
            return states.NO_ANSWER
        battery = self.status.battery
        if battery.ended or battery.sessions_left() < 1:
            return states.BATTERY
        course = session.course
        if course.sessions and session.done_in_all >= course.sessions:
            return states.COURSE_OVER
        full = self._is_day_full(0)
        if self.kept.kept_s and (full or session.part_ms or self._is_day_full(1)):
            why = self.why_no_date()
            if why == states.NEW_DATE or (full and why):
                return why
            full = self._is_day_full(0)
        if full:
            return states.DAY_LIMIT
        if not self.wait_ms and self.wear.warmest_mc() > WORN_MAX_MC:
            return states.TOO_WARM  # the worn test would not be passed; a trial's arms wait alike
        if self.wear.seen_off != SIGNS:
            return states.NEVER_OFF
        return self._why_expired(course.expires_s)

    def _why_expired(self, expires_s: int) -> int:
        """Why a prescription that expires is not good now."""
        if not expires_s:
            return states.NOTHING
        why = self.why_no_date()
        if why:
            return why
        now_s = self.journal.clock_s()
        return states.NOTHING if now_s is not None and now_s <= expires_s else states.EXPIRED

    def _is_day_full(self, more: int) -> bool:
        """Whether the last 24 hours have had their sessions, their light or their heat, or would
        have with so many more sessions, 0 or 1."""
        for pad in self.status.pads:
            if pad.cem43.day_q10_ms + more * CEM43_SESSION_Q10_MS >= CEM43_DAY_Q10_MS:
                return True
        session = self.session
        course = session.course
        return (
            session.day_treat_ms + more * course.max_ms >= SESSION_DAY_MAX_MS
            or 0 < course.a_day <= session.done
        )

    def why_no_date(self) -> int:
        """Why the time cannot be trusted; NOTHING where it can. A date that is doubted is shown,
        and the next START confirms it: time that was spent off has gone by then."""
        clock = self.status.clock
        if clock.now_s() is None:
            if not clock.doubted_s:
                return states.NO_CLOCK
            if self.session.refused != states.NEW_DATE:
                return states.NEW_DATE
            at_s = clock.doubted_s
            journal_events.clock(self.journal, at_s, at_s, "confirmed")
            clock.confirm()
        self.kept.count_time_off()
        return states.NOTHING

    def _why_no_resume(self) -> int:
        """Why a paused session may not go on."""
        if self.is_stuck():
            return states.BUTTON_STUCK
        wear = self.wear
        lost = wear.lost or self.session.by_unworn
        waits = lost and self.wait_ms and (
            self.session.state_ms < self.wait_ms or wear.on_ms < BLIND_ON_MS
        )  # fmt: skip
        if not waits and not wear.is_worn():
            return states.NOT_WORN
        if waits or wear.warmest_mc() > (RESUME_BELOW_MC if lost else CONTACT_WARN_MC):
            return states.TOO_WARM
        if lost and not wear.is_put_on():
            return states.NEVER_OFF if wear.opened_alone() else states.NOT_WORN
        return states.NOTHING

    def _why_no_test(self) -> int:
        """Why the lit self-test may not begin."""
        if self.is_stuck():
            return states.BUTTON_STUCK
        return states.NOTHING if self.wear.is_put_on() else states.NOT_WORN

    def _why_no_ack(self) -> int:
        """Why a fault cannot be acknowledged."""
        too_warm = self.wear.warmest_mc() >= CONTACT_WARN_MC
        if self.status.latch.active or self.guard.out or too_warm:
            return states.CAUSE_THERE
        return states.NOTHING
