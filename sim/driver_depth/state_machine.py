"""PIO state machine: runs the instructions of `sim.driver_depth.asm`, one a cycle of its own clock.

`sim.driver_depth.pio` runs it up to the time of each read or write. It has the pin, X, OSR and the
FIFO; no other register. RP2040 data sheet, chapter 3.

Two shortcuts: passes of a countdown are taken many at once, and computed futures are remembered.
`tests/hal/test_lease.py` holds both equal to the `rp2040-pio-emulator` package.
"""

from sim.driver_depth.asm import Program

MASK = 0xFFFFFFFF
NEVER = 1 << 62  # microseconds
FOREVER = 1 << 60  # cycles
REMEMBERED = 2_000  # futures of a machine
HZ_PER_US = 125
FIFO = 4
PASS_CYCLES = 32  # as many instructions as a program has at most
JMP, PULL, MOV = 0, 4, 5  # bits 15-13 of an opcode; the rest is `set`

TYPE_CHECKING = False
if TYPE_CHECKING:
    State = tuple[int, int, int, int, tuple[int, ...]]  # pc, X, OSR, level, FIFO
    Pass = tuple[int, int, int, int]  # cycle and X at its beginning, OSR - X, level


class StateMachine:
    """One state machine. `cycle` counts its own clock since it was last enabled."""

    horizon = FOREVER  # how many cycles are looked ahead for a change of the pin

    def __init__(self) -> None:
        self.program = Program([], 0, 0, None)
        self.div256 = 256
        self.enabled = False
        self.zero_us = 0
        self.cycle = 0
        self.pc = self.x = self.osr = 0
        self.level = 0  # of its pin
        self.pin = -1  # GPIO number; it drives none yet
        self.fifo: list[int] = []
        self.futures: dict[tuple[int, bool, State], tuple[int, State]] = {}

    def load(self, program: Program) -> None:
        """Take a program, and start it at its first instruction with an empty FIFO."""
        self.program = program
        self.futures = {}
        self.pc = 0
        self.fifo = []

    def cycles_at(self, us: int) -> int:
        """Return its clock at a time."""
        return (us - self.zero_us) * HZ_PER_US * 256 // self.div256

    def us_at(self, cycle: int) -> int:
        """Return the first whole microsecond at which it has run so many cycles."""
        return self.zero_us - (-cycle * self.div256 // (HZ_PER_US * 256))

    def enable(self, on: bool, us: int) -> None:
        """Run, or stand still with the pin as it is."""
        if on and not self.enabled:
            self.zero_us, self.cycle = us, 0
        elif self.enabled and not on:
            self.run_to(us)
        self.enabled = on

    def run_to(self, us: int) -> None:
        """Catch up with the chip's clock at this time."""
        if self.enabled:
            self.run(self.cycles_at(us))

    def run(self, until: int) -> None:
        """Execute up to a cycle."""
        if until > self.cycle:
            cycles, after = self.look_up(until - self.cycle, False)
            self.cycle += cycles
            self._set_state(after)

    def next_edge_us(self) -> int:
        """Return when the pin changes next without a new word, or when to ask again; else NEVER."""
        if not self.enabled:
            return NEVER
        cycles, _ = self.look_up(self.horizon, True)
        return NEVER if cycles >= FOREVER else self.us_at(self.cycle + cycles)

    def look_up(self, span: int, to_edge: bool) -> "tuple[int, State]":
        """Return `look_ahead`, remembered: a state has one future."""
        asked = (span, to_edge, self.state())
        found = self.futures.get(asked)
        if found is None:
            if len(self.futures) >= REMEMBERED:
                self.futures.clear()
            found = self.futures[asked] = self.look_ahead(span, to_edge)
        return found

    def look_ahead(self, span: int, to_edge: bool) -> "tuple[int, State]":
        """Return cycles, and the state after them: `span` cycles from now or, `to_edge`, up to the
        first change of the pin. The machine is left as it was."""
        before, begun = self.state(), self.cycle
        self.execute(begun + span, to_edge)
        found = (self.cycle - begun, self.state())
        self.cycle = begun
        self._set_state(before)
        return found

    def state(self) -> "State":
        """Return all that its future depends on."""
        return (self.pc, self.x, self.osr, self.level, tuple(self.fifo))

    def _set_state(self, state: "State") -> None:
        self.pc, self.x, self.osr, self.level, fifo = state
        self.fifo = list(fifo)

    def execute(self, until: int, to_edge: bool) -> None:
        """Execute instruction by instruction up to a cycle or, `to_edge`, to the first change of
        the pin; passes of a countdown are taken at once."""
        program, level = self.program, self.level
        words, target, top = program.words, program.wrap_target, program.wrap_top
        last: Pass | None = None
        while self.cycle < until and words:
            if self.pc == target and not self.fifo:
                last = self._skip(last, until)
                if self.cycle >= until:
                    return
            before = self.pc
            self.pc = target if before == top else before + 1
            if not self._execute(words[before]):
                self.pc = before  # stalled: until a word comes
                self.cycle = until
                return
            self.cycle += 1
            if to_edge and self.level != level:
                return

    def _skip(self, last: "Pass | None", until: int) -> "Pass":
        """Take many passes at once; called where a pass begins with the FIFO empty.

        A pass that changed nothing is followed by the same. So is one that left X and OSR one
        less, while X is above PASS_CYCLES: one in no more cycles than that cannot have counted X
        or OSR down to zero, the one thing that is tested.
        """
        behind = self.osr - self.x
        if last and last[2:] == (behind, self.level):
            cycles, less = self.cycle - last[0], last[1] - self.x
            passes = (until - self.cycle) // cycles
            if less:
                counts = less == 1 and behind >= 0 and cycles <= PASS_CYCLES
                passes = min(passes, self.x - PASS_CYCLES) if counts else 0
            if passes > 0:
                self.x -= passes * less
                self.osr -= passes * less
                self.cycle += passes * cycles
        return (self.cycle, self.x, behind, self.level)

    def _execute(self, opcode: int) -> bool:
        """One instruction, the program counter already on the next; False if it stalls."""
        kind, field, value = opcode >> 13, opcode >> 5 & 7, opcode & 31
        if kind == JMP:
            jumps = field == 0 or (self.x == 0) == (field == 1)
            if field == 2:
                self.x = self.x - 1 & MASK
            if jumps:
                self.pc = value
        elif kind == PULL:
            if self.fifo:
                self.osr = self.fifo.pop(0)
            elif opcode & 0x20:
                return False
            else:
                self.osr = self.x
        elif kind == MOV:
            if field == 1:
                self.x = self.osr
            else:
                self.osr = self.x
        elif field:
            self.x = value
        else:
            self.level = value & 1
        return True
