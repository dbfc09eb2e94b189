"""Comments beside assignments: what a table of constants says of itself, for generated references.

Called by the generators of pages in `tools.dev`. Reads source files; imports and runs none.
"""

import ast
import io
import tokenize
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Row(NamedTuple):
    """An assignment of one name, or a field of a class with its annotation."""

    name: str
    value: str  # source text; "" of a field without a default
    kind: str  # annotation's text; "" where there is none
    words: str  # the comment above the row and that beside it
    head: str  # the comment that opens the row's group, behind a blank line


def read_rows(file: str, scope: str = "") -> list[Row]:
    """Return the rows of a module or, where `scope` names one, of a class in it. `file` is a path
    from the root. A comment behind a blank line belongs to the group that it opens."""
    text = (ROOT / file).read_text(encoding="utf-8")
    body = ast.parse(text).body
    if scope:
        body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == scope).body
    own, beside = split_comments(text)
    lines = text.splitlines()
    rows: list[Row] = []
    head = ""
    for node in body:
        name, value, kind = read_assignment(node)
        above = list_above(own, node.lineno)
        first = node.lineno - len(above)
        if above and first >= 2 and not lines[first - 2].strip():
            head, above = " ".join(above), []
        if name:
            words = " ".join([*above, beside.get(node.end_lineno or node.lineno, "")]).strip()
            rows.append(Row(name, value, kind, words, head))
    return rows


def read_assignment(node: ast.stmt) -> tuple[str, str, str]:
    """Return name, value and annotation; no name where it is no assignment of one name."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, ast.unparse(node.value), ""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        value = ast.unparse(node.value) if node.value else ""
        return node.target.id, value, ast.unparse(node.annotation).strip("'\"")
    return "", "", ""


def split_comments(text: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return comments by line: those on lines of their own, and those beside code."""
    own: dict[int, str] = {}
    beside: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            (own if alone else beside)[token.start[0]] = token.string.lstrip("# ").rstrip()
    return own, {line: words for line, words in beside.items() if not words.startswith("fmt:")}


def list_above(own: dict[int, str], line: int) -> list[str]:
    """Return the comment's lines that end just above a line."""
    first = line
    while first - 1 in own:
        first -= 1
    return [own[number] for number in range(first, line)]
