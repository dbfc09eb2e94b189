"""The guard: raw codes against raw limits, on every tick. It may only take power away.

One row a code: it must lie strictly between `low` and `high`. Out of bounds for
three ticks running (60 ms), the row trips, and stays tripped until `clear`. The
gate reads `tripped` and lets nothing out while a bit of it is set. There is no
arithmetic on temperatures here and no call out: limits became codes at start.
"""

from firmware import faults
from firmware.limits import (
    BOARD_TRIP_MC,
    CELL_END_MV,
    CONTACT_TRIP_MC,
    NTC_OPEN_CODE,
    NTC_SHORT_CODE,
    PLAUSIBLE_MAX_MC,
    PLAUSIBLE_MIN_MC,
    TRIP_SAMPLES,
)
from firmware.thermometry import ntc_code, tmp117_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.inputs import Inputs
    from hal.contract import Board


class Guard:
    """Rows of limits over the inputs record, and which of them tripped."""

    def __init__(self, rows: "tuple[tuple[list[int], int, int, int], ...]") -> None:
        self.rows = rows  # (source list, index in it, low, high)
        self.counts = [0] * len(rows)
        self.values = [0] * len(rows)  # the code that tripped the row
        self.tripped = 0  # a bit a row
        self.out = 0  # a bit a row: out of bounds on this tick

    def look(self) -> int:
        """Judge this tick's codes; returns `tripped`."""
        for source, index, low, high in self.rows:
            if not low < source[index] < high:
                break
        else:
            if not self.out:
                return self.tripped
        out = 0
        for k in range(len(self.rows)):
            source, index, low, high = self.rows[k]
            code = source[index]
            if low < code < high:
                self.counts[k] = 0
                continue
            out |= 1 << k
            self.counts[k] += 1
            if self.counts[k] >= TRIP_SAMPLES:
                self.counts[k] = TRIP_SAMPLES
                if not self.tripped >> k & 1:
                    self.tripped |= 1 << k
                    self.values[k] = code
        self.out = out
        return self.tripped

    def clear(self) -> None:
        """Forget the trips whose codes are back in bounds."""
        self.tripped &= self.out



def contact_rows(
    inputs: "Inputs", board: "Board", ntc_offsets_mc: "tuple[int, int]"
) -> "list[tuple[tuple[list[int], int, int, int], tuple[int, int, int, int, int]]]":
    """The rows of the contact and LED-board sensors, pad by pad, and of the battery.

    Returns (row, meaning) pairs: meaning is (pad, fault below, fault above, fault far out,
    far code): a code far out, on the side of the trip, is a broken sensor, not a hot one.
    """
    hot = tmp117_code(CONTACT_TRIP_MC)
    board_hot = tmp117_code(BOARD_TRIP_MC)
    far = tmp117_code(PLAUSIBLE_MAX_MC)
    cold = tmp117_code(PLAUSIBLE_MIN_MC)
    pairs = []
    for pad in (0, 1):
        trip = ntc_code(board, CONTACT_TRIP_MC - ntc_offsets_mc[pad])
        pairs.append((
            (inputs.ntc, pad, trip, NTC_OPEN_CODE),
            (pad, faults.CONTACT_HOT, faults.NTC_OPEN, faults.NTC_SHORT, NTC_SHORT_CODE),
        ))
        pairs.append((
            (inputs.contact, pad, cold, hot),
            (pad, faults.CONTACT_GARBAGE, faults.CONTACT_HOT, faults.CONTACT_GARBAGE, far),
        ))
        pairs.append((
            (inputs.board, pad, cold, board_hot),
            (pad, faults.BOARD_GARBAGE, faults.BOARD_HOT, faults.BOARD_GARBAGE, far),
        ))
    empty = CELL_END_MV * 2 * 4096 // board.BATTERY_FULL_SCALE_MV
    pairs.append((
        (inputs.battery, 0, empty, 4096),
        (faults.UNIT, faults.BATTERY_EMPTY, faults.BATTERY_EMPTY, faults.BATTERY_EMPTY, -1),
    ))
    return pairs
