"""Source lines of the firmware at which a fault may strike, such as `firmware/safety/gate.py:128`.

Called by `sim.scenario`, which checks a line's name, and by `sim.faults.line_trace`, which waits
for the line.
"""

import sys

from sim.common.errors import BadInput
from sim.common.validate import nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import CodeType

TRACES = hasattr(sys, "settrace")  # no build of MicroPython that is in use has it
FOLDER = "firmware"
EXAMPLE = "firmware/safety/gate.py"
LINE_MAX = 80  # characters of a line's name


_executed: "dict[str, frozenset[int]]" = {}  # of the files that were asked for


def repository_root() -> "Path":
    """The folder that the firmware's is in."""
    from pathlib import Path

    return Path(__file__).resolve().parents[2]


def list_files() -> tuple[str, ...]:
    """Every file of the firmware, as a line's name has it."""
    paths = (repository_root() / FOLDER).rglob("*.py")
    return tuple(sorted(path.relative_to(repository_root()).as_posix() for path in paths))


def executed_lines(file: str) -> frozenset[int]:
    """The lines of a file that its functions execute; those that run at import are not among
    them, for nothing can be lit then."""
    if file not in _executed:
        code = compile((repository_root() / file).read_bytes(), file, "exec")
        found = [line for function in find_functions(code) for line in own_lines(function)]
        _executed[file] = frozenset(found)
    return _executed[file]


def find_functions(code: "CodeType") -> "Iterator[CodeType]":
    """The functions within a module or a class, however deep."""
    from types import CodeType

    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 2:  # CO_NEWLOCALS: not the body of a class
                yield constant
            yield from find_functions(constant)


def own_lines(function: "CodeType") -> set[int]:
    """Lines on which something of a function happens: not the one that only names it."""
    import dis

    lines = {line for _, line in dis.findlinestarts(function) if line}
    return lines - {function.co_firstlineno} or lines


def parse_line(text: object, where: str) -> tuple[str, int]:
    """(file, line) of a line's name. Raises BadInput where nothing is executed there, and where
    this interpreter cannot wait for a line."""
    if not TRACES:
        raise BadInput(f"{where}: MicroPython cannot wait for a line; `waistband sim` can")
    example = f'a line of the firmware, as "{EXAMPLE}:{max(executed_lines(EXAMPLE))}"'
    if not isinstance(text, str) or len(text) > LINE_MAX or ":" not in text:
        raise BadInput(f"{where} is {shown(text)}: {example}")
    file, _, number = text.rpartition(":")
    if file not in list_files():
        near = nearest(file, list_files())
        raise BadInput(f"{where}: there is no {shown(file)}{near}; {example}")
    if not (number.isascii() and number.isdigit()):
        raise BadInput(f"{where} is {shown(text)}: {example}")
    lines = sorted(executed_lines(file))
    line = int(number)
    if line not in lines:
        if not lines:
            raise BadInput(f"{where}: {file} has no line that a running unit executes")
        below = max((k for k in lines if k < line), default=lines[0])
        above = min((k for k in lines if k > line), default=lines[-1])
        ones = " and ".join(str(k) for k in sorted({below, above}))
        raise BadInput(f"{where}: nothing is executed at line {line} of {file}; near it at {ones}")
    return file, line
