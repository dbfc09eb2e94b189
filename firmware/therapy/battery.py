"""The battery: charge from gauge and ADC, what the pack's resistance leaves of it, and its end.

Called by `firmware.waistband` once a second, and when the guard finds the pack below its end.
Voltages are of the mean cell, in mV, under the present load.

| question       | answer                                                                        |
|----------------|-------------------------------------------------------------------------------|
| charge         | the gauge's; where gauge and voltage differ, the lower; uncertain on the screen |
| sessions left  | charge above the floor at which the load would pull the cell below its end     |
| ended          | the guard's trip; until charged, or until gauge and ADC agree that it was a dip |
"""

from firmware.core import limits
from firmware.core.inputs import CHARGER, CHARGING, GAUGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.inputs import Inputs
    from hal.contract import Board

# Mean-cell voltage at rest against charge in percent: a typical Li-ion (NMC) discharge curve
# (assumed). Between entries a straight line.
CURVE_MV = (3_000, 3_450, 3_550, 3_620, 3_680, 3_730, 3_790, 3_870, 3_960, 4_060, 4_180)
CURVE_STEP = 10
CELL_MOHM = 75  # of one cell (assumed), and the least: a pack may have been seen to have more
CELL_MOHM_MAX = 2_000
TIMES = (3, 2)  # resistance at 0 and 10 % of charge over that of a fuller cell (assumed)
LOAD_MV = 6_000  # of the pack at its end: what a session's power is drawn at
LEARN_01MA = 2_000  # less current says nothing about resistance
LEARN_S = (20, 60)  # of light: averages have settled, and charge is about what it was
DIP_S = 5  # gauge and ADC must agree for so long that the pack is well
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
        self.cell_mohm = CELL_MOHM  # as seen so far
        self.load_ma = 0  # of a session
        self.rest_mv = 0  # the cell in the dark, before the present light
        self.rail_q3_01ma = 0  # smoothed, times 8
        self.lit_s = 0
        self.gauge_mv = 0  # as heard in the second before; 0: it was silent
        self.doubted = False  # the gauge did not bear the end out
        self.well_s = 0  # since when gauge and ADC agree that it is not empty
        self.gauge_believed = False
        self.session_mwh = 0

    def expect(self, power_mw: int, longest_ms: int) -> None:
        """What a session of the course in use is expected to draw, reserve included."""
        self.load_ma = power_mw * 1000 // LOAD_MV
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
        self._learn(inputs.rail[0])
        percent = charge_percent(cell_mv + inputs.rail[0] * self.cell_mohm // 10_000)
        gauge_mv = inputs.gauge[0] * 5 >> 6  # 78.125 uV
        gauge_percent = inputs.gauge[1] >> 8
        apart_mv = gauge_mv - cell_mv
        heard_ms = (inputs.ms - inputs.heard[GAUGE]) & limits.CLOCK_MASK
        heard = heard_ms <= limits.GAUGE_HEARD_WITHIN_MS
        self.gauge_mv = gauge_mv if heard else 0
        speaks = (
            heard
            and -limits.CELL_APART_MV < apart_mv < limits.CELL_APART_MV
            and gauge_percent <= 100
            and -30 < gauge_percent - percent < 30
        )
        self.gauge_believed = (
            speaks and -limits.CHARGE_APART < gauge_percent - percent < limits.CHARGE_APART
        )
        if self.gauge_believed or (speaks and gauge_percent < percent):
            percent = gauge_percent
        self.percent = percent
        self.low = cell_mv < limits.CELL_WARN_MV
        well = self.doubted and speaks and self._count_sessions() > 0
        self.well_s = self.well_s + 1 if well else 0

    def _learn(self, rail_01ma: int) -> None:
        """Learn the resistance from what the light pulls the cell down by."""
        self.rail_q3_01ma += rail_01ma - (self.rail_q3_01ma >> SMOOTH_SHIFT)
        if rail_01ma < LEARN_01MA:
            if rail_01ma < limits.RAIL_DARK_01MA:
                self.rest_mv = self.cell_mv
                self.lit_s = 0
            return
        self.lit_s += 1
        if LEARN_S[0] <= self.lit_s < LEARN_S[1]:
            self._take_mohm(self.cell_mv, self.rail_q3_01ma >> SMOOTH_SHIFT)

    def _take_mohm(self, loaded_mv: int, rail_01ma: int) -> None:
        """Take the resistance from a voltage under load and its current."""
        if rail_01ma >= LEARN_01MA and self.rest_mv:
            mohm = (self.rest_mv - loaded_mv) * 10_000 // rail_01ma
            self.cell_mohm = min(max(mohm, CELL_MOHM), CELL_MOHM_MAX)

    def floor_percent(self) -> int:
        """The charge at which a session's load pulls the cell down to its end, 0-100 %."""
        sag_mv = self.load_ma * self.cell_mohm // 1000
        below_mv = 0
        for k in range(len(CURVE_MV)):
            times = TIMES[k] if k < len(TIMES) else 1
            over_mv = CURVE_MV[k] - sag_mv * times - limits.CELL_END_MV
            if over_mv >= 0:
                return CURVE_STEP * k - (CURVE_STEP * over_mv // (over_mv - below_mv) if k else 0)
            below_mv = over_mv
        return 100

    def sessions_left(self) -> int:
        """Whole sessions of the course in use."""
        return 0 if self.ended else self._count_sessions()

    def _count_sessions(self) -> int:
        usable = self.percent - self.floor_percent()
        if usable <= 0 or not self.session_mwh:  # a locked unit has no course
            return 0
        return self.capacity_mwh * usable // 100 // self.session_mwh

    def is_empty(self) -> bool:
        """Whether it ended, or has not one session left."""
        return self.ended or (self.session_mwh > 0 and self._count_sessions() < 1)

    def end(self, rail_01ma: int) -> None:
        """Too low under a load of `rail_01ma`. What was averaged before that says nothing about
        now. A gauge that was well above a second ago has seen no pack run empty."""
        self.ended = True
        self.cell_q3_mv = self.well_s = 0
        self.doubted = self.gauge_mv > limits.CELL_END_MV + limits.CELL_APART_MV
        if not self.doubted:
            self._take_mohm(limits.CELL_END_MV, rail_01ma)

    def recovered(self, pins: int) -> bool:
        """Called once a second out of a session: True when an ended battery may be used again. It
        was charged, or its charger says that it is full, or its end was no more than a dip."""
        if not self.ended:
            return False
        if pins & CHARGING:
            self.charged_s += 1
        elif pins & CHARGER and self.cell_mv >= limits.CELL_FULL_MV:
            self.charged_s += limits.CHARGED_S // DIP_S
        else:
            self.charged_s = 0
        charged = self.charged_s >= limits.CHARGED_S and self.cell_mv >= limits.CELL_CHARGED_MV
        if not charged and self.well_s < DIP_S:
            return False
        self.ended = self.doubted = False
        self.charged_s = 0
        return True
