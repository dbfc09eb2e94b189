"""The latch: what is wrong stays until a person saw it, and what was wrong first stays known."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core import faults
from firmware.core.faults import (
    FAULTS,
    KEPT,
    LED_OPEN,
    NTC_OPEN,
    PAD_UNPLUGGED,
    PADS,
    STOPPING,
    Faults,
)
from tests.support.fake_hal import SHORT, Bench

# The number of each fault, its name, what its value and limit are in, whether it is kept in
# flash, and whether all light stops for it.
TABLE = [
    (faults.NTC_OPEN, "ntc_open", "code", False, True),
    (faults.NTC_SHORT, "ntc_short", "code", False, True),
    (faults.CONTACT_HOT, "contact_hot", "mc", True, True),
    (faults.CONTACT_APART, "contact_apart", "mc", False, True),
    (faults.CONTACT_LOST, "contact_lost", "ms", False, True),
    (faults.CONTACT_GARBAGE, "contact_garbage", "mc", False, True),
    (faults.BOARD_HOT, "board_hot", "mc", True, True),
    (faults.BOARD_LOST, "board_sensor_lost", "ms", False, True),
    (faults.BOARD_GARBAGE, "board_garbage", "mc", False, True),
    (faults.LED_OPEN, "led_open", "0.1 ma", False, False),
    (faults.LED_STUCK_ON, "fet_stuck_on", "0.1 ma", True, True),
    (faults.ENABLE_STUCK, "enable_stuck", "0.1 ma", True, True),
    (faults.SUPPLY_OPEN, "supply_open", "0.1 ma", True, True),
    (faults.RAIL_LOST, "rail_lost", "ms", False, True),
    (faults.BATTERY_EMPTY, "battery_empty", "code", False, True),
    (faults.PAD_UNPLUGGED, "pad_unplugged", "code", False, True),
    (faults.CONTACT_STILL, "contact_still", "steps", False, True),
    (faults.CONTACT_JUMP, "contact_jump", "mc", True, True),
    (faults.CONTACT_LOOSE, "contact_loose", "mc", False, True),
    (faults.OFF_SKIN, "off_skin", "mc", False, True),
    (faults.RAIL_APART, "rail_apart", "0.1 ma", False, True),
    (faults.KEPT_UNREADABLE, "kept_unreadable", "", True, True),
    (faults.SKIN_LOST, "skin_sensor_lost", "ms", False, True),
    (faults.LED_GAIN, "led_gain", "0.1 ma", False, True),
    (faults.SET_UP_LOST, "set_up_lost", "times", False, True),
]


def rows(latch: Faults) -> list[list[int]]:
    """What happened, in order."""
    return latch.rows[: latch.count]


@pytest.mark.parametrize("row", TABLE, ids=[row[1] for row in TABLE])
def test_each_fault_is_what_its_row_says(row: tuple[int, str, str, bool, bool]) -> None:
    number, name, unit, hard, stops = row
    assert FAULTS[number] == (name, unit)
    assert bool(faults.HARD >> number & 1) == hard
    assert bool(STOPPING >> number & 1) == stops


def test_no_fault_is_without_a_row() -> None:
    assert [row[0] for row in TABLE] == list(range(len(FAULTS)))


def test_a_new_latch_knows_of_nothing() -> None:
    latch = Faults()
    assert (latch.latched, latch.active, latch.count, latch.first) == (0, 0, 0, 0)
    assert (latch.by_pad, latch.hard) == ([0, 0, 0], False)
    assert latch.rows == [[0] * 5] * 8 and latch.hard_row == [0] * 5


def test_a_fault_is_kept_with_its_pad_its_moment_its_value_and_its_limit() -> None:
    latch = Faults()
    latch.raise_fault(faults.CONTACT_LOST, 1, 1_234, 620, 600)
    assert rows(latch) == [[faults.CONTACT_LOST, 1, 1_234, 620, 600]]
    assert latch.latched == latch.active == latch.by_pad[1] == 1 << faults.CONTACT_LOST


def test_what_goes_on_is_active_but_is_not_kept_again() -> None:
    latch = Faults()
    latch.raise_fault(faults.CONTACT_LOST, 1, 1_000, 620, 600)
    latch.active = 0
    latch.raise_fault(faults.CONTACT_LOST, 1, 2_000, 999, 600)
    assert rows(latch) == [[faults.CONTACT_LOST, 1, 1_000, 620, 600]]
    assert latch.active == 1 << faults.CONTACT_LOST


def test_the_same_fault_of_the_other_pad_is_another() -> None:
    latch = Faults()
    latch.raise_fault(NTC_OPEN, 0, 1, 4_000, 3_700)
    latch.raise_fault(NTC_OPEN, 1, 2, 4_001, 3_700)
    assert [row[1] for row in rows(latch)] == [0, 1] and latch.first == 0


def test_a_hard_fault_waits_to_be_kept_and_the_first_of_them_is() -> None:
    latch = Faults()
    latch.raise_fault(faults.BOARD_HOT, 1, 2, 50_100, 50_000)
    latch.raise_fault(faults.ENABLE_STUCK, 2, 3, 99, 15)
    assert latch.hard and latch.hard_row == [faults.BOARD_HOT, 1, 2, 50_100, 50_000]


def test_a_trip_that_no_other_sensor_bears_out_is_not_hard() -> None:
    latch = Faults()
    latch.raise_fault(faults.CONTACT_HOT, 0, 1, 42_600, 42_500, False)
    assert latch.latched and not latch.hard


def test_a_soft_fault_is_not_kept() -> None:
    latch = Faults()
    latch.raise_fault(NTC_OPEN, 0, 1, 4_000, 3_700)
    assert latch.latched and not latch.hard


def test_an_acknowledged_fault_is_forgotten_and_what_happened_is_not() -> None:
    latch = Faults()
    for pad in range(3):
        latch.raise_fault(faults.RAIL_LOST, pad, 1, 700, 600)
    latch.acknowledge()
    assert latch.latched == 0 and latch.by_pad == [0, 0, 0]
    assert latch.count == 3
    latch.raise_fault(NTC_OPEN, 0, 2, 4_000, 3_700)
    assert latch.first == 3


def test_a_string_found_open_is_judged_afresh_and_nothing_else_is() -> None:
    latch = Faults()
    latch.raise_fault(LED_OPEN, 0, 1, 0, 10)
    latch.raise_fault(LED_OPEN, 1, 1, 0, 10)
    latch.raise_fault(NTC_OPEN, 1, 2, 4_000, 3_700)
    latch.forget(LED_OPEN)
    assert latch.latched == latch.by_pad[1] == 1 << NTC_OPEN and latch.by_pad[0] == 0


def test_what_was_kept_over_power_is_shown_and_latches_nothing() -> None:
    latch = Faults()
    latch.recall(faults.BOARD_HOT, 1, 7, 50_100, 50_000)
    assert rows(latch) == [[faults.BOARD_HOT, 1, 7, 50_100, 50_000]]
    assert latch.latched == 0 and not latch.hard
    latch.raise_fault(NTC_OPEN, 0, 9, 4_000, 3_700)
    assert latch.first == 1


def test_an_open_thermistor_gets_a_better_name_and_keeps_its_value() -> None:
    latch = Faults()
    latch.raise_fault(NTC_OPEN, 1, 5, 4_000, 3_700)
    latch.raise_fault(faults.RAIL_LOST, 2, 6, 700, 600)
    latch.active = 0
    assert latch.rename(NTC_OPEN, PAD_UNPLUGGED, 1)
    assert rows(latch)[0] == [PAD_UNPLUGGED, 1, 5, 4_000, 3_700]
    assert latch.by_pad == [0, 1 << PAD_UNPLUGGED, 1 << faults.RAIL_LOST]
    assert latch.latched == 1 << PAD_UNPLUGGED | 1 << faults.RAIL_LOST
    assert latch.active == 1 << PAD_UNPLUGGED


def test_what_is_renamed_already_stays_and_what_is_past_keeps_its_name() -> None:
    latch = Faults()
    latch.raise_fault(NTC_OPEN, 0, 5, 4_000, 3_700)
    latch.acknowledge()
    latch.raise_fault(NTC_OPEN, 0, 9, 4_001, 3_700)
    for _ in range(3):
        latch.active = 0
        assert latch.rename(NTC_OPEN, PAD_UNPLUGGED, 0)
        assert latch.active == 1 << PAD_UNPLUGGED
        assert [row[0] for row in rows(latch)] == [NTC_OPEN, PAD_UNPLUGGED]


def test_what_comes_again_under_its_first_name_is_renamed_again() -> None:
    latch = Faults()
    for ms in (5, 9):
        latch.raise_fault(NTC_OPEN, 0, ms, 4_000, 3_700)
        assert latch.rename(NTC_OPEN, PAD_UNPLUGGED, 0)
        assert latch.by_pad == [1 << PAD_UNPLUGGED, 0, 0]


def test_nothing_is_renamed_that_is_not_latched() -> None:
    latch = Faults()
    latch.raise_fault(NTC_OPEN, 0, 5, 4_000, 3_700)
    assert not latch.rename(NTC_OPEN, PAD_UNPLUGGED, 1)
    assert latch.by_pad == [1 << NTC_OPEN, 0, 0] and rows(latch)[0][0] == NTC_OPEN


@pytest.mark.parametrize("pad", [0, 1])
def test_one_spike_of_the_thermistor_does_not_hide_that_the_thermometer_is_silent(
    pad: int,
) -> None:
    bench = Bench(SHORT).to("TREAT")
    while bench.unit.phase != 9:
        bench.tick()
    bench.hal.silent.add(("CONTACT_A", "CONTACT_B")[pad])
    bench.run(780)
    bench.hal.ntc[pad] += 2_200
    bench.tick()
    bench.hal.ntc[pad] -= 2_200
    assert bench.state == "FAULT"
    assert bench.faults() == [("contact_lost", PADS[pad])]


class Told:
    """What the latch promises, told slowly."""

    def __init__(self) -> None:
        self.latched: list[tuple[int, int]] = []
        self.happened: list[list[int]] = []  # what is kept of it
        self.first: list[int] = []  # the row of what was latched first

    def stops(self) -> bool:
        return any(fault != LED_OPEN for fault, _ in self.latched)

    def raise_fault(self, *row: int) -> None:
        key = row[0], row[1]
        if key in self.latched:
            return
        stopped = self.stops()
        self.latched.append(key)
        if len(self.happened) == KEPT:
            if stopped:
                return
            self.happened.pop()
        self.happened.append(list(row))
        if not stopped:
            self.first = self.happened[-1]


FAULT = st.integers(0, len(FAULTS) - 1)
RAISED = st.tuples(FAULT, st.integers(0, 2), st.integers(0, 99), st.integers(0, 99), st.just(7))


@given(st.lists(st.one_of(RAISED, RAISED, RAISED, st.sampled_from(["ack", "forget"])), max_size=40))
def test_the_latch_equals_its_model_over_any_faults(steps: list[Any]) -> None:
    latch, told = Faults(), Told()
    for step in steps:
        if step == "ack":
            latch.acknowledge()
            told.latched = []
        elif step == "forget":
            latch.forget(LED_OPEN)
            told.latched = [key for key in told.latched if key[0] != LED_OPEN]
        else:
            latch.raise_fault(*step)
            told.raise_fault(*step)
        assert latch.latched == sum({1 << fault for fault, _ in told.latched})
        for pad in range(3):
            assert latch.by_pad[pad] == sum(1 << f for f, of in told.latched if of == pad)
        assert rows(latch) == told.happened
        if told.latched and told.stops():
            assert latch.rows[latch.first] == told.first
