"""The HAL contract on an RP2040 or RP2350 board: what the unit itself runs on.

`read` opens a tick: clock, pins, converter, one transfer on the sensors' bus (a reading, or a
register of some set-up), a step of the cue that plays. `feed` closes it, and with what is left of
the tick sends one row to the screen and some bytes to the host. Allocates nothing in either while
parts answer.
"""

import gc
import time

import machine
from machine import ADC, WDT, Pin

from hal import storage
from hal.bus import Bus
from hal.console import Console
from hal.contract import OTHER, POWER_ON, WATCHDOG
from hal.ds3231 import Ds3231
from hal.emitters import Emitters
from hal.fdc1004 import Fdc1004
from hal.files import Check, Wrong
from hal.ina219 import Ina219
from hal.max17049 import Max17049
from hal.oled import Oled
from hal.player import Player
from hal.resets import ARMED
from hal.tmp117 import Tmp117

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from hal.bus import Part
    from hal.contract import Board, Inputs
    from hal.player import Cue

    class Rp2Board(Board, Protocol):
        """A board file with its chip and pins."""

        CHIP: str
        SCRATCH_ADDRESS: int
        PIN_ENABLE: int
        PINS_ADC: tuple[int, int, int]
        PINS_I2C0: tuple[int, int]
        PINS_I2C1: tuple[int, int]
        PINS_IN: tuple[int, int, int, int, int, int]
        PIN_LIGHT: int
        PIN_BUZZER: int
        PIN_VIBRATION: int
        PIN_POWER_HOLD: int


CLOCK_MASK = (1 << 30) - 1
WORD_MASK = (1 << 30) - 1
STEP_MAX_MS = 100  # a cue goes on from a tick that came later than this as if it were this
WATCHDOG_ARMED_MS = 500
WATCHDOG_MS = 8_000  # a flash sector may take 400 ms, and littlefs may want several
SKIP_TICKS = 10  # a stuck bus is tried this often, each try costing its timeout
SCREEN_RETRY_TICKS = 250  # a lost screen is looked for this often, while dark
CHECK_IN_TICKS = 25  # the product's files are looked at once the self-test has had its time
HOST = 64  # of `Inputs.pins`

# Address of each pad's thermometers on the sensors' bus.
CONTACTS = (0x48, 0x49)
BOARDS = (0x4A, 0x4B)

# The rota of the sensors' bus: one transfer a tick, 800 ms a round. The rail monitor averages
# over 68 ms and is asked every 40, so that no average is missed. A contact thermometer is asked
# every 200 ms, so that each control step has a reading of its own and no reading lasts two. LED
# boards and skin sensors are asked every 400, so late before a control step that one reading that
# fails, as after a reset of the chip, is not yet a silent part.
# VERIFY reads the next register of some part's set-up again: all 13 of them within 5.2 s, lit or
# dark. SPARE is the rail monitor's turn, but for what cannot wait: its own set-up that the firmware
# wants read back, or a set-up that was lost. No lamp test reads a current in those turns.
CONTACT_A, CONTACT_B, BOARD_A, BOARD_B, RAIL, CELL, CHARGE, SKIN_A, SKIN_B, SPARE, VERIFY = range(
    11
)
ROTA_CELL = (
    CELL, SPARE, BOARD_A, RAIL, SKIN_A, SPARE, CONTACT_A, RAIL, CONTACT_B, RAIL,
    VERIFY, SPARE, BOARD_B, RAIL, SKIN_B, SPARE, CONTACT_A, RAIL, CONTACT_B, RAIL,
)  # fmt: skip
ROTA = ROTA_CELL + tuple([CHARGE if turn == CELL else turn for turn in ROTA_CELL])


class Rp2Hal:
    """`hal.contract.Hal` on a board. `powered` turns False when the unit is to be off, `leaving`
    True when it is to restart, with `serving` into service mode: the loop that calls it sees to
    both."""

    # Files, as `hal.contract` has them.
    load = staticmethod(storage.load)
    store = staticmethod(storage.store)
    append = staticmethod(storage.append)
    size = staticmethod(storage.size)
    tail = staticmethod(storage.tail)

    def __init__(self, board: "Rp2Board", cues: "tuple[Cue, ...]") -> None:
        """Dark first; then every part found and set up, which takes 10 ms, and 100 where the
        buses hang. A part that is missing is looked for again on its turn of the rota."""
        self.emitters = Emitters(board, board.PIN_ENABLE)
        self.hold = Pin(board.PIN_POWER_HOLD, Pin.OUT, value=1)
        self.powered = True
        self.leaving = False
        self.serving = False
        self.scratch_address = board.SCRATCH_ADDRESS
        self.watchdog: WDT | None = None
        self.watchdog_ms = 0
        self.pins = tuple([Pin(number, Pin.IN, Pin.PULL_UP) for number in board.PINS_IN])
        ntc_a, ntc_b, pack = board.PINS_ADC
        self.ntc_a = ADC(Pin(ntc_a))
        self.ntc_b = ADC(Pin(ntc_b))
        self.pack = ADC(Pin(pack))
        self.player = Player(board.PIN_LIGHT, board.PIN_BUZZER, board.PIN_VIBRATION, cues)
        self.console = Console()
        self._fit_sensors(Bus(0, *board.PINS_I2C0))
        self.screen_bus = Bus(1, *board.PINS_I2C1)
        self.clock = Ds3231(self.screen_bus)
        self.screen = Oled(self.screen_bus)
        self.screen.begin()
        self.ms: int = time.ticks_ms()  # type: ignore[assignment]
        self.turn = 0  # of the rota
        self.skipped = 0  # ticks without a transfer, the bus being stuck
        self.verified = 0  # the part whose set-up is read again
        self.lost: Part | None = None  # a part whose set-up was lost
        self.rail_asked = False  # the firmware wants the rail monitor's set-up read back
        self.screen_ticks = 0
        self.shown = False  # a row, since a page was sent
        self.unchecked: Check | None = Check()  # of the product's files
        self.check_in = CHECK_IN_TICKS
        self.inputs: Inputs | None = None
        self.rota: tuple[Row, ...] = ()
        self._delegate()

    def _fit_sensors(self, bus: Bus) -> None:
        """The parts of the sensors' bus, each set up unless the bus is held."""
        self.sensors = bus
        self.contact_a = Tmp117(bus, CONTACTS[0], True)
        self.contact_b = Tmp117(bus, CONTACTS[1], True)
        self.board_a = Tmp117(bus, BOARDS[0], False)
        self.board_b = Tmp117(bus, BOARDS[1], False)
        self.rail = Ina219(bus)
        self.gauge = Max17049(bus)
        self.skin = Fdc1004(bus)
        self.parts: tuple[Part, ...] = (
            self.contact_a, self.contact_b, self.board_a, self.board_b, self.rail, self.gauge,
            self.skin,
        )  # fmt: skip
        for k, part in enumerate(self.parts):
            part.number = k  # as `hal.contract.LOST_NAMES`
            if not bus.stuck():
                part.begin()

    def _delegate(self) -> None:
        """Methods of the contract that one part fulfils alone."""
        self.drive = self.emitters.drive
        self.carrier = self.emitters.carrier
        self.off = self.emitters.off
        self.renew_lease = self.emitters.lease.grant
        self.signal = self.player.play
        self.write_line = self.console.write_line
        self.listening = self.console.is_free
        self.read_line = self.console.read_line
        self.send_file = self.console.send_file
        self.receive = self.console.receive
        self.wall_clock = self.clock.seconds
        self.set_wall_clock = self.clock.set

    # -- a tick ------------------------------------------------------------------------

    def read(self, inputs: "Inputs") -> None:
        """Fill the record: about 1 ms, and 5 more where the bus hangs."""
        if inputs is not self.inputs:
            self._bind(inputs)
        ms: int = time.ticks_ms()  # type: ignore[assignment]
        elapsed_ms = (ms - self.ms) & CLOCK_MASK
        self.ms = inputs.ms = ms
        ntc = inputs.ntc
        ntc[0] = self.ntc_a.read_u16() >> 4
        ntc[1] = self.ntc_b.read_u16() >> 4
        inputs.battery[0] = self.pack.read_u16() >> 4
        bits = 0
        bit = 1
        for pin in self.pins:
            if not pin.value():
                bits |= bit
            bit <<= 1
        console = self.console
        if console.interrupted:
            console.interrupted = False
            bits |= HOST
        inputs.pins = bits
        self._ask(inputs)
        self.player.step(ms, elapsed_ms if elapsed_ms < STEP_MAX_MS else STEP_MAX_MS)

    def _ask(self, inputs: "Inputs") -> None:
        """This tick's transfer on the sensors' bus."""
        turn = self.turn
        self.turn = turn + 1 if turn + 1 < len(ROTA) else 0
        dark = not self.emitters.lit
        if self.sensors.stuck():
            self.skipped += 1
            if self.skipped < SKIP_TICKS:
                return
            self.skipped = 0
            if dark:
                self.sensors.recover()
        part, measure, target, index, heard, free = self.rota[turn]
        if free and self._look_after(free, inputs):
            return
        if part.ready and measure(target, index):
            inputs.heard[heard] = inputs.ms
        elif not part.ready:
            part.step()
        elif part is self.skin:
            self.lost = part  # before others, which measure on; silent for 5 ms after a reset
        self._note(part, inputs)

    def prove_rail(self) -> None:
        """Have the rail monitor's set-up read back in the next turn that is free for it."""
        self.rail_asked = True

    def _look_after(self, free: int, inputs: "Inputs") -> bool:
        """A turn that is free: one transfer for a set-up, or False where no part needs any."""
        rail = self.rail
        lost = self.lost
        if self.rail_asked and rail.whole:
            part: Part = rail
            if rail.step():
                self.rail_asked = False
                inputs.proved[0] = inputs.ms
        elif lost is not None:
            part = lost
            self.lost = None  # but for a step that went well: a part that is silent has no claim
            if part.step() and not part.whole:
                self.lost = part
        elif free == VERIFY:
            part = self.parts[self.verified]
            if not (part.ready and part.step()) or part.is_round():
                verified = self.verified + 1
                self.verified = verified if verified < len(self.parts) else 0
        else:
            return False
        self._note(part, inputs)
        return True

    def _note(self, part: "Part", inputs: "Inputs") -> None:
        """Say how often a part lost its set-up, and have it set up anew; what does not measure
        (`ready`) has its own turns."""
        if part.found:
            free = self.lost is None and part.bus.running == 0
            if part.ready and not part.whole and free:
                self.lost = part
            inputs.lost[part.number] = part.lost

    def _bind(self, inputs: "Inputs") -> None:
        """The rota's rows for a record: what to ask, where its answer goes, its `heard` slot, and
        whether the turn is free for a set-up."""
        self.inputs = inputs
        rows: tuple[Row, ...] = (
            (self.contact_a, self.contact_a.measure, inputs.contact, 0, 0, 0),
            (self.contact_b, self.contact_b.measure, inputs.contact, 1, 1, 0),
            (self.board_a, self.board_a.measure, inputs.board, 0, 2, 0),
            (self.board_b, self.board_b.measure, inputs.board, 1, 3, 0),
            (self.rail, self.rail.measure, inputs.rail, 0, 4, 0),
            (self.gauge, self.gauge.measure_cell, inputs.gauge, 0, 5, 0),
            (self.gauge, self.gauge.measure_charge, inputs.gauge, 1, 5, 0),
            (self.skin, self.skin.measure, inputs.skin, 0, 6, 0),
            (self.skin, self.skin.measure, inputs.skin, 1, 7, 0),
            (self.rail, self.rail.measure, inputs.rail, 0, 4, SPARE),
            (self.rail, self.rail.measure, inputs.rail, 0, 4, VERIFY),
        )
        self.rota = tuple([rows[what] for what in ROTA])

    def feed(self) -> None:
        """The tick went through: feed the watchdog, then use the time that is left."""
        if self.watchdog is not None:
            self.watchdog.feed()
        if self.shown or not self.emitters.lit:  # the caller chose this tick for a page
            self.shown = False
            self.screen.step()
        self.console.step()
        if self.check_in:
            self.check_in -= 1
        elif self.unchecked is not None:
            self._check()
        if not self.screen.ready and not self.emitters.lit:
            self.screen_ticks += 1
            if self.screen_ticks >= SCREEN_RETRY_TICKS:
                self.screen_ticks = 0
                if self.screen_bus.stuck():
                    self.screen_bus.recover()
                self.screen.begin()

    def _check(self) -> None:
        """Look at one more of the product's files. A wrong one leads into service mode, where
        `main.py` says which it is, and a deploy can mend it."""
        try:
            if self.unchecked is not None and self.unchecked.step():
                return
        except Wrong:
            self.restart_to_service()
        self.unchecked = None

    def show(self, row: int, cells: bytearray) -> None:
        """Keep a row of text; the next `feed` sends its page."""
        self.screen.show(row, cells)
        self.shown = True

    # -- power, watchdog, and what outlives a reset --------------------------------------

    def start_watchdog(self) -> None:
        """From here on a loop that stops is a reset. Never called in service mode."""
        self._watch(WATCHDOG_MS)

    def _watch(self, timeout_ms: int) -> None:
        self.watchdog = WDT(timeout=timeout_ms)
        self.watchdog_ms = timeout_ms

    def arm(self, armed: bool) -> None:
        """Short watchdog and the arming word, or long and none. The short one is taken
        whatever the switch does, as it can only end light sooner; the long one, and no
        word, only with the switch read open."""
        self.console.end_transfer()
        if armed:
            if self.unchecked is not None:
                self.unchecked.finish()  # raises where a file is wrong: not a photon then
                self.unchecked = None
            gc.collect()  # the last time before light ends: a session allocates nothing
            self.set_scratch(self.scratch() | ARMED)
        elif self.emitters.lease.closed():
            return
        else:
            self.set_scratch(self.scratch() & ~ARMED)
        if self.watchdog is not None:
            self._watch(WATCHDOG_ARMED_MS if armed else WATCHDOG_MS)

    def power_off(self) -> None:
        """Let go of the supply. Where something else feeds the unit (a host), it lives on,
        dark, with `powered` False."""
        self.emitters.off()
        self.powered = False
        self.hold.value(0)

    def restart(self) -> None:
        """Ask for a restart; it comes once the answer had time to go out."""
        self.leaving = True

    def restart_to_service(self) -> None:
        """Ask for a restart into service mode."""
        self.leaving = self.serving = True

    def reset_cause(self) -> int:
        """Why the chip began anew; it knows two reasons."""
        cause = machine.reset_cause()
        if cause == machine.PWRON_RESET:
            return POWER_ON
        return WATCHDOG if cause == machine.WDT_RESET else OTHER

    def scratch(self) -> int:
        """Watchdog scratch 0, 30 bits of it."""
        word: int = machine.mem32[self.scratch_address]
        return word & WORD_MASK

    def set_scratch(self, word: int) -> None:
        """Keep 30 bits over resets."""
        machine.mem32[self.scratch_address] = word & WORD_MASK


if TYPE_CHECKING:
    from collections.abc import Callable

    Row = tuple[Part, Callable[[list[int], int], bool], list[int], int, int, int]
