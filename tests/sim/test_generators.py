"""Stories drawn for campaigns: always valid, always the same for a name, and of every kind."""

from collections import Counter
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.campaign import generators
from sim.campaign.common_cause import KNOWN, WITHIN_S
from sim.campaign.generators import draw_fault_window
from sim.common.story import Scenario
from sim.common.value_record import replace
from sim.faults.catalogue import FAULTS
from sim.scenario.scenario import parse
from sim.scenario.toml_writer import to_toml

SEEDS = st.integers(0, 2**32 - 1)
INDEXES = st.integers(0, 10**6)
MANY = 400


def read_again(scenario: Scenario) -> Scenario:
    """As TOML and back, but for what TOML has no word for."""
    read = parse(to_toml(scenario), "drawn.toml")
    return replace(read, name=scenario.name, until_done=scenario.until_done)


@given(SEEDS, INDEXES)
@settings(max_examples=150)
def test_a_drawn_session_is_a_scenario_that_may_be_written(seed: int, index: int) -> None:
    drawn = generators.draw_session(f"{seed}-{index}")
    assert read_again(drawn) == drawn
    assert drawn.events[0].name == "START"
    assert not any(event.kind == "fault" for event in drawn.events)


@given(SEEDS, INDEXES, st.floats(0.0, 2_000.0))
@settings(max_examples=150)
def test_what_is_drawn_for_a_window_may_be_written_and_is_still_to_come(
    seed: int, index: int, now_s: float
) -> None:
    name = f"{seed}-{index}"
    session = replace(generators.draw_session(name), duration_s=5_000.0)
    now_s = round(now_s, 2)
    for events in (
        generators.draw_fault_window(f"{name}-f3", now_s),
        generators.draw_quiet_window(f"{name}-q3", now_s),
        generators.draw_session_faults(f"{name}-s", session, now_s),
    ):
        drawn = replace(session, events=events, until_done=False)
        assert read_again(drawn) == drawn
        assert min(event.at_s for event in events) > now_s


@given(SEEDS, INDEXES)
@settings(max_examples=50)
def test_a_window_has_one_fault_or_more_of_different_names_and_the_first_comes_soon(
    seed: int, index: int
) -> None:
    events = generators.draw_fault_window(f"{seed}-{index}-f0", 100.0)
    struck = [event for event in events if event.kind == "fault"]
    names = {event.name for event in struck}
    related = any(names <= set(group) for group in KNOWN.values())
    assert 1 <= len(names) == len(struck) <= (3 if related else 2)
    assert struck[0].at_s <= 100.0 + generators.SOON_S + WITHIN_S + 0.1


@given(SEEDS, INDEXES)
@settings(max_examples=30)
def test_a_name_always_draws_the_same_and_another_name_something_else(
    seed: int, index: int
) -> None:
    name, other = f"{seed}-{index}", f"{seed}-{index + 1}"
    assert generators.draw_session(name) == generators.draw_session(name)
    assert generators.draw_session(name) != generators.draw_session(other)
    assert (
        generators.draw_fault_window(name, 50.0)
        == generators.draw_fault_window(name, 50.0)
        != generators.draw_fault_window(other, 50.0)
    )


@given(SEEDS, INDEXES)
@settings(max_examples=30)
def test_states_are_kept_in_order_while_the_session_may_be_lit(seed: int, index: int) -> None:
    name = f"{seed}-{index}"
    session = generators.draw_session(name)
    moments = generators.draw_snapshot_times_s(name, session, 6)
    assert moments == sorted(moments) and len(moments) == 6
    last_s = session.events[0].at_s + generators.LEAD_S + generators.longest_s(session.prescription)
    assert max(moments) <= last_s


def test_every_fault_of_the_table_strikes_on_either_pad_and_on_both() -> None:
    found: Counter[str] = Counter()
    pads: Counter[tuple[str, str | None]] = Counter()
    for k in range(10 * MANY):
        for event in generators.draw_faults(Random(k), 0.0):
            found[event.name] += 1
            pads[event.name, event.pad] += 1
    assert set(found) == set(FAULTS)
    for name, row in FAULTS.items():
        wanted = {"may": {"A", "B", None}, "must": {"A", "B"}, "": {None}}[row.pad]
        assert {pad for fault, pad in pads if fault == name} == wanted


def test_the_hardware_alert_is_dead_in_many_windows() -> None:
    alone = sum(
        any(event.name == "alert_broken" for event in generators.draw_faults(Random(k), 0.0))
        for k in range(MANY)
    )
    assert MANY / 12 < alone < MANY / 4


def test_all_kinds_of_light_skin_and_room_are_drawn() -> None:
    drawn = [generators.draw_session(f"1-{k}") for k in range(MANY)]
    lights = [light for s in drawn for light in lights_of(s.prescription)]
    modes = Counter(light["mode"] for light in lights)
    assert set(modes) == {"cw", "pulse", "gated"} and min(modes.values()) > MANY / 8
    assert min(s.start.ambient_c for s in drawn) < 8 and max(s.start.ambient_c for s in drawn) > 37
    assert {s.start.vasodilation for s in drawn} >= {1.0, 6.0}
    assert min(s.start.fat_mm for s in drawn) < 3 and max(s.start.fat_mm for s in drawn) > 30
    assert sum(s.start.clock > 2**30 - generators.WRAP_MS for s in drawn) > MANY / 8


def str_keyed(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def test_faults_of_a_common_cause_are_drawn_together() -> None:
    found: dict[str, int] = {}
    for name in range(400):
        events = [one for one in draw_fault_window(f"{name}", 50.0) if one.kind == "fault"]
        for cause, names in KNOWN.items():
            together = len(events) > 1 and {one.name for one in events} <= set(names)
            found[cause] = found.get(cause, 0) + together
        assert len(events) <= 3
    assert all(found.values())


def test_every_cause_has_faults_that_can_be_drawn() -> None:
    assert all(len(names) > 1 for names in KNOWN.values())


def lights_of(prescription: dict[str, Any]) -> list[dict[str, Any]]:
    return [step["light"] for step in prescription.get("step", [prescription])]
