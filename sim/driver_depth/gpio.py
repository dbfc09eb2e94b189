"""GPIO of the chip: which function each pin has, what it drives, and what it reads.

`sim.driver_depth.hardware` sets it for the program; `light` and the peripherals read it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.driver_depth.clock import Clock
    from sim.driver_depth.wiring import Wiring
    from sim.faults.hardware import Hardware

PINS = 30
I2C, PWM, SIO, PIO0, PIO1, NULL = 3, 4, 5, 6, 7, 31  # function numbers, RP2040 data sheet 1.4.3
PULL_UP, PULL_DOWN = 1, 2


def pin_number(pin: object) -> int:
    """Return the number of a pin given as an object or as a number."""
    number = getattr(pin, "id", pin)
    if not isinstance(number, int):
        raise ValueError("invalid pin")
    return number


class Gpio:
    """All pins; arrays by pin number. After a reset each is an input, pulled down."""

    def __init__(self, clock: "Clock", wiring: "Wiring", hardware: "Hardware") -> None:
        self.clock = clock
        self.hardware = hardware
        self.hold = wiring.hold
        self.scl = wiring.scl
        self.on_supply_released: Callable[[], None] = lambda: None  # the hold pin goes low
        # What a peripheral drives a pin to, by its function number; None where it does not.
        self.peripherals: dict[int, Callable[[int], int | None]] = {}
        self.drivers = dict(wiring.inputs)
        self.forced: dict[int, int] = {}  # level that something outside puts on a pin
        wired = wiring.banks + (wiring.enable,)
        self.lights = [pin in wired for pin in range(PINS)]
        self.reset()

    def reset(self) -> None:
        """Set every pin as after a reset of the chip."""
        self.function = [NULL] * PINS
        self.out = [0] * PINS
        self.drives = [False] * PINS  # SIO output enable
        self.pull = [PULL_DOWN] * PINS

    def before_change(self, pin: int) -> None:
        """A pin is about to change: count the light up to now if it depends on this pin."""
        if self.lights[pin]:
            self.clock.count_light()

    def set_function(self, pin: int, function: int) -> None:
        """Give the pin to a peripheral."""
        self.before_change(pin)
        self.function[pin] = function

    def set_out(self, pin: int, value: int) -> None:
        """SIO output value; it shows if the pin is an SIO output."""
        if self.out[pin] != value:
            self.before_change(pin)
            self.out[pin] = value
            if pin == self.hold and not value and self.drives[pin]:
                self.on_supply_released()

    def set_direction(self, pin: int, drives: bool) -> None:
        """SIO output enable."""
        self.before_change(pin)
        if pin == self.scl and self.drives[pin] and not drives and not self.out[pin]:
            self.hardware.clock_sda(1)  # it was low, and its pull-up takes it high
        self.drives[pin] = drives

    def outside(self, pin: int) -> int | None:
        """Return the level that the board puts on a pin: buttons, buckle, charger. None where there
        is nothing or an open switch: the pull decides."""
        if pin in self.forced:
            return self.forced[pin]
        return 0 if self.hardware.pins & self.drivers.get(pin, 0) else None

    def driven(self, pin: int) -> int | None:
        """Return the level that the chip itself puts on a pin now, None where it floats."""
        function = self.function[pin]
        if function == SIO:
            return self.out[pin] if self.drives[pin] else None
        if function in self.peripherals:
            return self.peripherals[function](pin)
        return None

    def level(self, pin: int) -> int:
        """Return what a meter at the pin would show: 0 or 1."""
        driven = self.driven(pin)
        if driven is not None:
            return driven
        outside = self.outside(pin)
        if outside is not None:
            return outside
        return int(bool(self.pull[pin] & PULL_UP))
