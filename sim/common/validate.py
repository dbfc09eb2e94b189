"""Validation of files and options that people write: bounded; each refusal is a `BadInput`.

Called by scenarios and by the tools. Each check takes `where`, the file and the place in it as a
message names them, and returns the value with its type known.
"""

import json
import math

from sim.common.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

FILE_MAX_BYTES = 65_536
LINE_MAX = 1_024  # characters of TOML: what reading a dotted key costs grows as its square
SHOWN_MAX = 40  # characters of a value that a message quotes
DIGITS_MAX = 20  # of an integer: any more are not worth reading


def read_bytes(path: "str | Path", most: int = FILE_MAX_BYTES) -> bytes:
    """The whole of a file of at most 64 KiB, or of `most` bytes."""
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise BadInput(f"{path}: is a directory, not a file") from None
    except (OSError, ValueError) as why:  # ValueError: a NUL in the name
        reason = getattr(why, "strerror", None) or why
        raise BadInput(f"{path}: cannot be read: {reason}") from None
    if len(data) > most:
        raise BadInput(f"{path}: is larger than {most // 1024} KiB, the most that is read")
    return data


def read_text(path: "str | Path") -> str:
    """The whole of a file of at most 64 KiB of UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise BadInput(f"{path}: is not UTF-8 text, at byte {why.start}") from None


def parse_toml(text: str, where: str) -> dict[str, object]:
    """A TOML document."""
    import tomllib

    if len(text) > FILE_MAX_BYTES:
        raise BadInput(f"{where}: is larger than 64 KiB, the most that is read")
    for count, line in enumerate(text.split("\n"), 1):
        if len(line) > LINE_MAX:
            raise BadInput(f"{where}: line {count} is longer than {LINE_MAX} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadInput(f"{where}: is nested too deeply") from None
    except ValueError as why:
        raise BadInput(f"{where}: is not TOML: {excerpt(str(why))}") from None


def parse_json(text: str, where: str) -> dict[str, object]:
    """A JSON object, none of whose keys stands twice."""

    def check_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise BadInput(f"{where}: the key {shown(key)} stands twice")
            found[key] = value
        return found

    try:
        value = json.loads(text, object_pairs_hook=check_keys)
    except RecursionError:
        raise BadInput(f"{where}: is nested too deeply") from None
    except BadInput:
        raise
    except ValueError as why:
        raise BadInput(f"{where}: is not JSON: {excerpt(str(why))}") from None
    if not isinstance(value, dict):
        raise BadInput(f"{where}: holds {shown(value)}: a JSON object {{...}} is needed")
    return value


def shown(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**DIGITS_MAX:
        return f"an integer of more than {DIGITS_MAX} digits"
    if isinstance(value, str):
        value = value[: SHOWN_MAX + 1]
    return excerpt(repr(value), SHOWN_MAX)


def excerpt(text: str, most: int = 120) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def table(value: object, where: str, allowed: tuple[str, ...]) -> dict[str, object]:
    """A table that has no other keys than these."""
    if not isinstance(value, dict):
        raise BadInput(f"{where} is {shown(value)}: a table of {', '.join(allowed)}")
    for key in value:
        if key not in allowed:
            near = nearest(key, allowed)
            raise BadInput(
                f"{where}: {shown(key)} is not a key{near}; allowed are {', '.join(allowed)}"
            )
    return value


def number(value: object, where: str, low: float, high: float, unit: str = "") -> float:
    """A number within limits; no boolean, NaN or infinity."""
    right = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not right or not low <= value <= high or not math.isfinite(value):  # type: ignore[operator,arg-type]
        unit = f" ({unit})" if unit else ""
        raise BadInput(f"{where} is {shown(value)}: a number from {low:.9g} to {high:.9g}{unit}")
    return float(value)  # type: ignore[arg-type]


def integer(value: object, where: str, low: int, high: int, unit: str = "") -> int:
    """An integer within limits; no boolean."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        unit = f" ({unit})" if unit else ""
        raise BadInput(f"{where} is {shown(value)}: an integer from {low} to {high}{unit}")
    return value


def truth(value: object, where: str) -> bool:
    """True or false, nothing that could be taken for it."""
    if not isinstance(value, bool):
        raise BadInput(f"{where} is {shown(value)}: true or false")
    return value


def choice(value: object, where: str, allowed: tuple[str, ...]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in allowed:
        raise BadInput(
            f"{where} is {shown(value)}{nearest(value, allowed)}; allowed are {', '.join(allowed)}"
        )
    return value


def nearest(value: object, allowed: tuple[str, ...]) -> str:
    """' (did you mean ...?)' for a word that is nearly one of these, else nothing."""
    if not isinstance(value, str):
        return ""
    try:
        from difflib import get_close_matches
    except ImportError:  # MicroPython has none
        return ""
    found = get_close_matches(value[:SHOWN_MAX], allowed, 1, 0.7)
    return f" (did you mean {found[0]}?)" if found else ""
