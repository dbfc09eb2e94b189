"""Module `machine` for one chip: the classes that `hal/` uses; each operation takes its time.

Costs in microseconds were measured on an emulated RP2040 with MicroPython 1.24 at 125 MHz and
rounded; those marked "(assumed)" were not. Whatever is not here raises AttributeError.
"""

from sim.driver_depth.core import POWER_ON, WATCHDOG, WDT_MAX_MS
from sim.driver_depth.gpio import PINS, PULL_DOWN, PULL_UP, PWM, SIO, pin_number
from sim.driver_depth.i2c import I2C, Bus
from sim.driver_depth.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from sim.driver_depth.core import Chip

PIN_US, ADC_US, PWM_US, PIN_NEW_US, PWM_NEW_US = 4, 5, 6, 30, 40
WDT_US, MEM_US = 4, 2  # (assumed)
FIRST_ADC_PIN, ADC_PINS = 26, 4
SCRATCH_BASE = 0x4005_800C  # WATCHDOG_SCRATCH0, RP2040 data sheet 4.7
WORD = 0xFFFFFFFF


class Pin:
    """`machine.Pin`, input or output: one object a pin. `chip` and `made` are set on a subclass
    made for each chip, as `chip` is in the classes below."""

    chip: "Chip"
    made: "dict[int, Any]"

    IN, OUT = 0, 1
    PULL_UP, PULL_DOWN = PULL_UP, PULL_DOWN
    id: int

    def __new__(cls, id: object, *_: object, **__: object) -> "Pin":
        """Return the pin's one object."""
        number = pin_number(id)
        if not 0 <= number < PINS:
            raise ValueError("invalid pin")
        if number not in cls.made:
            cls.made[number] = object.__new__(cls)
            cls.made[number].id = number
        made: Pin = cls.made[number]
        return made

    def __init__(self, id: object, *configuration: object, **named: object) -> None:
        if configuration or named:
            self.init(*configuration, **named)  # type: ignore[arg-type]

    def init(
        self, mode: int | None = None, pull: int | None = None, *, value: object = None
    ) -> None:
        """Set mode, pull (none where none is named) and, for outputs, the level."""
        gpio, number = self.chip.gpio, self.id
        if mode is not None:
            if mode == self.OUT and value is not None:
                gpio.set_out(number, int(bool(value)))
            gpio.set_direction(number, mode == self.OUT)
            gpio.set_function(number, SIO)
        gpio.pull[number] = pull or 0
        self.chip.spend(PIN_NEW_US)

    def value(self, x: object = None) -> int | None:
        """Set the level, or read what is at the pin."""
        self.chip.spend(PIN_US)
        if x is None:
            return self.chip.gpio.level(self.id)
        self.chip.gpio.set_out(self.id, int(bool(x)))
        return None

    def off(self) -> None:
        """Drive the pin low."""
        self.value(0)


class PwmChannel:
    """`machine.PWM`: a channel; both of a slice share its frequency."""

    chip: "Chip"

    def __init__(self, dest: object, freq: int | None = None, duty_u16: int | None = None) -> None:
        pin = pin_number(dest)
        self.channel = pin & 15
        self.chip.pwm.duty[self.channel] = None
        if freq is not None:
            self.chip.pwm.set_freq(self.channel, freq)
        if duty_u16 is not None:
            self.chip.pwm.set_duty(self.channel, duty_u16)
        self.chip.gpio.set_function(pin, PWM)
        self.chip.spend(PWM_NEW_US)

    def freq(self, value: int) -> None:
        """Set the slice's frequency, Hz."""
        self.chip.spend(PWM_US)
        self.chip.pwm.set_freq(self.channel, value)

    def duty_u16(self, value: int) -> None:
        """Set the duty, 0-65535."""
        self.chip.spend(PWM_US)
        self.chip.pwm.set_duty(self.channel, value)

    def deinit(self) -> None:
        """Stop the slice; the pin keeps its level."""
        self.chip.spend(PWM_US)
        self.chip.pwm.stop(self.channel)


class Adc:
    """`machine.ADC` on a pin."""

    chip: "Chip"

    def __init__(self, id: object) -> None:
        self.channel = pin_number(id) - FIRST_ADC_PIN
        if not 0 <= self.channel < ADC_PINS:
            raise ValueError("Pin doesn't have ADC capabilities")

    def read_u16(self) -> int:
        """Convert: the 12 bits on top, and the upper four again below them."""
        self.chip.spend(ADC_US)
        code = self.chip.bench.convert(self.channel)
        return code << 4 | code >> 8


class Wdt:
    """The watchdog: it cannot be stopped, but made anew it takes another timeout."""

    chip: "Chip"

    def __init__(self, id: int = 0, timeout: int = 5_000) -> None:
        if id:
            raise ValueError(f"WDT({id}) doesn't exist")
        if timeout > WDT_MAX_MS:
            raise ValueError(f"timeout exceeds {WDT_MAX_MS}")
        self.chip.start_watchdog(timeout)

    def feed(self) -> None:
        """Start the timeout again."""
        self.chip.spend(WDT_US)
        self.chip.watchdog_us = self.chip.us + self.chip.watchdog_span_us


class Timer:
    """A timer of MicroPython's: its callback runs in the program, between two operations."""

    chip: "Chip"
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(
        self, id: int, *, period: int, mode: int, callback: "Callable[[Timer], object]"
    ) -> None:
        if id != -1:
            raise ValueError("Timer doesn't exist")
        self.period_us = period * 1_000
        self.once = mode == self.ONE_SHOT
        self.callback = callback
        self.due_us = self.chip.us + self.period_us
        self.chip.timers.append(self)
        self.chip.due_by(self.due_us)

    def deinit(self) -> None:
        """Stop it."""
        if self in self.chip.timers:
            self.chip.timers.remove(self)

    def run_due(self, us: int) -> None:
        """Call back, if that is due."""
        if us < self.due_us:
            return
        self.due_us += self.period_us
        if self.once:
            self.deinit()
        self.callback(self)


class Memory:
    """`machine.mem32`: the watchdog's scratch registers and two of the USB controller."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip

    def _slot(self, address: int) -> int:
        self.chip.spend(MEM_US)
        slot, off = divmod(address - SCRATCH_BASE, 4)
        if off or not 0 <= slot < len(self.chip.scratch):
            raise ValueError(f"address {address:#x} is not on this chip")
        return slot

    def __getitem__(self, address: int) -> int:
        registers = self.chip.usb.registers()
        if address in registers:
            self.chip.spend(MEM_US)
            return registers[address]
        return self.chip.scratch[self._slot(address)]

    def __setitem__(self, address: int, value: int) -> None:
        self.chip.scratch[self._slot(address)] = value & WORD


def machine_module(chip: "Chip", buses: tuple[Bus, Bus]) -> Module:
    """Make the module `machine`."""

    def bind(kind: type, **more: object) -> type:
        more["chip"] = chip
        return type(kind.__name__, (kind,), more)

    def reset() -> "NoReturn":
        chip.reset(WATCHDOG, "reset")
        raise SystemExit

    def lightsleep(time_ms: int = 1 << 40) -> None:
        chip.asleep = True
        chip.pwm.freeze(True)
        chip.spend(time_ms * 1_000)
        chip.pwm.freeze(False)

    return Module("machine", {
        "Pin": bind(Pin, made={}), "PWM": bind(PwmChannel), "ADC": bind(Adc), "WDT": bind(Wdt),
        "Timer": bind(Timer),
        "I2C": bind(I2C, buses=buses), "mem32": Memory(chip), "reset": reset,
        "lightsleep": lightsleep, "reset_cause": lambda: chip.cause,
        "PWRON_RESET": POWER_ON, "WDT_RESET": WATCHDOG,
    })  # fmt: skip
