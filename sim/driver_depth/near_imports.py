"""Imports of a unit's files from their own package, written relative: a shorter name, or none.

Called by `sim.driver_depth.release`; touches nothing. On the chip the name of a module lies in each
.mpy file that imports from it. A name that has a dot left would be one more in RAM, and stays.

| import in `firmware/ui/a.py`            | becomes               |
|-----------------------------------------|-----------------------|
| `from firmware.ui.texts import ROWS`    | `from .texts import`  |
| `from firmware.ui import texts`         | `from . import`       |
| `from firmware.core import states`      | `from ..core import`  |
| `from firmware.core.states import LIT`  | what it is            |
"""

import ast

from sim.driver_depth.source_edits import Span, apply_spans


def shorten_imports(path: str, source: bytes) -> bytes:
    """Return a file with its imports relative where that is shorter; all of it where it does not
    parse: the compiler says where."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    spans = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            near = relative_name(path, node.module)
            first = (node.lineno, node.col_offset + len("from "))
            if near:
                spans.append(Span(first, (first[0], first[1] + len(node.module)), near))
    return apply_spans(source, spans)


def relative_name(path: str, module: str) -> str:
    """Return the short name of a module in a file; "" where it has none."""
    package = path.split("/")[:-1]
    names = module.split(".")
    for up in range(len(package)):
        base = package[: len(package) - up]
        rest = names[len(base) :]
        if names[: len(base)] == base and len(rest) < 2:
            return "." * (up + 1) + "".join(rest)
    return ""
