"""The rail monitor while lit: current without duty, duty without current, on the plant."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.limits import CONTROL_TICKS, TICK_MS, UNWORN_STEPS
from firmware.core.validate import Refused
from firmware.safety import current_monitor
from firmware.safety.gate import Gate
from firmware.therapy.calibration import read_calibration
from firmware.therapy.prescription import compile_course
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary
from tests.support.fake_hal import BOARD, DOWN, SHORT, START, Bench, FakeHal

WAVELENGTHS_NM = (810.0, 850.0, 940.0, 1060.0)
GATED = {"light": {"mode": "gated", "rate_hz": 10, "on_ms": 40}}
FULL_UW_CM2 = read_calibration(nominal_calibration(BOARD), BOARD)[0]
FULL = {"irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1060"), 10), "fluence_j_cm2": 60}


def struck(name: str, nm: float, at_s: float, **prescription: Any) -> Run:
    """A session in which a string or a switch of pad B breaks."""
    plain = ordinary()
    events = (*plain.events, Event(at_s, "fault", name, "B", nm))
    rx = {**DEFAULT, **prescription}
    run = Run(replace(plain, duration_s=at_s + 50.0, events=events, prescription=rx,
                      until_done=False))  # fmt: skip
    run.advance(10**9)
    return run


@pytest.mark.parametrize("nm", WAVELENGTHS_NM)
@pytest.mark.parametrize(("light", "within_ms"), [({}, 1_000), (FULL, 1_000), (GATED, 4_000)])
def test_a_switch_that_sticks_on_is_dark_and_hard(
    nm: float, light: dict[str, Any], within_ms: int
) -> None:
    run = struck("fet_stuck_on", nm, 100.0, **light)
    result = run.result()
    assert [row["name"] for row in result["faults"]] == ["fet_stuck_on"]
    assert result["faults"][0]["value"] > result["faults"][0]["limit"]
    [cutoff] = result["cutoffs"]
    assert 0 < cutoff["latency_ms"] <= within_ms
    assert b"fet_stuck_on" in run.hal.files["fault.json"]


@pytest.mark.parametrize("nm", WAVELENGTHS_NM)
@given(at_s=st.floats(60.0, 90.0))
@settings(max_examples=4)
def test_a_string_that_opens_is_found_by_a_check_and_its_dose_is_not_counted(
    nm: float, at_s: float
) -> None:
    run = struck("led_open", nm, at_s)
    result = run.result()
    assert [(row["name"], row["pad"]) for row in result["faults"]] == [("led_open", "B")]
    assert result["state"] in ("RAMP", "TREAT") and run.unit.rail.rechecks == 1
    for pad in "AB":
        for bank, counted in result["fluence_j_cm2"][pad].items():
            assert counted == pytest.approx(result["true_fluence_j_cm2"][pad][bank], abs=0.002)
    bank = WAVELENGTHS_NM.index(nm)
    assert run.unit.gate.caps[4 + bank] == 0


def test_a_string_that_opens_while_the_ramp_begins_is_no_worse() -> None:
    run = struck("led_open", 1060.0, 20.0)
    assert max(run.result()["max_contact_c"].values()) < 41.0


def test_a_battery_that_sags_is_no_open_string() -> None:
    plain = ordinary()
    events = (*plain.events, Event(60.0, "fault", "battery_sag", value=1.0, for_s=20.0))
    run = Run(replace(plain, duration_s=100.0, events=events, until_done=False))
    run.advance(10**9)
    assert run.unit.rail.rechecks == 0 and run.result()["faults"] == []


def test_drivers_that_draw_more_or_less_than_the_board_file_says_are_learned() -> None:
    for factor in (0.85, 1.4):  # the bench's monitor shows 0.88 of what is drawn
        bench = Bench(SHORT)
        bench.hal.rail_gain = factor
        bench.to("TREAT").run(20_000)
        assert bench.faults() == []
        bench.hal.open_banks = {3}
        bench.until("CHECK", 1_000)
        bench.until("TREAT", 60_000)
        assert bench.faults() == [("led_open", "A")]


def test_drivers_that_draw_far_more_or_less_stop_the_unit() -> None:
    for factor in (0.6, 1.6):
        bench = Bench(SHORT)
        bench.hal.rail_gain = factor
        bench.to("RAMP")
        bench.until("FAULT", 10_000)
        assert bench.faults()[0][0] in ("rail_apart", "fet_stuck_on")


def test_current_that_is_missed_again_and_again_and_never_found_stops_the_unit() -> None:
    bench = Bench({**SHORT, "fluence_j_cm2": 12}).to("TREAT")
    for _ in range(current_monitor.RECHECKS):
        bench.hal.rail_gain = 0.9
        bench.until("CHECK", 1_000)
        bench.hal.rail_gain = 1.0
        bench.until("TREAT", 60_000)
        assert bench.faults() == []
    bench.hal.rail_gain = 0.9
    bench.until("FAULT", 1_000)
    assert bench.faults() == [("rail_apart", "")]


def test_a_check_that_is_made_again_does_not_forget_how_long_the_belt_has_been_off() -> None:
    bench = Bench({**SHORT, "fluence_j_cm2": 12}).to("TREAT")
    bench.run(20_000)
    bench.skin(33_000)  # to just after a control step
    bench.hal.skin_mc(25_000)
    bench.hal.rail_gain = 0.9  # and in the same moment the monitor misses current
    came_ms = bench.until("CHECK", 600)
    assert came_ms + bench.until("PAUSED", 600) <= UNWORN_STEPS * CONTROL_TICKS * TICK_MS


def test_an_excess_that_grows_slowly_is_not_followed_for_long() -> None:
    """A switch that sticks where all is asked adds nothing, then more as the pads are held back:
    the check is made again, and names it."""
    bench = Bench(SHORT).to("TREAT")
    bench.run(10_000)
    rail_of = bench.unit.rail
    asked_01ma = 10_000
    found_01ma = asked_01ma * rail_of.gain // current_monitor.ONE
    verdict = current_monitor.NOTHING
    while verdict != current_monitor.CHANGED:
        found_01ma += 5
        inputs = bench.unit.inputs
        verdict = rail_of._weigh(asked_01ma, found_01ma, inputs, bench.unit.faults)
        inputs.proved[0] = inputs.ms
        assert found_01ma <= asked_01ma * 1.03
    assert bench.faults() == []


@given(
    duties=st.lists(st.integers(0, 65_535), min_size=8, max_size=8),
    pack_mv=st.integers(5_000, 10_000),
)
def test_what_is_expected_is_what_the_board_file_says(duties: list[int], pack_mv: int) -> None:
    powers = [row[3] for row in BOARD.BANKS] * 2
    monitor = current_monitor.CurrentMonitor(BOARD, Gate(FakeHal(), 8), powers, False)
    found = monitor.expect(duties, pack_mv)
    exact = sum(d * mw / 65_535 for d, mw in zip(duties, powers, strict=True)) * 10_000 / pack_mv
    assert abs(found - exact) <= 3 + exact / 1_000


@pytest.mark.parametrize("nm", WAVELENGTHS_NM)
@pytest.mark.parametrize("at_s", [15.5, 16.1, 16.6])
def test_a_switch_that_sticks_while_the_check_goes_on_ends_it(nm: float, at_s: float) -> None:
    run = struck("fet_stuck_on", nm, at_s)
    result = run.result()
    assert [row["name"] for row in result["faults"]] == ["fet_stuck_on"]
    [cutoff] = result["cutoffs"]
    assert 0 < cutoff["latency_ms"] <= 500
    assert run.unit.session.previous == states.CHECK


def test_a_monitor_that_falls_silent_in_the_check_takes_no_string_for_open() -> None:
    bench = Bench(SHORT).to("CHECK")
    bench.run(800)
    bench.hal.silent.add("RAIL")
    bench.run(400)
    assert bench.faults() == []
    bench.hal.silent.discard("RAIL")
    bench.until("RAMP", 3_000)
    assert bench.faults() == [] and min(bench.unit.gate.caps) > 0


def test_a_monitor_that_answers_too_seldom_to_show_a_pulse_is_lost() -> None:
    bench = Bench(SHORT).to("CHECK")
    for _ in range(8):
        bench.hal.silent.add("RAIL")
        bench.run(360)
        bench.hal.silent.discard("RAIL")
        bench.run(40)
    assert (bench.state, bench.faults()) == ("FAULT", [("rail_lost", "")])


def gated(period: int, on: int) -> dict[str, Any]:
    """A weak light, gated: period and open part in ticks."""
    light = {"mode": "gated", "rate_hz": 50 / period, "on_ms": 20 * on}
    return {"light": light, "irradiance_mw_cm2": {"810": 0.5, "850": 0.5, "940": 0.5, "1060": 0.2}}


def is_prescribed(gate: tuple[int, int]) -> bool:
    """Whether the unit takes this gate: its open part may be too short for the light."""
    try:
        compile_course({**DEFAULT, **gated(*gate)}, BOARD, FULL_UW_CM2)
    except Refused:
        return False
    return True


# Of each period, in ticks, the open parts that the unit takes.
OPEN_PARTS = {period: [on for on in range(1, period) if is_prescribed((period, on))]
              for period in range(2, 51)}  # fmt: skip
GATES = st.sampled_from(sorted(OPEN_PARTS)).flatmap(
    lambda period: st.tuples(st.just(period), st.sampled_from(OPEN_PARTS[period]))
)


@pytest.mark.parametrize("nm", WAVELENGTHS_NM)
@given(gate=GATES, at_s=st.floats(20.0, 90.0))
@settings(max_examples=4)
def test_a_switch_that_sticks_shows_in_a_gates_dark_part(
    nm: float, gate: tuple[int, int], at_s: float
) -> None:
    run = struck("fet_stuck_on", nm, at_s, **gated(*gate))
    assert [row["name"] for row in run.result()["faults"]] == ["fet_stuck_on"]
    [cutoff] = run.result()["cutoffs"]
    assert 0 < cutoff["latency_ms"] <= 4_000


@given(gate=GATES, seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_gated_light_of_a_sound_unit_is_never_taken_for_a_fault(
    gate: tuple[int, int], seed: int
) -> None:
    rx = {**DEFAULT, **gated(*gate)}
    run = Run(replace(ordinary(), duration_s=90.0, prescription=rx, seed=seed, until_done=False))
    run.advance(10**9)
    assert run.result()["faults"] == [] and run.unit.rail.rechecks == 0
    assert run.result()["state"] == "TREAT"


def test_only_gates_are_drawn_that_a_prescription_takes() -> None:
    assert is_prescribed((20, 1)) and not is_prescribed((21, 1))


def test_light_that_a_person_dims_is_no_missing_current() -> None:
    bench = Bench({**SHORT, "fluence_j_cm2": 12}).to("TREAT")
    bench.skin(38_400)
    for _ in range(4):
        bench.press(DOWN)
        bench.run(3_000)
    bench.press(START)
    bench.run(2_000)
    assert bench.state == "PAUSED" and bench.faults() == [] and bench.unit.rail.rechecks == 0


def unprove(bench: Bench) -> None:
    """From now on the monitor's set-up is not read back."""
    read = bench.hal.read

    def reads(inputs: Any) -> None:
        proved_ms = inputs.proved[0]
        read(inputs)
        inputs.proved[0] = proved_ms

    bench.hal.read = reads  # type: ignore[method-assign]


def test_no_bank_is_named_by_a_monitor_whose_set_up_is_not_read_back() -> None:
    bench = Bench(SHORT).to("CHECK")
    bench.hal.open_banks = {0}
    unprove(bench)
    bench.until("FAULT", 10_000)
    assert bench.faults() == [("rail_lost", "")] and min(bench.unit.gate.caps) > 0


@pytest.mark.parametrize("gain", [0.8, 1.5])
def test_current_is_judged_once_the_monitors_set_up_was_read_back(gain: float) -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.run(10_000)
    read = bench.hal.read
    unprove(bench)
    bench.hal.rail_gain = gain
    bench.run(3_000)
    assert (bench.state, bench.faults()) == ("TREAT", [])
    bench.hal.read = read  # type: ignore[method-assign]
    bench.until("CHECK" if gain < 1.0 else "FAULT", 1_000)


def test_a_monitor_that_lost_its_set_up_in_the_light_is_judged_and_learned_anew() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.run(10_000)
    bench.hal.rail_gain = 0.8
    bench.run(200)
    bench.unit.inputs.lost[4] += 1
    bench.run(3_000)
    assert (bench.state, bench.faults()) == ("TREAT", [])
