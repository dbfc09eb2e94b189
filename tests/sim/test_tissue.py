"""The skin and pad model, against an independent solution and against a meter.

The reference below shares nothing with `sim.physics.tissue` but the physical constants:
several hundred plain finite volumes, perfusion continuous in temperature, SciPy's
BDF in time.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import solve_banded
from scipy.optimize import brentq
from scipy.sparse import lil_matrix

from sim.physics import tissue
from sim.physics.person import SAFE
from sim.physics.tissue import Tissue

AGREE_C = 0.05
LIGHT_M = SAFE.light_mm / 1000.0
CELLS = (8, 40, 160, 80)  # epidermis, dermis, fat, muscle
Array = np.ndarray[Any, Any]


def by_layer(values: tuple[float, ...]) -> Array:
    return np.repeat(np.array(values), CELLS)


class Reference:
    """The same column by the method of lines: board, face, cells, dilation."""

    def __init__(
        self,
        ambient_c: float = 23.0,
        perfusion: float = 0.001,
        vasodilation: float = 6.0,
        fat_mm: float = 10.0,
        air_w_m2k: float = 5.0,
        worn: bool = True,
    ) -> None:
        t = tissue
        thick = (t.EPIDERMIS_M, t.DERMIS_M, fat_mm / 1000.0, SAFE.muscle_m)
        self.h = by_layer(thick) / np.repeat(CELLS, CELLS)
        k = by_layer((t.EPIDERMIS_W_MK, t.DERMIS_W_MK, t.FAT_W_MK, t.MUSCLE_W_MK))
        rho_c = by_layer((t.EPIDERMIS_J_M3K, t.DERMIS_J_M3K, t.FAT_J_M3K, t.MUSCLE_J_M3K))
        self.half = self.h / k / 2.0
        self.heat = np.concatenate([[t.BOARD_J_M2K, t.FACE_J_M2K], self.h * rho_c])
        edges = np.concatenate([[0.0], np.cumsum(self.h)])
        self.absorbed = -np.diff(np.exp(-edges / LIGHT_M))
        self.vasodilation = vasodilation
        self.now = {
            "ambient_c": ambient_c,
            "perfusion": perfusion,
            "air_w_m2k": air_w_m2k,
            "worn": worn,
            "external_w_m2": 0.0,
        }
        self.y = self.dark()

    def surface(self, face_c: float, cell_c: float) -> float:
        """Temperature of the skin's surface, by the heat that meets there."""
        now, inner = self.now, 1.0 / self.half[0]
        outer, beyond = now["air_w_m2k"], now["ambient_c"]
        if now["worn"]:
            outer, beyond = SAFE.contact_w_m2k, face_c
        return float((outer * beyond + inner * cell_c + now["external_w_m2"]) / (outer + inner))

    def wanted(self, surface_c: float) -> float:
        span = SAFE.dilate_full_c - SAFE.dilate_from_c
        return min(max((surface_c - SAFE.dilate_from_c) / span, 0.0), 1.0)

    def blood(self, dilation: float) -> Array:
        w = self.now["perfusion"]
        flow = by_layer(
            (
                0.0,
                w * (1.0 + (self.vasodilation - 1.0) * dilation),
                w * tissue.FAT_PERFUSION_SHARE,
                SAFE.muscle_perfusion_s,
            )
        )
        return np.asarray(flow * tissue.BLOOD_J_M3K * self.h)

    def flows(self, y: Array, dilation: float, light: float, waste: float) -> Array:
        """Net heat into each part, W/m2."""
        board, face, cells, now = y[0], y[1], y[2:], self.now
        surface = self.surface(face, cells[0])
        through = np.empty(len(cells) + 1)  # inward
        through[0] = (surface - cells[0]) / self.half[0]
        through[1:-1] = (cells[:-1] - cells[1:]) / (self.half[:-1] + self.half[1:])
        through[-1] = (cells[-1] - tissue.CORE_C) / self.half[-1]
        skin = through[:-1] - through[1:] + self.blood(dilation) * (tissue.CORE_C - cells)
        skin += self.absorbed * (light if now["worn"] else 0.0)
        back = 1.0 / (1.0 / now["air_w_m2k"] + SAFE.back_m2k_w)
        window = tissue.WINDOW_W_M2K * (board - face)
        if now["worn"]:
            out = SAFE.contact_w_m2k * (face - surface)
        else:
            out = now["air_w_m2k"] * (face - now["ambient_c"])
        board_net = waste - window - back * (board - now["ambient_c"])
        return np.concatenate([[board_net, window - out], skin])

    def dark(self) -> Array:
        """The dark steady state: linear for a given dilation, which then must agree."""
        n = len(self.heat)

        def at(dilation: float) -> Array:
            base = self.flows(np.zeros(n), dilation, 0.0, 0.0)
            bands = np.zeros((3, n))
            for phase in range(3):  # tridiagonal: three probes suffice
                probe = np.zeros(n)
                probe[phase::3] = 1.0
                column = self.flows(probe, dilation, 0.0, 0.0) - base
                for j in range(phase, n, 3):
                    for i in range(max(j - 1, 0), min(j + 2, n)):
                        bands[1 + i - j, j] = column[i]
            return np.asarray(solve_banded((1, 1), bands, -base))

        def miss(dilation: float) -> float:
            return self.wanted(self.surface(*at(dilation)[1:3])) - dilation

        dilation = brentq(miss, 0.0, 1.0) if miss(0.0) > 0.0 else 0.0
        return np.append(at(dilation), dilation)

    def run(self, seconds: float, light: float, waste: float) -> None:
        n = len(self.y)
        pattern = lil_matrix((n, n))
        for i in range(n):
            pattern[i, max(i - 1, 0) : i + 2] = 1
        pattern[:, n - 1] = 1
        pattern[n - 1, 1:3] = 1

        def rates(_: float, y: Array) -> Array:
            flow = self.flows(y[:-1], y[-1], light, waste)
            lag = (self.wanted(self.surface(y[1], y[2])) - y[-1]) / tissue.DILATE_LAG_S
            return np.append(flow / self.heat, lag)

        # scipy's BDF subtracts rows of its differences that nothing has written yet: what lies
        # in that memory may not be a number, and no result depends on it
        with np.errstate(invalid="ignore", over="ignore"):
            done = solve_ivp(
                rates,
                (0.0, seconds),
                self.y,
                method="BDF",
                rtol=1e-6,
                atol=1e-6,
                max_step=max(seconds / 20.0, 1.0),
                jac_sparsity=pattern,
            )
        assert done.success
        self.y = done.y[:, -1]

    def temps_c(self) -> tuple[float, float, float]:
        return self.y[1], self.surface(self.y[1], self.y[2]), self.y[0]


def temps_c(pad: Tissue) -> tuple[float, float, float]:
    return pad.contact_c, pad.skin_c, pad.board_c


def run(pad: Tissue, seconds: float, light: float = 0.0, waste: float = 0.0) -> None:
    for _ in range(round(seconds * 5)):
        pad.advance(light, waste)


# Light and waste of a pad, W/m2: 10 mW/cm2 with the default banks, and the anchor's 30.
GENTLE = (100.0, 190.0)
STRONG = (300.0, 300.0 * (1.0 / 0.45 - 1.0))

STORIES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[float, float]]] = {
    "an ordinary session": ({}, {}, GENTLE),
    "three times the light": ({}, {}, STRONG),
    "three times the light without vasodilation": ({"vasodilation": 1.0}, {}, STRONG),
    "a thin patient in a hot room": (
        {"ambient_c": 40.0, "perfusion": 0.003, "fat_mm": 5.0},
        {},
        STRONG,
    ),
    "a stout, poorly perfused patient in the cold": (
        {"ambient_c": 5.0, "perfusion": 0.0003, "fat_mm": 20.0},
        {},
        STRONG,
    ),
    "a pad lit on the table": ({"worn": False}, {}, GENTLE),
    "a lit pad taken off": ({}, {"worn": False}, GENTLE),
    "a cold pad put on": ({"worn": False}, {"worn": True}, (0.0, 0.0)),
    "a heating pad on the skin": ({}, {"external_w_m2": 500.0}, GENTLE),
    "a patient lying on the pad": ({}, {"perfusion": 0.0, "air_w_m2k": 0.5}, GENTLE),
}


@pytest.mark.parametrize("story", STORIES)
def test_agrees_with_a_fine_grid_to_a_twentieth_of_a_degree(story: str) -> None:
    start, change, power = STORIES[story]
    pad, fine = Tissue(**start), Reference(**start)
    assert temps_c(pad) == pytest.approx(fine.temps_c(), abs=0.001)
    pad.change(**change)
    fine.now.update(change)
    now = 0
    for mark in (5, 30, 120, 600, 1200, 2400):
        run(pad, mark - now, *power)
        fine.run(mark - now, *power)
        now = mark
        assert temps_c(pad) == pytest.approx(fine.temps_c(), abs=AGREE_C), f"after {mark} s"


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
    before = temps_c(pad)
    run(pad, 600)
    assert temps_c(pad) == pytest.approx(before, abs=1e-6)


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
        temps_c(less_lit), temps_c(more_lit), temps_c(more_waste), strict=True
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
    for temp_c in temps_c(pad):
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
