"""Every branch of guard and gate is taken by their own tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = {"firmware/guard.py", "firmware/gate.py"}  # as pyproject.toml includes them


def coverage(data: Path, *arguments: str) -> None:
    """Run the tool on a data file of its own: other tests may be measured beside this one."""
    command = [sys.executable, "-m", "coverage", arguments[0], f"--data-file={data}"]
    environment = {**os.environ, "CI": "1"}
    ended = subprocess.run(
        [*command, *arguments[1:]],
        check=False, cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """What the tests of guard and gate reach of them, by file."""
    folder = tmp_path_factory.mktemp("coverage")
    tests = ("tests/test_guard.py", "tests/test_gate.py")
    coverage(folder / "data", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    coverage(folder / "data", "json", "-o", str(folder / "json"))
    files = json.loads((folder / "json").read_text())["files"]
    return {path.replace(os.sep, "/"): file["summary"] for path, file in files.items()}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_branch_is_taken(part: str, measured: dict[str, dict[str, float]]) -> None:
    summary = measured[part]
    assert summary["num_branches"] >= 10
    assert (summary["missing_lines"], summary["missing_branches"]) == (0, 0)
