"""The two PIO blocks: which machine drives which pin, and when a pin will change next."""

from sim.chip.gpio import PIO0, PIO1
from sim.chip.state_machine import HZ_PER_US, MASK, NEVER, StateMachine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.chip.clock import Clock
    from sim.chip.gpio import Gpio

MACHINES = 4  # of a block


class Pio:
    """Both PIO blocks: machines 0-3 and 4-7."""

    def __init__(self, clock: "Clock", gpio: "Gpio", stepwise: bool = False) -> None:
        """Drives pins that have its functions; `stepwise` steps each instruction."""
        self.clock = clock
        self.gpio = gpio
        gpio.peripherals[PIO0] = lambda pin: self.level(0, pin)
        gpio.peripherals[PIO1] = lambda pin: self.level(1, pin)
        self.kind = StateMachine
        if stepwise:
            from sim.chip.stepwise import Stepwise

            self.kind = Stepwise
        self.reset()

    def reset(self) -> None:
        """As after any reset of the chip."""
        self.machines = [self.kind() for _ in range(2 * MACHINES)]
        self.edge_us = NEVER

    def disable_all(self) -> None:
        """A soft reset of MicroPython: machines stop, their pins stay as they are."""
        us = self.clock.us
        self.clock.changes()
        for each in self.machines:
            each.enable(False, us)
        self.reckon()

    def level(self, block: int, pin: int) -> int | None:
        """What a block's machines drive a pin to, None where they do not."""
        for each in self.machines[block * MACHINES : block * MACHINES + MACHINES]:
            if each.oe >> pin & 1:
                return each.out >> pin & 1
        return None

    def edge(self, us: int) -> None:
        """A pin changes now."""
        self.clock.changes()
        for each in self.machines:
            each.run_to(us)
        self.reckon()

    def reckon(self) -> None:
        """When a pin will change next."""
        edges = [each.next_edge_us() for each in self.machines if each.enabled]
        self.edge_us = min(edges, default=NEVER)
        self.clock.soon(self.edge_us)

    def divider(self, freq: int) -> int:
        """The clock divider for this many instructions a second, in 256ths."""
        div256 = HZ_PER_US * 1_000_000 * 256 // freq if freq else 65_536 * 256
        if not 256 <= div256 <= 65_536 * 256:
            raise ValueError("freq out of range")
        return div256

    def restart(self, number: int) -> None:
        """A machine goes back to its first instruction."""
        each = self.machines[number]
        each.run_to(self.clock.us)
        each.restart()
        self.reckon()

    def put(self, number: int, word: int) -> None:
        """A word into a machine's FIFO; waits while that is full."""
        each = self.machines[number]
        each.run_to(self.clock.us)
        while len(each.fifo) >= each.depth:
            self.clock.spend(1)
            each.run_to(self.clock.us)
        each.fifo.append(word & MASK)
        self.reckon()

    def execute(self, number: int, opcode: int) -> None:
        """An instruction from outside, between two of the program's."""
        self.clock.changes()
        each = self.machines[number]
        each.run_to(self.clock.us)
        each.execute(opcode)
        self.reckon()

    def activate(self, number: int, on: bool) -> None:
        """Start or stop a machine."""
        self.clock.changes()
        self.machines[number].enable(on, self.clock.us)
        self.reckon()

    def pins_of(self, number: int, base: int, initial: object) -> int:
        """Take pins for a machine, as its program's `..._init` has them; returns how many."""
        states = initial if isinstance(initial, (list, tuple)) else [initial]
        each = self.machines[number]
        for k, state in enumerate(states):
            bit = 1 << base + k
            self.gpio.touch(base + k)
            each.out = each.out | bit if state & 1 else each.out & ~bit
            each.oe = each.oe | bit if state & 2 else each.oe & ~bit
            self.gpio.function[base + k] = PIO0 + number // MACHINES
        return len(states)
