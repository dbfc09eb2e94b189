"""The unit's whole program on MicroPython, its chip and parts holding still: what it allocates.

Used by `tools.dev.figures_device` on MicroPython's unix port, with the compiled device files
on its path: `stand_in()`, then `main` may be imported, then `report` it. `main.wire` makes
board, HAL, drivers and firmware as on the unit, and `main.run` is the loop that is measured.
Here stand in for the chip: registers that keep what they are told, and time that goes by in
sleeps only.
"""

import gc
import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TICKS_MASK = (1 << 30) - 1
LEASE_US = 50_000
RAIL_US = 68_000
PRESS_TICKS = 10
SETTLED_TICKS = 600  # after a state is reached: the garbage of getting there is collected
PATIENCE_TICKS = 10_000

# Pins, and registers as (address << 8 | register), of the reference board at 37 C.
ENABLE, START, BUCKLE, BANKS = 16, 18, 21, range(8, 16)
ADC_PINS = (26, 27, 28)
RAIL = 0x4001
BANKS_MW = (1_500, 1_500, 1_277, 1_277, 1_176, 1_176, 3_000, 3_000)  # in the order of the pins
CONTACT_RAW, BOARD_RAW = 37 * 128, 30 * 128
CONTACTS = (0x4800, 0x4900)
SKIN_MC = 37_000
PACK_MV, CELL_RAW, CHARGE_RAW = 7_600, 3_800 * 64 // 5, 70 << 8
REGISTERS = {
    0x480F: 0x0117, 0x490F: 0x0117, 0x4A0F: 0x0117, 0x4B0F: 0x0117, 0x3608: 0x0012,
    0x4800: CONTACT_RAW, 0x4900: CONTACT_RAW, 0x4A00: BOARD_RAW, 0x4B00: BOARD_RAW,
    0x3602: CELL_RAW, 0x3604: CHARGE_RAW,
}  # fmt: skip


class Chip:
    """What the parts below share."""

    found_bytes = 0  # of heap, before the program
    us = 0
    lease_us = 0  # when it runs out
    start = 0  # the button is down
    duties = [0] * len(BANKS_MW)
    drawn_01ma = 0  # by what was lit last
    rail_us = 0  # until when the rail monitor's average shows that


def draw() -> None:
    """What the banks take from the supply, while some are lit."""
    total_mw = 0
    for bank in range(len(BANKS_MW)):
        total_mw += Chip.duties[bank] * BANKS_MW[bank] >> 16
    if total_mw:
        Chip.drawn_01ma = total_mw * 10_000 // PACK_MV
        Chip.rail_us = Chip.us + RAIL_US


class Pin:
    """`machine.Pin`."""

    IN, OUT, PULL_UP = 0, 1, 2

    def __init__(self, number: int, mode: int = -1, pull: int = -1, value: int = 0) -> None:
        self.number = number

    def value(self, new: "int | None" = None) -> int:
        """Inputs are pulled up; START, buckle and supply switch are what they are."""
        if self.number == ENABLE:
            return int(Chip.us < Chip.lease_us)
        return int(self.number != BUCKLE and not (self.number == START and Chip.start))


class Pwm:
    """`machine.PWM`."""

    def __init__(self, pin: Pin, freq: int = 0, duty_u16: int = 0) -> None:
        self.bank = pin.number - BANKS[0] if pin.number in BANKS else -1

    def freq(self, hz: int) -> None:
        """Nothing hangs on it."""

    def duty_u16(self, duty: int) -> None:
        """Lit, or not."""
        if self.bank >= 0:
            Chip.duties[self.bank] = duty


class Adc:
    """`machine.ADC`."""

    codes = (0, 0, 0)  # of ADC_PINS

    def __init__(self, pin: Pin) -> None:
        self.code = self.codes[ADC_PINS.index(pin.number)] << 4

    def read_u16(self) -> int:
        """Nearly the same again: a converter is never quite still."""
        return self.code + (Chip.us >> 18 & 1) * 16


class I2c:
    """`machine.I2C`: registers of two bytes."""

    def __init__(self, number: int, **options: object) -> None:
        self.register = 0

    def writeto(self, address: int, data: bytearray, stop: bool = True) -> None:
        """A register's number, and perhaps its content."""
        self.register = register = address << 8 | data[0]
        if len(data) == 3:
            REGISTERS[register] = data[1] << 8 | data[2]

    def readfrom_into(self, address: int, into: bytearray) -> None:
        """The register that was named last."""
        value = REGISTERS.get(self.register, 0)
        if self.register == RAIL:
            value = Chip.drawn_01ma if Chip.us < Chip.rail_us else 0
        elif self.register in CONTACTS:
            value += Chip.us >> 22 & 1  # a step every four seconds: nothing is quite still
        into[0] = value >> 8
        if len(into) > 1:
            into[1] = value & 0xFF


class Watchdog:
    """`machine.WDT`."""

    def __init__(self, timeout: int = 0) -> None:
        """It never bites here."""

    def feed(self) -> None:
        """It is content."""


class Lease:
    """`rp2.StateMachine`."""

    def __init__(self, number: int) -> None:
        """Nothing is granted."""

    def init(self, program: object, **options: object) -> None:
        """Ready."""

    def active(self, on: int) -> None:
        """Stopped, it holds nothing."""
        if not on:
            Chip.lease_us = 0

    def tx_fifo(self) -> int:
        """Always room."""
        return 0

    def put(self, word: int) -> None:
        """A grant."""
        Chip.lease_us = Chip.us + LEASE_US


class Module:
    """What an `import` gives; made with its content by name."""

    def __init__(self, **content: object) -> None:
        for name, value in content.items():
            setattr(self, name, value)


class Over(Exception):
    """Enough ticks."""


class Watch:
    """Leads the unit into a state, then looks at the heap between ticks. Allocates nothing."""

    def __init__(self, unit: "Any", state: int, ready: int, ticks: int) -> None:
        self.unit = unit
        self.state = state
        self.ready = ready
        self.ticks = ticks
        self.settled = self.seen = self.waited = 0
        self.down = PRESS_TICKS  # how long START is still to be pressed
        self.before = 0
        self.most = 0  # bytes that one tick allocated

    def sleep_us(self, us: int) -> None:
        """A tick of `main.run` is over."""
        used: int = gc.mem_alloc()  # type: ignore[attr-defined]
        if Chip.us < Chip.lease_us:
            draw()
        Chip.us += us
        if self.unit.session.state == self.state and self.settled >= SETTLED_TICKS:
            if self.seen and used - self.before > self.most:
                self.most = used - self.before
            self.seen += 1
            if self.seen > self.ticks:
                raise Over
        else:
            self._lead()
        self.before = gc.mem_alloc()  # type: ignore[attr-defined]

    def _lead(self) -> None:
        now = self.unit.session.state
        Chip.start = 0
        if now == self.state:
            self.settled += 1
        elif now == self.ready and self.down:
            self.down -= 1
            Chip.start = 1
        self.waited += 1
        if self.waited > PATIENCE_TICKS:
            raise ValueError(now)


def stand_in() -> None:
    """Put the modules of the chip where imports find them."""
    sys.modules["machine"] = Module(  # type: ignore[assignment]
        Pin=Pin, PWM=Pwm, ADC=Adc, I2C=I2c, WDT=Watchdog, mem32={0x4005_800C: 0},
        PWRON_RESET=1, WDT_RESET=3, reset_cause=lambda: 1, reset=lambda: None,
    )  # fmt: skip
    sys.modules["rp2"] = Module(  # type: ignore[assignment]
        PIO=Module(OUT_LOW=0), StateMachine=Lease, asm_pio=lambda **options: lambda program: program
    )
    sys.modules["time"] = Module(  # type: ignore[assignment]
        ticks_ms=lambda: Chip.us // 1_000 & TICKS_MASK,
        ticks_us=lambda: Chip.us & TICKS_MASK,
        ticks_add=lambda us, more: us + more & TICKS_MASK,
        ticks_diff=lambda a, b: ((a - b + (1 << 29)) & TICKS_MASK) - (1 << 29),
        sleep_us=lambda us: None,
        sleep_ms=lambda ms: None,
    )
    gc.collect()
    Chip.found_bytes = gc.mem_alloc()  # type: ignore[attr-defined]


def run(main: "Any", state: str, ticks: int) -> "dict[str, Any]":
    """Start the unit, and let its loop run so many ticks in a state; none if so few are wanted."""
    from firmware.core.conversions import ntc_code
    from firmware.core.states import STATES
    from hal.boards import RPI_PICO as BOARD

    board: Any = BOARD
    code = ntc_code(board, SKIN_MC)
    Adc.codes = (code, code, PACK_MV * 4_096 // board.BATTERY_FULL_SCALE_MV)
    hal, unit = main.wire()
    hal.unchecked = None  # here is no release to look at; a unit has done so before it is ready
    unit.tick()
    gc.collect()
    live: int = gc.mem_alloc()  # type: ignore[attr-defined]
    locked = unit.session.locked or ""
    found = {"before": Chip.found_bytes, "live": live, "locked": locked, "ticks": ticks}
    if ticks:
        watch = Watch(unit, STATES.index(state), STATES.index("READY"), ticks)
        sys.modules["time"].sleep_us = watch.sleep_us  # type: ignore[attr-defined]
        try:
            main.run(hal, unit)
        except Over:
            found["most"] = watch.most
    return found


def report(main: "Any", state: str, ticks: int) -> None:
    """Print what `run` found, on a line of its own."""
    said = json.dumps(run(main, state, ticks))
    print("\n" + said)
