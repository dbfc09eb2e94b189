"""Checks of the bring-up that a person takes part in: buttons, buckle, charger, hands, signals.

Called by `tools.bringup.session` in the order of `tools.bringup.steps`. Nothing is lit.
"""

from firmware.core.inputs import BUCKLE, CHARGER, CHARGING, DOWN, START, UP
from firmware.core.limits import SKIN_CODE_MAX, SKIN_STEP_MIN
from tools.bringup import programs
from tools.bringup.checks_dark import bus_constants, ntc_c, read_sensors
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.bringup.wires import INPUT_NAMES, PADS, bus_wires, pin

WAIT_MS = 20_000  # for an act of the person
RELEASE_MS = 5_000
HAND_MS = 10_000  # of a hand on a pad, before its warmth is read
OFF_MS = 1_000
BUZZER_HZ = 2_000
SCREEN_ROWS = [f"{row} WAISTBAND {row}" for row in range(1, 9)]
RISE_C = 1.0  # a hand on a sensor, against the other pad's
BOARD_RISE_C = 0.25  # assumed: of a LED board with a hand on its back
TMP117_CODES = 128  # a C
ALIKE_SHARE = 0.7  # the other pad still changes by the hand that lay there before; more is a fault


def place_of(bits: int) -> int:
    """Place of the highest bit; MicroPython has no `int.bit_length`."""
    return len(bin(bits)) - 3


def names_of(bits: int) -> str:
    """The inputs of these bits."""
    return " and ".join(name for k, name in enumerate(INPUT_NAMES) if bits >> k & 1)


def check_input(bringup: Bringup, act: str, bit: int, allowed: int, verdict: Verdict) -> bool:
    """Have a person close one input; judge what came. Returns whether it was this one.

    `allowed` are bits that may come with it."""
    pins = bringup.board.PINS_IN
    bringup.person.do(act)
    began, now = bringup.ask(programs.INPUTS, inputs=pins, ms=WAIT_MS)
    name = INPUT_NAMES[place_of(bit)]
    wire = pin(pins[place_of(bit)])
    came = now & ~began
    if began & bit:
        verdict.fail("inputs.held", name=name, pin=wire)
    elif not came & ~allowed & ~bit and came & bit:
        return True
    elif came & ~allowed & ~bit:
        other = place_of(came & ~allowed & ~bit)
        verdict.fail("inputs.other", name=name, found=names_of(came), pin=wire,
                     other=pin(pins[other]))  # fmt: skip
    else:
        verdict.fail("inputs.nothing", name=name, pin=wire)
    return False


def check_opens(bringup: Bringup, act: str, bits: int, verdict: Verdict) -> None:
    """Have a person open an input again, where an act is named; judge whether it does."""
    pins = bringup.board.PINS_IN
    if act:
        bringup.person.do(act)
    began, now = bringup.ask(programs.INPUTS, inputs=pins, ms=WAIT_MS if act else RELEASE_MS)
    left = (began & now if not act else now) & bits
    if left:
        place = place_of(left & -left)
        verdict.fail("inputs.stays", name=INPUT_NAMES[place], pin=pin(pins[place]))


def check_buttons(bringup: Bringup, verdict: Verdict) -> None:
    """Each button, alone; none is held before."""
    for act, bit in (("START", START), ("UP", UP), ("DOWN", DOWN)):
        if check_input(bringup, act, bit, 0, verdict):
            check_opens(bringup, "", bit, verdict)


def check_buckle(bringup: Bringup, verdict: Verdict) -> None:
    """The buckle closes and opens."""
    if check_input(bringup, "buckle", BUCKLE, 0, verdict):
        check_opens(bringup, "buckle_off", BUCKLE, verdict)


def check_charger(bringup: Bringup, verdict: Verdict) -> None:
    """The charger is seen when it comes and when it goes."""
    if check_input(bringup, "charger", CHARGER, CHARGING, verdict):
        check_opens(bringup, "charger_off", CHARGER, verdict)


def check_hands(bringup: Bringup, verdict: Verdict) -> None:
    """A hand on one pad is seen by the four sensors of this pad, and by none of the other."""
    bringup.person.do("off")
    before = sense_pads(bringup, OFF_MS)
    for side, pad in enumerate(PADS):
        code = before["skin sensor"][side]
        if not 0 < code < SKIN_CODE_MAX:
            verdict.fail("hands.range", pad=pad, code=code, most=SKIN_CODE_MAX,
                         wires=sensor_wires(bringup, "skin sensor"))  # fmt: skip
    skin: dict[str, float] = {}
    for side, pad in enumerate(PADS):
        bringup.person.do(f"hand_{pad}")
        now = sense_pads(bringup, HAND_MS)
        skin[pad] = now["skin sensor"][side]
        for sensor, (least, _) in SENSORS.items():
            here = now[sensor][side] - before[sensor][side]
            there = now[sensor][1 - side] - before[sensor][1 - side]
            judge_hand(bringup, pad, sensor, here / least, there / least, verdict)
        bringup.person.do("off")
        before = sense_pads(bringup, HAND_MS) if pad == "A" else before
    verdict.values["skin_codes"] = {
        pad: {"air": round(air), "skin": round(skin[pad])}
        for pad, air in zip(PADS, before["skin sensor"])
    }


# Sensor of a pad: least change that a hand makes, in its own unit; its wires.
SENSORS = {
    "thermistor": (RISE_C, "adc"),
    "contact thermometer": (RISE_C, "i2c"),
    "LED-board thermometer": (BOARD_RISE_C, "i2c"),
    "skin sensor": (float(SKIN_STEP_MIN), "skin"),
}


def sense_pads(bringup: Bringup, ms: int) -> "dict[str, list[float]]":
    """What each sensor of SENSORS reads on pad A and B, C or codes. Raises ValueError where one is
    silent: `parts` has passed, so that its line broke since."""
    codes, read = read_sensors(bringup, ms)
    found = []
    for value in read[:6]:
        if value is None:
            raise ValueError("a sensor fell silent")
        found.append(float(value))
    return {
        "thermistor": [ntc_c(bringup, code) for code in codes[:2]],
        "contact thermometer": [code / TMP117_CODES for code in found[:2]],
        "LED-board thermometer": [code / TMP117_CODES for code in found[2:4]],
        "skin sensor": found[4:6],
    }


def judge_hand(
    bringup: Bringup, pad: str, sensor: str, here: float, there: float, verdict: Verdict
) -> None:
    """Judge a hand on a pad: change of its own sensor and the other pad's, as shares of the least
    that counts."""
    words = {"pad": pad, "other": "B" if pad == "A" else "A", "sensor": sensor,
             "wires": sensor_wires(bringup, sensor)}  # fmt: skip
    if max(here, there) < 1.0:
        verdict.fail("hands.nothing", **words)
    elif here < ALIKE_SHARE * there:
        verdict.fail("hands.swapped", **words)
    elif there > ALIKE_SHARE * here:
        verdict.fail("hands.both", **words)


def sensor_wires(bringup: Bringup, sensor: str) -> str:
    """The wires of both pads' sensors of a kind."""
    kind = SENSORS[sensor][1]
    if kind == "adc":
        ntc_a, ntc_b, _ = bringup.board.PINS_ADC
        return f"{pin(ntc_a)} is pad A's, {pin(ntc_b)} pad B's"
    if kind == "skin":
        return "CIN1 of the FDC1004 is pad A's electrode, CIN2 pad B's; SHLD1 and SHLD2 behind them"
    straps = ("0x48 is pad A's (ADD0 to GND), 0x49 pad B's (ADD0 to V+)",
              "0x4A is pad A's (ADD0 to SDA), 0x4B pad B's (ADD0 to SCL)")  # fmt: skip
    return straps[sensor.startswith("LED")] + f"; {bus_wires(bringup.board, 0)}"


def check_signals(bringup: Bringup, verdict: Verdict) -> None:
    """Light, buzzer, motor and screen, each for a second or until it was looked at."""
    board = bringup.board
    pins = {"light": board.PIN_LIGHT, "buzzer": board.PIN_BUZZER, "motor": board.PIN_VIBRATION}
    for what, number in pins.items():
        bringup.ask(programs.SIGNAL, pin=number, hz=BUZZER_HZ if what == "buzzer" else 0)
        seen = verdict.values[what] = bringup.person.saw(what)
        if not seen and what == "motor":
            verdict.note("signals.motor", pin=pin(number))
        elif not seen:
            verdict.fail(f"signals.{what}", pin=pin(number))
    bringup.ask(programs.SCREEN, rows=SCREEN_ROWS, **bus_constants(bringup))
    seen = verdict.values["screen"] = bringup.person.saw("screen")
    if not seen:
        verdict.fail("signals.screen", wires=bus_wires(board, 1))
