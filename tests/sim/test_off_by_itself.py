"""A unit that nobody needs goes off by itself, in every state, and START switches it on again.

The supply is read at the plant: what the pack gives, not what the firmware says.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from firmware.core import states
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.driver_depth.run import DriverDepth
from sim.faults.depth import Depth
from sim.run import Run
from sim.scenario.scenario import ordinary
from tools.dev import left_on

START = Event(5.0, "press", "START", hold_ms=200)
TEN_MIN_S = 600.0
IDLE_W = 0.15  # of the reference board


def story(*events: Event, duration_s: float = 900.0, **start: Any) -> Scenario:
    return replace(
        ordinary(), events=events, duration_s=duration_s, until_done=False,
        start=replace(Start(), **start),
    )  # fmt: skip


def play(run: Run) -> Iterator[tuple[float, str, float]]:
    """(t, state, W drawn) of each second, and of all the time that the unit is off as one."""
    before_wh = 0.0
    while run.advance(5):
        drawn_wh = run.plant.drawn_wh
        yield run.t_s, states.STATES[run.unit.session.state], (drawn_wh - before_wh) * 3600
        before_wh = drawn_wh


def off_s(run: Run) -> float:
    """When the pack gave nothing any more."""
    last_s = 0.0
    for t_s, _, _ in play(run):
        if not run.depth.powered:
            return last_s
        last_s = t_s
    raise AssertionError("still fed at the end")


FAULTED = Event(3.0, "fault", "ntc_open", "A")
LOCKED: dict[str, bytes] = {"prescription.json": b"{}"}
LATE = Event(890.0, "press", "UP")  # the run goes on until then, on or off


@pytest.mark.parametrize(
    ("state", "events", "files", "about_s"),
    [
        ("SELF_TEST", (Event(0.0, "fault", "button_stuck", button="UP"),), {}, TEN_MIN_S),
        ("READY", (), {}, TEN_MIN_S),
        ("FAULT", (FAULTED,), {}, TEN_MIN_S + 3),
        ("LOCKED", (), LOCKED, TEN_MIN_S),
        ("DONE", (START, Event(60.0, "fault", "battery_low", value=0.0)), {}, 60 + 60),
    ],
)
def test_a_unit_left_alone_goes_off(
    state: str, events: tuple[Event, ...], files: dict[str, bytes], about_s: float
) -> None:
    run = Run(story(*events, LATE), files=files)
    seen = []
    last_s = 0.0
    for t_s, now, _ in play(run):
        if not run.depth.powered:
            break
        seen.append(now)
        last_s = t_s
    assert state in seen and seen[-1] in (state, "OFF")
    assert about_s - 5 < last_s < about_s + 10
    assert not run.depth.powered


def test_a_press_puts_it_off_by_ten_minutes() -> None:
    """START waits for skin for 3 min; READY is then left alone for 10."""
    press = Event(400.0, "press", "START", hold_ms=100)
    late = Event(1_390.0, "press", "UP")
    run = Run(story(press, late, duration_s=1_400.0, worn=False))
    assert 400 + 180 + 598 < off_s(run) < 400 + 180 + 605


def test_a_chattering_start_keeps_no_locked_unit_on() -> None:
    chatter = Event(3.0, "fault", "button_chatter", value=30.0, button="START")
    assert off_s(Run(story(chatter, LATE), files=LOCKED)) < 300 + TEN_MIN_S


def test_off_by_itself_drains_nothing_and_start_switches_on_again() -> None:
    on = Event(3_000.0, "press", "START", hold_ms=200)
    run = Run(story(on, duration_s=3_100.0))
    drawn = [(t_s, run.plant.drawn_wh) for t_s, _, _ in play(run)]
    before_wh = max(wh for t_s, wh in drawn if t_s < 2_990)
    asleep_wh = min(wh for t_s, wh in drawn if t_s > 2_990) - before_wh
    assert asleep_wh < IDLE_W * 5 / 3600  # of 40 minutes
    assert run.depth.powered
    assert run.unit.session.state == states.READY  # the press that switches on begins nothing
    assert [why for _, why in run.restarts] == ["switched on"]


def test_start_that_sticks_feeds_a_unit_that_let_go_and_never_starts_it_again() -> None:
    stuck = Event(5.0, "fault", "button_stuck", button="START")
    run = Run(story(stuck, LATE, duration_s=60.0))
    watts = [watts for _, _, watts in play(run)]
    assert run.restarts == [] and not run.depth.powered
    assert watts[-1] == pytest.approx(IDLE_W, rel=0.05)  # no firmware can open that switch


def depths() -> list[Any]:
    return [pytest.param(None, id="hal"), pytest.param(DriverDepth, id="driver")]


@pytest.mark.parametrize("depth", depths())
def test_a_unit_that_was_held_off_is_without_power_and_comes_back_by_start(
    depth: type[Depth] | None,
) -> None:
    events = (
        Event(4.0, "press", "START", hold_ms=2_000), Event(20.0, "press", "START", hold_ms=200)
    )  # fmt: skip
    run = Run(story(*events, duration_s=30.0), depth=depth() if depth else None)
    drawn = [(t_s, watts) for t_s, _, watts in play(run)]
    run.close()
    assert all(watts == 0.0 for t_s, watts in drawn if 8.0 < t_s < 19.5)
    assert all(watts > 0.1 for t_s, watts in drawn if t_s > 22.5)
    assert [why for _, why in run.restarts] == ["switched on"]
    assert run.unit.session.state == states.READY


def test_a_unit_left_in_any_state_goes_off_but_for_a_start_that_sticks() -> None:
    """The documents' table, docs/maintainer/safety.md: at most half an hour, a session included."""
    left = {case.name: left_on.measure(case) for case in left_on.CASES}
    never = {name for name, row in left.items() if row.off_s is None}
    assert never == {"START stuck from power-on", "START sticks in READY"}
    assert max(row.off_s or 0.0 for row in left.values()) < 30 * 60
    seen = {state for row in left.values() for state in row.seen}
    lit_by_host = {"CHARGING", "SERVICE", "OFF", "RATE"}  # on a charger, by a host, in a trial
    assert seen == {"SELF_TEST", *states.STATES} - lit_by_host
