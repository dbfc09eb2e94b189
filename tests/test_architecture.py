"""The layout and the arrows of the design, read from the source with `ast`.

Each rule is a function from a source tree to the places that break it. Each is tested
twice: this repository keeps it, and a snippet that breaks it is caught.
"""

import ast
import functools
import io
import re
import shutil
import subprocess
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    *("firmware", "hal", "sim", "tools", "tests", "docs", "boot.py", "main.py"),
    *("README.md", "LICENSE", "Makefile", "pyproject.toml"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "locks"),
    *(".ci", ".gitignore", ".gitattributes"),
}

# Who may import whom, beside itself. Tests may import anything.
ARROWS = {
    "boot.py": {"firmware", "hal"},
    "main.py": {"firmware", "hal"},
    "firmware": set(),
    "hal": set(),
    "sim": {"firmware", "hal"},
    "tools": {"firmware", "hal", "sim"},
}
OURS = {"boot", "main", "firmware", "hal", "sim", "tools", "tests"}

# The whole unit is for whoever makes one and looks at it from outside; a part of the firmware is
# given what it may read and change.
WHOLE_UNIT = "firmware.waistband"
MAKERS = {"main.py", "sim", "tests", "tools/dev/count_ticks.py", "tools/dev/stand_in.py"}

# Arrows for types alone, which run against others: what judges a pad is handed pads.
FOR_TYPES = {("firmware/safety", "firmware/therapy")}

# What else the device code may import: modules that CPython and MicroPython both have
# (`micropython` aside, which is imported where it exists).
PORTABLE = {"array", "binascii", "gc", "hashlib", "json", "math", "micropython", "struct"}
ELSEWHERE = {
    "firmware": PORTABLE,
    "hal": PORTABLE | {"errno", "framebuf", "machine", "os", "rp2", "select", "sys", "time"},
}
CHIP = {"machine", "umachine", "rp2"}
HEAVY = {"numpy", "scipy"}
WORLD = {"open", "print", "input", "eval", "exec", "compile", "__import__"}

# Code that runs once, before the first tick, and turns what people write into integers:
# whole files, or single functions. Everything else in `firmware/` has integers only.
START_UP = {
    "firmware/core/validate.py",
    "firmware/therapy/calibration.py",
    "firmware/therapy/prescription.py",
    "firmware/therapy/dose.py:cem43_rates",
    "firmware/core/conversions.py:ntc_code",
    "firmware/core/conversions.py:ntc_table",
}

FILE_LINES = 300
FUNCTION_LINES = 45

UNFINISHED = re.compile(r"\b([T]ODO|[F]IXME|[X]XX|[N]otImplementedError)\b")

parsed = functools.cache(ast.parse)  # several rules read the same text

Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[Path], list[str]]


def sources(root: Path, *parts: str) -> Iterator[tuple[str, str, ast.Module]]:
    """Path, text and tree of each Python file of these parts."""
    for part in parts:
        top = root / part
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top] * top.exists():
            text = path.read_text(encoding="utf-8")
            yield path.relative_to(root).as_posix(), text, parsed(text)


def for_types_only(node: ast.AST) -> bool:
    """Whether this is `if TYPE_CHECKING:`, whose body never runs."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that can run: all but what stands under `if TYPE_CHECKING:`."""
    yield tree
    children = tree.orelse if isinstance(tree, ast.If) and for_types_only(tree) else None
    for child in ast.iter_child_nodes(tree) if children is None else children:
        yield from running(child)


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and top-level name of each module imported at run time; relative ones are one's own."""
    for node in running(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.split(".")[0]


def named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each module that an import may mean, for types alone too; of
    `from a import b` both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def circles(root: Path) -> list[str]:
    """Files that import each other in a circle, those for types alone included."""
    found = {
        path.removesuffix(".py").replace("/", "."): {name for _, name in named(tree)}
        for path, _, tree in sources(root, "firmware", "hal", "sim", "tools")
    }
    left = {module: names & found.keys() for module, names in found.items()}
    while free := {module for module, names in left.items() if not names & left.keys()}:
        left = {module: names for module, names in left.items() if module not in free}
    # what is left leads into a circle: those that nothing left imports are not of it
    while outside := left.keys() - {name for names in left.values() for name in names}:
        left = {module: names for module, names in left.items() if module not in outside}
    return [", ".join(sorted(left)) + " import each other"] if left else []


def room_circles(root: Path) -> list[str]:
    """Folders that import each other by way of others, types included, but for FOR_TYPES."""
    arrows: dict[str, set[str]] = {}
    modules = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path, _, _ in sources(root, "firmware", "hal", "sim", "tools")
    }
    for path, _, tree in sources(root, "firmware", "hal", "sim", "tools"):
        room = path.rpartition("/")[0]
        for _, name in named(tree):
            other = modules.get(name, path).rpartition("/")[0]
            if other != room and (room, other) not in FOR_TYPES:
                arrows.setdefault(room, set()).add(other)
    while free := [room for room, others in arrows.items() if not others & arrows.keys()]:
        arrows = {room: others for room, others in arrows.items() if room not in free}
    while outside := arrows.keys() - {other for others in arrows.values() for other in others}:
        arrows = {room: others for room, others in arrows.items() if room not in outside}
    return [", ".join(sorted(arrows)) + " import each other"] if arrows else []


def whole_unit_taken(root: Path) -> list[str]:
    """Who but MAKERS names the module of the whole unit, even for types."""
    return [
        f"{path}:{line} imports {name}"
        for path, _, tree in sources(root, *ARROWS)
        if path.partition("/")[0] not in MAKERS and path not in MAKERS
        for line, name in named(tree)
        if name == WHOLE_UNIT
    ]


def against_the_arrows(root: Path) -> list[str]:
    """Imports that go against the arrows."""
    return [
        f"{path}:{line} imports {name}"
        for part, allowed in ARROWS.items()
        for path, _, tree in sources(root, part)
        for line, name in imported(tree)
        if name in OURS - allowed - {part}
    ]


def not_on_the_device(root: Path) -> list[str]:
    """Imports in device code of what a MicroPython board does not have."""
    return [
        f"{path}:{line} imports {name}"
        for part, allowed in ELSEWHERE.items()
        for path, _, tree in sources(root, part)
        for line, name in imported(tree)
        if name not in OURS | allowed
    ]


def heavy_physics(root: Path) -> list[str]:
    """Array libraries in `sim/`, whose physics also runs on MicroPython."""
    return [
        f"{path}:{line} imports {name}"
        for path, _, tree in sources(root, "sim")
        for line, name in imported(tree)
        if name in HEAVY
    ]


def chip_named_outside_hal(root: Path) -> list[str]:
    """`machine` or `rp2` imported or named anywhere but in `hal/`, even for types.

    `boot.py` may: it must make the pins low where there is no `hal/` to ask.
    """
    found = []
    for path, _, tree in sources(root, *(set(ARROWS) - {"hal", "boot.py"})):
        for node in ast.walk(tree):
            match node:
                case ast.alias(name=name, asname=other):
                    names = {name.split(".")[0], other}
                case ast.ImportFrom(module=str(name), level=0):
                    names = {name.split(".")[0]}
                case ast.Name(id=name) | ast.arg(arg=name):
                    names = {name}
                case _:
                    continue
            found += [f"{path}:{node.lineno} names {name}" for name in names & CHIP]
    return found


def touching_the_world(root: Path) -> list[str]:
    """Input, output and dynamic code in `firmware/`."""
    return [
        f"{path}:{node.lineno} calls {node.func.id}()"
        for path, _, tree in sources(root, "firmware")
        for node in running(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORLD
    ]


def floating_point(root: Path) -> list[str]:
    """Float literals, `float()` and true division in `firmware/`, but for START_UP."""
    found = []
    for path, _, tree in sources(root, "firmware"):
        once = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, Function) and f"{path}:{node.name}" in START_UP
            for inner in ast.walk(node)
        }
        for node in () if path in START_UP else set(running(tree)) - once:
            match node:
                case ast.Constant(value=float()):
                    found.append(f"{path}:{node.lineno} has a float")
                case ast.Call(func=ast.Name(id="float")):
                    found.append(f"{path}:{node.lineno} calls float()")
                case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                    found.append(f"{path}:{node.lineno} divides with /")
    return sorted(found)


def lines_of(node: ast.stmt) -> set[int]:
    """The lines a statement stands on."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def code_lines(text: str, tree: ast.Module) -> set[int]:
    """Lines that hold code: no blank, comment or docstring, nor a table at the top level."""
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in blank | {tokenize.ENDMARKER}:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= lines_of(node)
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            lines -= lines_of(node)
    return lines


def too_long(root: Path) -> list[str]:
    """Files and functions with more code than a person reads in one go."""
    found = []
    for path, text, tree in sources(root, *ARROWS, "tests"):
        code = code_lines(text, tree)
        if len(code) > FILE_LINES:
            found.append(f"{path} has {len(code)} lines of code")
        for node in ast.walk(tree):
            if isinstance(node, Function):
                count = len(code & lines_of(node))
                if count > FUNCTION_LINES:
                    found.append(f"{path}:{node.lineno} {node.name} has {count} lines of code")
    return found


def unfinished(root: Path) -> list[str]:
    """Notes to do it later, and functions whose body is `pass` or `...`."""
    found = []
    for path, text, tree in sources(root, *ARROWS, "tests"):
        for number, line in enumerate(text.splitlines(), 1):
            found += [f"{path}:{number} says {m[0]}" for m in UNFINISHED.finditer(line)]
        for node in ast.walk(tree):
            if isinstance(node, Function) and is_hollow(node):
                found.append(f"{path}:{node.lineno} {node.name} does nothing")
    return found


def is_hollow(function: Function) -> bool:
    """Whether the body is `pass` or `...`; a docstring alone, which says why, is not."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return bool(body) and "\n".join(map(ast.unparse, body)) in {"pass", "..."}


def strangers(names: list[str]) -> list[str]:
    """Paths whose top-level name is not of the layout."""
    return sorted({name.split("/")[0] for name in names} - TOP_LEVEL)


KEPT: dict[str, Rule] = {
    "imports follow the arrows": against_the_arrows,
    "no file is in an import circle": circles,
    "no part takes the whole unit": whole_unit_taken,
    "device code imports only what a board has": not_on_the_device,
    "sim needs no array library": heavy_physics,
    "only hal names the chip": chip_named_outside_hal,
    "firmware does no input or output": touching_the_world,
    "firmware is integers only": floating_point,
    "files and functions are short": too_long,
    "nothing is left unfinished": unfinished,
}

LONG_FUNCTION = "def f(x: int) -> int:\n" + "    x += 1\n" * FUNCTION_LINES + "    return x\n"

BROKEN: list[tuple[Rule, str, str]] = [
    (against_the_arrows, "firmware/a.py", "import hal.contract"),
    (against_the_arrows, "firmware/a.py", "def f():\n    from sim import plant"),
    (against_the_arrows, "firmware/a.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import hal"),
    (against_the_arrows, "hal/boards/a.py", "from firmware.core.limits import TRIP"),
    (against_the_arrows, "sim/a.py", "import tools.commands.main"),
    (against_the_arrows, "tools/a.py", "import tests"),
    (against_the_arrows, "boot.py", "import sim"),
    (against_the_arrows, "main.py", "from tools import cli"),
    (circles, "firmware/a.py", "import firmware.a"),
    (circles, "firmware/a.py", "if TYPE_CHECKING:\n    from firmware.a import B"),
    (circles, "tools/trial/a.py", "from tools.trial.a import B"),
    (whole_unit_taken, "firmware/a.py", "if TYPE_CHECKING:\n    from firmware.waistband import W"),
    (whole_unit_taken, "firmware/a.py", "from firmware import waistband"),
    (whole_unit_taken, "tools/a.py", "import firmware.waistband"),
    (not_on_the_device, "firmware/a.py", "from typing import Final"),
    (not_on_the_device, "firmware/a.py", "import time"),
    (not_on_the_device, "hal/a.py", "from dataclasses import dataclass"),
    (heavy_physics, "sim/a.py", "import numpy as np"),
    (chip_named_outside_hal, "firmware/a.py", "if TYPE_CHECKING:\n    from machine import Pin"),
    (chip_named_outside_hal, "sim/a.py", "import rp2"),
    (chip_named_outside_hal, "tools/a.py", "from umachine import Pin"),
    (chip_named_outside_hal, "tools/a.py", "def f(machine): ..."),
    (chip_named_outside_hal, "main.py", "x = machine"),
    (touching_the_world, "firmware/a.py", "print(1)"),
    (touching_the_world, "firmware/a.py", "with open('x') as f: f.read()"),
    (touching_the_world, "firmware/a.py", "x = __import__('os')"),
    (floating_point, "firmware/a.py", "x = 0.5"),
    (floating_point, "firmware/a.py", "x = 1 / 2"),
    (floating_point, "firmware/a.py", "x /= 2"),
    (floating_point, "firmware/a.py", "x = float('1')"),
    (floating_point, "firmware/therapy/dose.py", "def add(x):\n    return x / 2"),
    (too_long, "sim/a.py", "x += 1\n" * (FILE_LINES + 1)),
    (too_long, "hal/a.py", LONG_FUNCTION),
    (unfinished, "tools/a.py", "x = 1  # FIX" + "ME: later"),
    (unfinished, "sim/a.py", "def f():\n    raise NotImplemented" + "Error"),
    (unfinished, "firmware/a.py", "def f():\n    '''Says a lot.'''\n    pass"),
    (unfinished, "hal/a.py", "class A:\n    def f(self): ..."),
]

ALLOWED: list[tuple[Rule, str, str]] = [
    (against_the_arrows, "firmware/a.py", "if TYPE_CHECKING:\n    from hal.contract import Hal"),
    (
        against_the_arrows,
        "firmware/a.py",
        "from firmware.core.limits import TRIP\nfrom . import gate",
    ),
    (against_the_arrows, "sim/a.py", "import firmware.tick\nimport hal.contract"),
    (circles, "firmware/a.py", "from firmware import b\nfrom firmware.c import D"),
    (whole_unit_taken, "sim/a.py", "from firmware.waistband import Waistband"),
    (whole_unit_taken, "main.py", "from firmware.waistband import Waistband"),
    (floating_point, "firmware/therapy/prescription.py", "x = 0.5"),
    (floating_point, "firmware/therapy/dose.py", "def cem43_rates():\n    return 0.5 / 2"),
    (floating_point, "firmware/a.py", "x = 7 // 2"),
    (chip_named_outside_hal, "hal/a.py", "import machine\nfrom rp2 import PIO"),
    (chip_named_outside_hal, "sim/a.py", "'''The state machine.'''  # not the machine module"),
    (too_long, "sim/a.py", "TABLE = (\n" + "    1,\n" * (2 * FILE_LINES) + ")\n"),
    (too_long, "sim/a.py", "# why\n\n" * FILE_LINES),
    (unfinished, "hal/a.py", "def f():\n    '''Promise something.'''"),
]


def broken_by(rule: Rule, root: Path, path: str, text: str) -> list[str]:
    """What a rule finds in a tree of this one file."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return rule(root)


@pytest.mark.parametrize("rule", KEPT.values(), ids=KEPT)
def test_the_source_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_breach_is_caught(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    assert len(broken_by(rule, tmp_path, path, text)) == 1


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_is_allowed_passes(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    assert broken_by(rule, tmp_path, path, text) == []


def test_a_circle_of_several_files_is_named_without_those_that_lead_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "firmware"
    folder.mkdir()
    for name, text in {
        "a": "from firmware import b",
        "b": "if TYPE_CHECKING:\n    from firmware.c import C",
        "c": "from firmware.b import B\nfrom firmware import d",
        "d": "",
    }.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    assert circles(tmp_path) == ["firmware.b, firmware.c import each other"]


def test_every_rule_can_fail() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(KEPT.values())


@pytest.mark.parametrize("part", ["firmware", "hal", "sim", "tools", "tests"])
def test_the_rules_have_something_to_read(part: str) -> None:
    assert list(sources(ROOT, part))


def test_top_level_holds_only_the_layout() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the source is not known")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert strangers(listed.stdout.split()) == []


def test_a_stranger_at_the_top_level_is_caught() -> None:
    assert strangers(["firmware/safety/gate.py", "src/a.py", "notes.txt"]) == ["notes.txt", "src"]


def test_no_room_is_in_an_import_circle() -> None:
    assert room_circles(ROOT) == []


def test_a_circle_of_rooms_is_caught(tmp_path: Path) -> None:
    broken_by(room_circles, tmp_path, "sim/a/x.py", "from sim.b import y")
    text = "if TYPE_CHECKING:\n    from sim.a.x import X"
    assert broken_by(room_circles, tmp_path, "sim/b/y.py", text) != []
    assert broken_by(room_circles, tmp_path, "sim/b/y.py", "X = 1") == []
