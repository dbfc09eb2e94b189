"""Limits of the files that people write: the last value taken, and the first that is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.core.validate import Refused
from firmware.therapy.calibration import read_skin_codes
from firmware.therapy.prescription import compile_course
from sim.common.default_prescription import DEFAULT
from tests.support.fake_hal import BOARD, NAMES

FULL = [[12_500] * 4, [12_500] * 4]
STEP = {
    "irradiance_mw_cm2": {"810": 2.5}, "light": {"mode": "cw"}, "pads": "AB", "fluence_j_cm2": 0.3,
}  # fmt: skip
FORMAT_2 = {
    "format": 2, "name": "edge", "max_min": 10, "set_point_c": 40.5, "sessions_a_day": 1,
    "step": [STEP],
}  # fmt: skip


def prescribe(table: dict[str, Any], key: str) -> Callable[[Any], object]:
    """What compiles a prescription with another value of a key."""
    return lambda value: compile_course({**table, key: value}, BOARD, FULL)


def light_each(mw_cm2: float) -> object:
    """A prescription of so much of each bank."""
    return prescribe(DEFAULT, "irradiance_mw_cm2")(dict.fromkeys(NAMES, mw_cm2))


def calibrate_skin(air: int) -> Callable[[int], object]:
    """What reads a calibration whose skin sensors read `air` in air, and the value on skin."""
    pair = dict.fromkeys(("air", "skin"), air)
    return lambda skin: read_skin_codes(
        {"skin_codes": {"A": {**pair, "skin": skin}, "B": {**pair, "skin": skin}}}
    )


EDGES = (
    ("bank_least", light_each, 0.1, 0.099),
    ("bank_most_and_pad_most", light_each, 12.5, 12.501),  # four banks: 50 mW/cm2
    ("fluence_least", prescribe(DEFAULT, "fluence_j_cm2"), 0.1, 0.099),
    ("fluence_most", prescribe(DEFAULT, "fluence_j_cm2"), 90, 90.001),
    ("set_point_least", prescribe(DEFAULT, "set_point_c"), 38, 37.999),
    ("set_point_most", prescribe(DEFAULT, "set_point_c"), 40.5, 40.501),
    ("minutes_most", prescribe(DEFAULT, "max_min"), 40, 40.001),
    ("steps_most", prescribe(FORMAT_2, "step"), [STEP] * 6, [STEP] * 7),
    ("a_day_most", prescribe(FORMAT_2, "sessions_a_day"), 20, 21),
    ("sessions_most", prescribe(FORMAT_2, "sessions"), 1_000, 1_001),
    ("skin_step_least", calibrate_skin(5_000), 7_048, 7_047),
    ("skin_code_most", calibrate_skin(5_000), 32_000, 32_001),
)  # fmt: skip


@pytest.mark.parametrize(
    ("read", "taken", "refused"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES]
)
def test_the_last_value_within_a_limit_is_taken_and_the_next_is_refused(
    read: Callable[[Any], object], taken: Any, refused: Any
) -> None:
    read(taken)
    with pytest.raises(Refused):
        read(refused)
