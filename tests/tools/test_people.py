"""The plant against people: the page is the command's, and its verdicts follow the plant."""

import math
from pathlib import Path

import pytest

from sim.common.value_record import replace
from sim.physics.person import PERSONS
from tools.physics_checks.measurements import MEASUREMENTS
from tools.physics_checks.people import judge, render_page
from tools.physics_checks.plant_trials import TRIALS, read_depth_c, rest_bare

PAGE = Path(__file__).parents[2] / "docs/maintainer/plant-against-people.md"
SAFE = PERSONS["safe"]


def test_the_committed_page_is_the_one_that_the_command_makes() -> None:
    assert render_page() == PAGE.read_text(encoding="utf-8")


def test_every_measurement_has_a_trial_and_every_trial_a_measurement() -> None:
    assert {row.key for row in MEASUREMENTS} == set(TRIALS)


def test_a_row_without_the_source_s_words_is_called_second_hand() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table, sources = page.split("## Sources")
    for number, row in enumerate(MEASUREMENTS, 1):
        line = next(one for one in table.splitlines() if one.startswith(f"| {number} |"))
        source = next(one for one in sources.splitlines() if one.startswith(f"{number}. "))
        assert ("second-hand" in line) == (not row.words) == ("Second-hand" in source)
        assert row.words in source


@pytest.mark.parametrize(
    ("span", "low", "high", "verdict"),
    [
        ((33.0, 33.5), 32.0, 34.0, "agrees"),
        ((33.0, 34.5), 32.0, 34.0, "partly"),
        ((34.5, 35.0), 32.0, 34.0, "0.5 above"),
        ((30.0, 31.0), 32.0, 34.0, "1.0 below"),
        ((0.5, 1.0), 2.0, 3.0, "50% below"),
        ((-3.0, -3.0), -10.0, -10.0, "0.3 of it"),
        ((1.0, 1.0), math.nan, math.nan, "open"),
    ],
)
def test_a_verdict_says_how_far_off(
    span: tuple[float, float], low: float, high: float, verdict: str
) -> None:
    assert judge(span, low, high) == verdict


def test_a_plant_that_loses_more_heat_to_the_air_is_judged_otherwise() -> None:
    """The trials read the plant: with another constant the verdict on bare skin turns round."""
    low, high = MEASUREMENTS[0].low, MEASUREMENTS[0].high
    assert judge(TRIALS["lumbar"](SAFE), low, high).endswith("above")
    windy = replace(SAFE, air_w_m2k=25.0)
    assert judge(TRIALS["lumbar"](windy), low, high).endswith("below")


def test_a_depth_reads_the_skin_at_its_top_and_the_core_at_its_foot() -> None:
    skin = rest_bare(SAFE)
    assert read_depth_c(skin, 0.0) == skin.skin_c
    assert read_depth_c(skin, 1_000.0) == 37.0
    assert skin.skin_c < read_depth_c(skin, 2.0) < read_depth_c(skin, 10.0) < 37.0
