"""Brings the firmware into a state and repeats its ticks there, for a count of instructions.

Run by `tools.dev.figures` on MicroPython under callgrind: MOMENT GUARDS PERIODS. It repeats so
many ticks without control, then so many control periods (ten ticks, one of them with
control). Every input but the clock holds still meanwhile. On the way there the clock goes
faster than on the unit, so that callgrind has little to play.
"""

import sys

from firmware.core.conversions import ntc_code, tmp117_code
from firmware.core.inputs import BUCKLE, START
from firmware.core.limits import CLOCK_MASK, CONTROL_TICKS, TICK_MS
from firmware.core.states import STATES
from firmware.therapy.prescription import DEFAULT, calibration_crc
from firmware.waistband import Waistband
from hal.boards import RPI_PICO
from sim.hal_depth.peripherals import Surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.contract import Board, Inputs

MOMENTS = {  # contact temperature in mC, the state
    "ready": (33_000, "READY"),
    "full_power": (37_000, "TREAT"),  # duties stay what they are
    "held": (40_480, "TREAT"),  # just below the set point: they change with each control step
}
HASTE_MS = 60  # a tick on the way there: a control step is then still counted whole
SETTLED_PERIODS = 10
SKIN_MC = 33_000
BOARD_MC = 30_000
CELL_MV = 3_800
CELL_PERCENT = 70
LIT_01MA = 10_000  # plenty for the check of any bank


class StillHal(Surroundings):
    """Sensors that hold still; whatever the unit does is done."""

    def __init__(self, board: "Board") -> None:
        Surroundings.__init__(self)
        self.board = board
        self.step_ms = HASTE_MS
        self.pins = BUCKLE
        self.code = self.raw = 0
        self.moved = True
        self.lit = False
        self.lease = False
        self.skin(SKIN_MC)

    def skin(self, mc: int) -> None:
        """Both pads' contact sensors at a temperature."""
        self.code = ntc_code(self.board, mc)
        self.raw = tmp117_code(mc)
        self.moved = True

    def read(self, inputs: "Inputs") -> None:
        """The same again, a step later; all that stays is written once."""
        inputs.ms = ms = (inputs.ms + self.step_ms) & CLOCK_MASK
        heard = inputs.heard
        heard[0] = heard[1] = heard[2] = heard[3] = heard[4] = heard[5] = ms
        inputs.rail[0] = LIT_01MA if self.lit and self.lease else 0
        self.lease = False
        if self.moved:
            self._move(inputs)

    def _move(self, inputs: "Inputs") -> None:
        self.moved = False
        inputs.pins = self.pins
        inputs.battery[0] = 2 * CELL_MV * 4096 // self.board.BATTERY_FULL_SCALE_MV
        inputs.gauge[0] = CELL_MV * 64 // 5
        inputs.gauge[1] = CELL_PERCENT << 8
        for pad in (0, 1):
            inputs.ntc[pad] = self.code
            inputs.contact[pad] = self.raw
            inputs.board[pad] = tmp117_code(BOARD_MC)

    def press(self, pins: int) -> None:
        """What the pins are from now on."""
        self.pins = pins
        self.moved = True

    def drive(self, bank: int, duty: int) -> None:
        """The rail monitor sees the bank that was driven last with any duty."""
        if bank == 0:
            self.lit = False
        if duty:
            self.lit = True

    def renew_lease(self) -> None:
        """The supply switch is closed until the next tick."""
        self.lease = True

    def off(self) -> None:
        """Dark."""
        self.lit = self.lease = False


def main() -> None:
    """Prints the state that was counted in."""
    skin_mc, state = MOMENTS[sys.argv[1]]
    board: Any = RPI_PICO
    light = {str(row[0]): 10 for row in board.BANKS}
    calibration: dict[str, Any] = {
        "serial": "COUNT-1", "date": "2026-01-01", "window_cm2": 60,
        "irradiance_mw_cm2": {"A": light, "B": light}, "ntc_offset_c": {"A": 0, "B": 0},
    }  # fmt: skip
    calibration["crc32"] = calibration_crc(calibration, board)
    hal = StillHal(board)
    unit = Waistband(hal, board, calibration, DEFAULT)
    bring(unit, hal, "READY")
    if state != "READY":
        hal.press(BUCKLE | START)
        for _ in range(CONTROL_TICKS):
            unit.tick()
        hal.press(BUCKLE)
        bring(unit, hal, state)
    hal.step_ms = TICK_MS
    hal.skin(skin_mc)
    for _ in range(SETTLED_PERIODS * CONTROL_TICKS):
        unit.tick()
    while unit.phase != CONTROL_TICKS - 1:  # control has just run
        unit.tick()
    for _ in range(int(sys.argv[2])):
        unit.phase = CONTROL_TICKS - 1  # control stays as far off as it was
        unit.tick()
    unit.sum_a = unit.sum_b = 0  # of more ticks than control expects
    for _ in range(int(sys.argv[3]) * CONTROL_TICKS):
        unit.tick()
    bring(unit, hal, state, 0)
    print(state)


def bring(unit: Waistband, hal: StillHal, state: str, patience_ticks: int = 5_000) -> None:
    """Let time go by until the unit is in a state."""
    while STATES[unit.session.state] != state:
        assert patience_ticks, STATES[unit.session.state] + " and not " + state
        patience_ticks -= 1
        unit.tick()


if __name__ == "__main__":
    main()
