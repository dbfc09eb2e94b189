"""Faults, the lit check and locked units, on a whole unit: dark, named, and dark until mended."""

from typing import Any

import pytest

from firmware.core.inputs import CHARGER, DOWN, START, UP
from firmware.core.limits import CLOCK_MASK
from tests.support.fake_hal import CALIBRATION, MOMENT_MS, SHORT, Bench

LIT = ["CHECK", "RAMP", "TREAT"]
MINUTE = 60_000
EACH_LIT = pytest.mark.parametrize("lit", LIT)


@EACH_LIT
def test_a_fault_stays_until_its_cause_is_gone_and_a_person_acknowledges_it(lit: str) -> None:
    bench = Bench().to(lit)
    bench.hal.ntc[0] = 4_000
    bench.run(60)
    assert bench.state == "FAULT" and not bench.hal.emitting()
    bench.run(MOMENT_MS)
    bench.press(START)
    assert bench.state == "FAULT" and bench.refused == "cause_there"
    assert bench.cues()[-1] == "REFUSED_HELP"
    bench.skin(33_000, 0)
    bench.run(5 * MINUTE)
    assert bench.state == "FAULT"
    bench.press(START)
    assert bench.state == "FAULT" and bench.refused == "no_answer"
    bench.press(UP)
    bench.run(3_000)
    bench.press(START)
    assert bench.state == "FAULT" and bench.refused == "hold_start"
    bench.press(UP)
    bench.run(200)
    bench.down(START)
    bench.until("SELF_TEST", 1_600)
    assert bench.unit.faults.latched == 0
    bench.up(START)
    bench.until("READY")
    bench.run(MINUTE)
    assert bench.state == "READY"


SENSOR_FAULTS = [
    ("CONTACT_A", "contact_lost", 0, 800),
    ("CONTACT_B", "contact_lost", 1, 800),
    ("BOARD_A", "board_sensor_lost", 0, 1_000),
    ("BOARD_B", "board_sensor_lost", 1, 1_000),
]


@EACH_LIT
@pytest.mark.parametrize(("part", "name", "pad", "within_ms"), SENSOR_FAULTS)
@pytest.mark.parametrize("start_ms", [0, CLOCK_MASK - 39_000])
def test_a_thermometer_that_falls_silent_turns_the_unit_off_in_time(
    lit: str, part: str, name: str, pad: int, within_ms: int, start_ms: int
) -> None:
    bench = Bench(start_ms=start_ms).to(lit)
    bench.hal.silent.add(part)
    bench.until("FAULT", within_ms)
    assert bench.faults() == [(name, "AB"[pad])]
    bench.press(START)
    assert bench.state == "FAULT"


@pytest.mark.parametrize("part", [row[0] for row in SENSOR_FAULTS])
@pytest.mark.parametrize("start_ms", [0, CLOCK_MASK - 1_300, CLOCK_MASK - 700, CLOCK_MASK])
def test_a_thermometer_never_heard_keeps_a_unit_from_lighting(part: str, start_ms: int) -> None:
    bench = Bench(start_ms=start_ms)
    bench.hal.silent.add(part)
    bench.run(3_000)
    assert bench.state == "FAULT"
    bench.press(START)
    bench.run(20_000)
    assert bench.lit_in == set() and bench.state == "FAULT"


@pytest.mark.parametrize("part", ["CONTACT_A", "BOARD_B"])
@pytest.mark.parametrize("start_ms", [0, CLOCK_MASK - 1_300])
def test_a_unit_with_a_thermometer_never_heard_does_not_say_that_it_is_ready(
    part: str, start_ms: int
) -> None:
    bench = Bench(start_ms=start_ms)
    bench.hal.silent.add(part)
    bench.until("FAULT", 2_000)
    assert "READY" not in bench.cues()


@pytest.mark.parametrize("every_ticks", [5, 20])
def test_thermometers_that_are_heard_now_and_then_are_not_lost_when_the_clock_wraps(
    every_ticks: int,
) -> None:
    bench = Bench(start_ms=CLOCK_MASK - 45_000)
    bench.hal.heard_ticks = every_ticks
    bench.to("TREAT")
    bench.run(10_000)
    assert bench.unit.inputs.ms < 10_000
    assert bench.state == "TREAT" and bench.faults() == []


@EACH_LIT
@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize("by_mc", [1_600, -1_600])
def test_contact_sensors_more_than_1_5_c_apart_turn_the_unit_off(
    lit: str, pad: int, by_mc: int
) -> None:
    bench = Bench().to(lit)
    bench.hal.contact[pad] += by_mc * 16 // 125
    bench.until("FAULT", 800)
    assert bench.faults() == [("contact_apart", "AB"[pad])]


@pytest.mark.parametrize("by_mc", [1_350, -1_350])
def test_contact_sensors_well_less_than_1_5_c_apart_do_not(by_mc: int) -> None:
    bench = Bench().to("TREAT")
    bench.hal.contact[0] += by_mc * 16 // 125
    bench.run(10_000)
    assert bench.state == "TREAT"


@EACH_LIT
@pytest.mark.parametrize("what", ["open thermistor", "empty battery", "silent thermometer"])
def test_trouble_darkens_the_emitters_even_if_the_state_machine_should_ignore_it(
    lit: str, what: str
) -> None:
    """Two barriers: the gate asks the guard and the latch themselves, whatever the state is."""
    bench = Bench().to(lit)
    table = bench.unit.session.table
    for cell in range(len(table)):
        table[cell] = -1
    if what == "open thermistor":
        bench.hal.ntc[1] = 3_900
    elif what == "empty battery":
        bench.hal.cell_mv(2_900)
    else:
        bench.hal.silent.add("CONTACT_B")
    bench.run(800)
    assert bench.state == lit
    bench.hal.calls.clear()
    for _ in range(250):
        bench.tick()
        assert not bench.hal.emitting()
    assert bench.hal.called("renew_lease") == bench.hal.called("drive") == 0


# -- the check ---------------------------------------------------------------------------------


def test_the_check_lights_each_bank_once_for_160_ms_at_a_tenth() -> None:
    bench = Bench().to("CHECK")
    bench.until("RAMP")
    lit = [duty_ms / 65_535 for duty_ms in bench.hal.lit_duty_ms]
    assert lit == pytest.approx([160 * 0.1] * 8, rel=0.01)


def test_a_string_that_is_open_is_left_out_and_said_and_its_dose_is_not_counted() -> None:
    bench = Bench().to("WAIT_SKIN")
    bench.hal.open_banks.add(5)
    bench.until("TREAT", 60_000)
    bench.run(10_000)
    assert bench.hal.duty[5] == 0 and min(bench.hal.duty[:5]) > 0
    assert bench.faults() == [("led_open", "B")]
    assert bench.unit.pads[1].fluence.uj_cm2[1] < 100


def test_what_an_open_string_does_not_give_the_others_do_not_make_up() -> None:
    bench = Bench(SHORT).to("WAIT_SKIN")
    bench.hal.open_banks.add(5)
    bench.until("DONE", 4 * MINUTE)
    assert bench.reason == "dose"
    assert [pad.fluence.total_uj_cm2 // 10_000 for pad in bench.unit.pads] == [99, 74]


@pytest.mark.parametrize(
    ("what", "name"), [("stuck", "fet_stuck_on"), ("enable", "enable_stuck"), ("no", "supply_open")]
)
def test_a_switch_that_is_stuck_is_found_before_any_power(what: str, name: str) -> None:
    bench = Bench().to("WAIT_SKIN")
    if what == "stuck":
        bench.hal.stuck_banks.add(2)
    elif what == "enable":
        bench.hal.enable_stuck = True
    else:
        bench.hal.open_banks = set(range(8))
    bench.until("FAULT", 10_000)
    assert name in [named for named, _ in bench.faults()]
    assert "RAMP" not in bench.lit_in


def test_a_rail_monitor_that_shows_nothing_lets_nothing_pass() -> None:
    bench = Bench().to("WAIT_SKIN")
    bench.hal.rail_01ma = 0
    bench.until("FAULT", 10_000)
    assert "RAMP" not in bench.lit_in


# -- locked ------------------------------------------------------------------------------------

WRONG: list[tuple[Any, Any]] = [
    (SHORT, None),
    (SHORT, {}),
    (SHORT, {**CALIBRATION, "irradiance_mw_cm2": {"A": {}, "B": {}}}),
    (SHORT, {**CALIBRATION, "ntc_offset_c": {"A": 9, "B": 0}}),
    (None, CALIBRATION),
    ({**SHORT, "set_point_c": 41}, CALIBRATION),
    ({**SHORT, "fluence_j_cm2": 91}, CALIBRATION),
]


@pytest.mark.parametrize(("prescription", "calibration"), WRONG)
def test_without_a_whole_calibration_and_prescription_a_unit_is_locked_and_never_lights(
    prescription: object, calibration: object
) -> None:
    bench = Bench(prescription, calibration)
    bench.until("LOCKED", 2_000)
    assert bench.unit.session.locked and "\n" not in bench.unit.session.locked
    for button in (START, UP, DOWN, START):
        bench.press(button)
        bench.run(6_000)
    bench.hal.pins |= CHARGER
    bench.run(2_000)
    bench.hal.pins &= ~CHARGER
    bench.skin(45_000)
    bench.run(2_000)
    bench.skin(33_000)
    bench.run(2_000)
    bench.press(START)
    bench.run(10_000)
    assert bench.state == "LOCKED"
    assert bench.lit_in == set()
    assert bench.hal.called("drive") == bench.hal.called("renew_lease") == 0


def test_emitters_are_lit_in_check_ramp_and_treat_alone() -> None:
    bench = Bench(SHORT).to("PAUSED")
    bench.press(START)
    bench.until("DONE", 3 * MINUTE)
    bench.run(MOMENT_MS)
    bench.take_off()
    bench.press(START)
    bench.until("TREAT", 60_000)
    bench.hal.ntc[1] = 4_000
    bench.run(1_000)
    bench.skin(33_000)
    bench.run(1_000)
    bench.acknowledge()
    bench.until("READY")
    bench.hal.pins |= CHARGER
    bench.run(1_000)
    assert bench.lit_in == set(LIT)


def test_the_carrier_is_set_while_dark() -> None:
    bench = Bench({**SHORT, "light": {"mode": "pulse", "rate_hz": 500}}).to("TREAT")
    carriers = [call for call in bench.hal.calls if call[0] == "carrier"]
    assert carriers == [("carrier", 2_000, False), ("carrier", 500, False)]  # the lamp test's first


def test_every_tick_that_goes_through_feeds_the_watchdog_once() -> None:
    bench = Bench().to("TREAT")
    ticks = bench.hal.t_ms // 20 + 1
    assert bench.hal.called("feed") == ticks


def test_a_tick_that_raises_neither_renews_the_lease_nor_feeds() -> None:
    bench = Bench().to("TREAT")
    bench.unit.pads[0].table = None  # type: ignore[assignment]
    bench.hal.calls.clear()
    raised = 0
    for _ in range(40):
        try:
            bench.tick()
        except TypeError:
            raised += 1
            break
    assert raised == 1
    assert [call[0] for call in bench.hal.calls].count("feed") == len(bench.hal.calls) // 2
    bench.hal.step_ms = 50
    bench.hal._pass()
    assert not bench.hal.emitting()
