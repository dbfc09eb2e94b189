"""What the oracle may read of a run: types alone.

For `sim.oracle.safety_oracle`, its parts and `sim.oracle.report`.

`Subject` has the plant, the hardware, the scenario and the faults put on, and no firmware: the
type checker refuses a rule that reaches for `unit`. The unit's own word comes through
`sim.oracle.claims`, which takes a `Speaker`. A run knows its judge only as a `Witness`, so that
`sim.run` imports nothing of the oracle.
"""

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from firmware.waistband import Waistband
    from hal.contract import Board
    from sim.common.story import Scenario
    from sim.faults.depth import Depth
    from sim.faults.hardware import Hardware
    from sim.faults.injected import Injected
    from sim.hal_depth.sim_hal import SimHal
    from sim.physics.plant import Plant


class Witness(Protocol):
    """Whoever watches a run."""

    def look(self) -> None:
        """Called by the run after each tick."""


class Watched(Protocol):
    """A run that may have an observer."""

    witness: Witness | None


class Program(Protocol):
    """The program on the chip, as a meter on its pins would know it."""

    @property
    def running(self) -> bool:
        """Whether it runs: neither hung, nor booting, nor without power."""


class Subject(Protocol):
    """A run, as it is judged."""

    @property
    def scenario(self) -> "Scenario":
        """What was to happen, and the prescription."""

    @property
    def board(self) -> "Board":
        """The unit's board file."""

    @property
    def plant(self) -> "Plant":
        """The truth: skin, emitters, sensors, battery."""

    @property
    def hardware(self) -> "Hardware":
        """What is soldered around the chip: pins, codes, what broke."""

    @property
    def depth(self) -> "Depth":
        """What reached the emitters: duties, supply, light and its ends."""

    @property
    def hal(self) -> "SimHal":
        """The same at HAL depth, where the safety oracle runs."""

    @property
    def t_ms(self) -> int:
        """Milliseconds since power-on."""

    @property
    def injected(self) -> "list[Injected]":
        """The faults put on so far; only ever added to."""

    @property
    def lifecycle(self) -> Program:
        """Whether the program runs."""

    @property
    def restarts(self) -> "list[tuple[float, str]]":
        """When (s since power-on) and why the chip began anew."""

    @property
    def raised(self) -> "list[tuple[float, str]]":
        """When (s since power-on) the program raised by itself, and what."""


class Speaker(Protocol):
    """A run whose unit can be asked what it says of itself."""

    @property
    def unit(self) -> "Waistband":
        """The firmware of the present boot cycle."""

    @property
    def scenario(self) -> "Scenario":
        """Has the unit's clock at power-on."""

    @property
    def restarts(self) -> "list[tuple[float, str]]":
        """When (s since power-on) and why the chip began anew."""


class Judged(Subject, Speaker, Protocol):
    """What a judge is made from: the truth, and a unit to ask."""


class Ended(Judged, Protocol):
    """A run with the times and sums that its report tells."""

    @property
    def begin_ms(self) -> int | None:
        """When its first session began."""

    @property
    def end_ms(self) -> int | None:
        """When its latest session ended; None while one goes on."""

    @property
    def true_crossing_s(self) -> "list[float | None]":
        """When each pad's true contact crossed the trip."""

    @property
    def ticks(self) -> int:
        """Ticks that were run."""

    @property
    def wall_s(self) -> float:
        """What they took on this machine."""


Row = dict[str, Any]
