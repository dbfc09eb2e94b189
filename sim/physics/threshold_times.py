"""Threshold times: since when a pad is sensed too hot, or its two contact sensors disagree.

A cut-off's latency counts from these, at every depth: by the codes that the program was given, and
by the sensors' levels, noise aside. Called by `sim.faults.hardware` and by the HAL or bench; reads
codes, levels and the design's limits alone.
"""

from math import exp

from sim.physics import sensors
from sim.physics.plant import APART_C, TRIP_C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hal.contract import Board


def update_since(since_ms: "list[int]", at: int, beyond: bool, t_ms: int) -> None:
    """Keep in a list since when something lasts without a break; -1 where it does not."""
    if not beyond:
        since_ms[at] = -1
    elif since_ms[at] < 0:
        since_ms[at] = t_ms


def ntc_code(board: "Board", contact_c: float) -> int:
    """The nearest 12-bit code of the board's contact thermistor, by the B-equation."""
    kelvin = contact_c + sensors.KELVIN
    ohm = board.NTC_OHM * exp(board.NTC_B_K * (1.0 / kelvin - 1.0 / (25.0 + sensors.KELVIN)))
    return int(4096 * ohm / (ohm + board.NTC_PULLUP_OHM) + 0.5)


class Dark:
    """An end of light, and since when each pad was then sensed too hot, and its two contact
    sensors too far apart (-1: it was not)."""

    def __init__(self, t_ms: int, hot_ms: "list[int]", apart_ms: "list[int]") -> None:
        self.t_ms = t_ms
        self.hot_ms = (hot_ms[0], hot_ms[1])
        self.apart_ms = (apart_ms[0], apart_ms[1])


class ThresholdTimes:
    """Times in ms since power-on; -1 for what is not so now."""

    def __init__(self, board: "Board") -> None:
        self.trip_level = ntc_code(board, TRIP_C)
        self.trip_raw = sensors.tmp117_raw(TRIP_C)
        self._since_ms = [-1] * 4  # codes beyond the trip: thermistor A, digital A, and B's
        self.hot_ms = [-1, -1]  # ... the longer of a pad's two
        self.apart_ms = [-1, -1]

    def judge_codes(self, pad: int, ntc: int, contact: int, t_ms: int) -> None:
        """Judge a pad's codes as read. Two sensors that take turns at it were both within the trip
        in between."""
        since_ms = self._since_ms
        at = 2 * pad
        update_since(since_ms, at, ntc <= self.trip_level, t_ms)
        update_since(since_ms, at + 1, contact >= self.trip_raw, t_ms)
        one_ms = since_ms[at]
        other_ms = since_ms[at + 1]
        never = one_ms < 0 or other_ms < 0
        self.hot_ms[pad] = max(one_ms, other_ms) if never else min(one_ms, other_ms)

    def judge_pairs(self, levels: "Sequence[float]", raw: "Sequence[int]", t_ms: int) -> None:
        """Judge how far apart both pads' sensors are, noise aside."""
        for pad in (0, 1):
            apart_c = abs(sensors.ntc_c(levels[pad]) - raw[pad] * sensors.TMP117_LSB_C)
            update_since(self.apart_ms, pad, apart_c > APART_C, t_ms)
