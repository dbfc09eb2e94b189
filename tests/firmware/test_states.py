"""The state table, searched: every state, every event, every row."""

from collections.abc import Iterator

import pytest

from firmware.core import states
from firmware.core.states import (
    BATTERY_END,
    CHARGER_IN,
    CHARGING,
    CHECK,
    DONE,
    FAULT,
    FAULTED,
    HOLD,
    IN_SESSION,
    LIT,
    LOCKED,
    OFF,
    PAUSED,
    PRESS,
    RAMP,
    READY,
    RESUME,
    ROWS,
    SELF_TEST,
    SERVICE,
    START,
    TREAT,
    WAIT_SKIN,
    WORN,
)

ALL = range(len(states.STATES))
EVENTS = range(len(states.EVENTS))
TABLE = states.build()
DARK = [state for state in ALL if state not in LIT]


def goes(state: int, event: int) -> int:
    """The next state; the same one where the event is ignored."""
    to = TABLE[state * len(states.EVENTS) + event]
    return state if to < 0 else to


def moves(start: int) -> Iterator[tuple[int, int]]:
    """Event and next state of each event that is not ignored in a state."""
    for event in EVENTS:
        to = TABLE[start * len(states.EVENTS) + event]
        if to >= 0:
            yield event, to


def reached(start: int) -> set[int]:
    """Every state that some events lead to from one."""
    seen = {start}
    while True:
        more = {to for state in seen for _, to in moves(state)} - seen
        if not more:
            return seen
        seen |= more


def test_every_state_has_a_name_and_every_name_is_its_states() -> None:
    for number, name in enumerate(states.STATES):
        assert getattr(states, name) == number


def test_every_event_has_a_name_a_reason_and_a_place() -> None:
    for number, name in enumerate(states.EVENTS):
        assert getattr(states, name) == number
    assert len(states.REASONS) == len(states.EVENTS)


def test_every_state_has_a_cue_of_its_own_and_the_other_cues_follow() -> None:
    assert states.CUES[: states.RATE] == states.STATES[: states.RATE]
    assert len(states.STATES) - 1 == states.RATE
    for name in states.CUES[states.RATE :]:
        assert states.CUES[getattr(states, "CUE_" + name)] == name
    assert len(set(states.CUES)) == len(states.CUES)


def test_every_state_can_be_reached_from_power_on() -> None:
    assert reached(SELF_TEST) == set(ALL)


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_every_row_is_in_the_table_and_changes_something(row: int) -> None:
    froms, event, to = ROWS[row]
    assert froms
    for state in froms:
        assert goes(state, event) == to != state


def test_the_table_has_no_cell_that_no_row_put_there() -> None:
    assert sum(to >= 0 for to in TABLE) == sum(len(froms) for froms, _, _ in ROWS)


def test_every_event_means_something_somewhere() -> None:
    assert {event for _, event, _ in ROWS} == set(EVENTS)


def test_a_hold_of_start_switches_off_from_everywhere_but_from_charging() -> None:
    """A charging unit is held up by its charger: pulled out, the hold works again."""
    assert {state for state in ALL if goes(state, HOLD) == OFF} == set(ALL) - {CHARGING}
    assert states.CHARGER_OUT in dict(moves(CHARGING))


def test_off_is_the_end_and_nothing_else_is() -> None:
    assert [state for state in ALL if not list(moves(state))] == [OFF]


def test_a_person_or_nobody_for_long_leads_out_of_a_fault_and_never_into_a_session() -> None:
    assert dict(moves(FAULT)) == {states.ACK: SELF_TEST, HOLD: OFF, states.IDLE: OFF}


def test_a_locked_unit_goes_off_or_is_taken_into_service_by_a_host_and_nothing_else() -> None:
    assert dict(moves(LOCKED)) == {HOLD: OFF, states.SERVE: SERVICE, states.IDLE: OFF}


def test_from_service_the_lit_self_test_is_the_only_light_and_a_persons_start_begins_it() -> None:
    assert {event: to for event, to in moves(SERVICE) if to in LIT} == {states.TEST: CHECK}
    assert goes(CHECK, states.CLEARED) == SELF_TEST


def test_light_begins_with_the_check_alone() -> None:
    into = {to for state in DARK for _, to in moves(state)} & set(LIT)
    assert into == {CHECK}


@pytest.mark.parametrize("state", DARK)
@pytest.mark.parametrize("event", EVENTS)
def test_no_event_leads_from_the_dark_directly_to_power(state: int, event: int) -> None:
    assert goes(state, event) not in (RAMP, TREAT)


def test_the_check_is_entered_on_skin_after_start_or_by_resume_and_in_no_other_way() -> None:
    ways = {(state, event) for state in DARK for event, to in moves(state) if to == CHECK}
    assert ways == {(WAIT_SKIN, WORN), (PAUSED, RESUME), (SERVICE, states.TEST)}


def test_a_session_begins_with_start_from_ready_or_done_or_with_the_last_answer() -> None:
    ways = {(state, event) for state in ALL for event, to in moves(state) if to == WAIT_SKIN}
    assert ways == {(READY, START), (DONE, START), (states.RATE, states.RATED)}


def test_the_check_is_left_for_the_ramp_and_the_ramp_for_treatment() -> None:
    """And from both the check may be made again, where the rail monitor misses current; a step
    that asks for more light begins with a ramp."""
    assert [to for _, to in moves(CHECK) if to in LIT] == [RAMP]
    assert {to for _, to in moves(RAMP) if to in LIT} == {TREAT, CHECK}
    assert {event: to for event, to in moves(TREAT) if to in LIT} == {
        states.RECHECK: CHECK, states.STEP: RAMP,
    }  # fmt: skip


@pytest.mark.parametrize("state", LIT)
@pytest.mark.parametrize("event", [FAULTED, CHARGER_IN, BATTERY_END, HOLD, PRESS])
def test_trouble_and_the_wearer_turn_every_lit_state_dark_in_one_step(
    state: int, event: int
) -> None:
    assert goes(state, event) in DARK


@pytest.mark.parametrize("state", LIT)
@pytest.mark.parametrize("event", [states.UNWORN, states.UNWORN_END, states.CEM43])
def test_off_the_skin_or_at_its_heat_limit_every_lit_state_turns_dark(
    state: int, event: int
) -> None:
    assert goes(state, event) in (PAUSED, DONE)


@pytest.mark.parametrize("state", IN_SESSION)
def test_whatever_a_session_does_a_fault_the_charger_and_an_empty_battery_end_it(
    state: int,
) -> None:
    assert goes(state, FAULTED) == FAULT
    assert goes(state, CHARGER_IN) == CHARGING
    assert goes(state, BATTERY_END) == DONE


@pytest.mark.parametrize("state", ALL)
def test_any_two_events_of_one_tick_with_trouble_among_them_end_dark(state: int) -> None:
    """Events of a tick are handled lowest first; whatever else happened, the end is dark."""
    for trouble in (FAULTED, HOLD, CHARGER_IN, BATTERY_END, PRESS):
        if goes(state, trouble) == state:
            continue
        for other in EVENTS:
            after = state
            for event in sorted({trouble, other}):
                after = goes(after, event)
            if other == RESUME and goes(state, trouble) == PAUSED:
                continue  # asked for by a release; a press and a release never share a tick
            assert after in DARK


def test_every_state_but_off_leads_back_to_ready_a_locked_one_by_service() -> None:
    for state in set(ALL) - {OFF}:
        assert READY in reached(state)


def test_what_a_start_button_asks_for_means_something_in_that_state() -> None:
    for state, event in states.INTENT.items():
        assert goes(state, event) != state
        assert state in DARK


def test_two_rows_for_one_cell_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (*ROWS, ((TREAT,), FAULTED, DONE))
    monkeypatch.setattr(states, "ROWS", twice)
    with pytest.raises(AssertionError, match=f"'TREAT', {FAULTED}"):
        states.build()


def test_trouble_comes_before_buttons_and_buttons_before_the_clock() -> None:
    order = [FAULTED, CHARGER_IN, BATTERY_END, states.UNWORN, PRESS, states.TIME, START, WORN]
    assert order == sorted(order)
