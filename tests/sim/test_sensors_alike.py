"""Both contact sensors of a pad lie alike: a jump is found in every state, a creep is not."""

from typing import Any

import pytest

from firmware.core import states
from sim.common.story import Event, Start
from sim.common.value_record import replace
from sim.oracle.report import list_unexpected
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.chip_programs import ChipRun


def step(at_s: float, value: float, pad: str | None = "A") -> Event:
    return Event(at_s, "fault", "sensors_step", pad, value)


def run_of(*events: Event, depth: str = "hal", duration_s: float = 120.0, **start: object) -> Run:
    plain = ordinary()
    scenario = replace(
        plain, duration_s=duration_s, until_done=False, start=replace(Start(), **start),
        events=tuple(sorted((*plain.events, *events), key=lambda event: event.at_s)),
    )  # fmt: skip
    return Run(scenario) if depth == "hal" else ChipRun(scenario)


@pytest.mark.parametrize("depth", ["hal", "driver"])
@pytest.mark.parametrize("value", [-10.0, -4.3, -2.5, 2.5, 4.3])
@pytest.mark.parametrize("at_s", [5.0, 20.0, 60.07])
def test_a_jump_of_both_is_a_jump(value: float, at_s: float, depth: str) -> None:
    run = run_of(step(at_s, value), depth=depth)
    while run.t_s < at_s:
        run.advance(1)
    lit_s = at_s
    while run.t_s < at_s + 3.0 and run.advance(1):
        if any(run.depth.duty) and run.depth.supply:
            lit_s = run.t_s
    assert lit_s - at_s < 0.8
    assert states.STATES[run.unit.session.state] == "FAULT"
    assert run.fault_rows()[0]["name"] in ("contact_jump", "contact_hot")


@pytest.mark.parametrize("at_s", [5.0, 60.07])
def test_after_a_jump_of_both_a_held_start_gives_no_light(at_s: float) -> None:
    """They may lie ever since: a hold acknowledges nothing, and a reset forgets nothing."""
    again = [
        Event(at_s + 4.0, "press", "UP"), Event(at_s + 5.0, "press", "START", hold_ms=1_700),
        Event(at_s + 10.0, "press", "START"),
        Event(at_s + 15.0, "fault", "brownout"), Event(at_s + 30.0, "press", "START"),
    ]  # fmt: skip
    run = run_of(step(at_s, -4.3), *again)
    lit_s = 0.0
    while run.advance(1):
        if any(run.depth.duty) and run.depth.supply:
            lit_s = run.t_s
    assert lit_s < at_s + 0.8
    assert states.STATES[run.unit.session.state] == "LOCKED"


def test_a_pad_that_was_unplugged_while_it_cooled_is_no_jump() -> None:
    """What a silent sensor said last is not what it may jump from."""
    out = Event(60.0, "fault", "pad_unplugged", "A", for_s=120.0)
    acknowledged = Event(189.0, "press", "UP"), Event(190.0, "press", "START", hold_ms=1_700)
    run = run_of(out, Event(60.0, "set", "worn", value=False), *acknowledged, duration_s=200.0)
    run.advance(10**9)
    assert "contact_jump" not in {row["name"] for row in run.fault_rows()}
    assert states.STATES[run.unit.session.state] in ("STANDBY", "READY")


@pytest.mark.parametrize("fault", ["ntc_open", "ntc_short"])
def test_a_wire_that_is_whole_again_is_no_jump(fault: str) -> None:
    run = run_of(Event(60.0, "fault", fault, "A", for_s=3.0), duration_s=80.0)
    run.advance(10**9)
    assert {row["name"] for row in run.fault_rows()} <= {fault, "contact_apart"}


@pytest.mark.parametrize("start", [
    {"ambient_c": 5.0}, {"ambient_c": 5.0, "air_w_m2k": 15.0}, {"ambient_c": 40.0},
])  # fmt: skip
def test_a_belt_put_on_or_taken_off_is_no_jump(start: dict[str, Any]) -> None:
    on, off = Event(20.0, "set", "worn", value=True), Event(70.0, "set", "worn", value=False)
    run = run_of(on, off, worn=False, **start)
    run.advance(10**9)
    assert run.fault_rows() == []


@pytest.mark.parametrize("value", [10.0, 1.0, -1.0, -10.0])
def test_a_thermometer_that_drifts_by_itself_is_apart(value: float) -> None:
    run = run_of(Event(40.0, "fault", "contact_drift", "B", value), duration_s=200.0)
    run.advance(10**9)
    assert run.fault_rows()[0]["name"] in ("contact_apart", "off_skin")
    assert max(pad.max_contact_c for pad in run.plant.pads) < 42.0


def test_a_drift_that_ends_reads_as_it_did() -> None:
    run = run_of(Event(20.0, "fault", "contact_drift", "B", 1.0, for_s=30.0), duration_s=60.0)
    before_c = run.plant.pads[1].contact_error_c
    run.advance(round(45 / 0.2))
    assert run.plant.pads[1].contact_error_c > before_c + 0.3
    run.advance(10**9)
    assert run.plant.pads[1].contact_error_c == pytest.approx(before_c)


def test_two_that_creep_alike_are_told_by_the_led_board_alone_and_late() -> None:
    events = [Event(60.0, "fault", f"{name}_drift", "A", -1.0) for name in ("ntc", "contact")]
    run = run_of(*events, duration_s=200.0)
    run.advance(10**9)
    [row] = run.fault_rows()
    assert row["name"] == "contact_loose" and row["t_s"] > 150.0  # 1.5 C off
    assert list_unexpected(run) == []
