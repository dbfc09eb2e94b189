"""Emitters as spots: the field's table again, and the boards' allowances."""

from types import ModuleType

import pytest

from hal.boards import EXAMPLE_1200NM, RPI_PICO, RPI_PICO2
from tools.dev import spots
from tools.dev.spots import BLOODLESS, Pad, find_allowance_mc, from_board, solve

# An independent model of the same assumptions, which came with the order for this one: emitters a
# pad, mm to the skin, hottest skin with the sensor held at 40.5 C.
TABLE = [(4, 3, 45.3), (8, 3, 42.6), (16, 3, 41.3), (24, 3, 40.9), (48, 3, 40.5), (4, 8, 41.9)]


@pytest.mark.parametrize(("emitters", "stand_off_mm", "hottest_c"), TABLE)
def test_the_hottest_skin_is_that_of_another_model(
    emitters: int, stand_off_mm: int, hottest_c: float
) -> None:
    assert solve(Pad(emitters, stand_off_mm / 1_000)).skin_c == pytest.approx(hottest_c, abs=0.2)


@pytest.mark.parametrize("board", [RPI_PICO, RPI_PICO2, EXAMPLE_1200NM], ids=lambda one: one.NAME)
def test_a_board_s_allowance_is_the_model_s(board: ModuleType) -> None:
    assert find_allowance_mc(from_board(board)) == board.SPOT_ALLOWANCE_MC


def test_without_spots_contact_is_the_same_everywhere() -> None:
    result = solve(Pad(2_000, 0.010), BLOODLESS)
    assert result.contact_c == pytest.approx(spots.HELD_C, abs=0.005)


def test_more_emitters_and_more_distance_are_never_hotter() -> None:
    counts = [find_allowance_mc(Pad(count, 0.003)) for count in (4, 8, 16, 24, 48, 96)]
    distances = [find_allowance_mc(Pad(24, mm / 1_000)) for mm in (1, 3, 5, 8)]
    assert counts == sorted(counts, reverse=True)
    assert distances == sorted(distances, reverse=True)


def test_a_diffuser_half_way_spreads_less_than_no_diffuser_at_the_full_distance() -> None:
    """It catches the light before it has spread; a diffuser is no reason for a smaller number."""
    without = find_allowance_mc(Pad(24, 0.003))
    half_way = find_allowance_mc(Pad(24, 0.006, 0.003))
    assert find_allowance_mc(Pad(24, 0.006)) <= half_way < without


def test_the_command_prints_what_belongs_in_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    spots.main("RPI_PICO")
    said = capsys.readouterr().out
    assert "SPOT_ALLOWANCE_MC = 160; the file has 160" in said
