"""PIO blocks of the chip, and the module `rp2` for them.

`Chip` owns a `Pio`, and asks which pins the state machines drive and when one changes next.
"""

from sim.driver_depth.asm import Program, asm_pio
from sim.driver_depth.gpio import PIO0, PIO1, pin_number
from sim.driver_depth.module import Module
from sim.driver_depth.state_machine import FIFO, HZ_PER_US, MASK, NEVER, StateMachine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.clock import Clock
    from sim.driver_depth.gpio import Gpio

MACHINES = 4  # of a block
PIO_US, PIO_INIT_US = 6, 120  # (assumed)


class Pio:
    """Both PIO blocks: machines 0-3 and 4-7."""

    def __init__(
        self, clock: "Clock", gpio: "Gpio", kind: "type[StateMachine]" = StateMachine
    ) -> None:
        """Drives pins that have its functions, with machines of this kind."""
        self.clock = clock
        self.gpio = gpio
        gpio.peripherals[PIO0] = lambda pin: self.level(0, pin)
        gpio.peripherals[PIO1] = lambda pin: self.level(1, pin)
        self.kind = kind
        self.reset()

    def reset(self) -> None:
        """As after any reset of the chip."""
        self.machines = [self.kind() for _ in range(2 * MACHINES)]
        self.edge_us = NEVER

    def disable_all(self) -> None:
        """A soft reset of MicroPython: machines stop, their pins stay as they are."""
        for number in range(len(self.machines)):
            self.enable(number, False)

    def enable(self, number: int, on: bool) -> None:
        """Start or stop a machine."""
        self.clock.count_light()
        self.machines[number].enable(on, self.clock.us)
        self.schedule_edge()

    def level(self, block: int, pin: int) -> int | None:
        """What a block's machines drive a pin to, None where they do not."""
        for each in self.machines[block * MACHINES : block * MACHINES + MACHINES]:
            if each.pin == pin:
                return each.level
        return None

    def edge(self, us: int) -> None:
        """A pin changes now."""
        self.clock.count_light()
        for each in self.machines:
            each.run_to(us)
        self.schedule_edge()

    def schedule_edge(self) -> None:
        """When a pin will change next."""
        edges = [each.next_edge_us() for each in self.machines if each.enabled]
        self.edge_us = min(edges, default=NEVER)
        self.clock.due_by(self.edge_us)


class Rp2StateMachine:
    """`rp2.StateMachine`, one of eight; made again by its number, it is the same."""

    pio: Pio

    def __init__(
        self, id: int, program: "Program | None" = None, freq: int = -1, set_base: object = None
    ) -> None:
        if not 0 <= id < 2 * MACHINES:
            raise ValueError("invalid StateMachine")
        self.number = id
        if program is not None:
            self.init(program, freq, set_base=set_base)

    def init(self, program: Program, freq: int = -1, *, set_base: object = None) -> None:
        """Take a program, its clock and its pin; stopped. Raises ValueError for a `freq` that
        the divider (1 to 65,536) does not reach."""
        pio = self.pio
        gpio = pio.gpio
        pio.enable(self.number, False)
        each = pio.machines[self.number]
        div256 = 256 if freq < 0 else HZ_PER_US * 1_000_000 * 256 // max(freq, 1)
        if not 256 <= div256 <= 65_536 * 256:
            raise ValueError("freq out of range")
        each.div256 = div256
        each.load(program)
        state = program.set_init
        if set_base is not None and state is not None:
            pin = pin_number(set_base)
            gpio.before_change(pin)
            each.pin, each.level = (pin if state & 2 else -1), state & 1
            gpio.function[pin] = PIO0 + self.number // MACHINES
        pio.clock.spend(PIO_INIT_US)

    def active(self, value: object = None) -> bool:
        """Start or stop it; whether it runs."""
        if value is not None:
            self.pio.enable(self.number, bool(value))
        self.pio.clock.spend(PIO_US)
        return self.pio.machines[self.number].enabled

    def put(self, value: int) -> None:
        """A word to its FIFO; waits while that is full."""
        while self.tx_fifo() >= FIFO:
            continue
        self.pio.machines[self.number].fifo.append(value & MASK)
        self.pio.schedule_edge()

    def tx_fifo(self) -> int:
        """Words that it has not taken yet."""
        self.pio.clock.spend(PIO_US)
        each = self.pio.machines[self.number]
        each.run_to(self.pio.clock.us)
        return len(each.fifo)


def rp2_module(pio: Pio) -> Module:
    """The module `rp2`."""

    class PioBlock:
        """The state of a pin that a lease takes."""

        OUT_LOW = 2

    return Module("rp2", {
        "PIO": PioBlock, "StateMachine": type("StateMachine", (Rp2StateMachine,), {"pio": pio}),
        "asm_pio": asm_pio,
    })  # fmt: skip
