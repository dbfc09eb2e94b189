"""Reference pages of the code: what a caller sees of each module, and the HAL contract.

Called by `tools.dev.site`. Reads the sources with `ast`: hal/ needs a chip and cannot be imported
on a desk. A name that begins with an underscore is nobody's but its file's.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from tools.dev.reference_tables import escape_cell, escape_html
from tools.dev.source_comments import ROOT, read_rows
from tools.report.tables import markdown_table

PARTS = ("firmware", "hal", "sim")
CONTRACT = "hal/contract.py"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def list_folders() -> dict[str, list[Path]]:
    """Return the modules of each folder of firmware/, hal/ and sim/, by the folder's path."""
    found: dict[str, list[Path]] = {}
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            found.setdefault(path.parent.relative_to(ROOT).as_posix(), []).append(path)
    return found


def render_doc(node: ast.Module | ast.ClassDef | Function) -> str:
    """Return a docstring as Markdown, "" where there is none."""
    text = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
    return escape_html(text) + "\n\n" if text else ""


def render_signature(node: Function, inside: bool = False) -> str:
    """Return a function's head, of a method without `self`."""
    arguments = ast.unparse(node.args)
    if inside:
        arguments = arguments.removeprefix("self").removeprefix(", ")
    back = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"`{node.name}({arguments}){back}`".replace("'", "")


def list_public(body: list[ast.stmt]) -> Iterator[ast.ClassDef | Function]:
    """The classes and functions that others may call."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield node


def render_class(node: ast.ClassDef) -> str:
    """Return a class with its public methods."""
    rows = [
        (
            escape_cell(render_signature(method, inside=True)),
            escape_cell(ast.get_docstring(method) or ""),
        )
        for method in list_public(node.body)
        if isinstance(method, Function)
    ]
    table = markdown_table(("method", ""), rows) + "\n" if rows else ""
    return f"### class `{node.name}`\n\n{render_doc(node)}{table}"


def render_folder(folder: str, paths: list[Path]) -> str:
    """Return the page of a folder: its modules, with their public classes and functions."""
    parts = [f"# {folder}\n\nMade from the docstrings of `{folder}/`.\n\n"]
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name == "__init__.py" and not ast.get_docstring(tree):
            continue
        parts.append(f"## {path.relative_to(ROOT).as_posix()}\n\n{render_doc(tree)}")
        rows = []
        for node in list_public(tree.body):
            if isinstance(node, ast.ClassDef):
                parts.append(render_class(node))
            else:
                doc = ast.get_docstring(node) or ""
                rows.append((escape_cell(render_signature(node)), escape_cell(doc)))
        if rows:
            parts.append("### Functions\n\n" + markdown_table(("function", ""), rows) + "\n")
    return "".join(parts)


def render_contract() -> str:
    """Return the page of the HAL contract: what each method promises, the fields of the inputs."""
    tree = ast.parse((ROOT / CONTRACT).read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    parts = [f"# HAL contract\n\nMade from `{CONTRACT}`.\n\n{render_doc(tree)}"]
    parts.append("## Methods\n\n")
    for method in classes["Hal"].body:
        if isinstance(method, Function):
            parts.append(f"### {method.name}\n\n{render_signature(method, inside=True)}\n\n")
            parts.append(render_doc(method))
    parts.append("## Inputs\n\n" + render_doc(classes["Inputs"]))
    fields = read_rows(CONTRACT, "Inputs")
    parts.append(markdown_table(("field", "type", "holds"), (
        (f"`{row.name}`", f"`{row.kind}`", escape_cell(row.words)) for row in fields if row.kind
    )))  # fmt: skip
    names = [row for row in read_rows(CONTRACT) if row.name.endswith("_NAMES")]
    parts.append("\n## Bits and slots\n\n" + markdown_table(("name", "in order", "meaning"), (
        (f"`{row.name}`", escape_cell(row.value.replace("'", "")),
         escape_cell(row.words or row.head)) for row in names
    )))  # fmt: skip
    return "".join(parts)
