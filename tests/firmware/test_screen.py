"""Which tick the screen may use, in every state: never that of the control step."""

from itertools import pairwise

import pytest

from firmware.core.limits import CONTROL_TICKS
from tests.support.fake_hal import Bench

STATES = ("READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED", "FAULT")


@pytest.mark.parametrize("state", STATES)
def test_a_row_is_shown_in_the_tick_after_the_control_step_and_one_a_tick(state: str) -> None:
    bench = Bench().to(state)
    shown: list[int] = []  # rows a tick
    for _ in range(3 * CONTROL_TICKS * 8):
        before = len(bench.hal.calls)
        bench.unit.screen.keys[bench.unit.screen.row] = -1  # the row has changed
        bench.tick()
        rows = [call for call in bench.hal.calls[before:] if call[0] == "show"]
        assert len(rows) == (bench.unit.phase == CONTROL_TICKS - 2)
        if rows:
            shown.append(rows[0][1])
    assert len(shown) == 24
    assert all(b == (a + 1) % 8 for a, b in pairwise(shown))


def test_telemetry_is_taken_down_in_that_tick_and_written_in_the_ticks_behind_it() -> None:
    bench = Bench().to("TREAT")
    bench.hal.reader = True
    fields: dict[int, int] = {}  # written, by phase
    for _ in range(5 * CONTROL_TICKS):
        before = bench.unit.telemetry.field
        bench.tick()
        more = bench.unit.telemetry.field - before
        if more > 0:
            fields[bench.unit.phase] = fields.get(bench.unit.phase, 0) + more
    assert set(fields) == set(range(CONTROL_TICKS - 2))
