"""Figures of what is kept, for `make figures`: power cut in every write, journals altered.

Called by `tools.dev.figures`; prints a table, judges nothing. Both counts are those of tests, which
run in processes of their own with more cases than `make test` gives them:
`tests/support/power_cut_flash.py` inside MicroPython, with its own littlefs, and
`tests/tools/test_journal_mutated.py`.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

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


def cut_power() -> Attack:
    """Cut power at each erase and each program of every story that writes. Raises BadInput without
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
    return Attack(
        f"power cut in each write of {len(found)} stories",
        "MicroPython's littlefs",
        sum(int(tried) for _, _, tried in found),
        " cut at " not in done.stdout,
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


def attack_table(rows: list[Attack]) -> Table:
    """(f) Records."""
    columns = ("what", "where", "tried", "stood")
    return fill_table(Table(*columns, title="Records under attack"), (
        (row.what, row.where, f"{row.tried:,}", "all" if row.stood else "NOT ALL") for row in rows
    ))  # fmt: skip
