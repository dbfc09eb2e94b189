"""Virtual time of a chip: what every peripheral may ask of the chip that it is in.

`sim.driver_depth.core.Chip` is a Clock; the peripherals, the flash and the USB console use this
class alone.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.driver_depth.light_counter import LightCounter

NEVER = 1 << 62


class Clock:
    """Whole microseconds since power-on, which move only by `spend`."""

    def __init__(self) -> None:
        self.us = 0
        self.due = 0  # when something has to be done next, at the latest
        self.raising: BaseException | None = None  # in the program, after this operation
        self.light: LightCounter

    def spend(self, us: int) -> None:
        """An operation took so long."""
        self.us += us
        if self.us >= self.due:
            self.catch_up()

    def catch_up(self) -> None:
        """Do what fell due up to now, each at its own moment."""

    def due_by(self, us: int) -> None:
        """Something is due at this time: `catch_up` runs then at the latest."""
        if us < self.due:
            self.due = us

    def raise_in_program(self, error: BaseException) -> None:
        """Raise this in the program after the operation that runs."""
        self.raising = error
        self.due = self.us

    def count_light(self) -> None:
        """Something that light depends on changes now: light counts up to here first."""
        self.light.change(self.us)
