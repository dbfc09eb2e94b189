"""What follows a reset, and careless changes to the unit's files: each is seen on the chip."""

from firmware.core import states
from tests.support.chip_programs import (
    ENABLE,
    LIT_S,
    START,
    Desk,
    broken,
    fault,
    lit,
    lit_s,
    program,
    running,
    story,
    to,
    treating,
)

DARK_MS = 80


# -- after a reset -----------------------------------------------------------------------------


ENDLESS = """
from machine import WDT, Pin
import time
Pin(16, Pin.OUT, value=1)
Pin(8, Pin.OUT, value=1)
WDT(timeout=500)
while True:
    try:
        time.sleep_ms(10)
    except BaseException:
        pass
"""


def test_a_watchdog_ends_a_program_that_catches_everything():
    with running(story(duration_s=30.0), program(ENDLESS)) as run:
        to(run, 0.3)
        assert lit(run)
        to(run, 0.53)
        assert not lit(run)
        to(run, 3.0)
        assert len(run.chip.resets) >= 4
        assert run.device.boots == len(run.chip.resets) + 1


def test_after_a_reset_while_lit_the_unit_is_dark_says_so_and_waits_for_a_person():
    with treating() as run:
        run.chip.usb.connected = True
        to(run, LIT_S)
        run.timeline.inject(fault("firmware_hang"), True)
        to(run, LIT_S + 0.6)
        before_s = lit_s(run)
        to(run, LIT_S + 60.0)
        assert run.row()[1] == "READY"
        assert lit_s(run) == before_s
        assert "ended while emitters were armed" in run.console()


def test_three_unclean_resets_in_a_minute_lock_the_unit_without_a_flash_write():
    with running(story(START, duration_s=90.0)) as run:
        to(run, LIT_S)
        before = run.parts.flash.erases  # the session's beginning
        for k in range(3):
            to(run, LIT_S + 6.0 * k)
            run.timeline.inject(fault("firmware_exception"), True)
        to(run, LIT_S + 20.0)
        assert states.STATES[run.unit.session.state] == "LOCKED"
        assert len(run.chip.resets) == 3
        # but for a line of the journal, in the dark, of each start that was not locked yet
        assert run.parts.flash.erases == before + 2


def test_power_lost_while_lit_is_dark_at_once_and_dark_when_it_comes_back():
    with running(story(START, fault("brownout", LIT_S, for_s=2.0), duration_s=90.0)) as run:
        to(run, LIT_S + 0.001)
        before_s = lit_s(run)
        assert not lit(run)
        to(run, 60.0)
        assert run.device.boots == 2
        assert run.row()[1] == "READY"
        assert lit_s(run) == before_s


# -- what a careless change would cost: the same checks catch it -------------------------------


NO_RESET = (
    "main.py",
    "    finally:\n        dark.restart()",
    "    finally:\n        while True:\n            time.sleep_ms(10)",
)
NOT_DARK = (
    "main.py",
    '        dark.off()\n        tell("dark, and about',
    '        tell("dark, and about',
)
GRANTED_ELSEWHERE = (
    "hal/rp2_hal.py",
    "        self.screen.step()\n",
    "        self.screen.step()\n        self.emitters.lease.grant()\n",
)
BY_DUTY = (
    "hal/emitters.py",
    "                Pin(number, Pin.OUT, value=0)\n        plain",
    "                Pin(number)\n        plain",
)


def test_a_loop_that_no_longer_turns_off_after_an_exception_is_dark_by_its_lease():
    with treating(build=broken(NO_RESET, NOT_DARK)) as run:
        to(run, LIT_S)
        run.timeline.inject(fault("firmware_exception"), True)
        to(run, LIT_S + DARK_MS / 1000)
        assert not lit(run)
        to(run, LIT_S + 0.6)
        assert run.chip.resets[-1][1] == "watchdog"


def test_a_lease_granted_without_the_firmwares_word_is_seen():
    with running(story(duration_s=20.0), broken(GRANTED_ELSEWHERE)) as run:
        to(run, 10.0)
        assert run.depth.supply
    with running(story(duration_s=20.0)) as run:
        to(run, 10.0)
        assert not run.depth.supply


def test_off_by_duty_alone_is_seen():
    desk = Desk(build=broken(BY_DUTY))
    emitters = desk.program.load("hal.emitters").Emitters(desk.hardware.board, ENABLE)
    emitters.carrier(100)
    desk.hardware.enable_stuck = True
    emitters.drive(0, 65_535)
    desk.time.sleep_ms(50)
    emitters.off()
    assert desk.power_w() > 1.0
