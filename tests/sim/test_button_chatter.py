"""A button that closes by itself: it lights nothing after a fault, and is soon called stuck."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.core import states
from sim.common.story import Event
from sim.run import Run
from sim.scenario.scenario import parse
from tests.support.chip_programs import ChipRun

TREATS_S = 60.0
DARK_S = 1.5
ORDINARY = 'duration_s = 1200\n[[event]]\nat_s = 2\npress = "START"\n'


def chatter(at_s: float, period_s: float, **more: object) -> str:
    lines = [
        f"at_s = {at_s}",
        'fault = "button_chatter"',
        'button = "START"',
        f"value = {period_s}",
    ]
    return "\n[[event]]\n" + "\n".join(lines + [f"{key} = {value}" for key, value in more.items()])


def lit_starts_s(run: Run, from_s: float, until_s: float) -> list[float]:
    """When light began after DARK_S without, from a time on: the lamp test's dark parts are
    shorter."""
    found, last_s = [], run.t_s
    while run.t_s < until_s and run.advance(1):
        if any(run.depth.duty) and run.depth.supply:
            if run.t_s - last_s > DARK_S and run.t_s > from_s:
                found.append(run.t_s)
            last_s = run.t_s
    return found


@pytest.mark.parametrize("period_s", [0.5, 2.0, 7.0, 30.0, 60.0])
@pytest.mark.parametrize("depth", ["hal", "driver"])
def test_nobody_acknowledges_a_fault_by_chatter(period_s: float, depth: str) -> None:
    text = (
        ORDINARY
        + chatter(TREATS_S, period_s)
        + (f'\n[[event]]\nat_s = {TREATS_S - 5}\nfault = "ntc_open"\npad = "A"\nfor_s = 3\n')
    )
    scenario = parse(text, "s")
    run = Run(scenario) if depth == "hal" else ChipRun(scenario)
    until_s = 400.0 if depth == "hal" else 160.0
    assert lit_starts_s(run, TREATS_S - 4, until_s) == []
    assert states.STATES[run.unit.session.state] == "FAULT"
    assert run.unit.session.refused in (states.HOLD_START, states.CAUSE_THERE)


@settings(max_examples=12)
@given(st.floats(0.4, 60.0))
@example(2.0)
@example(30.0)
@example(60.0)
def test_a_button_that_chatters_while_treating_lights_once_at_most(period_s: float) -> None:
    run = Run(parse(ORDINARY + chatter(TREATS_S, round(period_s, 2)), "s"))
    assert len(lit_starts_s(run, TREATS_S + 0.5, TREATS_S + 10 * period_s)) <= 1
    assert run.unit.session.state not in states.LIT


def test_a_button_that_chatters_in_ready_is_called_stuck_and_refused_with_words() -> None:
    run = Run(parse("duration_s = 600\n" + chatter(5.0, 30.0), "s"))
    assert len(lit_starts_s(run, 5.0, 400.0)) <= 2
    assert run.unit.session.refused == states.BUTTON_STUCK


def test_a_button_that_has_been_quiet_is_believed_again() -> None:
    run = Run(parse(
        ORDINARY + chatter(TREATS_S, 10.0, for_s=80)
        + '\n[[event]]\nat_s = 150\npress = "START"\n[[event]]\nat_s = 220\npress = "START"\n', "s",
    ))  # fmt: skip
    run.advance(round(160 / 0.2))
    assert run.unit.session.refused == states.BUTTON_STUCK
    assert len(lit_starts_s(run, 160.0, 260.0)) == 1


@pytest.mark.parametrize("button", ["UP", "DOWN"])
def test_another_button_that_chatters_does_not_keep_start_from_stopping(button: str) -> None:
    run = Run(parse(ORDINARY, "s"))
    events = [Event(20.0, "fault", "button_chatter", value=1.0, button=button)]
    run.continue_with(
        (*run.scenario.events, *events, Event(70.0, "press", "START", hold_ms=200)), 80.0
    )
    run.advance(10**9)
    assert states.STATES[run.unit.session.state] == "PAUSED"
