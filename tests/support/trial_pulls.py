"""A trial of four with its journals, and queries of trial.sqlite, for tests of `collect`."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from tests.support.trial_folder import Belt, Bench, make_trial
from tools.commands.main import main

PEOPLE = ("P-01", "P-02", "P-03", "P-04")


def enrolled(base: Path) -> Bench:
    """A trial of four, all enrolled."""
    bench = make_trial(base, visits=3)
    for who in PEOPLE:
        assert main(["trial", "enrol", str(bench.folder), "--participant", who, "--unit",
                     bench.rows[who]["unit"]]) == 0  # fmt: skip
    return bench


def attended_belt(bench: Bench, who: str, visits: int = 3) -> Belt:
    """A belt whose visits were all attended."""
    belt = Belt(bench, who)
    for visit in range(1, visits + 1):
        belt.visit(visit, 6, 5, therapy=visit > 1)
    return belt


def copied(bench: Bench, tmp_path: Path) -> Bench:
    """A copy, with everybody's journal in `pulls`."""
    shutil.copytree(bench.folder, tmp_path / "trial")
    copy = Bench(
        tmp_path / "trial", bench.keys, bench.statistician, bench.officer, bench.monitor, bench.rows
    )
    for who in PEOPLE:
        attended_belt(bench, who).pull(tmp_path / "pulls" / who)
    return copy


def collect(trial: Bench, *folders: Path, receipts: Path | None = None) -> int:
    """As the monitor collects: every tag is verified."""
    paths = folders or (trial.folder.parent / "pulls",)
    noted = ["--receipts", str(receipts)] if receipts else []
    return main(["trial", "collect", str(trial.folder), *map(str, paths), "--identity",
                 trial.monitor, *noted])  # fmt: skip


def rows(trial: Bench, query: str) -> list[Any]:
    with sqlite3.connect(trial.folder / "trial.sqlite") as base:
        return base.execute(query).fetchall()


def dump(trial: Bench) -> list[str]:
    with sqlite3.connect(trial.folder / "trial.sqlite") as base:
        return list(base.iterdump())


def read_quarantine(trial: Bench) -> list[tuple[str, str]]:
    return rows(trial, "SELECT label, what FROM quarantine ORDER BY label, what")


def read_notes(trial: Bench) -> list[tuple[str, str]]:
    return rows(trial, "SELECT participant, what FROM notes ORDER BY participant, what")


def read_participants(trial: Bench) -> list[str]:
    return [row[0] for row in rows(trial, "SELECT participant FROM journals ORDER BY 1")]


def alter(folder: Path, old: bytes, new: bytes) -> None:
    path = folder / "journal.0"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
