"""Hypothesis profiles, and the command as a fixture.

No deadline, since machines differ; under CI the same cases each time.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.command import SHORT, Ended, Waistband
from tools import cli

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture
def waistband(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Waistband:
    """The command, run in this process in an empty folder that holds `short.toml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.toml").write_text(SHORT)

    def run(*arguments: str) -> Ended:
        code = cli.main(list(arguments))
        return Ended(code, *capsys.readouterr())

    return run
