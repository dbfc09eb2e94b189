"""A stand-in of `machine`, `rp2` and `time` that allocates nothing, and the unit on it.

`micropython -m sim.driver_depth.canned`, on the unix VM: boot.py, then main.py's own loop with the
heap locked from its first tick to its last, through a whole session; the desk's `machine`
cannot serve, as it reckons in floats. Here every object is made beforehand (as the chip's
own are) and every answer is a whole number that stands ready. `framebuf`, `select`, `sys`,
`gc` and the console's streams are the interpreter's own.

Left out: a part that does not answer (the port makes an exception for it), a whole line
that a host types (its text is made), a file that is read. The last line printed is
JSON: what was visited and asked, and "" or what was raised, in which tick and state.
"""

import json
import sys
from array import array

from firmware.core import states
from firmware.core.conversions import ntc_code
from firmware.core.inputs import BUCKLE, DOWN, START
from firmware.records.journal_events import JournalEvents
from firmware.records.persistent_state import PersistentState
from firmware.waistband import Waistband
from hal.boards import RPI_PICO
from sim.driver_depth.core_modules import FORCED
from sim.driver_depth.module import Module
from sim.driver_depth.vm_runner import Over, put_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TICK_US = 20_000
MASK = (1 << 30) - 1
HALF = 1 << 29
CLOCK_US = (1 << 30) - 5_000_000  # both clocks wrap on the way
CLOCK_MS = (1 << 30) - 45_000
LEASE_MS = 50
# Ticks at which buttons are pressed (released 10 later), and pad A's thermistor opens.
PRESSES = ((150, START), (2_300, START), (2_700, START), (3_000, DOWN), (3_200, START))
PRESSES_END = 10
OPEN_TICK, OPEN_CODE = 5_600, 4_081
END_TICK = 6_000
SKIN, WARMEST = 34 * 128, 38 * 128  # 1/128 C
CODES = [ntc_code(RPI_PICO, raw * 1_000 // 128) for raw in range(SKIN, WARMEST + 1)]
PACK_CODE = 3_095  # 7.8 V
CONTACT_A, CONTACT_B, BOARD_A, BOARD_B, RAIL, GAUGE = 0x48, 0x49, 0x4A, 0x4B, 0x40, 0x36
SCREEN, CLOCK = 0x3C, 0x68
ADDRESSES = (CONTACT_A, CONTACT_B, BOARD_A, BOARD_B, RAIL, GAUGE, SCREEN, CLOCK)
SHUNT, VCELL, SOC, VERSION, ID, TIME_STATUS = 1, 2, 4, 8, 0x0F, 0x0F
FIRST_ADC_PIN = 26
PINS = 30


class Canned:
    """Time, pins, and what they come to."""

    def __init__(self) -> None:
        self.us = 0
        self.tick = 0
        self.levels = bytearray(PINS)
        self.duty = [0] * PINS
        self.power_mw = [0] * PINS  # of a bank at full duty
        for row in RPI_PICO.BANKS:
            self.power_mw[row[1]] = self.power_mw[row[2]] = row[3]
        self.down = BUCKLE  # bits of `firmware.core.inputs`
        self.codes = [0, 0, PACK_CODE]
        self.raw = SKIN
        self.granted_ms = -LEASE_MS
        self.active = 0
        self.held_01ma = 0  # the most current since the rail monitor was asked
        self.over = Over()
        self.counts = {"duty": 0, "grants": 0, "fed": 0, "scratch": 0, "pages": 0, "plain": 0}
        self.asked = array("i", bytes(4 << 15))  # by address and register
        self.seen = bytearray(len(states.STATES))
        self.unit: Any = None

    def count(self, what: str) -> None:
        """Another of these."""
        self.counts[what] += 1

    def weigh(self) -> None:
        """Current of all banks that are lit now."""
        if not self.active or self.us // 1_000 - self.granted_ms >= LEASE_MS:
            return
        total = 0
        for pin in range(PINS):
            total += self.duty[pin] * self.power_mw[pin] // 65_535
        current_01ma = total * 10_000 // 7_800
        if current_01ma > self.held_01ma:
            self.held_01ma = current_01ma

    def sleep_us(self, us: int) -> None:
        """The tick is over: the next begins."""
        self.us += us
        self.tick += 1
        tick = self.tick
        for at, bit in PRESSES:
            if tick == at:
                self.down |= bit
            elif tick == at + PRESSES_END:
                self.down &= ~bit
        self.seen[self.unit.session.state] = 1
        if self.held_01ma and not tick % 20 and self.raw < WARMEST:  # as skin warms
            self.raw += 1
        self.codes[0] = self.codes[1] = CODES[self.raw - SKIN] + (tick & 1)
        if tick >= OPEN_TICK:
            self.codes[0] = OPEN_CODE
        if tick == END_TICK:
            raise self.over

    def ticks_ms(self) -> int:
        """Milliseconds, 30 bits."""
        return CLOCK_MS + self.us // 1_000 & MASK

    def ticks_us(self) -> int:
        """Microseconds, 30 bits."""
        return CLOCK_US + self.us & MASK

    def ticks_add(self, ticks: int, delta: int) -> int:
        """Modulo 2**30."""
        return ticks + delta & MASK

    def ticks_diff(self, later: int, earlier: int) -> int:
        """Signed."""
        return (later - earlier + HALF & MASK) - HALF

    def sleep_ms(self, ms: int) -> None:
        """Only before the loop."""


class Pin:
    """A pin and its PWM channel."""

    def __init__(self, chip: Canned, number: int) -> None:
        self.chip = chip
        self.number = number
        self.bit = 0
        if number in RPI_PICO.PINS_IN:
            self.bit = 1 << RPI_PICO.PINS_IN.index(number)

    def value(self, x: int = -1) -> int:
        """Set, or read."""
        chip = self.chip
        if x >= 0:
            chip.levels[self.number] = x
            return x
        if self.bit:
            return 0 if chip.down & self.bit else 1
        return chip.levels[self.number]

    def freq(self, hz: int) -> None:
        """Of its slice."""

    def duty_u16(self, duty: int) -> None:
        """0-65535."""
        self.chip.duty[self.number] = duty
        self.chip.count("duty")
        self.chip.weigh()

    def read_u16(self) -> int:
        """A conversion."""
        return self.chip.codes[self.number - FIRST_ADC_PIN] << 4


class Pins:
    """`machine.Pin`, and where it is asked for no mode `PWM` and `ADC`: made beforehand."""

    IN, OUT, PULL_UP = 0, 1, 1

    def __init__(self, chip: Canned) -> None:
        self.chip = chip
        self.made = tuple([Pin(chip, number) for number in range(PINS)])

    def __call__(self, number: int, mode: int = -1, pull: int = -1, value: int = -1) -> Pin:
        """The pin's one object."""
        pin = self.made[number]
        if mode == self.OUT:
            self.chip.count("plain")
            self.chip.duty[number] = 0
            if number == RPI_PICO.PIN_ENABLE:
                self.chip.active = 0
        if value >= 0:
            pin.value(value)
        return pin


class Channels:
    """`machine.PWM`, `machine.ADC`: the pin itself."""

    def __call__(self, pin: Pin, freq: int = -1, duty_u16: int = -1) -> Pin:
        """The pin's one object."""
        if duty_u16 >= 0:
            pin.duty_u16(duty_u16)
        return pin


class I2C:
    """Both buses, and the registers of all their parts."""

    def __init__(self, chip: Canned) -> None:
        self.chip = chip
        self.at = array("i", [0] * 128)
        self.words = {address: array("H", bytes(64)) for address in ADDRESSES}
        for address in (CONTACT_A, CONTACT_B, BOARD_A, BOARD_B):
            self.words[address][ID] = 0x0117
        self.words[GAUGE][VERSION] = 0x0012
        self.words[GAUGE][VCELL] = 49_920
        self.words[GAUGE][SOC] = 80 << 8
        self.words[CLOCK][TIME_STATUS] = 0x8000

    def __call__(self, number: int, scl: Pin, sda: Pin, freq: int = 0, timeout: int = 0) -> "I2C":
        """One object for both."""
        return self

    def writeto(self, address: int, data: bytearray, stop: bool = True) -> int:
        """A register's number, or what it is to hold, or something for the screen."""
        if address == SCREEN:
            if len(data) > 100:
                self.chip.count("pages")
            return len(data)
        self.at[address] = data[0]
        if len(data) == 3:
            self.words[address][data[0]] = data[1] << 8 | data[2]
        return len(data)

    def readfrom_into(self, address: int, into: bytearray) -> None:
        """From the register on."""
        chip = self.chip
        register = self.at[address]
        chip.asked[address << 8 | register] += 1
        word = self.words[address][register]
        if not register and CONTACT_A <= address <= BOARD_B:
            word = chip.raw + (chip.tick >> 4 & 1)
        elif register == SHUNT and address == RAIL:
            word = chip.held_01ma
            chip.held_01ma = 0
            chip.weigh()
        into[0] = word >> 8
        if len(into) > 1:
            into[1] = word & 255


class Machine:
    """`rp2.StateMachine` that holds the lease, `machine.WDT` and `machine.mem32`."""

    def __init__(self, chip: Canned) -> None:
        self.chip = chip
        self.word = 0

    def __call__(self, number: int = 0, timeout: int = 0) -> "Machine":
        """One object for all."""
        return self

    def init(self, program: object, freq: int, set_base: Pin) -> None:
        """Take the enable pin."""

    def active(self, on: int) -> None:
        """Start or stop."""
        self.chip.active = on

    def tx_fifo(self) -> int:
        """Words waiting."""
        return 0

    def put(self, word: int) -> None:
        """A grant."""
        self.chip.granted_ms = self.chip.us // 1_000
        self.chip.count("grants")
        self.chip.weigh()

    def feed(self) -> None:
        """The watchdog."""
        self.chip.count("fed")

    def __getitem__(self, address: int) -> int:
        return self.word

    def __setitem__(self, address: int, word: int) -> None:
        self.chip.count("scratch")
        self.word = word


class Pio:
    """`rp2.PIO`."""

    OUT_LOW = 2


def modules(chip: Canned) -> "dict[str, Module]":
    """What takes the interpreter's place."""
    pins, channels, one = Pins(chip), Channels(), Machine(chip)
    return {
        "machine": Module("machine", {
            "Pin": pins, "PWM": channels, "ADC": channels, "I2C": I2C(chip), "WDT": one,
            "mem32": one, "reset": lambda: None, "reset_cause": lambda: 1, "PWRON_RESET": 1,
            "WDT_RESET": 3,
        }),
        "rp2": Module("rp2", {
            "PIO": Pio, "StateMachine": one, "asm_pio": lambda set_init: lambda body: body,
        }),
        "time": Module("time", {
            "ticks_ms": chip.ticks_ms, "ticks_us": chip.ticks_us, "ticks_add": chip.ticks_add,
            "ticks_diff": chip.ticks_diff, "sleep_us": chip.sleep_us, "sleep_ms": chip.sleep_ms,
        }),
    }  # fmt: skip


def is_locked(chip: Canned) -> bool:
    """Whether the heap is."""
    try:
        chip.codes = [OPEN_CODE, chip.tick]
    except MemoryError:
        return True
    return False


def let_keep(micropython: "Any") -> None:
    """Writing files, always while dark, may allocate: nothing else may."""
    inside = [False]  # `_tidy` calls others of these

    def unlocked(write: "Any") -> "Any":
        def done(unit: "Any", whole: "Any" = None) -> "Any":
            outer = not inside[0]
            if outer:
                inside[0] = True
                micropython.heap_unlock()
            said = write(unit) if whole is None else write(unit, whole)
            if outer:
                micropython.heap_lock()
                inside[0] = False
            return said

        return done

    for owner, name in (
        (Waistband, "_tidy"), (PersistentState, "store_day"), (JournalEvents, "boot"),
        (JournalEvents, "begin"),
    ):  # fmt: skip
        setattr(owner, name, unlocked(getattr(owner, name)))


def run() -> "dict[str, Any]":
    """The unit's loop with the heap locked; what it did, and what stopped it."""
    import micropython  # type: ignore[import-not-found]

    put_files()
    let_keep(micropython)
    chip = Canned()
    made = modules(chip)
    for name in made:
        sys.modules[name] = made[name]  # type: ignore[assignment]
    for name in FORCED:
        sys.modules[name] = made[FORCED[name]]  # type: ignore[assignment]
    __import__("boot")
    main: Any = __import__("main")
    hal, chip.unit = main.wire()
    hal.start_watchdog()
    hal.read(chip.unit.inputs)  # binds the rota to this record, once for all
    while hal.unchecked is not None:
        hal.feed()  # looks at the product's files, dark
    for what in chip.counts:
        chip.counts[what] = 0
    raised, locked = "", False
    micropython.heap_lock()
    try:
        main.run(hal, chip.unit)
    except BaseException as why:
        locked = is_locked(chip)
        micropython.heap_unlock()
        if why is not chip.over:
            raised = repr(why)
    asked = [[k >> 8, k & 255, n] for k, n in enumerate(chip.asked) if n]
    return {
        "raised": raised,
        "locked to the end": locked,
        "tick": chip.tick,
        "state": states.STATES[chip.unit.session.state],
        "seen": [states.STATES[k] for k in range(len(chip.seen)) if chip.seen[k]],
        "asked": asked,
        "counts": chip.counts,
        "sent": hal.console.length,
        "fill": hal.console.fill,
    }


if __name__ == "__main__":
    said = json.dumps(run())
    print()
    print(said)
