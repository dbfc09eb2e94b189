"""Sensors judged by the energy given: loose, off the skin, still, sprung. On the plant."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.core.inputs import BUCKLE
from firmware.core.limits import JUMP_MC
from firmware.safety import sensor_checks
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.physics.emitters import Emitters
from sim.physics.plant import PadPlant
from sim.physics.sensors import Noise
from sim.physics.tissue import Tissue
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.fake_hal import SHORT, Bench

HIGHEST_ANY_TWO_C = 43.5
BRIGHT = {"irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1060"), 10),
          "fluence_j_cm2": 60}  # fmt: skip
WORST: dict[str, Any] = {"perfusion": 0.0, "fat_mm": 40.0, "vasodilation": 1.0, "air_w_m2k": 0.5}


def run_of(*events: Event, duration_s: float = 400.0, prescription: Any = None,
           **start: Any) -> Run:  # fmt: skip
    """A session with these events, not yet begun."""
    plain = ordinary()
    return Run(replace(
        plain, duration_s=duration_s, until_done=False, start=Start(**start),
        events=tuple(sorted((*plain.events, *events), key=lambda event: event.at_s)),
        prescription={**DEFAULT, **(prescription or {})},
    ))  # fmt: skip


def named(run: Run) -> list[str]:
    """The faults of the whole run."""
    run.advance(10**9)
    return [row["name"] for row in run.result()["faults"]]


# -- off the skin ------------------------------------------------------------------------------


@pytest.mark.parametrize("room_c", [29.0, 32.0, 34.0, 37.0])
@pytest.mark.parametrize("air_w_m2k", [2.0, 5.0, 10.0])
def test_a_buckled_belt_in_a_warm_rooms_still_air_is_dark_within_three_minutes(
    room_c: float, air_w_m2k: float
) -> None:
    dead = Event(1.0, "fault", "skin_sensor_stuck", value=1.0)  # else it is never lit
    run = run_of(dead, duration_s=200.0, ambient_c=room_c, air_w_m2k=air_w_m2k, worn=False)
    run.hardware.pins |= BUCKLE
    assert named(run)[0] == "off_skin"
    assert max(run.result()["max_contact_c"].values()) < 41.0


@given(
    perfusion=st.floats(0.0, 0.01), vasodilation=st.floats(1.0, 6.0), fat_mm=st.floats(2.0, 40.0),
    ambient_c=st.floats(10.0, 40.0), air_w_m2k=st.floats(0.5, 15.0), bright=st.booleans(),
    seed=st.integers(0, 10_000),
)  # fmt: skip
@settings(max_examples=40)
def test_no_skin_no_room_and_no_blanket_is_taken_for_a_fault(bright: bool, seed: int,
                                                              **start: float) -> None:  # fmt: skip
    run = run_of(prescription=BRIGHT if bright else None, **start)
    assert named(replaced_seed(run, seed)) == []


def replaced_seed(run: Run, seed: int) -> Run:
    return Run(run.scenario, seed=seed)


DARK_LOOSE: dict[str, Any] = {"light_mm": 0.2, "contact_w_m2k": 75.0}  # half of the usual


@pytest.mark.parametrize("skin", [{"perfusion": 0.0, "fat_mm": 40.0}, {"perfusion": 0.01}, {}])
@pytest.mark.parametrize("mw_cm2", [10, 20])
def test_dark_skin_under_a_pad_that_lies_loosely_is_no_belt_off_the_skin(
    mw_cm2: int, skin: dict[str, Any]
) -> None:
    light = dict.fromkeys(("810", "850", "940", "1060"), mw_cm2 / 4)
    asked = {"irradiance_mw_cm2": light, "fluence_j_cm2": 60}
    assert named(run_of(prescription=asked, **DARK_LOOSE, **skin)) == []


def test_dark_skin_under_a_loose_pad_is_taken_for_one_under_the_strongest_light() -> None:
    """Known: docs/maintainer/safety.md, "Off the skin". The light is out; nobody is hurt."""
    run = run_of(prescription=BRIGHT, perfusion=0.0, fat_mm=40.0, **DARK_LOOSE)
    assert named(run)[0] == "off_skin" and max(run.result()["max_contact_c"].values()) < 41.0


@given(
    from_c=st.floats(5.0, 15.0), to_c=st.floats(25.0, 40.0), at_s=st.floats(5.0, 60.0),
    air_w_m2k=st.floats(2.0, 15.0), fat_mm=st.floats(2.0, 40.0),
    perfusion=st.floats(0.0, 0.003), mw_cm2=st.floats(0.5, 10.0),
)  # fmt: skip
@example(from_c=8.7, to_c=38.7, at_s=15.2, air_w_m2k=13.2, fat_mm=5.0, perfusion=0.0,
         mw_cm2=1.0)  # fmt: skip
@settings(max_examples=20)
def test_a_walk_from_a_cold_room_into_a_hot_one_is_no_belt_off_the_skin(
    from_c: float, to_c: float, at_s: float, mw_cm2: float, **start: float
) -> None:
    light = {"irradiance_mw_cm2": {"810": 0, "850": 0, "940": 0, "1060": mw_cm2}}
    walk = Event(at_s, "set", "ambient_c", value=to_c)
    run = run_of(walk, duration_s=240.0, prescription=light, ambient_c=from_c, **start)
    assert named(run) == []


@pytest.mark.parametrize("name", ["no_perfusion", "under_blanket", "lying_on_pad"])
@pytest.mark.parametrize("at_s", [18.0, 60.0, 200.0])
def test_what_keeps_heat_in_is_no_fault_of_a_sensor(name: str, at_s: float) -> None:
    assert named(run_of(Event(at_s, "fault", name))) == []


def test_a_belt_put_on_cold_that_warms_by_itself_is_not_off_the_skin() -> None:
    run = run_of(Event(12.0, "set", "worn", value=True), worn=False, ambient_c=20.0)
    assert named(run) == []
    assert run.result()["state"] == "TREAT"


def test_the_firmwares_rise_follows_the_warmest_skin_of_the_plant() -> None:
    """Below by nowhere more than the margin that the firmware adds to it."""
    tissue = Tissue(ambient_c=40.0, **WORST)
    emitters = Emitters()
    start_c = tissue.contact_c
    rise_q10 = 0
    for step in range(sensor_checks.RISE_STEPS):
        duty = min(1.0, step / 150) * 0.25
        _, light, waste = emitters.drive([duty] * 4, tissue.board_c)
        tissue.advance(light, waste)
        to_q10 = int(waste) * sensor_checks.RISE_WASTE_MC + int(light) * sensor_checks.RISE_LIGHT_MC
        rise_q10 += ((to_q10 << 10) - rise_q10) >> sensor_checks.RISE_SHIFT
        rise_c = (rise_q10 >> 10) / 1_000
        assert rise_c - 0.1 <= tissue.contact_c - start_c <= rise_c * 9 / 8 + 0.35


# -- loose, and two sensors that lie alike -----------------------------------------------------


def loosen(run: Run, pad: PadPlant, share: float) -> None:
    """Ever more of what its contact sensors feel is the room's, up to a share in a minute."""
    sense, since_ms = pad.sense, run.hal.t_ms

    def loose(contact_c: float, noise: Noise) -> None:
        now = share * min((run.hal.t_ms - since_ms) / 60_000, 1.0)
        sense(contact_c + now * (run.plant.pads[0].tissue.ambient_c - contact_c), noise)

    pad.sense = loose  # type: ignore[method-assign]


@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize("prescription", [None, BRIGHT])
def test_two_contact_sensors_that_came_loose_together_are_found_by_the_led_board(
    prescription: Any, share: float
) -> None:
    run = run_of(duration_s=1_000.0, prescription=prescription, ambient_c=10.0)
    run.advance(5 * 100)
    for pad in run.plant.pads:
        loosen(run, pad, share)
    assert named(run)[:1] == ["contact_loose"] or run.result()["state"] == "PAUSED"
    assert max(run.result()["max_contact_c"].values()) <= HIGHEST_ANY_TWO_C


@pytest.mark.parametrize("at_s", [60.0, 120.0, 400.0])
@pytest.mark.parametrize("skin", [{}, {"perfusion": 0.0003, "fat_mm": 20.0, "vasodilation": 1.0,
                                       "ambient_c": 40.0}])  # fmt: skip
@pytest.mark.parametrize("prescription", [None, BRIGHT])
def test_both_contact_sensors_frozen_with_the_alert_dead_stay_within_43_5_c(
    prescription: Any, skin: dict[str, float], at_s: float
) -> None:
    faults = [Event(at_s, "fault", name, "A") for name in ("ntc_stuck", "contact_stuck")]
    run = run_of(*faults, Event(at_s, "fault", "alert_broken"), duration_s=at_s + 300.0,
                 prescription=prescription, **skin)  # fmt: skip
    assert named(run)[0] in ("contact_still", "contact_loose", "contact_apart")
    assert max(run.result()["max_contact_c"].values()) <= HIGHEST_ANY_TWO_C


# -- still and sprung --------------------------------------------------------------------------


def test_a_converter_that_hangs_is_found_within_three_seconds_of_light() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.moving = False
    bench.until("FAULT", 3_000)
    assert ("contact_still", "A") in bench.faults()


@given(st.lists(st.integers(20_000, 45_000), min_size=8, max_size=40))
def test_what_lasts_one_control_step_is_no_jump(values: list[int]) -> None:
    """Single steps away from a level, however far."""
    past = [33_000, 33_000, 33_000]
    for value in values:
        assert sensor_checks.sprang(past, value) <= 0 or value == 33_000
        for _ in range(3):
            assert sensor_checks.sprang(past, 33_000) == 0


@pytest.mark.parametrize("by_mc", [2_500, -2_500])
def test_one_sensor_that_springs_and_stays_is_named(by_mc: int) -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.hal.contact[1] -= (by_mc // 2) * 16 // 125
    bench.run(2_000)
    assert bench.faults() == []
    bench.hal.contact[1] += by_mc * 16 // 125
    bench.run(1_000)
    assert bench.faults() == [("contact_jump", "B")]
    assert bench.unit.faults.rows[0][3] > JUMP_MC
