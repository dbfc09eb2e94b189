"""Faults on a treating unit, with the plant: under which name, and how soon dark.

A row is a fault as a scenario calls it, where the unit must end, under which name, and
within how long there is no light (docs: the design's fault table). Whatever the fault,
true contact stays at or below 43.0 C, and once dark nothing is emitted.
"""

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.driver_depth.run import DriverDepth
from sim.faults.catalogue import FAULTS
from sim.faults.depth import Depth
from sim.hal_depth.depth import HalDepth
from sim.physics.tissue import Tissue
from sim.run import Run
from sim.scenario.scenario import ordinary

HIGHEST_C = 43.0
EVERYTHING = 10**9
WAVELENGTHS_NM = (810.0, 850.0, 940.0, 1060.0)


class Row(NamedTuple):
    """A fault and its bound."""

    fault: str
    ends: str  # state
    named: str = ""  # first latched fault; "" if none, "a/b" if either
    within_ms: int = 80
    value: float | None = None
    pads: tuple[str | None, ...] = ("A", "B")
    lasts_s: float = 5.0  # a run goes on for so long


DARK = [
    Row("ntc_open", "FAULT", "ntc_open"),
    Row("ntc_short", "FAULT", "ntc_short"),
    Row("ntc_drift", "FAULT", "contact_apart/off_skin", 800, 10.0, lasts_s=60.0),
    Row("ntc_drift", "FAULT", "contact_apart", 800, -10.0, lasts_s=60.0),
    Row("contact_lost", "FAULT", "contact_lost", 800),
    Row("contact_garbage", "FAULT", "contact_garbage/contact_hot/contact_apart", 800),
    Row("board_sensor_lost", "FAULT", "board_sensor_lost", 1_000),
    Row("pad_unplugged", "FAULT", "pad_unplugged"),
    Row("i2c_hang", "FAULT", "contact_lost/board_sensor_lost/skin_sensor_lost", 800, pads=(None,)),
    Row("unworn", "PAUSED", "", 1_000, pads=(None,)),
    Row("battery_sag", "DONE", "", 80, FAULTS["battery_sag"].default, pads=(None,)),
    Row("charger_plugged", "CHARGING", "", 80, pads=(None,)),
]

# What a session goes on through.
HARMLESS = [
    Row("gauge_nak", "TREAT", pads=(None,)),
    Row("gauge_garbage", "TREAT", pads=(None,)),
    Row("ntc_noise", "TREAT", value=0.5),
    Row("battery_sag", "TREAT", value=1.0, pads=(None,)),
    Row("button_bounce", "TREAT", pads=(None,)),
    Row("alert_broken", "TREAT", pads=(None,)),
    Row("no_perfusion", "TREAT"),
    Row("under_blanket", "TREAT", pads=(None,)),
    Row("lying_on_pad", "TREAT"),
    Row("hot_room", "TREAT", value=40.0, pads=(None,)),
]


def run_with_fault(row: Row, pad: str | None, at_s: float, **start: Any) -> Run:
    """A session that a fault strikes at a time when it treats; its whole run."""
    fault = Event(at_s, "fault", row.fault, pad, row.value)
    plain = ordinary()
    scenario = replace(
        plain,
        start=Start(**start),
        duration_s=at_s + row.lasts_s,
        until_done=False,
        events=(*plain.events, fault),
    )
    run = Run(scenario)
    run.advance(int(at_s / 0.2))
    assert run.unit.session.state == states.TREAT
    run.advance(EVERYTHING)
    return run


def light(run: Run) -> list[float]:
    """What each bank gave so far."""
    return [s for pad in run.plant.pads for s in pad.light_s]


def check_never_hot_nor_lit_when_off(run: Run, result: dict[str, Any]) -> None:
    """What holds whatever strikes."""
    assert max(result["max_contact_c"].values()) <= HIGHEST_C
    assert result["emitted_after_off_j"] == 0.0
    if states.STATES[run.unit.session.state] != "TREAT":
        before = light(run)
        run.duration_s += 2.0
        run.advance(EVERYTHING)
        assert light(run) == before


@pytest.mark.parametrize("row", DARK, ids=lambda row: f"{row.fault}-{row.value}")
@given(at_s=st.floats(50.0, 75.0), which=st.integers(0, 1), clock=st.integers(0, 2**30 - 1))
@settings(max_examples=12)
def test_a_fault_in_treatment_is_named_and_dark_in_time(
    row: Row, at_s: float, which: int, clock: int
) -> None:
    pad = row.pads[which % len(row.pads)]
    run = run_with_fault(row, pad, at_s, clock=clock)
    result = run.result()
    assert result["state"] == row.ends
    first = result["faults"][0]["name"] if result["faults"] else ""
    assert first in row.named.split("/")
    if row.named and pad:
        assert {fault["pad"] for fault in result["faults"]} == {pad}
    [cutoff] = result["cutoffs"]
    assert (cutoff["fault"], cutoff["pad"]) == (row.fault, pad)
    assert 0 <= cutoff["latency_ms"] <= row.within_ms
    assert run.unexpected() == []
    check_never_hot_nor_lit_when_off(run, result)


@pytest.mark.parametrize("row", HARMLESS, ids=lambda row: f"{row.fault}-{row.value}")
def test_what_is_harmless_does_not_stop_a_session(row: Row) -> None:
    run = run_with_fault(row._replace(lasts_s=120.0), row.pads[-1], 60.0)
    result = run.result()
    assert (result["state"], result["faults"], result["cutoffs"]) == ("TREAT", [], [])
    check_never_hot_nor_lit_when_off(run, result)


SKINS = [(fat, perfusion) for fat in (5.0, 10.0, 20.0) for perfusion in (0.0, 0.001, 0.003)]


@pytest.mark.parametrize(("fat_mm", "perfusion"), SKINS)
def test_the_usual_heat_from_outside_keeps_a_dark_pad_below_43_c_on_any_skin(
    fat_mm: float, perfusion: float
) -> None:
    usual_w_m2 = FAULTS["hot_skin"].default
    assert usual_w_m2 is not None
    assert settled_c(fat_mm, perfusion, usual_w_m2) <= HIGHEST_C


def test_there_is_skin_that_a_little_more_heat_carries_above_43_c() -> None:
    assert settled_c(20.0, 0.0, 106.0) < HIGHEST_C < settled_c(20.0, 0.0, 108.0)


def settled_c(fat_mm: float, perfusion: float, external_w_m2: float) -> float:
    """The contact temperature of a dark pad after twelve hours of heat from outside."""
    tissue = Tissue(fat_mm=fat_mm, perfusion=perfusion, dt_s=60.0)
    tissue.change(external_w_m2=external_w_m2)
    for _ in range(12 * 60):
        tissue.advance(0.0, 0.0)
    return tissue.contact_c


def test_lying_on_the_pad_stops_the_blood_and_keeps_its_heat_in_until_the_wearer_turns() -> None:
    plain = ordinary()
    begun = Event(60.0, "fault", "lying_on_pad", "A", for_s=1_200.0)
    run = Run(replace(plain, events=(*plain.events, begun), duration_s=1_300.0, until_done=False))
    before = [pad.tissue.perfusion for pad in run.plant.pads]
    run.advance(6_000)
    a, b = run.plant.pads
    assert (a.tissue.perfusion, b.tissue.perfusion) == (0.0, before[1])
    throttle_a, throttle_b = (pad.throttle for pad in run.unit.pads)
    assert throttle_a < 0.8 * throttle_b
    run.advance(EVERYTHING)
    assert [pad.tissue.perfusion for pad in run.plant.pads] == before
    assert max(run.result()["max_contact_c"].values()) <= 41.0


@pytest.mark.parametrize("name", ["ntc_stuck", "contact_stuck"])
@pytest.mark.parametrize("pad", ["A", "B"])
def test_a_contact_sensor_that_froze_is_found_by_the_other(name: str, pad: str) -> None:
    run = run_with_fault(Row(name, "FAULT", lasts_s=180.0), pad, 60.0)
    result = run.result()
    assert result["state"] == "FAULT"
    named = "contact_apart" if name == "ntc_stuck" else "contact_still"
    assert [(f["name"], f["pad"]) for f in result["faults"]] == [(named, pad)]
    check_never_hot_nor_lit_when_off(run, result)


@pytest.mark.parametrize("alert", ["works", "broken"])
@pytest.mark.parametrize("pad", ["A", "B"])
def test_skin_heated_from_outside_trips_within_80_ms_of_the_first_sensed_code_beyond(
    alert: str, pad: str
) -> None:
    hot = Row("hot_skin", "FAULT", "contact_hot", 80, 1_500.0, lasts_s=90.0)
    plain = ordinary()
    # so late that a rise without energy is not what names it
    events = (*plain.events, Event(400.0, "fault", "hot_skin", pad, 1_500.0))
    if alert == "broken":
        events = (*events, Event(60.0, "fault", "alert_broken"))
    run = Run(replace(plain, duration_s=400.0 + hot.lasts_s, until_done=False, events=events))
    run.advance(EVERYTHING)
    result = run.result()
    assert result["state"] == "FAULT"
    assert (result["faults"][0]["name"], result["faults"][0]["pad"]) == ("contact_hot", pad)
    [cutoff] = [row for row in result["cutoffs"] if row["fault"] == "hot_skin"]
    assert cutoff["latency_ms"] <= hot.within_ms
    assert cutoff["true_crossing_s"] is not None
    assert result["emitted_after_off_j"] == 0.0


def test_an_empty_battery_ends_the_session_in_order_and_refuses_another() -> None:
    plain = ordinary()
    events = (
        *plain.events,
        Event(60.0, "fault", "battery_low", value=0.5),
        Event(100.0, "press", "START", hold_ms=200),  # before it goes off by itself
    )
    run = Run(replace(plain, duration_s=105.0, until_done=False, events=events))
    run.advance(EVERYTHING)
    result = run.result()
    assert (result["state"], result["reason"], result["faults"]) == ("DONE", "battery", [])
    assert run.unit.session.number == 1
    check_never_hot_nor_lit_when_off(run, result)


def test_a_stuck_start_button_stops_the_session() -> None:
    plain = ordinary()
    events = (*plain.events, Event(60.0, "fault", "button_stuck", button="START"))
    run = Run(replace(plain, duration_s=70.0, until_done=False, events=events))
    run.advance(EVERYTHING)
    result = run.result()
    assert (result["state"], result["reason"]) == ("OFF", "stopped")
    check_never_hot_nor_lit_when_off(run, result)


@pytest.mark.parametrize("button", ["UP", "DOWN", "START"])
def test_a_session_does_not_start_with_a_stuck_button(button: str) -> None:
    plain = ordinary()
    events = (Event(0.0, "fault", "button_stuck", button=button), *plain.events)
    run = Run(replace(plain, duration_s=30.0, until_done=False, events=events))
    run.advance(EVERYTHING)
    assert run.unit.session.number == 0
    assert light(run) == [0.0] * len(light(run))


@pytest.mark.parametrize("pad", ["A", "B"])
@pytest.mark.parametrize("nm", WAVELENGTHS_NM)
def test_the_check_leaves_out_a_bank_that_gives_no_light(pad: str, nm: float) -> None:
    plain = ordinary()
    events = (Event(1.0, "fault", "led_open", pad, nm), *plain.events)
    run = Run(replace(plain, duration_s=60.0, until_done=False, events=events))
    run.advance(EVERYTHING)
    result = run.result()
    assert result["state"] == "TREAT"
    assert [(f["name"], f["pad"]) for f in result["faults"]] == [("led_open", pad)]
    for name, banks in result["fluence_j_cm2"].items():
        for bank, given_j_cm2 in banks.items():
            dark = (name, float(bank)) == (pad, nm)
            true_j_cm2 = result["true_fluence_j_cm2"][name][bank]
            assert (true_j_cm2 == 0.0) == dark
            assert given_j_cm2 == pytest.approx(true_j_cm2, rel=0.02, abs=0.002 if dark else 0.0)


@pytest.mark.parametrize(
    ("fault", "named"), [("fet_stuck_on", "fet_stuck_on"), ("enable_stuck", "enable_stuck")]
)
def test_the_check_refuses_a_unit_with_a_stuck_switch(fault: str, named: str) -> None:
    plain = ordinary()
    of_bank = ("B", 940.0) if fault == "fet_stuck_on" else (None, None)
    events = (Event(1.0, "fault", fault, *of_bank), *plain.events)
    run = Run(replace(plain, duration_s=60.0, until_done=False, events=events))
    run.advance(EVERYTHING)
    result = run.result()
    assert (result["state"], result["reason"]) == ("FAULT", "fault")
    assert [fault["name"] for fault in result["faults"]] == [named]
    check_never_hot_nor_lit_when_off(run, result)


@pytest.mark.parametrize("names", [
    ("ntc_open", "ntc_drift"), ("ntc_drift", "ntc_open"), ("pad_unplugged", "ntc_drift"),
])  # fmt: skip
def test_a_thermistor_that_is_open_reads_open_whatever_else_it_does(names: tuple[str, str]) -> None:
    events = tuple(
        Event(60.0 + k, "fault", name, "A", -6.0 if name == "ntc_drift" else None, for_s=20.0)
        for k, name in enumerate(names)
    )
    run = Run(replace(ordinary(), events=events, duration_s=70.0, until_done=False))
    run.advance(10**9)
    assert run.hardware.levels[0] > 4_000


@pytest.mark.parametrize("kind", [HalDepth, DriverDepth])
def test_a_switch_that_sticks_is_reported_from_the_strike_and_from_when_its_current_can_tell(
    kind: type[Depth],
) -> None:
    """It sticks where full light is asked for, and adds nothing until a person turns it down."""
    full = dict.fromkeys(("810", "850", "940", "1060"), 10)
    plain = ordinary()
    stuck = Event(45.0, "fault", "fet_stuck_on", "B", 850.0)
    downs = [Event(65.0 + k, "press", "DOWN", hold_ms=200) for k in range(5)]
    run = Run(replace(
        plain, events=(*plain.events, stuck, *downs), duration_s=100.0, until_done=False,
        prescription={**plain.prescription, "irradiance_mw_cm2": full, "fluence_j_cm2": 60},
    ), depth=kind())  # fmt: skip
    run.advance(10**9)
    [cutoff] = run.result()["cutoffs"]
    assert cutoff["onset_s"] == pytest.approx(45.0, abs=0.02)
    assert cutoff["latency_ms"] > 20_000
    assert 65.0 < cutoff["shown_s"] < cutoff["off_s"]
    assert 0 < cutoff["shown_latency_ms"] <= 1_000
    assert cutoff["shown_latency_ms"] == round((cutoff["off_s"] - cutoff["shown_s"]) * 1000)


def test_no_other_fault_has_a_time_at_which_its_current_can_tell() -> None:
    plain = ordinary()
    opens = Event(60.0, "fault", "ntc_open", "A")
    run = Run(replace(plain, events=(*plain.events, opens), duration_s=70.0, until_done=False))
    run.advance(10**9)
    [cutoff] = run.result()["cutoffs"]
    assert cutoff["shown_s"] is cutoff["shown_latency_ms"] is None
