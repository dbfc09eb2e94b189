"""Completion of the command in a shell: names, options and values, and where it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.commands import main
from tools.common.compiled import ROOT

COMMAND = (sys.executable, "-m", "tools.commands.main")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", **environment}
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def complete(line: str) -> list[str]:
    """What a shell offers for the last word of a line."""
    place = str(len(line.split(" ")) - 1)
    done = run(_WAISTBAND_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=place)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_every_command_is_offered() -> None:
    assert set(complete("waistband ")) == {*main.COMMANDS, *main.GROUPS}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("waistband pre", ["prescribe"]),
        ("waistband journal ve", ["verify"]),
        ("waistband sim --dep", ["--depth"]),
        ("waistband sim --depth d", ["driver"]),
        ("waistband sim docs/bench/ye", []),  # a file: the shell's own
    ],
)
def test_what_begins_so_is_offered(line: str, offered: list[str]) -> None:
    assert complete(line) == offered


def test_it_is_installed_in_the_home_folder_alone(tmp_path: Path) -> None:
    done = run("--install-completion", "bash", HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "_WAISTBAND_COMPLETE" in (tmp_path / ".bash_completions/waistband.sh").read_text()
    assert "waistband" in (tmp_path / ".bashrc").read_text()


def test_a_home_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    done = run("--install-completion", "bash", HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--show-completion" in done.stderr
