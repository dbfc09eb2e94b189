"""A trial's two arms behave alike when the belt comes off in therapy, and when it is put on again.

The belt opened for 10 to 60 s at 600 s told the arm in ten seconds.
"""

import pytest

from firmware.core import states
from firmware.core.limits import BLIND_WAIT_MS
from sim.campaign.trial_visit import answer_questions, put_on
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.faults.hardware import CLOCK_S
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.enrolled_unit import sim_files

PROTOCOL = {"baseline_therapy": True, "movements": [], "rate_after": False}
LOST_S = 600.0
PRESSES_S = (12.0, 70.0, 150.0, BLIND_WAIT_MS / 1000 - 2.0, BLIND_WAIT_MS / 1000 + 5.0)


def story(masked: bool, events: tuple[Event, ...], ambient_c: float) -> list[tuple[str, str]]:
    """What a person at the belt learns: state and refusal, a second after each press."""
    scenario = replace(
        ordinary(), events=(), duration_s=5_000.0, until_done=False,
        start=Start(ambient_c=ambient_c),
    )  # fmt: skip
    run = Run(scenario, files=sim_files(masked, {**DEFAULT}, protocol=PROTOCOL), clock_s=CLOCK_S)
    run.advance(10)
    put_on(run)
    run.continue_with((Event(run.t_s + 0.2, "press", "START", hold_ms=200),), 5_000.0)
    run.advance(8)
    answer_questions(run, lambda visit, when, item: 1)
    for _ in range(200):
        if run.unit.session.state == states.TREAT:
            break
        run.advance(1)
    assert run.unit.session.state == states.TREAT
    begin_s = run.t_s
    presses = [Event(LOST_S + s, "press", "START", hold_ms=200) for s in PRESSES_S]
    story = sorted((*events, *presses), key=lambda event: event.at_s)
    run.continue_with(tuple(replace(one, at_s=begin_s + one.at_s) for one in story), 5_000.0)
    told = []
    for s in (LOST_S - 1.0, LOST_S, *(LOST_S + s for s in PRESSES_S)):
        while run.t_s < begin_s + s + 1.0:
            run.advance(1)
        session = run.unit.session
        told.append((states.STATES[session.state], states.REFUSALS[session.refused]))
    return told


def belt(for_s: float) -> tuple[Event, ...]:
    return (
        Event(LOST_S, "set", "worn", value=False),
        Event(LOST_S + for_s, "set", "worn", value=True),
    )


@pytest.mark.parametrize("for_s", [10.0, 30.0, 60.0])
@pytest.mark.parametrize("ambient_c", [18.0, 23.0, 30.0])
def test_a_belt_that_is_opened_in_therapy_waits_alike_in_both_arms(
    for_s: float, ambient_c: float
) -> None:
    therapy = story(False, belt(for_s), ambient_c)
    assert therapy == story(True, belt(for_s), ambient_c)
    assert therapy[1][0] == "PAUSED" and therapy[-1][0] in ("CHECK", "RAMP")


def test_a_pad_that_slips_ends_the_light_of_both_arms_alike() -> None:
    slip = (Event(LOST_S, "fault", "slips", "A"),)
    therapy = story(False, slip, 23.0)
    assert therapy == story(True, slip, 23.0)
    assert {state for state, _ in therapy[1:]} == {"PAUSED"}
