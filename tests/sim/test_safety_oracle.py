"""Safety oracle: silent on a sound unit, and each of its rules can be broken.

A unit is spoiled by hand, in the firmware, in the plant or at the HAL; the oracle must name the
rule.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from firmware.core import states
from firmware.core.inputs import BUCKLE
from firmware.core.limits import LEASE_MS, SESSION_DAY_MAX_MS
from firmware.records.persistent_state import DAY
from firmware.ui.button_actions import ButtonActions
from sim.campaign.snapshot import Snapshot
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.faults.injectors import INJECT
from sim.oracle.rules import RULES
from sim.oracle.safety_oracle import SafetyOracle, find_oracle
from sim.run import Run
from sim.scenario.scenario import ordinary

FULL = 65_535
LIT_S = 60.0  # by then an ordinary session is in TREAT


def watched(*events: Event, duration_s: float = 90.0, **start: Any) -> Run:
    """An ordinary session with these events besides, and its oracle."""
    plain = ordinary()
    every = tuple(sorted((*plain.events, *events), key=lambda event: event.at_s))
    run = Run(
        replace(plain, events=every, duration_s=duration_s, until_done=False, start=Start(**start))
    )
    run.oracle = SafetyOracle(run)
    return run


def until(run: Run, t_s: float) -> Run:
    """Run on until then."""
    run.advance(int(5 * (t_s - run.t_s)))
    return run


def broken(run: Run) -> dict[str, str]:
    """Which rules the run broke by its end."""
    run.advance(10**9)
    oracle = find_oracle(run)
    oracle.judge_quiet(0)
    oracle.close()
    return {row.rule: row.said for row in oracle.found}


def fault(name: str, at_s: float = 70.0, pad: str | None = None, **fields: Any) -> Event:
    return Event(at_s, "fault", name, pad, **fields)


def blind(run: Run) -> Run:
    """The guard sees nothing any more, nor do sensors judge each other."""
    unit: Any = run.unit
    unit.guard.check = lambda: 0
    for pad in unit.pads:
        pad.judge = lambda *arguments: None
    return run


# -- how to spoil a unit, by the rule that this breaks -----------------------------------


def hot(run: Run) -> None:
    for pad in blind(until(run, LIT_S)).plant.pads:
        pad.tissue.change(external_w_m2=3_000.0)


def light_by_hand(run: Run) -> None:
    until(run, 5.0)
    run.hal.drive(0, FULL)
    run.hal.renew_lease()


def resumed_by_itself(run: Run) -> None:
    until(run, LIT_S)
    session = run.unit.session
    session.post(states.PRESS)
    run.advance(5)
    assert session.state == states.PAUSED
    session.post(states.RESUME)


def off_skin_with_the_buckle_closed(run: Run) -> None:
    wear: Any = until(run, LIT_S).unit.wear
    wear.sense = lambda *arguments: None
    for pad in run.plant.pads:
        pad.cover(0.0)
    assert run.hardware.pins & BUCKLE


def resumed_without_the_worn_test(run: Run) -> None:
    until(run, LIT_S)
    unit: Any = run.unit
    unit.actions._why_no_resume = lambda: states.NOTHING


def guard_gone(run: Run) -> None:
    pads: Any = blind(until(run, LIT_S)).unit.pads
    for pad in pads:
        pad.regulate = lambda *arguments: 65_536


def rail_gone(run: Run) -> None:
    unit: Any = until(run, LIT_S).unit
    unit.rail.judge = lambda *arguments: None


def gate_misreports_its_duties(run: Run) -> None:
    """The current monitor is gone, and the gate says that every bank is asked for in full: by
    its word a switch that sticks adds nothing."""
    rail_gone(run)
    unit: Any = run.unit
    gate = unit.gate
    passes = gate.pass_out

    def pass_out(permitted: bool, ms: int) -> None:
        passes(permitted, ms)
        gate.out = [FULL] * len(gate.out)

    gate.pass_out = pass_out


def late_light(run: Run) -> None:
    until(run, LIT_S)
    run.hal.late_j = 0.5


def nothing_counted(run: Run) -> None:
    for pad in until(run, 30.0).unit.pads:
        fluence: Any = pad.fluence
        fluence.add = lambda *arguments: None


def asked_for_less(run: Run) -> None:
    until(run, LIT_S)
    little = {**run.scenario.prescription, "fluence_j_cm2": 0.1}
    run.scenario = replace(run.scenario, prescription=little)


def asked_of_other_banks(run: Run) -> None:
    until(run, LIT_S)
    banks = {"810": 0.0, "850": 5.0, "940": 2.5, "1060": 2.5}
    others = {**run.scenario.prescription, "irradiance_mw_cm2": banks}
    run.scenario = replace(run.scenario, prescription=others)


def heated_before(run: Run) -> None:
    until(run, 500.0)
    for pad in run.plant.pads:
        pad.cem43_min += 2.5


def asked_for_fewer_minutes(run: Run) -> None:
    find_oracle(until(run, LIT_S)).day.most_ms = 12_000.0


def lit_for_an_hour_before(run: Run) -> None:
    find_oracle(until(run, LIT_S)).day.lit_ms += SESSION_DAY_MAX_MS


def heated_all_day(run: Run) -> None:
    until(run, 500.0)
    for pad in run.plant.pads:
        pad.cem43_min += 4.5


def day_is_lost(run: Run) -> None:
    day = json.loads(until(run, LIT_S).hal.files[DAY])
    day["treat_ms"] = 0
    run.hal.files[DAY] = json.dumps(day).encode()


def sensor_breaks_unseen(run: Run) -> None:
    until(run, LIT_S)
    INJECT["ntc_open"](run.hardware, fault("ntc_open", pad="A"), True)


def gone_off(run: Run) -> None:
    until(run, LIT_S)
    run.unit.session.post(states.TIME)


def firmware_raised(run: Run) -> None:
    until(run, LIT_S)
    run.raised.append((LIT_S, "ValueError()"))


Spoil = Callable[[Run], None]
SPOILED: list[tuple[str, Spoil, tuple[Event, ...], float]] = [
    ("hot", hot, (), 120.0),
    ("state", light_by_hand, (), 6.0),
    ("unasked", resumed_by_itself, (), 90.0),
    ("unworn", off_skin_with_the_buckle_closed, (), 63.0),
    ("off body", off_skin_with_the_buckle_closed, (), 66.0),
    (
        "not worn",
        resumed_without_the_worn_test,
        (
            Event(70.0, "set", "buckled", value=False),
            Event(72.0, "set", "buckled", value=True),
            Event(74.0, "press", "START", hold_ms=200),
        ),
        80.0,
    ),
    ("late", guard_gone, (fault("charger_plugged"), fault("ntc_open", 65.0, "A")), 75.0),
    ("sensed", guard_gone, (fault("hot_skin", 390.0, value=1_500.0),), 470.0),
    ("empty", guard_gone, (fault("battery_sag", value=4.0),), 75.0),
    ("apart", guard_gone, (fault("ntc_drift", pad="A", value=-10.0),), 100.0),
    ("open bank", rail_gone, (fault("led_open", pad="A", value=850.0),), 75.0),
    ("late", rail_gone, (fault("fet_stuck_on", pad="A", value=850.0),), 75.0),
    ("late", gate_misreports_its_duties, (fault("fet_stuck_on", pad="A", value=850.0),), 75.0),
    ("after off", late_light, (), 70.0),
    ("dose short", nothing_counted, (), 90.0),
    ("dose over", asked_for_less, (), 90.0),
    ("bank over", asked_of_other_banks, (), 120.0),
    ("cem43", heated_before, (), 510.0),
    ("long", asked_for_fewer_minutes, (), 90.0),
    ("day light", lit_for_an_hour_before, (), 65.0),
    ("day cem43", heated_all_day, (), 510.0),
    ("kept", day_is_lost, (fault("brownout"),), 75.0),
    ("false trip", sensor_breaks_unseen, (), 70.0),
    ("end", gone_off, (), 70.0),
    ("raised", firmware_raised, (), 62.0),
]


@pytest.mark.parametrize(
    ("rule", "spoil", "events", "duration_s"), SPOILED, ids=[row[1].__name__ for row in SPOILED]
)
def test_a_spoiled_unit_breaks_the_rule(
    rule: str, spoil: Spoil, events: tuple[Event, ...], duration_s: float
) -> None:
    run = watched(*events, duration_s=duration_s)
    spoil(run)
    assert rule in broken(run)


def test_a_start_with_a_stuck_button_that_is_not_refused_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ButtonActions, "is_stuck", lambda self: False)
    run = watched(fault("button_stuck", 1.0, button="UP"), duration_s=40.0)
    assert broken(run) == {"not refused": "button_stuck had been there for 9.22 s"}


def test_every_rule_can_be_broken() -> None:
    assert {row[0] for row in SPOILED} | {"not refused"} == set(RULES)


def test_an_ordinary_session_breaks_no_rule_to_its_end() -> None:
    run = Run(ordinary())
    run.oracle = SafetyOracle(run)
    assert broken(run) == {}
    assert run.result()["reason"] == "dose"


SOUND = [
    fault("ntc_open", pad="A"), fault("ntc_short", pad="B"), fault("contact_lost"),
    fault("board_sensor_lost"), fault("charger_plugged"), fault("unworn"), fault("i2c_hang"),
    fault("pad_unplugged", pad="B"), fault("battery_sag", value=4.0), fault("firmware_hang"),
    fault("firmware_exception"), fault("brownout"), fault("host_attach"), fault("soft_reset"),
    fault("enable_stuck"), fault("alert_broken"), fault("gauge_nak"), fault("no_perfusion"),
]  # fmt: skip


@pytest.mark.parametrize("event", SOUND, ids=lambda event: event.name)
def test_a_sound_unit_that_a_fault_strikes_breaks_no_rule(event: Event) -> None:
    run = watched(event, duration_s=75.0)
    run.advance(10**9)
    find_oracle(run).close()
    assert find_oracle(run).found == []


def test_skin_that_is_burnt_from_outside_in_the_dark_is_not_the_units_doing() -> None:
    run = watched(fault("hot_skin", value=2_000.0), duration_s=160.0)
    run.advance(10**9)
    find_oracle(run).close()
    assert max(pad.max_contact_c for pad in run.plant.pads) > 44.0
    assert run.unit.session.state == states.FAULT
    assert find_oracle(run).found == []


def test_two_switches_that_stick_leave_nothing_to_open_and_are_judged_by_heat_alone() -> None:
    run = watched(
        fault("enable_stuck"), fault("fet_stuck_on", pad="A", value=1_060.0), duration_s=300.0
    )
    run.advance(10**9)
    find_oracle(run).close()
    assert any(run.hal.given())
    assert find_oracle(run).found == []


def test_a_press_in_the_very_tick_in_which_a_resume_lights_is_no_light_unasked() -> None:
    run = until(watched(), LIT_S)
    for after_s in range(40, 80, 2):
        fork = Snapshot(run).fork()
        at_s = (LIT_S + 1.0, LIT_S + 4.0, LIT_S + 4.0 + after_s / 100)
        fork.continue_with(
            tuple(Event(s, "press", "START", hold_ms=160) for s in at_s), LIT_S + 6.0
        )
        assert broken(fork) == {}


def test_an_hour_of_light_in_a_day_is_an_end_that_is_due() -> None:
    """Both are told of earlier light, the unit and its judge, which saw 50 s of this session."""
    run = until(watched(duration_s=80.0), LIT_S)
    run.unit.session.day_treat_ms = SESSION_DAY_MAX_MS - 5_000
    find_oracle(run).dose.day_lit_ms += SESSION_DAY_MAX_MS - 50_000
    assert broken(run) == {}
    assert states.REASONS[run.unit.session.reason] == "day_limit"


def test_an_hour_that_the_unit_alone_counted_is_no_end_that_is_due() -> None:
    run = until(watched(duration_s=80.0), LIT_S)
    run.unit.session.day_treat_ms = SESSION_DAY_MAX_MS - 5_000
    assert broken(run) == {"end": "day_limit ended TREAT at 64.98 s"}


def test_a_session_as_long_as_prescribed_is_an_end_that_is_due() -> None:
    plain = ordinary()
    course = {**plain.prescription, "max_min": 1}
    run = Run(replace(plain, prescription=course, duration_s=100.0, until_done=False))
    run.oracle = SafetyOracle(run)
    assert broken(run) == {}
    assert run.result()["reason"] == "time"


def test_minutes_that_the_unit_miscounts_are_no_end_that_is_due() -> None:
    run = until(watched(duration_s=80.0), LIT_S)
    run.unit.session.treat_ms = 30 * 60_000 - 5_000
    assert broken(run) == {"end": "time ended TREAT at 64.98 s"}


def test_an_oracle_is_copied_with_its_run() -> None:
    run = until(watched(), LIT_S)
    fork = Snapshot(run).fork()
    fork.continue_with((), 80.0)
    assert find_oracle(fork) is not run.oracle and find_oracle(fork).run is fork
    assert broken(fork) == {} == broken(run)


@pytest.mark.parametrize(("lease_ms", "late"), [(LEASE_MS, False), (200, True)])
@pytest.mark.parametrize("for_s", [0.03, 0.104, 0.12])
def test_a_lease_that_was_beaten_by_a_stuck_switch_is_asked_for_once_it_is_free(
    monkeypatch: pytest.MonkeyPatch, lease_ms: int, late: bool, for_s: float
) -> None:
    monkeypatch.setattr("sim.hal_depth.sim_hal.LEASE_MS", lease_ms)
    events = (fault("enable_stuck", for_s=for_s), fault("firmware_hang", for_s=1.0))
    assert ("late" in broken(watched(*events, duration_s=72.0))) is late


@pytest.mark.parametrize(("frozen", "late"), [("A", False), ("B", True)])
@pytest.mark.parametrize(("freezes", "hidden", "for_s"), [
    ("ntc_stuck", "ntc_short", 0.17), ("contact_stuck", "contact_garbage", 0.89),
])  # fmt: skip
def test_what_a_frozen_reading_hides_counts_from_when_it_is_let_go(
    frozen: str, late: bool, freezes: str, hidden: str, for_s: float
) -> None:
    stuck = fault(freezes, pad=frozen, for_s=0.1)
    other = fault(hidden, pad="A", for_s=for_s)
    both = (stuck, other) if freezes == "ntc_stuck" else (other, stuck)  # the later one freezes
    run = blind(until(watched(*both, duration_s=72.0), LIT_S))
    run.advance(10**9)
    assert ("late" in {row.rule for row in find_oracle(run).found}) is late
