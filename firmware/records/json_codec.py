"""JSON as the unit keeps it: the same bytes on every interpreter, and no trust when read."""

import json

MOST = (1 << 30) - 1


def parse(content: bytes) -> "dict[str, object]":
    """The object that a file or a line holds; empty where it is none."""
    try:
        value: object = json.loads(content)
    except (ValueError, RuntimeError):  # RuntimeError: nested too deeply
        return {}
    return value if isinstance(value, dict) else {}


def text(keys: "tuple[str, ...]", values: "tuple[object, ...]") -> bytes:
    """An object of these keys in this order, which `json` alone does not give everywhere."""
    parts = [json.dumps(key) + ": " + json.dumps(value) for key, value in zip(keys, values)]
    return ("{" + ", ".join(parts) + "}").encode()


def whole(value: object, low: int, high: int) -> bool:
    """Whether it is an integer within bounds, and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
