"""When ticks begin, are fed and end, from what reaches the hardware."""

import itertools
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sim.pin_depth.timing import Tick, Ticks

# What happens in a tick after the first conversion, and how many us later each is.
SLEEPS = (("fed", 900.0), ("slept", 100.0), ("begin", 19_000.0))
LATE = (("fed", 18_800.0), ("begin", 5_100.0))
TIMED = (("slept", 300.0), ("fed", 600.0), ("slept", 100.0), ("begin", 19_000.0))  # a wait within
BROKEN = (("slept", 300.0), ("begin", 19_700.0))  # never fed: not a whole tick
KINDS = (SLEEPS, LATE, TIMED, BROKEN)


def played(kinds: list[Any]) -> Ticks:
    """The record after ticks of these kinds."""
    clock: Any = SimpleNamespace(exact_us=0.0, on_sleep=None)
    ticks = Ticks(clock)
    ticks.begin()
    for kind in kinds:
        for what, after_us in kind:
            clock.exact_us += after_us
            getattr(ticks, what)()
    return ticks


def test_a_tick_ends_when_the_timer_is_armed():
    assert played([SLEEPS]).kept == [Tick(0.0, 900.0, 1_000.0)]


def test_a_tick_that_leaves_nothing_to_sleep_ends_when_the_next_begins():
    assert played([LATE]).kept == [Tick(0.0, 18_800.0, 23_900.0)]


def test_waiting_within_a_tick_does_not_end_it():
    assert played([TIMED]).kept == [Tick(0.0, 900.0, 1_000.0)]


@given(st.lists(st.sampled_from(KINDS), max_size=20))
def test_whole_ticks_are_kept_in_order_and_never_overlap(kinds):
    kept = played(kinds).kept
    assert len(kept) == sum(kind is not BROKEN for kind in kinds)
    for tick in kept:
        assert tick.begin_us < tick.fed_us < tick.slept_us
    for one, next_one in itertools.pairwise(kept):
        assert one.slept_us <= next_one.begin_us


def test_a_reset_begins_a_new_record_and_keeps_the_old():
    ticks = played([SLEEPS, SLEEPS])
    ticks.forget()
    assert (len(ticks.kept), len(ticks.lost)) == (0, 2)
    ticks.fed()
    ticks.begin()
    assert ticks.kept == []
