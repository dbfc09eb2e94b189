"""Checks of the bring-up that need nobody and light nothing: product, pins, buses, sensors, pack.

Called by `tools.bringup.session` in the order of `tools.bringup.steps`. Each sends one program and
judges its answer.
"""

from firmware.core.conversions import ntc_table, tmp117_mc
from firmware.core.limits import NTC_OPEN_CODE, NTC_SHORT_CODE, PAIR_APART_MC
from tools.bringup import programs
from tools.bringup.session import Bringup
from tools.bringup.verdict import Verdict
from tools.bringup.wires import (
    OPTIONAL,
    PADS,
    PARTS,
    Part,
    bus_pins,
    bus_wires,
    emitter_pins,
    pin,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BOARD_APART_C = 5.0  # assumed: a LED board and its window in one room, dark for ten minutes
ROOM_C = (5.0, 40.0)  # of use, IEC 60601-1-11
PACK_V = (6.0, 8.6)  # 2S Li-ion: from 3.0 V a cell to 4.2 and what the divider errs by
PACK_APART = 0.03  # divider of 1 % resistors, converter's reference 1 %, gauge 7.5 mV a cell
SETTLE_MS = 600  # a conversion of the thermometers takes 125 ms
CELL_MV = 78.125e-3  # a code of the gauge
CELLS = 2
TABLE_STEP = 16  # codes between two entries of `ntc_table`
STRAY_HINT = {
    0x48: "",
    0x4C: " (ADD0 does not exist on this thermometer: it is not a TMP117)",
    0x44: " (the rail monitor with A1 to V+)",
    0x41: " (the rail monitor with A0 to V+)",
    0x45: " (the rail monitor with A0 and A1 to V+)",
    0x3D: " (a screen with its address jumper at 0x3D)",
    0x57: "",
}
EEPROMS = range(0x50, 0x58)  # beside the clock on many DS3231 modules, on the screen's bus


def check_product(bringup: Bringup, verdict: Verdict) -> None:
    """Every file of the release is there and right."""
    wrong = bringup.ask(programs.PRODUCT)
    if wrong:
        verdict.fail("product.wrong", what=wrong)


def check_pins(bringup: Bringup, verdict: Verdict) -> None:
    """Supply switch and banks: low while driven low, and pulled down by the board."""
    named = emitter_pins(bringup.board)
    for number, low, pulled in bringup.ask(programs.PINS, touches=True, pins=list(named)):
        if low:
            verdict.fail("pins.high", pin=pin(number), name=named[number])
        elif pulled:
            verdict.fail("pins.floats", pin=pin(number), name=named[number])


def check_buses(bringup: Bringup, verdict: Verdict) -> None:
    """Both buses are pulled up, and nobody holds them low."""
    named = dict(bus_pins(bringup.board))
    answer = bringup.ask(programs.BUSES, lines=list(named), **bus_constants(bringup))
    for number, level in answer:
        if not level:
            verdict.fail("buses.low", pin=pin(number), name=named[number])


def bus_constants(bringup: Bringup) -> "dict[str, Any]":
    """The pins of both buses, as programs take them."""
    return {"i2c0": bringup.board.PINS_I2C0, "i2c1": bringup.board.PINS_I2C1}


def check_parts(bringup: Bringup, verdict: Verdict) -> None:
    """Every part answers at its address, is the chip that it should be, and keeps its set-up."""
    registers = {part.name: part.identity[0] for part in PARTS}
    found, known = bringup.ask(programs.PARTS, identities=registers, **bus_constants(bringup))
    verdict.values["addresses"] = [[f"0x{address:02x}" for address in bus] for bus in found]
    for bus in (0, 1):
        parts = [part for part in PARTS if part.bus == bus]
        wires = bus_wires(bringup.board, bus)
        if not found[bus]:
            verdict.fail("parts.bus_silent", bus=bus, wires=wires)
            continue
        for part in parts:
            check_part(part, part.address in found[bus], known[part.name], wires, verdict)
        ours = {part.address for part in parts}
        for address in sorted(set(found[bus]) - ours):
            if not (bus == 1 and address in EEPROMS):
                hint = STRAY_HINT.get(address, "")
                verdict.fail("parts.stray", bus=bus, address=f"0x{address:02x}", hint=hint)


def check_part(
    part: Part, answers: bool, known: "tuple[int, bool]", wires: str, verdict: Verdict
) -> None:
    """Judge one part: whether it answers, what its identity register holds, its set-up."""
    where = {"title": part.title, "address": f"0x{part.address:02x}"}
    _, mask, identity = part.identity
    found, whole = known
    if not answers and part.name in OPTIONAL:
        verdict.note("parts.optional", **where)
    elif not answers:
        verdict.fail("parts.missing", wires=wires, strap=part.strap, **where)
    elif found & mask != identity:
        verdict.fail("parts.other", found=f"0x{found & 0xFFFF:04x}", wanted=f"0x{identity:04x}",
                     strap=part.strap, **where)  # fmt: skip
    elif not whole and part.name == "clock":
        verdict.note("parts.clock")
    elif not whole:
        verdict.fail("parts.set_up", wires=wires, **where)


def read_sensors(bringup: Bringup, ms: int) -> "tuple[list[float], list[int | None]]":
    """Codes of the converter, and registers of the sensors, after so many ms."""
    codes, read = bringup.ask(
        programs.SENSORS, ms=ms, adc=bringup.board.PINS_ADC, **bus_constants(bringup)
    )
    return codes, read


def ntc_c(bringup: Bringup, code: float) -> float:
    """A thermistor's temperature, C, without its calibration."""
    table = ntc_table(bringup.board)
    step, rest = divmod(code, TABLE_STEP)
    low, high = table[int(step)], table[min(int(step) + 1, len(table) - 1)]
    return (low + (high - low) * rest / TABLE_STEP) / 1000


def check_warmth(bringup: Bringup, verdict: Verdict) -> None:
    """Thermistors against the contact thermometers, LED boards against both; all in one room."""
    codes, read = read_sensors(bringup, SETTLE_MS)
    wires = bus_wires(bringup.board, 0)
    warm: list[float | None] = []
    for part, code in zip(PARTS, read[:4]):
        warm.append(None if code is None else tmp117_mc(code) / 1000)
        if code is None:
            verdict.fail("warmth.silent", title=part.title, wires=wires)
    for side, pad in enumerate(PADS):
        adc = pin(bringup.board.PINS_ADC[side])
        contact, led_board = warm[side], warm[2 + side]
        if codes[side] >= NTC_OPEN_CODE:
            verdict.fail("warmth.open", pad=pad, pin=adc)
            continue
        if codes[side] <= NTC_SHORT_CODE:
            verdict.fail("warmth.short", pad=pad, pin=adc)
            continue
        ntc = ntc_c(bringup, codes[side])
        verdict.values[pad] = {"ntc_c": round(ntc, 2), "contact_c": contact, "board_c": led_board}
        if contact is None:
            continue
        if abs(ntc - contact) > PAIR_APART_MC / 1000:
            verdict.fail("warmth.apart", pad=pad, ntc=ntc, contact=contact, pin=adc,
                         limit=PAIR_APART_MC / 1000)  # fmt: skip
        if not ROOM_C[0] <= contact <= ROOM_C[1]:
            verdict.fail("warmth.room", what=PARTS[side].title, c=contact)
        if led_board is not None and abs(led_board - contact) > BOARD_APART_C:
            verdict.fail("warmth.board", title=PARTS[2 + side].title, board=led_board,
                         apart=abs(led_board - contact))  # fmt: skip


def check_battery(bringup: Bringup, verdict: Verdict) -> None:
    """The pack through its divider against the fuel gauge."""
    codes, read = read_sensors(bringup, SETTLE_MS)
    adc = pin(bringup.board.PINS_ADC[2])
    pack_v = codes[2] * bringup.board.BATTERY_FULL_SCALE_MV / 4096 / 1000
    verdict.values["pack_v"] = round(pack_v, 2)
    if not PACK_V[0] <= pack_v <= PACK_V[1]:
        verdict.fail("battery.pack", pack=pack_v, low=PACK_V[0], high=PACK_V[1], pin=adc)
    if read[6] is None:
        verdict.fail("battery.silent")
        return
    gauge_v = read[6] * CELL_MV * CELLS / 1000
    verdict.values["gauge_v"] = round(gauge_v, 2)
    if abs(pack_v / gauge_v - 1) > PACK_APART:
        verdict.fail("battery.apart", pack=pack_v, gauge=gauge_v, pin=adc)
