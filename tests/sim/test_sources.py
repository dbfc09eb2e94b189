"""Every number of the simulated physics says where it is from, or that it is assumed.

A comment on its line, or the comment lines above it, name a document, a person's measurement, the
unit's own design, or one of the words below.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *(ROOT / "sim" / "physics").glob("*.py"),
        ROOT / "sim" / "faults" / "tolerances.py",
    ]
    if path.name != "__init__.py"
)
SAYS = re.compile(
    r"assumed|ours|the design|design[,.;:]|the unit's|the board's|a power of two|exact|data ?sheet"
    r"|\b(?:SNOSD82|SBOS448|SNOSCY5|19-\d{4}|RP2040-E11|PMC\d+|PMID|IT'IS|UM10204)|\(\w+.* \d{4};"
    r"|Numerical Recipes|Knuth|Marsaglia|typical of the part|definition"
)


def has_number(node: ast.expr) -> bool:
    """Whether a value is made of numbers, beyond 0 and 1."""
    found = [
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, (int, float))
    ]
    return any(not isinstance(value, bool) and value not in (0, 1, -1) for value in found)


def comment_of(lines: list[str], node: ast.stmt) -> str:
    """Comments on the lines of a statement, and whole lines of comment in its paragraph above."""
    end = node.end_lineno or node.lineno
    said = [line.partition("#")[2] for line in lines[node.lineno - 1 : end]]
    at = node.lineno - 2
    while at >= 0 and lines[at].strip():
        if lines[at].lstrip().startswith("#"):
            said.append(lines[at])
        at -= 1
    return " ".join(said)


def unsourced(source: str) -> list[str]:
    """Names of the constants of a module that say nothing of where they are from."""
    lines = source.splitlines()
    tree = ast.parse(source)
    docstring = ast.get_docstring(tree) or ""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value:
            targets, value = [node.target], node.value
        else:
            continue
        names = [
            one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)
        ]
        if not has_number(value) or not all(name.isupper() for name in names):
            continue
        said = comment_of(lines, node)
        if not SAYS.search(said) and not any(f"| {name} " in docstring for name in names):
            found += names
    return found


@pytest.mark.parametrize("file", FILES)
def test_each_number_has_a_source_or_is_called_assumed(file: str) -> None:
    assert unsourced((ROOT / file).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("line", "names"), [
    ("LAG_S = 2.5\n", ["LAG_S"]), ("LAG_S = 2.5  # seconds\n", ["LAG_S"]),
    ("LAG_S = 2.5  # assumed\n", []), ("# SNOSD82D, 7.6\nLAG_S = 2.5\n", []),
    ("FLAG = 1\n", []), ("A, B = 2.5, 3.5\n", ["A", "B"]),
])  # fmt: skip
def test_a_number_without_one_is_found(line: str, names: list[str]) -> None:
    assert unsourced(line) == names
