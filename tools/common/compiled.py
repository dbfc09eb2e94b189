"""Compiled copy of the simulated unit: the same files, about five times as fast.

`waistband sim`, `check campaign` and `check blind` enter the copy where there is one. Driver depth,
and with it `check faults`, stays interpreted: its classes extend ours, which a compiled class
forbids. mypyc, which comes with mypy, turns typed Python into C. The copy stands in a folder named
by a hash of its sources: a copy of other sources is never used. Only the copy is altered, and only
in ways that change no result:

* a class gets a `__new__` like Python's own, without which mypyc's cannot be unpickled;
* a name in capitals is declared final: a number then stands in the code, and nothing is looked up;
* the HAL is what is declared one, and its record the firmware's own, not any that fit.

`WAISTBAND_COMPILED=0` in the environment keeps to the interpreter, for a debugger's sake.
Imports nothing of ours: what is imported before `enter` is imported again from the copy.
"""

import ast
import hashlib
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("firmware", "hal", "sim")
# What a run spends its time in. The rest of the copy is imported as it is.
COMPILED = (
    "firmware/*.py",
    "firmware/*/*.py",
    "hal/contract.py",
    "sim/faults/depth.py",
    "sim/faults/hardware.py",
    "sim/hal_depth/depth.py",
    "sim/hal_depth/lifecycle.py",
    "sim/hal_depth/peripherals.py",
    "sim/hal_depth/set_ups.py",
    "sim/hal_depth/sim_hal.py",
    "sim/oracle/claims.py",
    "sim/oracle/current_oracle.py",
    "sim/oracle/day_oracle.py",
    "sim/oracle/design.py",
    "sim/oracle/dose_oracle.py",
    "sim/oracle/driver_changes.py",
    "sim/oracle/excuses.py",
    "sim/oracle/fault_log.py",
    "sim/oracle/outside_heat.py",
    "sim/oracle/rules.py",
    "sim/oracle/safety_oracle.py",
    "sim/oracle/sessions.py",
    "sim/oracle/stray_light.py",
    "sim/oracle/supply_current.py",
    "sim/oracle/worn_oracle.py",
    "sim/physics/battery.py",
    "sim/physics/emitters.py",
    "sim/physics/plant.py",
    "sim/physics/sensors.py",
    "sim/physics/spot.py",
    "sim/physics/threshold_times.py",
    "sim/physics/tissue.py",
    "sim/recording/format.py",
    "sim/recording/recorder.py",
    "sim/run.py",
)
# Classes here raise as they are made: with a `__new__`, mypyc leaves the exception set after it was
# caught. Both files run at the start alone.
LEFT = ("firmware/therapy/prescription.py", "firmware/trial/enrolment.py")
NOT_MINE = ("Record", "NamedTuple", "Protocol", "Exception", "BaseException", "ValueError")  # bases
PROTOCOL = "from typing import Protocol"
NEW = """
    def __new__(cls, *args: object, **kwargs: object) -> Self:
        return super().__new__(cls)
"""
# The contract is met by what is declared a Hal, and its record is the firmware's own class: both
# are called without a look-up by name.
HEAD = """
from typing import Protocol

from mypy_extensions import trait

from firmware.core.inputs import Inputs as Inputs
"""
WHOLE = "whole"  # this file says that a folder was made to its end
SWITCH = "WAISTBAND_COMPILED"
# One class for both copies: the command catches what the copy raises.
SHARED = ("sim.common.errors",)
KEPT = 2  # folders


class CannotCompile(Exception):
    """One line: what is missing, and what would give it."""


def sources() -> list[Path]:
    """Every file of the copy."""
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def digest() -> str:
    """Of the sources, and of nothing else: the same on every machine that has them."""
    found = hashlib.sha256()
    for path in sources():
        found.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def folder() -> Path:
    """Where the copy of these sources, by this interpreter and this mypyc, is or would be."""
    maker = hashlib.sha256(f"{sys.version}{mypyc_version()}".encode())
    maker.update(Path(__file__).read_bytes())
    return shelf() / f"{digest()}-{maker.hexdigest()[:8]}"


def shelf() -> Path:
    """`build/compiled` of a checkout that can be written to, else the user's cache folder."""
    if (ROOT / ".git").exists() and os.access(ROOT, os.W_OK):
        return ROOT / "build" / "compiled"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "waistband" / "compiled"


def mypyc_version() -> str:
    """Of mypy, or nothing where there is none."""
    try:
        from importlib import metadata

        return metadata.version("mypy")
    except ImportError:
        return ""


def made() -> Path | None:
    """The copy of these very sources, if it has been made and is not switched off."""
    if os.environ.get(SWITCH) == "0" or not any(shelf().glob(f"*/{WHOLE}")):
        return None
    there = folder()
    return there if (there / WHOLE).exists() else None


def make() -> Path:
    """Make the copy, unless it is there; takes a minute or two. Raises CannotCompile."""
    there = folder()
    if (there / WHOLE).exists():
        return there
    check_tools()
    part = there.with_name(f"{there.name}.{os.getpid()}.part")
    try:
        names = lay_out(part)
        build(part, names)
        shutil.rmtree(part / "build")
        (part / WHOLE).touch()
        shutil.rmtree(there, ignore_errors=True)
        part.rename(there)
    except OSError as why:
        raise CannotCompile(f"{part}: {why.strerror or why}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    tidy(there)
    return there


def check_tools() -> None:
    """Raises CannotCompile for the first that is missing."""
    for module, get in (("mypyc", "mypy"), ("setuptools", "setuptools")):
        if importlib.util.find_spec(module) is None:
            raise CannotCompile(f"{module} is not installed: pip install {get}")
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        raise CannotCompile(f"there is no C compiler {compiler}")


def lay_out(part: Path) -> list[str]:
    """Copy the sources and alter them; returns the names of those to be compiled."""
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, part / name, ignore=ignored)
    names = [
        path.relative_to(part).as_posix() for row in COMPILED for path in sorted(part.glob(row))
    ]
    names = [name for name in names if name not in LEFT]
    for name in names:
        path = part / name
        text = path.read_text(encoding="utf-8")
        if name == "hal/contract.py":
            text = declare_trait(text)
        module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
        path.write_text(altered(text, vars(module)), encoding="utf-8")
    return names


def altered(text: str, values: Mapping[str, object]) -> str:
    """A module as it is compiled; `values` are what its names are."""
    tree = ast.parse(text)
    lines = text.split("\n")
    for node in reversed(tree.body):
        if isinstance(node, ast.ClassDef):
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            if not node.decorator_list and not set(bases) & set(NOT_MINE):
                lines[node.body[0].end_lineno : node.body[0].end_lineno] = NEW.split("\n")[:-1]
        elif isinstance(node, ast.Assign) and (name := constant_name(node)):
            if is_number(node.value) or not begins_with_float(values[name]):
                declare_final(node, name, lines)
        elif isinstance(node, ast.If):
            hoist_classes(node, lines)
    after = tree.body[0].end_lineno or 0  # every module begins with its docstring
    lines.insert(after, "from typing import Final, Self")
    return "\n".join(lines)


def declare_final(node: ast.Assign, name: str, lines: list[str]) -> None:
    """Declare a constant final: a number with its value, so that it stands in the code; another
    with its type alone, lest mypy take what is compared with its items for known."""
    first = node.lineno - 1
    if is_number(node.value):
        lines[first] = lines[first].replace(" =", ": Final =", 1)
    else:
        lines[first] = f"_{lines[first]}"
        end = node.end_lineno or 0
        lines[end:end] = [f"{name}: Final = _{name}"]


def hoist_classes(block: ast.If, lines: list[str]) -> None:
    """Move classes out of `if TYPE_CHECKING:`: mypyc takes them at the top level alone."""
    for item in reversed(block.body):
        if isinstance(item, ast.ClassDef):
            first, end = item.lineno - 1, item.end_lineno or 0
            text = textwrap.dedent("\n".join(lines[first:end])).split("\n")
            lines[block.end_lineno or 0 : block.end_lineno or 0] = [PROTOCOL, "", "", *text]
            lines[first:end] = [" " * item.col_offset + "pass"] + [""] * (end - first - 1)


def declare_trait(contract: str) -> str:
    """The contract with its class `Inputs` taken out and its protocol `Hal` made a trait."""
    inputs, hal = r"class Inputs\(Protocol\):.*?", r"class Hal\(Protocol\):(.*)"
    parts = re.fullmatch(rf"(.*?)TYPE_CHECKING = .*?\n\n\n(.*?){inputs}{hal}", contract, re.DOTALL)
    if not parts:
        raise CannotCompile("hal/contract.py is not as `declare_trait` expects it")
    before, board, methods = parts.groups()
    return f"{before}{HEAD}\n\n{board}@trait\nclass Hal:{methods}"


def is_number(value: ast.expr) -> bool:
    """Whether an expression is made of numbers alone, and no boolean."""
    return all(
        isinstance(part, (ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop))
        or (isinstance(part, ast.Constant) and type(part.value) in (int, float))
        for part in ast.walk(value)
    )


def begins_with_float(value: object) -> bool:
    """Whether a value is a float, or a tuple that begins with one or with nothing: mypyc (of mypy
    2.4.1) always finds that such a final name has no value yet."""
    if isinstance(value, tuple):
        return not value or begins_with_float(value[0])
    return isinstance(value, float)


def constant_name(node: ast.Assign) -> str:
    """The name in capitals that a statement gives a value, and that no boolean: mypy itself knows
    TYPE_CHECKING. "" for another statement."""
    name = node.targets[0]
    flag = isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
    if len(node.targets) > 1 or not isinstance(name, ast.Name) or flag:
        return ""
    return name.id if name.id.isupper() else ""


def build(part: Path, names: list[str]) -> None:
    """Have mypyc compile them where they stand. Raises CannotCompile."""
    command = [sys.executable, "-m", "mypyc", "--ignore-missing-imports",
               "--disable-error-code=empty-body", "--no-warn-unused-ignores", *names]  # fmt: skip
    env = {**os.environ, "MYPYC_OPT_LEVEL": "2", "MYPYC_DEBUG_LEVEL": "0"}
    done = subprocess.run(command, cwd=part, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "rror: " in line]
        raise CannotCompile(f"mypyc gave up: {(said or ['it does not say why'])[0][:200]}")


def tidy(there: Path) -> None:
    """Let go of copies of older sources."""
    old = [path for path in there.parent.iterdir() if path != there and (path / WHOLE).exists()]
    old.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in old[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def enter(there: Path | None) -> None:
    """Import the simulated unit from the copy `there` from now on; modules of the sources that
    are imported already are imported again. Does nothing without a copy."""
    if there is None or str(there) in sys.path[:1]:
        return
    for name in list(sys.modules):
        if name.partition(".")[0] in PACKAGES and name not in SHARED:
            del sys.modules[name]
    sys.path.insert(0, str(there))


def how_run() -> str:
    """How this process runs the simulated unit: in words for a person."""
    module = sys.modules.get("sim.run")
    if module is not None and not str(module.__file__).endswith(".py"):
        return "compiled"
    return "interpreted; `make compiled` makes it about five times as fast"


def main() -> int:
    """`make compiled`: make the copy, or say why there is none."""
    try:
        print(f"The simulated unit, compiled: {make()}")
    except CannotCompile as why:
        print(f"waistband: cannot compile: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
