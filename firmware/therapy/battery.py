"""The battery: charge from the gauge where it can be believed, from the ADC where not.

Judged once a second. Voltages are of the mean cell, in mV, under the present load.
"""

from firmware.core import limits
from firmware.core.inputs import GAUGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.inputs import Inputs
    from hal.contract import Board

# Mean-cell voltage at rest against charge in percent: a typical Li-ion (NMC) discharge curve
# (assumed). Between entries a straight line.
CURVE_MV = (3_000, 3_450, 3_550, 3_620, 3_680, 3_730, 3_790, 3_870, 3_960, 4_060, 4_180)
CURVE_STEP = 10
CELL_MOHM = 75  # of one cell (assumed); what the load pulls the cell down by is added back
SMOOTH_SHIFT = 3  # seconds, as a power of two, over which the ADC is averaged


def charge_percent(cell_mv: int) -> int:
    """Charge of a cell at rest, 0-100 %."""
    if cell_mv <= CURVE_MV[0]:
        return 0
    for k in range(1, len(CURVE_MV)):
        if cell_mv < CURVE_MV[k]:
            below = CURVE_MV[k - 1]
            return CURVE_STEP * (k - 1) + CURVE_STEP * (cell_mv - below) // (CURVE_MV[k] - below)
    return 100


class Battery:
    """What is left, in percent and in sessions."""

    def __init__(self, board: "Board") -> None:
        self.full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self.capacity_mwh = board.PACK_CAPACITY_MWH
        self.idle_mw = board.IDLE_MW
        self.cell_q3_mv = 0  # the ADC's, smoothed, times 8
        self.cell_mv = 0
        self.percent = 0
        self.low = False
        self.ended = False  # stays until charged
        self.charged_s = 0  # running
        self.gauge_believed = False
        self.session_mwh = 0

    def expect(self, power_mw: int, longest_ms: int) -> None:
        """What a session of the course in use is expected to draw, reserve included."""
        whole_mw = (power_mw + self.idle_mw) * (100 + limits.SESSION_RESERVE_PERCENT) // 100
        self.session_mwh = whole_mw * (longest_ms // 1000) // 3600 + 1

    def judge(self, inputs: "Inputs") -> None:
        """Take the codes of this second."""
        adc_mv = inputs.battery[0] * self.full_scale_mv >> 13  # two cells
        if self.cell_q3_mv == 0:
            self.cell_q3_mv = adc_mv << SMOOTH_SHIFT
        self.cell_q3_mv += adc_mv - (self.cell_q3_mv >> SMOOTH_SHIFT)
        cell_mv = self.cell_q3_mv >> SMOOTH_SHIFT
        self.cell_mv = cell_mv
        rest_mv = cell_mv + (inputs.rail[0] * CELL_MOHM // 10_000)
        percent = charge_percent(rest_mv)
        gauge_mv = inputs.gauge[0] * 5 >> 6  # 78.125 uV
        gauge_percent = inputs.gauge[1] >> 8
        apart_mv = gauge_mv - cell_mv
        self.gauge_believed = (
            (inputs.ms - inputs.heard[GAUGE]) & limits.CLOCK_MASK <= limits.GAUGE_HEARD_WITHIN_MS
            and -limits.CELL_APART_MV < apart_mv < limits.CELL_APART_MV
            and gauge_percent <= 100
            and -30 < gauge_percent - percent < 30
        )
        self.percent = gauge_percent if self.gauge_believed else percent
        self.low = cell_mv < limits.CELL_WARN_MV

    def sessions_left(self) -> int:
        """Whole sessions of the course in use."""
        if self.ended or not self.session_mwh:  # a locked unit has no course
            return 0
        return self.capacity_mwh * self.percent // 100 // self.session_mwh

    def end(self) -> None:
        """Too low under load. What was averaged before that says nothing about now."""
        self.ended = True
        self.cell_q3_mv = 0

    def recovered(self, charging: bool) -> bool:
        """Called once a second: True when enough went back in for an ended battery to be used."""
        self.charged_s = self.charged_s + 1 if charging and self.ended else 0
        if self.charged_s < limits.CHARGED_S or self.cell_mv < limits.CELL_CHARGED_MV:
            return False
        self.ended = False
        return True
