"""What people reported of such devices, and what assessors tried on this one, as scenarios.

Each file of tests/data/stories says in its first line what happens, and in its [[expect]] tables
what must come of it. They run as `waistband sim FILE` runs them; the oracle judges them as well.
"""

from pathlib import Path

import pytest

from sim.driver_depth.run import DriverDepth
from sim.oracle.report import list_unexpected
from sim.oracle.safety_oracle import SafetyOracle
from sim.run import Run
from sim.scenario.scenario import load

STORIES = sorted((Path(__file__).parents[1] / "data" / "stories").glob("*.toml"))
SHORT_S = 130.0  # at driver depth no more
HOTTEST_C = 43.0  # design, of any column of skin
SECOND_J = 5.3  # design: no more beside the body than a second of all the light gives, 40 mW/cm2


def names(stories: list[Path]) -> list[str]:
    return [story.stem for story in stories]


@pytest.mark.parametrize("story", STORIES, ids=names(STORIES))
def test_a_story_ends_as_it_must(story: Path) -> None:
    run = Run(load(str(story)))
    run.oracle = oracle = SafetyOracle(run)
    while run.advance(50):
        continue
    oracle.close()
    result = run.result()
    assert result["expect"] and run.expectations.list_unmet() == []
    assert list_unexpected(run) == [] and oracle.found == []
    assert max(result["max_skin_c"].values()) <= HOTTEST_C
    assert result["off_body_j"] <= SECOND_J and result["emitted_after_off_j"] == 0.0


DRIVEN = [story for story in STORIES if load(str(story)).duration_s <= SHORT_S]


@pytest.mark.parametrize("story", DRIVEN, ids=names(DRIVEN))
def test_so_does_a_short_one_with_the_real_drivers(story: Path) -> None:
    run = Run(load(str(story)), depth=DriverDepth())
    while run.advance(50):
        continue
    run.close()
    assert run.expectations.list_unmet() == [] and list_unexpected(run) == []
    assert run.result()["emitted_after_off_j"] == 0.0
