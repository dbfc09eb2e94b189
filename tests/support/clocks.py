"""A wall clock that a test turns."""

from typing import Any

from firmware.core.clock import Clock


def turn_clock(hal: Any, clock: Clock, clock_s: int | None) -> None:
    """The wall clock is another one, and trusted as after a trusted word; None: it is lost, as at a
    power-on."""
    hal.clock_s = clock_s
    clock.base_s = 0
    clock.stamp_s = clock_s or clock.stamp_s
    clock.now_s()
