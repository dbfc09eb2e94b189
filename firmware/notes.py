"""What the journal is told: one function a kind of record. All of it waits for the dark.

    boot      reset cause, the lock, the unit's serial: each time the unit is switched on or reset
    clock     a host set the clock, or it was found to be earlier than what was written last
    session   what is asked; before the first light, and wholly given until its end is there
    end       why it ended, what each bank gave, and what was withheld
    fault     a cause that was latched: name, pad, value and limit
    test      the lit self-test is over; as `end`
    ack       nothing is latched any more, and what the unit is locked by even so

In a unit with a ticket `end`, `test` and `fault` seal what could tell the arm, and there are the
kinds of `firmware.visits`.
"""

from firmware import faults, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband

CAUSES = ("power on", "watchdog", "other")  # as `hal.contract` numbers them
LOCKS = ("", "calibration", "prescription", "restarts", "board", "hard fault", "trial")
SESSION = (
    "session", "prescription", "number", "nm", "irradiance_uw_cm2", "fluence_uj_cm2", "max_ms",
    "set_point_mc", "carrier_hz", "period_ticks", "on_ticks", "day_treat_ms",
)  # fmt: skip
END = (
    "session", "reason", "session_ms", "treat_ms", "a_uj_cm2", "b_uj_cm2", "ramp_ms",
    "throttled_ms", "open_banks", "cem43_q10_ms", "highest_mc", "set_point_mc", "battery_pct",
)  # fmt: skip
FAULT = ("fault", "pad", "value", "limit", "ms")


def boot(unit: "Waistband") -> None:
    """Once: the unit was switched on, or reset. Not before it is ready, for that takes time."""
    if unit.journal.found:
        return
    unit.journal.find()
    if unit.trial:
        unit.trial.owed(unit)
    cause = unit.hal.reset_cause()
    values = (CAUSES[cause] if cause < len(CAUSES) else "", LOCKS[unit.lock], unit.serial)
    unit.journal.add("boot", ("cause", "lock", "serial"), values)
    now_s, then_s = unit.hal.wall_clock(), unit.journal.latest
    if now_s is not None and now_s < then_s:
        clock(unit, then_s, now_s, "went back")


def clock(unit: "Waistband", before_s: "int | None", after_s: int, how: str) -> None:
    """The wall clock is another one than it was."""
    unit.journal.add("clock", ("before", "after", "how"), (before_s, after_s, how))


def begin(unit: "Waistband") -> bool:
    """A session is about to begin; False where that cannot be written."""
    settle(unit)
    course, session = unit.course, unit.session
    values = (
        session.number + 1, course.name, course.number, course.nm, course.irradiance_uw_cm2,
        course.fluence_uj_cm2, course.max_ms, course.set_point_mc, course.carrier_hz,
        course.period_ticks, course.on_ticks, session.day_treat_ms,
    )  # fmt: skip
    return unit.journal.begin(SESSION, values, unit.up_s)


def end(unit: "Waistband") -> None:
    """A session is over, or the lit self-test."""
    if unit.trial:
        unit.trial.end(unit)
        return
    session = unit.session
    a, b = unit.pads
    reason = states.REASONS[session.reason] if session.reason >= 0 else ""
    values = (
        session.number, reason, session.session_ms, session.treat_ms,
        a.fluence.uj_cm2[:], b.fluence.uj_cm2[:], [a.ramp_ms, b.ramp_ms],
        [a.throttled_ms, b.throttled_ms], open_banks(unit),
        [a.cem43.session_q10_ms, b.cem43.session_q10_ms], [a.highest_mc, b.highest_mc],
        unit.set_point_mc, unit.battery.percent,
    )  # fmt: skip
    unit.journal.end(END, values)


def open_banks(unit: "Waistband") -> "list[int]":
    """Banks that the course asks for and the check found to give no light."""
    course = unit.course
    kinds = len(course.irradiance_uw_cm2)
    caps = unit.gate.caps
    return [k for k in range(len(caps)) if course.irradiance_uw_cm2[k % kinds] and not caps[k]]


def causes(unit: "Waistband") -> None:
    """The faults that were latched, or have a better name, since this was last asked."""
    latch = unit.faults
    noted = unit.noted
    for k in range(latch.count):
        row = latch.rows[k]
        if row != noted[k]:
            noted[k][:] = row
            if unit.trial:
                unit.trial.fault(unit, row)
                continue
            values = (faults.FAULTS[row[0]][0], faults.PADS[row[1]], row[3], row[4], row[2])
            unit.journal.add("fault", FAULT, values)


def settle(unit: "Waistband") -> None:
    """Whatever there is to tell; only in the dark, for it allocates."""
    boot(unit)
    causes(unit)
    if unit.noted_latched and not unit.faults.latched:
        unit.journal.add("ack", ("lock",), (LOCKS[unit.lock],))
    unit.noted_latched = unit.faults.latched
    if unit.ended:
        unit.ended = False
        end(unit)
