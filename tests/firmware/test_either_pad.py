"""What protects holds for either pad, for either of its sensors, and from session to session."""

from typing import Any

import pytest

from firmware.core.conversions import clock_seconds, ntc_code, tmp117_code
from firmware.core.inputs import BUCKLE, START, UP
from firmware.records import persistent_state
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.enrolled_unit import CLOCK_S
from tests.support.fake_hal import BOARD, MOMENT_MS, SHORT, Bench
from tests.support.keyed_unit import keyed, made

MINUTE = 60_000
Q10 = 1024
PADS = pytest.mark.parametrize("pad", [0, 1])


@PADS
@pytest.mark.parametrize("sensor", ["ntc_error_c", "contact_error_c"])
def test_the_warmer_sensor_of_a_pad_is_held(pad: int, sensor: str) -> None:
    """The other reads 1 C low, which is less than two sensors may be apart."""
    run = Run(replace(ordinary(), duration_s=700.0, until_done=False))
    setattr(run.plant.pads[pad], sensor, -1.0)
    run.advance(10**9)
    assert max(run.result()["max_contact_c"].values()) < 41.0
    assert run.result()["state"] in ("TREAT", "DONE") and run.result()["faults"] == []


@PADS
def test_a_days_heat_of_either_pad_refuses_a_session(pad: int) -> None:
    bench = Bench().to_ready()
    bench.unit.pads[pad].cem43.day_q10_ms = 4 * MINUTE * Q10
    bench.press(START)
    assert bench.state == "READY" and bench.refused == "day_limit"


@PADS
def test_a_days_heat_of_either_pad_ends_a_session(pad: int) -> None:
    bench = Bench().to("TREAT")
    bench.unit.pads[pad].cem43.day_q10_ms = (4 * MINUTE - 3_000) * Q10
    bench.skin(42_000, pad)  # a quarter of a minute a minute
    assert bench.until("DONE", MINUTE) <= 14_000 and bench.reason == "cem43"
    assert bench.unit.pads[pad].cem43.session_q10_ms < 10_000 * Q10


def test_the_light_of_each_session_adds_to_the_days() -> None:
    bench = Bench(SHORT).to("TREAT")
    bench.until("DONE", 5 * MINUTE)
    bench.run(MOMENT_MS)
    first = bench.unit.session.day_treat_ms
    bench.take_off()
    bench.press(START)
    bench.until("TREAT", MINUTE)
    assert bench.unit.session.number == 2
    assert bench.unit.session.day_treat_ms == first + bench.unit.session.treat_ms > first


def test_a_day_that_is_gone_is_full_of_light_and_of_heat() -> None:
    bench = Bench(SHORT, clock_s=CLOCK_S).to("TREAT")
    bench.acknowledge()
    bench.run(3_000)
    del bench.hal.files[persistent_state.DAY]
    bench.reset()
    bench.to_ready()
    assert bench.unit.session.day_treat_ms == 60 * MINUTE
    assert [pad.cem43.day_q10_ms for pad in bench.unit.pads] == [4 * MINUTE * Q10] * 2


@PADS
def test_a_pad_that_is_warm_by_itself_keeps_a_session_paused(pad: int) -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins &= ~BUCKLE
    bench.until("PAUSED", 400)
    bench.hal.pins |= BUCKLE
    bench.skin(39_500, pad)
    bench.run(5_400)
    bench.press(START)
    assert bench.state == "PAUSED" and bench.refused == "too_warm"


@PADS
@pytest.mark.parametrize(("mc", "taken"), [(41_500, False), (40_500, True)])
def test_a_fault_on_skin_that_is_still_warm_is_not_acknowledged(
    pad: int, mc: int, taken: bool
) -> None:
    bench = Bench().to("TREAT")
    bench.hal.silent.add("BOARD_A")
    bench.until("FAULT", 2_000)
    bench.hal.silent.clear()
    bench.run(2_000)
    bench.skin(mc, pad)
    bench.acknowledge()
    assert (bench.unit.faults.latched == 0) == taken
    assert (bench.state == "OFF") != taken  # a hold that acknowledges nothing switches off


@PADS
def test_a_jump_of_both_sensors_of_either_pad_is_hard(pad: int) -> None:
    bench = Bench().to("TREAT")
    bench.run(2_000)
    bench.hal.skin_mc(37_000, pad)  # 4 C in a tick
    bench.until("FAULT", 2_000)
    assert bench.faults()[0] == ("contact_jump", "AB"[pad]) and not bench.hal.emitting()
    assert bench.unit.faults.hard


def test_what_is_left_of_a_session_is_not_given_after_its_prescription_expired() -> None:
    bench: Any = keyed(made(expires="2027-01-31"))
    bench.hal.clock_s = clock_seconds(b"2027-01-31T23:50:00")
    bench.to("TREAT")
    bench.press(START)
    bench.until("PAUSED", 1_000)
    bench.until("DONE", 11 * MINUTE)
    bench.take_off()
    assert bench.unit.session.part_ms > 0
    bench.hal.clock_s = clock_seconds(b"2027-02-01T00:10:00")
    bench.run(2_000)
    bench.press(UP)
    bench.press(START)
    assert bench.state == "DONE" and bench.refused == "expired"


@PADS
def test_a_skin_sensor_that_reads_air_pauses_at_the_first_look(pad: int) -> None:
    bench = Bench().to("TREAT")
    bench.hal.skin[pad] = 4_000
    assert bench.until("PAUSED", 400) <= 220 and not bench.hal.emitting()


def test_an_opened_buckle_pauses_at_the_next_control_step() -> None:
    bench = Bench().to("TREAT")
    bench.hal.pins &= ~BUCKLE
    assert bench.until("PAUSED", 400) <= 280 and not bench.hal.emitting()


@PADS
def test_a_pad_that_grows_colder_than_skin_pauses_within_a_second(pad: int) -> None:
    bench = Bench().to("TREAT")
    bench.skin(27_500, pad)
    assert bench.until("PAUSED", 1_000) <= 800 and not bench.hal.emitting()


@PADS
@pytest.mark.parametrize("sensor", ["ntc", "contact"])
def test_one_sensor_at_41_c_is_enough_to_keep_a_pad_dark(pad: int, sensor: str) -> None:
    bench = Bench().to("TREAT")
    bench.run(10_000)
    bench.skin(40_400, pad)
    codes = {"ntc": ntc_code(BOARD, 41_200), "contact": tmp117_code(41_200)}
    getattr(bench.hal, sensor)[pad] = codes[sensor]
    bench.run(400)
    assert bench.state == "TREAT" and set(bench.hal.duty[4 * pad : 4 * pad + 4]) == {0}
