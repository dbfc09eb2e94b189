"""Power plan: caps, dose shares and duties, from the prescription's step and what the pads feel.

Called by `firmware.waistband` once a control step, and when light is about to begin. Sets what
the gate wants and its caps, the pads' throttle and where their dose ends, and the carrier. Goes
from step to step of a session, and keeps what is left of one that ended early.
"""

from firmware.core import states
from firmware.core.limits import CARRIER_HZ, CHECK_DUTY, LOOK_TICKS, RAMP_MS
from firmware.therapy.pad import ONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.safety.gate import Gate
    from firmware.therapy.course import Step
    from firmware.therapy.pad import Pad
    from firmware.therapy.session import Session
    from hal.contract import Hal


def begin(hal: "Hal", session: "Session", gate: "Gate", pads: "tuple[Pad, Pad]") -> None:
    """A new session, the rest of one that ended early, or the lit self-test: caps as prescribed."""
    course = session.course
    session.set_point_mc = course.set_point_mc
    anew = not session.part_ms
    if anew:
        session.step = session.in_step_ms = 0
    gate.carrier_hz = CARRIER_HZ
    gate.retune_ticks = 0
    hal.carrier(gate.carrier_hz)
    for pad in pads:
        pad.begin(course.whole_uj_cm2[pad.index] if anew else -1)
    for bank in range(len(gate.caps)):
        gate.live[bank] = True
        gate.caps[bank] = course.duties[bank]


def end(session: "Session", pads: "tuple[Pad, Pad]") -> None:
    """A session is over: it was whole, or its rest is what the next START gives."""
    reason = session.reason
    if reason == states.DOSE or reason == states.TIME or reason == states.CEM43:  # noqa: PLR1714
        session.part_ms = 0
        session.done += 1
        session.done_in_all += 1
    else:
        session.part_ms += session.treat_ms
    for pad in pads:
        pad.whole_uj_cm2 -= pad.fluence.total_uj_cm2
        pad.from_uj_cm2 -= pad.fluence.total_uj_cm2


def begin_check(session: "Session", gate: "Gate") -> None:
    """What may leave in a lamp test: of each bank that any step uses, its most, or CHECK_DUTY;
    none of one that was found open. A reading holds too few slow pulses to tell a driver by: the
    test is at the carrier of steady light."""
    gate.retune(CARRIER_HZ)
    duties = session.course.duties
    for bank in range(len(duties)):
        gate.caps[bank] = max(duties[bank], CHECK_DUTY) if duties[bank] and gate.live[bank] else 0


def end_check(gate: "Gate") -> None:
    """The lamp test is over: banks without a cap were found open, or no step uses them."""
    for bank in range(len(gate.caps)):
        gate.live[bank] = gate.caps[bank] > 0


def enter_step(session: "Session", gate: "Gate", pads: "tuple[Pad, Pad]", checked: bool) -> None:
    """Light as the step asks, towards each pad's share of its dose; `checked`: a lamp test went
    before. A pad's sensor checks begin with its first light."""
    step = session.course.steps[session.step]
    gate.lease = True  # the check's last step withheld it
    for bank in range(len(gate.caps)):
        gate.caps[bank] = step.duties[bank] if gate.live[bank] else 0
    _share(step, gate.caps, pads)
    gate.retune(step.carrier_hz)
    gate.modulate(step.period_ticks, step.on_ticks, LOOK_TICKS)
    for pad in pads:
        lights = not pad.done
        if checked or (lights and pad.at_rest):
            pad.checks.begin(pad.contact_mc, pad.board_mc, lights and pad.at_rest)
        if lights:
            pad.at_rest = False


def _share(step: "Step", caps: "list[int]", pads: "tuple[Pad, Pad]") -> None:
    """Each pad's dose is that of the banks which were seen to light: what an open bank
    does not give is not made up by the others."""
    bank = 0
    for pad in pads:
        live_uw_cm2 = 0
        for irradiance_uw_cm2 in step.irradiance_uw_cm2:
            if caps[bank]:
                live_uw_cm2 += irradiance_uw_cm2
            bank += 1
        dose_uj_cm2 = step.of_pad(pad.index, step.fluence_uj_cm2)
        if live_uw_cm2 < step.total_uw_cm2:
            permille = live_uw_cm2 * 1_000 // step.total_uw_cm2
            dose_uj_cm2 = dose_uj_cm2 // 1_000 * permille
        pad.stop_uj_cm2 = min(pad.from_uj_cm2 + dose_uj_cm2, pad.whole_uj_cm2)
        pad.done = pad.stop_uj_cm2 <= pad.fluence.total_uj_cm2


def watch(session: "Session", gate: "Gate", pads: "tuple[Pad, Pad]", by_dose: bool) -> bool:
    """While lit: end the step at its dose (in a trial, not `by_dose`, at minutes alone), and the
    session with its last. True where the next step is entered; one that asks for more light of a
    pad begins with a ramp, from TREAT by an event."""
    steps = session.course.steps
    step = steps[session.step]
    over = by_dose
    for pad in pads:
        if pad.fluence.total_uj_cm2 + step.least_uj_cm2 >= pad.stop_uj_cm2:
            pad.done = True
        over = over and pad.done
    if step.ms:
        over = session.in_step_ms >= step.ms
    if not over:
        return False
    last = session.step + 1 == len(steps)
    if last:
        session.post(states.TIME if step.ms else states.DOSE)
    if last or session.state == states.CHECK:
        return False
    session.step += 1
    session.in_step_ms = 0
    then = steps[session.step]
    rises = False
    for pad in pads:
        index = pad.index
        pad.from_uj_cm2 = pad.fluence.total_uj_cm2
        if then.of_pad(index, then.total_uw_cm2) > step.of_pad(index, step.total_uw_cm2):
            rises = True
    if rises and session.state == states.TREAT:
        session.post(states.STEP)
        return False
    if rises:
        session.state_ms = 0  # the ramp begins again
    enter_step(session, gate, pads, False)
    return True


def regulate(session: "Session", gate: "Gate", pads: "tuple[Pad, Pad]", step_ms: int) -> None:
    """What the banks should give until the next control step; only in RAMP and TREAT."""
    ceiling = ONE
    if session.state == states.RAMP:
        # a quarter of ONE: 30 s of ramp times ONE would pass 2**30
        ceiling = session.state_ms * (ONE >> 2) // RAMP_MS << 2
    step = session.course.steps[session.step]
    looks = gate.take_look()
    bank = 0
    for pad in pads:
        # 14 bits of throttle: 65535 << 14 is still below 2**30
        throttle = pad.regulate(session.set_point_mc, step_ms, ceiling) >> 2
        throttle = _taper(pad, throttle, step.worst_uj_cm2)
        if looks:
            throttle = throttle * gate.on_ticks // gate.period_ticks
        for _ in pad.fluence.uj_cm2:
            gate.set(bank, step.duties[bank] * throttle >> 14)
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
