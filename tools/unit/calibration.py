"""Calibration of a unit: made from measures, checked by the firmware's own rules, as bytes.

Called by `waistband calibrate` and the bring-up; on MicroPython by the bench page's first start.
Reads and writes nothing.
"""

from math import floor

from firmware.core.conversions import clock_seconds
from firmware.core.validate import Refused
from firmware.therapy.calibration import (
    CALIBRATION_KEYS,
    REFERENCE,
    calibration_crc,
    read_calibration,
    read_reference,
)
from sim.common import validate
from sim.common.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FIELDS = CALIBRATION_KEYS
# Order of the file. What is not here, a pad or a bank, is in order of length, then of the text.
ORDER = FIELDS + (REFERENCE, "crc32", "seal")
# Outside this share of the nominal irradiance a bank is broken, or was measured wrongly.
SHARE_MIN, SHARE_MAX = 0.5, 1.25
FIRST_YEAR = "2020"
MOST = 1e9  # of what is rounded; no measure is near it


def check_given(table: object, where: str, found: "tuple[str, ...]" = ()) -> "dict[str, object]":
    """Measures that have these keys and no others, but for those that are still to be `found`.
    Raises BadInput; `where` is what its message names."""
    given = validate.table(table, where, FIELDS + (REFERENCE,))
    for key in FIELDS:
        if key not in given and key not in found:
            option = f", or give --{key}" if key in ("serial", "date") else ""
            raise BadInput(f"{where}: lacks {key}: it needs {', '.join(FIELDS)}{option}")
    return given


def check_measures(table: "dict[str, object]", where: str, today: str) -> "dict[str, object]":
    """Measures that lack nothing and have a date, rounded to thousandths. `today`: YYYY-MM-DD.
    Raises BadInput; `where` is what its message names."""
    check_date(check_given(table, where)["date"], where, today)
    return {key: round_numbers(value) for key, value in table.items()}


def check_date(date: object, where: str, today: str) -> None:
    """Refuse by BadInput what is no day of measuring; see `check_measures`."""
    if not is_day(date) or not FIRST_YEAR <= str(date) <= today:
        said = validate.shown(date).strip("'")
        raise BadInput(f"{where}: date is {said}: a day from {FIRST_YEAR} to today, as YYYY-MM-DD")


def is_day(value: object) -> bool:
    """Whether it is a day, as YYYY-MM-DD."""
    try:
        return isinstance(value, str) and clock_seconds((value + "T00:00:00").encode()) >= 0
    except ValueError:  # half a character
        return False


def round_numbers(value: object) -> object:
    """Round every number to thousandths: the unit counts in these, and its floats hold seven
    digits."""
    if isinstance(value, dict):
        return {key: round_numbers(inner) for key, inner in value.items()}
    if isinstance(value, float) and -MOST < value < MOST:
        return floor(value * 1000 + 0.5) / 1000
    return value


def make_calibration(table: "dict[str, object]", board: "Any", where: str) -> "dict[str, object]":
    """The calibration from these measures, with its CRC. Raises BadInput with the key, its value
    and what is allowed."""
    try:
        calibration = dict(table, crc32=calibration_crc(table, board))
        full, _ = read_calibration(calibration, board)
    except Refused as why:
        raise BadInput(f"{where}: {why}") from None
    nominal = board.BANK_NOMINAL_UW_CM2
    if abs(float(str(table["window_cm2"])) / board.WINDOW_CM2 - 1) > 0.5:
        raise BadInput(
            f"{where}: window_cm2 is {table['window_cm2']}: within a half of this board's"
            f" {board.WINDOW_CM2}"
        )
    low, high = SHARE_MIN * nominal, SHARE_MAX * nominal
    for pad, row in zip("AB", full):
        for bank, uw_cm2 in zip(board.BANKS, row):
            if not low <= uw_cm2 <= high:
                raise BadInput(
                    f"{where}: irradiance_mw_cm2.{pad}.{bank[0]} is {uw_cm2 / 1000:g}: from"
                    f" {low / 1000:g} to {high / 1000:g} mW/cm2 at full duty:"
                    " measure it again, or mend the bank"
                )
    for pad, drawn_mw in zip("AB", read_reference(calibration, board)):
        for bank, mw in zip(board.BANKS, drawn_mw):
            if not SHARE_MIN <= mw / bank[3] <= SHARE_MAX:
                least, most = (share * bank[3] / 7.4 for share in (SHARE_MIN, SHARE_MAX))
                raise BadInput(
                    f"{where}: {REFERENCE}.{pad}.{bank[0]} is {mw / 7.4:.0f}: from {least:.0f} to"
                    f" {most:.0f} mA at full duty and 7.4 V: measure it again, or mend the driver"
                )
    return calibration


def encode_calibration(calibration: "dict[str, object]") -> bytes:
    """The content of the unit's file: the same bytes from every Python, whose dictionaries and
    floats differ."""
    return (render(calibration, "\n") + "\n").encode()


def render(value: object, line: str) -> str:
    """A text, a number in thousandths or a table as JSON; `line` begins each line."""
    if isinstance(value, dict):
        inner = line + " "
        rows = [f'{inner}"{key}": {render(value[key], inner)}' for key in sorted(value, key=place)]
        return "{" + ",".join(rows) + line + "}"
    if isinstance(value, str):  # plain ASCII, or the firmware refuses it
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    thousandths = floor(float(str(value)) * 1000 + 0.5)
    whole, rest = divmod(abs(thousandths), 1000)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}" + (f".{rest:03}".rstrip("0") if rest else "")


def place(key: str) -> "tuple[int, int, str]":
    """Where a key stands in its table."""
    return (ORDER.index(key) if key in ORDER else len(ORDER), len(key), key)


def describe_calibration(table: "dict[str, object]") -> str:
    """The unit and the date of a calibration."""
    return f"unit {table['serial']}, measured {table['date']}"
