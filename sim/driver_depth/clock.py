"""Virtual time of a chip: what every peripheral may ask of the chip that it is in.

`sim.driver_depth.core.Chip` is the one that has more to it; the peripherals, the flash and the USB
console are written against this alone.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Counter(Protocol):
        """What counts the light; `sim.driver_depth.light.Light` is one."""

        def change(self, us: int) -> None:
            """Something that bears on light changes now: count up to it."""

        def settle(self, us: float) -> None:
            """Count the light up to this moment."""


NEVER = 1 << 62


class Clock:
    """Whole microseconds since power-on, which move only by `spend`."""

    def __init__(self) -> None:
        self.us = 0
        self.due = 0  # when something has to be done next, at the latest
        self.raising: BaseException | None = None  # in the program, after this operation
        self.light: Counter

    def spend(self, us: int) -> None:
        """An operation took so long."""
        self.us += us
        if self.us >= self.due:
            self.catch_up()

    def catch_up(self) -> None:
        """Do what fell due up to now, each at its own moment."""

    def soon(self, us: int) -> None:
        """Something is due at this time, perhaps before all else."""
        if us < self.due:
            self.due = us

    def throw(self, error: BaseException) -> None:
        """Raise this in the program after the operation that runs."""
        self.raising = error
        self.due = self.us

    def changes(self) -> None:
        """Something that bears on light changes now: light counts up to here first."""
        self.light.change(self.us)
