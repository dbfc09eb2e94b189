"""Each trap of MicroPython on the RP2040 that this depth can show: first a few lines that
fall into it, to see that the chip has it, then the unit's own files, which do not.

What "dark" means here is no current in any emitter, whatever the program believes.
"""

import pytest

from tests.support.chip_programs import (
    A_810,
    ENABLE,
    HOLD,
    LEASED,
    LIGHT,
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


# -- off is not off ----------------------------------------------------------------------------


def test_trap_an_uncaught_exception_leaves_pwm_running():
    with running(story(duration_s=60.0), program(LIGHT + "1 / 0")) as run:
        to(run, 30.0)
        assert run.device.at_prompt
        assert lit(run)


@pytest.mark.parametrize("name", ["firmware_exception", "firmware_hang"])
def test_a_firmware_that_raises_or_hangs_is_dark_within_80_ms_and_reset_within_500(name):
    with treating() as run:
        to(run, LIT_S)
        assert lit(run)
        run.timeline.inject(fault(name), True)
        to(run, LIT_S + DARK_MS / 1000)
        assert not lit(run)
        to(run, LIT_S + 0.6)
        assert [at_us <= (LIT_S + 0.5) * 1e6 for at_us, *_ in run.chip.resets] == [True]


@pytest.mark.parametrize("place", ["read", "drive", "renew_lease", "feed"])
def test_an_exception_anywhere_in_the_hal_is_dark_within_80_ms(place):
    with treating() as run:
        to(run, LIT_S)

        def broken_part(*_):
            raise OSError(5)

        setattr(run.unit.hal, place, broken_part)
        to(run, LIT_S + 0.3)
        assert not lit(run)
        assert run.depth.darks
        dark_ms = run.depth.darks[-1].t_ms - LIT_S * 1000
        # a duty is driven at the next control step, no sooner
        assert dark_ms <= DARK_MS + (200 if place == "drive" else 0)


def test_trap_ctrl_c_leaves_pwm_running():
    with running(story(duration_s=60.0), program(LIGHT + "while True: time.sleep_ms(10)")) as run:
        to(run, 5.0)
        run.device.interrupt()
        to(run, 10.0)
        assert run.device.at_prompt
        assert lit(run)


def test_ctrl_c_ends_a_session_and_not_the_program():
    with treating() as run:
        to(run, LIT_S)
        run.device.interrupt()
        to(run, LIT_S + 0.08)
        assert not lit(run)
        to(run, LIT_S + 5.0)
        assert run.chip.resets == []
        assert run.row()[1] == "DONE"


def test_ctrl_c_while_the_unit_starts_is_dark():
    with running(story(START, duration_s=30.0)) as run:
        to(run, 0.1)
        run.device.interrupt()
        to(run, 25.0)
        assert run.device.at_prompt
        assert lit_s(run) == 0.0


def test_trap_a_host_that_attaches_skips_main_and_leaves_pwm_running():
    with running(story(duration_s=60.0), program(LIGHT + "while True: time.sleep_ms(10)")) as run:
        to(run, 5.0)
        run.device.host_attach()
        to(run, 30.0)
        assert run.device.at_prompt
        assert run.device.boots == 1
        assert lit(run)


def test_trap_a_soft_reset_leaves_the_lease_pin_high_and_the_watchdog_ends_it_in_500_ms():
    body = LEASED.replace("WDT(", "WDT_FED = WDT(") + HOLD
    with running(story(duration_s=60.0), program(body)) as run:
        to(run, 5.0)
        assert lit(run)
        run.parts.flash.files["main.py"] = b""
        run.device.soft_reset()
        to(run, 5.2)
        assert run.device.at_prompt
        assert lit(run)  # the machine stopped with the pin high, the slice runs on
        to(run, 5.6)
        assert run.chip.resets[-1][1] == "watchdog"
        assert not lit(run)


def test_a_leased_pin_goes_low_after_an_exception():
    body = LEASED.replace("WDT(timeout=500)\n", "lease.grant()\n1 / 0\n")
    with running(story(duration_s=60.0), program(body)) as run:
        to(run, 0.06)
        assert run.device.at_prompt
        to(run, 5.0)
        assert not lit(run)


@pytest.mark.parametrize("name", ["host_attach", "soft_reset"])
def test_a_host_or_a_soft_reset_never_leaves_the_unit_lit_without_its_firmware(name):
    with treating() as run:
        to(run, LIT_S)
        run.timeline.inject(fault(name), True)
        to(run, LIT_S + 0.5)
        program_runs = not run.device.at_prompt and not run.chip.resets
        assert program_runs or not lit(run)
        to(run, LIT_S + 10.0)
        assert not lit(run) and run.row()[1] == ("DONE" if program_runs else "READY")


def test_trap_deinit_is_not_off():
    body = LIGHT.replace("freq=2000, duty_u16=32768", "freq=8, duty_u16=65535") + "pwm.deinit()"
    with running(story(duration_s=60.0), program(body)) as run:
        to(run, 30.0)
        assert lit(run)


def test_trap_duty_0_at_8_hz_takes_effect_up_to_125_ms_later():
    body = LIGHT.replace("freq=2000, duty_u16=32768", "freq=8, duty_u16=65535")
    body = body.replace("1000", "1010")  # ten milliseconds into a period
    with running(story(duration_s=60.0), program(body + "pwm.duty_u16(0)")) as run:
        to(run, 1.1)
        assert lit(run)
        to(run, 1.3)
        assert not lit(run)


@pytest.mark.parametrize("hz", [100, 2_000, 10_000])
def test_off_is_dark_within_a_millisecond_at_any_pulse_rate(hz):
    desk = Desk()
    emitters = desk.program.load("hal.emitters").Emitters(desk.hardware.board, ENABLE)
    emitters.carrier(hz)
    for bank in range(8):
        emitters.drive(bank, 65_535)
    emitters.lease.grant()
    desk.time.sleep_ms(40)
    assert desk.power_w() > 10.0
    assert desk.took_us(emitters.off) < 1_000
    assert desk.power_w() == 0.0
    assert [desk.pin(pin) for pin in (ENABLE, *desk.chip.wiring.banks)] == [0] * 9


def test_every_emitter_pin_is_a_plain_output_low_after_off():
    desk = Desk()
    emitters = desk.program.load("hal.emitters").Emitters(desk.hardware.board, ENABLE)
    emitters.drive(0, 65_535)
    emitters.off()
    desk.hardware.enable_stuck = True
    desk.time.sleep_ms(100)
    assert desk.power_w() == 0.0


def test_boot_pulls_every_pin_low_whatever_a_soft_reset_left():
    desk = Desk()
    desk.close_supply()
    desk.machine.PWM(desk.machine.Pin(A_810), freq=2_000, duty_u16=65_535)
    desk.time.sleep_ms(5)
    desk.chip.soft_reset()
    assert desk.power_w() > 1.0
    begun_us = desk.chip.us
    assert desk.program.run("boot.py") == "done"
    assert desk.power_w() == 0.0
    assert desk.chip.us - begun_us < 5_000


# -- a lease that queues ---------------------------------------------------------------------------

RELOADING = """    pull(noblock)
    mov(x, osr)
    jmp(not_x, "low")
    set(pins, 1)
    jmp(x_dec, "pass")
"""
QUEUEING = """    pull(block)
    mov(x, osr)
    set(pins, 1)
    label("count")
    set(pins, 1)
    set(pins, 1)
    set(pins, 1)
    set(pins, 1)
    jmp(x_dec, "count")
    jmp("low")
"""


def test_trap_a_lease_that_queues_holds_long_after_the_last_grant():
    with treating(build=broken(("hal/lease.py", RELOADING, QUEUEING))) as run:
        to(run, LIT_S)
        run.timeline.inject(fault("firmware_hang"), True)
        to(run, LIT_S + 0.175)
        assert lit(run)
        to(run, LIT_S + 0.6)
        assert not lit(run)  # by the watchdog


# -- time --------------------------------------------------------------------------------------


def test_trap_a_plain_difference_of_ticks_goes_wrong_at_the_wrap():
    desk = Desk(clock=(1 << 30) - 100)
    begun = desk.time.ticks_ms()
    desk.time.sleep_ms(200)
    assert desk.time.ticks_ms() - begun < 0


@pytest.mark.parametrize("before_ms", [5_000, 12_000, 16_000, 21_990, 22_010, 40_000])
def test_a_session_does_not_notice_the_wrap(before_ms):
    with treating(clock=(1 << 30) - before_ms) as run:
        to(run, 50.0)
        assert run.row()[1] == "TREAT"
        assert run.unit.session.treat_ms == pytest.approx(34_800, abs=400)


def test_trap_a_whole_frame_fails_under_a_5_ms_timeout_each_time():
    desk = Desk()
    bus = desk.screen_bus(timeout=5_000)
    for _ in range(3):
        with pytest.raises(OSError, match="ETIMEDOUT"):
            bus.writeto(0x3C, b"\x40" + bytes(1_024))


def test_the_units_screen_shows_its_text_a_page_at_a_time():
    with treating() as run:
        to(run, LIT_S)
        assert run.screen()[0].strip() != ""
        assert "?" not in "".join(run.screen())
        assert run.parts.buses[1].worst_us < 5_000


def test_a_screen_bus_that_is_slow_or_gone_delays_no_lease():
    with treating() as run:
        to(run, LIT_S)
        run.hardware.silence(("screen", "clock"), True)
        to(run, LIT_S + 5.0)
        assert lit(run)
        assert run.row()[1] == "RAMP"


def test_a_held_bus_is_dark_within_800_ms_and_not_reset():
    with treating() as run:
        to(run, LIT_S)
        run.timeline.inject(fault("i2c_hang"), True)
        to(run, LIT_S + 0.8)
        assert not lit(run)
        assert run.parts.buses[0].worst_us == 5_000
        to(run, LIT_S + 10.0)
        assert run.chip.resets == []
        assert run.row()[1] == "FAULT"
