"""Light counter: what the emitters gave, as driver depth and pin depth both count it.

`sim.driver_depth.light` learns levels from the pin registers, `sim.pin_depth.light` from edges.
The bench, the peripherals and the INA219 are written against this class alone.
"""

from collections import deque

from sim.physics.plant import STEP_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.faults.hardware import Hardware
    from sim.physics.threshold_times import Dark

BLOCK_US = STEP_MS * 1_000
FOREVER_US = 1e18
REMEMBERED = 400  # points of the supply's energy: more than the INA219's window holds


class LightCounter:
    """Time at full current of each bank, pad A's banks first, and energy of the LED supply."""

    def __init__(self, hardware: "Hardware", banks: int) -> None:
        self.hardware = hardware
        self.lit_us = [0.0] * banks  # in this block of the plant
        self.power_w = 0.0  # of the LED supply now; at driver depth a mean over a PWM period
        self.energy_uj = 0.0
        self.points: deque[tuple[float, float]] = deque([(0.0, 0.0)], REMEMBERED)
        self.closed = False  # the supply switch, and when it last
        self.closed_us, self.opened_us = FOREVER_US, 0.0
        self.late = False  # current can flow although the enable pin is low
        self.late_j = 0.0  # optical energy given then
        self.mark_us = 0.0  # counted up to here
        self.known: list[Dark] = []
        # Called for each stretch of light: begin and end in ms, and watts.
        self.on_light: Callable[[float, float, float], object] | None = None

    @property
    def darks(self) -> "list[Dark]":
        """Every end of light."""
        return self.known

    def change(self, us: int) -> None:
        """Something that light depends on changes now: count up to here."""

    def settle(self, us: float) -> None:
        """Count the light up to this moment."""

    def settle_window(self, end_us: float) -> None:
        """Count far enough for `mean_w`."""

    def energy_at(self, us: float) -> float:
        """Return what the LED supply had delivered by a past moment, uJ."""
        return 0.0

    def enabled(self) -> bool:
        """Whether the enable pin is high; it is pulled down where the chip lets it float."""
        return False

    def duties(self) -> list[int]:
        """Return each bank's duty, 0-65535, as its pin has it, whatever the switch does."""
        return []

    def take_shares(self, us: int) -> list[float]:
        """End a block: return the share of it for which each bank was lit at full duty."""
        self.settle(us)
        shares = [lit_us / BLOCK_US for lit_us in self.lit_us]
        self.lit_us = [0.0] * len(shares)
        return shares

    def note_switch(self, closed: bool, us: float) -> None:
        """The supply switch is closed from now on, or open."""
        if closed and not self.closed:
            self.closed_us = us
        elif self.closed and not closed:
            self.opened_us = us
        self.closed = closed

    def mean_ma(self, begin_us: float, end_us: float) -> float:
        """Return the mean current of the LED supply in a span that is over, as the rail monitor
        shows it."""
        hardware = self.hardware
        mean_w = self.mean_w(begin_us, end_us) * hardware.errors.get("rail_ratio", 1.0)
        stray_ma = hardware.stray_ma(begin_us, end_us, self.closed_us, self.opened_us, 1e6)
        return mean_w * 1e6 / hardware.plant.pack_mv() + stray_ma

    def mean_w(self, begin_us: float, end_us: float) -> float:
        """Return the mean power of the LED supply in a span that is over, W."""
        self.settle_window(end_us)
        return (self.energy_at(end_us) - self.energy_at(begin_us)) / (end_us - begin_us)
