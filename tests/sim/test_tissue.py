"""The skin and pad model, against an independent solution and against a meter.

The independent solution is `tools.physics_checks.fine_grid`.
"""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from sim.physics import tissue
from sim.physics.person import SAFE
from sim.physics.tissue import Tissue
from tools.physics_checks.solvers import (
    AGREE_C,
    GENTLE,
    STORIES,
    compare_story,
    read_temps_c,
)

LIGHT_M = SAFE.light_mm / 1000.0


def run(pad: Tissue, seconds: float, light: float = 0.0, waste: float = 0.0) -> None:
    for _ in range(round(seconds * 5)):
        pad.advance(light, waste)


@pytest.mark.parametrize("story", STORIES)
def test_agrees_with_a_fine_grid_to_a_twentieth_of_a_degree(story: str) -> None:
    at_start, *later = compare_story(story)
    assert at_start == pytest.approx(0.0, abs=0.001)
    assert max(later) <= AGREE_C


@pytest.mark.parametrize("vasodilation", [1.0, 6.0])
@pytest.mark.parametrize(
    ("irradiance_mw_cm2", "low_c", "high_c"), [(10, 39.5, 41.0), (20, 42.0, 48.0), (30, 46.0, 55.0)]
)
def test_anchor_twenty_minutes_cw_peak_where_two_other_models_do(
    irradiance_mw_cm2: int, low_c: float, high_c: float, vasodilation: float
) -> None:
    def resting(ambient_c: float) -> Tissue:
        return Tissue(ambient_c=ambient_c, vasodilation=vasodilation)

    pad = resting(brentq(lambda ambient_c: resting(ambient_c).skin_c - 33.6, -20.0, 37.0))
    light, peak_c = irradiance_mw_cm2 * 10.0, 0.0
    for _ in range(20 * 60 * 5):
        pad.advance(light, light * (1.0 / 0.45 - 1.0))
        peak_c = max(peak_c, pad.contact_c)
    assert low_c <= peak_c <= high_c


@pytest.mark.parametrize("ambient_c", [5.0, 23.0, 40.0])
@pytest.mark.parametrize("perfusion", [0.0003, 0.001, 0.003])
@pytest.mark.parametrize("fat_mm", [5.0, 10.0, 20.0])
def test_a_worn_pad_at_rest_reads_as_worn_from_5_to_40_c(
    ambient_c: float, perfusion: float, fat_mm: float
) -> None:
    pad = Tissue(ambient_c=ambient_c, perfusion=perfusion, fat_mm=fat_mm)
    assert 28.0 <= pad.contact_c <= 38.5


def test_a_column_left_dark_stays_at_rest() -> None:
    pad = Tissue(ambient_c=40.0, perfusion=0.0003)
    before = read_temps_c(pad)
    run(pad, 600)
    assert read_temps_c(pad) == pytest.approx(before, abs=1e-6)


def test_off_the_skin_heat_put_in_is_heat_stored_plus_heat_lost_to_air() -> None:
    air, waste, seconds = 8.0, 190.0, 900.0
    pad = Tissue(worn=False, air_w_m2k=air)
    back = 1.0 / (1.0 / air + SAFE.back_m2k_w)
    face, board, lost = pad.contact_c, pad.board_c, 0.0
    for _ in range(round(seconds * 5)):
        pad.advance(100.0, waste)
        lost += 0.2 * (air * (pad.contact_c - 23.0) + back * (pad.board_c - 23.0))
    stored = tissue.FACE_J_M2K * (pad.contact_c - face) + tissue.BOARD_J_M2K * (pad.board_c - board)
    assert stored + lost == pytest.approx(waste * seconds, rel=1e-9)


def test_on_bloodless_skin_all_heat_ends_in_air_or_core() -> None:
    """Each layer carries what entered above it: Fourier's law by hand, no grid."""
    light, waste, air, fat_m = 100.0, 50.0, 5.0, 0.01
    pad = Tissue(perfusion=0.0, vasodilation=1.0, air_w_m2k=air, ambient_c=23.0)
    run(pad, 8 * 3600, light, waste)
    inward = waste - (pad.board_c - 23.0) / (1.0 / air + SAFE.back_m2k_w)
    assert inward == pytest.approx(tissue.WINDOW_W_M2K * (pad.board_c - pad.contact_c), rel=1e-6)
    assert inward == pytest.approx(SAFE.contact_w_m2k * (pad.contact_c - pad.skin_c), rel=1e-6)

    depth, top, rise = LIGHT_M, 0.0, 0.0
    for thick, k in (
        (tissue.EPIDERMIS_M, tissue.EPIDERMIS_W_MK),
        (tissue.DERMIS_M, tissue.DERMIS_W_MK),
        (fat_m, tissue.FAT_W_MK),
    ):
        missed = depth * (math.exp(-top / depth) - math.exp(-(top + thick) / depth))
        rise += (thick * (inward + light) - light * missed) / k
        top += thick
    # What light is left goes through muscle, whose blood takes it: a perfused slab.
    m = math.sqrt(SAFE.muscle_perfusion_s * tissue.BLOOD_J_M3K / tissue.MUSCLE_W_MK)
    entering = inward + light * (1.0 - math.exp(-top / depth))
    rise += entering * math.tanh(m * SAFE.muscle_m) / (m * tissue.MUSCLE_W_MK)
    assert pad.skin_c == pytest.approx(tissue.CORE_C + rise, abs=0.06)  # 2 W/m2 reach muscle


conditions = st.fixed_dictionaries(
    {
        "ambient_c": st.floats(5.0, 40.0),
        "perfusion": st.floats(0.0003, 0.003),
        "vasodilation": st.floats(1.0, 6.0),
        "fat_mm": st.floats(2.0, 40.0),
        "air_w_m2k": st.floats(0.5, 15.0),
    }
)
SLIGHTLY_C = 0.02  # less than what one level of perfusion is worth


@settings(max_examples=40)
@given(conditions, st.floats(0.0, 300.0), st.floats(0.0, 400.0), st.floats(1.0, 200.0))
def test_more_power_never_cools_anything(
    start: dict[str, Any], light: float, waste: float, more: float
) -> None:
    less_lit, more_lit, more_waste = (Tissue(**start) for _ in range(3))
    run(less_lit, 120, light, waste)
    run(more_lit, 120, light + more, waste)
    run(more_waste, 120, light, waste + more)
    for low, lit, wasted in zip(
        read_temps_c(less_lit), read_temps_c(more_lit), read_temps_c(more_waste), strict=True
    ):
        assert lit >= low - SLIGHTLY_C
        assert wasted >= low - SLIGHTLY_C


@settings(max_examples=40)
@given(conditions, st.floats(0.1, 10.0))
def test_a_warmer_room_never_gives_a_cooler_contact(start: dict[str, Any], warmer: float) -> None:
    warm = Tissue(**{**start, "ambient_c": start["ambient_c"] + warmer})
    assert warm.contact_c >= Tissue(**start).contact_c - SLIGHTLY_C


@settings(max_examples=40)
@given(conditions)
def test_nothing_at_rest_is_hotter_or_colder_than_core_and_room(start: dict[str, Any]) -> None:
    pad = Tissue(**start)
    low, high = sorted((start["ambient_c"], tissue.CORE_C))
    for temp_c in read_temps_c(pad):
        assert low - 1e-9 <= temp_c <= high + 1e-9


@settings(max_examples=40)
@given(conditions, st.floats(0.0, 300.0))
def test_better_perfused_skin_under_light_is_never_hotter(
    start: dict[str, Any], light: float
) -> None:
    """Blood at 37 C cools what is warmer; skin below 37 C it warms, so start from there."""
    poor, good = (Tissue(**{**start, "ambient_c": 37.0, "perfusion": w}) for w in (0.0003, 0.003))
    run(poor, 300, light, 190.0)
    run(good, 300, light, 190.0)
    assert good.contact_c <= poor.contact_c + SLIGHTLY_C


def test_a_lit_pad_off_the_skin_runs_hotter_than_on_it() -> None:
    on, off = Tissue(), Tissue()
    off.change(worn=False)
    run(on, 1200, *GENTLE)
    run(off, 1200, *GENTLE)
    assert off.board_c > on.board_c


def test_a_dark_pad_taken_off_falls_below_28_c_within_20_minutes() -> None:
    pad = Tissue()
    pad.change(worn=False)
    run(pad, 1200)
    assert pad.contact_c < 28.0


def test_a_blanket_makes_a_session_hotter() -> None:
    open_air, covered = Tissue(), Tissue()
    covered.change(air_w_m2k=0.5)
    run(open_air, 1200, *GENTLE)
    run(covered, 1200, *GENTLE)
    assert covered.contact_c > open_air.contact_c + 0.3


@pytest.mark.parametrize("fat_mm", [2.0, 10.0, 40.0])
def test_a_profile_goes_from_the_skin_s_surface_to_the_core(fat_mm: float) -> None:
    tissue = Tissue(fat_mm=fat_mm)
    for _ in range(50):
        tissue.advance(100.0, 200.0)
    depths_mm, temperatures_c = tissue.depths_mm(), tissue.profile_c()
    assert len(depths_mm) == len(temperatures_c)
    assert (depths_mm[0], temperatures_c[0], temperatures_c[-1]) == (0.0, tissue.skin_c, 37.0)
    assert depths_mm == sorted(depths_mm)
    assert depths_mm[-1] == pytest.approx(0.1 + 1.5 + fat_mm + 20.0)
