"""The oracle stands apart from what it judges: it reads the plant and the pins, and what the
unit says of itself comes through `sim.oracle.claims` alone.

Each rule is a function from a source tree to the places that break it. Each is tested twice:
this repository keeps it, and a snippet that breaks it is caught.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.core import inputs, limits, states
from sim.oracle import claims, design
from tests.test_architecture import ROOT

# `sim/oracle/claims.py` is the door to the firmware, and `sim/oracle/subject.py` has the type of a
# run. Three write down for reports what the unit claimed and when; they judge no light.
DOORS = ("oracle.claims", "oracle.subject")
RECORDERS = ("oracle.fault_log", "oracle.sessions", "oracle.expectations")
# What judges a run, and what it judges by: every other file of the room, and these.
ORACLE = (
    *(name for path in sorted((ROOT / "sim" / "oracle").glob("[a-z]*.py"))
      if (name := f"oracle.{path.stem}") not in (*DOORS, *RECORDERS)),
    "campaign.measurements", "physics.threshold_times", "campaign.injection", "campaign.verdict",
    "faults.catalogue", "faults.deadlines",
)  # fmt: skip
# What the simulated unit may import of the oracle: instruments and types, never a judge.
BELOW = (
    "run", "hal_depth.sim_hal", "hal_depth.lifecycle", "physics.plant", "faults.injected",
)  # fmt: skip
MAY_IMPORT = {
    "faults.catalogue", "oracle.claims", "oracle.design", "physics.threshold_times",
    "oracle.report", "oracle.subject", "oracle.supply_current",
}  # fmt: skip
# Columns of the catalogue that are called as a part of the unit is.
NAMESAKES = {
    ("faults.deadlines", "session"), ("campaign.injection", "session"),
    ("oracle.safety_oracle", "session"), ("faults.catalogue", "unit"),
}  # fmt: skip
FIRMWARES_OWN = {"unit", "session", "gate", "course", "fluence"}  # attributes of a run's unit

Rule = Callable[[Path], list[str]]


def trees(root: Path, names: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
    """Name and tree of each of these modules of `sim`."""
    for name in names:
        path = root / "sim" / f"{name.replace('.', '/')}.py"
        if path.exists():
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that a file imports, for types or to run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_firmware(root: Path) -> list[str]:
    """Modules of the oracle that import the firmware, even for types."""
    return [
        f"{name} imports {what}"
        for name, tree in trees(root, ORACLE)
        for what in imported(tree)
        if what.partition(".")[0] == "firmware"
    ]


def reads_firmware(root: Path) -> list[str]:
    """Modules of the oracle that reach into a run's unit."""
    return [
        f"{name}:{node.lineno} reads {node.attr}"
        for name, tree in trees(root, ORACLE)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in FIRMWARES_OWN
        if (name, node.attr) not in NAMESAKES
    ]


def judged_by_its_subject(root: Path) -> list[str]:
    """Imports of a judge by what it judges, even for types."""
    oracle = {f"sim.{name}": name for name in (*ORACLE, *DOORS)}
    return [
        f"{name} imports {what}"
        for name, tree in trees(root, BELOW)
        for what in sorted(set(imported(tree)))
        if what in oracle and oracle[what] not in MAY_IMPORT
    ]


def circles(root: Path) -> list[str]:
    """Modules of the oracle, and the run, that import themselves by way of others."""
    names = (*ORACLE, *DOORS, *BELOW)
    arrows = {
        name: {what[4:] for what in imported(tree) if what[4:] in names and what != name}
        for name, tree in trees(root, names)
    }
    found = []
    for name, first in arrows.items():
        seen: set[str] = set()
        todo = list(first)
        while todo:
            step = todo.pop()
            if step not in seen:
                seen.add(step)
                todo += arrows.get(step, set())
        if name in seen and name not in (
            "run",
            "hal_depth.lifecycle",
        ):  # the run and its boot cycles
            found.append(name)
    return found


KEPT: dict[str, Rule] = {
    "imports nothing of the firmware": imports_firmware,
    "reads nothing of the unit": reads_firmware,
    "is not imported by what it judges": judged_by_its_subject,
    "is in no circle": circles,
}
BROKEN: list[tuple[Rule, dict[str, str]]] = [
    (imports_firmware, {"oracle.safety_oracle": "from firmware.core.states import LIT"}),
    (imports_firmware, {"oracle.report": "if TYPE_CHECKING:\n    import firmware.safety.gate"}),
    (reads_firmware, {"oracle.current_oracle": "def f(run):\n    return run.unit"}),
    (reads_firmware, {"campaign.measurements": "lit = state.gate"}),
    (judged_by_its_subject, {
        "run": "if TYPE_CHECKING:\n    from sim.oracle.safety_oracle import SafetyOracle",
    }),
    (judged_by_its_subject, {"hal_depth.sim_hal": "import sim.oracle.current_oracle"}),
    (circles, {
        "oracle.safety_oracle": "if TYPE_CHECKING:\n    from sim.oracle.current_oracle import A",
        "oracle.current_oracle": "if TYPE_CHECKING:\n    from sim.oracle.safety_oracle import A",
    }),
]  # fmt: skip


@pytest.mark.parametrize("rule", KEPT.values(), ids=KEPT)
def test_the_oracle(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "files"), BROKEN)
def test_a_breach_is_caught(rule: Rule, files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        path = tmp_path / "sim" / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert rule(tmp_path) != []


def test_every_rule_can_fail() -> None:
    assert {rule for rule, _ in BROKEN} == set(KEPT.values())


def test_every_module_that_is_named_is_there() -> None:
    names = (*ORACLE, *DOORS, *BELOW)
    assert [name for name, _ in trees(ROOT, names)] == list(names)


def test_no_judge_asks_a_recorder() -> None:
    recorders = {f"sim.{name}" for name in RECORDERS}
    asked = {(name, what) for name, tree in trees(ROOT, ORACLE) for what in imported(tree)
             if what in recorders}  # fmt: skip
    assert asked == {("oracle.report", "sim.oracle.sessions")}  # which judges nothing


def test_the_numbers_that_the_oracle_has_of_its_own_are_those_of_the_contract() -> None:
    assert (design.TICK_MS, design.DUTY_MAX) == (limits.TICK_MS, limits.DUTY_MAX)
    assert design.START == inputs.START
    assert design.CONTROL_MS == limits.CONTROL_TICKS * limits.TICK_MS
    assert design.HOLD_MS == limits.HOLD_MS


def test_the_states_that_the_oracle_names_are_the_designs() -> None:
    named = {
        design.LIT: states.LIT, design.POWERED: states.POWERED,
        design.IN_SESSION: states.IN_SESSION,
    }  # fmt: skip
    for names, numbers in named.items():
        assert set(names) == {claims.STATES[state] for state in numbers}
