"""Phrase table: words for each state, reason, refusal, lock, fault and cue of the firmware.

Read by the terminal, the reports and (through `page.tell`) the bench page. The unit's own screen
has its words in `firmware.ui.texts`. A key is the firmware's name; a test compares the keys with
the firmware's lists. Runs on MicroPython too.
"""

from firmware.core import states
from firmware.core.limits import CARRIER_HZ, SKIN_WAIT_MS, TICK_MS
from firmware.core.states import REFUSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.therapy.session import Session

# What no read-back of a dose can say; each says so.
NOT_KNOWN = "given is light at the windows; what skin took of it is not known"

STATES = {
    "SELF_TEST": "self-test, dark",
    "READY": "ready for START",
    "WAIT_SKIN": "waiting for skin",
    "CHECK": "checking each bank",
    "RAMP": "power rising",
    "TREAT": "treating",
    "PAUSED": "paused, dark",
    "DONE": "finished, dark",
    "CHARGING": "charging, no therapy",
    "FAULT": "dark, waits for a person",
    "LOCKED": "locked, no therapy",
    "SERVICE": "waits for START of the self-test",
    "OFF": "switched off",
    "RATE": "dark, asks and waits for answers",
}
COLOURS = {
    "SELF_TEST": "cyan", "READY": "cyan", "WAIT_SKIN": "cyan", "CHECK": "magenta",
    "RAMP": "yellow", "TREAT": "green", "PAUSED": "blue", "DONE": "green",
    "CHARGING": "blue", "FAULT": "red", "LOCKED": "red", "SERVICE": "cyan",
    "OFF": "bright_black", "RATE": "cyan",
}  # fmt: skip
REASONS = {  # why a session ended; they stand after "The session ended: "
    "dose": "the dose was reached",
    "time": "the time limit was reached",
    "day_limit": "the day's limit was reached",
    "stopped": "it was stopped with START",
    "fault": "a fault ended it",
    "battery": "the battery was empty",
    "charger": "the charger was plugged in",
    "host": "a host asked for the prompt",
    "cem43": "the thermal dose reached its cap",
    "unworn": "it came off the skin too often",
    "timeout": "it waited too long for skin or for a resume",
    "ended": "it came to its end; why is sealed",  # all that a unit in a trial tells
}
REFUSED = {  # why START or an acknowledgement was refused
    "button_stuck": "a button is held down or chatters",
    "battery": "the battery is too low for a session",
    "day_limit": "the day's limit is reached",
    "too_warm": "the skin is still too warm",
    "not_worn": "it is not worn",
    "cause_there": "the fault's cause is still there",
    "storage": "nothing more can be stored",
    "needs_service": "a hard fault is kept; a lit self-test lifts it",
    "expired": "the prescription has expired",
    "no_clock": "the clock is not set",
    "too_early": "the next visit's window has not begun",
    "trial_over": "the trial has no more visits",
    "no_answer": "UP or DOWN was not pressed first",
    "never_off": "the belt was not taken off in between",
    "course_over": "all sessions of the prescription were given",
    "hold_start": "UP, then START held 1.5 s acknowledges a fault",
    "new_date": "another START confirms the date shown",
}
LOCKS = (  # by `lock` of the unit
    "", "it is not calibrated", "the prescription cannot be used", "it restarted too often",
    "the board file is wrong", "a hard fault is kept; a lit self-test lifts it",
    "the trial's ticket is wrong",
)  # fmt: skip
FAULTS = {  # that the unit latches
    "ntc_open": "thermistor open",
    "ntc_short": "thermistor shorted",
    "contact_hot": "skin too hot",
    "contact_apart": "contact sensors differ",
    "contact_lost": "contact thermometer silent",
    "contact_garbage": "contact thermometer says rubbish",
    "board_hot": "LED board too hot",
    "board_sensor_lost": "board thermometer silent",
    "board_garbage": "board thermometer says rubbish",
    "led_open": "bank gives no light",
    "fet_stuck_on": "bank's switch stuck on",
    "enable_stuck": "supply switch stuck closed",
    "supply_open": "no supply to the banks",
    "rail_lost": "current monitor silent",
    "battery_empty": "battery empty",
    "pad_unplugged": "pad unplugged",
    "contact_still": "contact sensor frozen",
    "contact_jump": "contact sensor jumped",
    "contact_loose": "contact sensor loose",
    "off_skin": "off the skin",
    "rail_apart": "current is not that of the duty",
    "kept_unreadable": "kept fault unreadable",
    "skin_sensor_lost": "skin sensor silent",
    "led_gain": "driver is not as it was calibrated",
    "set_up_lost": "a part loses its set-up again and again",
}
PLUG = "Check the pad's plug and cable."
REPAIR = "Have the unit repaired."
RESTS = "Let the pads and the room cool down."
ADVICE = {  # what to do about each; then UP is pressed, and START held for 1.5 s
    "ntc_open": PLUG, "ntc_short": PLUG, "contact_apart": PLUG, "contact_lost": PLUG,
    "contact_garbage": PLUG, "board_sensor_lost": PLUG, "board_garbage": PLUG, "led_open": PLUG,
    "pad_unplugged": "Plug the pad in.", "contact_still": PLUG, "contact_jump": PLUG,
    "contact_loose": PLUG, "skin_sensor_lost": PLUG, "contact_hot": RESTS, "board_hot": RESTS,
    "off_skin": "Put the belt on bare skin, close.", "battery_empty": "Charge the battery.",
    "fet_stuck_on": REPAIR, "enable_stuck": REPAIR, "supply_open": REPAIR, "rail_lost": REPAIR,
    "rail_apart": REPAIR, "led_gain": "Calibrate the unit again.", "set_up_lost": REPAIR,
    "kept_unreadable": "Run the self-test: a hard fault was kept, and its name is lost.",
}  # fmt: skip
# Entering a state is the cue of that state's name.
CUES = dict(STATES)
CUES.update({
    "BATTERY_LOW": "battery low", "SET_POINT": "set point changed",
    "DONE_EARLY": "ended before its dose", "REFUSED_BELT": "refused: the belt",
    "REFUSED_WARM": "refused: too warm", "REFUSED_DAY": "refused: not this day",
    "REFUSED_BATTERY": "refused: charge it", "REFUSED_HELP": "refused: look at the screen",
})  # fmt: skip
SEVERITIES = ("none", "mild", "moderate", "severe")  # of an adverse effect, by number
NO_SESSION = {
    "READY": "START was not pressed",
    "WAIT_SKIN": "it was still waiting for skin",
    "CHARGING": "the charger is plugged in",
    "FAULT": "a fault is latched",
    "SERVICE": "the self-test was asked for",
    "OFF": "it is switched off",
}


def render_course(course: "Any") -> str:
    """What a session asks for, in a line; from a `Course`, or a record of the journal."""
    steps = "; then ".join([render_step(step) for step in course.steps])
    return f"{steps}, max {course.max_ms / 60_000:g} min, {course.set_point_mc / 1000:g} C"


def render_step(step: "Any") -> str:
    """A step: dose or minutes, pads, light and irradiance."""
    pads = ("pad A", "pad B", "a pad")[step.pads - 1]
    dose = f"{step.ms / 60_000:g} min" if step.ms else f"{step.fluence_uj_cm2 / 1e6:g} J/cm2"
    return f"{dose} {pads}, {render_light(step)}, {sum(step.irradiance_uw_cm2) / 1000:g} mW/cm2"


def render_light(step: "Any") -> str:
    """A step's light in time."""
    if step.period_ticks > 1:
        return f"gated at {1000 / TICK_MS / step.period_ticks:.3g} Hz"
    return f"pulsed at {step.carrier_hz} Hz" if step.carrier_hz != CARRIER_HZ else "CW"


def render_fault(row: dict[str, object]) -> str:
    """A fault of the result: name, pad, time, phrase, value and limit."""
    return f"{locate_fault(row)}: {FAULTS.get(str(row['name']), 'unknown')}, {render_figures(row)}"


def locate_fault(row: dict[str, object]) -> str:
    """A fault of the result: name, pad and time."""
    where = f" on pad {row['pad']}" if row["pad"] else ""
    return f"{row['name']}{where} at {row['t_s']:.2f} s"


def render_figures(row: dict[str, object]) -> str:
    """A fault of the result: value and limit."""
    value, limit = (render_value(row[key], str(row.get("unit", ""))) for key in ("value", "limit"))
    return f"{value}, limit {limit}"


def name_fault(fault: str) -> str:
    """A fault's name, followed by its phrase where there is one."""
    return f"{fault} ({FAULTS[fault]})" if fault in FAULTS else fault


def explain_lock(number: int) -> str:
    """The phrase for a lock by number; "" for none."""
    return LOCKS[number] if 0 <= number < len(LOCKS) else f"lock {number}"


def render_value(value: object, unit: str) -> str:
    """A value with its unit from the firmware's fault table."""
    if unit == "C":
        return f"{value:.2f} C"
    if unit == "0.1 ma":
        return f"{float(str(value)) / 10:g} mA"
    return f"code {value:g}" if unit == "code" else f"{value:g} {unit}"


def explain_refusal(number: int) -> str:
    """The phrase for a refusal by number; "" for none."""
    if not 0 <= number < len(REFUSALS):
        return f"refusal {number}"
    return REFUSED[REFUSALS[number]] if number else ""


def why_no_session(session: "Session") -> str:
    """The reason why a run had no light."""
    if session.locked:
        return f"the unit is locked: {session.locked}"
    if refused := explain_refusal(session.refused):
        return f"START was refused: {refused}"
    if session.number and session.reason == states.TIMEOUT:
        return f"no skin was felt within {SKIN_WAIT_MS // 60_000} min of START"
    state = states.STATES[session.state]
    return NO_SESSION.get(state, STATES[state])


def plural(count: int, what: str) -> str:
    """A count of things."""
    return f"{count} {what}" + "s" * (count != 1)
