"""Excuses of the oracle hold while the plant is really so, and a broken firmware is still found.

Each excuse is met twice: by a sound unit, which breaks no rule, and by a unit that is broken by
hand at another time, on another pad or by more than the excuse explains.
"""

import json
from typing import Any

import pytest

from firmware.core import states
from firmware.records.persistent_state import DAY
from firmware.safety.current_monitor import NOTHING
from firmware.safety.sensor_checks import SensorChecks
from firmware.therapy.dose import Fluence
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.faults.hardware import Hardware
from sim.hal_depth import lifecycle
from sim.oracle.design import LIT
from sim.oracle.rules import DAY_CEM43_MIN
from sim.oracle.safety_oracle import SafetyOracle, find_oracle
from sim.run import Run
from sim.scenario.scenario import ordinary, parse
from tests.sim.test_safety_oracle import (
    LIT_S,
    blind,
    fault,
    guard_gone,
    nothing_counted,
    rail_gone,
    until,
    watched,
)

Patch = pytest.MonkeyPatch
STUCK_BANK = fault("fet_stuck_on", 70.0, "A", value=1_060.0)


def count_half(patch: Patch) -> None:
    """The firmware counts half of its light."""
    add = Fluence.add

    def half(self: Fluence, duties: list[int], first: int, ms: int, mc: int) -> None:
        add(self, duties, first, ms // 2, mc)

    patch.setattr(Fluence, "add", half)


def found(run: Run) -> dict[str, str]:
    """Rules that a run with harmful faults broke by its end."""
    run.advance(10**9)
    find_oracle(run).close()
    return {row.rule: row.said for row in find_oracle(run).found}


def again(at_s: float) -> Event:
    """A press of START."""
    return Event(at_s, "press", "START", hold_ms=200)


def lit(*events: Event, duration_s: float = 400.0, **asked: Any) -> Run:
    """A session with these events, and its oracle."""
    plain = ordinary()
    run = Run(replace(
        plain, events=tuple(sorted((*plain.events, *events), key=lambda event: event.at_s)),
        duration_s=duration_s, until_done=False, prescription={**DEFAULT, **asked},
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    return run


# -- light that nothing can end, or nobody can count ----------------------------------------

APART = (fault("enable_stuck", 64.0, for_s=0.5), fault("fet_stuck_on", 70.0, "A", value=850.0,
                                                       for_s=0.02))  # fmt: skip
TOGETHER = (fault("enable_stuck", 64.0), STUCK_BANK)
HUNG = (fault("enable_stuck", 64.0), fault("firmware_hang"))
ALONE = (STUCK_BANK,)
CUT = (fault("brownout"),)


@pytest.mark.parametrize("faults", [APART, TOGETHER, HUNG, ALONE, CUT])
@pytest.mark.parametrize("half", [False, True])
def test_a_firmware_that_counts_half_its_light_is_found_whatever_struck(
    monkeypatch: Patch, faults: tuple[Event, ...], half: bool
) -> None:
    if half:
        count_half(monkeypatch)
    run = watched(*faults, duration_s=80.0)
    assert ("dose short" in found(run)) is half


def test_a_stuck_bank_excuses_no_more_than_it_gives(monkeypatch: Patch) -> None:
    count_half(monkeypatch)
    run = watched(fault("fet_stuck_on", 70.0, "A", value=810.0, for_s=0.9), duration_s=80.0)
    rail_gone(run)
    said = found(run)["dose short"]
    counted, given = (float(word.strip(",")) for word in said.split()[1:4:2])
    assert counted == pytest.approx(given / 2, rel=0.02)


def test_a_bus_that_is_freed_before_light_forbids_none() -> None:
    plain = ordinary()
    press_s = plain.events[0].at_s
    run = Run(replace(
        plain, events=(*plain.events, fault("bus_low", press_s + 4.0)), duration_s=press_s + 30.0,
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    assert found(run) == {} and run.unit.session.state == states.RAMP


@pytest.mark.parametrize("clocks", [True, False])
def test_a_bus_that_is_freed_in_a_pause_forbids_no_resume(monkeypatch: Patch, clocks: bool) -> None:
    if not clocks:  # the part lets go of the bus by itself, and the unit lights before that
        monkeypatch.setattr(Hardware, "clock_sda", lambda self, clocks: None)
        monkeypatch.setattr(Hardware, "silence", lambda *arguments: None)
    run = watched(again(65.0), fault("bus_low", 68.0), again(69.8), duration_s=85.0)
    broken = found(run)
    assert run.unit.session.state in (states.RAMP, states.TREAT)
    assert ("late" in broken) is not clocks


@pytest.mark.parametrize(("late_s", "is_found"), [(63.0, True), (68.0, True)])
def test_late_light_at_another_time_is_found(late_s: float, is_found: bool) -> None:
    stuck = fault("fet_stuck_on", 65.0, "A", value=850.0, for_s=1.0)
    run = until(watched(fault("enable_stuck", 65.0, for_s=1.0), stuck, duration_s=75.0), late_s)
    run.hal.late_j += 0.1
    assert ("after off" in found(run)) is is_found


@pytest.mark.parametrize(("reset", "is_found"), [(True, False), (False, True)])
def test_a_jump_that_a_reset_came_between_is_an_error_that_was_there_before(
    monkeypatch: Patch, reset: bool, is_found: bool
) -> None:
    """What is told by a change cannot be told by a program that has read nothing before."""
    monkeypatch.setattr(SensorChecks, "jump_mc", lambda *arguments: 0)
    cut = [fault("brownout", 64.064, for_s=0.14), again(100.0)] if reset else []
    run = watched(fault("sensors_step", 64.0, "A", value=-2.2), *cut, duration_s=130.0)
    broken = found(run)
    assert run.result()["state"] in LIT
    assert ("late" in broken) is is_found


@pytest.mark.parametrize("at_s", [65.16, 65.18])
def test_a_jump_before_four_control_steps_of_a_boot_is_not_told(at_s: float) -> None:
    jump = fault("sensors_step", at_s, "A", value=-2.2)
    run = watched(fault("soft_reset", 64.06), jump, again(72.0), duration_s=100.0)
    assert "late" not in found(run)


@pytest.mark.parametrize(("first", "is_due"), [("skin_sensor_open", False), ("stuck", True)])
def test_a_wire_that_broke_is_hidden_by_a_reading_that_froze_after_it(
    first: str, is_due: bool
) -> None:
    broken = fault("skin_sensor_open", 64.0 if first == "skin_sensor_open" else 64.3, "B")
    run = watched(broken, fault("skin_sensor_stuck", 64.1, value=0.9), duration_s=75.0)
    assert found(run) == {}
    assert (run.result()["state"] == "PAUSED") is is_due


@pytest.mark.parametrize(("value", "off"), [(0.88, False), (0.07, True)])
def test_a_skin_sensor_that_froze_gives_a_reason_only_where_it_shows_none(
    value: float, off: bool
) -> None:
    """One that shows skin hides a slip until it is let go; one that shows air is a reason to pause
    for 2 s behind it."""
    frozen = fault("skin_sensor_stuck", 64.0, value=value, for_s=0.4 if off else 6.7)
    slip = () if off else (fault("slips", 64.0, "B"),)
    run = watched(frozen, *slip, duration_s=80.0)
    assert "late" not in found(run)
    oracle = find_oracle(run)
    oracle.judge_quiet(0)
    assert [row.rule for row in oracle.found] == []
    assert run.result()["state"] == "PAUSED"


@pytest.mark.parametrize("second", ["firmware_hang", "firmware_exception", "soft_reset"])
def test_power_that_is_lost_is_lost_whatever_the_program_does_in_that_tick(second: str) -> None:
    for both in ((fault("brownout"), fault(second)), (fault(second), fault("brownout"))):
        run = watched(*both, duration_s=75.0)
        assert found(run) == {}
        assert [why for _, why in run.restarts] == ["power-on"]


def test_light_that_two_stuck_switches_give_is_no_late_light() -> None:
    stuck = fault("fet_stuck_on", 65.0, "A", value=850.0, for_s=3.0)
    run = watched(fault("enable_stuck", 65.0, for_s=3.0), stuck, duration_s=75.0)
    assert found(run) == {} and run.hal.late_j > 0.0


# -- a lease that cannot end light -----------------------------------------------------------


@pytest.mark.parametrize(("watchdog_ms", "is_found"), [(500, False), (900, True)])
def test_a_stuck_switch_excuses_a_hang_until_the_watchdog_is_due(
    monkeypatch: Patch, watchdog_ms: int, is_found: bool
) -> None:
    monkeypatch.setattr(lifecycle, "WATCHDOG_ARMED_MS", watchdog_ms)
    assert ("late" in found(watched(*HUNG, duration_s=75.0))) is is_found


EARLIER = [fault("enable_stuck", 62.0, for_s=0.5), fault("soft_reset", 30.0)]


@pytest.mark.parametrize("earlier", EARLIER, ids=lambda event: event.name)
@pytest.mark.parametrize(("lease_ms", "is_found"), [(50, False), (200, True)])
def test_a_lease_that_was_beaten_earlier_excuses_no_later_hang(
    monkeypatch: Patch, earlier: Event, lease_ms: int, is_found: bool
) -> None:
    monkeypatch.setattr("sim.hal_depth.sim_hal.LEASE_MS", lease_ms)
    run = watched(earlier, again(40.0), fault("firmware_hang", 80.0), duration_s=82.0)
    if earlier.name == "enable_stuck":  # its session goes on
        run = watched(earlier, fault("firmware_hang", 80.0), duration_s=82.0)
    until(run, 79.9)
    assert any(run.hal.given())
    assert ("late" in found(run)) is is_found


# -- readings that hide a fault --------------------------------------------------------------


def test_a_frozen_reading_of_one_pad_hides_no_fault_of_the_other() -> None:
    hidden = fault("ntc_short", 70.0, "A", for_s=0.1)
    other = fault("ntc_short", 71.0, "B", for_s=0.3)
    for pads, is_found in ((("A",), True), (("A", "B"), False)):
        stuck = [fault("ntc_stuck", 66.0, pad) for pad in pads]
        run = blind(until(watched(*stuck, hidden, other, duration_s=72.0), LIT_S))
        assert ("late" in found(run)) is is_found


@pytest.mark.parametrize(("froze_s", "is_found"), [(69.9, False), (70.02, True)])
def test_a_reading_that_froze_when_it_showed_the_fault_hides_nothing(
    froze_s: float, is_found: bool
) -> None:
    stuck = fault("ntc_stuck", froze_s, "A")
    run = blind(until(watched(stuck, fault("ntc_open", 70.0, "A"), duration_s=71.0), LIT_S))
    assert ("late" in found(run)) is is_found


def test_a_pad_that_is_unplugged_behind_a_frozen_thermistor_is_silent_all_the_same() -> None:
    unplugged = fault("pad_unplugged", 70.0, "A")
    run = blind(until(watched(fault("ntc_stuck", 66.0, "A"), unplugged, duration_s=72.0), LIT_S))
    unit: Any = run.unit
    unit.rail.judge = lambda *arguments: NOTHING  # nor does it miss the pad's current
    assert found(run)["late"].endswith("after pad_unplugged struck")
    assert [row.bound for row in find_oracle(run).found if row.rule == "late"] == [800]


# -- two faults ------------------------------------------------------------------------------


@pytest.mark.parametrize(("earlier", "bound_c"), [
    (fault("gauge_nak", 61.0, for_s=0.1), 43.0), (fault("alert_broken", 61.0), 43.0),
    (fault("gauge_nak", 61.0), 43.5),
])  # fmt: skip
def test_a_fault_that_is_long_over_allows_no_half_degree_more(
    earlier: Event, bound_c: float
) -> None:
    second = fault("gauge_garbage", 150.0)
    run = blind(until(watched(earlier, second, duration_s=250.0), 160.0))
    for pad in run.plant.pads:
        pad.tissue.change(external_w_m2=3_000.0)
    run.advance(10**9)
    [hot] = [row for row in find_oracle(run).found if row.rule == "hot"]
    assert hot.bound == bound_c < hot.value


# -- heat from outside -----------------------------------------------------------------------

WARMED = fault("hot_skin", 62.0, value=300.0, for_s=5.0)


def test_heat_from_outside_that_is_over_excuses_no_thermal_dose() -> None:
    run = until(watched(WARMED, duration_s=510.0), 500.0)
    for pad in run.plant.pads:
        pad.cem43_min += 2.5
    assert "cem43" in found(run)


def test_heat_from_outside_that_is_over_excuses_no_hot_pad_in_the_dark() -> None:
    run = until(watched(WARMED, again(300.0), duration_s=600.0), 310.0)
    assert run.unit.session.state == states.PAUSED
    for pad in run.plant.pads:  # not by a fault: the unit's own doing
        pad.tissue.change(external_w_m2=2_000.0)
    assert "hot" in found(run)


def test_what_the_unit_itself_adds_is_judged_while_heat_comes_from_outside() -> None:
    """Its boards burn on in the dark: the pad would be too hot without the heat from outside."""
    run = until(watched(fault("hot_skin", 62.0, value=300.0), duration_s=300.0), 100.0)
    guard_gone(run)
    unit: Any = run.unit
    advance = type(run.plant.pads[0].tissue).advance

    def burns(self: Any, light: float, waste: float) -> None:
        advance(self, light, waste + 2_000.0)

    run.hal.off()
    unit.hal.drive = unit.hal.renew_lease = lambda *arguments: None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(run.plant.pads[0].tissue), "advance", burns)
        assert "hot" in found(run)


HEATED_SPOT = """
duration_s = 400
[start]
ambient_c = 31.2
worn = true
perfusion = 0.000842
vasodilation = 5.2
fat_mm = 5.24
air_w_m2k = 8.7
contact_w_m2k = 92.0
back_m2k_w = 0.185
spot = { share = 0.108, perfusion_s = 0.000136, contact_w_m2k = 134.7 }
[prescription]
name = "cool"
irradiance_mw_cm2 = { "810" = 2.05, "850" = 1.0, "940" = 0.0, "1060" = 2.32 }
fluence_j_cm2 = 2.8
max_min = 37
set_point_c = 38.7
light = { mode = "cw" }
[[event]]
at_s = 4.7
press = "START"
[[event]]
at_s = 60
fault = "alert_broken"
[[event]]
at_s = 197
fault = "hot_skin"
pad = "B"
value = 990
[[event]]
at_s = 197.5
press = "START"
[[event]]
at_s = 234.9
press = "START"
"""


@pytest.mark.parametrize("works", [True, False])
def test_a_spot_that_is_heated_from_outside_is_judged_where_the_sensors_are(works: bool) -> None:
    """The spot's face is some tenths of a degree hotter than what any sensor feels: the unit ends
    its light by the sensors, at 42.5 C."""
    run = Run(parse(HEATED_SPOT, "heated"))
    run.oracle = SafetyOracle(run)
    if not works:
        guard_gone(run)
    hottest_c = 0.0
    while run.advance(1):
        if run.hal.gives_light():
            hottest_c = max(hottest_c, run.plant.pads[1].hottest_contact_c())
    assert hottest_c > 43.0
    assert ("hot" in found(run)) is not works


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("heat_w_m2", [0.0, 1.0])
def test_hardly_any_heat_from_outside_excuses_no_pressed_spot(
    works: bool, heat_w_m2: float
) -> None:
    """Whatever comes first: the twin is pressed as the pad is."""
    start = Start(ambient_c=23.0, perfusion=0.006, vasodilation=8.0, fat_mm=10.0)
    bright = dict.fromkeys(("810", "850", "940", "1060"), 5.4)
    events = (fault("hot_skin", 50.0, "A", value=heat_w_m2),
              fault("pressure_spot", 60.0, "A", value=0.0))  # fmt: skip
    plain = ordinary()
    run = Run(replace(
        plain, events=(*plain.events, *events), duration_s=1_500.0, until_done=False, start=start,
        prescription={**DEFAULT, "irradiance_mw_cm2": bright, "fluence_j_cm2": 60, "max_min": 40},
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    if not works:
        unit: Any = run.unit
        unit.session.watch_heat = lambda *arguments: None
        for pad in unit.pads:
            pad.lowered_mc = 0
            pad.regulate = lambda *arguments: 65_536
    broken = found(run)
    assert bool({"hot", "cem43"} & set(broken)) is not works


def test_light_goes_on_for_no_more_thermal_dose_of_the_face_while_heat_comes() -> None:
    run = until(watched(fault("hot_skin", 62.0, value=310.0), duration_s=1_300.0), LIT_S)
    unit: Any = blind(run).unit
    unit.session.watch_heat = lambda *arguments: None
    for pad in unit.pads:
        pad.fit = lambda *arguments: None
        pad.regulate = lambda *arguments: 4_000
    assert "cem43" in found(run)


# -- what is kept over a reset ---------------------------------------------------------------


@pytest.mark.parametrize("counts", [True, False])
def test_a_session_that_a_reset_cut_is_judged_for_its_dose(counts: bool) -> None:
    run = watched(fault("firmware_hang"), duration_s=75.0)
    if not counts:
        nothing_counted(run)
    assert ("dose short" in found(run)) is not counts


def test_a_session_without_light_is_not_compared_with_the_light_before_it() -> None:
    off_and_on = (Event(60.0, "set", "worn", value=0.0), Event(66.0, "set", "worn", value=1.0))
    stopped = (again(70.0), again(72.0), Event(76.0, "press", "START", hold_ms=1_900))
    run = lit(*off_and_on, *stopped, again(90.0), duration_s=100.0, fluence_j_cm2=0.1)
    assert found(run) == {}
    assert [row["reason"] for row in run.result()["sessions"]] == ["dose", "stopped"]
    assert sum(pad["810"] for pad in run.result()["true_fluence_j_cm2"].values()) > 0.0


def test_a_session_that_the_journal_does_not_keep_is_found() -> None:
    run = until(watched(fault("brownout"), duration_s=75.0), LIT_S)
    run.hal.files["journal.0"] = b""
    assert found(run)["kept"].startswith("the journal keeps 0.0000")


JUMPS = [
    (fault("clock_jump", 64.0, value=1.0), False), (fault("clock_jump", 64.0, value=-1.0), True),
    (fault("clock_jump", 64.0, value=1.0, for_s=2.0), True),
]  # fmt: skip


@pytest.mark.parametrize(("jump", "is_found"), JUMPS)
def test_a_day_that_is_forgotten_is_excused_by_a_clock_that_is_ahead_and_by_no_other(
    jump: Event, is_found: bool
) -> None:
    run = until(watched(jump, fault("brownout"), duration_s=75.0), LIT_S)
    day = json.loads(run.hal.files[DAY])
    day["treat_ms"] = 0
    run.hal.files[DAY] = json.dumps(day).encode()
    assert ("kept" in found(run)) is is_found


def test_warmth_of_the_day_that_a_reset_loses_is_found() -> None:
    run = until(watched(fault("brownout"), duration_s=75.0), LIT_S)
    for pad in run.plant.pads:
        pad.cem43_min += DAY_CEM43_MIN - 1.0
    assert "kept" in found(run)


# -- what the unit claims of its state -------------------------------------------------------


@pytest.mark.parametrize("claimed", [states.CHECK, states.RAMP])
def test_a_state_that_is_claimed_gives_a_stuck_switch_no_more_time(claimed: int) -> None:
    run = watched(fault("fet_stuck_on", pad="A", value=850.0), duration_s=73.0)
    rail_gone(run)
    session: Any = run.unit.session
    oracle = find_oracle(run)
    state = states.STATES[claimed]
    claims: Any = oracle.claims
    read = claims.read_state
    claims.read_state = lambda: state if read() == "TREAT" else read()
    assert session.state == states.TREAT
    run.advance(10**9)
    [late] = [row for row in oracle.found if row.rule == "late"]
    assert (late.value, late.bound) == (1_000, 1_000)
