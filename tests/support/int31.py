"""Integers that refuse to grow: on the unit an int below 2**30 needs no memory, a larger does.

`Int31` is an int whose every operation asserts that what comes out lies within
-2**30 < x < 2**30, and gives an `Int31` again, so that whatever is worked out from
it is watched too. Fed to the firmware's inputs, it watches the whole tick.
"""

from typing import Any

LIMIT = 1 << 30


class Int31(int):
    """An int below 2**30 in size, whatever is done with it."""

    def __new__(cls, value: int = 0) -> "Int31":
        assert -LIMIT < value < LIMIT, f"{value} takes more than 31 bits"
        return super().__new__(cls, value)

    def __repr__(self) -> str:
        return f"{int(self)}"


def _watched(name: str) -> Any:
    plain = getattr(int, name)

    def operation(*operands: int) -> Any:
        result = plain(*operands)
        if result is NotImplemented or not isinstance(result, int):
            return result
        assert -LIMIT < result < LIMIT, f"{name}{operands} is {result}: more than 31 bits"
        return Int31(result)

    operation.__name__ = name
    return operation


TWO_SIDED = ("add", "sub", "mul", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor")
ONE_SIDED = ("neg", "pos", "abs", "invert")
OPERATIONS = tuple(f"__{side}{name}__" for name in TWO_SIDED for side in ("", "r")) + tuple(
    f"__{name}__" for name in ONE_SIDED
)
for _name in OPERATIONS:
    setattr(Int31, _name, _watched(_name))
