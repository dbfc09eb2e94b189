"""`machine` for one chip: classes whose every operation takes its time.

Costs in microseconds were measured on an emulated RP2040 with MicroPython 1.24 at
125 MHz, rounded; "(assumed)" was not.
"""

from sim.driver_depth.core import POWER_ON, WATCHDOG, WDT_MAX_MS
from sim.driver_depth.gpio import PINS, PULL_DOWN, PULL_UP, PWM, SIO
from sim.driver_depth.i2c import I2C, Bus, pin_number
from sim.driver_depth.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from sim.driver_depth.core import Chip

PIN_US, ADC_US, PWM_US, PIN_NEW_US, PWM_NEW_US = 4, 5, 6, 30, 40
WDT_US, MEM_US = 4, 2  # (assumed)
IDLE_US = 1_000
FIRST_ADC_PIN, ADC_CHANNELS = 26, 5
SCRATCH_BASE = 0x4005_800C  # WATCHDOG_SCRATCH0, RP2040 data sheet 4.7
RESET_REASON = 0x4005_8008
WORD = 0xFFFFFFFF


class Pin:
    """`machine.Pin`: one object a pin, as in MicroPython. `chip` and `made` are set on a
    subclass made for each chip, as `chip` is in the classes below."""

    chip: "Chip"
    made: "dict[int, Any]"

    IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
    PULL_UP, PULL_DOWN = PULL_UP, PULL_DOWN
    id: int

    def __new__(cls, id: object, *_: object, **__: object) -> "Pin":
        """The pin's one object."""
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
        self, mode: int | None = None, pull: int | None = None, *,
        value: object = None, alt: int = SIO,
    ) -> None:  # fmt: skip
        """Mode, pull (none where none is named) and, for outputs, the level."""
        chip, number = self.chip, self.id
        gpio = chip.gpio
        if mode is not None:
            if mode == self.OUT and value is not None:
                gpio.set_out(number, int(bool(value)))
            elif mode == self.OPEN_DRAIN:
                gpio.set_out(number, 0)
            gpio.open_drain[number] = mode == self.OPEN_DRAIN
            if mode == self.ALT:
                gpio.set_function(number, alt)
            else:
                low = mode == self.OPEN_DRAIN and value is not None and not value
                gpio.set_direction(number, mode == self.OUT or low)
                gpio.set_function(number, SIO)
        gpio.pull[number] = pull or 0
        chip.spend(PIN_NEW_US)

    def value(self, x: object = None) -> int | None:
        """Set the level, or read what is at the pin."""
        chip = self.chip
        gpio = chip.gpio
        chip.us += PIN_US
        if chip.us >= chip.due:
            chip.catch_up()
        if x is None:
            number = self.id
            if gpio.function[number] == SIO and not gpio.drives[number]:
                if chip.bench.hardware.pins & gpio.drivers.get(number, 0):
                    return 0
                if number not in gpio.forced:
                    return gpio.pull[number] & PULL_UP
            return gpio.level(number)
        if gpio.open_drain[self.id]:
            gpio.set_direction(self.id, not x)
        else:
            gpio.set_out(self.id, int(bool(x)))
        return None

    __call__ = value

    def on(self) -> None:
        """High."""
        self.value(1)

    def off(self) -> None:
        """Low."""
        self.value(0)

    high, low = on, off


class PwmChannel:
    """A channel; both of a slice share its frequency."""

    chip: "Chip"

    def __init__(self, dest: object, freq: int = -1, **settings: int) -> None:
        pin = pin_number(dest)
        self.channel = pin & 15
        self.chip.pwm.duty[self.channel] = None
        self.init(freq, **settings)
        self.chip.gpio.set_function(pin, PWM)
        self.chip.spend(PWM_NEW_US)

    def init(self, freq: int = -1, *, duty_u16: int = -1, duty_ns: int = -1) -> None:
        """Frequency of the slice and duty of the channel."""
        if freq != -1:
            self.chip.pwm.set_freq(self.channel, freq)
        if duty_u16 != -1:
            self.chip.pwm.set_u16(self.channel, duty_u16)
        if duty_ns != -1:
            self.chip.pwm.set_ns(self.channel, duty_ns)

    def freq(self, value: int | None = None) -> int | None:
        """Of the slice, Hz."""
        self.chip.spend(PWM_US)
        if value is None:
            return self.chip.pwm.freq(self.channel)
        self.chip.pwm.set_freq(self.channel, value)
        return None

    def duty_u16(self, value: int | None = None) -> int | None:
        """0-65535."""
        chip = self.chip
        chip.us += PWM_US
        if chip.us >= chip.due:
            chip.catch_up()
        if value is None:
            return self.chip.pwm.duty_u16(self.channel)
        self.chip.pwm.set_u16(self.channel, value)
        return None

    def duty_ns(self, value: int) -> None:
        """High time of a period, ns."""
        self.chip.spend(PWM_US)
        self.chip.pwm.set_ns(self.channel, value)

    def deinit(self) -> None:
        """Stop the slice; the pin keeps its level."""
        self.chip.spend(PWM_US)
        self.chip.pwm.stop(self.channel)


class Adc:
    """A channel, or the pin it is on."""

    chip: "Chip"

    def __init__(self, id: object) -> None:
        number = pin_number(id)
        channel = number
        if number >= ADC_CHANNELS or not isinstance(id, int):
            channel = number - FIRST_ADC_PIN
            if not 0 <= channel < ADC_CHANNELS - 1:
                raise ValueError("Pin doesn't have ADC capabilities")
        self.channel = channel

    def read_u16(self) -> int:
        """One conversion: its 12 bits on top, and again below them."""
        chip = self.chip
        chip.us += ADC_US
        if chip.us >= chip.due:
            chip.catch_up()
        code = self.chip.bench.convert(self.channel)
        return code << 4 | code >> 8


class Wdt:
    """The watchdog: no way to stop it, but made anew it takes another timeout."""

    chip: "Chip"

    def __init__(self, id: int = 0, timeout: int = 5_000) -> None:
        if id:
            raise ValueError(f"WDT({id}) doesn't exist")
        if timeout > WDT_MAX_MS:
            raise ValueError(f"timeout exceeds {WDT_MAX_MS}")
        self.chip.start_watchdog(timeout)

    def feed(self) -> None:
        """Count from the beginning."""
        chip = self.chip
        chip.us += WDT_US
        if chip.us >= chip.due:
            chip.catch_up()
        self.chip.watchdog_us = self.chip.us + self.chip.watchdog_span_us


class Memory:
    """`machine.mem32`: the watchdog's scratch registers and reset reason; nothing else."""

    def __init__(self, chip: "Chip") -> None:
        self.chip = chip

    def _slot(self, address: int) -> int:
        self.chip.spend(MEM_US)
        slot, off = divmod(address - SCRATCH_BASE, 4)
        if off or not 0 <= slot < len(self.chip.scratch):
            raise ValueError(f"address {address:#x} is not on this chip")
        return slot

    def __getitem__(self, address: int) -> int:
        if address == RESET_REASON:
            return int(self.chip.cause == WATCHDOG)
        return self.chip.scratch[self._slot(address)]

    def __setitem__(self, address: int, value: int) -> None:
        self.chip.scratch[self._slot(address)] = value & WORD


def machine_module(chip: "Chip", buses: tuple[Bus, Bus]) -> Module:
    """The module `machine`."""

    def of(kind: type) -> type:
        return type(kind.__name__, (kind,), {"chip": chip})

    def reset() -> "NoReturn":
        chip.reset(WATCHDOG, "reset")
        raise SystemExit

    def soft_reset() -> "NoReturn":
        raise SystemExit

    def lightsleep(time_ms: int = 1 << 40) -> None:
        chip.asleep = True
        chip.pwm.freeze(True)
        chip.spend(time_ms * 1_000)
        chip.pwm.freeze(False)

    contents: dict[str, object] = {
        "Pin": type("Pin", (Pin,), {"chip": chip, "made": {}}), "PWM": of(PwmChannel),
        "ADC": of(Adc), "WDT": of(Wdt), "mem32": Memory(chip),
        "I2C": type("I2C", (I2C,), {"chip": chip, "buses": buses}),
        "reset": reset, "soft_reset": soft_reset, "lightsleep": lightsleep,
        "reset_cause": lambda: chip.cause, "PWRON_RESET": POWER_ON, "WDT_RESET": WATCHDOG,
        "freq": lambda: 125_000_000, "unique_id": lambda: b"\xe6\x61\x64\x08\x43\x1d\x2a\x2f",
        "idle": lambda: chip.spend(IDLE_US),
        "disable_irq": lambda: 0, "enable_irq": lambda state=0: None,
    }  # fmt: skip
    return Module("machine", contents)
