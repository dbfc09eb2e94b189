"""Rest of the plant in large steps: equal to small steps within 0.01 C, at every node."""

import pytest

from hal.boards import RPI_PICO
from sim.common.story import PressureSpot, Start
from sim.common.value_record import replace
from sim.physics.plant import STEP_S, Plant
from sim.run import nominal_calibration

AFTER = {
    "a session": (Start(), 600.0),
    "a session at 5 C": (replace(Start(), ambient_c=5.0), 600.0),
    "poor flow, thick fat": (replace(Start(), perfusion=0.0003, fat_mm=30.0), 900.0),
    "dilated": (replace(Start(), ambient_c=35.0, vasodilation=12.0, perfusion=0.003), 900.0),
    "a pressed spot": (replace(Start(), spot=PressureSpot(0.1, 0.0, 100.0)), 600.0),
}
SHARE = 0.25  # of full light
WITHIN_C = 0.01


def heated(start: Start, for_s: float) -> Plant:
    plant = Plant(start, RPI_PICO, nominal_calibration(RPI_PICO), 1)
    for _ in range(int(for_s / STEP_S)):
        plant.advance([SHARE] * 8, True)
    return plant


def temperatures_c(plant: Plant) -> list[float]:
    found = []
    for pad in plant.pads:
        columns = [pad.tissue] + ([pad.spot] if pad.spot else [])
        for column in columns:
            found += [*column.profile_c(), column.contact_c, column.board_c]
    return found


@pytest.mark.parametrize("story", AFTER)
@pytest.mark.parametrize("taken_off", [False, True])
def test_large_steps_end_where_small_ones_do(story: str, taken_off: bool) -> None:
    start, lit_s = AFTER[story]
    large, small = heated(start, lit_s), heated(start, lit_s)
    if taken_off:
        for plant in (large, small):
            for pad in plant.pads:
                pad.cover(0.0)
    t_s = 0.0
    for for_s in (30.0, 90.0, 480.0, 3_000.0):
        large.rest(for_s)
        for _ in range(int(for_s / STEP_S)):
            for pad in small.pads:
                pad.advance([0.0] * 4, False, small.noise)
        t_s += for_s
        for a, b in zip(temperatures_c(large), temperatures_c(small), strict=True):
            assert a == pytest.approx(b, abs=WITHIN_C), f"{t_s:g} s after"
        for one, other in zip(large.pads, small.pads, strict=True):
            assert one.contact.value == pytest.approx(other.contact.value, abs=WITHIN_C)
            assert one.cem43_min == pytest.approx(other.cem43_min, rel=0.01, abs=1e-6)
            assert one.max_contact_c == other.max_contact_c
