"""What the guard looks at, and what each of its trips means.

The rows are made once, at start: limits in mC become raw codes here. A trip becomes a
fault with the pad, the value and the limit, in the units of `faults.FAULTS`.
"""

from firmware import faults, states
from firmware.limits import (
    BOARD_TRIP_MC,
    CELL_END_MV,
    CONTACT_TRIP_MC,
    CONTACT_WARN_MC,
    NTC_OPEN_CODE,
    NTC_SHORT_CODE,
    PLAUSIBLE_MAX_MC,
    PLAUSIBLE_MIN_MC,
)
from firmware.thermometry import ntc_code, tmp117_code, tmp117_mc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.inputs import Inputs
    from firmware.waistband import Waistband
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


def collect(unit: "Waistband", tripped: int) -> None:
    """Turn the guard's new trips into faults, with the value and the limit."""
    inputs = unit.inputs
    for k in range(len(unit.meaning)):
        if not (tripped & ~unit.collected) >> k & 1:
            continue
        pad, below, above, far, far_code = unit.meaning[k]
        source, _, low, high = unit.guard.rows[k]
        code = unit.guard.values[k]
        fault = below if code <= low else above
        limit = low if code <= low else high
        if (far_code <= low and code <= far_code) or (far_code >= high and code >= far_code):
            fault = far
            limit = far_code
        if fault == faults.BATTERY_EMPTY:
            unit.battery.end()
            if unit.session.state in states.IN_SESSION:
                unit.session.post(states.BATTERY_END)
            continue
        if source is not inputs.ntc:
            code = tmp117_mc(code)
            limit = tmp117_mc(limit)
        elif fault == faults.CONTACT_HOT:
            code = unit.pads[pad].ntc_mc(code << 4)
            limit = unit.pads[pad].ntc_mc(limit << 4)
        other_mc = CONTACT_WARN_MC
        if fault == faults.CONTACT_HOT:
            by_ntc = source is inputs.ntc
            other_mc = tmp117_mc(inputs.contact[pad]) if by_ntc else (
                unit.pads[pad].ntc_mc(inputs.ntc[pad] << 4))
        unit.faults.raise_fault(
            fault, pad, inputs.ms, code, limit, other_mc >= CONTACT_WARN_MC
        )
    unit.collected = tripped
