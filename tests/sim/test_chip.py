"""The desktop chip does what an RP2040 and MicroPython's port on it do."""

import errno

import pytest

from sim.driver_depth.core import ChipReset, PowerCut
from sim.driver_depth.i2c import OVERHEAD_US
from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import A_810, B_810, ENABLE, Desk, read_register, scan

PAGE = bytes([0x40]) + bytes(range(128))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def pwm(desk: Desk, pin: int, freq: int = 2_000, duty: int = 32_768):
    return desk.machine.PWM(desk.machine.Pin(pin), freq=freq, duty_u16=duty)


# -- time --------------------------------------------------------------------------------------


def test_ticks_begin_where_the_scenario_says_and_wrap_at_30_bits():
    desk = Desk(clock=(1 << 30) - 100)
    before = desk.time.ticks_ms()
    desk.time.sleep_ms(200)
    after = desk.time.ticks_ms()
    assert before >= (1 << 30) - 100
    assert after < 200
    assert desk.time.ticks_diff(after, before) == 200


@pytest.mark.parametrize(("later", "earlier", "diff"), [
    (5, (1 << 30) - 5, 10), ((1 << 30) - 5, 5, -10), (1 << 29, 0, -(1 << 29)), (7, 7, 0),
])  # fmt: skip
def test_ticks_diff_is_right_within_half_the_range(desk, later, earlier, diff):
    assert desk.time.ticks_diff(later, earlier) == diff


def test_operations_take_time_and_sleeps_take_what_they_say(desk):
    pin = desk.machine.Pin(18, desk.machine.Pin.IN, desk.machine.Pin.PULL_UP)
    assert desk.took_us(pin.value) == 4
    assert desk.took_us(desk.time.sleep_us, 1_234) == 1_234
    assert 19_000 < desk.took_us(desk.time.sleep_ms, 20) <= 20_000


# -- pins --------------------------------------------------------------------------------------


def test_after_reset_every_pin_is_an_input_pulled_down(desk):
    assert [desk.pin(pin) for pin in range(30)] == [0] * 30


def test_a_button_pulls_its_pin_to_ground_against_the_pull_up(desk):
    pin = desk.machine.Pin(18, desk.machine.Pin.IN, desk.machine.Pin.PULL_UP)
    released = pin.value()
    desk.hardware.pins |= 1
    assert (released, pin.value()) == (1, 0)


def test_an_output_reads_back_as_what_it_drives(desk):
    pin = desk.machine.Pin(17, desk.machine.Pin.OUT, value=1)
    assert pin.value() == 1
    pin.off()
    assert pin.value() == 0


# -- PWM ---------------------------------------------------------------------------------------


def test_a_new_duty_takes_effect_when_the_slice_wraps(desk):
    desk.close_supply()
    channel = pwm(desk, A_810, freq=8, duty=65_535)
    desk.time.sleep_ms(30)
    channel.duty_u16(0)
    desk.time.sleep_ms(60)
    assert desk.pin(A_810) == 1
    desk.time.sleep_ms(60)
    assert desk.pin(A_810) == 0


def test_both_channels_of_a_slice_share_its_frequency(desk):
    a, _ = pwm(desk, A_810, 2_000), pwm(desk, B_810, 2_000)
    a.freq(100)
    desk.time.sleep_ms(20)
    part = desk.chip.pwm.slice_of(A_810)
    part.settle(desk.chip.us)
    assert desk.chip.pwm.slice_of(B_810) is part
    assert part.period_us == pytest.approx(10_000, rel=1e-4)
    assert part.share(1) == pytest.approx(0.5, abs=1e-4)


def test_a_duty_below_the_slowest_frequency_is_refused(desk):
    with pytest.raises(ValueError, match="freq too small"):
        pwm(desk, A_810, freq=7)


@pytest.mark.parametrize("level", [0, 1])
def test_deinit_holds_the_pin_at_the_level_it_has(desk, level):
    channel = pwm(desk, A_810, freq=100)
    desk.time.sleep_us(2_000 if level else 8_000)
    channel.deinit()
    desk.time.sleep_ms(1_000)
    assert desk.pin(A_810) == level


def test_deinit_of_one_pad_stops_the_other_pad_of_the_slice(desk):
    a, _ = pwm(desk, A_810), pwm(desk, B_810, duty=65_535)
    desk.time.sleep_ms(2)
    a.deinit()
    assert not desk.chip.pwm.slice_of(B_810).enabled
    assert desk.pin(B_810) == 1


def test_light_is_counted_to_the_microsecond_over_wraps(desk):
    desk.close_supply()
    channel = pwm(desk, A_810, freq=100, duty=16_384)  # 2.5 ms in each 10 ms
    channel.duty_u16(49_152)  # 7.5 ms, from the second period on
    begun_us = desk.chip.us
    desk.time.sleep_us(30_000)
    desk.chip.light.settle(desk.chip.us)
    part = desk.chip.pwm.slice_of(A_810)
    expected_us = 2_500 + 7_500 + 7_500 + (begun_us + 30_000 - part.zero_us) % 10_000
    assert desk.chip.light.lit_us[0] == pytest.approx(expected_us, abs=60)


def test_a_pin_as_plain_output_is_dark_at_once_whatever_its_slice_does(desk):
    desk.close_supply()
    pwm(desk, A_810, freq=8, duty=65_535)
    desk.time.sleep_ms(5)
    assert desk.power_w() > 1.0
    desk.machine.Pin(A_810, desk.machine.Pin.OUT, value=0)
    assert desk.power_w() == 0.0


def test_without_the_enable_pin_no_light_is_given(desk):
    pwm(desk, A_810, duty=65_535)
    assert desk.power_w() == 0.0
    desk.close_supply()
    assert desk.power_w() == pytest.approx(1.5, rel=0.01)


def test_a_soft_reset_leaves_slices_4_to_7_running(desk):
    pwm(desk, A_810)
    pwm(desk, 14)
    desk.chip.soft_reset()
    assert [part.enabled for part in desk.chip.pwm.slices[4:8:3]] == [True, True]


@pytest.mark.parametrize("level", [0, 1])
def test_a_soft_reset_freezes_slices_0_to_3_at_their_level(desk, level):
    pwm(desk, 2, freq=100)
    desk.time.sleep_us(2_000 if level else 8_000)
    desk.chip.soft_reset()
    desk.time.sleep_ms(100)
    assert desk.pin(2) == level


# -- watchdog, resets --------------------------------------------------------------------------


def test_the_watchdog_resets_so_long_after_the_last_feed(desk):
    dog = desk.machine.WDT(timeout=500)
    for _ in range(10):
        desk.time.sleep_ms(400)
        dog.feed()
    fed_us = desk.chip.us
    with pytest.raises(ChipReset):
        desk.time.sleep(10)
    assert desk.chip.us - fed_us == 500_000
    assert desk.machine.reset_cause() == desk.machine.WDT_RESET


def test_a_watchdog_made_anew_takes_another_timeout(desk):
    desk.machine.WDT(timeout=500)
    desk.machine.WDT(timeout=8_000)
    desk.time.sleep(7)
    with pytest.raises(ChipReset):
        desk.time.sleep(2)


def test_a_watchdog_beyond_8388_ms_is_refused(desk):
    desk.machine.WDT(timeout=8_388)
    with pytest.raises(ValueError, match="8388"):
        desk.machine.WDT(timeout=8_389)


def test_a_reset_lets_every_pin_go_and_stops_the_watchdog(desk):
    desk.close_supply()
    pwm(desk, A_810, duty=65_535)
    desk.machine.WDT(timeout=500)
    with pytest.raises(ChipReset):
        desk.machine.reset()
    desk.chip.boot()
    desk.time.sleep(5)
    assert desk.power_w() == 0.0
    assert (desk.pin(A_810), desk.pin(ENABLE)) == (0, 0)


def test_a_program_has_no_more_say_once_its_chip_was_reset(desk):
    with pytest.raises(ChipReset):
        desk.machine.reset()
    with pytest.raises(ChipReset):
        desk.machine.Pin(A_810, desk.machine.Pin.OUT, value=1)


def test_scratch_survives_a_reset_and_not_a_loss_of_power(desk):
    word = 0x2BADCAFE
    desk.machine.mem32[0x4005_800C] = word
    with pytest.raises(ChipReset):
        desk.machine.reset()
    desk.chip.boot()
    assert desk.machine.mem32[0x4005_800C] == word
    with pytest.raises(PowerCut):
        desk.chip.cut_power("test")
    desk.chip.boot()
    assert desk.machine.mem32[0x4005_800C] == 0


def test_ticks_begin_at_zero_after_a_reset():
    desk = Desk(clock=1_000_000)
    with pytest.raises(ChipReset):
        desk.machine.reset()
    desk.chip.boot()
    assert desk.time.ticks_ms() < 50


# -- I2C: time, refusals, a held bus -----------------------------------------------------------


def test_a_transfer_takes_nine_bits_a_byte_at_its_frequency(desk):
    bus = desk.sensors(timeout=5_000)
    took_us = desk.took_us(bus.writeto, 0x48, b"\x0f")
    assert took_us == OVERHEAD_US + int((2 * 9 + 2) * 2.5)


def test_a_page_of_the_screen_takes_2_9_ms(desk):
    took_us = desk.took_us(desk.screen_bus(timeout=5_000).writeto, 0x3C, PAGE)
    assert took_us == pytest.approx(2_950, abs=30)


def test_a_missing_part_is_eio_at_once(desk):
    bus = desk.sensors(timeout=5_000)
    with pytest.raises(OSError) as refused:
        bus.writeto(0x55, b"\x00")
    assert refused.value.errno == errno.EIO


def test_a_silent_part_does_not_acknowledge(desk):
    bus = desk.sensors(timeout=5_000)
    desk.hardware.silence(("contact_a",), True)
    with pytest.raises(OSError) as refused:
        bus.writeto(0x48, b"\x00")
    assert refused.value.errno == errno.EIO
    assert bus.writeto(0x49, b"\x00") == 1


@pytest.mark.parametrize("acknowledged", [0, 1, 2])
def test_a_data_byte_without_acknowledgement_ends_a_write_and_raises_nothing(desk, acknowledged):
    bus = desk.sensors(timeout=5_000)
    part = desk.parts["contact_a"]
    part.acknowledged = acknowledged
    begun_us = desk.chip.us
    assert bus.writeto(0x48, b"\x02\x30\x00") == acknowledged
    assert desk.chip.us - begun_us == OVERHEAD_US + int(((2 + acknowledged) * 9 + 2) * 2.5)
    assert part.pointer == (2 if acknowledged else 0)
    assert part.high == 0x6000  # as delivered: half a word is not written


@pytest.mark.parametrize("timeout_us", [1_000, 5_000, 50_000])
def test_a_held_bus_costs_exactly_the_timeout(desk, timeout_us):
    bus = desk.sensors(timeout=timeout_us)
    desk.hardware.hold_bus(True)
    begun_us = desk.chip.us
    with pytest.raises(OSError) as refused:
        bus.writeto(0x48, b"\x00")
    assert refused.value.errno == errno.ETIMEDOUT
    assert desk.chip.us - begun_us == timeout_us


def test_reading_a_register_of_a_held_bus_costs_two_timeouts(desk):
    """`readfrom_mem_into` generates a stop in software after its failed write."""
    bus = desk.sensors(timeout=5_000)
    desk.hardware.hold_bus(True)
    begun_us = desk.chip.us
    with pytest.raises(OSError, match="ETIMEDOUT"):
        bus.readfrom_mem_into(0x48, 0, bytearray(2))
    assert desk.chip.us - begun_us == 10_000


def test_the_other_bus_goes_on_while_one_is_held(desk):
    desk.hardware.hold_bus(True)
    assert desk.screen_bus(timeout=5_000).writeto(0x68, b"\x00") == 1


def test_a_scan_finds_every_part(desk):
    assert scan(desk.sensors()) == [0x36, 0x40, 0x48, 0x49, 0x4A, 0x4B, 0x50]
    assert scan(desk.screen_bus()) == [0x3C, 0x68]


def test_a_bus_on_the_other_buss_pins_is_refused(desk):
    with pytest.raises(ValueError, match="bad SCL pin"):
        desk.machine.I2C(0, scl=desk.machine.Pin(7), sda=desk.machine.Pin(4))


# -- ADC ---------------------------------------------------------------------------------------


def codes(desk: Desk, level: float, count: int = 3_000) -> list[int]:
    adc = desk.machine.ADC(desk.machine.Pin(26))
    desk.time.sleep_ms(1)
    read = []
    for _ in range(count):
        desk.hardware.levels[0] = level
        read.append(adc.read_u16() >> 4)
    return read


def test_the_converter_has_2_8_codes_of_noise(desk):
    read = codes(desk, 1_000.0)
    mean = sum(read) / len(read)
    rms = (sum((code - mean) ** 2 for code in read) / len(read)) ** 0.5
    assert mean == pytest.approx(1_000.0, abs=0.3)
    assert rms == pytest.approx(2.8, abs=0.2)


def test_a_wide_code_takes_in_its_neighbours(desk):
    read = codes(desk, 1_536.0)
    assert read.count(1_536) > 0.8 * len(read)
    assert not set(range(1_533, 1_536)) & set(read)


def test_16_bits_are_the_12_bits_repeated(desk):
    value = desk.machine.ADC(desk.machine.Pin(26)).read_u16()
    assert value & 15 == value >> 12


def test_a_pin_without_a_converter_is_refused(desk):
    with pytest.raises(ValueError, match="ADC"):
        desk.machine.ADC(desk.machine.Pin(8))


# -- flash -------------------------------------------------------------------------------------


@pytest.mark.parametrize("erase_us", [45_000, 400_000])
def test_writing_a_file_stops_the_program_for_its_erases(desk, erase_us):
    desk.unit.flash.erase_us = erase_us
    begun_us = desk.chip.us
    with desk.unit.flash.open("kept.json", "wb") as file:
        file.write(b"x" * 100)
    assert erase_us <= desk.chip.us - begun_us <= erase_us + 10_000
    assert desk.unit.flash.read("kept.json") == b"x" * 100


def test_a_long_erase_can_cost_a_short_watchdog(desk):
    desk.machine.WDT(timeout=300)
    desk.unit.flash.erase_us = 400_000
    with pytest.raises(ChipReset):
        desk.unit.flash.write("kept.json", b"x")


def test_a_filesystem_that_is_gone_is_an_os_error(desk):
    desk.unit.flash.mounted = False
    with pytest.raises(OSError):
        desk.unit.flash.open("calibration.json")


def test_a_full_filesystem_says_so(desk):
    desk.unit.flash.full = True
    with pytest.raises(OSError) as refused:
        desk.unit.flash.open("x", "w")
    assert refused.value.errno == errno.ENOSPC


# -- the program's surroundings ----------------------------------------------------------------


def test_print_blocks_half_a_second_when_the_host_stops_reading(desk):
    usb = desk.chip.usb
    usb.connected, usb.reading = True, False
    assert desk.took_us(usb.write, "x" * 320) < 1_000
    assert desk.took_us(usb.write, "y") >= 500_000
    assert usb.text() == "x" * 320


def test_without_a_host_print_takes_no_time_to_speak_of(desk):
    # 0.9 us a byte, as measured on the emulated chip; a host that does not read costs 500 ms
    assert desk.took_us(desk.chip.usb.write, "x" * 10_000) < 10_000


def test_a_program_cannot_import_what_a_board_has_not(desk):
    desk.unit.flash.files["main.py"] = b"import typing"
    assert desk.program.run("main.py") == "failed"
    assert "typing" in str(desk.program.errors[0])


def test_the_hosts_time_is_untouched_while_a_program_runs(desk):
    import sys
    import time

    desk.unit.flash.files["main.py"] = b"import time, machine\ntime.sleep_ms(5)"
    assert desk.program.run("main.py") == "done"
    assert sys.modules["time"] is time
    assert "machine" not in sys.modules
    assert not hasattr(time, "sleep_ms")


def test_lightsleep_holds_pwm_pins_at_their_level(desk):
    desk.close_supply()
    pwm(desk, A_810, freq=100)
    desk.time.sleep_us(2_000)
    desk.machine.lightsleep(1_000)
    desk.chip.light.settle(desk.chip.us)
    assert desk.chip.light.energy_uj > 1.4e6  # a second at full current, not half of it


def test_a_part_may_be_missing_or_another():
    desk = Desk(build=Build(missing=("clock",), identities={"contact_a": 0x0116}))
    assert scan(desk.screen_bus()) == [0x3C]
    assert read_register(desk.sensors(), 0x48, 0x0F) == b"\x01\x16"
