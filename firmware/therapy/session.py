"""The session: runs the state table, and keeps what it runs by: times, course, set point, lock.

Events are posted as bits and handled once a tick, the lowest first. A session
ends with the reason of the event that took the machine out of it.
"""

from firmware.core import states
from firmware.core.limits import (
    CALL_LATER_MS,
    CALL_MS,
    CALLS_MS,
    CEM43_DAY_Q10_MS,
    CEM43_SESSION_Q10_MS,
    DAY_MS,
    EMPTY_OFF_MS,
    HOUR_MS,
    IDLE_OFF_MS,
    PAUSE_MAX_MS,
    SESSION_DAY_MAX_MS,
    SET_POINT_MIN_MC,
    SET_POINT_STEP_MC,
    SKIN_WAIT_MS,
    UNWORN_RESUMES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.clock import Clock
    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs
    from firmware.therapy.battery import Battery
    from firmware.therapy.course import Course
    from firmware.therapy.pad import Pad
    from hal.contract import Hal


class Session:
    """State, reason and times; times are sums of control steps, in ms."""

    def __init__(self, hal: "Hal", lock: int = states.NOT_LOCKED) -> None:
        self.hal = hal
        self.lock = lock  # why no session may begin
        self.locked = ""  # the same in words, where a file was refused or a hard fault is kept
        self.course: Course  # prescribed; there is none where a file was refused
        self.set_point_mc = SET_POINT_MIN_MC
        self.table = states.build()
        self.state = states.SELF_TEST
        self.previous = states.SELF_TEST
        self.events = 0
        self.reason = -1  # the event that ended the last session
        self.refused = states.NOTHING
        self.doubted = False  # START alone begins nothing: a body may lie on it
        self.state_ms = 0
        self.idle_ms = 0  # since a press, a host's command, or the last change of state
        self.session_ms = 0
        self.treat_ms = 0
        self.day_ms = 0  # of the present hour of the day
        self.day_treat_ms = 0
        self.unworn_count = 0
        self.step = 0  # of the prescription; where no session runs, the one that is next
        self.in_step_ms = 0  # of light in it
        self.part_ms = 0  # of light, of a session that ended early: START gives its rest
        self.done = self.done_in_all = 0  # whole sessions of this prescription: in this day; ever
        self.tells = True  # by its cue, whether a session was whole; not in a trial
        self.by_unworn = False  # the pause is for having come off the skin
        self.number = 0  # sessions begun since power-on
        self.up_s = 0  # since power-on or reset

    def post(self, event: int) -> None:
        """Have an event handled at the end of this tick."""
        self.events |= 1 << event

    def run(self) -> bool:
        """Handle what was posted; True if the state changed."""
        events = self.events
        self.events = 0
        before = self.state
        event = 0
        while events:
            if events & 1:
                to = self.table[self.state * states.COLUMNS + event]
                if to >= 0:
                    self._enter(to, event)
            events >>= 1
            event += 1
        return self.state != before

    def _enter(self, to: int, event: int) -> None:
        from_state = self.state
        self.previous = from_state
        self.state = to
        self.state_ms = self.idle_ms = 0
        self.refused = states.NOTHING
        if event == states.START or event == states.RATED:  # noqa: PLR1714 (a tuple is made anew)
            self.number += 1
            self.reason = -1
            self.session_ms = self.treat_ms = self.unworn_count = 0
        elif event == states.TEST:
            self.session_ms = self.treat_ms = self.unworn_count = 0
        elif event == states.UNWORN:
            self.unworn_count += 1
        if to == states.PAUSED:
            self.by_unworn = event == states.UNWORN
        cue = states.CUE_RATE if to == states.RATE else to
        if from_state in states.IN_SESSION and to not in states.IN_SESSION:
            self.reason = event
            if to == states.DONE and self.tells and not states.CEM43 <= event <= states.TIME:
                cue = states.CUE_DONE_EARLY
        self.hal.signal(cue)

    def lock_for_service(self) -> None:
        """A hard fault is kept: no therapy until a lit self-test was passed in SERVICE."""
        self.lock_by(states.HARD_FAULT, "a hard fault is kept; a lit self-test lifts it")

    def lock_by(self, lock: int, why: str) -> None:
        """No therapy, for this reason; the first one stays."""
        self.lock = self.lock or lock
        self.locked = self.locked or why

    def unlock(self) -> None:
        """The lit self-test was passed, and no hard fault is kept any more."""
        self.lock = states.NOT_LOCKED
        self.locked = ""

    def move_set_point(self, way: int) -> None:
        """One step up (1) or down (-1), never above what was prescribed."""
        set_point_mc = self.set_point_mc + way * SET_POINT_STEP_MC
        set_point_mc = min(set_point_mc, self.course.set_point_mc)
        self.set_point_mc = max(set_point_mc, SET_POINT_MIN_MC)
        self.hal.signal(states.CUE_SET_POINT)

    def refuse(self, why: int) -> None:
        """A person asked for what cannot be: say so, and stay."""
        self.refused = why
        self.hal.signal(states.CUE_REFUSED_BELT - 0x31 + states.REFUSAL_PULSES[why])

    def pass_time(self, step_ms: int) -> bool:
        """A control step went by; True if an hour was over with it."""
        state = self.state
        if self.state_ms < DAY_MS:
            self.state_ms += step_ms
            self.idle_ms += step_ms
            call_ms = CALL_MS if self.state_ms < CALLS_MS else CALL_LATER_MS
            if state == states.FAULT and self.state_ms % call_ms < step_ms:
                self.hal.signal(states.FAULT)
        if state in states.IN_SESSION:
            self.session_ms += step_ms
        if state in states.LIT:
            self.treat_ms += step_ms
            self.in_step_ms += step_ms
            self.day_treat_ms += step_ms
        self.day_ms += step_ms
        if self.day_ms < HOUR_MS:
            return False
        self.day_ms -= HOUR_MS
        return True

    def wait_skin(self, put_on: bool, opened_alone: bool) -> None:
        """Post that the belt is worn, or say what keeps a worn one from being believed."""
        if put_on:
            self.post(states.WORN)
        elif opened_alone and not self.refused:
            self.refuse(states.NEVER_OFF)

    def watch_clock(self) -> None:
        """Post what time alone decides."""
        state = self.state
        if state == states.WAIT_SKIN:
            if self.state_ms >= SKIN_WAIT_MS:
                self.post(states.TIMEOUT)
        elif state == states.PAUSED:
            if self.state_ms >= PAUSE_MAX_MS:
                self.post(states.TIMEOUT)
        elif self.treat_ms + self.part_ms >= self.course.max_ms:
            self.post(states.TIME)
        elif self.day_treat_ms >= SESSION_DAY_MAX_MS:
            self.post(states.DAY)

    def watch_rest(self, charger: bool, empty: bool) -> None:
        """Out of a session: post what ends a wait, and IDLE where nobody needs the unit any more.
        `charger`: it is plugged in; `empty`: the battery ended."""
        if self.state == states.CHARGING:
            if not charger:
                self.post(states.CHARGER_OUT)
        elif self.state == states.SERVICE:
            if self.state_ms >= SKIN_WAIT_MS:
                self.post(states.TIMEOUT)
        elif self.idle_ms >= (EMPTY_OFF_MS if empty else IDLE_OFF_MS):
            self.post(states.IDLE)

    def watch_heat(self, session_q10_ms: int, day_q10_ms: int) -> None:
        """Post what the pads' thermal dose, the larger one, decides."""
        if session_q10_ms >= CEM43_SESSION_Q10_MS or day_q10_ms >= CEM43_DAY_Q10_MS:
            self.post(states.CEM43)

    def unworn(self) -> None:
        """A sign of wear was lost: while lit that ends light, in a pause it is what it is for."""
        self.by_unworn = True
        if self.state not in states.LIT:
            return
        over = self.unworn_count >= UNWORN_RESUMES
        self.post(states.UNWORN_END if over else states.UNWORN)


class Status:
    """What screen, telemetry, journal and refusals read of a unit; nothing is changed by it."""

    def __init__(
        self, inputs: "Inputs", session: Session, latch: "Faults", pads: "tuple[Pad, Pad]",
        battery: "Battery", clock: "Clock",
    ) -> None:  # fmt: skip
        self.inputs = inputs
        self.session = session
        self.latch = latch
        self.pads = pads
        self.battery = battery
        self.clock = clock
