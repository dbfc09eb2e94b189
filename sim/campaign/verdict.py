"""Verdict on an injection: the bounds that its measurements break.

Called by `sim.campaign.fault_matrix`; changes nothing. `CHECKS` has a function a bound, which
returns what was measured and what is allowed where the bound is broken, and None where it holds or
does not apply.
"""

from collections.abc import Callable
from typing import NamedTuple

from sim.campaign.injection import Case, Measured
from sim.campaign.injection_points import Moment
from sim.campaign.measurements import FOREVER_MS
from sim.faults import deadlines
from sim.faults.catalogue import FAULTS, HANGS, RAISES
from sim.oracle.rules import CEM43_MIN

NO_THERAPY = ("LOCKED", "SERVICE")  # a sound unit gives no light here but the lamp test's
SAME_DOSE = 0.01  # ours: J/cm2 of a dose given: the count's own error is 0.5 %
FULL_W_CM2 = 0.01  # a bank at full duty


class Broken(NamedTuple):
    """A bound that does not hold."""

    bound: str  # a key of CHECKS
    measured: str
    allowed: str
    worth: float  # the larger, the worse


Finding = tuple[str, str, float] | None  # measured, allowed, worth
Check = Callable[[Measured, Case, Moment], Finding]


def compare_ms(ms: float | None, within_ms: int | None, words: str = "{}") -> Finding:
    """Compare a time with its bound; None where either is missing."""
    if ms is None or within_ms is None or ms <= within_ms:
        return None
    return words.format(f"{ms:.0f} ms"), f"{within_ms} ms", ms / max(within_ms, 1)


def check_off(m: Measured, case: Case, moment: Moment) -> Finding:
    """Dark in time, and dark from then on."""
    return compare_ms(m.latency_ms, m.within_ms) if case.row.comes == deadlines.OFF else None


def check_energy(m: Measured, case: Case, moment: Moment) -> Finding:
    """No more light after the onset than all banks give within the bound, and none after it."""
    if case.row.comes != deadlines.OFF or m.energy_bound_j is None:
        return None
    if m.after_due_j > 0.0:
        return f"{m.after_due_j:.4f} J late", "0 J", 1.0 + m.after_due_j
    if m.energy_j > m.energy_bound_j:
        return f"{m.energy_j:.4f} J", f"{m.energy_bound_j:.4f} J", 0.0
    return None


def check_contact(m: Measured, case: Case, moment: Moment) -> Finding:
    """Hottest skin or contact of any column; what only heat from outside did aside."""
    worst_c = m.peak_c if m.own_c is None else m.own_c
    if worst_c <= m.limit_c:
        return None
    return f"{worst_c:.2f} C", f"{m.limit_c:.1f} C", worst_c


def is_outside_alone(m: Measured) -> bool:
    """Whether the pad was hotter than its bound, by heat from outside alone."""
    return m.own_c is not None and m.own_c <= m.limit_c < m.peak_c


def check_contact_at_cut(m: Measured, case: Case, moment: Moment) -> Finding:
    """True contact when light ended: half a degree over the trip at most."""
    if case.row.since != deadlines.SENSED or m.onset_ms is None or m.cut_c <= m.limit_c:
        return None
    return f"{m.cut_c:.2f} C", f"{m.limit_c:.1f} C", m.cut_c


def check_thermal_dose(m: Measured, case: Case, moment: Moment) -> Finding:
    """CEM43 of the hottest column of skin, while there was light; heat from outside aside."""
    if case.row.outside or m.cem43_min <= CEM43_MIN:
        return None
    return f"{m.cem43_min:.2f} min", f"{CEM43_MIN:g} min", m.cem43_min


def check_state(m: Measured, case: Case, moment: Moment) -> Finding:
    """The state in which a session that was lit ends."""
    row = case.row
    unseen = row.since == deadlines.CURRENT and m.onset_ms is None
    if not moment.lit or row.once or unseen or m.state in row.ends:
        return None
    return m.state, " or ".join(row.ends), 0.0


def check_bank(m: Measured, case: Case, moment: Moment) -> Finding:
    """A bank that gives no light is no longer driven."""
    if case.row.comes != deadlines.BANK:
        return None
    return compare_ms(m.latency_ms, m.within_ms, "driven for {}")


def check_name(m: Measured, case: Case, moment: Moment) -> Finding:
    """A latched fault has one of its allowed names."""
    may = FAULTS[case.row.fault].shows_as
    if case.row.once and moment.state == "SERVICE":
        return None  # the stored fault is shown again after the reset
    if case.row.comes == deadlines.GOES_ON:
        return (m.named[0], "no fault", 0.0) if m.named else None
    if m.named and m.named[0] not in may:
        return m.named[0], " or ".join(may), 0.0
    return None


def check_own_name(m: Measured, case: Case, moment: Moment) -> Finding:
    """A fault that must be told from others has its own name in time."""
    fault = case.row.fault
    within_ms = FAULTS[fault].named_ms
    if within_ms is None or m.onset_ms is None or not moment.lit:
        return None
    within_ms += (m.within_ms or 0) - (case.row.within_ms or 0)  # gated light has longer
    if m.own_name_ms is None:
        return m.named[0] if m.named else "no name", f"{fault} within {within_ms} ms", FOREVER_MS
    return compare_ms(m.own_name_ms, within_ms, "named after {}")


def check_stop(m: Measured, case: Case, moment: Moment) -> Finding:
    """A press of START ends light."""
    return compare_ms(m.stop_ms, deadlines.STOP_MS, "{} after START")


def check_start(m: Measured, case: Case, moment: Moment) -> Finding:
    """A START that meets the fault is refused, or gets no further than the lamp test."""
    return ("therapy", "refused", 0.0) if case.row.comes == deadlines.AT_START and m.again else None


def check_goes_on(m: Measured, case: Case, moment: Moment) -> Finding:
    """A harmless fault stops nothing, and prevents no session."""
    harmless = case.row.comes in (deadlines.GOES_ON, deadlines.BANK)
    if not harmless or m.went_on or m.completed or moment.state in NO_THERAPY:
        return None
    return m.state, "light", 0.0


def check_dose(m: Measured, case: Case, moment: Moment) -> Finding:
    """A dark bank's dose is not counted; a clock that jumps changes none."""
    if case.row.comes == deadlines.BANK and moment.lit and m.onset_ms is not None:
        most = FULL_W_CM2 * (m.within_ms or 0) / 1000
    elif case.row.fault == "clock_jump" and moment.lit:
        most = SAME_DOSE
    else:
        return None
    if m.miscount_j_cm2 <= most:
        return None
    return f"{m.miscount_j_cm2:.4f} J/cm2 off", f"{most:.4f} J/cm2", m.miscount_j_cm2


def check_reset(m: Measured, case: Case, moment: Moment) -> Finding:
    """The watchdog resets a program that has ended."""
    if FAULTS[case.row.fault].ends_program not in (RAISES, HANGS) or not moment.lit:
        return None
    after_ms = FOREVER_MS if m.reset_ms is None else m.reset_ms
    return compare_ms(after_ms, deadlines.RESET_MS, "after {}")


CHECKS: dict[str, Check] = {
    "off": check_off,
    "energy": check_energy,
    "contact": check_contact,
    "contact at the cut": check_contact_at_cut,
    "thermal dose": check_thermal_dose,
    "state": check_state,
    "bank": check_bank,
    "name": check_name,
    "own name": check_own_name,
    "stop": check_stop,
    "start": check_start,
    "goes on": check_goes_on,
    "dose": check_dose,
    "reset": check_reset,
}


def list_broken(measured: Measured, case: Case, moment: Moment) -> tuple[Broken, ...]:
    """Return every bound that an injection broke."""
    found = [(name, check(measured, case, moment)) for name, check in CHECKS.items()]
    return tuple(Broken(name, *finding) for name, finding in found if finding)
