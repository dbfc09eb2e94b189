"""Battery: readings of a voltmeter, an ammeter and its gauge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.physics.battery import RESISTANCE_OHM, Battery, open_circuit_v


def test_a_resting_pack_shows_its_open_circuit_voltage() -> None:
    pack = Battery(charge_pct=80.0)
    assert pack.pack_mv == pytest.approx(2000.0 * open_circuit_v(0.8))
    assert pack.current_ma == 0.0


def test_under_load_voltage_times_current_is_the_power_and_the_sag_is_ohmic() -> None:
    pack = Battery(charge_pct=80.0)
    rest_mv = pack.pack_mv
    pack.advance(11.0, 0.2)
    assert pack.pack_mv * pack.current_ma / 1e6 == pytest.approx(11.0)
    assert rest_mv - pack.pack_mv == pytest.approx(pack.current_ma * RESISTANCE_OHM)


def test_three_amp_hours_last_an_hour_at_three_amps() -> None:
    pack = Battery(charge_pct=100.0)
    for _ in range(3590):
        pack.advance(pack.pack_mv * 0.003, 1.0)
    assert 0.0 <= pack.charge < 0.02


def test_a_default_session_costs_a_full_pack_about_a_tenth() -> None:
    pack = Battery(charge_pct=100.0)
    for _ in range(20 * 60):
        pack.advance(2 * 1.738 + 0.3, 1.0)
    assert 0.88 < pack.charge < 0.97


def test_the_same_load_sags_an_empty_pack_further() -> None:
    def sag_mv(charge_pct: float) -> float:
        pack = Battery(charge_pct)
        rest_mv = pack.pack_mv
        pack.advance(4.0, 0.2)
        return rest_mv - pack.pack_mv

    assert sag_mv(2.0) > 2.0 * sag_mv(80.0)


def test_a_tired_pack_sags_below_3_v_a_cell_under_the_same_load() -> None:
    pack = Battery(charge_pct=40.0)
    pack.advance(4.0, 0.2)
    assert pack.pack_mv / 2 > 3300.0
    pack.resistance_times = 20.0
    pack.advance(4.0, 0.2)
    assert pack.pack_mv / 2 < 3000.0


def test_asked_for_more_than_it_has_a_pack_gives_its_most_and_no_more() -> None:
    pack = Battery(charge_pct=50.0)
    rest_mv = pack.pack_mv
    pack.advance(1000.0, 0.2)
    assert pack.pack_mv == pytest.approx(rest_mv / 2.0)


def test_a_charger_fills_the_pack_and_then_stops() -> None:
    pack = Battery(charge_pct=99.0)
    pack.advance(0.0, 1.0, charge_w=8.0)
    assert pack.current_ma < 0.0
    for _ in range(600):
        pack.advance(0.0, 1.0, charge_w=8.0)
    assert pack.charge == 1.0
    assert pack.current_ma == 0.0


def test_the_gauge_reports_the_mean_cell_and_the_charge_in_its_own_units() -> None:
    pack = Battery(charge_pct=80.0)
    assert pack.vcell_raw() * 0.078125 == pytest.approx(pack.pack_mv / 2.0, abs=0.08)
    assert pack.soc_raw() / 256.0 == pytest.approx(80.0, abs=0.01)


@given(st.floats(0.0, 100.0), st.floats(0.0, 20.0), st.floats(0.1, 20.0))
def test_more_load_never_raises_the_voltage(
    charge_pct: float, power_w: float, more_w: float
) -> None:
    less, more = Battery(charge_pct), Battery(charge_pct)
    less.advance(power_w, 0.2)
    more.advance(power_w + more_w, 0.2)
    assert more.pack_mv <= less.pack_mv


@given(st.floats(0.0, 0.99), st.floats(0.001, 0.01))
def test_a_fuller_cell_rests_at_a_higher_voltage(charge: float, more: float) -> None:
    assert open_circuit_v(charge + more) > open_circuit_v(charge)
