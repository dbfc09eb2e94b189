"""Rows of the guard: what it looks at, and the fault that each of its trips means.

Made by `firmware.waistband` at start, where limits in mC become raw codes; asked when the guard
trips. Latches a fault with the pad, the value and the limit, in the units of `faults.FAULTS`.
"""

from firmware.core import faults
from firmware.core.conversions import ntc_code, tmp117_code, tmp117_mc
from firmware.core.limits import (
    BOARD_TRIP_MC,
    CELL_END_MV,
    CONTACT_TRIP_MC,
    CONTACT_WARN_MC,
    NTC_OPEN_CODE,
    NTC_SHORT_CODE,
    PLAUSIBLE_MAX_MC,
    PLAUSIBLE_MIN_MC,
)
from firmware.safety.guard import Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs
    from firmware.therapy.pad import Pad
    from hal.contract import Board


def guard_rows(
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
        pairs.append(
            (
                (inputs.ntc, pad, trip, NTC_OPEN_CODE),
                (pad, faults.CONTACT_HOT, faults.NTC_OPEN, faults.NTC_SHORT, NTC_SHORT_CODE),
            )
        )
        pairs.append(
            (
                (inputs.contact, pad, cold, hot),
                (pad, faults.CONTACT_GARBAGE, faults.CONTACT_HOT, faults.CONTACT_GARBAGE, far),
            )
        )
        pairs.append(
            (
                (inputs.board, pad, cold, board_hot),
                (pad, faults.BOARD_GARBAGE, faults.BOARD_HOT, faults.BOARD_GARBAGE, far),
            )
        )
    empty = CELL_END_MV * 2 * 4096 // board.BATTERY_FULL_SCALE_MV
    pairs.append(
        (
            (inputs.battery, 0, empty, 4096),
            (faults.UNIT, faults.BATTERY_EMPTY, faults.BATTERY_EMPTY, faults.BATTERY_EMPTY, -1),
        )
    )
    return pairs


class GuardRows:
    """The guard, the meaning of its rows, and which of its trips have become faults."""

    def __init__(self, inputs: "Inputs", board: "Board", ntc_offsets_mc: "tuple[int, int]") -> None:
        rows = []
        meanings = []
        for row, meaning in guard_rows(inputs, board, ntc_offsets_mc):
            rows.append(row)
            meanings.append(meaning)
        self.inputs = inputs
        self.guard = Guard(tuple(rows))
        self.meanings = tuple(meanings)
        self.collected = 0  # a bit a row: trips that have become faults

    def collect(self, latch: "Faults", pads: "tuple[Pad, Pad]") -> bool:
        """Turn new trips into faults, with the value and the limit; True where one of them says
        that the battery is empty, which is no fault to be latched."""
        empty = False
        tripped = self.guard.tripped
        for k in range(len(self.meanings)):
            if not (tripped & ~self.collected) >> k & 1:
                continue
            pad, below, above, far, far_code = self.meanings[k]
            _, _, low, high = self.guard.rows[k]
            code = self.guard.values[k]
            fault = below if code <= low else above
            limit = low if code <= low else high
            if (far_code <= low and code <= far_code) or (far_code >= high and code >= far_code):
                fault = far
                limit = far_code
            if fault == faults.BATTERY_EMPTY:
                empty = True
            else:
                self._latch(k, fault, code, limit, latch, pads[pad])
        self.collected = tripped
        return empty

    def _latch(
        self, k: int, fault: int, code: int, limit: int, latch: "Faults", pad: "Pad"
    ) -> None:
        """Latch what row `k` found, codes in mC where the fault is named by them."""
        inputs = self.inputs
        by_ntc = self.guard.rows[k][0] is inputs.ntc
        other_mc = CONTACT_WARN_MC  # what the pad's other contact sensor says
        if fault == faults.CONTACT_HOT:
            other_mc = (
                tmp117_mc(inputs.contact[pad.index])
                if by_ntc
                else (pad.ntc_mc(inputs.ntc[pad.index] << 4))
            )
        if not by_ntc:
            code = tmp117_mc(code)
            limit = tmp117_mc(limit)
        elif fault == faults.CONTACT_HOT:
            code = pad.ntc_mc(code << 4)
            limit = pad.ntc_mc(limit << 4)
        latch.raise_fault(fault, pad.index, inputs.ms, code, limit, other_mc >= CONTACT_WARN_MC)

    def clear(self) -> None:
        """Forget the trips whose codes are back in bounds."""
        self.guard.clear()
        self.collected &= self.guard.tripped
