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
"""

import binascii

from firmware.core import limits

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
CALIBRATION_KEYS = (
    "serial", "date", "window_cm2", "irradiance_mw_cm2", "ntc_offset_c", "skin_codes",
)  # fmt: skip
REFERENCE = "reference_ma"  # may be left out: the dose is then as calibrated, whatever flows
REFERENCE_MV = 7_400  # the pack that it refers to
REFERENCE_MAX_MA = 3_000
NAME_MAX = 40
TICKS_A_SECOND = 1000 // limits.TICK_MS


class Refused(ValueError):
    """One line for a person: the key, the value, and what is allowed."""


def quote(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def require_keys(
    what: str, value: object, allowed: "tuple[str, ...]", needed: "tuple[str, ...] | None" = None
) -> "dict[str, object]":
    """The table itself; refuses other keys than those allowed, and where one of those needed (all,
    if None) is not there."""
    if needed is None:
        needed = allowed
    if not isinstance(value, dict):
        raise Refused(what + " is " + quote(value) + ": a table of " + ", ".join(allowed))
    for key in value:
        if key not in allowed:
            raise Refused(
                quote(key) + " is not a key of " + what + ": allowed are " + ", ".join(allowed)
            )
    for key in needed:
        if key not in value:
            raise Refused(what + " lacks " + key + ": it needs " + ", ".join(needed))
    return value


def read_number(what: str, value: object, low: float, high: float, unit: str) -> int:
    """A number within limits, in thousandths; refuses booleans, NaN and infinities."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise Refused(
            what + " is " + quote(value) + ": a number from " + str(low) + " to " + str(high)
            + " " + unit
        )  # fmt: skip
    return int(value * 1000 - low * 1000 + 0.5) + int(low * 1000)  # rounds alike below zero


def read_whole(what: str, value: object, low: int, high: int, unit: str) -> int:
    """A whole number within limits."""
    number = read_number(what, value, low, high, unit)
    if number % 1000:
        raise Refused(what + " is " + quote(value) + ": a whole number of " + unit)
    return number // 1000


def read_text(what: str, value: object) -> str:
    """A text that the unit's screen can show."""
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= NAME_MAX
        or not " " <= min(value) <= max(value) <= "~"
    ):
        raise Refused(what + " is " + quote(value) + ": 1 to 40 characters of plain ASCII")
    return value


def bank_names(board: "Board") -> "tuple[str, ...]":
    """The board's banks by wavelength, as files name them."""
    return tuple([str(row[0]) for row in board.BANKS])


class Step:
    """A step in integers, ready for the tick. Lists are by bank of one pad; `duties` has pad A's
    first."""

    def __init__(self, row: object, board: "Board", full_uw_cm2: "list[list[int]]") -> None:
        """Compile one table of format 2's `step`. Raises Refused."""
        by_minutes = isinstance(row, dict) and ENDS[1] in row
        table = require_keys("it", row, STEP_KEYS + (ENDS[by_minutes],))
        if table["pads"] not in PADS:
            raise Refused("pads is " + quote(table["pads"]) + ": A, B or AB")
        self.pads = PADS.index(str(table["pads"])) + 1  # bits: 1 is pad A, 2 is pad B
        self.carrier_hz = limits.CARRIER_HZ
        self.period_ticks = 1
        self.on_ticks = 1
        self._light(table["light"])
        self.irradiance_uw_cm2 = self._irradiance(table["irradiance_mw_cm2"], board)
        self.total_uw_cm2 = sum(self.irradiance_uw_cm2)
        self.ms = 0  # of light, where minutes end it
        if by_minutes:
            self.ms = 60 * read_number(
                "minutes", table["minutes"], limits.RAMP_MS / 60_000,
                limits.SESSION_MAX_MS / 60_000, "minutes",
            )  # fmt: skip
            # strong drivers and a cold board give no more than the irradiance in these minutes
            self.fluence_uj_cm2 = self.total_uw_cm2 * (self.ms // 20) // 50
        else:
            self.fluence_uj_cm2 = 1000 * read_number(
                "fluence_j_cm2", table["fluence_j_cm2"],
                limits.FLUENCE_MIN_UJ_CM2 / 1e6, limits.FLUENCE_MAX_UJ_CM2 / 1e6, "J/cm2",
            )  # fmt: skip
        self.duties = self._duties(board, full_uw_cm2)
        # towards its dose a pad is slowed down, and stops where as little is left as two
        # checks or a sixteenth of a control step could give
        self.worst_uj_cm2 = self._step_uj_cm2(full_uw_cm2)
        check_ms = limits.CHECK_TICKS * limits.TICK_MS
        check_uj_cm2 = max(sum(full_uw_cm2[0]), sum(full_uw_cm2[1])) * check_ms // 9_000
        self.least_uj_cm2 = max(self.worst_uj_cm2 >> 4, 2 * check_uj_cm2)

    def of_pad(self, pad: int, value: int) -> int:
        """A value of the step for one pad: 0 where the step is not for that pad."""
        return value if self.pads >> pad & 1 else 0

    def longest_ms(self) -> int:
        """How long it lasts at full throttle."""
        return self.ms or self.fluence_uj_cm2 // self.total_uw_cm2 * 1000

    def power_mw(self, board: "Board") -> int:
        """Average electrical power of the emitters at full throttle, both pads."""
        total = 0
        for k in range(len(self.duties)):
            peak_mw = board.BANKS[k % len(board.BANKS)][3] * self.duties[k] // limits.DUTY_MAX
            total += peak_mw * self.on_ticks // self.period_ticks
        return total

    def _light(self, light: object) -> None:
        """Carrier, pulse and gate of "Light in time"."""
        mode = light.get("mode") if isinstance(light, dict) else light
        if mode not in ("cw", "pulse", "gated"):
            raise Refused("light mode is " + quote(mode) + ": cw, pulse or gated")
        light = require_keys("light", light, LIGHT_KEYS[mode])
        if mode == "pulse":
            low, high = limits.PULSE_MIN_HZ, limits.PULSE_MAX_HZ
            self.carrier_hz = read_whole("rate_hz", light["rate_hz"], low, high, "Hz (pulse)")
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
            self.period_ticks = ticks
            self.on_ticks = on_ms // limits.TICK_MS

    def _irradiance(self, banks: object, board: "Board") -> "list[int]":
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

    def _duties(self, board: "Board", full_uw_cm2: "list[list[int]]") -> "list[int]":
        """Duty of every bank, pad A first, that gives the average while the gate is open."""
        duties = []
        for pad in (0, 1):
            for k in range(len(board.BANKS)):
                full = full_uw_cm2[pad][k]
                asked = self.of_pad(pad, self.irradiance_uw_cm2[k]) * self.period_ticks
                most = full * self.on_ticks
                if asked > most:
                    raise Refused(
                        "irradiance_mw_cm2." + str(board.BANKS[k][0]) + " is "
                        + str(self.irradiance_uw_cm2[k] / 1000) + ": pad " + "AB"[pad]
                        + " gives at most " + str(most // self.period_ticks / 1000)
                        + " mW/cm2 with this light"
                    )  # fmt: skip
                duties.append(asked * limits.DUTY_MAX // most)
        return duties

    def _step_uj_cm2(self, full_uw_cm2: "list[list[int]]") -> int:
        """The most that a pad can give in one control step: every tick as late as the lease
        allows, the LED board at its coldest, the drivers at their strongest."""
        most = 0
        banks = len(full_uw_cm2[0])
        for pad in (0, 1):
            peak = 0
            for k in range(banks):
                peak += full_uw_cm2[pad][k] * self.duties[pad * banks + k] // limits.DUTY_MAX + 1
            most = max(most, peak)
        return most * limits.CONTROL_TICKS * limits.LEASE_MS // 1000 * 127 // 100 + 1

    def numbers(self) -> "list[int]":
        """What it asks for, as the journal has it: pads, ms and fluence, and its light."""
        ends = [self.pads, self.ms, self.fluence_uj_cm2]
        return ends + [self.carrier_hz, self.period_ticks, self.on_ticks] + self.irradiance_uw_cm2


class Course:
    """A prescription in integers: what holds for the whole session, and its steps."""

    def __init__(
        self, prescription: object, board: "Board", full_uw_cm2: "list[list[int]]"
    ) -> None:
        """Compile for a board and the calibrated irradiance of each pad's banks at full duty.

        `full_uw_cm2` holds two lists in the order of the board's bank table. Raises Refused.
        """
        second = isinstance(prescription, dict) and "format" in prescription
        keys = KEYS_2 if second else KEYS
        table = require_keys("the prescription", prescription, keys + MAY[:second], keys)
        self.name = read_text("name", table["name"])
        self.number = 0  # among those that were signed for this unit
        self.expires_s = 0  # the last second in which a session may begin; 0: it does not expire
        self.max_ms = 60 * read_number(
            "max_min", table["max_min"], 1, limits.SESSION_MAX_MS / 60_000, "minutes"
        )
        self.set_point_mc = read_number(
            "set_point_c", table["set_point_c"],
            limits.SET_POINT_MIN_MC / 1000, limits.SET_POINT_MAX_MC / 1000, "C",
        )  # fmt: skip
        self.a_day = self.sessions = 0  # sessions of a day, and in all; 0: as many as limits allow
        rows = self._read_second(table) if second else _read_first(table, board)
        self.nm = [row[0] for row in board.BANKS]
        self.steps: list[Step] = []
        self.whole_uj_cm2 = [0, 0]  # of each pad, in all steps
        self.duties = [0] * (2 * len(self.nm))  # of each bank, the most of any step
        for row in rows:
            try:
                self._add(Step(row, board, full_uw_cm2))
            except Refused as why:
                if second:
                    why = Refused("step " + str(len(self.steps) + 1) + ": " + str(why))
                raise why
        most = limits.FLUENCE_MAX_UJ_CM2 / 1e6
        read_number("the sum of the steps", max(self.whole_uj_cm2) / 1e6, 0, most, "J/cm2 a pad")
        minutes, most = sum([step.ms for step in self.steps]) / 60_000, self.max_ms / 60_000
        read_number("the sum of the steps", minutes, 0, most, "minutes, which is max_min")
        said = (
            self.name
            + str([self.max_ms, self.set_point_mc, self.a_day, self.sessions])
            + str([step.numbers() for step in self.steps])
        )
        self.mark = binascii.crc32(said.encode()) & limits.CLOCK_MASK  # tells it from another

    def _read_second(self, table: "dict[str, object]") -> "list[object]":
        """Sessions and the tables of the steps, of format 2."""
        read_whole("format", table["format"], 2, 2, "where there is one")
        most, what = limits.A_DAY_MAX, "sessions"
        self.a_day = read_whole("sessions_a_day", table["sessions_a_day"], 1, most, what)
        if what in table:
            self.sessions = read_whole(what, table[what], 1, limits.SESSIONS_MAX, what)
        rows = table["step"]
        if not isinstance(rows, list) or not 1 <= len(rows) <= limits.STEPS_MAX:
            raise Refused("step is " + quote(rows) + ": a list of 1 to 6 tables")
        return rows

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        for pad in (0, 1):
            self.whole_uj_cm2[pad] += step.of_pad(pad, step.fluence_uj_cm2)
        self.duties = [max(pair) for pair in zip(self.duties, step.duties)]

    def power_mw(self, board: "Board") -> int:
        """Average electrical power of the emitters at full throttle, both pads."""
        energy = longest_s = 0
        for step in self.steps:
            seconds = step.longest_ms() // 1000 + 1
            longest_s += seconds
            energy += step.power_mw(board) * seconds
        return energy // longest_s

    def longest_ms(self) -> int:
        """How long the light lasts at full throttle: dose or time, whichever is first."""
        return min(sum([step.longest_ms() for step in self.steps]), self.max_ms)


def _read_first(table: "dict[str, object]", board: "Board") -> "list[object]":
    """Format 1 as the table of one step for both pads."""
    require_keys("irradiance_mw_cm2", table["irradiance_mw_cm2"], bank_names(board))
    return [{key: table.get(key, "AB") for key in STEP_KEYS + ENDS[:1]}]


def read_calibration(
    calibration: object, board: "Board"
) -> "tuple[list[list[int]], tuple[int, int]]":
    """Check a calibration: returns (full_uw_cm2 of each pad's banks, NTC offsets in mC).

    A calibration is {"serial", "date", "window_cm2", "irradiance_mw_cm2": {"A": {"810": ...},
    "B": ...}, "ntc_offset_c": {"A": ..., "B": ...}, "skin_codes": {"A": {"air": ..., "skin": ...},
    "B": ...}, "crc32"}, and may have "reference_ma": what each bank draws at full duty from a pack
    of 7.4 V, as irradiance has it. Raises Refused.
    """
    keys = CALIBRATION_KEYS + ("crc32",)
    table = require_keys("the calibration", calibration, keys + (REFERENCE, "seal"), keys)
    crc = calibration_crc(table, board)
    if table["crc32"] != crc:
        raise Refused(
            "crc32 is " + quote(table["crc32"]) + ", not " + crc
            + ": the calibration was altered after waistband calibrate made it"
        )  # fmt: skip
    _, full, offsets = _measured(table, board)
    return full, offsets


def calibration_crc(table: "dict[str, object]", board: "Board") -> str:
    """CRC-32 of what a calibration says, as 8 hexadecimal digits. Raises Refused."""
    return "%08x" % (binascii.crc32(calibration_text(table, board).encode()) & 0xFFFFFFFF)


def calibration_text(table: "dict[str, object]", board: "Board") -> str:
    """What a calibration says: its texts and its values in thousandths, however they are written.
    CRC and seal are of this. Raises Refused."""
    window, full, offsets = _measured(table, board)
    said = [read_text("serial", table["serial"]), read_text("date", table["date"]), str(window)]
    for row in full + [offsets] + read_skin_codes(table) + list(read_reference(table, board)):
        for value in row:
            said.append(str(value))
    return "\n".join(said)


def _measured(
    table: "dict[str, object]", board: "Board"
) -> "tuple[int, list[list[int]], tuple[int, int]]":
    """Window, irradiance and offsets, in thousandths. Raises Refused."""
    window = read_number("window_cm2", table["window_cm2"], 1, 400, "cm2")
    names = bank_names(board)
    lights = require_keys("irradiance_mw_cm2", table["irradiance_mw_cm2"], ("A", "B"))
    offset_table = require_keys("ntc_offset_c", table["ntc_offset_c"], ("A", "B"))
    full = []
    for pad in ("A", "B"):
        banks = require_keys("irradiance_mw_cm2." + pad, lights[pad], names)
        what = "irradiance_mw_cm2." + pad + "."
        most = limits.BANK_MAX_UW_CM2 / 1000
        full.append([read_number(what + n, banks[n], 0.5, most, "mW/cm2") for n in names])
    return (
        window,
        full,
        (
            read_number("ntc_offset_c.A", offset_table["A"], -2, 2, "C"),
            read_number("ntc_offset_c.B", offset_table["B"], -2, 2, "C"),
        ),
    )


def read_skin_codes(calibration: object) -> "list[list[int]]":
    """Codes of each pad's skin sensor, as calibrated: in air, and on skin. Raises Refused."""
    codes = calibration["skin_codes"] if isinstance(calibration, dict) else None
    table = require_keys("skin_codes", codes, ("A", "B"))
    rows = []
    for pad in ("A", "B"):
        what = "skin_codes." + pad
        pair = require_keys(what, table[pad], ("air", "skin"))
        row: list[int] = []
        for key in ("air", "skin"):
            low = 0 if key == "air" else row[0] + limits.SKIN_STEP_MIN
            value = pair[key]
            if type(value) is not int or not low <= value <= limits.SKIN_CODE_MAX:
                raise Refused(
                    what + "." + key + " is " + quote(value) + ": a whole number from " + str(low)
                    + " to " + str(limits.SKIN_CODE_MAX)
                )  # fmt: skip
            row.append(value)
        rows.append(row)
    return rows


def read_reference(table: object, board: "Board") -> "tuple[list[int], ...]":
    """What each pad's banks draw at full duty, mW, from a calibration; nothing where it was not
    measured. Raises Refused."""
    if not isinstance(table, dict) or REFERENCE not in table:
        return ()
    names = bank_names(board)
    pads = require_keys(REFERENCE, table[REFERENCE], ("A", "B"))
    found = []
    for pad in ("A", "B"):
        what = REFERENCE + "." + pad
        banks = require_keys(what, pads[pad], names)
        row = [read_number(what + "." + n, banks[n], 10, REFERENCE_MAX_MA, "mA") for n in names]
        # tenths of a milliamp at 7.4 V, in mW
        found.append([value // 100 * (REFERENCE_MV // 100) // 100 for value in row])
    return tuple(found)


def read_serial(calibration: object) -> str:
    """The unit's name, from a calibration that was accepted. Raises Refused."""
    return read_text("serial", calibration["serial"] if isinstance(calibration, dict) else "")
