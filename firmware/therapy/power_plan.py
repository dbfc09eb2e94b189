"""Power plan: caps, dose shares and duties, from the course and from what the pads feel.

Called by `firmware.waistband` once a control step, and when light is about to begin. Sets what
the gate wants and its caps, the pads' throttle and where their dose ends, and the carrier.
"""

from firmware.core import states
from firmware.core.limits import LOOK_TICKS, RAMP_MS
from firmware.therapy.pad import ONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.safety.gate import Gate
    from firmware.therapy.pad import Pad
    from firmware.therapy.prescription import Course
    from firmware.therapy.session import Session
    from hal.contract import Hal


def begin(hal: "Hal", session: "Session", gate: "Gate", pads: "tuple[Pad, Pad]") -> None:
    """A new session, or the lit self-test: counters at zero, caps as prescribed."""
    course = session.course
    session.set_point_mc = course.set_point_mc
    hal.carrier(course.carrier_hz)
    for pad in pads:
        pad.begin(course.fluence_uj_cm2)
    for bank in range(len(gate.caps)):
        gate.caps[bank] = course.duties[bank]


def cap(gate: "Gate", duties: "list[int]", least: int) -> None:
    """What may leave at most: a bank's prescribed duty, or `least`; none of an open bank."""
    caps = gate.caps
    for bank in range(len(caps)):
        if caps[bank]:
            caps[bank] = max(duties[bank], least)


def ramp(course: "Course", gate: "Gate", pads: "tuple[Pad, Pad]") -> None:
    """Power is about to rise, by the course's gate, towards each pad's share of its dose."""
    gate.lease = True  # the check's last step withheld it
    cap(gate, course.duties, 0)
    _share(course, gate.caps, pads)
    gate.modulate(course.period_ticks, course.on_ticks, LOOK_TICKS)
    for pad in pads:
        pad.checks.begin(pad.contact_mc, pad.board_mc, pad.at_rest)
        pad.at_rest = False


def _share(course: "Course", caps: "list[int]", pads: "tuple[Pad, Pad]") -> None:
    """Each pad's dose is that of the banks which were seen to light: what an open bank
    does not give is not made up by the others."""
    bank = 0
    for pad in pads:
        live_uw_cm2 = 0
        for irradiance_uw_cm2 in course.irradiance_uw_cm2:
            if caps[bank]:
                live_uw_cm2 += irradiance_uw_cm2
            bank += 1
        pad.stop_uj_cm2 = course.fluence_uj_cm2
        if live_uw_cm2 < course.total_uw_cm2:
            permille = live_uw_cm2 * 1_000 // course.total_uw_cm2
            pad.stop_uj_cm2 = course.fluence_uj_cm2 // 1_000 * permille


def regulate(session: "Session", gate: "Gate", pads: "tuple[Pad, Pad]", step_ms: int) -> None:
    """What the banks should give until the next control step; only in RAMP and TREAT."""
    ceiling = ONE
    if session.state == states.RAMP:
        # a quarter of ONE: 30 s of ramp times ONE would pass 2**30
        ceiling = session.state_ms * (ONE >> 2) // RAMP_MS << 2
    course = session.course
    bank = 0
    for pad in pads:
        # 14 bits of throttle: 65535 << 14 is still below 2**30
        throttle = pad.regulate(session.set_point_mc, step_ms, ceiling) >> 2
        throttle = _taper(pad, throttle, course.worst_uj_cm2)
        for _ in pad.fluence.uj_cm2:
            gate.set(bank, course.duties[bank] * throttle >> 14)
            bank += 1


def _taper(pad: "Pad", throttle: int, worst_uj_cm2: int) -> int:
    """The throttle (14 bits) with which the next control step, were each of its ticks as
    late as the lease allows, stays within the pad's dose."""
    short_uj_cm2 = pad.stop_uj_cm2 - pad.fluence.total_uj_cm2
    if pad.done or short_uj_cm2 <= 0:
        return 0
    if short_uj_cm2 < worst_uj_cm2:
        # worst_uj_cm2 is below 32 000, << 14 still below 2**30
        return min(throttle, (short_uj_cm2 << 14) // worst_uj_cm2)
    return throttle
