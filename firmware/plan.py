"""What the banks are to give: caps, shares and duties, from the course and from what the pads
feel. Called by `firmware.waistband` once a control step, and when a state is entered.
"""

from firmware import check, faults, kept, states
from firmware.limits import CHECK_DUTY, LOOK_TICKS, RAMP_MS
from firmware.pad import ONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.pad import Pad
    from firmware.waistband import Waistband


def plan(unit: "Waistband", step_ms: int) -> None:
    """What the banks should give until the next control step; only in a lit state."""
    session = unit.session
    gate = unit.gate
    gate.planned = True
    if session.state == states.CHECK:
        if unit.check.advance(gate, unit.faults, unit.pads, unit.inputs) == check.PASSED:
            session.post(states.CLEARED if unit.lock else states.PASSED)
        return
    ceiling = ONE
    if session.state == states.RAMP:
        # a quarter of ONE: 30 s of ramp times ONE would pass 2**30
        ceiling = session.state_ms * (ONE >> 2) // RAMP_MS << 2
    duties = unit.course.duties
    bank = 0
    for pad in unit.pads:
        # 14 bits of throttle: 65535 << 14 is still below 2**30
        throttle = _taper(unit, pad, pad.regulate(unit.set_point_mc, step_ms, ceiling) >> 2)
        for _ in pad.fluence.uj_cm2:
            gate.set(bank, duties[bank] * throttle >> 14)
            bank += 1


def _taper(unit: "Waistband", pad: "Pad", throttle: int) -> int:
    """The throttle (14 bits) with which the next control step, were each of its ticks as
    late as the lease allows, stays within the pad's dose."""
    short_uj_cm2 = pad.stop_uj_cm2 - pad.fluence.total_uj_cm2
    worst_uj_cm2 = unit.course.worst_uj_cm2
    if pad.done or short_uj_cm2 <= 0:
        return 0
    if short_uj_cm2 < worst_uj_cm2:
        # worst_uj_cm2 is below 27 500, << 14 still below 2**30
        return min(throttle, (short_uj_cm2 << 14) // worst_uj_cm2)
    return throttle


def enter(unit: "Waistband") -> None:
    """Prepare the state that the session went to."""
    session = unit.session
    state = session.state
    gate = unit.gate
    if session.previous in states.IN_SESSION and state not in states.IN_SESSION:
        unit.ended = True  # told to the journal in the dark: that allocates
    if state == states.WAIT_SKIN:
        _begin(unit)
    elif state == states.CHECK:
        if session.previous == states.SERVICE:
            unit.day_open = True  # what the self-test lights is of this day, too
            _begin(unit)
        _cap(unit, CHECK_DUTY)
        unit.check.begin(gate)
    elif state == states.RAMP:
        gate.lease = True  # the check's last step withheld it
        _cap(unit, 0)
        _share(unit)
        gate.modulate(unit.course.period_ticks, unit.course.on_ticks, LOOK_TICKS)
        unit.rail.learn()
        for pad in unit.pads:
            pad.plausible.begin(pad.contact_mc, pad.board_mc, pad.at_rest)
            pad.at_rest = False
    elif state == states.RATE:
        if unit.trial:
            unit.trial.begin()
    elif state == states.PAUSED:
        unit.unworn_steps = 0
        for pad in unit.pads:
            pad.fluence.mark()
    elif state == states.SELF_TEST:
        unit.settled_ms = 0
        if session.previous == states.CHECK:
            gate.shut(unit.inputs.ms)  # dark before anything is written
            unit.unlock()
    elif state == states.OFF:
        gate.shut(unit.inputs.ms)
        kept.tidy(unit)
        unit.hal.power_off()


def _cap(unit: "Waistband", least: int) -> None:
    """What may leave at most: a bank's prescribed duty, or `least`; none of an open bank."""
    caps = unit.gate.caps
    for bank in range(len(caps)):
        if caps[bank]:
            caps[bank] = max(unit.course.duties[bank], least)


def _share(unit: "Waistband") -> None:
    """Each pad's dose is that of the banks which were seen to light: what an open bank
    does not give is not made up by the others."""
    course = unit.course
    bank = 0
    for pad in unit.pads:
        live_uw_cm2 = 0
        for irradiance_uw_cm2 in course.irradiance_uw_cm2:
            if unit.gate.caps[bank]:
                live_uw_cm2 += irradiance_uw_cm2
            bank += 1
        pad.stop_uj_cm2 = course.fluence_uj_cm2
        if live_uw_cm2 < course.total_uw_cm2:
            permille = live_uw_cm2 * 1_000 // course.total_uw_cm2
            pad.stop_uj_cm2 = course.fluence_uj_cm2 // 1_000 * permille


def _begin(unit: "Waistband") -> None:
    """A new session, or the lit self-test: counters at zero, caps as prescribed."""
    course = unit.course
    gate = unit.gate
    unit.worn_ms = unit.unworn_steps = 0
    unit.rail.rechecks = 0
    unit.faults.forget(faults.LED_OPEN)  # the check looks again
    unit.set_point_mc = course.set_point_mc
    unit.hal.carrier(course.carrier_hz)
    for pad in unit.pads:
        pad.begin(course.fluence_uj_cm2)
    for bank in range(len(gate.caps)):
        gate.caps[bank] = course.duties[bank]
