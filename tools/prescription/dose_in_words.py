"""A prescription in words: dose, light in time, and warnings, without any simulation.

Called by `waistband prescribe explain` and by the bench page. Runs on MicroPython too.
"""

from firmware.core import limits
from firmware.core.validate import Refused
from firmware.therapy.course import Course, Step
from firmware.therapy.prescription import compile_course
from sim.common.errors import BadInput
from tools.common import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hal.contract import Board

TRIAL_J_CM2 = 83.2  # of NCT01920971, 890 nm
TWO_A_DAY = 2
OPTIONS = {  # of `prescribe new`, by the key that each sets
    "name": "--name", "fluence_j_cm2": "--fluence", "irradiance_mw_cm2": "--irradiance",
    "max_min": "--max-min", "set_point_c": "--set-point", "light": "--light",
    "rate_hz": "--rate-hz", "on_ms": "--on-ms",
}  # fmt: skip


def compile_nominal(asked: object, board: "Board") -> Course:
    """The course of a prescription on a unit of nominal irradiance. Raises BadInput."""
    nominal = [board.BANK_NOMINAL_UW_CM2] * len(board.BANKS)
    try:
        return compile_course(asked, board, [nominal, nominal])
    except Refused as why:
        raise BadInput(str(why)) from None


def check_options(asked: object, board: "Board", banks: "list[str]") -> None:
    """Refuse what options ask for beyond a limit; `banks` are those of --bank. Raises BadInput,
    which names the option."""
    try:
        compile_nominal(asked, board)
    except BadInput as why:
        first, _, rest = str(why).partition(" ")
        key, _, nm = first.strip("'").partition(".")
        option = OPTIONS.get(key, key)
        if nm:
            own = any(bank.startswith(nm + "=") for bank in banks)
            option = f"--bank {nm}" if own else f"{option} of bank {nm}"
        raise BadInput(f"{option} {rest}") from None


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
    """Lines on each step: dose by bank, light in time, and minutes at full throttle."""
    for number, step in enumerate(course.steps, 1):
        which = f"Step {number}: {words.render_step(step)}. " if len(course.steps) > 1 else ""
        doses = ", ".join([
            f"{course.nm[k]} nm {step.fluence_uj_cm2 / 1e6 * irradiance / step.total_uw_cm2:.2f}"
            for k, irradiance in enumerate(step.irradiance_uw_cm2)
            if irradiance
        ])  # fmt: skip
        yield f"{which}Dose by bank, J/cm2 a pad: {doses}."
        yield render_time(step)
        minutes = step.longest_ms() / 60_000
        yield f"If nothing were withheld the dose would take {minutes:.1f} min."


def render_time(step: Step) -> str:
    """A line on a step's light in time: duty, peak irradiance and energy of a pulse, of a pad."""
    duty = pulse_duty(step)
    peak_mw_cm2 = step.total_uw_cm2 / 1000 / duty / gate_share(step)
    energy_uj_cm2 = step.total_uw_cm2 / gate_share(step) / step.carrier_hz
    text = (
        f"Pulses of {step.carrier_hz} Hz, {100 * duty:.0f} % duty: the emitters' peak is "
        f"{peak_mw_cm2:.3g} mW/cm2, {energy_uj_cm2:.3g} uJ/cm2 a pulse."
    )
    if step.period_ticks == 1:
        return text
    on_ms, period_ms = step.on_ticks * limits.TICK_MS, step.period_ticks * limits.TICK_MS
    mean = step.total_uw_cm2 / 1000 / gate_share(step)
    return f"Light for {on_ms} ms of every {period_ms} ms, {mean:.3g} mW/cm2 then. {text}"


def gate_share(step: Step) -> float:
    """The share of a gate's period that is lit; 1 without a gate."""
    return step.on_ticks / step.period_ticks


def pulse_duty(step: Step) -> float:
    """The duty of a step's pulses: that of its banks, by what each gives at full duty."""
    full_uw_cm2 = 0.0
    for k, irradiance in enumerate(step.irradiance_uw_cm2):
        duty = max(step.duties[k], step.duties[k + len(step.irradiance_uw_cm2)])
        if irradiance:
            full_uw_cm2 += irradiance / gate_share(step) * limits.DUTY_MAX / duty
    return step.total_uw_cm2 / gate_share(step) / full_uw_cm2


def full_throttle_min(course: Course) -> float:
    """Minutes of light that the dose takes at full throttle."""
    return sum(step.longest_ms() for step in course.steps) / 60_000


# (condition, warning with its source)
WARNINGS = (
    (lambda course: full_throttle_min(course) > course.max_ms / 60_000,
     "time ends it before the dose, even with nothing withheld"),
    (lambda course: course.set_point_mc == limits.SET_POINT_MAX_MC,
     f"contact is held half a degree below {limits.CONTACT_WARN_MC / 1000:g} C, where IEC 60601-1"
     " Table 24 asks for disclosure (firmware/core/limits.py); DOWN lowers it"),
    (lambda course: course.a_day != 1 and TWO_A_DAY * course.max_ms > limits.SESSION_DAY_MAX_MS,
     f"a second session of a day is cut short at {limits.SESSION_DAY_MAX_MS // 60_000} min of"
     " light in all (firmware/core/limits.py)"),
    (lambda course: max(course.whole_uj_cm2) / 1e6 > TRIAL_J_CM2,
     f"more than the {TRIAL_J_CM2} J/cm2 of trial NCT01920971 (firmware/core/limits.py)"),
    (lambda course: any(step.period_ticks > 1 for step in course.steps),
     "in gated light a switch that sticks on is dark within four seconds, not one"
     " (docs/maintainer/safety.md)"),
    (lambda course: True, words.NOT_KNOWN),
)  # fmt: skip
