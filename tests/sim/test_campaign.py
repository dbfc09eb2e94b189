"""Random sessions with random faults: the same for a name wherever they run, judged by the
physics, and able to find firmware that was broken on purpose."""

from dataclasses import asdict
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.limits import WORN_MS
from firmware.safety import gate, guard, wear
from firmware.therapy import pad
from sim.campaign import cases as campaign
from sim.campaign.cases import Base, Breach, Tally
from sim.common.story import Event
from sim.oracle.rules import Violation
from sim.physics.plant import STEP_MS
from sim.run import Run
from sim.scenario.scenario import parse
from sim.scenario.toml_writer import to_toml

SEED = 504  # its first two sessions are short, and soon lit
NAME = f"{SEED}-1"
CLOCKWORK = ("wall_s", "realtime_factor")


@cache
def whole() -> Base:
    """One session and the states that it was in."""
    return campaign.run_whole_session(Tally(), NAME)


def told(run: Run) -> dict[str, Any]:
    """A run's result, but for what the machine has to do with."""
    return {key: value for key, value in run.result().items() if key not in CLOCKWORK}


def verdict(tally: Tally) -> dict[str, Any]:
    """All of a tally, but for what the machine has to do with."""
    return {**asdict(tally), "cpu_ms": None}


def test_a_session_has_all_its_cases_and_breaks_no_rule() -> None:
    tally = campaign.run_session_cases(SEED, 1, faulty=12, quiet=6)
    assert tally.broken == []
    assert dict(tally.cases) == {
        "sessions": 1, "sessions with faults": 1, "fault windows": 12, "quiet windows": 6,
    }  # fmt: skip
    assert tally.told_ms["quiet windows"] == 6 * 200_000
    assert sum(tally.struck.values()) >= 13
    assert verdict(campaign.run_session_cases(SEED, 1, faulty=12, quiet=6)) == verdict(tally)


@pytest.mark.parametrize("case", [f"{NAME}-f{k}" for k in range(4)] + [f"{NAME}-q1", f"{NAME}-s"])
def test_a_case_written_as_a_scenario_and_run_from_power_on_is_the_same_to_the_last_digit(
    case: str,
) -> None:
    run = campaign.run_window(Tally(), case, whole(), True)
    read = parse(to_toml(run.scenario), f"{NAME}.toml")
    anew = Run(read)
    anew.advance(10**9)
    assert told(anew) == told(run)


def test_one_case_alone_is_what_it_was_among_others() -> None:
    among = Tally()
    run = campaign.run_window(among, f"{NAME}-f2", whole(), True)
    alone, found = campaign.rerun_case(f"{NAME}-f2")
    assert told(alone) == told(run)
    assert found == [row.violation for row in among.broken]
    session, _ = campaign.rerun_case(NAME)
    assert told(session) == told(whole().run)


BLOOD_C = 36.5  # dark skin that was cold warms so far by itself


@given(st.integers(0, 10**6))
@example(289)  # switched off and on: its control steps do not begin with its scenario
@example(118)  # a battery that ended: the unit switches itself off
@settings(max_examples=20)
def test_a_window_left_at_rest_would_have_come_to_the_same_in_the_end(number: int) -> None:
    case = f"{NAME}-f{number}"
    early, late = Tally(), Tally()
    left = campaign.run_window(early, case, whole())
    run = campaign.run_window(late, case, whole(), True)
    assert early.broken == late.broken
    assert early.slowest == late.slowest
    for kind, (peak_c, _) in late.hottest.items():
        assert early.hottest[kind][0] == peak_c or peak_c < BLOOD_C
    assert late.told_ms == late.run_ms
    if run.unit.session.state == states.OFF:  # it switched itself off: the run is over
        assert late.told_ms.total() <= early.told_ms.total()
    else:  # a run ends with a control step
        assert 0 <= late.told_ms.total() - early.told_ms.total() < STEP_MS
    assert told(left)["fluence_j_cm2"] == told(run)["fluence_j_cm2"]
    # what is latched later, in the dark and with nobody there, ends nothing
    assert told(left)["faults"] == told(run)["faults"][: len(told(left)["faults"])]


def test_some_windows_are_left_at_rest_and_one_in_twenty_is_not() -> None:
    cases = [f"{NAME}-f{k}" for k in range(1, campaign.WHOLE_ONE_IN)]
    tally = Tally()
    for case in cases:
        campaign.run_window(tally, case, whole())
    assert 0 < tally.rested < len(cases)
    assert tally.run_ms["fault windows"] < tally.told_ms["fault windows"]
    before = tally.rested
    for k in (0, 1, 2):
        campaign.run_window(tally, f"{NAME}-f{k * campaign.WHOLE_ONE_IN}", whole())
    assert tally.rested == before


def test_a_unit_that_may_light_up_by_itself_is_not_at_rest() -> None:
    run = Run(whole().run.scenario)
    run.advance(5)
    assert not campaign.is_at_rest(run)  # START is still to come
    run.continue_with((), 100.0)
    run.advance(10)
    assert campaign.is_at_rest(run)
    run.plant.pads[0].tissue.change(external_w_m2=100.0)
    assert not campaign.is_at_rest(run)


def test_tallies_add_up_in_any_order() -> None:
    parts = []
    for k in range(3):
        part = Tally()
        campaign.run_window(part, f"{NAME}-f{k}", whole())
        part.broken.append(Breach(f"{NAME}-f{k}", Violation("hot", 1.0, 44.0, 43.0, "hot")))
        parts.append(part)
    one, other = Tally(), Tally()
    for part in parts:
        one.add(part)
    for part in reversed(parts):
        other.add(part)
    one.broken.sort()
    other.broken.sort()
    assert verdict(one) == verdict(other)
    assert one.cases["fault windows"] == 3 and len(one.broken) == 3


HARMLESS = [
    ("gauge_nak", None, True), ("alert_broken", None, True), ("ntc_noise", 0.5, True),
    ("ntc_noise", 0.6, False), ("ntc_open", None, False), ("led_open", 810.0, False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "right"), HARMLESS)
def test_what_must_not_stop_a_session_is_told_from_what_may(
    name: str, value: float | None, right: bool
) -> None:
    fault = Event(10.0, "fault", name, value=value)
    assert campaign.are_harmless((fault,), 5.0) == right
    assert not campaign.are_harmless((fault,), 10.0)  # it struck before
    assert not campaign.are_harmless((fault, Event(11.0, "press", "START", hold_ms=100)), 5.0)


def test_currents_that_add_up_in_a_lamp_test_may_stop_a_session() -> None:
    drivers, offset = (Event(10.0, "fault", "led_gain", value=0.87),
                       Event(10.6, "fault", "rail_offset", value=-1.0))  # fmt: skip
    assert campaign.are_harmless((drivers,), 5.0) and campaign.are_harmless((offset,), 5.0)
    assert not campaign.are_harmless((drivers, offset), 5.0)
    over = Event(10.0, "fault", "led_gain", value=0.87, for_s=0.5)
    assert campaign.are_harmless((over, offset), 5.0)


def test_whatever_a_case_raises_is_a_breach_of_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(*arguments: object) -> None:
        raise ZeroDivisionError("by the test")

    tally, case = Tally(), f"{NAME}-f1"
    monkeypatch.setattr("sim.oracle.safety_oracle.SafetyOracle.close", judge)
    campaign.run_timed(tally, case, lambda: campaign.run_window(tally, case, whole()))
    [breach] = tally.broken
    assert (breach.case, breach.violation.rule) == (case, "raised")
    assert breach.violation.said == "ZeroDivisionError: by the test"


def always_worn(self: wear.WearDetector, step_ms: int, state: int) -> None:
    """Every sign is there, whatever the sensors say."""
    self.lost, self.worn_ms = False, WORN_MS


SABOTAGE = {
    "a guard that looks away": (guard.Guard, "check", lambda self: 0),
    "a gate that does not shut": (gate.Gate, "shut", lambda self, ms: None),
    "sensors that are not judged": (pad.Pad, "judge", lambda self, *arguments: None),
    "a belt that is always worn": (wear.WearDetector, "sense", always_worn),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_firmware_that_was_broken_on_purpose_breaks_a_rule(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = whole()
    monkeypatch.setattr(*SABOTAGE[what])
    for number in range(150):
        tally = Tally()
        campaign.run_window(tally, f"{NAME}-f{number}", saved)
        if tally.broken:
            return
    raise AssertionError("nothing was found")


def test_a_fault_that_may_be_taken_for_another_may_end_a_session() -> None:
    """A board thermometer that runs away, or that stands still while the face cools, looks like a
    loose contact; pads that differ jump."""
    for name, value, harmless in (
        ("board_sensor_drift", 0.3, True), ("board_sensor_drift", -0.3, True),
        ("board_sensor_drift", 5.0, False), ("board_sensor_drift", -5.0, False),
        ("pads_swapped", None, False), ("board_sensor_stuck", None, False),
        ("clock_lost", None, True),
    ):  # fmt: skip
        assert campaign.is_harmless(Event(1.0, "fault", name, None, value)) == harmless, name
