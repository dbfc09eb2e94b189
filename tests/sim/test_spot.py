"""Skin that no sensor feels: the second column, its bounds, and a judge that looks at it."""

import math
from typing import Any

import numpy as np
import pytest

from firmware.therapy.pad import Pad
from hal.boards import RPI_PICO
from sim.common.story import Event, PressureSpot, Scenario, Start
from sim.faults.deadlines import SINGLE_C
from sim.oracle.rules import CEM43_MIN
from sim.oracle.safety_oracle import SafetyOracle
from sim.physics.person import PERSONS, SAFE
from sim.physics.spot import CORNER, SpottedTissue, along_board_w_k, sheet_w_k
from sim.physics.tissue import Tissue
from sim.run import Run
from tools.physics_checks.solvers import AGREE_C, SPOTS, compare_spot

ALUMINIUM = sheet_w_k(*RPI_PICO.LED_BOARD)
WINDOW_CM2 = 60.0
GENTLE = (100.0, 190.0)  # W/m2 of light and of waste heat: 10 mW/cm2

# Of 90 wearers tried (docs/maintainer/hot-spots.md) those with the hottest spots.
WORST: dict[str, dict[str, Any]] = {
    "well perfused, 5 C, thin back": {"ambient_c": 5.0, "back_m2k_w": 0.05},
    "well perfused, 5 C": {"ambient_c": 5.0},
    "well perfused, thick fat, 23 C": {"fat_mm": 40.0, "back_m2k_w": 0.2},
    "well perfused, thick fat, 40 C": {"fat_mm": 40.0, "ambient_c": 40.0, "back_m2k_w": 0.05},
}
PRESS = Event(10.0, "press", "START", hold_ms=200)


def spotted(around: Tissue, share: float = 0.1, perfusion: float = 0.0) -> SpottedTissue:
    return SpottedTissue(around, share, perfusion, 150.0, ALUMINIUM, WINDOW_CM2)


def strongest(start: Start, *events: Event, mw_cm2: float = 10.0) -> Run:
    """A run of 40 min at this irradiance of each bank."""
    prescription = {
        "name": "strongest",
        "irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1060"), mw_cm2),
        "fluence_j_cm2": 90, "max_min": 40, "set_point_c": 40.5, "light": {"mode": "cw"},
    }  # fmt: skip
    return Run(Scenario("strongest", 1, 2_440.0, prescription, start, (PRESS, *events)))


def finish(run: Run) -> Run:
    while run.advance(500):
        pass
    return run


def test_a_spot_like_the_rest_changes_nothing() -> None:
    plain = Tissue()
    pad = spotted(Tissue(), perfusion=0.001)
    pad.settle_together()
    for _ in range(3_000):
        plain.advance(*GENTLE)
        pad.advance(*GENTLE)
    for column in (pad, pad.spot):
        assert column.contact_c == pytest.approx(plain.contact_c, abs=1e-9)
        assert column.skin_c == pytest.approx(plain.skin_c, abs=1e-9)


def test_at_rest_both_columns_stay_where_they_are() -> None:
    pad = spotted(Tissue(ambient_c=5.0), 0.3)
    pad.settle_together()
    before = (pad.contact_c, pad.spot.contact_c)
    assert before[1] < before[0] - 0.3  # without blood it is colder in a cold room
    for _ in range(3_000):
        pad.advance(0.0, 0.0)
    assert (pad.contact_c, pad.spot.contact_c) == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("story", SPOTS)
def test_two_columns_agree_with_two_fine_grids_to_a_twentieth_of_a_degree(story: str) -> None:
    at_start, *later = compare_spot(story)
    assert at_start == pytest.approx(0.0, abs=0.003)
    assert max(later) <= AGREE_C


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_a_spot_without_flow_is_hotter_than_the_rest(share: float) -> None:
    pad = spotted(Tissue(), share)
    for _ in range(1_200 * 5):
        pad.advance(*GENTLE)
    assert pad.spot.contact_c > pad.contact_c + 0.05


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_conductance_along_the_board_is_that_of_rings_in_a_row(share: float) -> None:
    edges = np.linspace(0.0, 1.0, 4_001)
    inside = edges <= math.sqrt(share)
    # Heat of 1 W into the disc, out of the rest; what crosses each radius drives the next ring.
    crossing = np.where(inside, edges**2 / share, (1.0 - edges**2) / (1.0 - share))
    middle = (edges[1:] + edges[:-1]) / 2.0
    drop = (crossing[1:] + crossing[:-1]) / 2.0 / (2.0 * np.pi * middle) * np.diff(edges)
    temps = -np.concatenate([[0.0], np.cumsum(drop)])
    temps = (temps[1:] + temps[:-1]) / 2.0
    area = np.diff(edges**2)
    of_spot = middle <= math.sqrt(share)
    hot = np.average(temps[of_spot], weights=area[of_spot])
    cool = np.average(temps[~of_spot], weights=area[~of_spot])
    assert along_board_w_k(share, 1.0) == pytest.approx(CORNER / (hot - cool), rel=0.01)


def test_what_changes_the_pad_changes_its_spot_but_for_the_flow() -> None:
    pad = spotted(Tissue(), perfusion=0.0005)
    pad.change(worn=False, ambient_c=30.0, external_w_m2=5.0, air_w_m2k=9.0)
    assert not pad.spot.worn
    assert (pad.spot.ambient_c, pad.spot.external_w_m2, pad.spot.air_w_m2k) == (30.0, 5.0, 9.0)
    assert pad.spot.perfusion == 0.0005
    pad.change(perfusion=0.0)
    assert pad.spot.perfusion == 0.0
    pad.change(perfusion=0.002)
    assert pad.spot.perfusion == 0.0005


def test_pressure_comes_and_goes_on_the_pad_that_it_strikes() -> None:
    fault = Event(400.0, "fault", "pressure_spot", "A", 0.0, for_s=300.0)
    run = strongest(Start(perfusion=0.003), fault, mw_cm2=2.5)
    run.advance(round(395 / 0.2))
    assert run.plant.pads[0].spot is None
    run.advance(round(300 / 0.2))
    a, b = run.plant.pads
    assert a.spot
    assert b.spot is None
    pressed_c = a.spot.skin_c - a.tissue.skin_c
    assert pressed_c > 0.4
    run.advance(round(600 / 0.2))
    assert a.spot.perfusion == a.tissue.perfusion == 0.003
    assert a.spot.skin_c - a.tissue.skin_c < pressed_c / 4.0
    result = run.result()
    assert result["max_skin_c"]["A"] > result["max_contact_c"]["A"] + 0.05
    assert result["cem43_hottest_min"]["A"] > result["cem43_min"]["A"]
    assert result["max_skin_c"]["B"] == result["max_contact_c"]["B"]


@pytest.mark.parametrize("who", WORST)
@pytest.mark.parametrize("mw_cm2", [2.5, 10.0])
def test_in_ordinary_use_no_column_comes_to_harm(who: str, mw_cm2: float) -> None:
    start = Start(**{"perfusion": 0.003, "spot": PressureSpot(0.2, 0.0, 100.0), **WORST[who]})
    run = finish(strongest(start, mw_cm2=mw_cm2))
    assert run.result()["reason"] == "time"
    for plant, pad in zip(run.plant.pads, run.unit.pads, strict=True):
        assert 40.0 < plant.max_skin_c <= SINGLE_C - 2.0  # measured: 40.15 to 40.85
        counted_min = pad.cem43.session_q10_ms / 1_024 / 60_000
        assert plant.hottest_cem43_min() <= counted_min <= CEM43_MIN


def test_a_unit_that_knows_nothing_of_spots_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the firmware was: it held what it felt, and counted that."""
    monkeypatch.setattr(Pad, "lowered_mc", lambda pad: 0)
    monkeypatch.setattr(Pad, "count_heat", lambda pad, ms: pad.cem43.add(pad.contact_mc, ms))
    start = Start(perfusion=0.003, spot=PressureSpot(0.2, 0.0, 100.0), ambient_c=5.0)
    run = strongest(start)
    run.oracle = oracle = SafetyOracle(run)
    finish(run)
    assert [row.rule for row in oracle.found] == ["cem43"]


def test_the_two_persons_are_as_stated_and_safe_is_a_scenario_s_default() -> None:
    start = Start()
    assert (start.vasodilation, start.light_mm, start.air_w_m2k) == (
        SAFE.vasodilation, SAFE.light_mm, SAFE.air_w_m2k,
    )  # fmt: skip
    assert (start.contact_w_m2k, start.back_m2k_w) == (SAFE.contact_w_m2k, SAFE.back_m2k_w)
    assert start.person == "safe"
    safe, typical = (Tissue(person=PERSONS[name]) for name in ("safe", "typical"))
    for _ in range(6_000):
        safe.advance(*GENTLE)
        typical.advance(*GENTLE)
    assert typical.contact_c < safe.contact_c - 0.3
