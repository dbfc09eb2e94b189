"""Emitters: readings of a meter on the supply and of one at the skin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.physics.emitters import Emitters, efficiency

ALL_FULL = [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("wavelength_nm", "expected"),
    [
        (800, 0.40),
        (810, 0.40),
        (830, 0.435),
        (850, 0.47),
        (940, 0.51),
        (1000, 0.355),
        (1060, 0.20),
        (1130, 0.115),
        (1200, 0.03),
    ],
)
def test_efficiency_follows_the_table_and_straight_lines_between(
    wavelength_nm: float, expected: float
) -> None:
    assert efficiency(wavelength_nm) == pytest.approx(expected)


def test_full_duty_gives_each_bank_its_calibrated_irradiance_with_the_board_at_25_c() -> None:
    pad = Emitters()
    for bank in range(4):
        only = [0.0] * 4
        only[bank] = 1.0
        assert pad.drive(only, 25.0)[1] == pytest.approx(100.0)  # 10 mW/cm2


def test_default_session_draws_1_74_w_a_pad_and_turns_1_14_w_into_waste_heat() -> None:
    electrical_w, light, waste = Emitters().drive([0.25] * 4, 25.0)
    assert electrical_w == pytest.approx(1.738, abs=0.001)
    assert light == pytest.approx(100.0)
    assert waste * 60.0 / 10000.0 == pytest.approx(electrical_w - 0.6)


def test_both_pads_at_full_duty_draw_about_14_w() -> None:
    # 11 W if every bank were 0.45 efficient; the 1060 nm bank is not.
    assert 2 * Emitters().drive(ALL_FULL, 25.0)[0] == pytest.approx(13.9, abs=0.1)


def test_a_warm_board_costs_light_but_no_less_current() -> None:
    pad = Emitters()
    cool_w, cool_light, _ = pad.drive(ALL_FULL, 25.0)
    warm_w, warm_light, _ = pad.drive(ALL_FULL, 45.0)
    assert warm_w == cool_w
    assert warm_light == pytest.approx(cool_light * 0.94)  # 20 K at -0.3 %/K


def test_a_1200_nm_bank_gives_hardly_anything_but_heat() -> None:
    pad = Emitters(wavelengths_nm=(850, 1200), full_mw_cm2=(10.0, 1.0))
    electrical_w, light, waste = pad.drive([0.0, 1.0], 25.0)
    assert electrical_w == pytest.approx(2.0)
    assert waste / light == pytest.approx(0.97 / 0.03)


@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4), st.floats(-10.0, 80.0))
def test_light_and_waste_are_all_that_the_current_pays_for(
    duties: list[float], board_c: float
) -> None:
    electrical_w, light, waste = Emitters(window_cm2=48.0).drive(duties, board_c)
    assert light >= 0.0
    assert waste >= 0.0
    assert (light + waste) * 0.0048 == pytest.approx(electrical_w)
