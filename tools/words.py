"""States, reasons and faults in plain words, for the live view and the summary."""

from firmware import states
from firmware.limits import CARRIER_HZ, SKIN_WAIT_MS, TICK_MS
from firmware.session import REFUSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.session import Session

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
REASONS = {
    "dose": "the dose was reached",
    "time": "the time limit was reached",
    "stopped": "it was stopped with START",
    "fault": "a fault ended it",
    "battery": "the battery was empty",
    "charger": "the charger was plugged in",
    "host": "a host asked for the prompt",
    "cem43": "the thermal dose reached its cap",
    "unworn": "it came off the skin too often",
    "timeout": "it waited too long for skin or for a resume",
}
REFUSED = {
    "button_stuck": "a button is held down",
    "battery": "the battery is too low for a session",
    "day_limit": "the day's limit is reached",
    "too_warm": "the skin is still too warm",
    "not_worn": "it is not worn",
    "cause_there": "the fault's cause is still there",
    "storage": "nothing more can be stored",
    "needs_service": "a hard fault is kept; a lit self-test lifts it",
    "too_early": "the next visit's window has not begun",
    "trial_over": "the trial has no more visits",
    "no_answer": "nothing was chosen with UP or DOWN",
}
NO_SESSION = {
    "READY": "START was not pressed",
    "WAIT_SKIN": "it was still waiting for skin",
    "CHARGING": "the charger is plugged in",
    "FAULT": "a fault is latched",
    "SERVICE": "the self-test was asked for",
    "OFF": "it is switched off",
}


def asked(course: "dict[str, Any]") -> str:
    """What a session asks for, in a line; from a `Course`, or a record of the journal."""
    light = "CW"
    if course["period_ticks"] > 1:
        light = f"gated at {1000 / TICK_MS / course['period_ticks']:.3g} Hz"
    elif course["carrier_hz"] != CARRIER_HZ:
        light = f"pulsed at {course['carrier_hz']} Hz"
    return (
        f"{course['fluence_uj_cm2'] / 1e6:g} J/cm2 a pad, {light}, "
        f"{sum(course['irradiance_uw_cm2']) / 1000:g} mW/cm2, "
        f"max {course['max_ms'] / 60_000:g} min, {course['set_point_mc'] / 1000:g} C"
    )


def fault(row: dict[str, object]) -> str:
    """A fault of the result: where, when, what was read and which limit it broke."""
    where = f" on pad {row['pad']}" if row["pad"] else ""
    value, limit = (measured(row[key], str(row.get("unit", ""))) for key in ("value", "limit"))
    return f"{row['name']}{where} at {row['t_s']:.2f} s: {value}, limit {limit}"


def measured(value: object, unit: str) -> str:
    """A value in the unit of the firmware's fault table."""
    if unit == "C":
        return f"{value:.2f} C"
    if unit == "0.1 ma":
        return f"{float(str(value)) / 10:g} mA"
    return f"code {value:g}" if unit == "code" else f"{value:g} {unit}"


def refusal(session: "Session") -> str:
    """Why the last thing asked for was refused, or nothing."""
    return REFUSED.get(REFUSALS[session.refused], "")


def why_no_session(session: "Session") -> str:
    """Why no light was ever permitted."""
    if session.locked:
        return f"the unit is locked: {session.locked}"
    if refused := refusal(session):
        return f"START was refused: {refused}"
    if session.number and session.reason == states.TIMEOUT:
        return f"no skin was felt within {SKIN_WAIT_MS // 60_000} min of START"
    state = states.STATES[session.state]
    return NO_SESSION.get(state, STATES[state])


def plural(count: int, what: str) -> str:
    """A count of things."""
    return f"{count} {what}" + "s" * (count != 1)
