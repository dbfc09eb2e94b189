"""Rows of the guard: what it looks at, and the fault that each of its trips means.

Made by `firmware.parts` at start, where limits in mC become raw codes; asked when the guard
trips. Latches a fault with the pad, the value and the limit, in the units of `faults.FAULTS`.
"""

from firmware.core import faults, limits
from firmware.core.conversions import ntc_code, tmp117_code, tmp117_mc
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
    """Return (row, meaning) pairs: contact and LED-board sensors, pad by pad, then the battery.

    A meaning is (pad, fault below, fault above, fault far out, far code): a code far out, on the
    side of the trip, is a broken sensor, not a hot one.
    """
    hot = tmp117_code(limits.CONTACT_TRIP_MC)
    board_hot = tmp117_code(limits.BOARD_TRIP_MC)
    far = tmp117_code(limits.PLAUSIBLE_MAX_MC)
    cold = tmp117_code(limits.PLAUSIBLE_MIN_MC)
    pairs = []
    for pad in (0, 1):
        trip = ntc_code(board, limits.CONTACT_TRIP_MC - ntc_offsets_mc[pad])
        ntc = (pad, faults.CONTACT_HOT, faults.NTC_OPEN, faults.NTC_SHORT, limits.NTC_SHORT_CODE)
        contact = (pad, faults.CONTACT_GARBAGE, faults.CONTACT_HOT, faults.CONTACT_GARBAGE, far)
        led_board = (pad, faults.BOARD_GARBAGE, faults.BOARD_HOT, faults.BOARD_GARBAGE, far)
        pairs += [
            ((inputs.ntc, pad, trip, limits.NTC_OPEN_CODE), ntc),
            ((inputs.contact, pad, cold, hot), contact),
            ((inputs.board, pad, cold, board_hot), led_board),
        ]
    empty = limits.CELL_END_MV * 2 * 4096 // board.BATTERY_FULL_SCALE_MV
    battery = (faults.UNIT, faults.BATTERY_EMPTY, faults.BATTERY_EMPTY, faults.BATTERY_EMPTY, -1)
    return pairs + [((inputs.battery, 0, empty, 4096), battery)]


class GuardRows:
    """The guard, the meaning of its rows, and which of its trips have become faults."""

    def __init__(self, inputs: "Inputs", board: "Board", ntc_offsets_mc: "tuple[int, int]") -> None:
        pairs = guard_rows(inputs, board, ntc_offsets_mc)
        self.inputs = inputs
        self.guard = Guard(tuple([row for row, _ in pairs]))
        self.meanings = tuple([meaning for _, meaning in pairs])
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
        if not by_ntc:
            other_mc = pad.ntc_mc(inputs.ntc[pad.index] << 4)
            code = tmp117_mc(code)
            limit = tmp117_mc(limit)
        else:
            other_mc = tmp117_mc(inputs.contact[pad.index])
            if fault == faults.CONTACT_HOT:
                code = pad.ntc_mc(code << 4)
                limit = pad.ntc_mc(limit << 4)
        # a contact sensor is hot: does the other one of the pad say so too?
        borne_out = fault != faults.CONTACT_HOT or other_mc >= limits.CONTACT_WARN_MC
        latch.raise_fault(fault, pad.index, inputs.ms, code, limit, borne_out)

    def clear(self) -> None:
        """Forget the trips whose codes are back in bounds."""
        self.guard.clear()
        self.collected &= self.guard.tripped
