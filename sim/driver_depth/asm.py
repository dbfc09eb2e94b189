"""PIO assembler: `rp2.asm_pio`, from a decorated function to 16-bit opcodes. RP2040 data sheet 3.4.

`sim.driver_depth.pio` offers it to the unit's program as part of `rp2`. It knows the instructions
of `hal/lease.py` (`OPCODES`) and refuses all others.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any

# Opcode of an instruction and its operands, with zero in bits 4-0. The last operand of `jmp` (a
# label) and of `set` (a number) goes into these bits.
OPCODES: "dict[tuple[object, ...], int]" = {
    ("jmp",): 0x0000,
    ("jmp", "not_x"): 0x0020,  # if X is zero
    ("jmp", "x_dec"): 0x0040,  # if X is not zero, and X is one less in either case
    ("pull",): 0x80A0,
    ("pull", "block"): 0x80A0,  # waits for a word in the FIFO
    ("pull", "noblock"): 0x8080,  # takes X where the FIFO is empty
    ("mov", "x", "osr"): 0xA027,
    ("mov", "osr", "x"): 0xA0E1,
    ("set", "pins"): 0xE000,
    ("set", "x"): 0xE020,
}
OPERANDS = ("not_x", "x_dec", "block", "noblock", "x", "osr", "pins")
WITH_FIELD = ("jmp", "set")
FIELD_END = 32  # of a number, and of a program's length


class PIOASMError(Exception):
    """The program cannot be assembled."""


class Program:
    """Opcodes, where a pass begins and ends, and the first state of the pin of `set`."""

    def __init__(
        self, words: "list[int]", wrap_target: int, wrap_top: int, set_init: "int | None"
    ) -> None:
        self.words = words
        self.wrap_target = wrap_target
        self.wrap_top = wrap_top
        self.set_init = set_init


def assemble(body: "FunctionType", set_init: "int | None") -> Program:
    """Run a program's body once and collect its words. Raises PIOASMError for a mistake.

    The body sees the instructions and the integer constants of its module (MicroPython's compiler
    folds these in), nothing else: the module's names are swapped meanwhile, as in MicroPython.
    """
    words: list[int] = []
    places: dict[object, int] = {}  # addresses by label, and of both ends of a pass
    jumps: list[tuple[int, object]] = []  # addresses, and the labels to go to

    def mark(name: str) -> None:
        if name in places:
            raise PIOASMError(f"duplicate label {name}")
        places[name] = len(words)

    def instruction(name: str) -> "Callable[..., None]":
        def emit(*operands: "Any") -> None:
            field: Any = 0
            if name in WITH_FIELD and operands:
                operands, field = operands[:-1], operands[-1]
            opcode = OPCODES.get((name,) + operands)
            if opcode is None:
                raise PIOASMError(f"{name}{operands} is not on this chip")
            if name == "jmp":
                jumps.append((len(words), field))
                field = 0
            if not 0 <= field < FIELD_END:
                raise PIOASMError(f"{field} is not in 0 to 31")
            words.append(opcode | field)

        return emit

    names = body.__globals__
    kept = names.copy()
    names.clear()
    names.update({key: kept[key] for key in kept if isinstance(kept[key], int)})
    names.update({name: name for name in OPERANDS})
    names.update({str(row[0]): instruction(str(row[0])) for row in OPCODES})
    names["label"] = mark
    names["wrap_target"] = lambda: mark("wrap_target()")
    names["wrap"] = lambda: mark("wrap()")
    try:
        body()
    finally:
        names.clear()
        names.update(kept)
    for at, label in jumps:
        if label not in places:
            raise PIOASMError(f"unknown label {label}")
        words[at] |= places[label]
    if len(words) > FIELD_END:
        raise PIOASMError("more than 32 instructions")
    top = places.get("wrap()", len(words)) - 1
    return Program(words, places.get("wrap_target()", 0), top, set_init)


def asm_pio(set_init: "int | None" = None) -> "Callable[[FunctionType], Program]":
    """Return the decorator. `set_init` is a state of `rp2.PIO`, as `OUT_LOW`."""
    return lambda body: assemble(body, set_init)
