"""What the oracle may read of a run: types alone.

For `sim.oracle.safety_oracle`, its parts and `sim.oracle.report`. The unit's own word comes
through `sim.oracle.claims`. A run knows its oracle only as a `TickObserver`: `sim.run` imports
nothing that judges it.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Any

    from hal.contract import Board
    from sim.common.story import Scenario
    from sim.faults.depth import Depth
    from sim.faults.hardware import Hardware
    from sim.faults.injected import Injected
    from sim.hal_depth.lifecycle import Lifecycle
    from sim.hal_depth.sim_hal import SimHal
    from sim.physics.plant import Plant


class TickObserver(Protocol):
    """Called by a run after each tick."""

    def check_tick(self) -> None:
        """A tick has gone by."""


class Observed(Protocol):
    """A run that may have an observer."""

    oracle: TickObserver | None


class Subject(Protocol):
    """A run, as the oracle reads it. Times are since power-on."""

    scenario: "Scenario"  # what was to happen, and the prescription
    board: "Board"
    calibration: "dict[str, Any]"  # what the unit was calibrated with
    plant: "Plant"  # the truth: skin, emitters, sensors, battery
    hardware: "Hardware"  # around the chip: pins, codes, what broke
    depth: "Depth"  # what reached the emitters: duties, supply, ends of light

    @property
    def hal(self) -> "SimHal":
        """The depth's HAL; at HAL depth alone, where the safety oracle runs."""

    @property
    def lifecycle(self) -> "Lifecycle":
        """Whether the program runs (`alive`)."""

    @property
    def t_ms(self) -> int:
        """The time."""

    @property
    def injected(self) -> "list[Injected]":
        """The faults injected so far; the list only grows."""

    @property
    def restarts(self) -> "list[tuple[float, str]]":
        """When (s) and why the chip was reset."""

    @property
    def raised(self) -> "list[tuple[float, str]]":
        """When (s) the program raised an exception, and which."""


class Shown(Protocol):
    """Since when the LED supply's current can tell an injected fault."""

    def find_shown_ms(self, injected: "Injected", dark_ms: int) -> int | None:
        """Return since when it could, before a dark; None where it could not."""


class Judged(Protocol):
    """The expectations of a scenario."""

    rows: "list[dict[str, Any]]"  # of those that were due


class FaultLog(Protocol):
    """The faults that the unit of a run latched."""

    def list_rows(self) -> "list[dict[str, Any]]":
        """A row for each."""


class Sessions(Protocol):
    """The sessions of a run."""

    def list_rows(self) -> "list[dict[str, Any]]":
        """A row for each."""


class Ended(Subject, Protocol):
    """A run with the times and sums for its report."""

    true_crossing_s: "list[float | None]"  # when each pad's true contact crossed the trip
    wall_s: float  # computing time

    @property
    def expectations(self) -> "Judged":
        """What the scenario expects."""

    @property
    def sessions(self) -> "Sessions":
        """What each session gave."""

    @property
    def fault_log(self) -> "FaultLog":
        """What the unit latched, since power-on of the run."""

    @property
    def bank_faults(self) -> "Shown | None":
        """Faults of banks, once there is one."""

    @property
    def ticks(self) -> int:
        """Ticks simulated."""
