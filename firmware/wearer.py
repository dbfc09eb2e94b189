"""The wearer: what a button asks for, and whether it is granted.

A release of START asks for what the state names (`states.INTENT`); a refusal has a
reason that screen and report show, and a cue of its own.
"""

from firmware import buttons, kept, notes, states
from firmware.inputs import DOWN, UP
from firmware.limits import (
    CEM43_DAY_Q10_MS,
    CLOCK_MASK,
    CONTACT_WARN_MC,
    RESUME_BELOW_MC,
    SECOND_THOUGHT_MS,
    SESSION_DAY_MAX_MS,
    SET_POINT_MIN_MC,
    SET_POINT_STEP_MC,
    WORN_MAX_MC,
)
from firmware.session import (
    BATTERY,
    BUTTON_STUCK,
    CAUSE_THERE,
    DAY_LIMIT,
    EXPIRED,
    NEEDS_SERVICE,
    NO_CLOCK,
    NOT_WORN,
    STORAGE,
    TOO_WARM,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband


ENDED = (states.DONE, states.FAULT)


def answer(unit: "Waistband", done: int) -> None:
    """Take what a person did with the buttons (bits of `firmware.buttons`)."""
    session = unit.session
    if done & buttons.PRESSED:
        unit.pressed_in = session.state
        by_itself = session.state in ENDED or (
            session.state == states.PAUSED and session.by_unworn
        ) or (session.state == states.RATE and session.previous == states.DONE)
        if by_itself and session.state_ms < SECOND_THOUGHT_MS:
            unit.pressed_in = -1  # it was meant for what has just ended
        session.post(states.PRESS)
    if done & buttons.HELD:
        session.post(states.HOLD)
    # what was pressed in another state was meant for that one
    if done & buttons.RELEASED and session.state == unit.pressed_in:
        _ask(unit, states.INTENT.get(session.state, -1))
    if done & (buttons.UP_PRESSED | buttons.DOWN_PRESSED):
        way = -1 if done & buttons.DOWN_PRESSED else 1
        if unit.trial:
            unit.trial.pressed(unit, way)
        elif session.state in states.LIT:
            _move_set_point(unit, way)


def _move_set_point(unit: "Waistband", way: int) -> None:
    set_point_mc = unit.set_point_mc + way * SET_POINT_STEP_MC
    set_point_mc = min(set_point_mc, unit.course.set_point_mc)
    unit.set_point_mc = max(set_point_mc, SET_POINT_MIN_MC)
    unit.hal.signal(states.CUE_SET_POINT)


def _ask(unit: "Waistband", intent: int) -> None:
    """A released START asks for something, if it is not negative: grant it, or say why not. In a
    trial it asks for what comes next at the visit."""
    why = 0
    trial = unit.trial
    if trial and intent == states.START:
        intent = trial.asked(unit)
    elif trial and intent == states.RATED:
        intent = trial.confirm(unit)
    if intent == states.START or intent == states.RATED:  # noqa: PLR1714 (a tuple is made anew)
        why = _no_session(unit)
    elif intent == states.RESUME:
        why = no_resume(unit)
    elif intent == states.TEST:
        why = no_test(unit)
    elif intent == states.ACK:
        why = _no_ack(unit)
    elif intent < 0:
        why = ~intent
    if why:
        unit.session.refuse(why)
        return
    if intent == states.ACK:
        unit.faults.acknowledge()
        unit.guard.clear()
        unit.collected = unit.guard.tripped
    if intent >= 0:
        unit.session.post(intent)


def _no_session(unit: "Waistband") -> int:
    """Why a session does not begin; 0 where it does, and that was written."""
    why = no_start(unit)
    if not why and not (kept.store_day(unit, True) and notes.begin(unit)):
        why = STORAGE
    return why


def _no_ack(unit: "Waistband") -> int:
    """Why a fault cannot be acknowledged; 0 if it can."""
    if unit.faults.active or unit.guard.out or unit.warmest_mc() >= CONTACT_WARN_MC:
        return CAUSE_THERE
    # nobody has seen to a hard fault that a reset would forget
    return 0 if kept.keep_fault(unit) else STORAGE


def stuck_button(unit: "Waistband") -> bool:
    """Whether any other button is down, now or for long."""
    return unit.buttons.stuck or unit.inputs.pins & (UP | DOWN) != 0


def no_start(unit: "Waistband") -> int:
    """Why a session may not begin; 0 if it may."""
    notes.boot(unit)  # the latest time that was written down
    if unit.lock:
        return NEEDS_SERVICE
    if stuck_button(unit):
        return BUTTON_STUCK
    if unit.battery.ended or unit.battery.sessions_left() < 1:
        return BATTERY
    if unit.session.day_treat_ms >= SESSION_DAY_MAX_MS:
        return DAY_LIMIT
    for pad in unit.pads:
        if pad.cem43.day_q10_ms >= CEM43_DAY_Q10_MS:
            return DAY_LIMIT
    return expired(unit)


def expired(unit: "Waistband") -> int:
    """Why a prescription that expires is not good now; 0 if it is. Time does not go back: the
    clock counts from the latest that was ever written down."""
    expires_s = unit.course.expires_s
    if not expires_s:
        return 0
    now_s = unit.hal.wall_clock()
    if now_s is None:
        return NO_CLOCK
    return EXPIRED if max(now_s, unit.journal.latest) > expires_s else 0


def no_test(unit: "Waistband") -> int:
    """Why the lit self-test may not begin; 0 if it may."""
    if stuck_button(unit):
        return BUTTON_STUCK
    return 0 if unit.worn(WORN_MAX_MC) else NOT_WORN


def no_resume(unit: "Waistband") -> int:
    """Why a paused session may not go on; 0 if it may."""
    if stuck_button(unit):
        return BUTTON_STUCK
    if not unit.worn(CLOCK_MASK):
        return NOT_WORN
    limit_mc = RESUME_BELOW_MC if unit.session.by_unworn else CONTACT_WARN_MC
    return TOO_WARM if unit.warmest_mc() > limit_mc else 0
