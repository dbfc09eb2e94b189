"""State of a unit at rest: every attribute and every list of every part, to be put back at once.

Made by `sim.model_check.harness`: whatever the firmware keeps, also what nobody thought of, is the
same before each part of a tick. `restore` puts back a unit at rest, and sets what a node names;
`search` puts back the node before each choice.
"""

from array import array
from typing import Any

CONTAINERS = (list, array, bytearray)
Path = tuple[str, ...]


def is_part(value: object) -> bool:
    """Whether it is an object of the firmware's."""
    return type(value).__module__.partition(".")[0] == "firmware" and hasattr(value, "__dict__")


def list_kept(roots: "dict[str, object]") -> "dict[Path, Any]":
    """Return all parts, lists and tables that are reached from `roots`, by their path."""
    found: dict[Path, Any] = {}
    seen: set[int] = set()
    waiting: list[tuple[Path, Any]] = [((name,), root) for name, root in roots.items()]
    while waiting:
        path, value = waiting.pop()
        if id(value) in seen:
            continue
        inside: Any = ()
        if is_part(value):
            inside = vars(value).items()
        elif type(value) is dict:
            inside = value.items()
        elif type(value) in (list, tuple):
            inside = enumerate(value)
        elif type(value) not in CONTAINERS:
            continue
        seen.add(id(value))
        if type(value) is not tuple:
            found[path] = value
        waiting += [((*path, str(name)), one) for name, one in inside]
    return found


def read_values(roots: "dict[str, object]") -> "dict[Path, object]":
    """Return every number, flag, word and code that is reached from `roots`, by its path."""
    values: dict[Path, object] = {}
    for path, kept in list_kept(roots).items():
        items = vars(kept) if is_part(kept) else kept
        rows = items.items() if isinstance(items, dict) else enumerate(items)
        for name, value in rows:
            if value is None or isinstance(value, (int, str, bytes)):
                values[*path, str(name)] = value
    return values


class AtRest:
    """Copies of the state that is reached from some roots, and of tables beside it."""

    def __init__(self, roots: "dict[str, object]", *beside: "dict[str, Any]") -> None:
        self.tables: list[tuple[dict[Any, Any], dict[Any, Any]]] = [(one, {}) for one in beside]
        self.lists: list[tuple[Any, Any]] = []
        for kept in list_kept(roots).values():
            if isinstance(kept, CONTAINERS):
                self.lists.append((kept, kept[:]))
            else:
                self.tables.append((kept if isinstance(kept, dict) else vars(kept), {}))
        self.keep()

    def keep(self) -> None:
        """Copy everything as it is now. No list may have come in place of another one."""
        for table, copy in self.tables:
            copy.clear()
            copy.update(table)
        for kept, copy in self.lists:
            copy[:] = kept

    def restore(self) -> None:
        """Put everything back as it was copied."""
        for table, copy in self.tables:
            if table != copy:
                table.clear()
                table.update(copy)
        for kept, copy in self.lists:
            if kept != copy:
                kept[:] = copy
