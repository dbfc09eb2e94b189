"""Faults that need a chip: what HAL depth cannot break, by the names of the design."""

from typing import TYPE_CHECKING, Any

from sim.chip.parts import Ds3231

if TYPE_CHECKING:
    from sim.chip.run import ChipRun

DAY_S = 86_400


def ends(run: "ChipRun", event: Any, on: bool) -> None:
    """The firmware raises, or never comes back: in its next tick, in the guard, which every
    tick asks, or at the event's line."""
    if not on:
        return
    if event.line:
        run.lines.arm(event)
        return

    def look() -> int:
        run.ends(event)
        return 0

    program = run.device.program
    if program and program.waistband:
        program.waistband.guard.look = look


def host_attach(run: "ChipRun", event: Any, on: bool) -> None:
    """A host attaches as `mpremote` does."""
    if on:
        run.device.host_attach()


def soft_reset(run: "ChipRun", event: Any, on: bool) -> None:
    """The interpreter is reset softly, whatever runs."""
    if on:
        run.device.soft_reset()


def cut(run: "ChipRun", why: str, for_s: float) -> None:
    """Power is lost, and comes back after so long."""
    run.device.power_at_us = run.chip.us + int(for_s * 1e6)
    run.chip.cut_power(why)


def brownout(run: "ChipRun", event: Any, on: bool) -> None:
    """Power is lost and comes back (after `for_s`, or at once)."""
    if on:
        cut(run, "brownout", event.for_s or 0.0)


def clock_jump(run: "ChipRun", event: Any, on: bool) -> None:
    """The battery-backed clock jumps by `value` days, a day where none is named."""
    clock = run.parts.parts["clock"]
    assert isinstance(clock, Ds3231)
    days = 1.0 if event.value is None else float(event.value)
    clock.offset_s += int(days * DAY_S) * (1 if on else -1)


def flash_full(run: "ChipRun", event: Any, on: bool) -> None:
    """Nothing more can be written."""
    run.parts.flash.full = on


def flash_corrupt(run: "ChipRun", event: Any, on: bool) -> None:
    """The filesystem cannot be mounted any more."""
    run.parts.flash.mounted = not on


def flash_torn(run: "ChipRun", event: Any, on: bool) -> None:
    """Power is lost in the middle of what is next written, and is back at once."""
    run.parts.flash.on_torn = (lambda: cut(run, "torn write", 0.0)) if on else None


CHIP_FAULTS = {
    "firmware_exception": ends,
    "firmware_hang": ends,
    "host_attach": host_attach,
    "soft_reset": soft_reset,
    "brownout": brownout,
    "clock_jump": clock_jump,
    "flash_full": flash_full,
    "flash_corrupt": flash_corrupt,
    "flash_torn": flash_torn,
}
