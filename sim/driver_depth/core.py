"""Virtual RP2040: clock, watchdog, resets, and the order of events.

`sim.driver_depth.unit_build` makes one; the modules of a program and `device` use it. Time is whole
microseconds since power-on and moves only by `spend`, by what each operation or sleep takes. Events
that fall due meanwhile are done in order, each at its own time, before `spend` returns.
"""

from sim.driver_depth.clock import NEVER, Clock
from sim.driver_depth.gpio import PWM, Gpio
from sim.driver_depth.light import Light
from sim.driver_depth.pio import Pio
from sim.driver_depth.pwm import Pwm
from sim.driver_depth.state_machine import StateMachine
from sim.driver_depth.usb import CTRL_C, Usb
from sim.driver_depth.wiring import Wiring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from sim.driver_depth.bench import Bench
    from sim.driver_depth.flash import Flash

    class Timer(Protocol):
        """A timer of MicroPython's that runs; `sim.driver_depth.hardware` has it."""

        due_us: int

        def run_due(self, us: int) -> None:
            """Call back, if that is due."""


TICKS_MASK = (1 << 30) - 1  # small ints of MicroPython on the chip: 31 bits, ticks are 30
POWER_ON, WATCHDOG = 1, 3  # as machine.reset_cause() has them
WDT_MAX_MS = 8_388  # RP2040: 24 bits that count twice a microsecond
BOOT_US = 19_000  # from a reset to the first line of boot.py, measured on an emulated chip
SCRATCH = 8  # watchdog scratch registers
NOT_REBOOT = 0x6AB73121  # the SDK's mark in scratch 4 that the watchdog was set by a program
GIVES_UP = 1_000  # operations of a program that catches its own end


class ChipReset(BaseException):
    """The chip is being reset: the program is over."""


class PowerCut(BaseException):
    """The unit's supply is gone."""


class Chip(Clock):
    """One RP2040 on its board."""

    def __init__(
        self, bench: "Bench", flash: "Flash", wiring: Wiring, start_ms: int = 0,
        pio: "type[StateMachine]" = StateMachine,
    ) -> None:  # fmt: skip
        """`start_ms` is what `ticks_ms` reads at power-on; `pio` runs the programs of
        PIO state machines."""
        Clock.__init__(self)
        self.ticks_zero_us = -start_ms * 1_000
        self.bench = bench
        self.flash = flash
        self.wiring = wiring
        self.cause = POWER_ON
        self.scratch = [0] * SCRATCH
        self.watchdog_us = NEVER  # when it resets the chip
        self.watchdog_span_us = 0
        self.pwm = Pwm(self)
        self.gpio = Gpio(self, wiring, bench.hardware)
        self.gpio.peripherals[PWM] = self.pwm.level
        self.gpio.on_supply_released = self.release_supply
        self.pio = Pio(self, self.gpio, pio)
        self.light: Light = Light(self, bench, wiring, self.gpio, self.pwm)
        self.usb = Usb(self)
        self.stop_us = NEVER  # when `on_stop` is called
        self.on_stop: Callable[[], None] | None = None
        self.step_us = NEVER  # when `on_step` is next called; it returns when again
        self.on_step: Callable[[int], int] | None = None
        self.dead: BaseException | None = None  # what ended the program that may still run
        self.swallowed = 0
        self.on_endless: Callable[[], None] | None = None  # ... which then never runs again
        self.resets: list[tuple[int, str]] = []  # (us, why)
        self.timers: list[Timer] = []  # of MicroPython's, that run
        self.asleep = False  # lightsleep was called
        self.bench.attach(self)
        self.bench.on_unheld = self.release_supply
        flash.clock = self

    # -- time --------------------------------------------------------------------------

    def ticks_ms(self) -> int:
        """Return milliseconds of the program's clock, 30 bits."""
        return (self.us - self.ticks_zero_us) // 1_000 & TICKS_MASK

    def catch_up(self) -> None:
        """Do what fell due up to now, each at its own moment."""
        end_us = self.us
        if self.dead:
            self._still_running()
        while self.due <= end_us:
            if self.due > self.us or self.due < end_us:
                self.us = max(self.due, 0)
            self._run_due(self.us)
            self._find_due()
        self.us = end_us
        if self.raising:
            raising, self.raising = self.raising, None
            raise raising

    def _run_due(self, us: int) -> None:
        if us >= self.pio.edge_us:
            self.pio.edge(us)
        if us >= self.bench.due_us:
            self.bench.handle_due(us)
        for timer in self.timers[:]:
            timer.run_due(us)
        if us >= self.step_us and self.on_step:
            self.step_us = self.on_step(us)
        if us >= self.watchdog_us:
            self.reset(WATCHDOG, "watchdog")
        if us >= self.stop_us and self.on_stop:
            self.stop_us = NEVER
            self.on_stop()

    def _find_due(self) -> None:
        self.due = min(
            self.pio.edge_us,
            self.bench.due_us,
            self.step_us,
            self.watchdog_us,
            self.stop_us,
            *[timer.due_us for timer in self.timers],
        )

    def stop_at(self, us: int) -> None:
        """Have `on_stop` called at this time."""
        self.stop_us = us
        self.due_by(us)

    def _still_running(self) -> None:
        """End each operation of a program whose chip was reset."""
        self.us = self.dead_us
        self.swallowed += 1
        if self.swallowed > GIVES_UP and self.on_endless:
            self.on_endless()
        assert self.dead
        raise self.dead

    # -- watchdog, resets ----------------------------------------------------------------

    def start_watchdog(self, timeout_ms: int) -> None:
        """Reset the chip unless fed within this time. It can be set anew, and never stopped."""
        self.watchdog_span_us = timeout_ms * 1_000
        self.scratch[4] = NOT_REBOOT
        self.feed()

    def feed(self) -> None:
        """Start the watchdog's timeout again."""
        if self.watchdog_span_us:
            self.watchdog_us = self.us + self.watchdog_span_us
            self.due_by(self.watchdog_us)

    def reset(self, cause: int, why: str) -> None:
        """Reset all of the chip but its scratch registers; the program is over."""
        if self.dead:
            raise self.dead
        self._reset_peripherals()
        self.cause = cause
        self.resets.append((self.us, why))
        self._end_program(ChipReset(why))

    def cut_power(self, why: str) -> None:
        """Cut the power: flash and the battery-backed clock alone keep their content."""
        self._reset_peripherals()
        self.scratch = [0] * SCRATCH
        self.bench.lose_power()
        self._end_program(PowerCut(why))

    def release_supply(self) -> None:
        """Switch off: the hold pin is low. The charger or USB may still supply the unit."""
        self.bench.powered = False
        if not self.bench.is_fed() and not self.usb.connected:
            self.cut_power("let go")

    def power_on(self, why: str = "power-on") -> None:
        """Power comes back after a cut, or because START was pressed."""
        self.cause = POWER_ON
        self.resets.append((self.us, why))

    def _end_program(self, end: BaseException) -> None:
        self.dead, self.dead_us, self.swallowed = end, self.us, 0
        self.due = 0
        raise end

    def _reset_peripherals(self) -> None:
        """Set all peripherals as after a reset: pins are inputs, pulled down."""
        self.count_light()
        self.gpio.reset()
        self.pwm.reset()
        self.pio.reset()
        self.watchdog_us, self.watchdog_span_us = NEVER, 0
        self.timers = []
        self.usb.kbd_intr = CTRL_C

    def boot(self) -> None:
        """Spend the time from a reset to the first line of the program."""
        self.dead = self.raising = None
        self.bench.refresh()
        self._find_due()
        if self.resets:
            self.ticks_zero_us = self.us  # the timer is reset with the rest
        self.spend(BOOT_US)

    def soft_reset(self) -> None:
        """Reset MicroPython softly: pins, PIO pins, the watchdog and half of the slices stay."""
        self.timers = []
        self.pio.disable_all()
        self.pwm.deinit_all()
        self.usb.kbd_intr = CTRL_C
