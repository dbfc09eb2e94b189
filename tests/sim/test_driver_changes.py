"""Drivers that change excuse what no current shows, and no more: sound and broken firmware.

`sim/oracle/driver_changes.py` sums up what drivers give beside their last lamp test.
"""

from typing import Any

import pytest

from firmware.safety import current_monitor
from firmware.therapy.dose import Fluence
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.oracle.safety_oracle import SafetyOracle, find_oracle
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.sim.test_excuses import Patch, again, found, lit
from tests.sim.test_safety_oracle import fault, rail_gone


@pytest.mark.parametrize("light", [
    {"mode": "cw"}, {"mode": "gated", "rate_hz": 10, "on_ms": 40},
])  # fmt: skip
@pytest.mark.parametrize("ratio", [0.87, 1.05, 1.13])
@pytest.mark.parametrize("deaf", [False, True])
def test_drivers_that_change_excuse_three_percent(
    monkeypatch: Patch, light: dict[str, object], ratio: float, deaf: bool
) -> None:
    if deaf:
        monkeypatch.setattr(current_monitor, "APART", 1)
    plain = ordinary()
    run = Run(replace(
        plain, events=(*plain.events, fault("led_gain", 64.0, value=ratio)), duration_s=400.0,
        until_done=False, prescription={**DEFAULT, "light": light},
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    rules_broken = set(found(run))
    assert rules_broken == ({"dose short"} if deaf and ratio > 1.0 else set())


@pytest.mark.parametrize(("ratio", "deaf", "is_found"), [
    (1.096, False, False), (1.13, True, True),
])  # fmt: skip
def test_in_slow_pulses_a_driver_excuses_a_sixteenth_more(
    monkeypatch: Patch, ratio: float, deaf: bool, is_found: bool
) -> None:
    if deaf:
        monkeypatch.setattr(current_monitor, "PULSE_HZ", 1_000)
        monkeypatch.setattr(current_monitor, "PULSES_APART", 1)
    plain = ordinary()
    run = Run(replace(
        plain, events=(*plain.events, fault("led_gain", 64.0, value=ratio)), duration_s=400.0,
        until_done=False,
        prescription={**DEFAULT, "light": {"mode": "pulse", "rate_hz": 115}},
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    assert ("dose short" in found(run)) is is_found


def counts_less(patch: Patch, share: float) -> None:
    """The firmware counts this share of its light less than it gives."""
    add = Fluence.add
    patch.setattr(
        Fluence, "add", lambda self, duties, first, ms, mc: add(
            self, duties, first, int(ms * (1.0 - share)), mc)
    )  # fmt: skip


def drivers(at_s: float, pad: str | None, ratio: float, for_s: float | None = None) -> Event:
    """Drivers change."""
    return Event(at_s, "fault", "led_gain", pad, ratio, for_s)


OPPOSITE = (drivers(64.0, "A", 1.14, 0.02), drivers(64.0, "B", 0.86, 0.02))
AGAIN_AND_AGAIN = tuple(
    drivers(60.0 + 3 * k, None, (1.14, 0.86)[k % 2], 0.02) for k in range(80)
)  # fmt: skip
STRONG = dict.fromkeys(("810", "850", "940", "1060"), 2.5)
WEAK = {**dict.fromkeys(STRONG, 0.0), "850": 0.2}
TWO_STEPS: dict[str, object] = {
    "format": 2, "name": "weak, then strong", "max_min": 30, "set_point_c": 40.5,
    "sessions_a_day": 1,
    "step": [
        {"pads": "AB", "irradiance_mw_cm2": WEAK, "light": {"mode": "cw"}, "minutes": 1.0},
        {"pads": "AB", "irradiance_mw_cm2": STRONG, "light": {"mode": "cw"}, "fluence_j_cm2": 6},
    ],
}  # fmt: skip


@pytest.mark.parametrize(("events", "asked", "share"), [
    (OPPOSITE, {}, 0.1),
    ((drivers(64.0, "A", 1.12, 0.02),), {"light": {"mode": "pulse", "rate_hz": 115}}, 0.1),
    (AGAIN_AND_AGAIN, {"light": {"mode": "gated", "rate_hz": 10, "on_ms": 60}}, 0.1),
])  # fmt: skip
@pytest.mark.parametrize("broken", [False, True])
def test_a_short_change_excuses_what_it_gave_and_no_more(
    monkeypatch: Patch, events: tuple[Event, ...], asked: dict[str, Any], share: float,
    broken: bool,
) -> None:  # fmt: skip
    if broken:
        counts_less(monkeypatch, share)
    assert ("dose short" in found(lit(*events, **asked))) is broken


@pytest.mark.parametrize("changes", [
    (drivers(300.0, None, 1.14, 1.0),),
    (drivers(64.0, None, 1.14, 1.0), drivers(300.0, None, 1.14, 1.0)),
])  # fmt: skip
def test_a_change_excuses_nothing_of_the_light_before_it(changes: tuple[Event, ...]) -> None:
    run = lit(*changes, duration_s=320.0)
    assert found(run) == {}
    excused = find_oracle(run).dose._drivers.unseen_j_cm2
    assert all(0.0 < j_cm2 < 0.003 * len(changes) for j_cm2 in excused)  # 1.4 mW/cm2 for a second


@pytest.mark.parametrize("deaf", [False, True])
def test_a_weak_step_excuses_no_strong_one(monkeypatch: Patch, deaf: bool) -> None:
    if deaf:
        monkeypatch.setattr(current_monitor, "APART", 1)
    plain = ordinary()
    run = Run(replace(
        plain, events=(*plain.events, drivers(150.0, None, 1.14)), duration_s=600.0,
        until_done=False, prescription=TWO_STEPS,
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    assert ("dose short" in found(run)) is deaf


@pytest.mark.parametrize("deaf", [False, True])
def test_the_lamp_test_of_a_resume_sees_drivers_that_changed_in_the_pause(
    monkeypatch: Patch, deaf: bool
) -> None:
    events = (again(70.0), drivers(75.0, "A", 1.14), drivers(75.0, "B", 0.86), again(80.0))
    if deaf:
        correct, calls = Fluence.correct, []

        def only_at_first(self: Fluence, *arguments: Any) -> None:
            calls.append(self)
            if len(calls) <= 8:
                correct(self, *arguments)

        monkeypatch.setattr(Fluence, "correct", only_at_first)
    assert ("dose short" in found(lit(*events, duration_s=600.0))) is deaf


@pytest.mark.parametrize(("events", "asked"), [
    ((drivers(18.0, "A", 1.07),), {"irradiance_mw_cm2": dict.fromkeys(STRONG, 0.4)}),
    ((drivers(0.5, "A", 0.89, 59.5),), {"light": {"mode": "pulse", "rate_hz": 115}}),
    ((drivers(64.0, "A", 1.1015),), {"light": {"mode": "pulse", "rate_hz": 199}}),
    ((drivers(64.0, "A", 1.07), drivers(200.0, "A", 1.134)),
     {"light": {"mode": "pulse", "rate_hz": 115}}),
    ((drivers(64.0, "B", 1.138), fault("rail_offset", 64.2, value=-0.716)),
     {"irradiance_mw_cm2": {**dict.fromkeys(STRONG, 0.0), "940": 0.665}}),
    ((drivers(15.3, "B", 1.1),), {"irradiance_mw_cm2": {**dict.fromkeys(STRONG, 0.0),
                                                         "810": 0.15, "940": 1.53}}),
])  # fmt: skip
def test_a_sound_unit_is_not_blamed_for_what_no_current_shows(
    events: tuple[Event, ...], asked: dict[str, Any]
) -> None:
    """In the ramp, at the end of a change, in slow pulses, and within a lamp test."""
    assert found(lit(*events, **{"fluence_j_cm2": 60.0, "max_min": 40, **asked})) == {}


@pytest.mark.parametrize("deaf", [False, True])
def test_a_monitor_that_lost_its_set_up_shows_a_stuck_switch_once_it_has_it_again(
    deaf: bool,
) -> None:
    events = (fault("rail_reset", 65.0), fault("fet_stuck_on", 65.0, "A", value=850.0))
    light = {"mode": "gated", "rate_hz": 25.0, "on_ms": 20}
    run = lit(*events, duration_s=85.0, light=light)
    if deaf:
        rail_gone(run)
    assert ("late" in found(run)) is deaf


@pytest.mark.parametrize(("opens_s", "forgets", "is_found"), [
    (31.0, False, False), (150.0, False, False), (150.0, True, True),
])  # fmt: skip
def test_a_string_that_opens_excuses_what_was_not_seen_and_no_more(
    monkeypatch: Patch, opens_s: float, forgets: bool, is_found: bool
) -> None:
    if forgets:  # all of a bank's dose is taken back
        monkeypatch.setattr(Fluence, "mark", lambda self: None)
    plain = ordinary()
    run = Run(replace(
        plain, duration_s=200.0, until_done=False,
        events=(*plain.events, fault("led_open", opens_s, "B", value=1_060.0)),
        prescription={**DEFAULT, "light": {"mode": "gated", "rate_hz": 10, "on_ms": 60}},
    ))  # fmt: skip
    run.oracle = SafetyOracle(run)
    assert ("dose short" in found(run)) is is_found
    assert [row["name"] for row in run.result()["faults"]] == ["led_open"]
