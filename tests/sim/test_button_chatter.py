"""A button that closes by itself: it lights nothing after a fault, and is soon called stuck."""

import random

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
    assert run.unit.session.refused in (states.NO_ANSWER, states.CAUSE_THERE)


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


# -- a body that lies on START: it closes at any moment, for any time --------------------------

MEANS_S = (1.0, 5.0, 20.0, 90.0)  # between closures
LONGEST_S = (0.5, 2.5, 8.0)  # a closure


def lies(
    seed: int, from_s: float, until_s: float, mean_s: float, longest_s: float
) -> tuple[Event, ...]:
    """Closures of START at random moments, of random lengths up to one that holds."""
    rng = random.Random(seed)
    found = []
    at_s = from_s + rng.expovariate(1.0 / mean_s)
    while at_s < until_s:
        hold_s = rng.uniform(0.06, longest_s)
        found.append(Event(round(at_s, 2), "press", "START", hold_ms=int(hold_s * 50) * 20))
        at_s += hold_s + 0.1 + rng.expovariate(1.0 / mean_s)
    return tuple(found)


def after_a_fault(*events: Event, until_s: float = 600.0, fault: str = "ntc_open") -> Run:
    """A session that a fault of 3 s ends at 55 s, and what comes then."""
    text = ORDINARY.replace("1200", str(until_s))
    text += f'\n[[event]]\nat_s = 55\nfault = "{fault}"\npad = "A"\nfor_s = 3\n'
    run = Run(parse(text, "s"))
    run.continue_with((*run.scenario.events, *events), until_s)
    return run


@pytest.mark.parametrize("mean_s", MEANS_S)
@pytest.mark.parametrize("longest_s", LONGEST_S)
@pytest.mark.parametrize("fault", ["ntc_open", "contact_lost"])
def test_a_body_that_lies_on_start_lights_nothing_after_a_fault(
    mean_s: float, longest_s: float, fault: str
) -> None:
    for seed in range(2):
        closures = lies(seed, 60.0, 600.0, mean_s, longest_s)
        run = after_a_fault(*closures, fault=fault)
        assert lit_starts_s(run, 59.0, 600.0) == []


def test_a_fault_that_was_left_is_remembered_over_off() -> None:
    """A hold switches off; the next START is no person's before UP or DOWN."""
    off = Event(70.0, "press", "START", hold_ms=2_000)
    starts = [Event(at_s, "press", "START", hold_ms=200) for at_s in (80.0, 90.0)]
    meant = [Event(170.0, "press", "UP", hold_ms=200), Event(173.0, "press", "START", hold_ms=200)]
    run = after_a_fault(off, *starts, *meant, until_s=200.0)
    assert lit_starts_s(run, 59.0, 169.0) == []
    assert states.STATES[run.unit.session.state] == "READY"
    assert run.unit.session.refused == states.NO_ANSWER
    assert len(lit_starts_s(run, 169.0, 200.0)) == 1


@pytest.mark.parametrize("button", ["UP", "DOWN"])
def test_a_person_acknowledges_with_another_button_and_a_hold_and_starts(button: str) -> None:
    events = (
        Event(70.0, "press", button, hold_ms=200), Event(72.0, "press", "START", hold_ms=1_700),
        Event(76.0, "set", "worn", value=False), Event(80.0, "set", "worn", value=True),
        Event(90.0, "press", "START", hold_ms=200),
    )  # fmt: skip
    run = after_a_fault(*events, until_s=130.0)
    assert len(lit_starts_s(run, 69.0, 130.0)) == 1


@pytest.mark.parametrize(("up_s", "closes_s"), [(60.0, ()), (67.0, (68.0, 71.0))])
def test_another_button_long_before_or_with_start_between_is_no_persons(
    up_s: float, closes_s: tuple[float, ...]
) -> None:
    """A person presses the other button within 10 s, and then START, once short at most."""
    events = [Event(up_s, "press", "UP", hold_ms=200), Event(75.0, "press", "START", hold_ms=1_700)]
    events += [Event(at_s, "press", "START", hold_ms=200) for at_s in closes_s]
    events.sort(key=lambda event: event.at_s)
    run = after_a_fault(*events, until_s=90.0)
    run.advance(10**9)
    assert run.unit.session.state == states.OFF and run.result()["faults"]


def test_a_hold_soon_after_another_closure_leaves_a_doubt() -> None:
    """A body that starts, stops and starts again, with no fault at all."""
    events = (
        Event(30.0, "press", "START", hold_ms=2_000), Event(35.0, "press", "START", hold_ms=300),
        Event(40.0, "press", "START", hold_ms=300),
    )  # fmt: skip
    run = Run(parse(ORDINARY, "s"))
    run.continue_with((*run.scenario.events, *events), 80.0)
    assert lit_starts_s(run, 31.0, 80.0) == []
    assert run.unit.session.refused == states.NO_ANSWER
