"""Requirements: each promise, limit, fault and board value, with what shows it and at which depth.

`python -m tools.dev.requirements` prints the page; `tools.dev.site` puts it into the site. Promises
stand in docs/maintainer/requirements.toml; limits, faults and board values are read from the code,
and their tests from the tests that name them.

| what is checked                                                                     |
|-------------------------------------------------------------------------------------|
| a promise quotes words that stand in its document, and has tests that exist         |
| an identifier stands once                                                           |
| every limit has a test that names it, or a row with tests                           |
| every fault and every board value is named by a test, or its row says why none does |
"""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from firmware.core import limits
from hal.boards import RPI_PICO
from sim.faults.catalogue import FAULTS
from tools.dev.fault_list import bound_in_words
from tools.dev.hazards import list_tests
from tools.dev.reference_tables import escape_cell, list_limits, show_value
from tools.dev.source_comments import ROOT, read_rows
from tools.report.tables import markdown_table

DATA = "docs/maintainer/requirements.toml"
PROMISE = {"id", "says", "document", "quote", "tests"}
BOARD = "hal/boards/RPI_PICO.py"
# Tests that name limits and faults because they list them: they show no effect.
LISTS = {
    "tests/firmware/test_limits.py", "tests/sim/test_catalogue.py",
    "tests/tools/test_requirements.py", "tests/tools/test_site.py",
}  # fmt: skip
# A file of tests that imports one of these runs at this depth; its markers add theirs.
DEPTHS = {
    "sim.run": "HAL", "sim.hal_depth": "HAL", "sim.driver_depth": "driver", "sim.pin_depth": "pin",
}  # fmt: skip
MARKERS = {
    "hal_depth": "HAL", "driver_depth": "driver", "pin_depth": "pin",
    "micropython": "MicroPython", "webassembly": "WebAssembly", "browser": "browser",
}  # fmt: skip
ALONE = "part alone"  # no depth: a part of the unit, without the others
SHOWN_TESTS = 4  # of a row; the rest is a number


class Row(NamedTuple):
    """A requirement."""

    id: str
    says: str
    source: str
    tests: tuple[str, ...]  # a file of tests, or a test of it
    why: str = ""  # where no test names it


class Table(NamedTuple):
    """The file of promises and of what the tests themselves do not name."""

    promises: list[dict[str, Any]]
    shown: dict[str, list[str]]
    unnamed: dict[str, str]


def read_table(path: Path = ROOT / DATA) -> Table:
    """Return the file. Raises ValueError where a promise misses a key or has one too many."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    for row in found["promise"]:
        if set(row) != PROMISE:
            raise ValueError(f"{path}: a promise has the keys {', '.join(sorted(PROMISE))}: {row}")
    return Table(found["promise"], found["shown"], found["unnamed"])


@cache
def read_tests() -> dict[str, str]:
    """Return the text of each file of tests, by its path from the root."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
    }


@cache
def list_words() -> dict[str, frozenset[str]]:
    """Return the files of tests that name a word, by the word: as a name, or in quotes."""
    found: dict[str, set[str]] = {}
    for file, text in read_tests().items():
        for word in {*re.findall(r"\b[A-Z]\w+", text), *re.findall(r"""["'](\w+)["']""", text)}:
            found.setdefault(word, set()).add(file)
    return {word: frozenset(files) for word, files in found.items()}


def find_tests(table: Table, kind: str, name: str) -> tuple[str, ...]:
    """Return what shows a limit, a fault or a board value: its row, else the tests that name it."""
    named = sorted(list_words().get(name, frozenset()) - LISTS)
    return tuple(table.shown.get(f"{kind}-{name}", named))


@cache
def read_markers() -> dict[str, set[str]]:
    """Return the markers that tests/conftest.py gives to each file of tests."""
    tree = ast.parse((ROOT / "tests/conftest.py").read_bytes())
    value = next(
        node.value for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MARKED"
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for marker, files in ast.literal_eval(value).items():
        for file in files:
            found.setdefault(file, set()).add(marker)
    return found


@cache
def list_depths(file: str) -> frozenset[str]:
    """Return the depths that a file of tests runs at: by its markers, and by what it and the
    helpers that it uses import."""
    depths = {MARKERS[marker] for marker in read_markers().get(file, set())}
    for node in ast.walk(ast.parse((ROOT / file).read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for module in (node.module, *(f"{node.module}.{one.name}" for one in node.names)):
                depths |= {depth for start, depth in DEPTHS.items()
                           if f"{module}.".startswith(f"{start}.")}  # fmt: skip
            helper = ROOT / f"{node.module.replace('.', '/')}.py"
            if node.module.startswith("tests.support.") and helper.exists():
                depths |= list_depths(helper.relative_to(ROOT).as_posix())
    return frozenset(depths)


def list_rows(table: Table) -> dict[str, list[Row]]:
    """Return all requirements, by kind."""
    promises = [
        Row(row["id"], row["says"], link_document(row["document"]), tuple(row["tests"]))
        for row in table.promises
    ]
    held = [
        Row(f"LIM-{row.name}", show_value(row.name, getattr(limits, row.name)),
            escape_cell(row.words or row.head),
            find_tests(table, "LIM", row.name))
        for row in list_limits()
    ]  # fmt: skip
    faults = [
        Row(f"FLT-{name}", f"{row.words}: " + "; ".join(bound_in_words(row, b) for b in row.bounds),
            ", ".join(sorted({b.source.partition(";")[0] for b in row.bounds})),
            find_tests(table, "FLT", name), table.unnamed.get(f"FLT-{name}", ""))
        for name, row in FAULTS.items()
    ]  # fmt: skip
    values = [
        Row(f"BRD-{row.name}", f"`{getattr(RPI_PICO, row.name)}`",
            escape_cell(row.words or row.head), find_tests(table, "BRD", row.name),
            table.unnamed.get(f"BRD-{row.name}", ""))
        for row in read_rows(BOARD)
    ]  # fmt: skip
    return {"Promises": promises, "Limits": held, "Faults": faults, "Board": values}


def list_mistakes(table: Table, root: Path = ROOT) -> list[str]:
    """Return what is wrong, a line each."""
    found = []
    rows = [row for kind in list_rows(table).values() for row in kind]
    ids = [row.id for row in rows]
    found += [f"{one} stands twice" for one in sorted({one for one in ids if ids.count(one) > 1})]
    for row in rows:
        if not row.tests and not row.why:
            found.append(f"{row.id}: no test names it; give it a row in {DATA}")
        for test in row.tests:
            file, _, name = test.partition("::")
            if not (root / file).exists() or (name and name not in list_tests(root / file)):
                found.append(f"{row.id}: there is no test {test}")
    for promise in table.promises:
        text = (root / promise["document"]).read_text(encoding="utf-8")
        if " ".join(promise["quote"].split()) not in " ".join(text.split()):
            found.append(f"{promise['id']}: {promise['document']} does not say so any more")
    gone = sorted({*table.shown, *table.unnamed} - set(ids))
    found += [f"{DATA} has {one}: there is no such row" for one in gone]
    return found


def link_document(path: str) -> str:
    """Return a link from the page to a document."""
    return f"[{Path(path).stem}](../{path.removeprefix('docs/')})"


def show_tests(row: Row) -> str:
    """Return what shows a requirement, as a cell."""
    short = [test.removeprefix("tests/").replace(".py", "") for test in row.tests]
    more = f" and {len(short) - SHOWN_TESTS} more" if len(short) > SHOWN_TESTS else ""
    return ", ".join(f"`{test}`" for test in short[:SHOWN_TESTS]) + more or escape_cell(row.why)


def render_page(table: Table) -> str:
    """Return the page."""
    parts = [
        f"# Requirements\n\nMade by `python -m tools.dev.requirements` from `{DATA}`, the code and "
        "the tests. Each promise of the documents, each limit, each fault and each value of the "
        "board has an identifier, what shows it, and how deep that goes: a part alone, the "
        "simulated unit at [HAL, driver or pin depth](../maintainer/depths.md), MicroPython "
        "itself.\n\nBeside what is named here: `waistband check faults` tries every fault in every "
        "state, on each pad, with the hardware alert working and dead ([what it measured]"
        "(../maintainer/faults.md)); [the campaign](../maintainer/campaign.md) draws faults at "
        "random; `make mutants` changes each [limit](../maintainer/mutants.md). What could hurt "
        "somebody, and the control of each: [hazards](../maintainer/hazards.md).\n"
    ]
    heads = {"Promises": ("id", "promise", "in"), "Limits": ("id", "value", "source"),
             "Faults": ("id", "must be dark within, or", "by"),
             "Board": ("id", "on RPI_PICO", "meaning")}  # fmt: skip
    for kind, rows in list_rows(table).items():
        parts.append(f"\n## {kind}\n\n")
        parts.append(markdown_table((*heads[kind], "shown by", "depth"), (
            (f"`{row.id}`", escape_cell(row.says), row.source, show_tests(row),
             show_depths(row.tests)) for row in rows
        )))  # fmt: skip
    return "".join(parts)


def show_depths(tests: tuple[str, ...]) -> str:
    """Return the depths of some tests, as a cell."""
    depths = {depth for test in tests for depth in list_depths(test.partition("::")[0]) or {ALONE}}
    order = (ALONE, *MARKERS.values())
    return ", ".join(sorted(depths, key=order.index))


if __name__ == "__main__":
    sys.stdout.write(render_page(read_table()))
