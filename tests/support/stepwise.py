"""A PIO state machine run by the `rp2040-pio-emulator` package, each instruction by itself.

An independent reading of the data sheet, and slow: tests hold `sim.driver_depth.state_machine` to
it.
"""

from collections import deque

from pioemu import ShiftRegister, State, emulate  # type: ignore[import-untyped]

from sim.driver_depth.state_machine import StateMachine

BLOCKING_PULL = 0x80A0


class Stepwise(StateMachine):
    """The same machine, its registers kept between two runs of the emulator."""

    horizon = 1_000
    look_up = StateMachine.look_ahead  # nothing is remembered

    def execute(self, until: int, to_edge: bool) -> None:
        """Execute up to a cycle, or, `to_edge`, to the first change of the pin."""
        words, program = self.program.words, self.program
        base = max(self.pin, 0)
        state = State(
            clock=self.cycle, program_counter=self.pc, pin_directions=1 << base,
            pin_values=self.level << base, transmit_fifo=deque(self.fifo),
            output_shift_register=ShiftRegister(self.osr, 0), x_register=self.x,
        )  # fmt: skip
        pins, stall = state.pin_values, False
        steps = emulate(
            words,
            stop_when=lambda _, now: now.clock >= until,
            initial_state=state,
            set_base=base, set_count=1,
            wrap_target=program.wrap_target, wrap_top=program.wrap_top,
        )  # fmt: skip
        for before, after in steps:
            state = after
            if to_edge and after.pin_values != pins:
                break
            if after.program_counter == before.program_counter and not after.transmit_fifo:
                stall = words[after.program_counter] & 0xE0A0 == BLOCKING_PULL
                if stall:  # an empty FIFO will not fill by waiting
                    break
        self.cycle = until if stall else state.clock
        self.pc, self.x = state.program_counter, state.x_register
        self.fifo = list(state.transmit_fifo)
        self.osr = state.output_shift_register.contents
        self.level = state.pin_values >> base & 1
