"""Traps of the filesystem, the console and the watchdog: first the chip has the trap, then the
unit's own files do not fall into it. The other traps are in test_traps.py.
"""

from typing import Any

import pytest

from sim.driver_depth.unit_build import ROOT, Build
from tests.support.chip_programs import (
    ENABLE,
    HOLD,
    LEASED,
    LIGHT,
    LIT_S,
    START,
    Desk,
    fault,
    lit,
    lit_s,
    program,
    running,
    story,
    to,
    treating,
)


@pytest.mark.parametrize("gone", ["calibration.json", "prescription.json"])
def test_a_filesystem_that_was_reformatted_is_locked_or_dark(gone):
    with running(story(START, duration_s=30.0), Build(files={gone: None})) as run:
        to(run, 25.0)
        assert run.row()[1] == "LOCKED"
        assert lit_s(run) == 0.0


def test_a_filesystem_without_any_file_is_dark():
    everything = dict.fromkeys(("boot.py", "main.py", "hal", "firmware"))
    with running(story(START, duration_s=30.0), Build(files=everything)) as run:
        to(run, 25.0)
        assert run.device.at_prompt
        assert lit_s(run) == 0.0


def test_a_filesystem_that_cannot_be_read_after_a_reset_is_dark():
    events = (START, fault("flash_corrupt", 20.0), fault("firmware_exception", 22.0))
    with running(story(*events, duration_s=60.0)) as run:
        to(run, 50.0)
        assert len(run.chip.resets) == 1
        assert run.device.at_prompt and not lit(run)


PLAIN_WRITE = """
with open("day.json", "w") as file:
    file.write("{}" * 40)
"""


def test_trap_power_lost_in_a_plain_write_leaves_a_mix():
    with running(story(fault("flash_torn", 0.0), duration_s=5.0), program(PLAIN_WRITE)) as run:
        run.parts.flash.files["day.json"] = b"whole"
        to(run, 0.2)
        assert run.parts.flash.files["day.json"] not in (b"whole", b"{}" * 40)


def test_what_is_kept_is_the_old_or_the_new_wherever_power_is_lost():
    events = (fault("flash_torn", 5.0), START)
    with running(story(*events, duration_s=40.0)) as run:
        files = run.parts.flash.files
        to(run, 9.0)
        files["day.json"] = old = (
            b'{"treat_ms": 0, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, '
            b'"day_ms": 0, "clock_s": null}'
        )
        to(run, 12.0)
        assert [why for _, why in run.chip.resets] == ["power-on"]
        assert files["day.json"] == old
        to(run, 20.0)
        assert run.row()[1] == "READY"
        assert lit_s(run) == 0.0


def test_trap_print_blocks_when_the_host_stops_reading():
    body = LEASED.replace("WDT(", "WDT_FED = WDT(")
    body += HOLD.replace("    time", "    print('x' * 99)\n    time")
    with running(story(duration_s=30.0), program(body)) as run:
        run.chip.usb.connected, run.chip.usb.reading = True, False
        to(run, 5.0)
        assert run.chip.usb.blocked_us >= 500_000
        assert run.chip.resets  # and the watchdog bit


def test_telemetry_never_blocks_though_the_host_stopped_reading():
    with treating() as run:
        run.chip.usb.connected, run.chip.usb.reading = True, False
        to(run, 40.0)
        assert run.chip.usb.blocked_us == 0
        assert run.chip.resets == []
        assert lit(run)


def test_trap_a_watchdog_longer_than_8388_ms_is_refused():
    body = "from machine import WDT\nWDT(timeout=9000)"
    with running(story(duration_s=30.0), program(body)) as run:
        run.chip.usb.connected = True
        to(run, 5.0)
        assert "ValueError" in run.console()


def test_the_watchdog_is_500_ms_while_lit_and_8_s_while_dark():
    with treating() as run:
        to(run, 8.0)
        assert run.chip.watchdog_span_us == 8_000_000
        to(run, LIT_S)
        assert run.chip.watchdog_span_us == 500_000


def test_a_held_enable_pin_keeps_the_short_watchdog():
    with treating() as run:
        to(run, LIT_S)
        run.chip.gpio.forced[ENABLE] = 1
        hal: Any = run.unit.hal
        hal.emitters.lease.closed = lambda: True
        hal.arm(False)
        assert run.chip.watchdog_span_us == 500_000


def test_trap_a_flash_write_stops_the_program_past_the_lease():
    desk = Desk()
    lease = desk.program.load("hal.lease").Lease(ENABLE)
    lease.grant()
    desk.unit.flash.erase_us = 400_000
    desk.unit.flash.write("log", b"x")
    assert not lease.closed()


def test_nothing_is_written_to_flash_while_lit():
    with treating() as run:
        to(run, 15.0)
        before = run.parts.flash.erases
        to(run, 80.0)
        assert lit(run)
        assert run.parts.flash.erases == before


def test_trap_lightsleep_freezes_light_at_its_level():
    body = LIGHT.replace("duty_u16=32768", "duty_u16=60000")
    body += "import machine\nmachine.lightsleep(5000)"
    with running(story(duration_s=30.0), program(body)) as run:
        to(run, 4.0)
        assert run.chip.asleep
        assert run.chip.light.power_w in (0.0, pytest.approx(1.5))


def test_the_unit_never_calls_lightsleep():
    with treating() as run:
        to(run, 60.0)
        assert not run.chip.asleep
    for path in [*ROOT.glob("*.py"), *(ROOT / "hal").rglob("*.py")]:
        assert "lightsleep(" not in path.read_text()
