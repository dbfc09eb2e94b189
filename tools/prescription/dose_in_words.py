"""A prescription in words: dose, light in time, and warnings, without any simulation.

Called by `waistband prescribe explain` and by the bench page. Runs on MicroPython too.
"""

from firmware.core import limits
from firmware.therapy.prescription import Course, Refused
from sim.common.errors import BadInput
from tools.common import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hal.contract import Board

TRIAL_J_CM2 = 83.2  # of NCT01920971, 890 nm
TWO_A_DAY = 2


def compile_course(asked: object, board: "Board") -> Course:
    """The course of a prescription on a unit of nominal irradiance. Raises BadInput."""
    nominal = [board.BANK_NOMINAL_UW_CM2] * len(board.BANKS)
    try:
        return Course(asked, board, [nominal, nominal])
    except Refused as why:
        raise BadInput(str(why)) from None


def render_lines(course: Course) -> "Iterator[str]":
    """All lines: the prescription, its light and the warnings."""
    yield render_asked(course)
    yield from render_light(course)
    for applies, text in WARNINGS:
        if applies(course):
            yield f"Mind: {text}."


def render_asked(course: Course) -> str:
    """The prescription in a line."""
    return f"{course.name}: {words.render_course(course)}."


def render_light(course: Course) -> "Iterator[str]":
    """Lines on the dose by bank, gating, and minutes at full throttle."""
    whole = course.total_uw_cm2
    doses = ", ".join([
        f"{course.nm[k]} nm {course.fluence_uj_cm2 / 1e6 * irradiance / whole:.2f}"
        for k, irradiance in enumerate(course.irradiance_uw_cm2)
        if irradiance
    ])  # fmt: skip
    yield f"Dose by bank, J/cm2 a pad: {doses}."
    if course.period_ticks > 1:
        on_ms, period_ms = course.on_ticks * limits.TICK_MS, course.period_ticks * limits.TICK_MS
        peak = whole / 1000 * course.period_ticks / course.on_ticks
        yield f"Light for {on_ms} ms of every {period_ms} ms, {peak:g} mW/cm2 then."
    yield f"If nothing were withheld the dose would take {full_throttle_min(course):.1f} min."


def full_throttle_min(course: Course) -> float:
    """Minutes of light that the dose takes at full throttle."""
    return course.fluence_uj_cm2 / course.total_uw_cm2 / 60


# (condition, warning with its source)
WARNINGS = (
    (lambda course: full_throttle_min(course) > course.max_ms / 60_000,
     "time ends it before the dose, even with nothing withheld"),
    (lambda course: course.set_point_mc == limits.SET_POINT_MAX_MC,
     f"contact is held half a degree below {limits.CONTACT_WARN_MC / 1000:g} C, where IEC 60601-1"
     " Table 24 asks for disclosure (firmware/core/limits.py); DOWN lowers it"),
    (lambda course: TWO_A_DAY * course.max_ms > limits.SESSION_DAY_MAX_MS,
     f"a second session of a day is cut short at {limits.SESSION_DAY_MAX_MS // 60_000} min of"
     " light in all (firmware/core/limits.py)"),
    (lambda course: course.fluence_uj_cm2 / 1e6 > TRIAL_J_CM2,
     f"more than the {TRIAL_J_CM2} J/cm2 of trial NCT01920971 (firmware/core/limits.py)"),
    (lambda course: course.period_ticks > 1,
     "in gated light a switch that sticks on is dark within four seconds, not one"
     " (docs/maintainer/safety.md)"),
    (lambda course: True, words.NOT_KNOWN),
)  # fmt: skip
