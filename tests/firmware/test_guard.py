"""The guard: raw codes against raw limits, three samples running, and never a sample fewer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core import faults
from firmware.core.conversions import ntc_code, tmp117_code
from firmware.core.inputs import Inputs
from firmware.safety.guard import Guard
from firmware.therapy.calibration import calibration_crc
from tests.support.fake_hal import BOARD, CALIBRATION, Bench

FINE = {"ntc": 1700, "contact": tmp117_code(33_000), "board": tmp117_code(30_000)}
EMPTY = 2 * 3_000 * 4096 // BOARD.BATTERY_FULL_SCALE_MV  # the code of 3.0 V a cell

# Which list of the record, the first code that trips, the last that does not, its fault.
LIMITS = [
    ("ntc", 3_700, 3_699, faults.NTC_OPEN),
    ("ntc", 1_328, 1_329, faults.CONTACT_HOT),
    ("ntc", 300, 1_329, faults.NTC_SHORT),
    ("contact", tmp117_code(42_500), tmp117_code(42_500) - 1, faults.CONTACT_HOT),
    ("contact", tmp117_code(85_000), tmp117_code(42_500) - 1, faults.CONTACT_GARBAGE),
    ("contact", tmp117_code(-20_000), tmp117_code(-20_000) + 1, faults.CONTACT_GARBAGE),
    ("board", tmp117_code(50_000), tmp117_code(50_000) - 1, faults.BOARD_HOT),
    ("board", tmp117_code(85_000), tmp117_code(50_000) - 1, faults.BOARD_GARBAGE),
    ("board", tmp117_code(-20_000), tmp117_code(-20_000) + 1, faults.BOARD_GARBAGE),
]
EVERY_LIMIT = pytest.mark.parametrize(("where", "trips", "passes", "fault"), LIMITS)
EACH_PAD = pytest.mark.parametrize("pad", [0, 1])


def fitted(offset_c: tuple[float, float] = (0, 0)) -> tuple[Inputs, Guard]:
    """A unit's guard, over its record with every code fine."""
    offsets = {"A": offset_c[0], "B": offset_c[1]}
    table = {**CALIBRATION, "ntc_offset_c": offsets}
    unit = Bench(calibration={**table, "crc32": calibration_crc(table, BOARD)}).unit
    for name, code in FINE.items():
        getattr(unit.inputs, name)[:] = [code, code]
    unit.inputs.battery[0] = 3_000
    return unit.inputs, unit.guard


@EACH_PAD
@EVERY_LIMIT
def test_three_samples_at_a_limit_trip_its_row_and_no_other(
    where: str, trips: int, passes: int, fault: int, pad: int
) -> None:
    inputs, guard = fitted()
    codes: list[int] = getattr(inputs, where)
    codes[pad] = trips
    assert guard.check() == 0
    assert guard.check() == 0
    tripped = guard.check()
    assert tripped.bit_count() == 1
    source, index, _, _ = guard.rows[tripped.bit_length() - 1]
    assert (source, index) == (codes, pad) and source is codes
    assert guard.values[tripped.bit_length() - 1] == trips


@EACH_PAD
@EVERY_LIMIT
def test_a_code_short_of_a_limit_never_trips(
    where: str, trips: int, passes: int, fault: int, pad: int
) -> None:
    inputs, guard = fitted()
    getattr(inputs, where)[pad] = passes
    assert [guard.check() for _ in range(100)] == [0] * 100


@EACH_PAD
@EVERY_LIMIT
def test_two_samples_and_one_that_is_fine_never_trip(
    where: str, trips: int, passes: int, fault: int, pad: int
) -> None:
    inputs, guard = fitted()
    codes = getattr(inputs, where)
    for _ in range(50):
        for code in (trips, trips, passes):
            codes[pad] = code
            assert guard.check() == 0


@EACH_PAD
@EVERY_LIMIT
def test_a_lit_unit_is_dark_60_ms_after_a_code_goes_out_and_names_what_it_was(
    where: str, trips: int, passes: int, fault: int, pad: int
) -> None:
    bench = Bench().to("TREAT")
    bench.hal.moving = False  # the code is at the limit, and not a step beside it
    codes = getattr(bench.hal, where)
    codes[pad] = trips
    bench.run(40)
    assert bench.hal.emitting() and bench.state == "TREAT"
    bench.tick()
    assert not bench.hal.emitting() and bench.state == "FAULT"
    named, of_pad, _, value, limit = bench.unit.faults.rows[0]
    assert (named, of_pad) == (fault, pad)
    if faults.FAULTS[fault][1] == "code":
        assert value == trips
    else:
        # what broke the limit and the limit, in mC: no nearer to the middle than the limit is
        assert abs(value - 30_000) >= abs(limit - 30_000) - 30


@EACH_PAD
@pytest.mark.parametrize("code", [tmp117_code(50_000), 32_767, tmp117_code(-20_000), -32_768])
def test_two_samples_of_a_hot_led_board_leave_a_lit_unit_alone(code: int, pad: int) -> None:
    bench = Bench().to("TREAT")
    fine = bench.hal.board[pad]
    for _ in range(20):
        bench.hal.board[pad] = code
        bench.run(40)
        bench.hal.board[pad] = fine
        bench.run(20)
        assert bench.unit.faults.latched == 0


@EACH_PAD
@pytest.mark.parametrize("code", [4_095, 0])
def test_one_spike_of_a_thermistor_leaves_a_lit_unit_alone(code: int, pad: int) -> None:
    bench = Bench().to("TREAT")
    fine = bench.hal.ntc[pad]
    bench.hal.ntc[pad] = code
    bench.tick()
    bench.hal.ntc[pad] = fine
    bench.run(1_000)
    assert bench.unit.faults.latched == 0


def test_the_codes_of_the_design_are_those_of_the_thermistor() -> None:
    assert [ntc_code(BOARD, mc) for mc in (41_000, 42_500, 43_000)] == [1382, 1328, 1310]
    assert 1400 <= ntc_code(BOARD, 40_500) <= 1401  # 1400.6
    assert abs(ntc_code(BOARD, 36_960) - 1536) <= 1  # a spike of the converter


@EACH_PAD
def test_a_thermistor_that_reads_low_by_its_calibration_trips_that_much_earlier(pad: int) -> None:
    inputs, guard = fitted((1, 0) if pad == 0 else (0, 1))
    lows = {index: low for source, index, low, _ in guard.rows if source is inputs.ntc}
    assert lows[pad] == ntc_code(BOARD, 41_500)
    assert lows[1 - pad] == 1_328


def test_the_battery_trips_at_3_v_a_cell_and_not_a_code_above() -> None:
    inputs, guard = fitted()
    inputs.battery[0] = EMPTY + 1
    assert [guard.check() for _ in range(10)] == [0] * 10
    inputs.battery[0] = EMPTY
    assert [bool(guard.check()) for _ in range(3)] == [False, False, True]


def test_an_empty_battery_is_dark_within_60_ms_and_is_no_fault() -> None:
    bench = Bench().to("TREAT")
    bench.hal.battery = EMPTY
    bench.run(60)
    assert not bench.hal.emitting()
    assert (bench.state, bench.reason, bench.unit.faults.latched) == ("DONE", "battery", 0)


def test_a_trip_stays_when_its_code_comes_back() -> None:
    inputs, guard = fitted()
    inputs.ntc[0] = 4_000
    for _ in range(3):
        guard.check()
    inputs.ntc[0] = FINE["ntc"]
    assert all(guard.check() for _ in range(100))


def test_clear_forgets_what_is_back_in_bounds_and_keeps_what_is_still_out() -> None:
    inputs, guard = fitted()
    inputs.ntc[0] = inputs.ntc[1] = 4_000
    for _ in range(3):
        tripped = guard.check()
    assert tripped.bit_count() == 2
    inputs.ntc[1] = FINE["ntc"]
    guard.check()
    guard.clear()
    still = guard.check()
    assert still.bit_count() == 1
    source, index, _, _ = guard.rows[still.bit_length() - 1]
    assert source is inputs.ntc and index == 0


def test_after_clear_a_row_counts_three_samples_anew() -> None:
    inputs, guard = fitted()
    inputs.ntc[0] = 4_000
    for _ in range(3):
        guard.check()
    inputs.ntc[0] = FINE["ntc"]
    guard.check()
    guard.clear()
    inputs.ntc[0] = 4_000
    assert [bool(guard.check()) for _ in range(3)] == [False, False, True]


def test_a_new_guard_has_seen_nothing() -> None:
    _, guard = fitted()
    assert (guard.tripped, guard.out) == (0, 0)
    assert guard.counts == guard.values == [0] * len(guard.rows)


def test_the_first_code_that_tripped_a_row_is_kept() -> None:
    _, guard = fitted()
    for k, (source, index, low, _) in enumerate(guard.rows):
        fine = source[index]
        for less in (1, 2, 3, 4, 5):
            source[index] = low - less
            assert guard.check() >> k & 1 == (less >= 3)
        source[index] = fine
        assert guard.values[k] == low - 3
    assert guard.tripped == (1 << len(guard.rows)) - 1


@pytest.mark.parametrize("by", [-1, 0])
@pytest.mark.parametrize("side", ["low", "high"])
def test_every_row_trips_with_all_codes_out_of_bounds_at_once(side: str, by: int) -> None:
    _, guard = fitted()
    for source, index, low, high in guard.rows:
        source[index] = low + by if side == "low" else high - by
    assert [guard.check() for _ in range(3)] == [0, 0, (1 << len(guard.rows)) - 1]


def test_a_code_that_stays_out_is_counted_no_further() -> None:
    inputs, guard = fitted()
    inputs.ntc[0] = 4_000
    for _ in range(100):
        guard.check()
    assert max(guard.counts) == 3


class Model:
    """What the guard promises, told slowly: a row trips when its last three codes were out."""

    def __init__(self, rows: tuple[Any, ...]) -> None:
        self.rows = rows
        self.history: list[list[bool]] = [[] for _ in rows]
        self.tripped: set[int] = set()

    def check(self) -> int:
        for k, (source, index, low, high) in enumerate(self.rows):
            self.history[k].append(source[index] <= low or source[index] >= high)
            if self.history[k][-3:] == [True] * 3:
                self.tripped.add(k)
        return sum(1 << k for k in self.tripped)

    def clear(self) -> None:
        self.tripped = {k for k in self.tripped if self.history[k][-1]}


NTC = st.sampled_from([0, 300, 301, 1327, 1328, 1329, 1700, 3699, 3700, 4095])
TMP = st.sampled_from([-32768, -2561, -2560, -2559, 4000, 5439, 5440, 5441, 6399, 6400, 32767])
CODES = st.tuples(NTC, NTC, TMP, TMP, TMP, TMP, st.sampled_from([0, EMPTY, EMPTY + 1, 4095]))


@given(st.lists(st.one_of(CODES, st.just(None), st.just("again"), st.just("fine")), max_size=60))
def test_the_guard_equals_its_model_over_any_codes(steps: list[Any]) -> None:
    inputs, guard = fitted()
    model = Model(guard.rows)
    for step in steps:
        if step is None:
            guard.clear()
            model.clear()
        else:
            codes = (1700, 1700, 4000, 4000, 4000, 4000, 3000) if step == "fine" else step
            if step != "again":
                inputs.ntc[:] = codes[:2]
                inputs.contact[:] = codes[2:4]
                inputs.board[:] = codes[4:6]
                inputs.battery[0] = codes[6]
            assert guard.check() == model.check()
        assert guard.tripped == sum(1 << k for k in model.tripped)
