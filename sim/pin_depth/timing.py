"""Tick times of the unit, measured from outside by its accesses to the hardware.

`sim.pin_depth.board` reports them here. A tick begins with the first thermistor's conversion, feeds
the watchdog when it is complete, and ends when the processor arms its timer to sleep or, without a
sleep, when the next tick begins.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.pin_depth.adapter import Emulator


class Tick(NamedTuple):
    """One tick; microseconds since the bench was switched on."""

    begin_us: float
    fed_us: float
    slept_us: float


class Ticks:
    """Every whole tick since the last reset."""

    def __init__(self, emulator: "Emulator") -> None:
        self.emulator = emulator
        self.kept: list[Tick] = []
        self.lost: list[Tick] = []  # of earlier boot cycles
        self.begin_us = self.fed_us = -1.0
        self.slept_us = -1.0
        emulator.on_sleep = self.slept

    def begin(self) -> None:
        """The first thermistor is converted."""
        now_us = self.emulator.exact_us
        if self.fed_us >= 0.0:
            slept_us = self.slept_us if self.slept_us > self.fed_us else now_us
            self.kept.append(Tick(self.begin_us, self.fed_us, slept_us))
        self.begin_us = now_us
        self.fed_us = -1.0

    def fed(self) -> None:
        """The watchdog was fed."""
        if self.begin_us >= 0.0:
            self.fed_us = self.slept_us = self.emulator.exact_us

    def slept(self) -> None:
        """The timer was armed."""
        self.slept_us = self.emulator.exact_us

    def forget(self) -> None:
        """The chip has begun anew."""
        self.lost += self.kept
        self.kept = []
        self.begin_us = self.fed_us = -1.0
