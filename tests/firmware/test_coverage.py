"""Every branch of guard and gate is taken by their own tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"firmware/safety/guard.py", "firmware/safety/gate.py"}  # as pyproject.toml includes them


def coverage(data: Path, *arguments: str) -> None:
    """Run the tool on a data file of its own: other tests may be measured beside this one."""
    command = [sys.executable, "-m", "coverage", arguments[0], f"--data-file={data}"]
    environment = {**os.environ, "CI": "1"}
    ended = subprocess.run(
        [*command, *arguments[1:]],
        check=False, cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_branch_of_guard_and_gate_is_taken(tmp_path: Path) -> None:
    tests = [f"tests/firmware/test_{name}.py" for name in ("guard", "gate", "gate_looks")]
    coverage(tmp_path / "data", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    coverage(tmp_path / "data", "json", "-o", str(tmp_path / "json"))
    files = json.loads((tmp_path / "json").read_text())["files"]
    assert {path.replace(os.sep, "/") for path in files} == PARTS
    for file in files.values():
        summary = file["summary"]
        assert summary["num_branches"] >= 10
        assert (summary["missing_lines"], summary["missing_branches"]) == (0, 0)
