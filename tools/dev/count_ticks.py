"""Brings the unit into a state and repeats its ticks there, for a count of instructions.

Run by `tools.dev.figures` on MicroPython under callgrind: MOMENT GUARDS PERIODS. It repeats so
many ticks without control, then so many control periods (ten ticks, one of them with
control), on `tools.dev.stand_in`: hal/ and its drivers are counted too. The skin holds still
meanwhile but for a sensor's noise.
"""

import sys

from tools.dev import stand_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOMENTS = {  # contact temperature in 1/128 C, the state
    "ready": (34 * 128, "READY"),
    "full_power": (37 * 128, "TREAT"),  # duties stay what they are
    "held": (5_181, "TREAT"),  # 40.48 C, just below the set point: duties change with each control
}
PATIENCE_TICKS = 5_000
SETTLED_PERIODS = 10
WARM_TICKS = 100  # skin that warms by itself before light may warm as fast as `warm` has it


class Counted:
    """The unit, and its ticks one by one."""

    def __init__(self) -> None:
        self.chip, _, _ = stand_in.install()
        stand_in.start(self.chip)
        from firmware.core.inputs import START
        from firmware.core.limits import CONTROL_TICKS
        from firmware.core.states import STATES

        self.unit: Any = self.chip.unit
        self.start, self.control_ticks, self.states = START, CONTROL_TICKS, STATES

    def pass_ticks(self, ticks: int) -> None:
        """So many ticks."""
        for _ in range(ticks):
            self.chip.sleep_us(stand_in.TICK_US)
            self.unit.tick()

    def bring(self, state: str, patience_ticks: int = PATIENCE_TICKS) -> None:
        """Let time go by until the unit is in a state. Raises ValueError with the one it is in."""
        while self.states[self.unit.session.state] != state:
            if not patience_ticks:
                raise ValueError(self.states[self.unit.session.state] + ", not " + state)
            patience_ticks -= 1
            if not patience_ticks % WARM_TICKS:
                self.chip.raw += 1
            self.pass_ticks(1)

    def warm(self, raw: int) -> None:
        """Skin becomes as warm as this, not faster than both sensors of a pad are read."""
        while self.chip.raw < raw:
            self.chip.raw += 1
            self.pass_ticks(1)
        self.pass_ticks(SETTLED_PERIODS * self.control_ticks)

    def repeat(self, guards: int, periods: int) -> None:
        """So many ticks without control, then so many periods with one of it."""
        unit = self.unit
        while unit.phase != self.control_ticks - 1:  # control has just run
            self.pass_ticks(1)
        for _ in range(guards):
            unit.phase = self.control_ticks - 2  # control stays as far off, the screen is behind
            self.pass_ticks(1)
        unit.sum_a = unit.sum_b = 0  # of more ticks than control expects
        self.pass_ticks(periods * self.control_ticks)


def main() -> None:
    """Print the state that was counted in, on a line of its own."""
    raw, state = MOMENTS[sys.argv[1]]
    counted = Counted()
    counted.bring("READY")
    if state != "READY":
        counted.chip.down |= counted.start
        counted.pass_ticks(counted.control_ticks)
        counted.chip.down &= ~counted.start
        counted.bring(state)
    counted.warm(raw)
    counted.repeat(int(sys.argv[2]), int(sys.argv[3]))
    counted.bring(state, 0)
    print("\n" + state)  # a line of telemetry may be under way


if __name__ == "__main__":
    main()
