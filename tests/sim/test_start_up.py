"""Chips that start as their data sheets let them: no false fault, and no true one missed.

Each corner of `START_UP`, pairs of corners and both ends of all at once: at power-on, and where
chips lose their supply while the unit is ready, tests its lamps, or treats. At driver depth the
HAL's own drivers meet addresses that do not answer yet and registers at power-on values.
"""

import itertools
from typing import Any

import pytest

from sim.common.story import Event
from sim.common.value_record import replace
from sim.driver_depth.ds3231 import Ds3231
from sim.driver_depth.parts import Max17049
from sim.driver_depth.run import DriverDepth
from sim.faults.tolerances import START_UP, TABLE
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.chip_programs import LIT_S

CORNERS = [{key: end} for key, ends in START_UP.items() for end in ends]
EXTREMES = [dict(zip(START_UP, ends, strict=True)) for ends in zip(*START_UP.values(), strict=True)]
PAIRS = [
    {a: a_end, b: b_end}
    for a, b in itertools.combinations(START_UP, 2)
    for a_end in START_UP[a]
    for b_end in START_UP[b]
]
LATEST = EXTREMES[1]
RESETS = (
    "contact_reset", "board_sensor_reset", "rail_reset", "gauge_reset", "skin_sensor_reset",
    "screen_reset",
)  # fmt: skip
READY_S, CHECK_S = 3.0, 16.0  # of the ordinary start
MOMENTS_S = (READY_S, *[CHECK_S + 0.23 * k for k in range(10)], LIT_S)


def run_unit(
    corner: dict[str, float], *events: Event, to_s: float = 26.0, hal: bool = False
) -> Run:
    """The ordinary start of a unit whose chips start so."""
    plain = ordinary()
    run = Run(
        replace(plain, duration_s=to_s, events=(*plain.events, *events), until_done=False),
        depth=None if hal else DriverDepth(),
    )
    run.hardware.errors = dict(corner)
    while run.advance(5):
        continue
    return run


def resets_at(at_s: float, *names: str) -> list[Event]:
    return [Event(at_s, "fault", name) for name in names]


def is_sound(run: Run) -> bool:
    """Lit, with every bank, without a fault, and without a battery that is taken for empty."""
    result = run.result()
    unit = run.unit
    sound = not result["faults"] and result["state"] in ("RAMP", "TREAT")
    sound = sound and min(unit.gate.caps) > 0 and unit.battery.percent > 60
    run.close()
    return sound


@pytest.mark.parametrize("corner", [*CORNERS, *EXTREMES], ids=str)
def test_a_unit_whose_chips_start_so_treats_though_all_lose_their_supply_while_lit(
    corner: dict[str, float],
) -> None:
    assert is_sound(run_unit(corner, *resets_at(LIT_S, *RESETS)))


def test_no_pair_of_corners_is_a_fault() -> None:
    wrong = [pair for pair in PAIRS if not is_sound(run_unit(pair, *resets_at(LIT_S, *RESETS)))]
    assert len(PAIRS) == 4 * len(START_UP) * (len(START_UP) - 1) // 2 and wrong == []


@pytest.mark.parametrize("names", list(itertools.combinations(RESETS, 2)), ids=" ".join)
def test_two_chips_that_start_latest_may_be_reset_at_any_moment(names: tuple[str, ...]) -> None:
    for at_s in MOMENTS_S:
        assert is_sound(run_unit(LATEST, *resets_at(at_s, *names))), at_s


@pytest.mark.parametrize("at_s", MOMENTS_S)
def test_all_chips_that_start_latest_may_be_reset_at_once(at_s: float) -> None:
    assert is_sound(run_unit(LATEST, *resets_at(at_s, *RESETS)))
    both = {**{key: ends[1] for key, ends in TABLE.items()}, **LATEST}
    assert is_sound(run_unit(both, *resets_at(at_s, *RESETS)))


@pytest.mark.parametrize("corner", EXTREMES, ids=("soonest", "latest"))
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("contact_lost", {"pad": "A"}), ("board_sensor_lost", {"pad": "B"}),
        ("skin_sensor_lost", {}), ("fet_stuck_on", {"pad": "B", "value": 1060.0}),
        ("ntc_open", {"pad": "A"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hal", [False, True], ids=("driver", "hal"))
def test_a_true_fault_just_after_a_reset_is_named(
    corner: dict[str, float], name: str, more: dict[str, Any], hal: bool
) -> None:
    """It strikes 20 ms after every chip lost its supply."""
    events = [*resets_at(LIT_S, *RESETS), Event(LIT_S + 0.02, "fault", name, **more)]
    run = run_unit(corner, *events, to_s=LIT_S + 6.0, hal=hal)
    found = [row["name"] for row in run.result()["faults"]]
    run.close()
    assert found[0] == name, found


@pytest.mark.parametrize("names", [("rail_reset",), ("rail_reset", "skin_sensor_reset"), RESETS])
@pytest.mark.parametrize("hal", [False, True], ids=("driver", "hal"))
def test_a_switch_that_sticks_just_after_a_reset_is_found_within_a_second(
    names: tuple[str, ...], hal: bool
) -> None:
    stuck = {"pad": "B", "value": 1060.0}
    for k in range(0, 40, 3):  # over two rounds of the control step and a round of the rota
        at_s = LIT_S + 0.02 * k
        strike = Event(at_s + 0.02, "fault", "fet_stuck_on", **stuck)  # type: ignore[arg-type]
        run = run_unit(LATEST, *resets_at(at_s, *names), strike, to_s=at_s + 3.0, hal=hal)
        (row,) = run.result()["faults"]
        run.close()
        assert row["name"] == "fet_stuck_on" and row["t_s"] <= strike.at_s + 1.0


def test_the_skin_sensors_may_be_reset_in_any_tick_of_a_lamp_test() -> None:
    """Also where they are asked while they do not answer yet: once, that was a silent sensor."""
    for k in range(40):
        at_s = CHECK_S + 0.02 * k
        for names in (("skin_sensor_reset",), RESETS):
            assert is_sound(run_unit(LATEST, *resets_at(at_s, *names))), at_s


@pytest.mark.parametrize("at_s", MOMENTS_S)
@pytest.mark.parametrize("corner", [*CORNERS, *EXTREMES], ids=str)
def test_at_hal_depth_the_same_units_treat(corner: dict[str, float], at_s: float) -> None:
    assert is_sound(run_unit(corner, *resets_at(at_s, *RESETS), hal=True))


def test_a_gauge_that_has_no_charge_yet_is_no_empty_pack() -> None:
    """At a quarter of the charge 0 % was believed until the gauge had its first."""
    plain = ordinary()
    scenario = replace(
        plain, duration_s=9.0, until_done=False, start=replace(plain.start, battery_pct=25.0),
        events=(Event(3.0, "fault", "gauge_reset"),),
    )  # fmt: skip
    for hal in (False, True):
        run = Run(scenario, depth=None if hal else DriverDepth())
        run.hardware.errors = dict(LATEST)
        least = 100
        while run.advance(1):
            if run.t_s > 2.5:
                least = min(least, run.unit.battery.percent)
        run.close()
        assert least > 15


def test_a_clock_that_is_set_before_its_oscillator_runs_is_not_called_set() -> None:
    depth = DriverDepth()
    run = Run(replace(ordinary(), duration_s=6.0, events=()), depth=depth, clock_s=None)
    clock = depth.parts["clock"]
    assert isinstance(clock, Ds3231) and isinstance(depth.parts["gauge"], Max17049)
    run.hardware.errors = {"clock_ms": 5_000.0}  # five times the typical most
    while run.t_s < 3.0 and run.advance(1):
        continue
    assert not run.unit.clock.set(820_584_000, True)
    while run.t_s < 5.4 and run.advance(1):
        continue
    assert run.unit.clock.set(820_584_000, True) and run.unit.clock.now_s() is not None
    run.close()
