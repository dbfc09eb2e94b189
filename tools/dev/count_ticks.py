"""Count of instructions: brings the unit into a state and repeats its ticks there.

Run by `tools.dev.figures` on MicroPython under callgrind, with the arguments MOMENT GUARDS SCREENS
PERIODS: so many ticks with the guard alone, ticks with the screen's turn, and control periods (ten
ticks: one with control, one with the screen's turn).
The unit runs on `tools.dev.stand_in`, so that hal/ and its drivers are counted too. Skin
temperature is constant meanwhile, but for a sensor's noise.
"""

import sys

from tools.dev import stand_in

MOMENTS = {  # contact temperature in 1/128 C, the state
    "ready": (34 * 128, "READY"),
    "full_power": (37 * 128, "TREAT"),  # duties stay what they are
    "held": (5_146, "TREAT"),  # 40.20 C, just below where contact is held: duties change
}
PATIENCE_TICKS = 5_000
SETTLED_PERIODS = 10
WARM_TICKS = 100  # skin that warms without light must warm slowly, or OFF_SKIN is latched


def pass_ticks(chip: stand_in.Chip, ticks: int) -> None:
    """Run this many ticks."""
    for _ in range(ticks):
        chip.sleep_us(stand_in.TICK_US)
        chip.unit.tick()


def wait_for(chip: stand_in.Chip, state: str, patience_ticks: int = PATIENCE_TICKS) -> None:
    """Run until the unit is in a state. Raises ValueError with the state that it is in."""
    from firmware.core.states import STATES

    while STATES[chip.unit.session.state] != state:
        if not patience_ticks:
            raise ValueError(STATES[chip.unit.session.state] + ", not " + state)
        patience_ticks -= 1
        if not patience_ticks % WARM_TICKS:
            chip.raw += 1
        pass_ticks(chip, 1)


def repeat_ticks(chip: stand_in.Chip, guards: int, screens: int, periods: int) -> None:
    """Run ticks with the guard alone, ticks with the screen's turn, then control periods."""
    from firmware.core.limits import CONTROL_TICKS
    from firmware.waistband import SCREEN_PHASE

    unit = chip.unit
    while unit.phase != CONTROL_TICKS - 1:  # control has just run
        pass_ticks(chip, 1)
    for ticks, phase in ((guards, SCREEN_PHASE), (screens, SCREEN_PHASE + 1)):
        for _ in range(ticks):
            unit.phase = phase  # which the tick lowers by one; control stays as far off
            pass_ticks(chip, 1)
    unit.phase = CONTROL_TICKS - 1
    unit.sum_a = unit.sum_b = 0  # of more ticks than control expects
    pass_ticks(chip, periods * CONTROL_TICKS)


def main() -> None:
    """Print the state in which ticks were repeated, on a line of its own."""
    raw, state = MOMENTS[sys.argv[1]]
    chip, _, _ = stand_in.install()
    stand_in.start(chip)
    from firmware.core.inputs import START
    from firmware.core.limits import CONTROL_TICKS

    wait_for(chip, "READY")
    if state != "READY":
        chip.down |= START
        pass_ticks(chip, CONTROL_TICKS)
        chip.down &= ~START
        wait_for(chip, state)
    while chip.raw < raw:  # no faster than both sensors of a pad are read
        chip.raw += 1
        pass_ticks(chip, 1)
    pass_ticks(chip, SETTLED_PERIODS * CONTROL_TICKS)
    repeat_ticks(chip, int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    wait_for(chip, state, 0)
    print("\n" + state)  # a line of telemetry may be under way


if __name__ == "__main__":
    main()
