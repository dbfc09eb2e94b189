"""Source for the unit: the product's files with integer constants in place of their names.

Called by `sim.driver_depth.release`, so that `deploy`, `flash`, `release` and pin depth all build
the same files. On the chip an integer constant of another module costs a name, a global, a line of
an import and a look-up at each use; a number costs nothing.

Edits are made in place: every line keeps its number, so that a traceback names the right one.
These things change:

| what                                              | becomes                                     |
|---------------------------------------------------|---------------------------------------------|
| the name of an integer constant, where it is read | its number                                  |
| a constant that nobody reads any more             | nothing: its definition and imports go      |
| `if TYPE_CHECKING:`                               | `if False:`, which the compiler leaves out  |
| an `assert` of constants                          | checked here, then nothing                  |
| a module that nothing is read from any more       | nothing: its import goes                    |
| a capital name of literals that nobody reads      | nothing: the desk alone reads it            |
| a class of `Protocol`                             | nothing: it is a type                       |

A constant is a capital name that a module binds once, at its top level, to an integer or a truth
value that can be computed from numbers and other constants. A constant that is read in a way that
cannot be followed (as an attribute of an object, within an f-string, by `boot.py`) keeps its
definition. Docstrings stay: the compiler writes none of them.
"""

import ast
import copy
import functools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sim.common.errors import BadInput
from sim.driver_depth.source_edits import Span, apply_spans, span_over, words_of

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*$")
RANGE = re.compile(r"range\([^,]*\)$")
READS = (ast.Name, ast.Attribute)
COMPUTED = (
    *(ast.Constant, ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp),
    *(ast.unaryop, ast.operator, ast.cmpop, ast.boolop),
)

Key = tuple[str, str]  # a module's dotted name, and a name in it


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
        self.mentioned = Counter(
            word
            for module in self.modules.values()
            for node in ast.walk(module.tree)
            for word in words_of(node)
        )

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
        texts: set[str] = set()
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
                    texts.add(node.value)
        by_getattr = {
            key for key in self.values if key[1] in texts and key[0].startswith(self.asked_by_name)
        }
        return needed | by_getattr | {key for key in self.values if key[1] in loose}

    @functools.cached_property
    def asked_by_name(self) -> tuple[str, ...]:
        """Modules that some `getattr` asks: those it names, and boards, which are a variable's."""
        found = ["hal.boards."]
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr"):
                    owner = module.imported.get(ast.unparse(node.args[0]))
                    found += [".".join(owner)] if owner else []
        return tuple(found)

    def is_removed(self, key: Key) -> bool:
        """Whether nothing is left of a constant but its number."""
        return key in self.values and key not in self.needed

    # -- edits -------------------------------------------------------------------------

    def rewrite_file(self, path: str) -> bytes:
        """Return a file as it goes to the compiler."""
        module = self.modules[path]
        spans: list[Span] = []
        for top in module.tree.body:
            checked = isinstance(top, ast.Assert) and self._holds(path, module, top)
            if checked or self._is_type(module, top) or self._is_unread(module, top):
                spans.append(span_over(top, ""))
        spans += [span for span in self._definitions(module) if span not in spans]
        covered = list(spans)
        used = self._names_used(module)
        for node in ast.walk(module.tree):
            if any(span.first <= (getattr(node, "lineno", 0), 0) < span.last for span in covered):
                continue
            if isinstance(node, ast.ImportFrom):
                spans += self._imports(module, node, used)
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

    def _is_type(self, module: Module, node: ast.stmt) -> bool:
        """Whether a statement is a class of `Protocol` that no file imports when it runs."""
        return is_type(node) and (module.name, getattr(node, "name", "")) not in self.imported

    @functools.cached_property
    def imported(self) -> set[Key]:
        """What files import from each other when they run."""
        found: set[Key] = set()
        for module in self.modules.values():
            blocks = [node for node in ast.walk(module.tree) if isinstance(node, ast.If)]
            types = [node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING"]
            idle = {id(part) for node in types for row in node.body for part in ast.walk(row)}
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ImportFrom) and id(node) not in idle:
                    found |= {(node.module or "", row.name) for row in node.names}
        return found

    def _is_unread(self, module: Module, node: ast.stmt) -> bool:
        """Whether a statement gives literals to a capital name that stands nowhere else."""
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            return False
        name = node.targets[0].id
        plain = (ast.Tuple, ast.Constant, ast.Load)
        literals = all(isinstance(part, plain) for part in ast.walk(node.value))
        unread = self.mentioned[name] == 1 and bool(CONSTANT.match(name))
        return literals and unread and not module.name.startswith(self.asked_by_name)

    def _names_used(self, module: Module) -> set[str]:
        """Return the names that a file still uses once its constants are numbers."""
        every = list(ast.walk(module.tree))
        gone = {
            id(node.value)
            for node in every
            if isinstance(node, ast.Attribute) and id(node) not in module.within
            if self.key(module, node)
        }
        return {node.id for node in every if isinstance(node, ast.Name) and id(node) not in gone}

    def _definitions(self, module: Module) -> list[Span]:
        """Return spans over definitions of which nothing is left, or numbers alone."""
        rows: dict[ast.stmt, list[str]] = {}
        for name, _, statement in module.definitions():
            rows.setdefault(statement, []).append(name)
        spans = []
        for statement, names in rows.items():
            assert isinstance(statement, ast.Assign)
            target = statement.targets[0]
            if len(names) < (len(target.elts) if isinstance(target, ast.Tuple) else 1):
                continue
            left = [name for name in names if not self.is_removed((module.name, name))]
            if not left:
                spans.append(span_over(statement, ""))
            elif left != names and all((module.name, name) in self.values for name in left):
                numbers = [literal(self.values[module.name, name]) for name in left]
                spans.append(span_over(statement, f"{', '.join(left)} = {', '.join(numbers)}"))
        return spans

    def _imports(self, module: Module, node: ast.ImportFrom, used: set[str]) -> list[Span]:
        """Return an import without the names that are numbers now, and modules without `used`."""
        source = node.module or ""
        kept = [
            row
            for row in node.names
            if (row.asname or row.name) in module.bound
            or (row.asname or row.name) in module.in_strings
            or not ((source, row.name) in self.values or self._is_spent(source, row, used))
        ]
        if len(kept) == len(node.names):
            return []
        if not kept:
            return [span_over(node, "pass")]
        names = [row.name + (f" as {row.asname}" if row.asname else "") for row in kept]
        return [span_over(node, f"from {source} import {', '.join(names)}")]

    def _is_spent(self, source: str, row: ast.alias, used: set[str]) -> bool:
        """Whether an import is of a module of ours from which only constants were read."""
        return f"{source}.{row.name}" in self.names and (row.asname or row.name) not in used


def is_type(node: ast.stmt) -> bool:
    """Whether a statement is a class that is there for types alone."""
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases
    )


def literal(value: int) -> str:
    """Return an integer as it may stand anywhere in an expression."""
    return str(value) if value >= 0 else f"({value})"


def replace_constants(files: dict[str, bytes], plain: tuple[str, ...]) -> dict[str, bytes]:
    """Return every file as it goes to the compiler. `files` are sources by path, `plain` those
    among them that stay as they are. So do all where one does not parse: the compiler says where.
    Raises BadInput where an assertion of constants fails."""
    try:
        product = Product(files, plain)
    except (SyntaxError, ValueError):
        return files
    return {path: files[path] if path in plain else product.rewrite_file(path) for path in files}
