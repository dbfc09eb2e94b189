"""Dose and thermal dose in integers: as near to floating point as stated, and never too large.

Everything that the tick works out is run here with integers that refuse to reach
2**30 (`tests.support.int31`), at the extremes of every input.
"""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.conversions import ntc_table, tmp117_code, tmp117_mc
from firmware.core.faults import Faults
from firmware.core.inputs import BUCKLE, Inputs
from firmware.core.limits import BANK_MAX_UW_CM2, CLOCK_MASK, DUTY_MAX
from firmware.therapy.battery import Battery
from firmware.therapy.dose import Cem43, Fluence
from firmware.therapy.pad import ONE, Pad
from firmware.therapy.prescription import compile_course
from firmware.therapy.session import Session
from sim.common.default_prescription import DEFAULT
from tests.support.fake_hal import BOARD, CALIBRATION, SHORT, START, Bench, FakeHal
from tests.support.int31 import LIMIT, OPERATIONS, Int31

# -- against floating point ----------------------------------------------------------------

FULL = st.lists(st.integers(500, BANK_MAX_UW_CM2), min_size=4, max_size=4)
STEP = st.tuples(
    st.lists(st.integers(0, DUTY_MAX), min_size=4, max_size=4),
    st.integers(0, 900),  # ms lit
    st.integers(-8_000, 85_000),  # LED board, mC
)
DUTY_STEP_UJ = 1 / 64 / 1000  # uJ/cm2 a ms: a step of the arithmetic, 0.04 mJ in 40 minutes


def light(board_mc: int) -> float:
    """Light of an emitter against that at 25 C: -0.3 % for each kelvin."""
    return 1 - 0.003 * (board_mc - 25_000) / 1000


@given(FULL, st.lists(STEP, min_size=1, max_size=40))
def test_fluence_is_within_half_a_percent_of_floating_point(
    full: list[int], history: list[tuple[list[int], int, int]]
) -> None:
    dose = Fluence(full)
    exact = [0.0] * 4
    lit_ms = 0
    for duties, step_ms, board_mc in history:
        dose.add(duties, 0, step_ms, board_mc)
        lit_ms += step_ms
        for k in range(4):
            exact[k] += full[k] * light(board_mc) * duties[k] / DUTY_MAX * step_ms / 1000
    for k in range(4):
        assert abs(dose.uj_cm2[k] - exact[k]) <= 0.005 * exact[k] + lit_ms * DUTY_STEP_UJ + 1
    assert dose.total_uj_cm2 == sum(dose.uj_cm2)


@pytest.mark.parametrize("board_mc", [5_000, 25_000, 45_000])
@pytest.mark.parametrize("throttle", [0.02, 0.3, 1.0])
def test_half_an_hour_of_the_default_prescription_is_counted_within_half_a_percent(
    throttle: float, board_mc: int
) -> None:
    dose = Fluence([10_000] * 4)
    duties = [0] * 4 + [int(DUTY_MAX * 0.25 * throttle)] * 4
    for _ in range(30 * 60 * 5):
        dose.add(duties, 4, 200, board_mc)
    exact = 4 * 10_000 * duties[4] / DUTY_MAX * 1800 * light(board_mc)
    assert dose.total_uj_cm2 == pytest.approx(exact, rel=0.005)


def test_the_banks_counted_are_the_pads_own() -> None:
    a, b = Fluence([10_000] * 4), Fluence([10_000] * 4)
    duties = [0, 0, 0, DUTY_MAX, DUTY_MAX, 0, 0, 0]
    a.add(duties, 0, 900, 25_000)
    b.add(duties, 4, 900, 25_000)
    assert [bool(x) for x in a.uj_cm2] == [False, False, False, True]
    assert [bool(x) for x in b.uj_cm2] == [True, False, False, False]


def test_light_counts_no_less_on_a_board_colder_than_the_coldest_counted() -> None:
    cold, colder = Fluence([10_000]), Fluence([10_000])
    cold.add([DUTY_MAX], 0, 900, -8_000)
    colder.add([DUTY_MAX], 0, 900, -40_000)
    assert cold.uj_cm2 == colder.uj_cm2


def cem43_rate(contact_mc: int) -> float:
    """Sapareto and Dewey 1984, a second a second."""
    return float((0.25 if contact_mc < 43_000 else 0.5) ** (43 - contact_mc / 1000))


COUNTED_STEP = 1.5 / 2**18  # of the time: a step of the arithmetic, 14 ms in 40 minutes


@given(st.lists(st.tuples(st.integers(36_001, 45_000), st.integers(1, 900)), max_size=60))
def test_thermal_dose_is_within_two_percent_of_floating_point(
    history: list[tuple[int, int]],
) -> None:
    dose = Cem43()
    exact_ms = sum(cem43_rate(mc) * step_ms for mc, step_ms in history)
    for mc, step_ms in history:
        dose.add(mc, step_ms)
    spent_ms = sum(step_ms for _, step_ms in history)
    error_ms = dose.session_q10_ms / 1024 - exact_ms
    assert abs(error_ms) <= 0.02 * exact_ms + spent_ms * COUNTED_STEP + 1 / 1024


@pytest.mark.parametrize("mc", range(38_000, 45_001, 50))
def test_where_it_matters_thermal_dose_is_within_two_percent_without_allowance(mc: int) -> None:
    dose = Cem43()
    for _ in range(300):
        dose.add(mc, 200)
    assert dose.session_q10_ms / 1024 == pytest.approx(cem43_rate(mc) * 60_000, rel=0.02)


def test_a_minute_at_43_c_is_a_minute() -> None:
    dose = Cem43()
    for _ in range(300):
        dose.add(43_000, 200)
    assert dose.session_q10_ms / 1024 == pytest.approx(60_000, rel=0.02)


def test_skin_at_36_c_and_below_adds_nothing() -> None:
    dose = Cem43()
    for mc in (36_000, 33_000, 0, -300_000):
        dose.add(mc, 900)
    assert dose.session_q10_ms == 0


def test_thermal_dose_is_never_less_for_more_heat() -> None:
    last = 0
    for mc in range(36_000, 46_000):
        dose = Cem43()
        dose.add(mc, 900)
        assert dose.session_q10_ms >= last
        last = dose.session_q10_ms


# -- never 2**30 ----------------------------------------------------------------------------


def test_the_watching_integer_watches_every_operation() -> None:
    assert all(f"__{side}add__" in OPERATIONS for side in ("", "r"))
    big = Int31(LIMIT - 1)
    for grow in (
        lambda: big + 1, lambda: 1 + big, lambda: big * 2, lambda: 2 * big, lambda: big << 1,
        lambda: 1 << Int31(30), lambda: -big - 1, lambda: big - -1, lambda: ~big - 1,
        lambda: (big >> 1) * 4,
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            grow()
    assert (big - 1) & 3 == 2 and isinstance(big // 3, Int31) and isinstance(5 - Int31(3), Int31)


def edges(low: int, high: int) -> Any:
    """Integers of a range, its two ends often."""
    return st.one_of(st.sampled_from([low, high]), st.integers(low, high)).map(Int31)


RAW = edges(-32_768, 32_767)
CODE = edges(0, 4_095)
CLOCK = edges(0, CLOCK_MASK)
STEP_MS = edges(0, 900)


@given(st.lists(edges(0, DUTY_MAX), min_size=4, max_size=4), CLOCK, RAW)
@example([Int31(DUTY_MAX)] * 4, Int31(900), Int31(-32_768))
@example([Int31(DUTY_MAX)] * 4, Int31(CLOCK_MASK), Int31(32_767))
def test_fluence_never_reaches_2_to_the_30(duties: list[int], lit_ms: int, board: int) -> None:
    dose = Fluence([Int31(BANK_MAX_UW_CM2)] * 4)
    for k in range(4):
        dose.rest[k] = Int31(63_999)
    for _ in range(3):
        dose.add(duties, 0, lit_ms, tmp117_mc(board))


@given(edges(-300_000, 300_000), CLOCK)
@example(Int31(45_000), Int31(900))
def test_thermal_dose_of_a_step_never_reaches_2_to_the_30(contact_mc: int, step_ms: int) -> None:
    dose = Cem43()
    dose.rest = Int31(255)
    dose.add(contact_mc, step_ms)


def test_thermal_dose_of_a_pad_that_reads_hot_for_a_day_never_reaches_2_to_the_30() -> None:
    dose = Cem43()
    for _ in range(500):  # 450 s at 45 C; a shorted thermistor reads this for ever
        dose.add(Int31(120_000), Int31(900))


@given(st.tuples(CODE, RAW, RAW), CLOCK, st.lists(CLOCK, min_size=8, max_size=8), edges(0, ONE),
       STEP_MS, edges(38_000, 40_500))  # fmt: skip
@settings(max_examples=200)
def test_a_pads_control_step_never_reaches_2_to_the_30(
    codes: tuple[int, int, int], ms: int, heard: list[int], ceiling: int, step_ms: int,
    set_point_mc: int,
) -> None:  # fmt: skip
    pad = Pad(0, BOARD, ntc_table(BOARD), -2_000, [Int31(BANK_MAX_UW_CM2)] * 4)
    inputs = Inputs()
    inputs.ms = ms
    inputs.heard = heard
    ntc, inputs.contact[0], inputs.board[0] = codes
    latch = Faults()
    for _ in range(4):
        pad.count([Int31(DUTY_MAX)] * 8, step_ms, True)
        pad.sense(inputs, ntc * 10)
        pad.count_heat(step_ms)
        pad.judge(inputs, latch)
        if step_ms:
            pad.fit([Int31(DUTY_MAX)] * 8, step_ms, step_ms, inputs, latch)
        throttle = pad.regulate(set_point_mc, step_ms, ceiling)
        assert 0 <= throttle <= ceiling
        assert Int31(DUTY_MAX) * (throttle >> 2) >> 14 <= DUTY_MAX


@given(CODE, edges(0, 65_535), edges(0, 65_535), edges(-32_768, 65_535), CLOCK, CLOCK)
def test_the_battery_never_reaches_2_to_the_30(
    code: int, cell: int, charge: int, rail: int, ms: int, heard: int
) -> None:
    battery = Battery(BOARD)
    battery.expect(7_000, 2_400_000)
    inputs = Inputs()
    inputs.ms, inputs.battery, inputs.gauge, inputs.rail = ms, [code], [cell, charge], [rail]
    inputs.heard[5] = heard
    for _ in range(20):
        battery.judge(inputs)
        assert 0 <= battery.percent <= 100 and battery.sessions_left() >= 0


@given(st.lists(CODE, min_size=3, max_size=3), st.lists(RAW, min_size=4, max_size=4))
def test_the_guard_never_reaches_2_to_the_30(codes: list[int], raws: list[int]) -> None:
    unit = Bench().unit
    inputs, guard = unit.inputs, unit.guard
    inputs.ntc[:], inputs.battery[:] = codes[:2], codes[2:]
    inputs.contact[:], inputs.board[:] = raws[:2], raws[2:]
    for _ in range(5):
        guard.check()
        guard.clear()


def test_the_times_of_a_session_never_reach_2_to_the_30() -> None:
    session = Session(FakeHal())
    day_ms = Int31(86_400_000 - 1)
    session.state = states.TREAT
    session.state_ms = session.day_ms = session.day_treat_ms = day_ms
    session.session_ms = session.treat_ms = day_ms
    session.course = compile_course(DEFAULT, BOARD, [[10_000] * 4] * 2)
    session.part_ms = session.in_step_ms = Int31(2_400_000)
    session.pass_time(Int31(900))
    session.watch_clock()


HOTTEST = {**DEFAULT, "irradiance_mw_cm2": dict.fromkeys(CALIBRATION["irradiance_mw_cm2"]["A"], 10)}


def ramp_reaches_2_to_the_30() -> bool:
    bench = Bench(number=Int31)
    bench.to("RAMP")
    try:
        bench.until("TREAT", 40_000)
    except AssertionError:
        return True
    return False


def test_the_ramp_never_reaches_2_to_the_30() -> None:
    assert not ramp_reaches_2_to_the_30()


@pytest.mark.parametrize("prescription", [SHORT, HOTTEST], ids=["short", "hottest"])
@pytest.mark.parametrize("start_ms", [0, CLOCK_MASK - 50_000])
def test_a_whole_run_with_a_pause_and_a_mishap_never_reaches_2_to_the_30(
    prescription: object, start_ms: int
) -> None:
    bench = Bench(prescription, start_ms=start_ms, number=Int31)
    bench.hal.reader = True
    bench.to("TREAT")
    bench.skin(40_300)
    bench.run(10_000)
    bench.press(START)
    bench.run(5_000)
    bench.press(START)
    bench.until("TREAT", 60_000)
    bench.hal.board_mc(45_500)
    bench.hal.pins &= ~BUCKLE
    bench.until("PAUSED")
    for code in (0, 4_095):
        for raw in (-32_768, 32_767):
            bench.hal.ntc = [code, code]
            bench.hal.contact = [raw, raw]
            bench.hal.board = [raw, raw]
            bench.hal.battery = code
            bench.hal.gauge = [65_535 * (code > 0), 65_535 * (raw > 0)]
            bench.hal.rail_01ma = 65_535
            bench.run(2_000)
    assert bench.state == "FAULT" and tmp117_code(0) == 0
