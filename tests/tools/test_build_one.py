"""The page that says how to build a unit: each stage's steps can pass, and what is skipped is."""

import re
from pathlib import Path

from hal.boards import RPI_PICO
from sim.driver_depth.unit_build import Build
from tools.bringup.session import Bringup, run_steps
from tools.bringup.simulated import SimulatedUnit
from tools.bringup.steps import STEPS
from tools.bringup.verdict import FAILED, PASSED, SKIPPED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "build-one.md").read_text(encoding="utf-8")
NEEDS = {step.name: set(step.needs) for step in STEPS}
SOLDERED = ("rail monitor", "gauge", "skin sensor", "screen", "thermometers", "thermistors")
THERMOMETERS = ("contact_a", "contact_b", "board_a", "board_b")


def list_stages() -> list[str]:
    """The text of each stage, in order."""
    stages = PAGE.partition("## Order of soldering and of trust")[2].partition("\n## ")[0]
    return re.split(r"\n\d\. ", stages)[1:]


def list_states(*missing: str) -> tuple[dict[str, str], list[str]]:
    """How each step ends on a unit without these parts, and what `parts` finds wrong."""
    unit = SimulatedUnit(RPI_PICO, Build(missing=missing))
    results = run_steps(Bringup(unit, unit.board, unit, "WB-0009"), STEPS, lambda result: None)
    unit.close()
    failures = next(row.verdict.failures for row in results if row.step.name == "parts")
    return {row.step.name: row.state for row in results}, [str(one) for one in failures]


def test_the_steps_of_a_stage_need_those_of_no_later_stage() -> None:
    passed: set[str] = set()
    soldered = ""
    for stage in list_stages():
        soldered += stage
        for sentence in re.split(r"[.;:]\s", stage):
            if re.search(r"\bpass(es)?\b", sentence):
                passed |= set(re.findall(r"`(\w+)`", sentence)) & set(NEEDS)
        assert all(NEEDS[name] <= passed for name in passed), stage
        assert "parts" not in passed or all(part in soldered for part in SOLDERED), stage
    assert passed == set(NEEDS) - {"calibration"}


def test_without_the_pads_the_thermometers_are_missing_and_nothing_else() -> None:
    states, failures = list_states(*THERMOMETERS)
    assert len(failures) == len(THERMOMETERS)
    assert all(f"0x{0x48 + k:02x}" in failures[k] for k in range(len(failures)))
    assert states["buses"] == PASSED and states["parts"] == FAILED


def test_what_is_skipped_without_a_screen_is_what_the_page_says() -> None:
    said = PAGE.partition("Without the screen ")[2].partition("Nothing is lit")[0]
    failed, skipped, run = (set(re.findall(r"`(\w+)`", part)) for part in (
        said.partition(" fails")[0], said.partition(" fails")[2].partition(";")[0],
        said.partition(";")[2],
    ))  # fmt: skip
    states, _ = list_states("screen")
    dark = list(states)[: list(states).index("lease")]
    assert {name for name in dark if states[name] == FAILED} == failed
    assert {name for name in dark if states[name] == SKIPPED} == skipped
    assert run == {"buttons", "buckle", "charger"} and all(states[name] == PASSED for name in run)
    assert all(state == SKIPPED for name, state in states.items() if name not in dark)
