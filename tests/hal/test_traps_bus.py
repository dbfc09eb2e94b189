"""Traps of a bus: a byte that is not acknowledged raises nothing. The other traps are in
test_traps.py.
"""

from typing import Any

from tests.support.chip_programs import LIT_S, Desk, lit, running, story, to, treating


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
