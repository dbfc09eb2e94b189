"""Hazards and controls: reads docs/maintainer/hazards.toml, checks it, and makes its page.

`python -m tools.dev.hazards` prints docs/maintainer/hazards.md, in which each hazard is joined with
what the last fault table and the last campaign measured of its faults (`hazards_measured`). Called
by `tools.dev.controls`, which takes controls out, by tests/conftest.py, which marks each control's
tests, and by tests.

| what is checked                                                             |
|-----------------------------------------------------------------------------|
| every hazard has a control, and every control belongs to a hazard           |
| every fault of the catalogue is a cause of a hazard                         |
| every control has a test that exists                                        |
| what is taken out for a control stands in its file, once                    |
| every file of tests about what acts last before light (SAFETY) shows a control |
"""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tools.dev.hazards_measured import measured_table, read_pages
from tools.dev.headlines import SUMMARIES, read_headline

ROOT = Path(__file__).resolve().parents[2]
DATA = "docs/maintainer/hazards.toml"
HAZARD = ("id", "harm", "severity", "sequence", "causes", "faults", "controls", "residual")
CONTROL = ("name", "does", "file", "was", "becomes", "tests")
ITEM = ("name", "class", "why")
# Modules that act last before light: a file of tests that imports one shows a control.
SAFETY = (
    "firmware.safety.guard", "firmware.safety.gate", "firmware.safety.sensor_checks",
    "firmware.safety.current_monitor", "hal.lease", "hal.emitters", "hal.resets",
)  # fmt: skip
ROOMS = ("tests/firmware", "tests/hal")


class Control(NamedTuple):
    """What keeps a hazard from doing harm."""

    name: str
    does: str
    file: str
    was: str  # stands in the file, once
    becomes: str  # the code without the control
    tests: tuple[str, ...]  # a file of tests, or a test of it, as pytest names them


class Table(NamedTuple):
    """The whole file."""

    about: dict[str, Any]
    items: list[dict[str, str]]
    hazards: list[dict[str, Any]]
    controls: dict[str, Control]


@cache
def read_table(path: Path = ROOT / DATA) -> Table:
    """Return the hazards and controls. Raises ValueError where a row misses a key or has one too
    many."""
    with path.open("rb") as file:
        about = tomllib.load(file)
    rows = {name: about.pop(name) for name in ("hazard", "control", "item")}
    for name, keys in (("hazard", HAZARD), ("control", CONTROL), ("item", ITEM)):
        for row in rows[name]:
            if set(row) != set(keys):
                raise ValueError(f"{path}: a {name} has the keys {', '.join(keys)}: {row}")
    controls = [Control(**{**row, "tests": tuple(row["tests"])}) for row in rows["control"]]
    return Table(about, rows["item"], rows["hazard"], {row.name: row for row in controls})


def list_tests(path: Path) -> set[str]:
    """Return the names of a file's tests."""
    tree = ast.parse(path.read_bytes())
    return {row.name for row in tree.body if isinstance(row, ast.FunctionDef)}


def list_mistakes(table: Table, root: Path = ROOT) -> list[str]:
    """Return what is wrong with the table, a line each."""
    found = []
    used = {name for row in table.hazards for name in row["controls"]}
    found += [f"hazard {row['id']} has no control" for row in table.hazards if not row["controls"]]
    found += [f"control {name} is not in the file" for name in sorted(used - set(table.controls))]
    found += [f"control {name} has no hazard" for name in sorted(set(table.controls) - used)]
    for row in table.controls.values():
        if not row.tests:
            found.append(f"control {row.name} has no test")
        for test in row.tests:
            file, _, name = test.partition("::")
            if not (root / file).exists() or (name and name not in list_tests(root / file)):
                found.append(f"control {row.name}: there is no test {test}")
        count = (root / row.file).read_text(encoding="utf-8").count(row.was) if row.was else 0
        if count != 1:
            found.append(f"control {row.name}: its code stands in {row.file} {count} times")
    found += list_unjoined(table)
    return found + [f"{file} shows no control" for file in list_unnamed(table, root)]


def list_unjoined(table: Table) -> list[str]:
    """Return the faults that are no cause of a hazard, and the causes that are no faults."""
    from sim.faults.catalogue import FAULTS  # each run of pytest reads the table, few the faults

    caused = {name for row in table.hazards for name in row["faults"]}
    found = [f"fault {name} is a cause of no hazard" for name in sorted(FAULTS.keys() - caused)]
    return found + [f"there is no fault {name}" for name in sorted(caused - FAULTS.keys())]


def list_unnamed(table: Table, root: Path = ROOT) -> list[str]:
    """Return the files of tests about what acts last before light that show no control."""
    named = {test.partition("::")[0] for row in table.controls.values() for test in row.tests}
    found = []
    for path in sorted(path for room in ROOMS for path in (root / room).glob("test_*.py")):
        tree = ast.parse(path.read_bytes())
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        file = path.relative_to(root).as_posix()
        if modules & set(SAFETY) and file not in named:
            found.append(file)
    return found


def render_page(table: Table) -> str:
    """Return docs/maintainer/hazards.md."""
    parts = (list_head(table), list_hazards(table), list_controls(table), list_rest(table))
    return "\n".join(line for part in parts for line in part) + "\n"


def list_head(table: Table) -> list[str]:
    """What the page is, what the belt is for, and what it needs."""
    return [
        "# Hazards and controls", "",
        "What could hurt somebody, what prevents it, and the test that fails when it does not.",
        "",
        *[f"- [{words.capitalize()}]({page}): {read_headline(page)[0]}"
          for page, (words, _) in SUMMARIES.items()],
        "- [Off the body](off-the-body.md): seconds of light for each way off the skin.",
        "", f"Made by `python -m tools.dev.hazards` from `{DATA}`: edit that file. It has the",
        "structure that ISO 14971 and IEC 62304 ask for. **No conformity is claimed**: nobody has",
        "assessed it, and no unit was tested on people.", "",
        "## Intended use", "", table.about["intended_use"].strip(), "",
        "## Foreseeable misuse", "", *[f"- {row}" for row in table.about["misuse"]], "",
        "## Who should not wear it", "",
        *[f"- {row}" for row in table.about["contraindications"]], "",
        "## What the hardware must provide", "", *[f"- {row}" for row in table.about["hardware"]],
        "", "## Hazards", "",
        "Each hazard has the faults of the simulator that are its causes, with the worst that the",
        "last [fault table](faults.md) found of each, how often it struck in the last",
        "[campaign](campaign.md), and the slowest cut-off there. A star: heat from outside, which",
        "the unit cannot stop.", "",
    ]  # fmt: skip


def list_hazards(table: Table) -> list[str]:
    """Each hazard, with what was measured of its faults."""
    measured = read_pages()
    lines = []
    for row in table.hazards:
        lines += [
            f"### {row['id']}: {row['harm']}", "",
            f"- Severity: {row['severity']}.", f"- Sequence: {row['sequence']}.",
            f"- Causes: {'; '.join(row['causes'])}.",
            "- Controls: " + ", ".join(f"[{name}](#{name})" for name in row["controls"]) + ".",
            f"- Residual risk: {link_pages(row['residual'])}", "",
        ]  # fmt: skip
        if row["faults"]:
            lines += [measured_table(row["faults"], measured)]
    return lines


def link_pages(text: str) -> str:
    """Return a text in which each page of docs/ that it names is a link, from this page."""
    return re.sub(r"\bdocs/(\w+/)([\w-]+\.md)", r"[\2](../\1\2)", text)


def list_controls(table: Table) -> list[str]:
    """Each control, where it is and what shows it."""
    lines = [
        "## Controls", "",
        "`make mutants` takes each control out of a copy of the code, and the tests that are named",
        "here must fail; `make test` does so for ten of them.", "",
    ]  # fmt: skip
    for control in table.controls.values():
        lines += [f"### {control.name}", "", control.does, "", f"- Code: `{control.file}`"]
        lines += [f"- Test: `{test}`" for test in control.tests] + [""]
    return lines


def list_rest(table: Table) -> list[str]:
    """Known anomalies, and the items of the software."""
    lines = ["## Known anomalies", "", *[f"- {row}" for row in table.about["anomalies"]]]
    lines += ["", "## Software items", "", "| item | class | why |", "| --- | --- | --- |"]
    lines += [f"| {r['name']} | {r['class']} | {link_pages(r['why'])} |" for r in table.items]
    return [
        *lines, "", "Parts of others, with versions and licences: `make docs` lists them in the",
        "site's page of third-party parts, from the locks.",
    ]  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(render_page(read_table()))
