"""The compiled copy of the simulated unit: what is altered for it, and that no digit changes.

Compiling takes a minute or two: `make compiled` does it, and then runs these. Without a
compiled copy what compares the two is skipped, and the altered sources are run as they are.
"""

import ast
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.campaign import cases
from tests.support.command import SHORT, Waistband
from tools.commands import check_campaign
from tools.commands.sim import names_a_line
from tools.common import compiled

# Runs one session and some of its windows; prints all that came of them, to the last digit.
STORY = """
import json, sys
sys.path.insert(0, sys.argv[1])
from sim.campaign import cases as campaign
from sim.physics import tissue
tally = campaign.Tally()
whole = campaign.run_whole_session(tally, "7-8")
runs = [whole.run]
for case in ("7-8-s", "7-8-q1", *(f"7-8-f{k}" for k in range(8))):
    runs.append(campaign.run_window(tally, case, whole))
told = []
for run in runs:
    result = run.result()
    del result["wall_s"], result["realtime_factor"]
    told.append([result, run.hardware.raw, run.hardware.levels, run.unit.gate.out,
                 run.plant.battery.charge])
print(json.dumps([tissue.__file__, told, [list(row) for row in tally.broken]]))
"""


def told_in(folder: Path) -> tuple[str, object]:
    """Where the physics was imported from, and the story."""
    done = subprocess.run(
        [sys.executable, "-c", STORY, str(folder)],
        capture_output=True, text=True, check=True, cwd=folder,
    )  # fmt: skip
    where, *story = json.loads(done.stdout)
    return where, story


def test_the_altered_sources_tell_the_same_story_before_they_are_compiled(tmp_path: Path) -> None:
    names = compiled.lay_out(tmp_path / "copy")
    assert "firmware/waistband.py" in names and "sim/hal_depth/sim_hal.py" in names
    where, story = told_in(tmp_path / "copy")
    assert where.startswith(str(tmp_path))
    assert story == told_in(compiled.ROOT)[1]


needs_copy = pytest.mark.skipif(
    compiled.made() is None, reason="these sources are not compiled: `make compiled` does it"
)


@needs_copy
def test_the_compiled_unit_tells_the_same_story_to_the_last_digit() -> None:
    there = compiled.made()
    assert there
    where, story = told_in(there)
    assert where.endswith((".so", ".pyd"))
    assert story == told_in(compiled.ROOT)[1]


def outputs_of_sim(folder: Path, switch: str) -> tuple[dict[str, object], bytes, bytes, str]:
    """What `waistband sim` prints and writes, with the copy switched on or off."""
    folder.mkdir()
    (folder / "story.toml").write_text(SHORT)
    command = [sys.executable, "-m", "tools.commands.main", "sim", str(folder / "story.toml")]
    env = {**os.environ, compiled.SWITCH: switch}
    run = functools.partial(
        subprocess.run, capture_output=True, text=True, check=True, cwd=compiled.ROOT, env=env
    )
    files = ["--record", str(folder / "run.rec"), "--trace", str(folder / "run.csv")]
    told = json.loads(run([*command, "--json", *files]).stdout)
    del told["wall_s"], told["realtime_factor"]
    recording, trace = (folder / "run.rec").read_bytes(), (folder / "run.csv").read_bytes()
    return told, recording, trace, run(command).stdout


@needs_copy
def test_sim_takes_the_compiled_copy_records_with_it_and_writes_the_same_bytes(
    tmp_path: Path,
) -> None:
    *fast, said = outputs_of_sim(tmp_path / "on", "1")
    *slow, also = outputs_of_sim(tmp_path / "off", "0")
    assert fast == slow
    assert "compiled)." in " ".join(said.split())
    assert "interpreted; `make compiled`" in " ".join(also.split())


LOCKED = """
import sys
sys.path.insert(0, sys.argv[1])
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary
run = Run(replace(ordinary("RPI_PICO"), prescription={}))
run.advance(50)
print(run.row()[1], run.unit.session.locked)
"""


@needs_copy
def test_a_refused_prescription_locks_the_compiled_unit_as_it_does_the_other() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", LOCKED, str(folder)],
            capture_output=True, text=True, check=True, cwd=folder,
        ).stdout
        for folder in (compiled.made(), compiled.ROOT)
    ]  # fmt: skip
    assert said[0] == said[1] and said[0].startswith("LOCKED the prescription lacks name")


def test_a_scenario_that_names_a_line_is_left_to_the_interpreter(tmp_path: Path) -> None:
    named, plain = tmp_path / "line.toml", tmp_path / "plain.toml"
    plain.write_text('duration_s = 30\n[[event]]\nat_s = 2\nfault = "firmware_exception"\n')
    named.write_text(plain.read_text() + 'line = "firmware/safety/guard.py:9"\n')
    assert names_a_line(str(named)) and not names_a_line(str(plain))
    for wrong in ("[[event", "event = 3", "event = [3]"):
        plain.write_text(wrong)
        assert not names_a_line(str(plain))
    assert not names_a_line(None) and not names_a_line(str(tmp_path / "missing.toml"))


def test_a_copy_of_other_sources_or_one_switched_off_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "shelf", lambda: tmp_path)
    assert compiled.made() is None
    for name in ("0123456789abcdef-01234567", compiled.folder().name):
        (tmp_path / name).mkdir()
        (tmp_path / name / compiled.WHOLE).touch()
    assert compiled.made() == compiled.folder()
    monkeypatch.setenv(compiled.SWITCH, "0")
    assert compiled.made() is None
    monkeypatch.delenv(compiled.SWITCH)
    (tmp_path / compiled.folder().name / compiled.WHOLE).unlink()
    assert compiled.made() is None


def test_the_contract_becomes_a_trait_or_the_copy_is_refused() -> None:
    text = (compiled.ROOT / "hal" / "contract.py").read_text()
    names = [node.name for node in ast.parse(compiled.declare_trait(text)).body
             if isinstance(node, ast.ClassDef)]  # fmt: skip
    assert names == ["Board", "Hal"]
    with pytest.raises(compiled.CannotCompile, match=r"contract.py is not as"):
        compiled.declare_trait("class Hal: ...")


def altered(text: str) -> ast.Module:
    values: dict[str, object] = {}
    exec(text, {"NamedTuple": object}, values)
    return ast.parse(compiled.altered('"""A module."""\n' + text, values))


def test_a_name_in_capitals_is_final_with_its_number_or_its_type_alone() -> None:
    text = "A = 1\nB = -2.5 * 10\nC = True\nD = (1, 2)\nE = [1]\nF = A\ng = 3\nH = (\n    'x'\n)\n"
    module = altered(text)
    final = [
        (node.target.id, ast.unparse(node.value))
        for node in module.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
    ]
    assert final == [
        ("A", "1"), ("B", "-2.5 * 10"), ("D", "_D"), ("E", "_E"), ("F", "_F"), ("H", "_H"),
    ]  # fmt: skip
    assert "_H = 'x'" in ast.unparse(module)


def test_a_constant_that_mypyc_would_take_for_unset_is_not_final() -> None:
    module = altered("A = 1.0\nB = A * 2\nC = (1.0, 2)\nD = ()\nE = ((A, 1), 2)\nF = [A]\n")
    final = [ast.unparse(node.target) for node in module.body if isinstance(node, ast.AnnAssign)]
    assert final == ["A", "F"]


def test_a_class_of_its_own_can_be_made_without_its_arguments() -> None:
    body = '    """A class."""\n\n    def __init__(self, n: int) -> None:\n        self.n = n\n'
    module = altered(f"class Own:\n{body}\n\nclass Other(NamedTuple):\n    n: int\n")
    made = {
        node.name: [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }
    assert made == {"Own": ["__new__", "__init__"], "Other": []}


def test_the_digest_is_of_the_sources_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in compiled.PACKAGES:
        (tmp_path / name).mkdir()
    source = tmp_path / "sim" / "one.py"
    source.write_text("A = 1\n")
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    before = compiled.digest()
    (tmp_path / "sim" / "notes.txt").write_text("nothing")
    assert compiled.digest() == before
    source.write_text("A = 2\n")
    assert compiled.digest() != before


def test_without_a_compiler_a_large_campaign_says_so_in_a_line_and_runs_all_the_same(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compiled, "shelf", lambda: tmp_path / "shelf")
    monkeypatch.setattr("shutil.which", lambda name: None)
    asked: list[bool] = []

    def gather(size: object, compile_it: bool, **options: object) -> cases.Tally:
        asked.append(compile_it)
        return cases.Tally()

    monkeypatch.setattr(check_campaign, "run_sessions", gather)
    ended = waistband("check", "campaign", "--sessions", "2000", "--windows", "100000")
    assert (ended.code, asked) == (0, [False])
    assert ended.err.startswith("waistband: running interpreted: there is no C compiler ")
    assert ended.err.count("\n") == 1
    waistband("check", "campaign", "--sessions", "1")
    assert asked == [False, False]


def test_what_mypyc_says_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text('"""A module."""\nn: int = "one"\n')
    with pytest.raises(compiled.CannotCompile, match=r"wrong.py:2: error: Incompatible types"):
        compiled.build(tmp_path, ["wrong.py"])


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    import os

    folders = [tmp_path / name for name in ("old", "older", "now")]
    for age, folder in zip((2, 3, 1), folders, strict=True):
        folder.mkdir()
        (folder / compiled.WHOLE).touch()
        os.utime(folder, (10**9 - age, 10**9 - age))
    compiled.tidy(tmp_path / "now")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["now", "old"]
