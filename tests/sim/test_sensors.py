"""Sensors: the codes that the firmware reads, their noise and their lag."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.physics import sensors
from sim.physics.sensors import READ_AS, Ina219, Lag, Noise, ntc_level, tmp117_raw


@pytest.mark.parametrize(
    ("temp_c", "code"),
    [(25.0, 2048), (36.96, 1536), (40.5, 1400), (41.0, 1382), (42.5, 1328), (43.0, 1310)],
)
def test_thermistor_gives_the_codes_of_the_hardware_table(temp_c: float, code: int) -> None:
    assert int(ntc_level(temp_c) + 0.5) == pytest.approx(code, abs=1 if code == 1536 else 0)


@given(st.floats(-40.0, 120.0), st.floats(0.01, 5.0))
def test_a_warmer_thermistor_always_reads_lower(temp_c: float, warmer: float) -> None:
    assert ntc_level(temp_c + warmer) < ntc_level(temp_c)


def test_noise_has_a_mean_of_nothing_and_a_deviation_of_one() -> None:
    noise = Noise(1)
    values = [noise.draw() for _ in range(20000)]
    assert statistics.fmean(values) == pytest.approx(0.0, abs=0.05)
    assert statistics.pstdev(values) == pytest.approx(1.0, abs=0.03)


def test_one_seed_gives_one_stream_and_another_seed_another() -> None:
    def stream(seed: int) -> list[float]:
        noise = Noise(seed)
        return [noise.draw() for _ in range(50)]

    assert stream(7) == stream(7)
    assert stream(7) != stream(8)
    assert stream(7)[:4] == [-0.38671875, 0.24609375, -0.13671875, 0.96875]  # on any build


@pytest.mark.parametrize("seed", [0, 1, 2, 7, 12345])
def test_neighbouring_samples_do_not_follow_each_other(seed: int) -> None:
    noise = Noise(seed)
    values = [noise.draw() for _ in range(20000)]
    for lag in (1, 2, 3, 4, 8):
        shifted = values[lag:]
        assert abs(statistics.correlation(values[: len(shifted)], shifted)) < 0.03


@pytest.mark.parametrize("wide", [512, 1536, 2560, 3584])
def test_eight_codes_worth_of_input_read_as_each_wide_code(wide: int) -> None:
    seen = READ_AS[wide - 8 : wide + 8]
    assert seen.count(wide) == 8
    assert seen[:4] == [wide - 8, wide - 7, wide - 6, wide - 5]
    assert seen[-4:] == [wide + 4, wide + 5, wide + 6, wide + 7]


def test_every_code_of_twelve_bits_is_read_as_one() -> None:
    assert len(READ_AS) == 4096
    assert set(READ_AS) <= set(range(4096))


@pytest.mark.parametrize(
    ("temp_c", "raw"), [(0.0, 0), (25.0, 0x0C80), (43.0, 0x1580), (-0.0078125, -1), (-25.0, -3200)]
)
def test_tmp117_gives_the_codes_of_its_datasheet(temp_c: float, raw: int) -> None:
    assert tmp117_raw(temp_c) == raw


def test_a_lagged_sensor_covers_63_percent_of_a_step_in_its_lag() -> None:
    lag = Lag(30.0, lag_s=2.0, dt_s=0.2)
    for _ in range(10):
        lag.advance(40.0)
    assert lag.value == pytest.approx(40.0 - 10.0 / math.e)


def test_rail_monitor_shows_nothing_until_its_68_ms_are_over() -> None:
    monitor = Ina219()
    for _ in range(3):
        monitor.advance(500.0, 20.0)
    assert monitor.shunt_raw == 0
    monitor.advance(500.0, 20.0)
    assert monitor.shunt_raw == 5000


def test_rail_monitor_shows_a_20_ms_flash_as_its_share_of_the_window() -> None:
    monitor = Ina219()
    monitor.advance(681.0, 20.0)
    monitor.advance(0.0, 60.0)
    assert monitor.shunt_raw == 2000  # 681 mA * 20 / 68.1


def test_rail_monitor_keeps_up_when_stepped_more_slowly_than_it_converts() -> None:
    monitor = Ina219()
    monitor.advance(100.0, 200.0)
    assert monitor.shunt_raw == 1000


def test_rail_monitor_stops_at_its_full_scale() -> None:
    monitor = Ina219()
    monitor.advance(9000.0, 200.0)
    assert monitor.shunt_raw == sensors.INA219_MOST
