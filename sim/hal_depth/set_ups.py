"""Set-ups of the sensors' chips at HAL depth: lost by faults, found and set right as on the unit.

Owned by `sim.hal_depth.sim_hal`, which asks it in the turns of the rota that are free for that.
There are no registers at this depth: a chip's set-up is lost or it is not (`Hardware.unset`), and
to set it right takes as many free turns as `hal.rp2_hal` needs transfers.
"""

from sim.faults.hardware import CHIPS, NEVER_MS, RAIL, SENSOR_PARTS, SKIN
from sim.faults.tolerances import start_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Inputs
    from sim.faults.hardware import Hardware

SPARE, VERIFY = 1, 2  # what a turn is free for
# Of each of CHIPS: registers that are read again, and transfers that a new set-up takes.
REGISTERS = (3, 3, 1, 1, 1, 1, 3)
TRANSFERS = (6, 6, 2, 2, 2, 2, 6)
RAIL_CHIP, SKIN_CHIP = 4, 6
SKIN_RUNS_AFTER = 2  # transfers: then it converts again
RAIL_BACK_MS = 160  # two turns to set it up, and two readings that are not believed
CONVERSION_MS = 20


class SetUps:
    """What the HAL knows of set-ups, and whose turn it is to be read again."""

    def __init__(self, hardware: "Hardware") -> None:
        self.hardware = hardware
        self.order = [chip for chip, times in enumerate(REGISTERS) for _ in range(times)]
        self.row = 0  # of `order`, next
        self.left = [0] * len(CHIPS)  # transfers until a chip is set right; 0: none is on its way
        self.asked = False  # the firmware wants the rail monitor's set-up read back

    def answers(self, chip: int) -> bool:
        """Whether a chip acknowledges its address."""
        return not self.hardware.silenced[SENSOR_PARTS.index(CHIPS[chip][0])]

    def use_turn(self, free: int, inputs: "Inputs", t_ms: int) -> bool:
        """A turn that is free: whether a set-up used it."""
        hardware = self.hardware
        whole = t_ms >= hardware.back_ms[RAIL]
        if self.asked and whole:
            if self.answers(RAIL_CHIP):
                if hardware.unset[RAIL_CHIP]:
                    self.lose(RAIL_CHIP, inputs, t_ms)
                else:
                    self.asked = False
                    inputs.proved[0] = inputs.ms
            return True
        for chip in range(len(CHIPS) - 1, -1, -1):  # the skin sensors first
            if self.left[chip] and self.answers(chip):
                self._mend(chip, t_ms)
                return True
        if free == VERIFY:
            chip = self.order[self.row]
            self.row = (self.row + 1) % len(self.order)
            if self.hardware.unset[chip] and self.answers(chip):
                self.lose(chip, inputs, t_ms)
            return True
        return False

    def lose(self, chip: int, inputs: "Inputs", t_ms: int) -> None:
        """A chip's set-up is found lost, unless that was known."""
        if self.left[chip]:
            return
        inputs.lost[chip] += 1
        if chip == RAIL_CHIP:  # its own turns are enough
            self.hardware.unset[chip] = False
            self.hardware.back_ms[RAIL] = t_ms + RAIL_BACK_MS
        else:
            self.left[chip] = TRANSFERS[chip]

    def _mend(self, chip: int, t_ms: int) -> None:
        """One transfer of a new set-up."""
        self.left[chip] -= 1
        hardware = self.hardware
        if chip == SKIN_CHIP and self.left[chip] == TRANSFERS[chip] - SKIN_RUNS_AFTER:
            wait_ms = round(CONVERSION_MS * start_up(hardware.errors, "skin_time"))
            hardware.back_ms[SKIN] = hardware.back_ms[SKIN + 1] = t_ms + wait_ms
        if not self.left[chip]:
            hardware.unset[chip] = False

    def feel(self, slot: int, inputs: "Inputs", t_ms: int) -> None:
        """A sensor gave nothing in its turn: a skin sensor that converted nothing says why."""
        if slot >= SKIN and self.hardware.back_ms[slot] == NEVER_MS and self.answers(SKIN_CHIP):
            self.lose(SKIN_CHIP, inputs, t_ms)
