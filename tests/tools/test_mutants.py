"""Mutants of a source, and the run that counts which of them the tests notice."""

import ast
import json
from pathlib import Path

import pytest

from tools.dev import covering
from tools.dev import mutants as run
from tools.dev import mutants_beyond as beyond
from tools.dev.mutations import list_mutants

SOURCE = '''"""Which of two is more."""

MOST = 3


def more(a, b):
    """The greater, at most MOST."""
    if a < b and b < MOST:
        return b
    return a
'''
# Notices every mutant but those that take the one of two equal numbers for the other.
TESTS = """from firmware.safety.guard import MOST, more


def test_more():
    assert MOST == 3
    assert [more(a, b) for a, b in ((1, 2), (2, 1), (1, 3), (1, 5), (0, 0))] == [2, 2, 1, 1, 0]
"""
ALIKE_LINE = 8
ALIKE = ("if a < b and b < MOST:", "if a <= b and b < MOST:")


def changes(source: str) -> set[tuple[str, str]]:
    return {(mutant.was, mutant.becomes) for mutant in list_mutants(source)}


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("x = a + b", "x = a - b"),
        ("x = a + 1", "x = a + 2"),
        ("x = a + 1", "x = a + 0"),
        ("x = a + 1", "pass"),
        ("x = not a", "x = a"),
        ("x = a == b", "x = a != b"),
        ("x = a and b", "x = a or b"),
        ("x = True", "x = False"),
        ("assert a", "pass"),
        ("while a < b: break", "while a <= b: break"),
    ],
)
def test_a_line_is_changed_in_each_of_these_ways(was: str, becomes: str) -> None:
    assert (was, becomes) in {(old, new) for old, new in changes(was + "\n")}


def test_each_mutant_is_a_program_none_is_there_twice_and_documentation_stays() -> None:
    made = list_mutants(SOURCE)
    assert len({mutant.source for mutant in made}) == len(made) > 15
    for mutant in made:
        ast.parse(mutant.source)
        assert '"""Which of two' in mutant.source and '"""The greater' in mutant.source
        assert mutant.source.splitlines()[mutant.line - 1] != SOURCE.splitlines()[mutant.line - 1]


def test_identity_is_not_put_in_the_place_of_equality() -> None:
    assert not any(" is " in new for _, new in changes("x = a == b\n"))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one file and its test, for a whole run."""
    for name in run.TREE:
        (tmp_path / name).touch() if "." in name else (tmp_path / name).mkdir()
    for folder in ("docs/maintainer", "firmware/safety", "tests/firmware", "tests/data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "firmware/__init__.py").touch()
    (tmp_path / "firmware/safety/guard.py").write_text(SOURCE)
    (tmp_path / "tests/firmware/test_guard.py").write_text(TESTS)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "FILES", {"firmware/safety/guard.py": "firmware/test_guard.py"})
    monkeypatch.setattr(run, "OTHERS", ("firmware/test_guard.py",))
    return tmp_path


def argue(tree: Path, *changed: tuple[str, str]) -> None:
    rows = [f'[[mutant]]\nfile = "firmware/safety/guard.py"\nwas = "{was}"\nbecomes = "{becomes}"\n'
            'why = "equal numbers are alike"\n' for was, becomes in changed]  # fmt: skip
    (tree / run.ARGUED).write_text("".join(rows) or "mutant = []\n")


def test_what_survives_is_named_then_argued_and_an_argument_about_nothing_is_too(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [mutant for mutant in list_mutants(SOURCE) if mutant.line == ALIKE_LINE][2:6]
    alive = [mutant for mutant in few if (mutant.was, mutant.becomes) == ALIKE]
    assert len(alive) == 1
    monkeypatch.setattr(run, "list_mutants", lambda source: few)
    argue(small)
    assert run.main() == 1
    assert "neither caught nor argued: " + " -> ".join(ALIKE) in capsys.readouterr().err
    assert f"| {len(few)} | {len(few) - 1} | 0 | 1 |" in (small / run.REPORT).read_text()
    argue(small, ALIKE)
    assert run.main() == 0
    said = (small / run.REPORT).read_text()
    assert f"| {len(few)} | {len(few) - 1} | 1 | 0 |" in said and "equal numbers are alike" in said
    argue(small, ALIKE, ("x", "y"))
    assert run.main() == 1
    assert "argues about no survivor: firmware/safety/guard.py: x -> y" in capsys.readouterr().err
    assert (small / "firmware/safety/guard.py").read_text() == SOURCE


def test_tests_that_fail_by_themselves_are_said_before_any_mutant(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argue(small)
    (small / "tests/firmware/test_guard.py").write_text("def test_it():\n    assert False\n")
    assert run.main() == 1
    assert "fail without any change" in capsys.readouterr().err
    assert not (small / run.REPORT).exists()


def test_every_argument_is_about_a_mutant_of_the_present_sources() -> None:
    for file, was, becomes in run.read_arguments():
        assert (was, becomes) in changes((run.ROOT / file).read_text(encoding="utf-8"))


def test_tests_are_chosen_that_run_the_line_the_quickest_first(tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps({
        "took_s": {"slow": 9.0, "quick": 0.1},
        "ran": {"a.py": {"3": ["slow", "quick"], "4": ["slow"]}},
    }))  # fmt: skip
    second.write_text(json.dumps({"took_s": {"mid": 2.0}, "ran": {"a.py": {"3": ["mid"]}}}))
    tests = covering.Covering([first, second])
    assert tests.choose("a.py", [3], 20.0) == ["quick", "mid", "slow"]
    assert tests.choose("a.py", [3], 3.0) == ["quick", "mid"]
    assert tests.choose("a.py", [4], 3.0) == ["slow"]
    assert tests.choose("a.py", [5], 3.0) == tests.choose("b.py", [3], 3.0) == []


def test_mutants_beyond_are_asked_of_the_tests_that_run_them(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(beyond, "ROOT", small)
    (small / "tests/hal").mkdir()
    other = "def test_other():\n    assert open  # runs nothing of ours\n"
    (small / "tests/firmware/test_other.py").write_text(other)
    (small / "firmware/safety/apart.py").write_text("def unused(a):\n    return a + 1\n")
    argue(small, ALIKE)
    report = small / "report.md"
    files = ["firmware/safety/guard.py", "firmware/safety/apart.py"]
    assert beyond.main(["--sample", "12", "--seed", "5", "--report", str(report), *files]) == 1
    assert f"{files[1]}: neither caught nor argued: return a + 1" in capsys.readouterr().err
    rows = report.read_text()
    unused = len(list_mutants((small / files[1]).read_text()))
    assert f"| firmware/safety/apart.py | {unused} | 12 | 0 | 0 | 12 |" in rows
    there = len(list_mutants(SOURCE))
    lived = rows.count("firmware/safety/guard.py:")
    assert f"| firmware/safety/guard.py | {there} | 12 | {12 - lived} |" in rows and lived <= 2
    with pytest.raises(SystemExit):
        beyond.main(["firmware/none.py"])
    assert "no such file: firmware/none.py" in capsys.readouterr().err
