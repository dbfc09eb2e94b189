"""The line of telemetry: one moment's numbers, whatever goes on while it is written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.inputs import DOWN
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.ui import telemetry
from firmware.waistband import SCREEN_PHASE
from tests.support.fake_hal import Bench

LATER_TICKS = -(-len(telemetry.FIELDS) // telemetry.FIELDS_A_TICK)  # than the moment it is of


def lines(bench: Bench) -> list[dict[str, Any]]:
    """What was said so far."""
    return [json.loads(call[1]) for call in bench.hal.calls if call[0] == "write_line"]


def to_a_line(state: str) -> Bench:
    """A unit that has just taken the numbers of a moment down."""
    bench = Bench().to(state)
    bench.hal.reader = True
    while not bench.unit.telemetry.writing:
        bench.tick()
    return bench


@pytest.mark.parametrize("state", ["SELF_TEST", "READY", "TREAT", "PAUSED", "FAULT", "LOCKED"])
def test_a_line_is_of_the_moment_before_its_first_field_is_written(state: str) -> None:
    bench = Bench(calibration=None) if state == "LOCKED" else Bench()
    bench.to(state).hal.reader = True
    moments = {}
    for _ in range(60):
        bench.tick()
        unit = bench.unit
        a, b = unit.pads
        moments[unit.inputs.ms] = (
            bench.state, unit.faults.latched, [a.contact_mc, b.contact_mc],
            [a.fluence.total_uj_cm2, b.fluence.total_uj_cm2], unit.session.treat_ms,
        )  # fmt: skip
    said = lines(bench)
    assert said
    for line in said:
        assert moments[line["ms"]] == (
            line["state"], line["faults"], line["contact_mc"], line["fluence_uj_cm2"],
            line["treat_ms"],
        )  # fmt: skip


@given(st.integers(0, LATER_TICKS - 1))
def test_what_changes_while_a_line_is_written_is_not_in_it(ticks: int) -> None:
    bench = to_a_line("TREAT")
    before_mc = bench.unit.session.set_point_mc
    bench.run(ticks * TICK_MS)
    bench.press(DOWN)
    bench.run(CONTROL_TICKS * TICK_MS)
    assert bench.unit.session.set_point_mc < before_mc
    assert [line["set_point_mc"] for line in lines(bench)] == [before_mc]


def test_a_line_is_said_whole_and_before_the_next_control_step() -> None:
    bench = to_a_line("TREAT")
    assert bench.unit.phase == SCREEN_PHASE  # the tick after the control step
    for _ in range(LATER_TICKS - 1):
        bench.tick()
        assert lines(bench) == []
    bench.tick()
    assert len(lines(bench)) == 1
    assert bench.unit.phase < CONTROL_TICKS - 1
    bench.run(950)
    assert len(lines(bench)) == 1


def test_a_status_asked_for_is_answered_by_a_line() -> None:
    bench = Bench().to("READY")
    bench.hal.reader = True
    bench.hal.lines.append(b"status")
    bench.run(1_200)
    assert bench.hal.lines == []
    assert {line["state"] for line in lines(bench)} == {"READY"}
