"""What was measured of a strike, held to its bounds: which of them it broke.

A function a bound, in `CHECKS`: each says what was measured and what was allowed where the
bound is broken, and nothing where it holds or says nothing about this strike.
"""

from collections.abc import Callable
from typing import NamedTuple

from sim.campaign.injection import Case, Measured
from sim.campaign.injection_points import Moment
from sim.campaign.measurements import FOREVER_MS
from sim.faults.catalogue import FAULTS, HANGS, RAISES
from sim.faults.deadlines import (
    AT_START,
    BANK,
    CURRENT,
    GOES_ON,
    OFF,
    RESET_MS,
    SENSED,
    SINGLE_C,
    STOP_MS,
)

NO_THERAPY = ("LOCKED", "SERVICE")  # where a sound unit gives no more light than a check's
SAME_DOSE = 0.01  # ours: J/cm2, of what was given: the count's own error is 0.5 %
FULL_W_CM2 = 0.01  # a bank at full duty


class Broken(NamedTuple):
    """A bound that does not hold."""

    bound: str  # a key of CHECKS
    measured: str
    allowed: str
    worth: float  # of two, the larger is the worse


Said = tuple[str, str, float] | None  # measured, allowed, worth
Check = Callable[[Measured, Case, Moment], Said]


def off(m: Measured, case: Case, moment: Moment) -> Said:
    """Dark in time, and dark from then on."""
    within_ms = m.within_ms
    if case.row.comes != OFF or within_ms is None or m.latency_ms is None:
        return None
    if m.latency_ms <= within_ms:
        return None
    worth = m.latency_ms / max(within_ms, 1)
    return f"{m.latency_ms:.0f} ms", f"{within_ms} ms", worth


def energy(m: Measured, case: Case, moment: Moment) -> Said:
    """No more light after the onset than all banks give within the bound, and none after it."""
    if case.row.comes != OFF or m.energy_bound_j is None:
        return None
    if m.after_due_j > 0.0:
        return f"{m.after_due_j:.4f} J late", "0 J", 1.0 + m.after_due_j
    if m.energy_j > m.energy_bound_j:
        return f"{m.energy_j:.4f} J", f"{m.energy_bound_j:.4f} J", 0.0
    return None


def contact(m: Measured, case: Case, moment: Moment) -> Said:
    """True contact, unless it was heat from outside alone that carried it on after the cut."""
    if m.peak_c <= SINGLE_C or outside_alone(m):
        return None
    return f"{m.peak_c:.2f} C", f"{SINGLE_C:.1f} C", m.peak_c


def outside_alone(m: Measured) -> bool:
    """Contact went beyond its bound, and would not have without heat from outside."""
    return m.peak_c > SINGLE_C and m.own_c is not None and m.own_c <= SINGLE_C


def contact_at_cut(m: Measured, case: Case, moment: Moment) -> Said:
    """True contact when light ended: half a degree over the trip at most."""
    if case.row.since != SENSED or m.onset_ms is None or m.cut_c <= SINGLE_C:
        return None
    return f"{m.cut_c:.2f} C", f"{SINGLE_C:.1f} C", m.cut_c


def ends(m: Measured, case: Case, moment: Moment) -> Said:
    """The state in which a session that was lit is found."""
    row = case.row
    unseen = row.since == CURRENT and m.onset_ms is None
    if not moment.lit or row.once or unseen or m.state in row.ends:
        return None
    return m.state, " or ".join(row.ends), 0.0


def bank(m: Measured, case: Case, moment: Moment) -> Said:
    """A bank that gives no light is driven no more."""
    within_ms = m.within_ms
    if case.row.comes != BANK or within_ms is None or m.latency_ms is None:
        return None
    if m.latency_ms <= within_ms:
        return None
    return f"driven for {m.latency_ms:.0f} ms", f"{within_ms} ms", m.latency_ms / within_ms


def named(m: Measured, case: Case, moment: Moment) -> Said:
    """A fault that is latched is called by a name that it may have."""
    fault = case.row.fault
    may = FAULTS[fault].shows_as
    if case.row.once and moment.state == "SERVICE":
        return None  # what was kept is shown again after the reset
    if case.row.comes == GOES_ON:
        return (m.named[0], "no fault", 0.0) if m.named else None
    if m.named and m.named[0] not in may:
        return m.named[0], " or ".join(may), 0.0
    return None


def own_name(m: Measured, case: Case, moment: Moment) -> Said:
    """Faults that must be told from others have their own name in time."""
    fault = case.row.fault
    within_ms = FAULTS[fault].named_ms
    if within_ms is None or m.onset_ms is None or not moment.lit:
        return None
    within_ms += (m.within_ms or 0) - (case.row.within_ms or 0)  # gated light has longer
    if m.own_name_ms is None:
        return m.named[0] if m.named else "no name", f"{fault} within {within_ms} ms", FOREVER_MS
    if m.own_name_ms <= within_ms:
        return None
    return f"named after {m.own_name_ms:.0f} ms", f"{within_ms} ms", m.own_name_ms / within_ms


def stop(m: Measured, case: Case, moment: Moment) -> Said:
    """A press of START ends light."""
    if m.stop_ms is None or m.stop_ms <= STOP_MS:
        return None
    return f"{m.stop_ms:.0f} ms after START", f"{STOP_MS} ms", m.stop_ms


def start(m: Measured, case: Case, moment: Moment) -> Said:
    """A START that meets the fault is refused, or gets no further than the check."""
    return ("therapy", "refused", 0.0) if case.row.comes == AT_START and m.again else None


def goes_on(m: Measured, case: Case, moment: Moment) -> Said:
    """What is harmless stops nothing, and keeps no session from beginning."""
    harmless = case.row.comes in (GOES_ON, BANK)
    if not harmless or m.went_on or moment.state in NO_THERAPY:
        return None
    return m.state, "light", 0.0


def dose(m: Measured, case: Case, moment: Moment) -> Said:
    """A dark bank's dose is not counted; a clock that jumps changes none."""
    if case.row.comes == BANK and moment.lit and m.onset_ms is not None:
        most = FULL_W_CM2 * (m.within_ms or 0) / 1000
    elif case.row.fault == "clock_jump" and moment.lit:
        most = SAME_DOSE
    else:
        return None
    if m.miscount_j_cm2 <= most:
        return None
    return f"{m.miscount_j_cm2:.4f} J/cm2 off", f"{most:.4f} J/cm2", m.miscount_j_cm2


def reset(m: Measured, case: Case, moment: Moment) -> Said:
    """The watchdog answers for a firmware that does not."""
    if FAULTS[case.row.fault].ends_program not in (RAISES, HANGS) or not moment.lit:
        return None
    if m.reset_ms is not None and m.reset_ms <= RESET_MS:
        return None
    after_ms = FOREVER_MS if m.reset_ms is None else m.reset_ms
    return f"after {after_ms:.0f} ms", f"{RESET_MS} ms", after_ms


CHECKS: dict[str, Check] = {
    "off": off,
    "energy": energy,
    "contact": contact,
    "contact at the cut": contact_at_cut,
    "state": ends,
    "bank": bank,
    "name": named,
    "own name": own_name,
    "stop": stop,
    "start": start,
    "goes on": goes_on,
    "dose": dose,
    "reset": reset,
}


def verdict(measured: Measured, case: Case, moment: Moment) -> tuple[Broken, ...]:
    """Every bound that a strike broke."""
    found = [(name, check(measured, case, moment)) for name, check in CHECKS.items()]
    return tuple(Broken(name, *said) for name, said in found if said)
