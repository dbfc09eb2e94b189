"""Source for the unit: the product's files with integer constants in place of their names.

Called by `sim.driver_depth.release`, so that `deploy`, `flash`, `release` and pin depth all build
the same files. On the chip an integer constant of another module costs a name, a global, a line of
an import and a look-up at each use; a number costs nothing.

Edits are made in place: every line keeps its number, so that a traceback names the right one.
Four things change:

| what                                              | becomes                                     |
|---------------------------------------------------|---------------------------------------------|
| the name of an integer constant, where it is read | its number                                  |
| a constant that nobody reads any more             | nothing: its definition and imports go      |
| `if TYPE_CHECKING:`                               | `if False:`, which the compiler leaves out  |
| an `assert` of constants                          | checked here, then nothing                  |

A constant is a capital name that a module binds once, at its top level, to an integer or a truth
value that can be computed from numbers and other constants. A constant that is read in a way that
cannot be followed (as an attribute of an object, within an f-string, by `boot.py` or `main.py`)
keeps its definition. Docstrings stay: the compiler writes none of them.
"""

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from sim.common.errors import BadInput

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*$")
RANGE = re.compile(r"range\([^,]*\)$")
READS = (ast.Name, ast.Attribute)
COMPUTED = (
    *(ast.Constant, ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp),
    *(ast.unaryop, ast.operator, ast.cmpop, ast.boolop),
)

Key = tuple[str, str]  # a module's dotted name, and a name in it


class Span(NamedTuple):
    """A stretch of source, from (line, byte) up to (line, byte), and what stands there instead."""

    first: tuple[int, int]
    last: tuple[int, int]
    text: str


class Module:
    """One file: its tree, the origin of its names, and the constants that it defines."""

    def __init__(self, path: str, source: bytes) -> None:
        self.name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.source = source
        self.tree = ast.parse(source)
        self.imported: dict[str, Key] = {}  # a name here, and where it comes from
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for row in node.names:
                    self.imported[row.asname or row.name] = (node.module, row.name)
        self.bound = bound_anywhere(self.tree)
        # Nodes within f-strings, by id: Python before 3.12 does not know where they stand.
        strings = [node for node in ast.walk(self.tree) if isinstance(node, ast.JoinedStr)]
        inner = [node for text in strings for node in ast.walk(text)]
        self.within = {id(node) for node in inner}
        self.in_strings = {node.id for node in inner if isinstance(node, ast.Name)}

    def definitions(self) -> Iterator[tuple[str, ast.expr, ast.stmt]]:
        """(name, value, statement) of each capital name that is bound once, at the top level."""
        for statement in self.tree.body:
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                continue
            target, value = statement.targets[0], statement.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            elif isinstance(target, ast.Tuple) and RANGE.match(ast.unparse(value)):
                pairs = [(row, ast.Constant(k)) for k, row in enumerate(target.elts)]
            for left, right in pairs:
                if not isinstance(left, ast.Name) or not CONSTANT.match(left.id):
                    continue
                if self.bound[left.id] == 1:
                    yield left.id, right, statement


def bound_anywhere(tree: ast.Module) -> Counter[str]:
    """How often each name is bound by an assignment, a loop or a parameter, in any scope."""
    bound: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.arg):
            bound[node.arg] += 1
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound[node.name] += 1
    return bound


class Numbers(ast.NodeTransformer):
    """Puts numbers in the place of constants."""

    def __init__(self, product: "Product", module: Module) -> None:
        self.product = product
        self.module = module

    def visit(self, node: ast.AST) -> Any:
        """Return the node, or the number that it stands for."""
        key = self.product.key(self.module, node)
        return ast.Constant(self.product.values[key]) if key else self.generic_visit(node)


class Product:
    """All files: which names are constants, and how each is read."""

    def __init__(self, files: dict[str, bytes], plain: tuple[str, ...]) -> None:
        """`plain` are the files that stay as they are."""
        self.modules = {path: Module(path, source) for path, source in files.items()}
        self.plain = plain
        self.names = {module.name for module in self.modules.values()}
        self.values: dict[Key, int] = {}
        while self._add_constants():
            continue
        self.needed = self._needed()

    def _add_constants(self) -> bool:
        """Look for constants once; return whether a new one was found."""
        before = len(self.values)
        for module in self.modules.values():
            for name, value, _ in module.definitions():
                found = self.value(module, value)
                if found is not None:
                    self.values[module.name, name] = found
        return len(self.values) > before

    def key(self, module: Module, node: ast.AST) -> Key | None:
        """Return the constant that is read here, if it is one."""
        key = None
        if isinstance(node, ast.Name) and node.id not in module.imported:
            key = (module.name, node.id)
        elif isinstance(node, ast.Name) and node.id not in module.bound:
            key = module.imported[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = module.imported.get(node.value.id)
            if owner and ".".join(owner) in self.names and node.value.id not in module.bound:
                key = (".".join(owner), node.attr)
        return key if key in self.values else None

    def value(self, module: Module, node: ast.expr) -> int | None:
        """Return the integer that an expression of numbers and constants comes to, or None."""
        if not isinstance(node, (*READS, *COMPUTED)):
            return None
        tree = Numbers(self, module).visit(ast.Expression(copy.deepcopy(node)))
        for part in ast.walk(tree.body):
            if not isinstance(part, COMPUTED):
                return None
            if isinstance(part, ast.Constant) and not isinstance(part.value, int):
                return None
        found = eval(compile(ast.fix_missing_locations(tree), module.name, "eval"))
        return found if isinstance(found, int) else None

    def _needed(self) -> set[Key]:
        """Return the constants whose definition has to stay."""
        needed: set[Key] = set()
        loose: set[str] = set()  # attributes of unknown objects
        for path, module in self.modules.items():
            for node in ast.walk(module.tree):
                key = self.key(module, node)
                if key and (path in self.plain or id(node) in module.within):
                    needed.add(key)
                elif isinstance(node, ast.Attribute) and key is None:
                    loose.add(node.attr)
                elif isinstance(node, ast.ImportFrom) and path in self.plain:
                    needed |= {(node.module or "", row.name) for row in node.names}
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    loose.add(node.value)  # by getattr
        return needed | {key for key in self.values if key[1] in loose}

    def is_removed(self, key: Key) -> bool:
        """Whether nothing is left of a constant but its number."""
        return key in self.values and key not in self.needed

    # -- edits -------------------------------------------------------------------------

    def rewrite_file(self, path: str) -> bytes:
        """Return a file as it goes to the compiler."""
        module = self.modules[path]
        spans: list[Span] = []
        for top in module.tree.body:
            if isinstance(top, ast.Assert) and self._holds(path, module, top):
                spans.append(span_over(top, ""))
        spans += self._definitions(module)
        covered = list(spans)
        for node in ast.walk(module.tree):
            if any(span.first <= (getattr(node, "lineno", 0), 0) < span.last for span in covered):
                continue
            if isinstance(node, ast.ImportFrom):
                spans += self._imports(module, node)
            elif isinstance(node, READS) and isinstance(node.ctx, ast.Load):
                key = self.key(module, node)
                if key and id(node) not in module.within:
                    spans.append(span_over(node, literal(self.values[key])))
        return apply_spans(module.source, spans)

    def _holds(self, path: str, module: Module, node: ast.Assert) -> bool:
        """Whether an `assert` is of constants alone. Raises BadInput where it fails."""
        held = self.value(module, node.test)
        if held is not None and not held:
            raise BadInput(f"{path}:{node.lineno}: the assertion fails: {ast.unparse(node.test)}")
        return held is not None

    def _definitions(self, module: Module) -> list[Span]:
        """Return spans over definitions of which nothing is left."""
        rows: dict[ast.stmt, list[str]] = {}
        for name, _, statement in module.definitions():
            rows.setdefault(statement, []).append(name)
        spans = []
        for statement, names in rows.items():
            assert isinstance(statement, ast.Assign)
            target = statement.targets[0]
            whole = len(names) == (len(target.elts) if isinstance(target, ast.Tuple) else 1)
            if whole and all(self.is_removed((module.name, name)) for name in names):
                spans.append(span_over(statement, ""))
        return spans

    def _imports(self, module: Module, node: ast.ImportFrom) -> list[Span]:
        """Return an import without the names that are numbers now."""
        source = node.module or ""
        kept = [
            row
            for row in node.names
            if (row.asname or row.name) in module.bound
            or (source, row.name) not in self.values
            or (row.asname or row.name) in module.in_strings
        ]
        if len(kept) == len(node.names):
            return []
        if not kept:
            return [span_over(node, "pass")]
        names = [row.name + (f" as {row.asname}" if row.asname else "") for row in kept]
        return [span_over(node, f"from {source} import {', '.join(names)}")]


def span_over(node: ast.stmt | ast.expr, text: str) -> Span:
    """Return a span over a whole node."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    first = (node.lineno, node.col_offset)
    return Span(first, (node.end_lineno, node.end_col_offset), text)


def literal(value: int) -> str:
    """Return an integer as it may stand anywhere in an expression."""
    return str(value) if value >= 0 else f"({value})"


def apply_spans(source: bytes, spans: list[Span]) -> bytes:
    """Return the source with its spans exchanged and as many lines as before."""
    lines = source.split(b"\n")
    for span in sorted(spans, reverse=True):
        (first, begin), (last, end) = span.first, span.last
        head, tail = lines[first - 1][:begin], lines[last - 1][end:]
        lines[first - 1 : last] = [
            head + span.text.encode() + (tail if first == last else b""),
            *[b""] * (last - first - 1),
            *([tail] if last > first else []),
        ]
    return b"\n".join(lines)


def replace_constants(files: dict[str, bytes], plain: tuple[str, ...]) -> dict[str, bytes]:
    """Return every file as it goes to the compiler. `files` are sources by path, `plain` those
    among them that stay as they are. So do all where one does not parse: the compiler says where.
    Raises BadInput where an assertion of constants fails."""
    try:
        product = Product(files, plain)
    except (SyntaxError, ValueError):
        return files
    return {path: files[path] if path in plain else product.rewrite_file(path) for path in files}
