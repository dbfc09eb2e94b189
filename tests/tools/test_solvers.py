"""Checks of the physics by other methods: the board's conductance, an emitter's cell, the page."""

from pathlib import Path

import pytest

from sim.common.value_record import replace
from sim.physics.person import SAFE
from sim.physics.spot import along_board_w_k
from tools.dev.spots import BLOODLESS, ORDINARY, Pad, solve
from tools.physics_checks.cells import solve_board, solve_modes
from tools.physics_checks.fine_grid import Reference, ReferencePair
from tools.physics_checks.solvers import (
    AGREE_C,
    SPOTS,
    STORIES,
    compare_story,
    render_boards,
    render_cells,
    render_story,
)

PAGE = Path(__file__).parents[2] / "docs/maintainer/physics-checks.md"


@pytest.mark.parametrize("share", [0.02, 0.1, 0.2])
def test_a_square_board_conducts_as_the_formula_has_it(share: float) -> None:
    assert solve_board(share, 0.207) == pytest.approx(along_board_w_k(share, 0.207), rel=0.04)


def test_a_long_board_conducts_less_than_the_formula_has_it() -> None:
    assert solve_board(0.1, 0.207, 2.0) < 0.85 * along_board_w_k(0.1, 0.207)


def test_conductance_along_a_board_is_in_proportion_to_its_sheet() -> None:
    assert solve_board(0.1, 0.414) == pytest.approx(2.0 * solve_board(0.1, 0.207), rel=1e-6)


@pytest.mark.parametrize("flow", [ORDINARY, BLOODLESS])
@pytest.mark.parametrize("pad", [Pad(4, 0.003), Pad(24, 0.003), Pad(4, 0.008)])
def test_an_emitter_s_cell_is_that_of_a_fourier_bessel_series(pad: Pad, flow: float) -> None:
    ours, other = solve(pad, flow), solve_modes(pad, flow)
    assert ours.skin_c == pytest.approx(other.skin_c, abs=0.01)
    assert ours.contact_c == pytest.approx(other.contact_c, abs=0.01)
    assert ours.mw_cm2 == pytest.approx(other.mw_cm2, rel=0.001)


def test_two_columns_without_conductance_are_two_single_ones() -> None:
    pressed = replace(SAFE, contact_w_m2k=75.0)
    pair = ReferencePair(Reference(), Reference(perfusion=0.0, person=pressed), 0.0, 0.1)
    rest, spot = Reference(), Reference(perfusion=0.0, person=pressed)
    pair.run(300.0, 100.0, 190.0)
    rest.run(300.0, 100.0, 190.0)
    spot.run(300.0, 100.0, 190.0)
    assert pair.rest.temps_c() == pytest.approx(rest.temps_c(), abs=1e-3)
    assert pair.spot.temps_c() == pytest.approx(spot.temps_c(), abs=1e-3)


def test_the_committed_page_is_the_one_that_the_command_makes() -> None:
    """The stories are run by tests/sim/test_tissue.py: here one of them, and each table."""
    page = PAGE.read_text(encoding="utf-8")
    lines = page.splitlines()
    story = "a lit pad taken off"
    assert render_story(story, compare_story(story)) in lines
    assert all(line in lines for line in render_boards() + render_cells())
    assert all(f"| {name} |" in page for name in (*STORIES, *SPOTS))
    assert f"Bound: {AGREE_C} C." in page
