"""PIO assembly as MicroPython's `rp2.asm_pio` takes it, to 16-bit opcodes.

Encodings: RP2040 data sheet, 3.4. Every instruction has its class in bits 15-13 and
delay and side-set in bits 12-8.
"""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any

    Opcodes = list[Any]
else:
    Opcodes = list

JMP, WAIT, IN, OUT, PUSH, PULL, MOV, IRQ, SET = (
    0x0000, 0x2000, 0x4000, 0x6000, 0x8000, 0x8080, 0xA000, 0xC000, 0xE000,
)  # fmt: skip
NOP = MOV | 2 << 5 | 2  # mov(y, y)
DELAY_MAX = 31
EXEC = 8  # the operand; `mov` and `out` number it differently

OPERANDS: "dict[str, object]" = {
    "gpio": 0, "pins": 0, "x": 1, "y": 2, "null": 3, "pindirs": 4, "pc": 5, "status": 5,
    "isr": 6, "osr": 7, "exec": EXEC,
    "not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6, "not_osre": 7,
    "noblock": 0x01, "block": 0x21, "iffull": 0x40, "ifempty": 0x40, "clear": 0x40,
    "invert": lambda x: x | 0x08, "reverse": lambda x: x | 0x10, "rel": lambda x: x | 0x10,
}  # fmt: skip
INSTRUCTIONS = (
    "word", "nop", "jmp", "wait", "in_", "out", "push", "pull", "mov", "irq", "set",
    "wrap_target", "wrap", "label",
)  # fmt: skip


class PIOASMError(Exception):
    """The program cannot be assembled."""


class Program(Opcodes):
    """What `asm_pio` makes: [opcodes, offset in PIO 0, 1, 2, EXECCTRL, SHIFTCTRL, pins' first
    states of out, set, side-set], as MicroPython has it, and what a state machine needs of it."""

    wrap_target = 0
    wrap_top = 0
    side_count = 0
    side_optional = False
    out_right = False


class Assembler:
    """Two passes over a program: one for its labels, one for its words."""

    def __init__(self, side_count: int = 0, side_optional: bool = False) -> None:
        self.words = array("H")
        self.labels: dict[str, int] = {}
        self.first_pass = True
        self.at = 0
        self.sides = 0
        self.side_count = side_count
        self.side_optional = side_optional
        self.target = 0
        self.top = -1

    def second_pass(self) -> None:
        """Labels are known: write words from now on."""
        self.side_optional = bool(self.side_count) and self.sides != self.at
        self.first_pass = False
        self.at = self.sides = 0

    @property
    def side_bits(self) -> int:
        """How many of the five delay bits side-set takes."""
        return self.side_count + self.side_optional

    def __getitem__(self, delay: int) -> "Assembler":
        return self.delay(delay)

    def delay(self, delay: int) -> "Assembler":
        """Wait so many cycles after the instruction."""
        if not self.first_pass:
            if delay > DELAY_MAX >> self.side_bits:
                raise PIOASMError("delay too large")
            self.words[-1] |= delay << 8
        return self

    def side(self, value: int) -> "Assembler":
        """Set the side-set pins along with the instruction."""
        self.sides += 1
        if not self.first_pass:
            if not self.side_count:
                raise PIOASMError("no sideset")
            if value >= 1 << self.side_count:
                raise PIOASMError("sideset too large")
            self.words[-1] |= self.side_optional << 12 | value << 13 - self.side_bits
        return self

    def wrap_target(self) -> None:
        """The program goes on here after `wrap`."""
        self.target = self.at

    def wrap(self) -> None:
        """The instruction before is the last of a pass."""
        self.top = self.at - 1

    def label(self, name: str) -> None:
        """A place to jump to."""
        if self.first_pass:
            if name in self.labels:
                raise PIOASMError(f"duplicate label {name}")
            self.labels[name] = self.at

    def word(self, opcode: int, label: str | None = None) -> "Assembler":
        """An opcode, with a label's address in its low bits."""
        self.at += 1
        if not self.first_pass:
            if label is not None and label not in self.labels:
                raise PIOASMError(f"unknown label {label}")
            self.words.append(opcode | (0 if label is None else self.labels[label]))
        return self

    def nop(self) -> "Assembler":
        """`mov(y, y)`."""
        return self.word(NOP)

    def jmp(self, condition: object, label: str | None = None) -> "Assembler":
        """Jump, always or on a condition."""
        if label is None:
            return self.word(JMP, str(condition))
        assert isinstance(condition, int)
        return self.word(JMP | condition << 5, label)

    def wait(self, polarity: int, source: int, index: int) -> "Assembler":
        """Stall until a pin or flag is so; source 6 is `pin`, 0 `gpio`, else `irq`."""
        kind = {6: 1, 0: 0}.get(source, 2)
        return self.word(WAIT | polarity << 7 | kind << 5 | index)

    def in_(self, source: int, bits: int) -> "Assembler":
        """Shift bits into the ISR."""
        return self.word(IN | source << 5 | _bits(bits))

    def out(self, to: int, bits: int) -> "Assembler":
        """Shift bits out of the OSR."""
        return self.word(OUT | (7 if to == EXEC else to) << 5 | _bits(bits))

    def push(self, value: int = 0, value2: int = 0) -> "Assembler":
        """ISR to the FIFO; blocks unless told not to."""
        return self.word(PUSH | _blocking(value | value2))

    def pull(self, value: int = 0, value2: int = 0) -> "Assembler":
        """FIFO to the OSR; blocks unless told not to, and then takes X where it is empty."""
        return self.word(PULL | _blocking(value | value2))

    def mov(self, to: int, source: int) -> "Assembler":
        """Copy a register."""
        return self.word(MOV | (4 if to == EXEC else to) << 5 | source)

    def irq(self, mode: int, index: int | None = None) -> "Assembler":
        """Set, wait for or clear a flag."""
        if index is None:
            mode, index = 0, mode
        return self.word(IRQ | mode & 0x60 | index)

    def set(self, to: int, value: int) -> "Assembler":
        """Write a small number to pins, their directions, X or Y."""
        return self.word(SET | to << 5 | value)

    def names(self) -> dict[str, object]:
        """What a program's body sees."""
        found = dict(OPERANDS)
        for name in INSTRUCTIONS:
            found[name] = getattr(self, name)
        return found


def _bits(count: int) -> int:
    if not 0 < count <= 32:
        raise PIOASMError(f"invalid bit count {count}")
    return count & 0x1F


def _blocking(value: int) -> int:
    return (value if value & 1 else value | 0x20) & 0x60


SETTINGS: "dict[str, Any]" = {
    "out_init": None, "set_init": None, "sideset_init": None, "side_pindir": False,
    "in_shiftdir": 0, "out_shiftdir": 0, "autopush": False, "autopull": False,
    "push_thresh": 32, "pull_thresh": 32, "fifo_join": 0,
}  # fmt: skip


def _twice(body: "FunctionType", emit: Assembler) -> None:
    """Run a program's body for its labels, then for its words. It sees the instructions and,
    as MicroPython's compiler folds them in, the integer constants of its module; nothing else.
    Meanwhile its module's names are swapped, as MicroPython's own `rp2` does."""
    names = body.__globals__
    kept = names.copy()
    names.clear()
    for key in kept:
        if isinstance(kept[key], int):
            names[key] = kept[key]
    names.update(emit.names())
    try:
        body()
        emit.second_pass()
        body()
    finally:
        names.clear()
        names.update(kept)


def asm_pio(**settings: "Any") -> "Callable[[FunctionType], Program]":
    """The decorator, with MicroPython's settings."""
    strange = set(settings) - set(SETTINGS)
    if strange:
        raise TypeError(f"unexpected keyword argument {strange.pop()!r}")
    of = dict(SETTINGS)
    of.update(settings)
    if of["autopush"] or of["autopull"] or of["side_pindir"]:
        raise PIOASMError("autopush, autopull and side_pindir are not on this chip")

    def assemble(body: "FunctionType") -> Program:
        sides = 0
        side = of["sideset_init"]
        if side is not None:
            sides = len(side) if isinstance(side, (list, tuple)) else 1
        emit = Assembler(sides)
        _twice(body, emit)
        top = emit.top if emit.top >= 0 else emit.at - 1
        execctrl = emit.target << 7 | top << 12
        shiftctrl = (
            of["fifo_join"] << 30 | (of["pull_thresh"] & 0x1F) << 25
            | (of["push_thresh"] & 0x1F) << 20 | of["out_shiftdir"] << 19 | of["in_shiftdir"] << 18
        )  # fmt: skip
        program = Program(
            [emit.words, -1, -1, -1, execctrl, shiftctrl, of["out_init"], of["set_init"], side]
        )
        program.wrap_target, program.wrap_top = emit.target, top
        program.side_count, program.side_optional = sides, emit.side_optional
        program.out_right = bool(of["out_shiftdir"])
        return program

    return assemble


def encode(instruction: str, side_bits: int = 0, side_optional: bool = False) -> int:
    """One instruction, as `rp2.asm_pio_encode` and `StateMachine.exec` take it."""
    emit = Assembler(side_bits, side_optional)
    emit.first_pass = False
    names = emit.names()
    names["jmp"] = None  # as in MicroPython: not supported here
    eval(instruction, {"__builtins__": {}}, names)  # the chip's own program text
    if len(emit.words) != 1:
        raise PIOASMError("expecting exactly 1 instruction")
    return emit.words[0]
