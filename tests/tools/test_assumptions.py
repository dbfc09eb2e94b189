"""Assumed constants: each reaches the plant, is put back, and the page has what a run gives."""

from pathlib import Path

import pytest

from sim.common.story import Start
from sim.common.value_record import replace
from sim.physics import person, tissue
from sim.run import Run
from sim.scenario.scenario import ordinary
from tools.physics_checks.assumed import CONSTANTS, MODULES, Constant, read_base, varied
from tools.physics_checks.assumptions import (
    FAULTS,
    LIMITS,
    ORDINARY,
    Peak,
    Swing,
    decides,
    find_worse_ends,
    measure,
)
from tools.physics_checks.assumptions_page import draw, render_page

PAGE = Path(__file__).parents[2] / "docs/maintainer/assumptions.md"
NAMES = [f"{one.place} {one.name}" for one in CONSTANTS]


def trace_pad(setting: list[tuple[Constant, float]]) -> list[float]:
    """What a strongly lit pad and its sensors come to in 200 s, worn and with a pressed spot."""
    with varied(setting) as start:
        plant = Run(replace(ordinary(), start=start)).plant
        pad = plant.pads[0]
        seen = []
        for _ in range(1000):
            plant.advance([1.0] * 8, True)
        assert pad.spot is not None
        seen += [pad.tissue.contact_c, pad.tissue.board_c, pad.spot.contact_c, pad.spot.skin_c]
        return [*seen, pad.ntc_level, pad.contact.value, pad.light_s[0], *pad.tissue.profile_c()]


@pytest.mark.parametrize("constant", CONSTANTS, ids=NAMES)
def test_a_constant_reaches_the_plant_and_is_put_back(constant: Constant) -> None:
    before = trace_pad([])
    ends = [trace_pad([(constant, end)]) for end in (constant.low, constant.high)]
    assert ends[0] != ends[1]
    assert trace_pad([]) == before


@pytest.mark.parametrize("constant", CONSTANTS, ids=NAMES)
def test_the_shipped_value_lies_in_its_range(constant: Constant) -> None:
    assert constant.low <= read_base(constant) <= constant.high


def test_constants_are_put_back_when_a_run_fails() -> None:
    board = next(one for one in CONSTANTS if one.name == "BOARD_J_M2K")
    dilate = next(one for one in CONSTANTS if one.name == "dilate_from_c")
    safe = person.PERSONS["safe"]
    with pytest.raises(ValueError, match="a run"), varied([(board, 1.0), (dilate, 30.0)]):
        assert {getattr(one, "BOARD_J_M2K", 1.0) for one in MODULES} == {1.0}
        raise ValueError("a run")
    assert tissue.BOARD_J_M2K == 3500.0
    assert person.PERSONS["safe"] == safe


def test_the_shipped_start_is_a_scenario_s_but_for_its_spot() -> None:
    with varied([]) as start:
        assert replace(start, spot=None) == Start()


def test_the_page_has_what_a_run_gives() -> None:
    """The whole takes minutes: here the ordinary session, as shipped."""
    page = PAGE.read_text(encoding="utf-8")
    base = measure(ORDINARY, [])
    for figure, value in zip(("contact, C", "hottest column, C"), base, strict=False):
        row = next(line for line in page.splitlines()
                   if line.startswith(f"| {ORDINARY} | {figure} |"))  # fmt: skip
        assert value == pytest.approx(float(row.split("|")[3]), abs=0.3)
    assert all(f"| {one.words} |" in page for one in CONSTANTS)
    assert all(value < limit for value, limit in zip(base, LIMITS, strict=True))


def make_swing(low_c: float, high_c: float) -> Swing:
    return Swing(CONSTANTS[0], Peak(40.0, low_c, 0.1), Peak(40.0, high_c, 0.1))


def test_a_constant_decides_where_either_end_is_hotter_than_shipped() -> None:
    base = Peak(40.0, 40.5, 0.1)
    assert decides(make_swing(40.7, 40.4), base)
    assert decides(make_swing(40.4, 40.7), base)
    assert not decides(make_swing(39.0, 40.55), base)


def test_the_worse_end_is_the_hotter_one() -> None:
    assert find_worse_ends([make_swing(40.7, 40.4)]) == [(CONSTANTS[0], CONSTANTS[0].low)]
    assert find_worse_ends([make_swing(40.4, 40.7)]) == [(CONSTANTS[0], CONSTANTS[0].high)]
    assert find_worse_ends([make_swing(40.4, 40.4)]) == []


def test_page_and_figure_are_made_of_what_was_measured(tmp_path: Path) -> None:
    base = Peak(40.4, 40.5, 0.3)
    low, high = Peak(40.3, 40.4, 0.2), Peak(41.9, 43.4, 2.5)
    bases = dict.fromkeys(FAULTS, base)
    swings = {name: [Swing(one, low, high) for one in CONSTANTS] for name in FAULTS}
    page = render_page(bases, swings, dict.fromkeys(FAULTS, high), "assumptions")
    assert "| 43.40 |" in page
    assert "| -0.40 |" in page  # 43.0 C less 43.4 C
    draw(bases, swings, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
