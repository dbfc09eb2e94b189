"""Source for the unit: numbers in place of names, and nothing else is different.

The built files replay the kept recordings to the byte on both MicroPythons, with the heap
locked, and each of their lines is where it was.
"""

import ast
import json
import lzma
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.near_imports import shorten_imports
from sim.driver_depth.release import AS_THEY_ARE
from sim.driver_depth.unit_names import shorten_names
from sim.driver_depth.unit_source import is_type, replace_constants
from tools import replay as player

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
KEPT = ("ordinary", "pause_fault", "gated")


@pytest.fixture(scope="module")
def built() -> dict[str, bytes]:
    """The product as it goes to the compiler."""
    return replace_constants(device_files(ROOT), AS_THEY_ARE)


@pytest.fixture(scope="module")
def replayed() -> dict[str, bytes]:
    """The same, and beside it the files that play a recording to it. They read constants by name,
    which stay defined for them. Names are short in all of them."""
    from tools.bench import site

    files = {path: text.encode() for path, text in site.unit("sim.recording.player").items()}
    plain = tuple(path for path in files if not path.startswith(("firmware/", "hal/")))
    made = replace_constants({**files, **device_files(ROOT)}, AS_THEY_ARE + plain)
    made = shorten_names(made, AS_THEY_ARE)
    assert sum(made[path] != files[path] for path in files) > 30
    return {path: shorten_imports(path, made[path]) for path in files}


def unit(source: str, **others: str) -> dict[str, str]:
    """Small files built: `firmware/a.py` and those named, as `b="X = 1"`."""
    files = {"firmware/a.py": source, **{f"firmware/{k}.py": v for k, v in others.items()}}
    made = replace_constants({k: v.encode() for k, v in files.items()}, ("firmware/main.py",))
    return {k.removeprefix("firmware/").removesuffix(".py"): v.decode() for k, v in made.items()}


# -- the whole product ---------------------------------------------------------------------


def test_every_statement_stays_on_its_line(built: dict[str, bytes]) -> None:
    for path, source in device_files(ROOT).items():
        assert statements(source) == statements(built[path]), path
        assert source.count(b"\n") == built[path].count(b"\n"), path


def statements(source: bytes) -> list[tuple[type, int]]:
    """Kind and line of each statement that is neither an import nor a definition of a constant,
    nor of a class for types alone."""
    gone = (ast.ImportFrom, ast.Assign, ast.Pass, ast.Assert)
    tree = ast.parse(source)
    types = [part for node in tree.body if is_type(node) for part in ast.walk(node)]
    every = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node not in types]
    return [(type(node), node.lineno) for node in every if not isinstance(node, gone)]


def test_the_files_that_stay_as_they_are_do(built: dict[str, bytes]) -> None:
    for name in AS_THEY_ARE:
        assert built[name] == (ROOT / name).read_bytes()


def test_limits_are_numbers_where_they_are_used(built: dict[str, bytes]) -> None:
    every = b"\n".join(built[path] for path in built if path not in AS_THEY_ARE)
    for name in (b"CONTACT_TRIP_MC", b"TICK_MS", b"CONTROL_TICKS", b"CLOCK_MASK", b"DUTY_MAX"):
        assert name not in every


def recording(name: str, folder: Path) -> player.Recording:
    """One of the kept recordings."""
    path = folder / f"{name}.rec"
    path.write_bytes(lzma.decompress((DATA / f"{name}.rec.xz").read_bytes()))
    return player.open_recording(path)


@pytest.mark.parametrize("name", KEPT)
def test_the_built_files_replay_to_the_byte_on_unix(
    name: str, replayed: dict[str, bytes], tmp_path: Path
) -> None:
    try:
        command = player.find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    for path, source in replayed.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(source)
    recorded = recording(name, tmp_path)
    options = ["-X", "heapsize={heap}", "-m", "sim.recording.player", "{given}", "{made}"]
    looked_in = {"MICROPYPATH": os.pathsep.join([str(tmp_path), ".frozen"])}
    played = player.play_on_command(recorded, command, options, player.GET_UNIX, path=looked_in)
    assert player.find_difference(recorded, played) == ""


@pytest.mark.parametrize("name", KEPT)
def test_the_built_files_replay_to_the_byte_on_webassembly(
    name: str, replayed: dict[str, bytes], tmp_path: Path, npm: None
) -> None:
    from tools.bench import site

    files = json.dumps({path: source.decode() for path, source in replayed.items()})
    recorded = recording(name, tmp_path)
    options = [str(site.BENCH / "replay.mjs"), "{given}", "{made}", "{heap}"]
    played = player.play_on_command(recorded, [site.node()], options, site.GET, files)
    assert player.find_difference(recorded, played) == ""


def test_a_traceback_names_the_line_of_the_source(tmp_path: Path) -> None:
    try:
        command = player.find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    source = '"""Two\nlines."""\nfrom b import (\n    LIMIT,\n    OTHER,\n)\n\nTOP = 3\n\n\n'
    source += 'def f(x):\n    """Doc\n    string."""\n    y = x * LIMIT\n'
    source += "    return y // (OTHER - TOP)\n"
    made = replace_constants({"a.py": source.encode(), "b.py": b"LIMIT = 2\nOTHER = 3\n"}, ())
    for path, content in made.items():
        (tmp_path / path).write_bytes(content)
    done = subprocess.run(
        [*command, "-c", "import a\na.f(1)"], check=False, capture_output=True, text=True,
        env={**os.environ, "MICROPYPATH": str(tmp_path)},
    )  # fmt: skip
    assert 'a.py", line 15, in f' in done.stdout and "ZeroDivisionError" in done.stdout


# -- small files ---------------------------------------------------------------------------


def test_a_constant_of_another_module_is_its_number_and_leaves_nothing() -> None:
    made = unit("from firmware.b import X, f\nfrom firmware import b\ny = X + b.Z + f()\n",
                b="X = 3\nZ = -X\n\n\ndef f():\n    return X\n")  # fmt: skip
    assert made["a"] == "from firmware.b import f\npass\ny = 3 + (-3) + f()\n"
    assert made["b"] == "\n\n\n\ndef f():\n    return 3\n"


@pytest.mark.parametrize(
    ("source", "b"),
    [
        ("from firmware import b\ny = getattr(b, 'X')\n", "X = 3\n"),  # by its name
        ("def f(board):\n    return board.X\n", "X = 3\n"),  # of who knows what
        ("from firmware.b import X\ny = f'{X}'\n", "X = 3\n"),  # within an f-string
        ("y = 0\n", "X = 3\nX = 4\n"),  # no constant
        ("y = 0\n", "X = 3\n\n\ndef f():\n    global X\n    X = 4\n"),
        ("y = 0\n", "for X in (1, 2):\n    pass\n"),
        ("y = 0\n", "X, Y = 3, f()\n"),  # half of a statement
        ("y = 0\n", "NAMES = ('a', f())\n"),  # no literals
        ("from firmware.b import NAMES\n", "NAMES = ('a', 'b')\n"),
    ],
)
def test_what_cannot_be_followed_keeps_its_definition(source: str, b: str) -> None:
    made = unit(source, b=b)
    assert made["a"] == source
    assert made["b"] == b


@pytest.mark.parametrize(
    ("source", "b", "left"),
    [
        ("from firmware import b\ny = b.X\n", "X = 3\n", "pass\ny = 3\n"),  # nothing of b is read
        ("y = 0\n", "NAMES = (\n    'a',\n)\n", "y = 0\n"),
        ("y = 0\n", "class B(Protocol):\n    x: int\n", "y = 0\n"),
    ],
)
def test_what_nothing_reads_is_left_out(source: str, b: str, left: str) -> None:
    made = unit(source, b=b)
    assert made["a"] == left
    assert made["b"].strip("\n") == "" and made["b"].count("\n") == b.count("\n")


def test_a_type_stays_that_a_file_imports_when_it_runs() -> None:
    b = "class B(Protocol):\n    x: int\n"
    assert unit("from firmware.b import B\n", b=b)["b"] == b
    types = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from firmware.b import B\n"
    assert unit(types, b=b)["b"] == "\n\n"


def test_of_a_statement_of_several_constants_those_stay_that_are_read_elsewhere() -> None:
    made = unit("def f(board):\n    return board.Y\n", b="X, Y, Z = range(3)\n")
    assert made["b"] == "Y = 1\n"


def test_a_string_of_the_name_keeps_no_constant_that_no_getattr_can_reach() -> None:
    assert unit("y = 'X'\n", b="X = 3\n")["b"] == "\n"
    assert unit("from firmware import b\ny = hasattr(b, 'X')\n", b="X = 3\n")["b"] == "X = 3\n"


def test_a_file_that_stays_as_it_is_keeps_what_it_imports() -> None:
    made = unit("y = 0\n", b="X = 3\n", main="from firmware.b import X\n")
    assert made["b"] == "X = 3\n"


def test_a_local_name_is_no_constant() -> None:
    source = "from firmware.b import X\n\n\ndef f(X):\n    return X\n"
    assert unit(source, b="X = 3\n")["a"] == source


def test_blocks_for_types_alone_are_left_out() -> None:
    made = unit("TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from x import Y\n")
    assert made["a"] == "\nif False:\n    from x import Y\n"


def test_an_assertion_of_constants_is_checked_when_the_unit_is_built() -> None:
    assert unit("A, B = 1, 2\nassert A < B <= 2 and B > 0\n")["a"] == "\n\n"
    assert unit("A = 1\nassert A < f()\n")["a"] == "\nassert 1 < f()\n"
    with pytest.raises(BadInput, match=r"firmware/a\.py:2: the assertion fails: A > 5"):
        unit("A = 1\nassert A > 5\n")


def test_what_does_not_parse_is_left_to_the_compiler_which_says_where() -> None:
    assert unit("def f(:\n", b="X = 3\n") == {"a": "def f(:\n", "b": "X = 3\n"}


numbers = st.integers(-(1 << 30), 1 << 30).map(str)
expressions = st.recursive(
    numbers | st.sampled_from(["A", "B", "b.C", "X"]),
    lambda inner: st.builds(
        "({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "&", "|", "^"]), inner
    ) | inner.map("(-{})".format) | inner.map("(~{})".format),
    max_leaves=8,
)  # fmt: skip


@given(expressions)
def test_an_expression_comes_to_what_it_came_to(text: str) -> None:
    top = f"from firmware.b import X\nfrom firmware import b\nA = 7\nB = A << 3\nY = {text}\n"
    made = unit(top + "\n\ndef f():\n    return [Y, A, X, b.C]\n", b="X = 5\nC = ~X\n")["a"]
    names: dict[str, object] = {}
    code = made.replace("from firmware import b", "").replace("from firmware.b import X", "")
    exec(code, names)  # nothing of b is needed any more

    class b:
        C = ~5

    wanted = eval(text, {"A": 7, "B": 56, "X": 5, "b": b})
    assert names["f"]() == [wanted, 7, 5, ~5]  # type: ignore[operator]
