"""Drivers that give more or less than calibrated: dose counts what flows, 15 % is the limit."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.core.validate import Refused
from firmware.therapy.calibration import calibration_crc, read_reference
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary, parse
from tests.support.chip_programs import ChipRun
from tests.support.fake_hal import BOARD, CALIBRATION

NM = (810, 850, 940, 1060)
GATED: dict[str, Any] = {"light": {"mode": "gated", "rate_hz": 10, "on_ms": 40}}
ERROR = 0.03  # design
SESSION_S = 400.0


def gain(ratio: float, pad: str | None = None, nm: int | None = None, at_s: float = 0.5) -> Event:
    return Event(at_s, "fault", "led_gain", pad, ratio, nm=nm)


def treated(*events: Event, depth: str = "hal", duration_s: float = SESSION_S, **rx: Any) -> Run:
    plain = ordinary()
    scenario = replace(
        plain, duration_s=duration_s, events=(*events, *plain.events), until_done=False,
        prescription={**DEFAULT, **rx},
    )  # fmt: skip
    run = Run(scenario) if depth == "hal" else ChipRun(scenario)
    run.advance(10**9)
    return run


def worst_error(run: Run) -> float:
    """Largest error of a bank's dose, as a share of what it truly gave."""
    result = run.result()
    errors = [
        abs(counted / result["true_fluence_j_cm2"][pad][nm] - 1.0)
        for pad in "AB" for nm, counted in result["fluence_j_cm2"][pad].items()
    ]  # fmt: skip
    return float(max(errors))


@pytest.mark.parametrize("depth", ["hal", "driver"])
@pytest.mark.parametrize("ratio", [0.86, 0.95, 1.0, 1.08, 1.14])
def test_dose_counts_what_the_current_says(ratio: float, depth: str) -> None:
    run = treated(gain(ratio), depth=depth, duration_s=SESSION_S if depth == "hal" else 90.0)
    assert run.result()["faults"] == [] and run.unit.session.treat_ms > 50_000
    assert worst_error(run) < ERROR


@settings(max_examples=20)
@given(st.lists(st.floats(0.86, 1.14), min_size=8, max_size=8), st.booleans())
@example([1.14, 0.86] * 4, False)
@example([1.14, 0.86] * 4, True)
def test_each_bank_by_itself(ratios: list[float], gated: bool) -> None:
    events = [
        gain(ratio, "AB"[k // 4], NM[k % 4]) for k, ratio in enumerate(ratios)
    ]  # fmt: skip
    run = treated(*events, duration_s=150.0, **(GATED if gated else {}))
    assert run.result()["faults"] == []
    assert worst_error(run) < ERROR


@pytest.mark.parametrize("depth", ["hal", "driver"])
@pytest.mark.parametrize(("ratio", "pad", "nm"), [
    (1.28, None, None), (1.18, "A", 810), (0.82, "B", 1060), (0.5, "A", 940), (1.6, "B", 850),
    (1.17, "B", 940), (1.17, "A", 1060), (0.83, "A", 810),
])  # fmt: skip
def test_beyond_15_percent_no_therapy_begins(
    ratio: float, pad: str | None, nm: int | None, depth: str
) -> None:
    run = treated(gain(ratio, pad, nm), depth=depth, duration_s=40.0)
    [row] = run.result()["faults"][:1]
    assert (row["name"], row["pad"]) == ("led_gain", pad or "A")
    assert max(sum(one.fluence_j_cm2()) for one in run.plant.pads) < 0.01
    assert not run.depth.supply


@pytest.mark.parametrize("at_s", [15.44 + 0.02 * tick for tick in range(20)])
@pytest.mark.parametrize("volts", [-1.4, 1.4, 3.0])
def test_a_battery_that_moves_in_a_step_is_no_driver(volts: float, at_s: float) -> None:
    sag = Event(at_s, "fault", "battery_sag", value=abs(volts))
    if volts < 0:  # it rises: the sag ends in the step
        sag = replace(sag, at_s=12.0, for_s=at_s - 12.0)
    run = treated(sag, duration_s=60.0)
    assert run.result()["faults"] == []
    for counted, true in zip(*(
        [pad[nm] for pad in run.result()[key].values() for nm in pad]
        for key in ("fluence_j_cm2", "true_fluence_j_cm2")
    ), strict=True):  # fmt: skip
        assert counted > true * (1.0 - ERROR) - 1e-6  # more than was given, or what was given


def test_a_string_that_is_open_is_still_an_open_string() -> None:
    run = treated(Event(0.5, "fault", "led_open", "B", 850.0), gain(1.1), duration_s=60.0)
    assert [row["name"] for row in run.result()["faults"]] == ["led_open"]


# -- a driver that changes within a session ----------------------------------------------------

SOON_S = 100.0  # it changes, in RAMP or TREAT
LIGHTS: "dict[str, dict[str, Any]]" = {
    "cw": {},
    "2 kHz": {"light": {"mode": "pulse", "rate_hz": 2_000}},
    **{
        f"{rate_hz} Hz, {on_ms} ms": {
            "light": {"mode": "gated", "rate_hz": rate_hz, "on_ms": on_ms}
        }
        for rate_hz, on_ms in
        ((25, 20), (16.7, 20), (12.5, 40), (10, 40), (10, 80), (5, 100), (2, 200), (1, 500))
    },
}  # fmt: skip


def pad_error(run: Run) -> float:
    """Largest error of a pad's dose, as a share of what it truly gave."""
    result = run.result()
    counted, true = result["fluence_j_cm2"], result["true_fluence_j_cm2"]
    return max(abs(float(sum(counted[p].values()) / sum(true[p].values())) - 1.0) for p in "AB")


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("ratio", [0.86, 0.96, 1.05, 1.14])
def test_a_change_within_a_session_is_counted(light: str, ratio: float) -> None:
    run = treated(gain(ratio, at_s=SOON_S), duration_s=240.0, **LIGHTS[light])
    assert run.result()["faults"] == [] and run.result()["state"] in ("RAMP", "TREAT")
    assert run.unit.rail.rechecks == 1
    assert worst_error(run) < ERROR


SLOW: dict[str, Any] = {"light": {"mode": "pulse", "rate_hz": 100}}


def even(mw_cm2: float) -> dict[str, Any]:
    """The same irradiance of every bank."""
    return {"irradiance_mw_cm2": {str(nm): mw_cm2 for nm in NM}, "fluence_j_cm2": 60.0}


def test_slow_pulses_show_a_switch_that_sticks_and_a_string_that_opens() -> None:
    for name, mw_cm2 in (("fet_stuck_on", 5.5), ("led_open", 2.5)):
        broken = Event(60.0, "fault", name, "A", 850.0)
        run = treated(broken, duration_s=75.0, **even(mw_cm2), **SLOW)
        [row] = run.result()["faults"][:1]
        assert row["name"] == name and row["t_s"] < 62.0 and pad_error(run) < ERROR


@pytest.mark.parametrize("rate_hz", [100, 120, 140])
def test_slow_pulses_of_sound_drivers_are_counted_on_the_chips_code(rate_hz: int) -> None:
    light = {"light": {"mode": "pulse", "rate_hz": rate_hz}}
    run = treated(depth="driver", duration_s=60.0, **even(2.5), **light)
    assert run.result()["faults"] == [] and worst_error(run) < ERROR


@pytest.mark.parametrize(("fault", "value", "mw_cm2"), [
    ("led_open", 850.0, 0.25), ("led_gain", 1.09, 0.5), ("led_gain", 0.95, 2.0),
])  # fmt: skip
def test_what_changes_right_after_the_lamp_test_is_not_learned(
    fault: str, value: float, mw_cm2: float
) -> None:
    changed = Event(18.0, "fault", fault, "A", value)
    run = treated(changed, duration_s=300.0, **even(mw_cm2))
    assert pad_error(run) < ERROR


@pytest.mark.parametrize("light", LIGHTS)
def test_what_a_bank_gave_is_borne_out_every_12_s_of_light(light: str) -> None:
    for ends_s in (45.0, 58.0, 120.0):
        run = treated(duration_s=ends_s, **LIGHTS[light])
        fluence = run.unit.pads[0].fluence
        rate_uj = fluence.total_uj_cm2 / (run.unit.session.treat_ms / 1000)
        assert sum(fluence.uj_cm2) - sum(fluence.marks) < 1.6 * 12.0 * rate_uj


@pytest.mark.parametrize("offset_ma", [-0.9, -0.5, 0.9])
def test_a_monitor_whose_zero_moves_in_a_session_is_no_driver(offset_ma: float) -> None:
    moved = Event(60.0, "fault", "rail_offset", value=offset_ma)
    weak: dict[str, Any] = {"irradiance_mw_cm2": {"810": 0.8, "850": 0.3, "940": 0.0, "1060": 0.0}}
    run = treated(moved, gain(1.02, "B", at_s=61.0), duration_s=300.0, **weak)
    assert run.result()["faults"] == [] and run.unit.session.treat_ms > 150_000
    assert pad_error(run) < ERROR


@pytest.mark.parametrize("light", ["cw", "10 Hz, 40 ms"])
@pytest.mark.parametrize("pad", ["A", "B"])
@pytest.mark.parametrize("nm", [None, *NM])
@pytest.mark.parametrize("ratio", [0.86, 1.14])
def test_a_change_of_one_pad_or_one_bank_is_counted(
    light: str, pad: str, nm: int | None, ratio: float
) -> None:
    run = treated(gain(ratio, pad, nm, SOON_S), duration_s=200.0, **LIGHTS[light])
    assert run.result()["faults"] == [] and run.unit.rail.rechecks == 1
    assert pad_error(run) < ERROR


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("ratio", [0.75, 1.28])
def test_beyond_15_percent_within_a_session_is_dark(light: str, ratio: float) -> None:
    run = treated(gain(ratio, at_s=SOON_S), duration_s=130.0, **LIGHTS[light])
    [row] = run.result()["faults"][:1]
    assert row["name"] in ("led_gain", "fet_stuck_on") and run.result()["state"] == "FAULT"
    assert ratio > 1.0 or row["name"] == "led_gain"
    assert not run.depth.supply


@pytest.mark.parametrize(("light", "depth_ratio"), [("cw", 1.14), ("10 Hz, 40 ms", 0.86)])
def test_a_change_is_counted_on_the_chips_code_too(light: str, depth_ratio: float) -> None:
    run = treated(gain(depth_ratio, at_s=60.0), depth="driver", duration_s=150.0, **LIGHTS[light])
    assert run.result()["faults"] == [] and run.unit.rail.rechecks == 1
    assert worst_error(run) < ERROR


def in_steps(*pads: str, light: object = None) -> dict[str, Any]:
    """A prescription of a minute for each of these pads."""
    steps = [
        {"irradiance_mw_cm2": dict.fromkeys(map(str, NM), 2.5), "pads": some, "minutes": 1,
         "light": light or {"mode": "cw"}}
        for some in pads
    ]  # fmt: skip
    return {"format": 2, "name": "steps", "max_min": 10, "set_point_c": 40.5,
            "sessions_a_day": 1, "step": steps}  # fmt: skip


@pytest.mark.parametrize("light", ["cw", "10 Hz, 40 ms"])
def test_pads_whose_drivers_differ_are_no_fault_when_one_is_done(light: str) -> None:
    """Pad A gives more and pad B less; A's dose is over first, or a step leaves B out."""
    rx = in_steps("AB", "A", "B", **LIGHTS[light])
    plain = ordinary()
    run = Run(replace(
        plain, duration_s=230.0, events=(gain(1.14, "A"), gain(0.86, "B"), *plain.events),
        prescription=rx,
    ))  # fmt: skip
    run.advance(10**9)
    assert run.result()["faults"] == [] and run.unit.rail.rechecks == 0
    assert worst_error(run) < ERROR


@pytest.mark.parametrize("light", ["cw", "10 Hz, 40 ms"])
@pytest.mark.parametrize("nm", [810, 1060])
def test_a_string_that_opens_while_its_pad_is_dark_is_named(light: str, nm: int) -> None:
    """It opens in a step that leaves pad B out."""
    rx = in_steps("AB", "A", "AB", **LIGHTS[light])
    opens = Event(100.0, "fault", "led_open", "B", float(nm))
    plain = ordinary()
    run = Run(replace(
        plain, duration_s=230.0, events=(*plain.events, opens), prescription=rx, until_done=False,
    ))  # fmt: skip
    run.advance(10**9)
    assert [(row["name"], row["pad"]) for row in run.result()["faults"]] == [("led_open", "B")]


@pytest.mark.parametrize("mw_cm2", [5.0, 7.0, 9.0])
@pytest.mark.parametrize("ratio", [0.87, 1.06, 1.13])
def test_where_most_light_is_asked_for_a_dark_moment_tells_drivers_from_a_switch(
    mw_cm2: float, ratio: float
) -> None:
    """Near full duty a stuck switch adds no more than drivers may give too much."""
    bright = dict.fromkeys(map(str, NM), mw_cm2)
    run = treated(gain(ratio, at_s=47.0), duration_s=90.0, irradiance_mw_cm2=bright,
                  fluence_j_cm2=60)  # fmt: skip
    assert run.result()["faults"] == [] and run.unit.rail.rechecks == 1
    assert worst_error(run) < ERROR


@pytest.mark.parametrize("mw_cm2", [5.0, 7.0, 9.0])
@pytest.mark.parametrize("nm", NM)
def test_where_most_light_is_asked_for_a_switch_that_sticks_is_dark_in_600_ms(
    mw_cm2: float, nm: int
) -> None:
    bright = dict.fromkeys(map(str, NM), mw_cm2)
    for at_s in (47.0, 47.07, 47.13):
        run = treated(Event(at_s, "fault", "fet_stuck_on", "A", float(nm)), duration_s=60.0,
                      irradiance_mw_cm2=bright, fluence_j_cm2=60)  # fmt: skip
        assert [row["name"] for row in run.result()["faults"]] == ["fet_stuck_on"]
        [cutoff] = run.result()["cutoffs"]
        assert 0 < cutoff["latency_ms"] <= 600  # by the lamp test alone: 910


# -- the calibration -----------------------------------------------------------------------------


def test_a_calibration_without_the_reference_stays_good() -> None:
    assert "reference_ma" not in CALIBRATION and read_reference(CALIBRATION, BOARD) == ()


def test_the_reference_is_covered_by_the_crc() -> None:
    table: dict[str, Any] = nominal_calibration(RPI_PICO)
    before = calibration_crc(table, BOARD)
    table["reference_ma"] = {
        **table["reference_ma"],
        "B": {**table["reference_ma"]["A"], "850": 90},
    }
    assert calibration_crc(table, BOARD) != before


@pytest.mark.parametrize("wrong", [None, {}, {"A": {}}, {"A": 3, "B": 4}])
def test_a_reference_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(Refused, match="reference_ma"):
        read_reference({"reference_ma": wrong}, BOARD)


def test_a_scenario_names_the_bank_and_refuses_one_that_is_not_there() -> None:
    text = 'duration_s = 9\n[[event]]\nat_s = 1\nfault = "led_gain"\nvalue = 1.2\nnm = {}\n'
    [event] = parse(text.format(850), "s").events
    assert (event.nm, event.value, event.pad) == (850, 1.2, None)
    with pytest.raises(ValueError, match="a bank of the board"):
        parse(text.format(851), "s")
