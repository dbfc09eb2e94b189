"""Short names for the unit: the product's own names become a letter or two in the built files.

Called by `sim.driver_depth.release`, after `unit_source`. On the chip every name lies in each .mpy
file that uses it, and once more in RAM. Edits are made in place: files and lines of a traceback
stay right. Its function names are the short ones: file and line name the place, and
`python -m tools.dev.short_names NAME` says what a short name stands for.

| what                                          | becomes                                         |
|-----------------------------------------------|-------------------------------------------------|
| a function, class, attribute or global of ours | one short name, the same in all files          |
| a parameter that no call names                | a word that its file has, within its function   |

`short_words` chooses them. A name stays where something outside the sources could spell it:

| stays                                     | because                                              |
|-------------------------------------------|------------------------------------------------------|
| a string where names are asked by string  | `getattr`, lists of names (`asked_by_string`)        |
| a name of Python or of MicroPython        | it is not ours                                       |
| a module's name                           | it is a file's                                       |
| an exception's class                      | a person reads it                                    |
| READ_BY_NAME                              | simulator and bring-up read it on the unit           |
| HALF_DEPLOYED                             | the check of files runs beside another release's     |
"""

import ast
import importlib
import keyword
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from sim.driver_depth.kept_names import HALF_DEPLOYED, MICROPYTHON, READ_BY_NAME, python_words
from sim.driver_depth.short_words import LETTERS, assign_shared, assign_unique
from sim.driver_depth.source_edits import Span, apply_spans, words_of
from sim.driver_depth.unit_source import CONSTANT

ASKS = ("getattr", "setattr", "hasattr", "delattr")

Local = dict[str, str]  # a parameter, and what it becomes


class Names:
    """All files together: which names are ours, and what each becomes.

    Attributes and the names of a scope are two spaces: a name of the one may become the same word
    as a name of the other. Names that are local to a function cost nothing and stay.
    """

    def __init__(self, files: dict[str, bytes], plain: Iterable[str]) -> None:
        """`plain` are the files that stay as they are. Raises SyntaxError."""
        self.trees = {path: ast.parse(source) for path, source in files.items()}
        modules = {path.removesuffix(".py").removesuffix("/__init__") for path in files}
        self.modules = {path.replace("/", ".") for path in modules}
        self.packages = {name.partition(".")[0] for name in self.modules}
        self.kept = self.packages | READ_BY_NAME | HALF_DEPLOYED | MICROPYTHON | python_words()
        self.scopes: set[str] = set()  # names of modules and classes, and of functions within
        self.attributes: set[str] = set()
        self.bound: set[str] = set()  # attributes that we set, not somebody else's
        self.methods: set[int] = set()  # nodes
        self.parameters: set[str] = set()
        self.keywords: set[str] = set()  # parameters that some call names
        self.scope_users: defaultdict[str, set[str]] = defaultdict(set)  # name: files
        self.attribute_users: defaultdict[str, set[str]] = defaultdict(set)
        for path, tree in self.trees.items():
            if path in plain:
                self.kept |= {word for node in ast.walk(tree) for word in words_of(node)}
            others = set(self._imported_from_others(tree))
            for node in ast.walk(tree):
                self._note(node)
                self._keep(node, others)
        self.kept |= asked_by_string(self.trees)
        called = self.keywords & self.parameters
        self.scopes |= called
        self.attributes |= called
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                self._count(path, node)
        self._choose()

    def _count(self, path: str, node: ast.AST) -> None:
        """Note that a file spells a node's names, in either space or in both."""
        if isinstance(node, (ast.Attribute, ast.keyword)) or id(node) in self.methods:
            spaces = [self.attribute_users]
        elif isinstance(node, ast.Constant):
            return
        else:
            spaces = [self.scope_users]
        for word in words_of(node):
            both = word in self.scopes and word in self.attributes
            for space in [self.scope_users, self.attribute_users] if both else spaces:
                space[word].add(path)

    def _choose(self) -> None:
        """Choose the short word of each name of ours."""
        ours = (self.scopes | self.bound) - self.kept
        of_scopes = self.kept | set(keyword.kwlist) | set(self.scope_users)
        of_attributes = self.kept | set(keyword.kwlist) | set(self.attribute_users)
        users = self.attribute_users
        both = assign_unique(ours & self.scopes & self.attributes, of_scopes | of_attributes, users)
        shared = set(both.values())
        self.of_attributes = {
            **both,
            **assign_unique(ours - self.scopes, of_attributes | shared, users),
        }
        words = {new: users[old] for old, new in self.of_attributes.items()}
        alone = ours & self.scopes - self.attributes
        taken = of_scopes | shared
        self.of_scopes = {**both, **assign_shared(alone, taken, self.scope_users, words)}
        self.words_in: defaultdict[str, Counter[str]] = defaultdict(Counter)  # a file's attributes
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, (ast.Attribute, ast.keyword)) or id(node) in self.methods:
                    for old in words_of(node):
                        self.words_in[path][self.of_attributes.get(old, old)] += 1

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
        had = self.words_in[path]
        words = [word for word in had if word.isidentifier() and not word.startswith("_")]
        words.sort(key=lambda word: (-had[word], word))
        self.free = [*words, *LETTERS]
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
        """Return a word for each parameter that no call names: one that the file has anyway."""
        within = [part for part in ast.walk(node) if not isinstance(part, ast.Constant)]
        words = {word for part in within for word in spelled_in_scope(part)}
        taken = {self.of_scopes.get(word, word) for word in words} | words | set(local.values())
        every = [part.arg for part in every_parameter(node.args)]
        names = [name for name in every if name not in self.keywords]
        named = {name: self.of_scopes.get(name, name) for name in every if name in self.keywords}
        free = (word for word in dict.fromkeys(self.free) if word not in taken)
        return {name: name for name in every} | named | dict(zip(names, free, strict=False))


def spelled_in_scope(node: ast.AST) -> list[str]:
    """Return the names that a node spells, but for attributes and the names of arguments."""
    return [] if isinstance(node, (ast.Attribute, ast.keyword)) else words_of(node)


def asked_by_string(trees: dict[str, ast.Module]) -> set[str]:
    """Return the strings by which some `getattr` may ask for a name. Where it asks for what a
    variable holds, these are all of its file and of the files whose tables it imports."""
    found: set[str] = set()
    by_module = {path.removesuffix(".py").replace("/", "."): tree for path, tree in trees.items()}
    for tree in trees.values():
        every = list(ast.walk(tree))
        calls = [node for node in every if isinstance(node, ast.Call)]
        asked = [node.args[1] for node in calls if getattr(node.func, "id", "") in ASKS]
        found |= {str(node.value) for node in asked if isinstance(node, ast.Constant)}
        loose = any(not isinstance(node, ast.Constant) for node in asked)
        if loose or any(isinstance(node, ast.arguments) and node.kwarg for node in every):
            imports = [node for node in every if isinstance(node, ast.ImportFrom)]
            tables = [row for row in imports if any(CONSTANT.match(n.name) for n in row.names)]
            read = [by_module.get(row.module or "") for row in tables]
            found |= {text for part in (tree, *read) for text in strings_of(part)}
    return found


def strings_of(tree: ast.Module | None) -> Iterator[str]:
    """Yield a file's strings that could be names."""
    for node in ast.walk(tree) if tree else ():
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and value.isidentifier():
            yield value


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
        if isinstance(node, ast.AnnAssign) and not node.value:  # a type, and nothing is bound
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        waiting += ast.iter_child_nodes(node)


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
