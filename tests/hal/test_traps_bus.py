"""Traps of a bus: a byte that is not acknowledged raises nothing. The other traps are in
test_traps.py.
"""

from typing import Any

import pytest

from sim.common.story import Event
from sim.driver_depth.unit_build import Build
from tests.support.chip_programs import (
    LIT_S,
    SOUND,
    Desk,
    broken,
    lit,
    running,
    story,
    to,
    treating,
)

EIO_ALONE = broken(
    ("hal/bus.py", "        if self.running < COUNT_MAX:\n            self.running += 1\n", "")
)
NOT_AT_START = broken(
    ("hal/bus.py", "        self.recover()  # a reset", "        self._open()  # a reset")
)


def test_trap_a_register_number_that_is_not_acknowledged_raises_nothing_and_reads_another():
    desk = Desk()
    bus = desk.sensors()
    bus.writeto(0x48, b"\x0f")  # its ID
    desk.parts["contact_a"].acknowledged = 0
    bus.writeto(0x48, b"\x00", False)  # its temperature
    taken = bytearray(2)
    bus.readfrom_into(0x48, taken)
    assert taken == b"\x01\x17"


def test_our_bus_takes_a_byte_that_is_not_acknowledged_for_a_failed_transfer():
    desk = Desk()
    bus = desk.program.load("hal.bus").Bus(0, 5, 4)
    part = desk.parts["contact_a"]
    word, order = bytearray(2), bytearray(b"\x02\x30\x00")
    for acknowledged in range(3):
        part.acknowledged = acknowledged
        assert not bus.write(0x48, order)
    part.acknowledged = 0
    assert not bus.read(0x48, 0, word)
    assert bytes(word) == bytes(2) and (bus.refused, bus.timed_out) == (4, 0)
    part.acknowledged = 3
    assert bus.write(0x48, order) and bus.read(0x48, 2, word) and word == b"\x30\x00"


def test_a_thermometer_that_acknowledges_no_register_number_is_dark_within_800_ms():
    with treating() as run:
        to(run, LIT_S)
        assert lit(run)
        run.parts.parts["contact_a"].acknowledged = 0
        to(run, LIT_S + 0.8)
        assert not lit(run)
        to(run, LIT_S + 1.0)
        assert "contact_lost" in [row["name"] for row in run.result()["faults"]]


def test_a_page_that_the_screen_does_not_acknowledge_is_sent_again():
    with running(story(duration_s=30.0)) as run:
        screen: Any = run.parts.parts["screen"]
        screen.acknowledged = 30  # the set-up, and not all of "Ready"
        to(run, 3.0)
        assert "Ready" not in "".join(run.screen())
        screen.acknowledged = 1_000
        to(run, 9.0)
        assert "Ready" in "".join(run.screen())


@pytest.mark.parametrize(("build", "freed"), [(SOUND, True), (EIO_ALONE, False)])
def test_a_part_that_holds_sda_while_lit_is_dark_in_time_and_then_clocked_free(
    build: Build, freed: bool
) -> None:
    with treating(Event(LIT_S, "fault", "bus_low"), build=build) as run:
        to(run, LIT_S + 0.8)
        assert not lit(run)
        to(run, LIT_S + 2.0)
        assert (run.hardware.low_clocks == 0) is freed
        now_ms = run.driver.unit.inputs.ms
        assert all(now_ms - ms < 900 for ms in run.driver.unit.inputs.heard) is freed


@pytest.mark.parametrize(("build", "bits"), [(SOUND, 9), (NOT_AT_START, 0)])
def test_nine_clocks_are_sent_before_the_first_transfer(build: Build, bits: int) -> None:
    desk = Desk(build=build)
    desk.hardware.hold_sda(True)
    bus = desk.program.load("hal.bus").Bus(0, 5, 4)
    assert desk.hardware.low_clocks == 9 - bits
    assert bus.read(0x48, 0x0F, bytearray(2)) is (bits == 9)
