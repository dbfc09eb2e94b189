"""The command in surroundings that it did not choose: a full disk behind a pipe, a terminal that
closes, a plotting backend that does not exist, an interpreter that keeps no docstrings."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.command import SHORT, Waistband
from tests.support.journals import unit_journal
from tools.trial import store

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tools.commands.main"]
FULL = Path("/dev/full")
Done = subprocess.CompletedProcess[str]


def run(*words: str, out: str | None = None, **environment: str) -> Done:
    """The command in a process of its own, its output into a file if one is named."""
    inherited = {**os.environ, "PYTHONPATH": str(ROOT), "WAISTBAND_COMPILED": "0", **environment}
    with open(out or os.devnull, "w") as file:
        return subprocess.run(
            [*COMMAND, *words], text=True, env=inherited, stderr=subprocess.PIPE,
            stdout=file if out else subprocess.PIPE, check=False,
        )  # fmt: skip


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        "", "--help", "--version", "sim --help", "key --help", "prescribe new --help",
        "sim short.toml", "sim short.toml --json", "journal show journal.0",
        "journal verify journal.0", "journal export journal.0 --help", "doctor", "key new -o k.key",
    ],
)  # fmt: skip
def test_a_full_standard_output_is_one_line(waistband: Waistband, words: str) -> None:
    for name, content in unit_journal().files.items():
        Path(name).write_bytes(content)
    Path("short.toml").write_text(SHORT)
    ended = run(*words.split(), out=str(FULL))
    assert ended.returncode == 2
    said = "waistband: standard output: cannot be written: No space left on device\n"
    assert ended.stderr == said


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_a_signal_leaves_nothing_behind(waistband: Waistband, name: str) -> None:
    Path("long.toml").write_text("duration_s = 14000\n")
    number = getattr(signal, name)
    command = [*COMMAND, "sim", "long.toml", "--trace", "run.csv", "--realtime", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WAISTBAND_COMPILED": "0"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
        while not list(Path().glob(".run.csv*")) and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(number)
        running.communicate()
    assert running.returncode == 128 + number
    assert sorted(os.listdir()) == ["long.toml", "short.toml"]


def test_a_backend_of_the_environment_is_not_asked(waistband: Waistband) -> None:
    Path("short.toml").write_text(SHORT)
    backend = "module://not_there.backend_inline"
    ended = run("sim", "short.toml", "--plot", "a.png", "--trace", "a.csv", MPLBACKEND=backend)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert Path("a.png").stat().st_size > 10_000 and Path("a.csv").stat().st_size > 1_000


@pytest.mark.parametrize("words", ["--help", "sim --help", "prescribe sign --help"])
def test_help_is_whole_without_docstrings(waistband: Waistband, words: str) -> None:
    plain = run(*words.split())
    stripped = run(*words.split(), PYTHONOPTIMIZE="2")
    assert (stripped.returncode, stripped.stdout) == (0, plain.stdout)


# -- files that are not what they are called -------------------------------------------------


def test_what_an_editor_or_an_archiver_made_is_no_tampering(waistband: Waistband) -> None:
    content = unit_journal().files["journal.0"]
    Path("journal.0").write_bytes(b"\xef\xbb\xbf" + content)
    Path("journal.1").write_bytes(content.decode().encode("utf-16"))
    with ZipFile("j.zip", "w") as archive:
        archive.writestr("journal.0", content)
    words = {"journal.0": "byte order mark", "journal.1": "UTF-16", "j.zip": "unpack it"}
    for name, said in words.items():
        code, out, err = waistband("journal", "verify", name)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err and "inserted" not in err and "dropped" not in err


def test_a_store_that_is_locked_damaged_or_older_is_never_to_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "trial.sqlite"
    store.write_database(path, store.Kept(), {})
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert "another program holds it: close that" in why_not(path)
        holder.execute("ROLLBACK")
    with sqlite3.connect(path) as base:
        base.execute("UPDATE meta SET value = 'older' WHERE name = 'version'")
    assert "the release that wrote it" in why_not(path)
    path.write_bytes(b"SQLite format 3\0" + bytes(5_000))
    assert "is damaged" in why_not(path) and "keep this one" in why_not(path)


def why_not(path: Path) -> str:
    """Why the store cannot be opened."""
    from sim.common.errors import BadInput

    with pytest.raises(BadInput) as why, store.open_database(path):
        pass
    assert "remove" not in str(why.value)
    return str(why.value)


# Every module of the desk, without the modules that MicroPython alone has. What runs in the page's
# own MicroPython is left out.
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules["machine"] = None
import sim, tools
for package in (sim, tools):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name != "tools.bench.page":
            importlib.import_module(found.name)
"""


def test_each_module_of_the_desk_is_imported_where_there_is_no_unit() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("name", ["firmware", "hal", "sim", "tools"])
def test_a_foreign_package_of_the_same_name_is_not_taken(tmp_path: Path, name: str) -> None:
    foreign = tmp_path / name / "__init__.py"
    foreign.parent.mkdir()
    foreign.write_text("raise RuntimeError('a foreign package')\n")
    command = Path(sys.executable).with_name("waistband")
    ended = subprocess.run(
        [command, "sim", "--help"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Usage: waistband sim")
