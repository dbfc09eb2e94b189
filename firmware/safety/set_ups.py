"""Chips of the sensors' bus: one that loses its set-up again and again, a rail monitor not heard.

Called by `firmware.waistband` once a control step. Reads `Inputs.lost`: the HAL reads every set-up
again and sets right what was lost. A loss alone is no fault: light goes on, and the journal and the
screen tell of it. The gauge is let be: where it is wrong the converter speaks for the battery.
"""

from firmware.core import faults
from firmware.core.inputs import GAUGE, RAIL
from firmware.core.limits import HEARD_WITHIN_MS, LOST_MOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs

PADS = (0, 1, 0, 1, faults.UNIT, faults.UNIT, faults.UNIT)  # of each item of `Inputs.lost`


class SetUps:
    """How often each part had lost its set-up at the last control step."""

    def __init__(self, inputs: "Inputs") -> None:
        self.inputs = inputs
        self.seen = [0] * len(inputs.lost)

    def judge(self, latch: "Faults") -> None:
        """Latch a fault where a part has lost its set-up once more than LOST_MOST, or the rail
        monitor is silent."""
        inputs = self.inputs
        ms = inputs.ms
        latch.check_heard(faults.RAIL_LOST, faults.UNIT, ms, inputs.heard[RAIL], HEARD_WITHIN_MS)
        lost = inputs.lost
        seen = self.seen
        for k in range(len(seen)):
            times = lost[k]
            if times != seen[k]:
                seen[k] = times
                if times > LOST_MOST and k != GAUGE:
                    latch.raise_fault(faults.SET_UP_LOST, PADS[k], ms, times, LOST_MOST)
