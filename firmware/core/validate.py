"""Checks of what a file says: its keys, numbers, texts, and the words that refuse it.

Called by whatever reads a file on the unit, and by the desk's tools; changes nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board

NAME_MAX = 40


class Refused(ValueError):
    """One line for a person: the key, the value, and what is allowed."""


def quote(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def require_keys(
    what: str, value: object, allowed: "tuple[str, ...]", needed: "tuple[str, ...] | None" = None
) -> "dict[str, object]":
    """The table itself; refuses other keys than those allowed, and where one of those needed (all,
    if None) is not there."""
    if needed is None:
        needed = allowed
    if value is None:
        raise Refused(what + " is missing or not JSON: copy it again")
    if not isinstance(value, dict):
        raise Refused(what + " is " + quote(value) + ": a table of " + ", ".join(allowed))
    for key in value:
        if key not in allowed:
            raise Refused(
                quote(key) + " is not a key of " + what + ": allowed are " + ", ".join(allowed)
            )
    for key in needed:
        if key not in value:
            raise Refused(what + " lacks " + key + ": it needs " + ", ".join(needed))
    return value


def read_number(what: str, value: object, low: float, high: float, unit: str) -> int:
    """A number within limits, in thousandths; refuses booleans, NaN and infinities."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise Refused(
            what + " is " + quote(value) + ": a number from " + str(low) + " to " + str(high)
            + " " + unit
        )  # fmt: skip
    return int(value * 1000 - low * 1000 + 0.5) + int(low * 1000)  # rounds alike below zero


def read_whole(what: str, value: object, low: int, high: int, unit: str) -> int:
    """A whole number within limits."""
    number = read_number(what, value, low, high, unit)
    if number % 1000:
        raise Refused(what + " is " + quote(value) + ": a whole number of " + unit)
    return number // 1000


def read_text(what: str, value: object) -> str:
    """A text that the unit's screen can show."""
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= NAME_MAX
        or not " " <= min(value) <= max(value) <= "~"
    ):
        raise Refused(what + " is " + quote(value) + ": 1 to 40 characters of plain ASCII")
    return value


def bank_names(board: "Board") -> "tuple[str, ...]":
    """The board's banks by wavelength, as files name them."""
    return tuple([str(row[0]) for row in board.BANKS])
