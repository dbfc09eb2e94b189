"""Stop wins: a hand that stabs START never lights again what its first press made dark."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.inputs import START
from firmware.core.limits import CLOCK_MASK
from tests.support.fake_hal import MOMENT_MS, SHORT, Bench

GAP_MS = st.integers(150, 500)
DOWN_MS = st.integers(60, 140)
STABS = st.lists(st.tuples(GAP_MS, DOWN_MS), min_size=1, max_size=10)


def stab(bench: Bench, stabs: list[tuple[int, int]]) -> int:
    """Press START at these distances; return ticks in which an emitter was lit after the first."""
    lit = 0
    for gap_ms, down_ms in stabs:
        for pins, ms in ((START, down_ms), (0, gap_ms - down_ms)):
            bench.hal.pins = bench.hal.pins & ~START | pins
            for _ in range(ms // 20):
                bench.tick()
                lit += bench.hal.emitting()
    return lit


@pytest.mark.parametrize("from_ms", [0, CLOCK_MASK - 16_000])
@pytest.mark.parametrize("presses", [2, 4, 6, 8])
@pytest.mark.parametrize("gap_ms", [160, 200, 300, 400, 500])
def test_a_stabbed_start_stays_dark(presses: int, gap_ms: int, from_ms: int) -> None:
    bench = Bench(start_ms=from_ms).to("TREAT")
    assert stab(bench, [(gap_ms, 80)] * presses) <= 2  # the two samples that are believed
    bench.run(10_000)
    assert bench.state == "PAUSED" and not bench.hal.emitting()


@settings(max_examples=60)
@given(state=st.sampled_from(["WAIT_SKIN", "CHECK", "RAMP", "TREAT"]), stabs=STABS)
@example(state="TREAT", stabs=[(480, 60)] * 10)
@example(state="WAIT_SKIN", stabs=[(200, 60)] * 2)
def test_no_pattern_of_stabs_lights_again(state: str, stabs: list[tuple[int, int]]) -> None:
    bench = Bench().to(state)
    assert stab(bench, stabs) <= 2
    bench.run(10_000)
    assert bench.state == ("READY" if state == "WAIT_SKIN" else "PAUSED")
    assert not bench.hal.emitting()


@pytest.mark.parametrize("how", ["buckle", "dose"])
def test_stabs_at_a_session_that_has_just_ended_by_itself_start_nothing(how: str) -> None:
    bench = Bench(SHORT).to("TREAT")
    if how == "buckle":
        bench.take_off()
        bench.until("PAUSED", 20)
    else:
        bench.until("DONE", 200_000)
    assert stab(bench, [(400, 80)] * 8) == 0
    bench.run(10_000)
    assert not bench.hal.emitting() and bench.state in ("PAUSED", "DONE")


def test_two_seconds_after_the_last_stab_a_press_resumes() -> None:
    bench = Bench().to("TREAT")
    stab(bench, [(400, 80)] * 8)
    bench.run(MOMENT_MS)
    bench.press(START)
    assert bench.state == "CHECK"


def test_a_press_within_two_seconds_leaves_it_paused_and_one_after_them_resumes() -> None:
    for wait_ms, state in ((1_800, "PAUSED"), (2_100, "CHECK")):
        bench = Bench().to("TREAT")
        bench.down(START)
        bench.up(START)
        bench.run(wait_ms)
        bench.press(START)
        assert bench.state == state


def test_a_press_within_a_second_of_the_end_is_no_wish_for_another_session() -> None:
    for wait_ms, refused in ((900, ""), (1_100, "never_off")):
        bench = Bench(SHORT).to("TREAT")
        bench.until("DONE", 200_000)
        bench.run(wait_ms)
        bench.press(START)
        assert bench.state == "DONE"
        assert states.REFUSALS[bench.unit.session.refused] == refused
