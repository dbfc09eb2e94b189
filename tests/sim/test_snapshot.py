"""Runs that go on from a saved moment: as good as runs made from power-on."""

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.campaign.snapshot import Snapshot
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.faults.catalogue import FAULTS
from sim.run import Run
from sim.scenario.scenario import ordinary

EVERYTHING = 10**9
TAIL_S = 30.0
CLOCKWORK = ("wall_s", "realtime_factor")  # of a result: how fast it was made


def told(run: Run) -> dict[str, Any]:
    """A run's result, but for what the machine has to do with."""
    run.advance(EVERYTHING)
    return {key: value for key, value in run.result().items() if key not in CLOCKWORK}


def struck(name: str, at_s: float) -> Event:
    """A fault of the table with its usual value, on pad B where it takes one."""
    row = FAULTS[name]
    value = 850.0 if row.unit == "nm" else row.default
    button = "DOWN" if name == "button_stuck" else None
    return Event(at_s, "fault", name, "B" if row.pad else None, value, button=button)


@given(
    saved_s=st.integers(0, 120),
    after_s=st.floats(0.021, TAIL_S),
    first=st.sampled_from(sorted(FAULTS)),
    second=st.sampled_from(sorted(FAULTS)),
    seed=st.integers(0, 2**32 - 1),
    clock=st.integers(0, 2**30 - 1),
)
@settings(max_examples=25)
def test_a_fork_that_is_told_a_story_runs_as_the_whole_story_does_from_power_on(
    saved_s: int, after_s: float, first: str, second: str, seed: int, clock: int
) -> None:
    plain = ordinary()
    before = struck(first, saved_s / 2)
    run = Run(replace(plain, start=Start(clock=clock), events=(*plain.events, before)))
    run.advance(5 * saved_s)
    fork = Snapshot(run).fork()
    at_s = fork.hal.t_ms / 1000 + after_s
    tail = (Event(at_s, "set", "seed", value=seed), struck(second, at_s + 0.5))
    fork.continue_with(tail, at_s + TAIL_S)
    whole = Run(fork.scenario)
    assert told(fork) == told(whole)
    assert fork.plant.battery.charge == whole.plant.battery.charge
    assert fork.hardware.raw == whole.hardware.raw
    assert fork.hardware.levels == whole.hardware.levels


def test_forks_disturb_neither_each_other_nor_the_run_they_come_from() -> None:
    run = Run(ordinary())
    run.advance(300)
    saved = Snapshot(run)
    stories = [(struck(name, 65.0),) for name in ("ntc_open", "no_perfusion", "unworn")]
    forks = [saved.fork() for _ in stories]
    for fork, story in zip(forks, stories, strict=True):
        fork.continue_with(story, 200.0)
        fork.advance(EVERYTHING)
    assert [fork.result()["state"] for fork in forks] == ["FAULT", "TREAT", "PAUSED"]
    assert told(run) == told(Run(ordinary()))


def test_what_had_begun_goes_on_and_what_was_still_to_come_is_left_out() -> None:
    plain = ordinary()
    events = (
        Event(10.0, "press", "START", hold_ms=200),
        Event(40.0, "fault", "gauge_nak", for_s=30.0),
        Event(50.0, "fault", "ntc_open", "A"),
    )
    run = Run(replace(plain, events=events))
    run.advance(225)
    fork = Snapshot(run).fork()
    fork.continue_with((), 100.0)
    fork.advance(EVERYTHING)
    assert fork.scenario.events == events[:2]
    assert fork.result()["faults"] == []
    assert not any(fork.hardware.silenced)


def test_a_fork_copies_no_table_that_never_changes() -> None:
    run = Run(ordinary())
    run.advance(300)
    fork = Snapshot(run).fork()
    for mine, its in zip(run.constants(), fork.constants(), strict=True):
        assert mine is its
    assert fork.hal is not run.hal and fork.hardware.levels is not run.hardware.levels


def test_a_run_can_be_sent_to_another_process() -> None:
    run = Run(ordinary())
    run.advance(300)
    sent = pickle.loads(pickle.dumps(run))
    assert told(sent) == told(run)


def test_a_locked_unit_can_be_saved_too() -> None:
    run = Run(replace(ordinary(), prescription={}, duration_s=60.0))
    run.advance(20)
    assert told(Snapshot(run).fork()) == told(run)


@pytest.mark.parametrize("bad_s", [0.0, 10.0])
def test_a_story_must_be_later_than_now(bad_s: float) -> None:
    run = Run(ordinary())
    run.advance(300)
    with pytest.raises(ValueError, match="has happened by"):
        run.continue_with((Event(bad_s, "press", "START", hold_ms=200),), 100.0)
