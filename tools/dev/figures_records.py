"""Figures of what is kept, for `make figures`: power cut in every write, journals altered.

Called by `tools.dev.figures`; prints a table, judges nothing. Both counts are those of tests:
`tests/support/power_cut_flash.py` inside MicroPython, with its own littlefs, and
`tests/tools/test_journal_mutated.py`, with more journals than `make test` gives it.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sim.common.errors import BadInput
from tools.replay import find_micropython
from tools.report.tables import fill_table

ROOT = Path(__file__).resolve().parents[2]
MUTATED = 100_000
MUTATED_TEST = "tests/tools/test_journal_mutated.py::test_no_mutated_journal_is_accepted"
PATIENCE_S = 1_800


@dataclass(frozen=True)
class Attack:
    """What was done to records, how often, and whether what is kept stood it every time."""

    what: str
    where: str
    tried: int
    stood: bool


def list_cuts() -> tuple[dict[str, tuple[int, int]], str]:
    """Cut power at each erase and each program of every story that writes, inside MicroPython.
    Returns, of each story, how many operations it has and how many cuts were tried, and all that
    was said: a line with " cut at " for each that lost something. Raises BadInput without
    MicroPython, or where a story ends early."""
    command = [*find_micropython(), "-X", "heapsize=4m", "-m", "tests.support.power_cut_flash"]
    paths = f"{ROOT}{os.pathsep}.frozen"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, timeout=PATIENCE_S, check=False,
            env={**os.environ, "MICROPYPATH": paths},
        )  # fmt: skip
    found = re.findall(r"^(\w+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"power cuts on MicroPython: {why}")
    return {name: (int(cuts), int(tried)) for name, cuts, tried in found}, done.stdout


def cut_power() -> Attack:
    """Cut power everywhere. Raises BadInput as `list_cuts` does."""
    stories, said = list_cuts()
    return Attack(
        f"power cut in each write of {len(stories)} stories",
        "MicroPython's littlefs",
        sum(tried for _, tried in stories.values()),
        " cut at " not in said,
    )


def alter_journals() -> Attack:
    """Alter a journal in MUTATED ways. Raises BadInput where the test does not run."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, MUTATED_TEST], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S,
        check=False, env={**os.environ, "MUTATED": str(MUTATED)},
    )  # fmt: skip
    if done.returncode not in (0, 1):  # 1: the test failed
        why = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"altered journals: {why}")
    return Attack("journal altered", "`waistband journal verify`", MUTATED, done.returncode == 0)


def measure(console: Console) -> list[dict[str, object]]:
    """Attack records, print the table, and return the JSON object's part."""
    try:
        with console.status("Cutting power and altering journals: two minutes"):
            rows = [cut_power(), alter_journals()]
    except BadInput as why:
        console.print(f"No records under attack: {why}", markup=False)
        return []
    console.print(attack_table(rows))
    return [asdict(row) for row in rows]


def attack_table(rows: list[Attack]) -> Table:
    """(f) Records."""
    columns = ("what", "where", "tried", "stood")
    return fill_table(Table(*columns, title="Records under attack"), (
        (row.what, row.where, f"{row.tried:,}", "all" if row.stood else "NOT ALL") for row in rows
    ))  # fmt: skip
