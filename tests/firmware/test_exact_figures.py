"""Figures of the firmware to the digit, where a test of a whole session would let another pass.

Each was found by a mutant that lived (`tools.dev.mutants_beyond`).
"""

import json
from typing import Any

import pytest

from firmware.core.inputs import BUCKLE, CHARGER, CHARGING, DOWN, START, UP
from firmware.core.limits import CELL_END_MV
from firmware.records import journal, mac, persistent_state
from firmware.records.keys import FILE, Keys
from firmware.therapy import battery
from firmware.therapy.dose import CEM43_FROM_MC, CEM43_RATES
from tests.support.fake_hal import SHORT, Bench
from tests.support.journals import LongUsed

MINUTE = 60_000
Q10 = 1024


def test_a_fault_calls_every_ten_seconds_for_a_minute_and_then_once_a_minute() -> None:
    bench = Bench().to("FAULT")
    called = []
    for second in range(200):
        before = bench.cues().count("FAULT")
        bench.run(1_000)
        if bench.cues().count("FAULT") > before:
            called.append(second)
    assert called == [9, 19, 29, 39, 49, 59, 119, 179]


def test_contact_is_held_lower_by_750_mc_for_each_minute_of_thermal_dose() -> None:
    pad = Bench().unit.pads[0]
    for minutes in (0, 1, 2):
        pad.cem43.session_q10_ms = minutes * MINUTE * Q10
        assert pad.lowered_mc() == pad.allowance_mc + 750 * minutes


@pytest.mark.parametrize("warmed_mc", [0, 10, 11, 500])
def test_a_pad_is_at_rest_where_it_warmed_by_no_more_than_10_mc(warmed_mc: int) -> None:
    pad = Bench().unit.pads[0]
    pad.digital_mc = 33_000
    pad.rest(True, False, False)
    assert not pad.at_rest
    pad.digital_mc += warmed_mc
    pad.rest(False, False, True)
    assert pad.at_rest == (warmed_mc <= 10)
    pad.rest(False, True, True)  # another five seconds: what was later is the beginning
    pad.rest(False, True, True)
    assert pad.at_rest


@pytest.mark.parametrize("pad", [0, 1])
def test_a_skin_sensor_between_off_and_on_at_power_on_is_not_touched(pad: int) -> None:
    bench = Bench()
    bench.hal.skin[pad] = 12_200  # half of the step
    bench.to_ready()
    bench.press(START)
    bench.run(8_000)
    assert bench.state == "WAIT_SKIN"


def test_signs_count_while_all_are_there_whatever_button_is_down() -> None:
    bench = Bench().to_ready()
    wear = bench.unit.wear
    before_ms = wear.on_ms
    bench.run(1_000)
    assert wear.on_ms == before_ms + 1_000
    bench.hal.pins = bench.hal.pins & ~BUCKLE | DOWN
    bench.run(400)
    assert wear.on_ms == 0


def test_thermal_dose_doubles_with_a_degree_above_43_c_and_is_a_quarter_a_degree_below() -> None:
    """Sapareto and Dewey 1984: R is 0.5 above 43 C, 0.25 below."""
    for k, rate in enumerate(CEM43_RATES):
        over_c = (CEM43_FROM_MC + 128 * k) / 1_000 - 43
        assert abs(rate - 2**18 * (2.0 if over_c >= 0 else 4.0) ** over_c) <= 0.5


# -- battery ----------------------------------------------------------------------------------


def test_a_gauge_that_is_a_third_of_the_charge_away_is_not_listened_to() -> None:
    bench = Bench().to_ready()
    bench.hal.cell_mv(3_790)  # 60 % at rest
    for percent, taken in ((29, False), (31, True), (91, False)):
        bench.hal.gauge[1] = percent << 8
        bench.run(30_000)
        assert (bench.unit.battery.percent == percent) == taken


def test_the_resistance_of_a_cell_is_what_its_current_pulls_it_down_by() -> None:
    cell = Bench().to_ready().unit.battery
    cell.rest_mv = 3_800
    cell._take_mohm(3_700, 4_000)  # 100 mV at 400 mA
    assert cell.cell_mohm == 250


def test_a_session_asks_for_the_charge_at_which_its_load_pulls_the_cell_to_its_end() -> None:
    """Twice and three times the resistance where the cell is empty, and a straight line between."""
    cell = Bench().unit.battery
    cell.cell_mohm, cell.load_ma = 100, 1_500  # 150 mV; 450 at 0 %, 300 at 10 %
    over_mv = battery.CURVE_MV[1] - 300 - CELL_END_MV
    below_mv = battery.CURVE_MV[0] - 450 - CELL_END_MV
    assert over_mv > 0 > below_mv
    assert cell.floor_percent() == 10 - 10 * over_mv // (over_mv - below_mv)
    cell.load_ma = 0
    assert cell.floor_percent() == 0


def test_a_dip_is_forgiven_after_five_seconds_in_which_gauge_and_converter_agree() -> None:
    bench = Bench().to_ready()
    cell = bench.unit.battery
    cell.ended = cell.doubted = True
    cell.well_s = 0
    bench.run(4_000)
    assert cell.ended and cell.well_s >= 3
    bench.run(2_000)
    assert not cell.ended


def test_a_charger_that_says_it_is_done_frees_an_ended_battery_in_five_seconds() -> None:
    cell = Bench().to_ready().unit.battery
    cell.ended, cell.cell_mv = True, 4_100
    assert [cell.recovered(CHARGER) for _ in range(5)] == [False] * 4 + [True]
    cell.ended = True
    assert not any(cell.recovered(CHARGER | CHARGING) for _ in range(599))
    assert cell.recovered(CHARGER | CHARGING)


# -- what is kept ------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["soon", -5, 1.5, None, True, 2**40])
def test_a_days_time_that_is_no_time_is_none(written: object) -> None:
    table = {**dict.fromkeys(persistent_state.DAY_KEYS, 0), "clock_s": written}
    _, _, then_s = persistent_state.read_day(json.dumps(table).encode())
    assert then_s == 0


def test_what_is_kept_before_the_clock_is_trusted_has_the_time_since_power_on_added() -> None:
    kept = Bench(SHORT).to_ready().unit.kept
    kept.kept_s, kept.clock.up_s = 1_000, 7
    assert kept._stamp() == 1_007


def test_a_receipt_is_an_ends_and_what_came_before_a_session_is_none() -> None:
    bench = Bench(SHORT).to("TREAT")
    book = bench.unit.journal
    bench.until("DONE", 5 * MINUTE)
    bench.run(5_000)
    lines = bench.hal.files[journal.name(book.segment)].splitlines()
    end = next(json.loads(row) for row in reversed(lines) if b'"kind": "end"' in row)
    assert book.receipt == mac.receipt_code(end["seal"]).encode()
    bench.take_off()
    bench.press(START)
    bench.until("TREAT", MINUTE)
    assert book.receipt == b""


# -- light -------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [3, 15, 27])
def test_the_ramp_rises_by_a_thirtieth_a_second(second: int) -> None:
    bench = Bench().to("RAMP")
    bench.run(second * 1_000)
    most = max(bench.hal.duty)
    full = max(bench.unit.session.course.steps[0].duties)
    assert most == pytest.approx(full * second / 30, rel=0.08)


def test_a_closure_that_is_forgiven_counts_no_more() -> None:
    bench = Bench().to_ready()
    bench.press(UP)
    buttons = bench.unit.buttons
    buttons.closures = 2
    buttons.forgive()
    assert buttons.closures == 1
    buttons.forgive()
    buttons.forgive()
    assert buttons.closures == 0


def test_a_journals_receipt_after_power_on_is_the_last_sessions_not_an_older_files() -> None:
    unit = LongUsed()
    while sum(name.startswith("journal.") for name in unit.hal.files) < 2:
        unit.use()
    unit.use()
    found = journal.Journal(unit.hal, Keys(unit.hal.load(FILE)))
    assert found.find() and found.receipt.decode() == unit.receipts[-1]


# -- lamp test ---------------------------------------------------------------------------------


def test_a_rail_monitor_that_falls_silent_in_the_lamp_test_is_lost_and_no_string_is_called_open(
) -> None:  # fmt: skip
    bench = Bench().to("CHECK")
    bench.hal.silent.add("RAIL")
    bench.until("FAULT", 30_000)
    assert [name for name, _ in bench.faults()] == ["rail_lost"]


def test_a_lamp_test_whose_last_step_is_not_proved_begins_anew() -> None:
    bench = Bench().to("CHECK")
    lamps = bench.unit.check
    while lamps.step < lamps.last:
        bench.tick()
        assert bench.state == "CHECK"
    answer, proved_ms = bench.hal._answer, bench.unit.inputs.proved[0] - 60_000

    def unproved(inputs: Any, ms: int) -> None:
        answer(inputs, ms)
        inputs.proved[0] = proved_ms

    bench.hal._answer = unproved  # type: ignore[method-assign]
    while lamps.step == lamps.last:
        bench.tick()
    assert bench.state == "CHECK" and lamps.step < lamps.last and bench.faults() == []


@pytest.mark.parametrize("rate_hz", [1, 5])
def test_gated_light_that_is_steady_for_a_look_is_dimmed_by_its_share(rate_hz: int) -> None:
    on_ms = 500 // rate_hz
    asked = {**SHORT, "light": {"mode": "gated", "rate_hz": rate_hz, "on_ms": on_ms}}
    bench = Bench({**asked, "fluence_j_cm2": 6}).to("TREAT")
    gate = bench.unit.gate
    gate.take_look = lambda: True  # type: ignore[method-assign]
    bench.run(600)
    full = max(bench.unit.session.course.steps[0].duties)
    share = gate.on_ticks / gate.period_ticks
    assert max(gate.wanted) == pytest.approx(full * share, rel=0.01)
