"""A state machine run by the `rp2040-pio-emulator` package, each instruction by itself.

An independent reading of the data sheet: slow, for the tests that hold `state_machine.py` to it.
"""

from collections import deque

from pioemu import ShiftRegister, State, emulate  # type: ignore[import-untyped]

from sim.chip.state_machine import NEVER, StateMachine

HORIZON = 1_000  # cycles that are looked ahead


class Stepwise(StateMachine):
    """The same machine, its registers kept between two runs of the emulator."""

    def next_edge_us(self) -> int:
        """When a pin will next change, or when to look again."""
        if not self.enabled:
            return NEVER
        now, cycle = self.state(), self.cycle
        self.step(cycle + HORIZON, True)
        ahead = self.cycle
        self.cycle = cycle
        self._set_state(now)
        return self.us_at(ahead)

    def run(self, until: int) -> None:
        """Execute up to a cycle; nothing is looked up."""
        if until > self.cycle:
            self.step(until, False)

    def step(self, until: int, to_edge: bool) -> None:
        """Execute up to a cycle, or, `to_edge`, to the first change of a pin."""
        pins = self.out
        state = State(
            clock=self.cycle, program_counter=self.pc, pin_directions=self.oe,
            pin_values=self.out, transmit_fifo=deque(self.fifo),
            receive_fifo=deque(self.received),
            input_shift_register=ShiftRegister(self.isr, 0),
            output_shift_register=ShiftRegister(self.osr, self.osr_count),
            x_register=self.x, y_register=self.y,
        )  # fmt: skip
        stall = None
        steps = emulate(
            self.code,
            stop_when=lambda _, now: now.clock >= until,
            initial_state=state,
            shift_osr_right=self.program.out_right,
            set_base=self.set_base, set_count=self.set_count,
            out_base=self.out_base, out_count=self.out_count,
            side_set_base=self.side_base, side_set_count=self.program.side_count,
            wrap_target=self.program.wrap_target, wrap_top=self.program.wrap_top,
        )  # fmt: skip
        for before, after in steps:
            state = after
            if to_edge and after.pin_values != pins:
                break
            if after.program_counter == before.program_counter and not after.transmit_fifo:
                stall = stall or self.code[after.program_counter] & 0xE0A0 == 0x80A0
                if stall:  # an empty FIFO will not fill by waiting
                    break
        self.cycle = until if stall else state.clock
        self.pc, self.x, self.y = state.program_counter, state.x_register, state.y_register
        self.fifo, self.received = state.transmit_fifo, state.receive_fifo
        self.isr = state.input_shift_register.contents
        self.osr = state.output_shift_register.contents
        self.osr_count = state.output_shift_register.counter
        self.out = state.pin_values
        self.oe = state.pin_directions
