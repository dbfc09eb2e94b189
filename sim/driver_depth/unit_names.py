"""Short names for the unit: the product's own names, cut to two letters in the built files.

Called by `sim.driver_depth.release`, after `unit_source`. On the chip every name lies in each .mpy
file that uses it, and once more in RAM. Edits are made in place: files and lines of a traceback
stay right. Its function names are the short ones: file and line name the place, and
`python -m tools.dev.short_names NAME` says what a short name stands for.

| what                                          | becomes                                         |
|-----------------------------------------------|-------------------------------------------------|
| a function, class, attribute or global of ours | one short name, the same in all files           |
| a parameter that no call names                | a letter, within its function                   |

A short name follows from the name itself, so that an edit changes few files. A name stays where
something outside the sources could spell it:

| stays                                     | because                                              |
|-------------------------------------------|------------------------------------------------------|
| a word of a string                        | `getattr`, keys of JSON, lists of names              |
| a name of Python or of MicroPython        | it is not ours                                       |
| a module's name                           | it is a file's                                       |
| what a board's file defines               | a user's board has these names                       |
| an exception's class                      | a person reads it                                    |
| READ_BY_NAME                              | simulator and bring-up read it on the unit           |
"""

import ast
import importlib
import itertools
import keyword
import re
import string
import zlib
from collections.abc import Iterable, Iterator

from sim.driver_depth.kept_names import MICROPYTHON, READ_BY_NAME, python_words
from sim.driver_depth.source_edits import Span, apply_spans, words_of

BOARDS = "hal/boards/"
WORD = re.compile(r"[A-Za-z_]\w*")
LETTERS = string.ascii_letters
SECOND = string.ascii_lowercase + string.digits + "_"
SHORT = [a + b for a, b in itertools.product(string.ascii_lowercase, SECOND)]

Local = dict[str, str]  # a parameter, and its letter


class Names:
    """All files together: which names are ours, and what each becomes.

    Attributes and the names of a scope are two spaces: a word of the one may be as short as a word
    of the other. Names that are local to a function cost nothing and stay.
    """

    def __init__(self, files: dict[str, bytes], plain: Iterable[str]) -> None:
        """`plain` are the files that stay as they are. Raises SyntaxError."""
        self.trees = {path: ast.parse(source) for path, source in files.items()}
        modules = {path.removesuffix(".py").removesuffix("/__init__") for path in files}
        self.modules = {path.replace("/", ".") for path in modules}
        self.packages = {name.partition(".")[0] for name in self.modules}
        self.kept = self.packages | READ_BY_NAME | MICROPYTHON | python_words()
        self.scopes: set[str] = set()  # names of modules and classes, and of functions within
        self.attributes: set[str] = set()
        self.bound: set[str] = set()  # attributes that we set, not somebody else's
        self.methods: set[int] = set()  # nodes
        self.parameters: set[str] = set()
        self.keywords: set[str] = set()  # parameters that some call names
        every: set[str] = set()
        for path, tree in self.trees.items():
            words = {word for node in ast.walk(tree) for word in words_of(node)}
            every |= words
            if path in plain:
                self.kept |= words
            elif path.startswith(BOARDS):
                self.kept |= set(bound_at_top(tree))
            others = set(self._imported_from_others(tree))
            for node in ast.walk(tree):
                self._note(node)
                self._keep(node, others)
            texts = set(annotations_of(tree))
            self.kept |= {
                word
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
                if id(node) not in texts
                for word in WORD.findall(node.value)
            }
        called = self.keywords & self.parameters
        self.scopes |= called
        self.attributes |= called
        taken = every | self.kept | set(keyword.kwlist)
        ours = (self.scopes | self.bound) - self.kept
        both = assign_short(ours & self.scopes & self.attributes, taken)
        taken |= set(both.values())
        self.of_scopes = {**both, **assign_short(ours & self.scopes - self.attributes, taken)}
        self.of_attributes = {**both, **assign_short(ours - self.scopes, taken)}

    def _note(self, node: ast.AST) -> None:
        """Note the names that a node binds, and in which of the two spaces."""
        if isinstance(node, ast.Module):
            self.scopes |= set(bound_at_top(node))
        elif isinstance(node, ast.ClassDef):
            methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
            self.attributes |= methods
            self.bound |= methods
            self.methods |= {id(part) for part in node.body if isinstance(part, ast.FunctionDef)}
            within = {word for part in node.body for word in read_at_once(part)}
            self.scopes |= (set(bound_at_top(node)) - methods) | within
            self.attributes |= set(bound_at_top(node)) | within
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
            for part in ast.walk(node):
                if isinstance(part, (ast.FunctionDef, ast.ClassDef)) and part is not node:
                    self.scopes.add(part.name)
        elif isinstance(node, ast.Attribute):
            self.attributes.add(node.attr)
            self.bound |= {node.attr} if isinstance(node.ctx, ast.Store) else set()
        elif isinstance(node, ast.arg):
            self.parameters.add(node.arg)
        elif isinstance(node, ast.keyword) and node.arg:
            self.keywords.add(node.arg)

    def _keep(self, node: ast.AST, others: set[str]) -> None:
        """Note which words of a node have to stay."""
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            self.kept |= set(node.names)
        elif isinstance(node, ast.JoinedStr):  # Python 3.11 knows no places within
            inner = {word for part in ast.walk(node) for word in words_of(part)}
            self.kept |= inner
            self.keywords |= inner
        elif isinstance(node, ast.ClassDef) and any(map(is_exception, node.bases)):
            self.kept.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self.kept |= {node.attr} if node.value.id in others else set()
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for row in node.names:
                self.scopes.add(row.asname or row.name)
                if isinstance(node, ast.Import) or f"{node.module}.{row.name}" in self.modules:
                    self.kept |= {row.name, row.asname or row.name}

    def _imported_from_others(self, tree: ast.Module) -> Iterator[str]:
        """Yield the names that a file imports from modules that are not ours; keep them."""
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for row in node.names:
                    module = getattr(node, "module", None) or row.name
                    if module.partition(".")[0] not in self.packages:
                        self.kept |= {row.name, row.asname or row.name}
                        yield row.asname or row.name

    # -- edits -------------------------------------------------------------------------

    def rewrite_file(self, path: str, source: bytes) -> bytes:
        """Return a file with its short names."""
        self.lines = source.split(b"\n")
        return apply_spans(source, list(self._spans(self.trees[path], {})))

    def _spans(self, node: ast.AST, local: Local) -> Iterator[Span]:
        """Yield the edits of a node and of all in it; `local` is what parameters become there."""
        if isinstance(node, ast.JoinedStr):
            return
        inner, outside = local, set[int]()
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            inner = {**local, **self._letters(node, local)}
            outside = {id(row) for row in getattr(node, "decorator_list", ())}
        for old, line, column in places(node, self.lines):
            new = self._new_name(node, old, local)
            if new:
                yield Span((line, column), (line, column + len(old.encode())), new)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.arguments):
                for row in (*child.defaults, *child.kw_defaults):
                    if row:
                        yield from self._spans(row, local)
                for part in every_parameter(child):
                    yield from self._spans(part, inner)
            else:
                yield from self._spans(child, local if id(child) in outside else inner)

    def _new_name(self, node: ast.AST, old: str, local: Local) -> str | None:
        """Return what a name becomes where this node spells it."""
        if isinstance(node, (ast.Attribute, ast.keyword)) or id(node) in self.methods:
            return self.of_attributes.get(old)
        if isinstance(node, ast.alias):
            return self.of_scopes.get(old)
        return local.get(old, self.of_scopes.get(old))

    def _letters(self, node: ast.FunctionDef | ast.Lambda, local: Local) -> Local:
        """Return a letter for each parameter that no call names."""
        within = list(ast.walk(node))
        taken = {part.id for part in within if isinstance(part, ast.Name)} | set(local.values())
        taken |= {part.arg for part in within if isinstance(part, ast.arg)}
        taken |= {part.name for part in within if isinstance(part, ast.FunctionDef)}
        free = (letter for letter in LETTERS if letter not in taken)
        every = [part.arg for part in every_parameter(node.args)]
        names = [name for name in every if name not in self.keywords]
        named = {name: self.of_scopes.get(name, name) for name in every if name in self.keywords}
        return {name: name for name in every} | named | dict(zip(names, free, strict=False))


def assign_short(names: set[str], taken: set[str]) -> dict[str, str]:
    """Return a short name for each. It is the first free one from a place that the name itself
    gives: another name more or less moves few of the others."""
    used: set[str] = set(taken)
    found = {}
    for name in sorted(names):
        if len(name) < 3 or name.startswith("__"):
            continue
        at = zlib.crc32(name.encode())
        new = next(
            new for k in range(len(SHORT)) if (new := SHORT[(at + k) % len(SHORT)]) not in used
        )
        used.add(new)
        found[name] = new
    return found


def every_parameter(node: ast.arguments) -> list[ast.arg]:
    """Return all parameters of a function."""
    return [part for part in ast.walk(node) if isinstance(part, ast.arg)]


def read_at_once(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement of a class reads while the class is made."""
    if isinstance(node, ast.Name):
        yield node.id
    inner = node.decorator_list + node.args.defaults if isinstance(node, ast.FunctionDef) else None
    for child in inner if inner is not None else ast.iter_child_nodes(node):
        yield from read_at_once(child)


def bound_at_top(owner: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Yield what a module or a class binds in its own body, not in a function's."""
    waiting: list[ast.AST] = list(owner.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        waiting += ast.iter_child_nodes(node)


def annotations_of(tree: ast.Module) -> Iterator[int]:
    """Yield the ids of strings that are never run: docstrings and types."""
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            types = getattr(node, field, None)
            if types is not None:
                yield from (id(part) for part in ast.walk(types))
        body = getattr(node, "body", None)
        if body and isinstance(body, list) and isinstance(body[0], ast.Expr):
            yield id(body[0].value)


def is_exception(base: ast.expr) -> bool:
    """Whether a base class is one of Python's exceptions."""
    kind = getattr(importlib.import_module("builtins"), getattr(base, "id", ""), None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def places(node: ast.AST, lines: list[bytes]) -> Iterator[tuple[str, int, int]]:
    """Yield (name, line, byte) of each name that a node itself spells in its source."""
    if isinstance(node, ast.Name):
        yield node.id, node.lineno, node.col_offset
    elif isinstance(node, ast.Attribute):
        yield node.attr, node.end_lineno or 0, (node.end_col_offset or 0) - len(node.attr)
    elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
        yield node.arg, node.lineno, node.col_offset
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name, node.lineno, lines[node.lineno - 1].index(b" ", node.col_offset) + 1
    elif isinstance(node, ast.ExceptHandler) and node.name and node.type:
        line, after = node.type.end_lineno or 0, node.type.end_col_offset or 0
        yield node.name, line, lines[line - 1].index(b" as ", after) + 4
    elif isinstance(node, ast.alias) and "." not in node.name:
        yield node.name, node.lineno, node.col_offset
        if node.asname:
            yield node.asname, node.end_lineno or 0, (node.end_col_offset or 0) - len(node.asname)


def shorten_names(files: dict[str, bytes], plain: tuple[str, ...]) -> dict[str, bytes]:
    """Return every file with its short names; `files` are sources by path, `plain` those among
    them that stay. So do all where one does not parse: the compiler says where."""
    try:
        names = Names(files, plain)
    except (SyntaxError, ValueError):
        return files
    return {
        path: source if path in plain else names.rewrite_file(path, source)
        for path, source in files.items()
    }
