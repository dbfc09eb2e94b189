"""What is done to a live run is the scenario of a run that nobody took part in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.errors import BadInput
from sim.common.story import Event, Scenario
from sim.common.value_record import replace
from sim.faults.catalogue import FAULTS
from sim.run import Run
from sim.scenario import toml_writer
from sim.scenario.scenario import BUTTONS, parse, read_event
from tools.bench.live import LiveRun

EVERYTHING = 10**9
DURATION_S = 600.0
LIT_TICKS = 2_500  # by then it treats
TIMES = ("wall_s", "realtime_factor")
RUN: list[tuple[Any, ...]] = [("go", LIT_TICKS)]


def live(*events: Event) -> LiveRun:
    """A belt that is worn, START pressed after two seconds, and these."""
    start = Event(2.0, "press", "START", hold_ms=200)
    return LiveRun(Scenario("live", 5, DURATION_S, dict(DEFAULT), events=(start, *events)))


def came_of(run: Run) -> dict[str, Any]:
    """A result but for how long it took."""
    return {key: value for key, value in run.result().items() if key not in TIMES}


def done(run: LiveRun, deeds: list[tuple[Any, ...]]) -> None:
    """Do them, and go on to the end of the control step."""
    for what, *about in deeds:
        if what == "go":
            run.run_ticks(about[0])
        elif what == "press":
            run.press(about[0])
        elif what == "release":
            run.release(about[0])
        else:
            try:
                run.apply_event(dict(about[0]))
            except BadInput as why:
                assert "is not on, or cannot be ended" in str(why)
    while run.within and run.run_ticks(1):
        pass


def again(run: LiveRun) -> Run:
    """The same, by its scenario as somebody would keep it."""
    twin = Run(parse(toml_writer.to_toml(run.so_far()), "kept.toml"))
    twin.advance(EVERYTHING)
    return twin


def faults() -> st.SearchStrategy[dict[str, Any]]:
    """Any fault that a person can put on now."""

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        name = draw(st.sampled_from(sorted(FAULTS)))
        row = FAULTS[name]
        event: dict[str, Any] = {"fault": name}
        if row.pad == "must" or (row.pad and draw(st.booleans())):
            event["pad"] = draw(st.sampled_from("AB"))
        if row.unit == "nm":
            event["value"] = draw(st.sampled_from([810, 850, 940, 1060]))
        elif row.unit and (row.default is None or draw(st.booleans())):
            event["value"] = draw(st.floats(row.low, row.high))
        if row.lasts and draw(st.booleans()):
            event["for_s"] = draw(st.floats(0.02, 20.0))
        if row.also == "button":
            event["button"] = draw(st.sampled_from(BUTTONS))
        return event

    return drawn()


CHANGES = st.one_of(
    st.builds(lambda on: {"worn": on}, st.booleans()),
    st.builds(lambda c: {"ambient_c": c}, st.floats(0.0, 45.0)),
    st.builds(lambda rate: {"perfusion": rate}, st.floats(0.0, 0.01)),
    st.builds(lambda seed: {"seed": seed}, st.integers(0, 2**32 - 1)),
)
DEEDS = st.one_of(
    st.tuples(st.just("go"), st.integers(1, 400)),
    st.tuples(st.sampled_from(["press", "release"]), st.sampled_from(BUTTONS)),
    st.tuples(st.just("do"), st.one_of(faults(), CHANGES)),
    st.tuples(
        st.just("do"),
        st.builds(lambda name: {"fault": name, "off": True}, st.sampled_from(sorted(FAULTS))),
    ),
)


@given(before=st.integers(50, LIT_TICKS), deeds=st.lists(DEEDS, max_size=12))
@settings(max_examples=60)
def test_what_was_done_is_a_scenario_that_gives_the_same_run(
    before: int, deeds: list[tuple[Any, ...]]
) -> None:
    run = live()
    done(run, [("go", before), *deeds])
    assert came_of(again(run)) == came_of(run)


def test_a_fault_is_told_when_it_strikes_and_when_it_is_dark() -> None:
    run = live()
    done(run, [*RUN, ("do", {"fault": "ntc_open", "pad": "A"}), ("go", 200)])
    (verdict,) = [verdict.render(run) for verdict in run.verdicts]
    (cutoff,) = run.result()["cutoffs"]
    assert (verdict["strike_s"], verdict["off_s"]) == (50.0, 50.04)
    assert verdict["latency_ms"] == cutoff["latency_ms"] <= verdict["within_ms"] == 80
    words = f"ntc_open on pad A: dark {cutoff['latency_ms']} ms after it struck, by ntc_open; "
    assert verdict["text"].startswith(words)


@pytest.mark.parametrize("fault", ["hot_room", "no_perfusion", "pressure_spot"])
def test_a_fault_that_is_injected_twice_ends_and_leaves_the_skin_as_it_was(fault: str) -> None:
    run = live()
    row = {"fault": fault, "for_s": 0.3} | ({"value": 40.0} if fault == "hot_room" else {})
    row |= {"pad": "A"} if fault == "pressure_spot" else {}
    row |= {"value": 0.0} if fault == "pressure_spot" else {}
    before = [run.plant.pads[0].tissue.perfusion, run.plant.pads[0].tissue.ambient_c]
    done(run, [*RUN, ("do", row), ("go", 5), ("do", row), ("go", 100)])
    assert [run.plant.pads[0].tissue.perfusion, run.plant.pads[0].tissue.ambient_c] == before


def test_a_verdict_says_what_must_come_until_something_came() -> None:
    run = live()
    done(run, [*RUN, ("do", {"fault": "ntc_stuck", "pad": "A"}), ("go", 10)])
    (verdict,) = run.verdicts
    assert "to be dark within 800 ms of when" in verdict.render(run)["text"]


def test_each_step_of_the_state_machine_is_told_with_its_cause() -> None:
    run = live()
    done(run, [*RUN, ("press", "START"), ("go", 20), ("release", "START")])
    steps = [(row["from"], row["event"], row["to"]) for row in run.news if "event" in row]
    assert steps == [
        ("SELF_TEST", "PASSED", "READY"), ("READY", "START", "WAIT_SKIN"),
        ("WAIT_SKIN", "WORN", "CHECK"), ("CHECK", "PASSED", "RAMP"),
        ("RAMP", "RAMPED", "TREAT"), ("TREAT", "PRESS", "PAUSED"),
    ]  # fmt: skip


def test_steps_are_told_after_a_reset_as_well() -> None:
    run = live()
    done(run, [*RUN, ("do", {"fault": "brownout"}), ("go", 200)])
    steps = [(row["from"], row["to"]) for row in run.news if "event" in row]
    assert steps.count(("SELF_TEST", "READY")) == 2


def test_a_button_that_is_held_is_off_and_one_that_is_let_go_says_how_long() -> None:
    run = live()
    done(run, [*RUN, ("press", "START"), ("go", 10), ("release", "START"), ("go", 300),
               ("press", "START"), ("go", 100)])  # fmt: skip
    assert [event.hold_ms for event in run.scenario.events] == [200, 200, 60_000]
    assert run.result()["state"] == "OFF"
    done(run, [("release", "START"), ("go", 10)])
    assert run.over_now  # with the button up nothing is to come
    assert run.run_ticks(10) == 0


def test_a_fault_that_was_ended_by_hand_lasted_so_long() -> None:
    run = live()
    done(run, [*RUN, ("do", {"fault": "contact_lost", "pad": "B"}), ("go", 150)])
    assert run.active_faults() == [{"at_s": 50.0, "fault": "contact_lost", "pad": "B"}]
    run.apply_event({"fault": "contact_lost", "pad": "B", "off": True})
    run.run_ticks(1)
    assert run.active_faults() == []
    assert run.scenario.events[-1].for_s == 3.0
    with pytest.raises(BadInput, match="contact_lost: is not on"):
        run.apply_event({"fault": "contact_lost", "pad": "A", "off": True})


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"fault": "nothing"}, "allowed are"),
        ({"fault": "ntc_open", "value": 3}, "is not a key"),
        ({"ambient_c": 80}, "a number from -10 to 50 (C)"),
        ({"at_s": 3}, "lacks what happens"),
    ],
)
def test_what_cannot_be_done_is_said_and_is_not_in_the_scenario(
    row: dict[str, Any], said: str
) -> None:
    run = live()
    run.run_ticks(100)
    with pytest.raises(BadInput, match=said.replace("(", r"\(").replace(")", r"\)")):
        run.apply_event(row)
    assert len(run.scenario.events) == 1


def test_nothing_can_be_done_once_the_scenario_is_over() -> None:
    run = live()
    run.run_ticks(EVERYTHING)
    with pytest.raises(BadInput, match="over at 600 s"):
        run.press("START")


def test_what_was_done_happens_again_until_something_else_is() -> None:
    """As after going back: a younger twin is told what the older one did."""
    older = live()
    done(older, [*RUN, ("do", {"fault": "ntc_noise"}), ("go", 100), ("press", "START"),
                 ("go", 15), ("release", "START"), ("go", 85)])  # fmt: skip
    younger = live()
    younger.run_ticks(LIT_TICKS + 20)
    younger.scenario = replace(younger.scenario, events=older.scenario.events[:2])
    twin = live()
    twin.run_ticks(LIT_TICKS)
    twin.apply_event({"fault": "ntc_noise"})
    twin.run_ticks(20)
    told = [
        read_event(toml_writer.event_table(event), "log", DURATION_S, RPI_PICO)
        for event in older.scenario.events
    ]
    twin.restore_events(tuple(told))
    twin.run_ticks(180)
    assert came_of(twin) == came_of(older)
    other = live()
    other.run_ticks(LIT_TICKS)
    other.apply_event({"fault": "ntc_noise"})
    other.run_ticks(20)
    other.restore_events(tuple(told))
    other.apply_event({"fault": "unworn"})
    assert [event.name for event in other.scenario.events] == ["START", "ntc_noise", "unworn"]
    other.run_ticks(180)
    assert came_of(again(other)) == came_of(other)


def test_contacts_that_still_bounce_go_on_doing_so_whatever_is_done() -> None:
    run = live()
    done(run, [*RUN, ("do", {"fault": "button_bounce"}), ("go", 5), ("press", "START"), ("go", 1),
               ("do", {"ambient_c": 25.0}), ("go", 1), ("do", {"ambient_c": 26.0}),
               ("go", 10)])  # fmt: skip
    twin = LiveRun(parse(toml_writer.to_toml(run.so_far()), "kept.toml"))
    twin.run_ticks(EVERYTHING)
    steps = [[row for row in one.news if "event" in row] for one in (run, twin)]
    assert steps[0] == steps[1]
    assert steps[0][-1]["event"] == "PRESS"


def test_a_click_while_time_stands_is_a_press_like_any() -> None:
    run = live()
    done(run, [*RUN, ("press", "START"), ("release", "START"), ("go", 50)])
    assert run.scenario.events[-1].hold_ms == 200
    assert run.result()["state"] == "PAUSED"


def test_a_fault_put_on_and_off_while_time_stands_never_was() -> None:
    run = live()
    done(run, [*RUN, ("do", {"fault": "ntc_open"}), ("do", {"fault": "ntc_open", "off": True}),
               ("go", 50)])  # fmt: skip
    assert len(run.scenario.events) == 1
    assert run.result()["state"] == "TREAT"


def test_a_release_ends_no_press_of_the_scenario() -> None:
    run = live(Event(40.0, "press", "START", hold_ms=1_700))
    done(run, [("go", 2_020), ("release", "START"), ("go", 100)])
    assert run.result()["state"] == "OFF"


def test_ending_what_is_not_on_leaves_what_is_to_come() -> None:
    run = live(Event(40.0, "press", "START", hold_ms=200))
    run.run_ticks(100)
    run.restore_events(run.scenario.events)
    with pytest.raises(BadInput, match="is not on"):
        run.apply_event({"fault": "ntc_open", "off": True})
    assert len(run.scenario.events) == 2
