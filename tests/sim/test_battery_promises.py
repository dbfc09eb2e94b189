"""What the battery promises is kept: dips, aged packs, gauges that are off, chargers that are done.

The truth is the plant's pack; the promise is what the screen and a refused START say.
"""

from typing import Any

import pytest

from firmware.core import states
from sim.common.story import Event, Scenario, Start
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary

ON_S = 10.0
REFUSED = states.REFUSALS.index("battery")


def start_at(at_s: float) -> Event:
    return Event(at_s, "press", "START", hold_ms=200)


def fault(name: str, at_s: float, value: float | None = None, for_s: float | None = None) -> Event:
    return Event(at_s, "fault", name, value=value, for_s=for_s)


def belt(at_s: float, on: bool) -> Event:
    return Event(at_s, "set", "worn", value=on)


def story(*events: Event, duration_s: float, **start: Any) -> Scenario:
    ordered = tuple(sorted(events, key=lambda event: event.at_s))
    return replace(
        ordinary(), events=ordered, duration_s=duration_s, until_done=False,
        start=replace(Start(), **start),
    )  # fmt: skip


def advance_to(run: Run, at_s: float) -> Run:
    while run.t_s < at_s and run.advance(1):
        continue
    return run


def state(run: Run) -> str:
    return states.STATES[run.unit.session.state]


def ended(run: Run) -> bool:
    return run.unit.battery.ended


AGAIN = (belt(80.0, False), belt(82.0, True), start_at(85.0))


@pytest.mark.parametrize("at_s", [60.0, 60.1, 60.3, 60.44])
def test_a_dip_of_60_ms_in_a_full_pack_ends_light_and_no_more(at_s: float) -> None:
    dip = fault("battery_sag", at_s, 3.0, 0.06)
    run = Run(story(start_at(ON_S), dip, *AGAIN, duration_s=120.0, battery_pct=100))
    advance_to(run, at_s + 0.3)
    assert (state(run), run.depth.supply) == ("DONE", False)
    advance_to(run, 110.0)
    assert state(run) == "RAMP" and not ended(run)


def test_a_dip_that_the_gauge_saw_come_is_an_empty_pack() -> None:
    run = Run(story(start_at(ON_S), fault("battery_low", 50.0, 0.5), *AGAIN, duration_s=100.0))
    advance_to(run, 79.0)
    assert state(run) == "DONE" and ended(run)
    advance_to(run, 87.0)
    assert state(run) == "DONE" and run.unit.session.refused == REFUSED


def test_a_dip_while_the_gauge_is_silent_is_taken_for_an_empty_pack() -> None:
    events = (fault("gauge_nak", 40.0), fault("battery_sag", 60.0, 3.0, 0.06))
    run = Run(story(start_at(ON_S), *events, *AGAIN, duration_s=100.0, battery_pct=100))
    advance_to(run, 87.0)
    assert state(run) == "DONE" and run.unit.session.refused == REFUSED


def test_a_charger_that_says_it_is_done_has_charged_it() -> None:
    events = (
        fault("gauge_nak", 40.0), fault("battery_sag", 60.0, 3.0, 0.06),
        fault("charger_plugged", 70.0, for_s=100.0),
    )  # fmt: skip
    run = Run(story(start_at(ON_S), *events, duration_s=180.0, battery_pct=100))
    advance_to(run, 69.0)
    assert ended(run)
    advance_to(run, 169.0)
    assert not ended(run) and run.plant.charge_w == 0.0


@pytest.mark.parametrize("times", [1.0, 4.0, 6.0])
@pytest.mark.parametrize("charge_pct", [18, 22, 30, 45])
def test_a_session_that_is_promised_after_a_sag_was_seen_is_given(
    times: float, charge_pct: int
) -> None:
    """A minute of light shows the resistance; what is promised then is kept."""
    aged = fault("battery_aged", 1.0, times)
    run = Run(story(start_at(ON_S), aged, duration_s=4_000.0, battery_pct=charge_pct))
    advance_to(run, 100.0)
    promised = run.unit.battery.sessions_left()
    while run.unit.session.state in states.IN_SESSION and run.advance(50):
        continue
    why = states.REASONS[run.unit.session.reason]
    assert why in ("dose", "time") if promised else why in ("", "dose", "time", "battery")


def test_the_promise_reckons_with_the_sag_that_was_seen() -> None:
    def promised(times: float) -> tuple[int, int]:
        aged = fault("battery_aged", 1.0, times)
        run = Run(story(start_at(ON_S), aged, duration_s=4_000.0, battery_pct=60))
        before = advance_to(run, 9.0).unit.battery.sessions_left()
        return before, advance_to(run, 100.0).unit.battery.sessions_left()

    (sound, sound_seen), (aged, aged_seen) = promised(1.0), promised(8.0)
    assert sound == aged and sound - sound_seen <= 1 < aged - aged_seen


def test_an_aged_pack_that_ended_promises_nothing_until_it_is_charged() -> None:
    aged = fault("battery_aged", 1.0, 8.0)
    run = Run(story(start_at(ON_S), aged, *AGAIN, duration_s=100.0, battery_pct=15))
    advance_to(run, 79.0)
    assert states.REASONS[run.unit.session.reason] == "battery"
    assert run.unit.battery.sessions_left() == 0
    advance_to(run, 87.0)
    assert run.unit.session.refused == REFUSED


@pytest.mark.parametrize(("truly", "told"), [(12.0, 40.0), (12.0, 25.0), (30.0, 55.0)])
def test_a_gauge_that_is_off_is_reconciled_with_the_voltage(truly: float, told: float) -> None:
    run = Run(story(duration_s=20.0, battery_pct=truly, worn=False))
    gauge = run.plant.battery
    gauge.soc_raw = lambda: int(told * 256)  # type: ignore[method-assign]
    advance_to(run, 10.0)
    battery = run.unit.battery
    assert abs(battery.percent - truly) <= 10 and not battery.gauge_believed
