"""Depth: how much of the unit is simulated, from the firmware on a HAL to an emulated chip.

`sim.run.Run` takes one. `Depth` is the contract of `sim.hal_depth.depth`, `sim.driver_depth.run`
and `sim.pin_depth.run`: how the unit is assembled and advanced, what can be measured at it, and
what faults of the program, the chip and its flash do to it (`sim.faults.program`).
"""

from sim.common.value_record import Record
from sim.faults.hardware import NEVER_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firmware.waistband import Waistband
    from hal.contract import Board
    from sim.common.story import Event, Scenario
    from sim.faults.hardware import Hardware
    from sim.physics.plant import Plant
    from sim.physics.threshold_times import Dark


SWITCHED_ON = "switched on"  # a start by a person, among the restarts


class Setup(Record):
    """The unit and its surroundings at power-on."""

    FIELDS = (
        "scenario", "board", "seed", "plant", "calibration", "prescription", "files", "clock_s",
    )  # fmt: skip
    scenario: "Scenario"
    board: "Board"
    seed: int
    plant: "Plant"
    calibration: object  # what its file holds, None where that cannot be read
    prescription: object  # a table, or a file's bytes
    files: "dict[str, bytes]"  # what its flash holds already
    clock_s: int | None  # the wall clock in seconds since 2000-01-01; None where it is unset


class Observer:
    """Called as a unit's time goes by: does due events, and ends the run."""

    def run_due_events(self, t_ms: int) -> int:
        """Do what is due at a time; return when something is due next."""
        return NEVER_MS

    def mark_line_reached(self, event: "Event") -> None:
        """The firmware is about to execute the line that an event names."""

    def wants_ticks(self) -> bool:
        """Whether `end_tick` is to be called."""
        return False

    def end_tick(self) -> None:
        """A tick went by."""

    def end_step(self) -> bool:
        """A control step went by, or a tick where those are wanted; whether the run is over."""
        return False


class Depth:
    """A unit, simulated to some depth. Times are in ms or s since power-on."""

    outlives_reset = True  # the firmware's objects can be read after the reset that ended it
    chunk_steps = 250  # control steps that are worth a look at the wall clock
    hardware: "Hardware"
    observer: Observer
    ticks = 0  # that have gone by

    def assemble(self, setup: Setup) -> None:
        """Make the unit, its hardware as the wearer's start has it; no time passes."""

    def start(self, observer: Observer, event_ms: int) -> None:
        """Let time begin; the first event is due at `event_ms`."""

    def advance(self, steps: int, duration_s: float) -> bool:
        """Run up to so many control steps; False once `duration_s` is reached or the observer
        says that the run is over."""
        return False

    def expect(self, event_ms: int) -> None:
        """The observer's next event is due at this time, whatever was said before."""

    def reseed(self, seed: int) -> None:
        """The converter's noise begins anew."""

    def constants(self) -> "list[object]":
        """Objects that are only replaced or added to: copies may share them."""
        return []

    def close(self) -> None:
        """Release the unit."""

    # -- what can be measured ------------------------------------------------------------

    @property
    def unit(self) -> "Waistband":
        """The firmware of the present boot cycle; one that has just begun where there is none."""
        raise RuntimeError("not assembled")

    @property
    def t_ms(self) -> int:
        """Time; negative before the first tick of HAL depth."""
        return 0

    @property
    def powered(self) -> bool:
        """The unit has not let go of its supply."""
        return True

    @property
    def supply(self) -> bool:
        """The program holds the supply switch closed."""
        return False

    @property
    def duty(self) -> list[int]:
        """Each bank's duty as driven, 0-65535, pad A first."""
        return []

    @property
    def lit(self) -> bool:
        """Emitters give light, or only the dark part of a gate or carrier keeps them from it."""
        return False

    def screen(self) -> list[str]:
        """Return the screen's rows of text; none while it is off."""
        return []

    @property
    def cues(self) -> list[tuple[int, int]]:
        """The latest cues: when each began (ms), and its number in `states.CUES`."""
        return []

    @property
    def darks(self) -> "list[Dark]":
        """Every end of light."""
        return []

    @property
    def late_j(self) -> float:
        """Optical energy given while off was due."""
        return 0.0

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When (s) and why the chip began anew."""
        return []

    @property
    def raised(self) -> list[tuple[float, str]]:
        """When (s) the firmware raised by itself, and what, as far as this depth can tell."""
        return []

    def read_files(self) -> "dict[str, bytes]":
        """What the unit's flash holds beside the program, by name."""
        return {}

    def read_clock_s(self) -> int | None:
        """The battery-backed clock, s since 2000-01-01; None where it is not set."""
        return None

    def read_scratch(self) -> int:
        """The scratch word that a reset keeps and a loss of power clears."""
        return 0

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """Have `sink` called with each stretch of light: from and until when in ms, and watts."""

    def read_recording(self) -> "Iterator[bytes]":
        """Every input and output so far, in pieces. Raises ValueError where none is kept."""
        raise ValueError("a recording is made at HAL depth, of a run with record=True")

    # -- faults of the program, the chip and its flash -------------------------------------

    def send_line(self, line: str) -> None:
        """A host on USB sends a line to the running unit."""

    def raise_exception(self) -> None:
        """The firmware raises in its next tick."""

    def hang(self) -> None:
        """The firmware never comes back from its next tick."""

    def wait_for_line(self, event: "Event") -> None:
        """The firmware raises or hangs, as the event says, at the event's line."""

    def attach_host(self, on: bool) -> None:
        """A host on the USB port types Ctrl-C."""

    def reset_softly(self) -> None:
        """The interpreter is reset softly, whatever runs."""

    def cut_power(self, for_s: float) -> None:
        """Power is lost, and comes back after so long."""

    def jump_clock(self, seconds: int) -> None:
        """The battery-backed clock jumps ahead."""

    def lose_clock(self) -> None:
        """The battery-backed clock's cell is dead: it is not set any more."""

    def flip_clock(self, bit: int | None) -> None:
        """A bit of the clock's seven time registers reads wrong, 0-55; None: none does."""

    def fill_flash(self, on: bool) -> None:
        """Nothing more can be written."""

    def corrupt_flash(self, on: bool) -> None:
        """The filesystem cannot be mounted any more."""

    def tear_write(self, on: bool) -> None:
        """Power is lost in the middle of what is next written, and is back at once."""
