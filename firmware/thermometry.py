"""Between raw codes and thousandths of a degree: tables made once, at start.

Thermistor: B-equation, R = R25 * exp(B * (1/T - 1/298.15 K)), to ground under a
pull-up to the converter's own reference, so that code / 4096 = R / (R + pull-up).
TMP117: 1/128 C a step (data sheet, 7.8125 mC).
"""

from array import array
from math import exp, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board

CELL_CODES = 16  # codes between two entries of the table: under 2 mC of error from 20 to 60 C


def ntc_code(board: "Board", mc: int) -> int:
    """Nearest 12-bit code of the board's contact thermistor at a temperature in mC."""
    kelvin = mc / 1000 + 273.15
    ohm = board.NTC_OHM * exp(board.NTC_B_K * (1 / kelvin - 1 / 298.15))
    return int(4096 * ohm / (ohm + board.NTC_PULLUP_OHM) + 0.5)


def ntc_table(board: "Board", offset_mc: int) -> "array[int]":
    """Temperatures in mC at codes 0, 16, 32 ... 4096, with the unit's offset added."""
    table = array("i")
    for step in range(4096 // CELL_CODES + 1):
        code = min(max(step * CELL_CODES, 8), 4088)
        ohm = board.NTC_PULLUP_OHM * code / (4096 - code)
        kelvin = 1 / (log(ohm / board.NTC_OHM) / board.NTC_B_K + 1 / 298.15)
        table.append(int((kelvin - 273.15) * 1000 + 0.5) + offset_mc)
    return table


def tmp117_code(mc: int) -> int:
    """The TMP117 code at a temperature in mC."""
    return (mc << 4) // 125


def tmp117_mc(code: int) -> int:
    """Temperature in mC of a TMP117 code."""
    return code * 125 >> 4
