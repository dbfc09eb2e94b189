"""Flash wear: a month's use on a real littlefs is far from what a sector stands."""

import pytest

pytest.importorskip("littlefs")
from tools.dev.flash_wear import ERASES, YEAR, measure_wear

WEEK = 7


def test_a_session_erases_a_few_sectors_and_none_of_them_often() -> None:
    wear = measure_wear(WEEK)
    assert wear.sessions == WEEK
    assert 1 * WEEK < wear.erases < 10 * WEEK
    assert wear.sectors > 5  # it is levelled
    assert wear.most * YEAR / WEEK < ERASES / 100  # in a year, a hundredth at most
    assert wear.years > 100
