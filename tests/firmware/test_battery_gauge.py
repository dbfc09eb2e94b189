"""The gauge beside the pack's voltage: how far apart, and how old, it is still believed."""

import pytest

from tests.support.fake_hal import Bench

CELL_MV = 3_800  # at the converter


def believed(bench: Bench, mv: int = CELL_MV, percent: int = 0) -> bool:
    """Whether the battery goes by a gauge that says so, some steps later."""
    bench.hal.gauge[:] = [round(mv * 1000 / 78.125), percent << 8]
    bench.run(1_000)
    return bench.unit.battery.gauge_believed


@pytest.fixture
def bench() -> Bench:
    made = Bench().to_ready()
    made.hal.cell_mv(CELL_MV)
    made.run(10_000)
    return made


@pytest.fixture
def percent(bench: Bench) -> int:
    """Charge by the voltage alone: a gauge that says more than it can be is not believed."""
    assert not believed(bench, percent=101)
    return int(bench.unit.battery.percent)


@pytest.mark.parametrize(("apart_mv", "expected"), [(140, True), (160, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_gauge_is_believed_up_to_150_mv_from_the_converter(
    bench: Bench, percent: int, apart_mv: int, sign: int, expected: bool
) -> None:
    assert believed(bench, CELL_MV + sign * apart_mv, percent) is expected


@pytest.mark.parametrize(("apart", "expected"), [(9, True), (10, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_gauge_is_believed_up_to_ten_percent_from_the_voltage(
    bench: Bench, percent: int, apart: int, sign: int, expected: bool
) -> None:
    assert believed(bench, percent=percent + sign * apart) is expected


def test_a_gauge_that_is_silent_is_believed_for_two_seconds(bench: Bench, percent: int) -> None:
    assert believed(bench, percent=percent)
    bench.hal.silent.add("GAUGE")
    bench.run(1_900)
    assert bench.unit.battery.gauge_believed
    bench.run(1_100)  # it is judged once a second
    assert not bench.unit.battery.gauge_believed
