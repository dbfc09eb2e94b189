"""No light off the body: every way in which a sign of wear is lost, judged by the plant.

Hypothesis draws which sign was lost, when, in which state, for how long, of one pad or both, in
which room; the oracle and the plant's `off_body_j` judge. The firmware is not asked.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.oracle.safety_oracle import SafetyOracle
from sim.run import Run
from sim.scenario.scenario import ordinary

START_S = 3.0
LIT_S = 12.0  # START, five seconds worn, two of the lamp test


def run_to_end(events: tuple[Event, ...], duration_s: float, **start: Any) -> Run:
    """A judged run; START at START_S."""
    scenario = replace(
        ordinary(), start=Start(**start), duration_s=duration_s, until_done=False,
        events=tuple(sorted((press(START_S), *events), key=lambda event: event.at_s)),
    )  # fmt: skip
    run = Run(scenario)
    run.oracle = oracle = SafetyOracle(run)
    while run.advance(50):
        pass
    oracle.close()
    assert not [one for one in oracle.found if one.rule in ("unworn", "off body", "not worn")]
    return run


def press(at_s: float) -> Event:
    return Event(at_s, "press", "START", hold_ms=200)


def second_j(run: Run) -> float:
    """What a second of all the prescribed light gives."""
    irradiance: Any = run.scenario.prescription["irradiance_mw_cm2"]
    return 2 * float(sum(irradiance.values())) / 1000 * run.board.WINDOW_CM2 * 1.1


PADS = st.sampled_from([None, "A", "B"])
ROOM = st.fixed_dictionaries({
    "ambient_c": st.floats(5.0, 40.0), "air_w_m2k": st.sampled_from([5.0, 15.0]),
})  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(
    sign=st.sampled_from(["worn", "slips", "buckled", "sensor"]),
    pad=PADS,
    lost_s=st.floats(START_S, 60.0),
    paused=st.booleans(),
    for_s=st.floats(0.7, 30.0),
    again_s=st.lists(st.floats(0.5, 40.0), min_size=1, max_size=3),
    back=st.booleans(),
    room=ROOM,
)
def test_a_sign_that_is_lost_in_any_state_leaves_no_light_off_the_body(
    sign: str, pad: str | None, lost_s: float, paused: bool, for_s: float, again_s: list[float],
    back: bool, room: dict[str, float],
) -> None:  # fmt: skip
    for_s = for_s if back else 300.0
    end_s = lost_s + for_s
    events = [press(lost_s - 0.5)] if paused and lost_s > LIT_S else []
    if sign in ("worn", "buckled"):
        events += [Event(lost_s, "set", sign, value=False), Event(end_s, "set", sign, value=True)]
    elif sign == "slips":
        events.append(Event(lost_s, "fault", "slips", pad, for_s=for_s))
    else:
        events.append(Event(lost_s, "fault", "skin_sensor_stuck", pad, 0.0, for_s=for_s))
    at_s = lost_s
    for after_s in again_s:
        at_s += after_s
        events.append(press(at_s))
    run = run_to_end(tuple(events), max(at_s, min(end_s, 100.0)) + 30.0, **room)
    assert run.plant.off_body_j() <= second_j(run)


AT_S = {"CHECK": 9.0, "RAMP": 20.0, "TREAT": 60.0}
LOSE: dict[str, tuple[Any, ...]] = {
    "belt": ("set", "worn", None, False),
    "buckle": ("set", "buckled", None, False),
    "skin sensor A": ("fault", "skin_sensor_stuck", "A", 0.0),
    "skin sensor B": ("fault", "skin_sensor_stuck", "B", 0.0),
    "pad A": ("fault", "slips", "A", None),
    "pad B": ("fault", "slips", "B", None),
}


@pytest.mark.parametrize("state", [*AT_S, "PAUSED"])
@pytest.mark.parametrize("sign", LOSE)
def test_each_sign_alone_pauses_and_light_needs_the_whole_worn_test(sign: str, state: str) -> None:
    at_s = AT_S.get(state, 62.0)
    kind, name, pad, value = LOSE[sign]
    lost = Event(at_s, kind, name, pad, value, for_s=2.0 if kind == "fault" else None)
    back = (Event(at_s + 2.0, "set", name, value=True),) if kind == "set" else ()
    paused = (press(60.0),) if state == "PAUSED" else ()
    early, late = press(at_s + 4.0), press(at_s + 9.0)
    run = run_to_end((*paused, lost, *back, early, late), at_s - 0.1)
    session = run.unit.session
    assert states.STATES[session.state] == state

    def state_at(s: float) -> str:
        while run.t_s < s and run.advance(1):
            pass
        return states.STATES[session.state]

    run.duration_s = at_s + 20.0
    assert state_at(at_s + 1.0) == "PAUSED" and session.by_unworn
    # what did not read air while the buckle was open may be stuck
    alone = sign == "buckle"
    early_why = states.NEVER_OFF if alone else states.NOT_WORN
    assert state_at(at_s + 6.0) == "PAUSED" and session.refused == early_why
    assert state_at(at_s + 11.0) == ("PAUSED" if alone else "CHECK")
    assert session.refused == (states.NEVER_OFF if alone else states.NOTHING)


@pytest.mark.parametrize("pad", [None, "A", "B"])
@pytest.mark.parametrize("ambient_c", [23.0, 33.0])
def test_a_skin_sensor_stuck_touched_does_not_stand_for_a_belt_that_was_opened(
    pad: str | None, ambient_c: float
) -> None:
    """One sign fails, and the belt, still warm, is buckled beside the body."""
    presses = [press(at_s) for at_s in (313.0, 330.0, 400.0, 500.0)]
    run = run_to_end(
        (Event(1.0, "fault", "skin_sensor_stuck", pad, 1.0), press(300.0), *laid_down(305.0),
         *presses),
        560.0, ambient_c=ambient_c,
    )  # fmt: skip
    assert run.plant.off_body_j() == 0.0


@pytest.mark.parametrize("ambient_c", [23.0, 33.0])
@pytest.mark.parametrize("at_s", [START_S - 1.5, START_S + 2.0])
def test_nor_does_it_before_a_first_session(at_s: float, ambient_c: float) -> None:
    """The belt is opened after power-on, in READY, or while the unit waits for skin."""
    stuck = Event(1.0, "fault", "skin_sensor_stuck", value=1.0)
    run = run_to_end(
        (stuck, *laid_down(at_s), press(30.0), press(220.0)), 260.0, ambient_c=ambient_c
    )
    assert run.plant.off_body_j() == 0.0
    assert run.unit.session.refused == states.NEVER_OFF


def laid_down(at_s: float) -> tuple[Event, Event]:
    """The belt is taken off, and its buckle closed beside the body."""
    return (
        Event(at_s, "set", "worn", value=False), Event(at_s + 1.0, "set", "buckled", value=True)
    )  # fmt: skip


def test_a_belt_that_is_taken_off_in_a_pause_and_buckled_again_beside_the_body_stays_dark() -> None:
    """START, START at 300 s, belt off, buckle closed, laid down, START."""
    run = run_to_end(
        (press(300.0), Event(305.0, "set", "worn", value=False),
         Event(310.0, "set", "buckled", value=True), press(315.0), press(330.0), press(400.0)),
        700.0,
    )  # fmt: skip
    assert run.plant.off_body_j() == 0.0


@pytest.mark.parametrize("ambient_c", [15.0, 23.0, 30.0])
@pytest.mark.parametrize("mw_cm2", [2.5, 5.0, 10.0])
@pytest.mark.parametrize("pad", [None, "A", "B"])
def test_a_belt_that_slips_is_dark_within_a_second(
    ambient_c: float, mw_cm2: float, pad: str | None
) -> None:
    """With the skin sensor alive."""
    scenario = ordinary()
    irradiance = dict.fromkeys(("810", "850", "940", "1060"), mw_cm2)
    asked = {**scenario.prescription, "irradiance_mw_cm2": irradiance}
    events = (press(START_S), Event(300.0, "fault", "slips", pad))
    run = Run(replace(scenario, prescription=asked, events=events, duration_s=310.0,
                      until_done=False, start=Start(ambient_c=ambient_c)))  # fmt: skip
    run.oracle = oracle = SafetyOracle(run)
    while run.advance(50):
        pass
    oracle.close()
    assert not [one for one in oracle.found if one.rule in ("unworn", "off body", "late")]
    [cut] = run.result()["cutoffs"]
    assert cut["fault"] == "slips" and cut["latency_ms"] <= 1_000
    assert run.result()["off_body_j"] <= second_j(run) * mw_cm2 / 2.5


@pytest.mark.parametrize("fault", ["skin_sensor_lost", "skin_sensor_open"])
def test_a_skin_sensor_that_fails_alone_darkens_within_a_second(fault: str) -> None:
    run = run_to_end((Event(40.0, "fault", fault),), 60.0)
    [cut] = run.result()["cutoffs"]
    assert cut["latency_ms"] <= 1_000


def stuck_signs(fault: str) -> Event:
    return Event(1.0, "fault", fault, value=1.0 if fault == "skin_sensor_stuck" else None)


@pytest.mark.parametrize("fault", ["buckle_stuck", "skin_sensor_stuck"])
def test_a_sign_that_never_changed_between_two_sessions_refuses_the_second(fault: str) -> None:
    charger = Event(40.0, "fault", "charger_plugged", for_s=2.0)  # ends the first session
    belt = (Event(50.0, "set", "worn", value=False), Event(60.0, "set", "worn", value=True))
    sound = run_to_end((charger, *belt, press(70.0)), 90.0)
    assert sound.unit.session.number == 2
    stuck = run_to_end((stuck_signs(fault), charger, *belt, press(70.0)), 90.0)
    assert stuck.unit.session.number == 1
    assert stuck.unit.session.refused == states.NEVER_OFF
    # at power-on while worn this is not asked: the first session began


def test_a_second_session_is_refused_until_the_belt_was_off() -> None:
    charger = Event(40.0, "fault", "charger_plugged", for_s=2.0)
    run = run_to_end((charger, press(60.0)), 80.0)
    assert run.unit.session.number == 1
