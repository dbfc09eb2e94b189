"""The I2C parts on the bench answer as their data sheets say, register by register."""

from typing import Any

import pytest

from sim.common.story import Event
from sim.driver_depth.font import CELLS
from sim.driver_depth.unit_build import Build
from sim.faults.hardware import Filter
from sim.faults.injectors import contact_stuck
from tests.support.chip_programs import A_810, ENABLE, Desk, read_register

THERM = 1 << 4 | 1 << 5
HIGH, LOW = 43 * 128, 42 * 128


@pytest.fixture
def desk() -> Desk:
    return Desk()


def word(desk: Desk, address: int, register: int) -> int:
    return int.from_bytes(read_register(desk.sensors(), address, register), "big")


def put(desk: Desk, address: int, register: int, value: int) -> None:
    desk.sensors().writeto(address, bytes([register, value >> 8, value & 255]))


def light(desk: Desk) -> None:
    """One bank at full current."""
    desk.close_supply()
    desk.machine.Pin(A_810, desk.machine.Pin.OUT, value=1)


def watch(desk: Desk, address: int = 0x48) -> None:
    put(desk, address, 2, HIGH)
    put(desk, address, 3, LOW)
    put(desk, address, 1, THERM)


def heat(desk: Desk, pad: int, contact_c: float) -> None:
    """The contact thermometer feels this from the next block on."""
    plant: Any = desk.plant.pads[pad]
    plant.contact.value = contact_c
    plant.tissue.change(external_w_m2=0.0)
    raw = int(contact_c * 128)
    plant.sense = lambda *_: setattr(plant, "contact_raw", raw)


# -- thermometers ------------------------------------------------------------------------------


def test_a_thermometer_reads_minus_256_until_its_first_conversion(desk):
    assert word(desk, 0x48, 0) == 0x8000
    desk.time.sleep_ms(130)
    assert word(desk, 0x48, 0) / 128 == pytest.approx(34.9, abs=0.3)


def test_a_set_up_that_comes_too_early_starts_the_first_conversion_again(desk):
    desk.time.sleep_ms(80)
    watch(desk)
    desk.time.sleep_ms(60)
    assert word(desk, 0x48, 0) == 0x8000
    desk.time.sleep_ms(70)
    assert word(desk, 0x48, 0) != 0x8000


def test_as_delivered_a_thermometer_measures_once_a_second(desk):
    desk.time.sleep(1.3)
    first = word(desk, 0x4A, 0)
    desk.plant.pads[0].board.value += 5.0
    desk.time.sleep_ms(400)
    assert word(desk, 0x4A, 0) == first
    desk.time.sleep_ms(800)
    assert word(desk, 0x4A, 0) > first + 100


def test_set_up_for_it_a_thermometer_measures_in_each_block(desk):
    put(desk, 0x4A, 1, 1 << 5)
    desk.time.sleep(1)
    first = word(desk, 0x4A, 0)
    desk.plant.pads[0].board.value += 5.0
    desk.time.sleep_ms(400)
    assert word(desk, 0x4A, 0) > first + 100


def test_every_thermometer_has_its_identity(desk):
    assert [word(desk, address, 0x0F) for address in range(0x48, 0x4C)] == [0x0117] * 4


def test_limits_and_configuration_are_read_back(desk):
    watch(desk)
    assert (word(desk, 0x48, 2), word(desk, 0x48, 3)) == (HIGH, LOW)
    assert word(desk, 0x48, 1) & 0x0FFC == THERM


@pytest.mark.parametrize("pad", [0, 1])
def test_the_alert_opens_the_supply_switch_by_itself_and_closes_it_cooler(desk, pad):
    watch(desk, 0x48 + pad)
    light(desk)
    desk.time.sleep_ms(400)
    assert desk.power_w() > 1.0
    heat(desk, pad, 43.1)
    desk.time.sleep_ms(400)
    assert desk.power_w() == 0.0
    assert desk.pin(ENABLE) == 1
    heat(desk, pad, 42.5)
    desk.time.sleep_ms(400)
    assert desk.power_w() == 0.0
    heat(desk, pad, 41.9)
    desk.time.sleep_ms(400)
    assert desk.power_w() > 1.0


def test_a_thermometer_as_delivered_opens_nothing(desk):
    light(desk)
    heat(desk, 0, 60.0)
    desk.time.sleep(2)
    assert desk.power_w() > 1.0


def test_the_alert_of_an_led_board_is_not_wired(desk):
    watch(desk, 0x4A)
    light(desk)
    desk.plant.pads[0].board.value = 60.0
    desk.time.sleep_ms(400)
    assert desk.power_w() > 1.0


def test_an_alert_that_is_broken_opens_nothing(desk):
    watch(desk)
    light(desk)
    desk.hardware.alert_works = False
    heat(desk, 0, 60.0)
    desk.time.sleep(1)
    assert desk.power_w() > 1.0


def test_a_stuck_register_does_not_stop_the_alert(desk):
    """The comparator is inside the part: a fault that bends the answer is beyond it."""
    watch(desk)
    light(desk)
    desk.time.sleep_ms(400)
    kept = list(desk.hardware.raw)
    event = Event(0.0, "fault", "contact_stuck", "A")
    desk.hardware.add_filter(Filter(event, contact_stuck, kept))
    heat(desk, 0, 43.5)
    desk.time.sleep_ms(400)
    assert word(desk, 0x48, 0) == kept[0]
    assert desk.power_w() == 0.0


def test_a_loss_of_power_forgets_the_alert(desk):
    watch(desk)
    desk.bench.lose_power()
    assert word(desk, 0x48, 2) == 0x6000


# -- rail monitor ------------------------------------------------------------------------------

AVERAGING = 0b11 << 11 | 0b0011 << 7 | 0b1111 << 3 | 0b101
WINDOW_US = 68_100


def test_the_rail_monitor_averages_over_68_ms(desk):
    put(desk, 0x40, 0, AVERAGING)
    begun_us = desk.parts["rail"].since_us
    light(desk)
    full = round(1.5e7 / desk.plant.pack_mv())
    desk.time.sleep_us(begun_us + WINDOW_US // 2 - desk.chip.us)
    desk.machine.Pin(A_810, desk.machine.Pin.OUT, value=0)
    desk.time.sleep_us(begun_us + WINDOW_US - desk.chip.us - 1_000)
    assert word(desk, 0x40, 1) == 0
    desk.time.sleep_us(2_000)
    assert word(desk, 0x40, 1) == pytest.approx(full / 2, rel=0.03)
    desk.time.sleep_us(WINDOW_US)
    assert word(desk, 0x40, 1) == 0


def test_as_delivered_the_rail_monitor_averages_nothing(desk):
    light(desk)
    desk.time.sleep_ms(5)
    full = round(1.5e7 / desk.plant.pack_mv())
    assert word(desk, 0x40, 1) == pytest.approx(full, rel=0.01)


def test_the_rail_monitor_shows_the_mean_of_the_pulses(desk):
    put(desk, 0x40, 0, AVERAGING)
    desk.close_supply()
    desk.machine.PWM(desk.machine.Pin(A_810), freq=2_000, duty_u16=16_384)
    desk.time.sleep_ms(300)
    full = 1.5e7 / desk.plant.pack_mv()
    assert word(desk, 0x40, 1) == pytest.approx(full / 4, rel=0.02)


# -- gauge -------------------------------------------------------------------------------------


def test_the_gauge_tells_the_mean_cell_and_the_charge(desk):
    desk.time.sleep_ms(10)
    assert word(desk, 0x36, 4) == 0  # nothing was measured yet
    desk.time.sleep_ms(190)
    assert word(desk, 0x36, 2) * 0.078125 == pytest.approx(desk.plant.pack_mv() / 2, abs=1)
    assert word(desk, 0x36, 4) / 256 == pytest.approx(80.0, abs=0.1)
    assert word(desk, 0x36, 8) & 0xFFF0 == 0x0010


# -- clock -------------------------------------------------------------------------------------


def test_the_clock_goes_on_and_is_set_by_seven_bytes(desk):
    bus = desk.screen_bus()
    bus.writeto(0x68, bytes([0, 0x50, 0x59, 0x23, 4, 0x31, 0x12, 0x26]))
    desk.time.sleep(15)
    assert read_register(bus, 0x68, 0, 7) == bytes([0x05, 0x00, 0x00, 5, 0x01, 0x01, 0x27])


def test_a_clock_that_was_never_set_says_that_its_oscillator_stopped():
    desk = Desk(build=Build(clock_unset=True))
    bus = desk.screen_bus()
    assert read_register(bus, 0x68, 0x0F, 1)[0] & 0x80
    bus.writeto(0x68, bytes([0x0F, 0x00]))
    assert not read_register(bus, 0x68, 0x0F, 1)[0] & 0x80
    bus.writeto(0x68, bytes([0x0F, 0x80]))
    assert not read_register(bus, 0x68, 0x0F, 1)[0] & 0x80


# -- screen ------------------------------------------------------------------------------------

ON = bytes([0x00, 0xAE, 0x8D, 0x14, 0x20, 0x02, 0xAF])


def row(text: str) -> bytes:
    return b"\x40" + b"".join([CELLS[ord(letter)] for letter in text.ljust(16)])


def test_the_screen_keeps_pages_that_can_be_read(desk):
    bus = desk.screen_bus()
    bus.writeto(0x3C, ON)
    bus.writeto(0x3C, bytes([0x00, 0xB3, 0x00, 0x10]))
    bus.writeto(0x3C, row("Held at 40.5 C"))
    assert desk.parts["screen"].text()[3] == "Held at 40.5 C  "


def test_the_screen_shows_nothing_until_it_is_on(desk):
    desk.screen_bus().writeto(0x3C, bytes([0x00, 0xB0]))
    assert desk.parts["screen"].text() == []


def test_horizontal_addressing_goes_on_to_the_next_page(desk):
    bus = desk.screen_bus()
    bus.writeto(0x3C, bytes([0x00, 0x8D, 0x14, 0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7, 0xAF]))
    bus.writeto(0x3C, row("first") + row("second")[1:])
    assert [text.strip() for text in desk.parts["screen"].text()[:2]] == ["first", "second"]


def test_a_whole_frame_does_not_pass_in_5_ms_and_stops_midway(desk):
    bus = desk.screen_bus(timeout=5_000)
    bus.writeto(0x3C, bytes([0x00, 0x8D, 0x14, 0x20, 0x00, 0xAF]))
    with pytest.raises(OSError, match="ETIMEDOUT"):
        bus.writeto(0x3C, b"\x40" + b"\xff" * 1_024)
    assert sum(page.count(255) for page in desk.parts["screen"].pages) == 220


def test_letters_drawn_by_framebuf_are_read_back_as_text(desk):
    framebuf = desk.program.modules["framebuf"]
    every = "".join([chr(code) for code in range(32, 128)])
    buffer = bytearray(128 * 6)
    canvas = framebuf.FrameBuffer(buffer, 128, 48, framebuf.MONO_VLSB)
    for line in range(6):
        canvas.text(every[16 * line : 16 * line + 16], 0, 8 * line)
    bus = desk.screen_bus(timeout=50_000)
    bus.writeto(0x3C, bytes([0x00, 0x8D, 0x14, 0x20, 0x00, 0xAF]))
    bus.writeto(0x3C, b"\x40" + buffer)
    assert "".join(desk.parts["screen"].text()[:6]) == every
