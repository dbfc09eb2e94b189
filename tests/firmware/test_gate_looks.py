"""Looks at the current: gated light is steady or dark for long enough now and then."""

import re
from itertools import pairwise

import pytest

from firmware.core.limits import (
    CONTROL_TICKS,
    LOOK_EVERY_TICKS,
    LOOK_STEADY_STEPS,
    LOOK_TICKS,
)
from tests.firmware.test_gate import gated, go, want


def test_gated_light_is_steady_for_one_control_step_in_fifty_and_then_dark() -> None:
    for period, on in ((5, 2), (50, 25), (10, 9), (3, 1)):
        hal, gate = gated()
        want(gate, 30_000)
        gate.modulate(period, on, LOOK_TICKS)
        looks, lit = [], ""
        for step in range(1_000):
            if gate.take_look():
                looks.append(step)
            for _ in range(CONTROL_TICKS):
                go(hal, gate)
                lit += "#" if hal.emitting() else "."
            if gate.steady:
                assert lit.endswith("#" * CONTROL_TICKS)
        assert 18 <= len(looks) <= 20
        assert all(later - look >= 50 for look, later in pairwise(looks))
        for look in looks[:-1]:
            assert lit[CONTROL_TICKS * (look + 1)] == "."
        looked = re.split(f"\\.{{{LOOK_TICKS},}}", lit)
        assert max(map(len, looked)) <= LOOK_EVERY_TICKS + 2 * CONTROL_TICKS


def test_light_without_a_gate_is_never_looked_at() -> None:
    _, gate = gated()
    want(gate, 30_000)
    gate.modulate(1, 1, LOOK_TICKS)
    assert not any(gate.take_look() for _ in range(200))


def test_a_look_waits_until_a_dark_part_that_was_made_longer_is_over() -> None:
    hal, gate = gated()
    want(gate, 30_000)
    gate.modulate(5, 2, LOOK_TICKS)
    while gate.phase >= 0 or gate.unseen_ticks:
        go(hal, gate)
    gate.gated_steps = LOOK_STEADY_STEPS
    assert gate.phase < 0 and not gate.take_look()
    while gate.phase < 0:
        go(hal, gate)
    assert gate.take_look()


def test_light_without_a_gate_is_dark_for_a_look_and_keeps_its_carrier() -> None:
    hal, gate = gated()
    gate.carrier_hz = 500
    want(gate, 30_000)
    gate.modulate(1, 1, LOOK_TICKS)
    lit = []
    for tick in range(3 * LOOK_TICKS):
        if tick == LOOK_TICKS:
            gate.look()
        go(hal, gate)
        lit.append(hal.emitting())
    assert lit == [True] * LOOK_TICKS + [False] * LOOK_TICKS + [True] * LOOK_TICKS
    assert [call for call in hal.calls if call[0] == "carrier"][-1][1] == 500


def test_gated_light_has_dark_parts_and_is_made_dark_for_no_look() -> None:
    _, gate = gated()
    gate.modulate(5, 2, LOOK_TICKS)
    gate.look()
    assert gate.retune_ticks == 0


# Period, its lit ticks, the ticks to look, and what a meter then sees, again and again.
LOOKS = [
    (20, 15, 11, ("#" * 15 + "." * 5) * 6 + "." * 6),  # seven periods are 140 ticks
    (17, 10, 11, ("#" * 10 + "." * 7) * 8 + "." * 4),  # nine are 153
    (21, 10, 11, ("#" * 10 + "." * 11)),  # dark for long enough as well
    (14, 10, 11, ("#" * 10 + "." * 4) * 9 + "." * 7),  # ten are 140
    (19, 10, 11, ("#" * 10 + "." * 9) * 7 + "." * 2),  # eight are 152
    (20, 9, 11, "#" * 9 + "." * 11),  # dark for long enough as it is
    (20, 10, 11, ("#" * 10 + "." * 10) * 6 + "."),
    (23, 14, 11, ("#" * 14 + "." * 9) * 6 + "." * 2),  # six are 138 just
    (2, 1, 0, "#."),
    (5, 5, 11, "#"),
    (2, 3, 11, "#"),
]


@pytest.mark.parametrize(("period", "on", "look", "seen"), LOOKS)
def test_a_dark_part_is_made_longer_at_the_end_of_the_last_period_that_may_be(
    period: int, on: int, look: int, seen: str
) -> None:
    hal, gate = gated()
    want(gate, 30_000)
    for ticks in (105, 400):  # a modulation begins anew with itself
        gate.modulate(period, on, look)
        lit = ""
        for _ in range(ticks):
            go(hal, gate)
            lit += "#" if hal.emitting() else "."
        assert lit == (seen * ticks)[:ticks]
