"""Stand-in for the chip and its parts: the unit's own program runs on MicroPython's unix port.

`install` puts `machine`, `rp2` and `time` where imports find them; `boot.py`, `main.py`, hal/
and firmware/ then run as on the unit. Nothing here allocates once it is installed: every object is
made beforehand, and every answer is an integer that stands ready. `framebuf`, `select`, `gc` and
the console's streams are the interpreter's own.

| used by                             | shows                                                    |
|-------------------------------------|----------------------------------------------------------|
| tests/hal/test_hal_on_micropython   | no tick of a whole session allocates: the heap is locked |
| tools.dev.figures_device            | live heap after start; ticks with the heap locked        |
| tools.dev.count_ticks               | instructions of a tick                                   |

Not simulated: a part that does not answer (the port makes an exception for it), a whole line that
a host types (its text is made), a file that is read.
"""

import gc
import json
import sys
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TICK_US = 20_000
MASK, HALF = (1 << 30) - 1, 1 << 29
CLOCK_US = (1 << 30) - 5_000_000  # both clocks wrap on the way
CLOCK_MS = (1 << 30) - 45_000
LEASE_MS = 50
# The session: ticks at which a button is pressed (released PRESS_TICKS later), and the tick at
# which pad A's thermistor opens.
PRESSES = ((550, "START"), (3_200, "START"), (3_600, "START"), (3_900, "DOWN"), (4_100, "START"))
PRESS_TICKS = 10
OPEN_TICK, OPEN_CODE = 5_600, 4_081
END_TICK = 6_000
SKIN, WARMEST, HOTTEST = 34 * 128, 38 * 128, 41 * 128  # 1/128 C; the session goes to WARMEST
WARM_TICKS = 20  # a step warmer each time, from the first light on
PACK_MV = 7_800
CONTACT_A, CONTACT_B, BOARD_A, BOARD_B, RAIL, GAUGE, SENSOR = 72, 73, 74, 75, 64, 54, 80
SCREEN, CLOCK = 0x3C, 0x68
SHUNT = 1  # a register of RAIL
REGISTERS = 32  # of a part
IDENTITY = (  # what parts hold from the beginning: address, register, word
    (SENSOR, 0xFE, 0x5449), (SENSOR, 0xFF, 0x1004), (SENSOR, 0, 20_480), (SENSOR, 2, 20_480),
    (CONTACT_A, 0x0F, 0x0117), (CONTACT_B, 0x0F, 0x0117), (BOARD_A, 0x0F, 0x0117),
    (BOARD_B, 0x0F, 0x0117), (GAUGE, 8, 0x0012), (GAUGE, 2, 49_920), (GAUGE, 4, 80 << 8),
    (CLOCK, 0x0F, 0x8000),
)  # fmt: skip
FIRST_ADC_PIN, PINS = 26, 30
# Functions that write files, which happens only while dark: these may allocate. Module, class,
# method.
WRITERS = (
    ("firmware.waistband", "Waistband", "_tidy"),
    ("firmware.records.persistent_state", "PersistentState", "store_day"),
    ("firmware.records.journal_events", "JournalEvents", "boot"),
    ("firmware.records.journal_events", "JournalEvents", "begin"),
)


class Chip:
    """Time, pins, buttons, skin and light."""

    def __init__(self) -> None:
        self.us = self.tick = 0
        self.levels = bytearray(PINS)
        self.duty = [0] * PINS
        self.power_mw = [0] * PINS  # of a bank at full duty
        self.inputs = [0] * PINS  # bits of `firmware.core.inputs`
        self.enable = -1
        self.down = 0  # such bits: what is pressed or closed
        self.presses: tuple[tuple[int, int], ...] = ()
        self.in_session = False  # PRESSES, skin that warms, and an end
        self.codes = [0, 0, 0]
        self.skin_codes = array("H", [0] * (HOTTEST - SKIN))  # by raw temperature
        self.raw = SKIN
        self.granted_ms = -LEASE_MS
        self.active = 0
        self.held_01ma = 0  # the most current since the rail monitor was asked
        self.over = StopIteration()  # raised at END_TICK; made here, as a tick may not allocate
        self.counts = {"duty": 0, "grants": 0, "fed": 0, "scratch": 0, "pages": 0, "plain": 0}
        self.unit: Any = None
        self.ticks = array("H", [0] * 32)  # by state
        self.heap_locked = False
        self.lock_heap: Any = None  # MicroPython's functions
        self.unlock_heap: Any = None

    def attach(self, board: "Any") -> None:
        """Take a board's pins and the codes of its thermistors and battery."""
        from firmware.core import inputs
        from firmware.core.conversions import ntc_code

        for row in board.BANKS:
            self.power_mw[row[1]] = self.power_mw[row[2]] = row[3]
        for k, pin in enumerate(board.PINS_IN):
            self.inputs[pin] = 1 << k
        self.enable = board.PIN_ENABLE
        self.down = inputs.BUCKLE
        self.presses = tuple([(tick, getattr(inputs, name)) for tick, name in PRESSES])
        for k in range(len(self.skin_codes)):
            self.skin_codes[k] = ntc_code(board, (SKIN + k) * 1_000 // 128)
        self.codes[2] = PACK_MV * 4_096 // board.BATTERY_FULL_SCALE_MV

    def hold_current(self) -> None:
        """Sum the current of all lit banks; hold the maximum for the current monitor."""
        if not self.active or self.us // 1_000 - self.granted_ms >= LEASE_MS:
            return
        total_mw = 0
        for pin in range(PINS):
            total_mw += self.duty[pin] * self.power_mw[pin] // 65_535
        current_01ma = total_mw * 10_000 // PACK_MV
        self.held_01ma = max(self.held_01ma, current_01ma)

    def sleep_us(self, us: int) -> None:
        """End a tick: count it, then set time and inputs of the next. Before the first one, where
        buses are cleared, time alone goes by."""
        self.us += us
        if self.unit is None:
            return
        self.ticks[self.unit.session.state] += 1
        self.tick += 1
        if self.in_session:
            self._play()
        noise = self.tick >> 3 & 1  # not the same sum in every control step
        self.codes[0] = self.codes[1] = self.skin_codes[self.raw - SKIN] + noise
        if self.in_session and self.tick >= OPEN_TICK:
            self.codes[0] = OPEN_CODE

    def _play(self) -> None:
        """Buttons, warmer skin and the end, by the tick."""
        tick = self.tick
        for at, bit in self.presses:
            if tick == at:
                self.down |= bit
            elif tick == at + PRESS_TICKS:
                self.down &= ~bit
        if self.held_01ma and not tick % WARM_TICKS and self.raw < WARMEST:
            self.raw += 1
        if tick == END_TICK:
            raise self.over

    def ticks_ms(self) -> int:
        """Milliseconds, 30 bits."""
        return CLOCK_MS + self.us // 1_000 & MASK

    def ticks_us(self) -> int:
        """Microseconds, 30 bits."""
        return CLOCK_US + self.us & MASK


class Pin:
    """A pin, with the methods of `machine.PWM` and `machine.ADC` as well."""

    def __init__(self, chip: Chip, number: int) -> None:
        self.chip = chip
        self.number = number

    def value(self, x: int = -1) -> int:
        """Set the level, or return it."""
        chip = self.chip
        if x >= 0:
            chip.levels[self.number] = x
            return x
        bit = chip.inputs[self.number]
        if bit:
            return 0 if chip.down & bit else 1
        return chip.levels[self.number]

    def freq(self, hz: int) -> None:
        """Accept the frequency of a slice."""

    def duty_u16(self, duty: int) -> None:
        """Set the duty, 0-65535."""
        self.chip.duty[self.number] = duty
        self.chip.counts["duty"] += 1
        self.chip.hold_current()

    def read_u16(self) -> int:
        """Return the ADC's reading."""
        return self.chip.codes[self.number - FIRST_ADC_PIN] << 4


class Pins:
    """`machine.Pin`: returns the pin's one object."""

    IN, OUT, PULL_UP = 0, 1, 1

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.made = tuple([Pin(chip, number) for number in range(PINS)])

    def __call__(self, number: int, mode: int = -1, pull: int = -1, value: int = -1) -> Pin:
        """`machine.Pin(...)`."""
        pin = self.made[number]
        if mode == self.OUT:
            self.chip.counts["plain"] += 1
            self.chip.duty[number] = 0
            if number == self.chip.enable:
                self.chip.active = 0
        if value >= 0:
            pin.value(value)
        return pin


def channel(pin: Pin, freq: int = -1, duty_u16: int = -1) -> Pin:
    """`machine.PWM` and `machine.ADC`: the pin itself."""
    if duty_u16 >= 0:
        pin.duty_u16(duty_u16)
    return pin


class I2C:
    """`machine.I2C`: both buses, and the 16-bit registers of all their parts."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.at = array("i", [0] * 128)
        self.words: dict[int, Any] = {}
        self.asked: dict[int, Any] = {}
        for address in (CONTACT_A, CONTACT_B, BOARD_A, BOARD_B, RAIL, GAUGE, SCREEN, CLOCK):
            self.words[address] = array("H", [0] * REGISTERS)
            self.asked[address] = array("H", [0] * REGISTERS)
        # identities of the skin sensors' chip are the last of all registers
        self.words[SENSOR], self.asked[SENSOR] = array("H", [0] * 256), array("H", [0] * 256)
        for address, register, word in IDENTITY:
            self.words[address][register] = word

    def __call__(self, number: int, scl: Pin, sda: Pin, freq: int = 0, timeout: int = 0) -> "I2C":
        """`machine.I2C(...)`: one object for both buses."""
        return self

    def writeto(self, address: int, data: bytearray, stop: bool = True) -> int:
        """Take a register's number, its new content, or a picture for the screen."""
        if address == SCREEN:
            if len(data) > 100:
                self.chip.counts["pages"] += 1
            return len(data)
        self.at[address] = data[0]
        if len(data) == 3:
            self.words[address][data[0]] = data[1] << 8 | data[2]
        return len(data)

    def readfrom_into(self, address: int, into: bytearray) -> None:
        """Read the register that was chosen. Thermometers read skin temperature with noise."""
        chip = self.chip
        register = self.at[address]
        self.asked[address][register] += 1
        word = self.words[address][register]
        if not register and CONTACT_A <= address <= BOARD_B:
            word = chip.raw + (chip.tick >> 4 & 1)
        elif register == SHUNT and address == RAIL:
            word = chip.held_01ma
            chip.held_01ma = 0
            chip.hold_current()
        into[0] = word >> 8
        if len(into) > 1:
            into[1] = word & 255


class Machine:
    """`rp2.StateMachine` of the lease, `machine.WDT` and `machine.mem32`."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.word = 0

    def __call__(self, number: int = 0, timeout: int = 0) -> "Machine":
        """The constructors: one object for all."""
        return self

    def init(self, program: object, freq: int, set_base: Pin) -> None:
        """Take the enable pin."""

    def active(self, on: int) -> None:
        """Start or stop."""
        self.chip.active = on

    def tx_fifo(self) -> int:
        """Words that wait in the FIFO."""
        return 0

    def put(self, word: int) -> None:
        """Renew the lease."""
        self.chip.granted_ms = self.chip.us // 1_000
        self.chip.counts["grants"] += 1
        self.chip.hold_current()

    def feed(self) -> None:
        """Feed the watchdog."""
        self.chip.counts["fed"] += 1

    def __getitem__(self, address: int) -> int:
        return self.word

    def __setitem__(self, address: int, word: int) -> None:
        self.chip.counts["scratch"] += 1
        self.word = word


def make_module(**content: object) -> type:
    """An importable namespace."""
    return type("module", (), content)


def install() -> "tuple[Chip, I2C, int]":
    """Return the chip, its buses, and the bytes of heap in use before the program is imported."""
    chip = Chip()
    one, bus = Machine(chip), I2C(chip)
    made: dict[str, Any] = {
        "machine": make_module(
            Pin=Pins(chip), PWM=channel, ADC=channel, I2C=bus, WDT=one, mem32=one,
            reset=lambda: None, reset_cause=lambda: 1, PWRON_RESET=1, WDT_RESET=3,
        ),
        "time": make_module(
            ticks_ms=chip.ticks_ms, ticks_us=chip.ticks_us, sleep_us=chip.sleep_us,
            ticks_add=lambda ticks, delta: ticks + delta & MASK,
            ticks_diff=lambda later, earlier: (later - earlier + HALF & MASK) - HALF,
            sleep_ms=lambda ms: None,
        ),
        "rp2": make_module(
            PIO=make_module(OUT_LOW=2), StateMachine=one,
            asm_pio=lambda **settings: lambda body: body,
        ),
    }  # fmt: skip
    made["umachine"], made["utime"] = made["machine"], made["time"]
    sys.modules.update(made)
    gc.collect()
    return chip, bus, gc.mem_alloc()  # type: ignore[attr-defined]


def start(chip: Chip) -> "tuple[Any, Any]":
    """Run boot.py, wire main.py's unit and run its first tick; return hal and main."""
    __import__("boot")
    main: Any = __import__("main")
    from hal.boards import RPI_PICO

    chip.attach(RPI_PICO)
    chip.codes[0] = chip.codes[1] = chip.skin_codes[0]
    hal, chip.unit = main.wire()
    hal.unchecked = None  # no release is installed here; a unit checks its files before READY
    hal.start_watchdog()
    chip.unit.tick()
    return hal, main


def unlock_writers(chip: Chip) -> None:
    """Wrap each of WRITERS: the heap is unlocked while it runs. One calls another."""

    def unlocked(write: "Any") -> "Any":
        # No `*arguments`, and two names to close over: MicroPython allocates a tuple of arguments,
        # and a call with more than five values.
        def run(owner: "Any", whole: "Any" = None) -> "Any":
            outermost = chip.heap_locked
            if outermost:
                chip.heap_locked = False
                chip.unlock_heap()
            result = write(owner) if whole is None else write(owner, whole)
            if outermost:
                chip.lock_heap()
                chip.heap_locked = True
            return result

        return run

    for module, name, method in WRITERS:
        owner = getattr(__import__(module, None, None, (name,)), name)
        setattr(owner, method, unlocked(getattr(owner, method)))


def run_session(chip: Chip, hal: "Any", main: "Any") -> "tuple[str, bool]":
    """Run main.py's loop through the session with the heap locked. Return what was raised (""),
    and whether the heap was still locked at the end."""
    import micropython  # type: ignore[import-not-found]

    chip.lock_heap, chip.unlock_heap = micropython.heap_lock, micropython.heap_unlock
    unlock_writers(chip)
    for what in chip.counts:
        chip.counts[what] = 0
    chip.in_session = chip.heap_locked = True
    raised, to_the_end = "", False
    chip.lock_heap()
    try:
        main.run(hal, chip.unit)
    except BaseException as why:
        try:
            chip.codes = [OPEN_CODE, chip.tick]
        except MemoryError:
            to_the_end = True
        chip.unlock_heap()
        if why is not chip.over:
            raised = repr(why)
    return raised, to_the_end


def report(session: bool) -> None:
    """Print measurements as JSON on a line of its own: after `start`, or after a whole session."""
    chip, bus, found_bytes = install()
    hal, main = start(chip)
    gc.collect()
    live: int = gc.mem_alloc()  # type: ignore[attr-defined]
    locked = chip.unit.session.locked or ""
    found: dict[str, Any] = {"before": found_bytes, "live": live, "locked": locked}
    if session:
        from firmware.core.states import STATES

        found["raised"], found["locked to the end"] = run_session(chip, hal, main)
        found["tick"], found["state"] = chip.tick, STATES[chip.unit.session.state]
        found["ticks"] = {STATES[k]: n for k, n in enumerate(chip.ticks) if n}
        found["asked"] = [
            [address, k, n] for address in bus.asked for k, n in enumerate(bus.asked[address]) if n
        ]
        found["counts"] = chip.counts
        found["sent"], found["fill"] = hal.console.length, hal.console.fill
    print("\n" + json.dumps(found))
