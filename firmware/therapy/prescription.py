"""A prescription: checked against the limits, then turned into integers, once.

A prescription is what `json` gives for a file such as

    {"name": "default", "irradiance_mw_cm2": {"810": 2.5, "850": 2.5, "940": 2.5, "1060": 2.5},
     "fluence_j_cm2": 6, "max_min": 30, "set_point_c": 40.5, "light": {"mode": "cw"}}

Irradiance is the average at the skin, a pad; the fluence is a pad's, all banks
together. `light` is one of {"mode": "cw"}, {"mode": "pulse", "rate_hz": 100-10000}
and {"mode": "gated", "rate_hz": 50/n, "on_ms": a multiple of 20}.

Format 2 has 1 to 6 steps, each of which ends by its fluence or by minutes of light:

    {"format": 2, "name": "two", "max_min": 30, "set_point_c": 39.5, "sessions_a_day": 1,
     "step": [{"irradiance_mw_cm2": {"850": 5}, "light": {"mode": "cw"}, "pads": "A", "minutes": 4},
              {"irradiance_mw_cm2": {"810": 2}, "light": {"mode": "cw"}, "pads": "AB",
               "fluence_j_cm2": 2}]}

A bank that a step does not name gives nothing in it; "sessions" (in all) may be left out. Both
formats are compiled into a list of `Step`, and one path runs them.

Called at start by `firmware.parts`, and by the desk's tools. On the unit it is let go of once the
parts are wired: what runs is in `firmware.therapy.course`.
"""

import binascii

from firmware.core import limits
from firmware.core.validate import (
    Refused,
    bank_names,
    quote,
    read_number,
    read_text,
    read_whole,
    require_keys,
)
from firmware.therapy.course import Course, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board

KEYS = ("name", "irradiance_mw_cm2", "fluence_j_cm2", "max_min", "set_point_c", "light")
KEYS_2 = ("format", "name", "max_min", "set_point_c", "sessions_a_day", "step")
STEP_KEYS = ("irradiance_mw_cm2", "light", "pads")
MAY = ("sessions",)  # in format 2
ENDS = ("fluence_j_cm2", "minutes")  # a step has one of them
PADS = ("A", "B", "AB")  # by their bits, less one
LIGHT_KEYS = {"cw": ("mode",), "pulse": ("mode", "rate_hz"), "gated": ("mode", "rate_hz", "on_ms")}
TICKS_A_SECOND = 1000 // limits.TICK_MS


def compile_step(row: object, board: "Board", full_uw_cm2: "list[list[int]]") -> Step:
    """Compile one table of format 2's `step`. Raises Refused."""
    step = Step()
    by_minutes = isinstance(row, dict) and ENDS[1] in row
    table = require_keys("it", row, STEP_KEYS + (ENDS[by_minutes],))
    if table["pads"] not in PADS:
        raise Refused("pads is " + quote(table["pads"]) + ": A, B or AB")
    step.pads = PADS.index(str(table["pads"])) + 1
    _read_light(step, table["light"])
    step.irradiance_uw_cm2 = _read_irradiance(table["irradiance_mw_cm2"], board)
    step.total_uw_cm2 = sum(step.irradiance_uw_cm2)
    if by_minutes:
        step.ms = 60 * read_number(
            "minutes", table["minutes"], limits.RAMP_MS / 60_000,
            limits.SESSION_MAX_MS / 60_000, "minutes",
        )  # fmt: skip
        # strong drivers and a cold board give no more than the irradiance in these minutes
        step.fluence_uj_cm2 = step.total_uw_cm2 * (step.ms // 20) // 50
    else:
        step.fluence_uj_cm2 = 1000 * read_number(
            "fluence_j_cm2", table["fluence_j_cm2"],
            limits.FLUENCE_MIN_UJ_CM2 / 1e6, limits.FLUENCE_MAX_UJ_CM2 / 1e6, "J/cm2",
        )  # fmt: skip
    step.duties = _find_duties(step, board, full_uw_cm2)
    step.worst_uj_cm2 = _find_most_uj_cm2(step, full_uw_cm2)
    check_ms = limits.CHECK_TICKS * limits.TICK_MS
    check_uj_cm2 = max(sum(full_uw_cm2[0]), sum(full_uw_cm2[1])) * check_ms // 9_000
    step.least_uj_cm2 = max(step.worst_uj_cm2 >> 4, 2 * check_uj_cm2)
    return step


def _read_light(step: Step, light: object) -> None:
    """Carrier, pulse and gate of "Light in time"."""
    mode = light.get("mode") if isinstance(light, dict) else light
    if mode not in ("cw", "pulse", "gated"):
        raise Refused("light mode is " + quote(mode) + ": cw, pulse or gated")
    light = require_keys("light", light, LIGHT_KEYS[mode])
    if mode == "pulse":
        low, high = limits.PULSE_MIN_HZ, limits.PULSE_MAX_HZ
        step.carrier_hz = read_whole("rate_hz", light["rate_hz"], low, high, "Hz (pulse)")
    elif mode == "gated":
        rate = read_number("rate_hz", light["rate_hz"], 1, TICKS_A_SECOND / 2, "Hz (gated)")
        ticks = (TICKS_A_SECOND * 1000 + rate // 2) // rate
        exact = (TICKS_A_SECOND * 1000 + ticks // 2) // ticks
        # 16.67 or 16.7 may be written for 50/3
        if rate not in (exact, (exact + 5) // 10 * 10, (exact + 50) // 100 * 100):
            raise Refused(
                "rate_hz is " + quote(light["rate_hz"])
                + ": gated rates are 50/n Hz, the nearest " + str(exact / 1000)
            )  # fmt: skip
        most_ms = (ticks - 1) * limits.TICK_MS
        on_ms = read_number("on_ms", light["on_ms"], limits.TICK_MS, most_ms, "ms") // 1000
        if on_ms % limits.TICK_MS or light["on_ms"] != on_ms:
            raise Refused("on_ms is " + quote(light["on_ms"]) + ": a multiple of 20 ms")
        step.period_ticks = ticks
        step.on_ticks = on_ms // limits.TICK_MS


def _read_irradiance(banks: object, board: "Board") -> "list[int]":
    """Average irradiance of each bank, uW/cm2; 0 of one that is not named."""
    names = bank_names(board)
    banks = require_keys("irradiance_mw_cm2", banks, names, ())
    what, most = "irradiance_mw_cm2.", limits.BANK_MAX_UW_CM2 / 1000
    values = [read_number(what + n, banks.get(n, 0), 0, most, "mW/cm2") for n in names]
    for k in range(len(values)):
        if 0 < values[k] < limits.BANK_MIN_UW_CM2:
            raise Refused(
                "irradiance_mw_cm2." + names[k] + " is " + str(values[k] / 1000)
                + ": 0, or from " + str(limits.BANK_MIN_UW_CM2 / 1000) + " mW/cm2"
            )  # fmt: skip
    if not 0 < sum(values) <= limits.IRRADIANCE_MAX_UW_CM2:
        raise Refused(
            "irradiance_mw_cm2 sums to " + str(sum(values) / 1000) + ": more than 0, at most "
            + str(limits.IRRADIANCE_MAX_UW_CM2 / 1000) + " mW/cm2 for a pad"
        )  # fmt: skip
    return values


def _find_duties(step: Step, board: "Board", full_uw_cm2: "list[list[int]]") -> "list[int]":
    """Duty of every bank, pad A first, that gives the average while the gate is open."""
    duties = []
    for pad in (0, 1):
        for k in range(len(board.BANKS)):
            full = full_uw_cm2[pad][k]
            asked = step.of_pad(pad, step.irradiance_uw_cm2[k]) * step.period_ticks
            most = full * step.on_ticks
            if asked > most:
                raise Refused(
                    "irradiance_mw_cm2." + str(board.BANKS[k][0]) + " is "
                    + str(step.irradiance_uw_cm2[k] / 1000) + ": pad " + "AB"[pad]
                    + " gives at most " + str(most // step.period_ticks / 1000)
                    + " mW/cm2 with this light"
                )  # fmt: skip
            duties.append(asked * limits.DUTY_MAX // most)
    return duties


def _find_most_uj_cm2(step: Step, full_uw_cm2: "list[list[int]]") -> int:
    """The most that a pad can give in one control step: every tick as late as the lease
    allows, the LED board at its coldest, the drivers at their strongest."""
    most = 0
    banks = len(full_uw_cm2[0])
    for pad in (0, 1):
        peak = 0
        for k in range(banks):
            peak += full_uw_cm2[pad][k] * step.duties[pad * banks + k] // limits.DUTY_MAX + 1
        most = max(most, peak)
    return most * limits.CONTROL_TICKS * limits.LEASE_MS // 1000 * 127 // 100 + 1


def compile_course(prescription: object, board: "Board", full_uw_cm2: "list[list[int]]") -> Course:
    """Compile for a board and the calibrated irradiance of each pad's banks at full duty.

    `full_uw_cm2` holds two lists in the order of the board's bank table. Raises Refused.
    """
    second = isinstance(prescription, dict) and "format" in prescription
    keys = KEYS_2 if second else KEYS
    table = require_keys("the prescription", prescription, keys + MAY[:second], keys)
    course = Course()
    course.name = read_text("name", table["name"])
    course.max_ms = 60 * read_number(
        "max_min", table["max_min"], 1, limits.SESSION_MAX_MS / 60_000, "minutes"
    )
    course.set_point_mc = read_number(
        "set_point_c", table["set_point_c"],
        limits.SET_POINT_MIN_MC / 1000, limits.SET_POINT_MAX_MC / 1000, "C",
    )  # fmt: skip
    rows = _read_second(course, table) if second else _read_first(table, board)
    course.nm = [row[0] for row in board.BANKS]
    course.duties = [0] * (2 * len(course.nm))
    for row in rows:
        try:
            _add_step(course, compile_step(row, board, full_uw_cm2))
        except Refused as why:
            if second:
                why = Refused("step " + str(len(course.steps) + 1) + ": " + str(why))
            raise why
    most = limits.FLUENCE_MAX_UJ_CM2 / 1e6
    read_number("the sum of the steps", max(course.whole_uj_cm2) / 1e6, 0, most, "J/cm2 a pad")
    minutes, most = sum([step.ms for step in course.steps]) / 60_000, course.max_ms / 60_000
    read_number("the sum of the steps", minutes, 0, most, "minutes, which is max_min")
    said = (
        course.name
        + str([course.max_ms, course.set_point_mc, course.a_day, course.sessions])
        + str([step.numbers() for step in course.steps])
    )
    course.mark = binascii.crc32(said.encode()) & limits.CLOCK_MASK
    return course


def _read_second(course: Course, table: "dict[str, object]") -> "list[object]":
    """Sessions and the tables of the steps, of format 2."""
    read_whole("format", table["format"], 2, 2, "where there is one")
    most, what = limits.A_DAY_MAX, "sessions"
    course.a_day = read_whole("sessions_a_day", table["sessions_a_day"], 1, most, what)
    if what in table:
        course.sessions = read_whole(what, table[what], 1, limits.SESSIONS_MAX, what)
    rows = table["step"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= limits.STEPS_MAX:
        raise Refused("step is " + quote(rows) + ": a list of 1 to 6 tables")
    return rows


def _add_step(course: Course, step: Step) -> None:
    course.steps.append(step)
    for pad in (0, 1):
        course.whole_uj_cm2[pad] += step.of_pad(pad, step.fluence_uj_cm2)
    course.duties = [max(pair) for pair in zip(course.duties, step.duties)]


def _read_first(table: "dict[str, object]", board: "Board") -> "list[object]":
    """Format 1 as the table of one step for both pads."""
    require_keys("irradiance_mw_cm2", table["irradiance_mw_cm2"], bank_names(board))
    return [{key: table.get(key, "AB") for key in STEP_KEYS + ENDS[:1]}]
