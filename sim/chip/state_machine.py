"""A PIO state machine: RP2040 data sheet, chapter 3, as far as a lease needs it.

It is run lazily, up to the moment that somebody looks or writes. While
its FIFO is empty a countdown goes round and round: a pass that was once seen to
change nothing but to count X down is then taken many times at once. `stepwise.py`
runs the same machine on an independent emulator, instruction by instruction.
"""

from collections import deque

from sim.chip.asm import Program

MASK = 0xFFFFFFFF
NEVER = 1 << 62
FOREVER = 1 << 60  # cycles
REMEMBERED = 2_000  # futures of a machine
HZ_PER_US = 125
FIFO = 4
EMPTY: tuple[int, ...] = ()  # MicroPython's deque takes no keyword
SMALL = 2  # passes that are always stepped at the end of a countdown
LARGE = 1 << 31
JMP_END = 0x2000
PINS, X, Y, NULL, PINDIRS, PC, ISR, OSR = 0, 1, 2, 3, 4, 5, 6, 7

TYPE_CHECKING = False
if TYPE_CHECKING:
    State = tuple[int, int, int, int, int, int, int, int, tuple[int, ...], tuple[int, ...]]


def _counts_only(opcode: int) -> bool:
    """Whether an instruction tests X and OSR for nothing but zero, and moves them whole."""
    kind, field = opcode >> 13, opcode >> 5 & 7
    if kind == 0:
        return field in (0, 1, 2, 3, 4)
    if kind == 4:
        return opcode & 0xC0 == 0x80  # a pull, not `ifempty`
    return kind == 7 or (kind == 5 and not opcode & 0x18)


class StateMachine:
    """One state machine. `cycle` counts its own clock since it was last enabled."""

    def __init__(self) -> None:
        self.program = Program([(), -1, -1, -1, 0, 0, None, None, None])
        self.code: list[int] = []
        self.div256 = 256
        self.enabled = False
        self.zero_us = 0
        self.cycle = 0
        self.pc = self.x = self.y = self.isr = self.osr = 0
        self.osr_count = 32  # bits shifted out: empty
        self.fifo: deque[int] = deque(EMPTY, FIFO)
        self.received: deque[int] = deque(EMPTY, FIFO)
        self.depth = FIFO
        self.set_base = self.out_base = self.side_base = 0
        self.set_count = self.out_count = 0
        self.out = 0  # levels, a bit a pin
        self.oe = 0  # directions
        self.heads: set[int] = set()  # where passes of a countdown begin
        self.passes: dict[int, tuple[int, ...]] = {}  # the last one seen, by its head
        self.loops: dict[tuple[int, ...], tuple[int, int]] = {}  # known: cycles, and X less
        self.futures: dict[tuple[int, State], tuple[int, State]] = {}
        self.edges: dict[State, int] = {}

    def load(self, program: Program) -> None:
        """Take a program, and start it at its first instruction."""
        self.program = program
        self.code = list(program[0])
        self.loops, self.futures, self.edges = {}, {}, {}
        self.heads = set()
        if all(_counts_only(opcode) for opcode in self.code):
            jumps = [(at, opcode) for at, opcode in enumerate(self.code) if opcode < JMP_END]
            self.heads = {opcode & 31 for at, opcode in jumps if opcode & 31 <= at}
            self.heads.add(program.wrap_target)
        self.restart()
        self.fifo = deque(EMPTY, FIFO)
        self.received = deque(EMPTY, FIFO)

    def restart(self) -> None:
        """Back to the first instruction, registers as they are but for the shift counters."""
        self.pc = 0
        self.isr = 0
        self.osr_count = 32

    # -- time --------------------------------------------------------------------------

    def cycles_at(self, us: int) -> int:
        """Its clock at a moment."""
        return (us - self.zero_us) * HZ_PER_US * 256 // self.div256

    def us_at(self, cycle: int) -> int:
        """The first whole microsecond at which it has run so many cycles."""
        return self.zero_us - (-cycle * self.div256 // (HZ_PER_US * 256))

    def enable(self, on: bool, us: int) -> None:
        """Run, or stand still with the pins as they are."""
        if on and not self.enabled:
            self.zero_us, self.cycle = us, 0
        elif self.enabled and not on:
            self.run_to(us)
        self.enabled = on

    def run_to(self, us: int) -> None:
        """Catch up with the chip's clock."""
        if self.enabled:
            self.run(self.cycles_at(us))

    def next_edge_us(self) -> int:
        """When a pin will next change if nobody interferes; NEVER if it will not."""
        if not self.enabled:
            return NEVER
        now = self.state()
        if now not in self.edges:
            cycle = self.cycle
            self.step(cycle + FOREVER, True)
            changed = (self.out, self.oe) != now[6:8]
            self.edges[now] = self.cycle - cycle if changed else FOREVER
            self.cycle = cycle
            self._set_state(now)
            if len(self.edges) > REMEMBERED:
                self.edges = {now: self.edges[now]}
        cycles = self.edges[now]
        return NEVER if cycles == FOREVER else self.us_at(self.cycle + cycles)

    def run(self, until: int) -> None:
        """Execute up to a cycle. The same state has the same future: what was once executed
        over as long a span is looked up."""
        span = until - self.cycle
        if span <= 0:
            return
        before = (span, self.state())
        known = self.futures.get(before)
        if known:
            cycles, after = known
            self.cycle += cycles
            self._set_state(after)
            return
        begun = self.cycle
        self.step(until, False)
        if len(self.futures) > REMEMBERED:
            self.futures.clear()
        self.futures[before] = (self.cycle - begun, self.state())

    def state(self) -> "State":
        """All that its future depends on."""
        return (self.pc, self.x, self.y, self.isr, self.osr, self.osr_count, self.out, self.oe,
                tuple(self.fifo), tuple(self.received))  # fmt: skip

    def _set_state(self, state: "State") -> None:
        (self.pc, self.x, self.y, self.isr, self.osr, self.osr_count, self.out, self.oe,
         fifo, received) = state  # fmt: skip
        if len(fifo) != len(self.fifo):
            self.fifo = deque(fifo, FIFO)
        if len(received) != len(self.received):
            self.received = deque(received, FIFO)

    def step(self, until: int, to_edge: bool) -> None:
        """Execute instruction by instruction, up to a cycle or, `to_edge`, to the first change
        of a pin; passes of a known countdown are taken at once."""
        pins = (self.out, self.oe)
        self.passes = {}
        code, heads, top = self.code, self.heads, self.program.wrap_top
        while self.cycle < until and code:
            if self.pc in heads and not self.fifo and self._skip(until):
                continue
            opcode = code[self.pc]
            before = self.pc
            self.pc = self.program.wrap_target if before == top else before + 1
            if not self.execute(opcode):
                self.pc = before  # stalled: until a word comes
                self.cycle = until
                return
            self.cycle += 1
            if to_edge and (self.out, self.oe) != pins:
                return
            self.cycle += opcode >> 8 & self._delay_mask()

    def _delay_mask(self) -> int:
        bits = self.program.side_count + self.program.side_optional
        return 31 >> bits

    def _skip(self, until: int) -> bool:
        """At the head of a loop with the FIFO empty: take many passes at once. True if it did.

        A pass is known if it was seen to come back with everything as it was but X and OSR,
        both less by the same. Nothing tests them but for zero, so it holds down to there.
        """
        x = self.x
        here = (self.pc, self.osr - x, self.y, self.isr, self.out, self.oe)
        known = self.loops.get(here) or self.loops.get(here + (x,))
        if known:
            cycles, less = known
            passes = (until - self.cycle) // cycles
            if less:
                passes = min(passes, x // less - SMALL)
            if passes <= 0:
                return False
            self.x -= passes * less
            self.osr -= passes * less
            self.cycle += passes * cycles
            return True
        before = self.passes.get(self.pc)
        self.passes[self.pc] = (self.cycle, x) + here
        if before and before[2:] == here:
            if x == before[1]:
                self.loops[here + (x,)] = (self.cycle - before[0], 0)
            elif SMALL <= x < before[1] < LARGE:
                self.loops[here] = (self.cycle - before[0], before[1] - x)
        return False

    # -- instructions --------------------------------------------------------------------

    def execute(self, opcode: int) -> bool:
        """One instruction, the program counter already on the next; False if it stalls."""
        program = self.program
        if program.side_count:
            self._side(opcode >> 8 & 31)
        kind = opcode >> 13
        field, value = opcode >> 5 & 7, opcode & 31
        if kind == 0:
            if self._jumps(field):
                self.pc = value
        elif kind == 3:
            self._out(field, value or 32)
        elif kind == 4:
            return self._pull(opcode) if opcode & 0x80 else self._push(opcode)
        elif kind == 5:
            self._mov(field, value)
        elif kind == 7:
            self._write(field, value, self.set_base, self.set_count)
        else:
            raise ValueError(f"PIO instruction {opcode:#06x} is not on this chip")
        return True

    def _jumps(self, condition: int) -> bool:
        x, y = self.x, self.y
        if condition == 0:
            return True
        if condition == 1:
            return x == 0
        if condition == 2:
            self.x = x - 1 & MASK
            return x != 0
        if condition == 3:
            return y == 0
        if condition == 4:
            self.y = y - 1 & MASK
            return y != 0
        if condition == 5:
            return x != y
        if condition == 7:
            return self.osr_count < 32
        raise ValueError("PIO jumps on a pin are not on this chip")

    def _pull(self, opcode: int) -> bool:
        if opcode & 0x40 and self.osr_count < 32:  # ifempty
            return True
        if self.fifo:
            self.osr = self.fifo.popleft()
        elif opcode & 0x20:
            return False
        else:
            self.osr = self.x
        self.osr_count = 0
        return True

    def _push(self, opcode: int) -> bool:
        if len(self.received) >= FIFO:
            return not opcode & 0x20
        self.received.append(self.isr)
        self.isr = 0
        return True

    def _out(self, to: int, bits: int) -> None:
        if self.program.out_right:
            data = self.osr & (1 << bits) - 1
            self.osr >>= bits
        else:
            data = self.osr >> 32 - bits
            self.osr = self.osr << bits & MASK
        self.osr_count = min(32, self.osr_count + bits)
        self._write(to, data, self.out_base, self.out_count)

    def _mov(self, to: int, source: int) -> None:
        data = (self._pins(), self.x, self.y, 0, 0, 0, self.isr, self.osr)[source & 7]
        if source & 0x18 == 0x08:
            data = ~data & MASK
        elif source & 0x18 == 0x10:
            data = int(f"{data:032b}"[::-1], 2)
        if to == ISR:
            self.isr = data
        elif to == OSR:
            self.osr, self.osr_count = data, 0
        elif to == 5:
            self.pc = data & 31
        else:
            self._write(to, data, self.out_base, self.out_count)

    def _pins(self) -> int:
        return self.out & self.oe

    def _write(self, to: int, data: int, base: int, count: int) -> None:
        if to == X:
            self.x = data
        elif to == Y:
            self.y = data
        elif to in (PINS, PINDIRS):
            mask = (1 << count) - 1
            self._drive(to == PINDIRS, mask << base, (data & mask) << base)
        elif to == PC:
            self.pc = data & 31
        elif to != NULL:
            raise ValueError("this PIO destination is not on this chip")

    def _drive(self, directions: bool, mask: int, bits: int) -> None:
        if directions:
            self.oe = self.oe & ~mask | bits
        else:
            self.out = self.out & ~mask | bits

    def _side(self, field: int) -> None:
        count = self.program.side_count
        if self.program.side_optional:
            if not field & 16:
                return
            field &= 15
        shift = 5 - count - self.program.side_optional
        self._drive(False, ((1 << count) - 1) << self.side_base, field >> shift << self.side_base)
