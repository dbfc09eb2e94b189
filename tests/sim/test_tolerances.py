"""Every corner of the parts' data sheets, pairs included: no false fault, no true one missed.

`WAISTBAND_TOLERANCE_SESSIONS=10000` makes as many sessions of units drawn within the table; the
suite makes SESSIONS of them.
"""

import itertools
import os
import random

import pytest

from sim.common.story import Event
from sim.common.value_record import replace
from sim.faults.hardware import Hardware
from sim.faults.tolerances import TABLE
from sim.run import Run
from sim.scenario.scenario import ordinary

SESSIONS = int(os.environ.get("WAISTBAND_TOLERANCE_SESSIONS", "12"))
CORNERS = [{key: end} for key, ends in TABLE.items() for end in ends]
PAIRS = [
    {a: a_end, b: b_end}
    for a, b in itertools.combinations(TABLE, 2)
    for a_end in TABLE[a]
    for b_end in TABLE[b]
]
EXTREMES = [dict(zip(TABLE, ends, strict=True)) for ends in zip(*TABLE.values(), strict=True)]
LIT_S = 45.0  # the lamp test, the ramp, and what the drivers draw learned


def make_unit(hardware: Hardware, corner: dict[str, float]) -> None:
    """Make the unit one whose parts are off by this: keys of TABLE."""
    hardware.errors = corner
    hardware.rail_offset_ma = corner.get("rail_ma", 0.0)
    hardware.driver_leak_ma = corner.get("leak_ma", 0.0)
    hardware.inrush_uf = corner.get("inrush_uf", 0.0)
    for pad in hardware.plant.pads:
        pad.ntc_error_c = corner.get("ntc_c", pad.ntc_error_c)
        pad.contact_error_c = corner.get("contact_c", pad.contact_error_c)


def run_unit(corner: dict[str, float], *events: Event, to_s: float = LIT_S, seed: int = 1) -> Run:
    """The ordinary session of a unit whose parts are off by this."""
    plain = ordinary()
    run = Run(
        replace(
            plain, duration_s=to_s, events=(*plain.events, *events), until_done=False, seed=seed
        )
    )
    make_unit(run.hardware, corner)
    run.hal.reseed(seed)
    run.advance(10**9)
    return run


def is_sound(run: Run) -> bool:
    """Lit, with every bank, without a fault or a second lamp test."""
    calm = not run.result()["faults"] and run.result()["state"] in ("RAMP", "TREAT")
    return calm and min(run.unit.gate.caps) > 0 and run.unit.rail.rechecks == 0


@pytest.mark.parametrize("corner", [*CORNERS, *EXTREMES], ids=str)
def test_a_sound_unit_at_a_corner_of_a_data_sheet_treats(corner: dict[str, float]) -> None:
    assert is_sound(run_unit(corner))


def test_no_pair_of_corners_is_a_fault() -> None:
    wrong = [corner for corner in PAIRS if not is_sound(run_unit(corner, to_s=22.0))]
    assert len(PAIRS) == 4 * len(TABLE) * (len(TABLE) - 1) // 2 and wrong == []


@pytest.mark.parametrize("corner", [*CORNERS, *EXTREMES], ids=str)
@pytest.mark.parametrize(
    ("name", "value"), [("fet_stuck_on", 1060.0), ("led_open", 1060.0), ("enable_stuck", None)]
)
def test_a_true_fault_is_named_at_every_corner(
    corner: dict[str, float], name: str, value: float | None
) -> None:
    at_s = 5.0 if name == "enable_stuck" else 35.0
    run = run_unit(corner, Event(at_s, "fault", name, "B" if value else None, value))
    assert [row["name"] for row in run.result()["faults"]] == [name]


def test_units_drawn_within_the_table_treat() -> None:
    drawn = random.Random(7)
    wrong = []
    for number in range(SESSIONS):
        corner = {key: drawn.uniform(*ends) for key, ends in TABLE.items()}
        if not is_sound(run_unit(corner, seed=number)):
            wrong.append(corner)
    assert wrong == []
