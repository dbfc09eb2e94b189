"""HAL depth: the firmware on the simulated HAL, its resets and power cycles around it.

The fastest of the depths, and the only one that records. `sim.run.Run` takes it where no other
is named.
"""

import gc

from firmware.core.inputs import HOST
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.faults.catalogue import FAULTS, HANGS, POWER_LOST, RAISES, SOFT_RESET
from sim.faults.depth import Depth
from sim.faults.injectors import wear
from sim.faults.line_trace import LineTrace
from sim.hal_depth.lifecycle import ENDED, Ended, Lifecycle, end
from sim.hal_depth.sim_hal import SimHal
from sim.recording.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firmware.waistband import Waistband
    from sim.common.story import Event
    from sim.faults.depth import Observer, Setup
    from sim.physics.threshold_times import Dark


class HalDepth(Depth):
    """A unit at HAL depth: its `hal`, and the `lifecycle` of its firmware."""

    def __init__(self, record: bool = False) -> None:
        """`record` keeps all inputs and outputs for `recording`."""
        self.record = record
        self.lines = LineTrace(self._reached)

    def assemble(self, setup: "Setup") -> None:
        """Power on: the firmware is made, as if its boot had taken no time."""
        start = setup.scenario.start
        self.hal = hal = SimHal(setup.plant, setup.board, start, setup.seed)
        self.hardware = hal.hardware
        hal.files, hal.clock_s = setup.files, setup.clock_s
        if start.worn:
            wear(self.hardware, True)
        self.recorder: Recorder | None = None
        if self.record:
            self.recorder = Recorder(hal, setup.board.NAME, setup.calibration, setup.prescription)
        self.lifecycle = Lifecycle(hal, setup, self.recorder)
        if self.recorder:
            self.recorder.unit = self.lifecycle.unit

    def start(self, observer: "Observer", event_ms: int) -> None:
        """The first tick may come."""
        self.observer = observer
        self.hal.on_event = observer.run_due_events
        self.hal.expect(event_ms)

    def advance(self, steps: int, duration_s: float) -> bool:
        """Run up to so many control steps, line tracing on where a fault waits for a line."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here makes cycles: a tenth of the time went into looking for them
        tracing = self.lines.current_trace()
        self.lines.start_trace()
        try:
            return self._advance(steps, int(duration_s * 1000))
        finally:
            self.lines.restore_trace(tracing)
            if collecting:
                gc.enable()

    def _advance(self, steps: int, last_ms: int) -> bool:
        observer = self.observer
        for _ in range(steps):
            ticked = observer.wants_ticks()
            for _ in range(CONTROL_TICKS):
                self.one_tick()
                if ticked:
                    observer.end_tick()
            if self.end_step(last_ms):
                return False
            if self.lifecycle.sleeps():
                self.hal.skip_to(min(self.hal.event_ms, last_ms - TICK_MS))
        return True

    def end_step(self, last_ms: int) -> bool:
        """A control step went by; whether the run is over, at `last_ms` or for the observer."""
        self.ticks += CONTROL_TICKS
        if not self.hal.powered and self.lifecycle.running:
            self.lifecycle.switch_off()
        return self.observer.end_step() or self.hal.t_ms + TICK_MS >= last_ms

    def one_tick(self) -> None:
        """A tick of the unit, whatever becomes of it."""
        lifecycle = self.lifecycle
        try:
            lifecycle.tick()
        except ENDED as why:
            lifecycle.end_tick(why)
            self.lines.start_trace()

    def expect(self, event_ms: int) -> None:
        """The observer's next event is due at this time."""
        self.hal.expect(event_ms)

    def reseed(self, seed: int) -> None:
        """The converter's noise begins anew."""
        self.hal.reseed(seed)

    def constants(self) -> "list[object]":
        """Objects that copies may share."""
        return self.hal.constants()

    # -- what can be measured ------------------------------------------------------------

    @property
    def unit(self) -> "Waistband":
        """The firmware of the present boot cycle."""
        return self.lifecycle.unit

    @property
    def t_ms(self) -> int:
        """Time; negative before the first tick."""
        return self.hal.t_ms

    @property
    def powered(self) -> bool:
        """The unit has not let go of its supply."""
        return self.hal.powered

    @property
    def supply(self) -> bool:
        """The lease holds the supply switch closed."""
        return self.hal.supply

    @property
    def duty(self) -> list[int]:
        """Each bank's duty as driven."""
        return self.hal.duty

    @property
    def lit(self) -> bool:
        """Emitters give light, or only the dark part of a gate keeps them from it."""
        return self.hal.lit()

    def screen(self) -> list[str]:
        """Return the screen's rows of text; none without power."""
        return [row.decode() for row in self.hal.rows] if self.hal.powered else []

    @property
    def cues(self) -> list[tuple[int, int]]:
        """The latest cues: when each began (ms), and its number."""
        return self.hal.cues

    @property
    def darks(self) -> "list[Dark]":
        """Every end of light."""
        return self.hal.darks

    @property
    def late_j(self) -> float:
        """Optical energy given while off was due."""
        return self.hal.late_j

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When (s) and why the chip began anew."""
        return self.lifecycle.restarts

    @property
    def raised(self) -> list[tuple[float, str]]:
        """When (s) the firmware raised by itself, and what."""
        return self.lifecycle.raised

    def read_files(self) -> "dict[str, bytes]":
        """What the unit's flash holds, by name."""
        return dict(self.hal.files)

    def read_clock_s(self) -> int | None:
        """The battery-backed clock, s since 2000-01-01; None where it is not set."""
        return self.hal.wall_clock()

    def read_scratch(self) -> int:
        """The scratch word."""
        return self.hal.word

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """Have `sink` called with each stretch of light: from and until when in ms, and watts."""
        self.hal.on_light = sink

    def read_recording(self) -> "Iterator[bytes]":
        """Every input and output so far, in pieces. Raises ValueError where none is kept."""
        if self.recorder is None:
            raise ValueError("this run was not made with record=True")
        return self.recorder.read_recording()

    # -- faults of the program, the chip and its flash -------------------------------------

    def send_line(self, line: str) -> None:
        """A host sends a line; nothing hears it while the unit is off."""
        if self.powered:
            self.hal.commands.append(line.encode())

    def raise_exception(self) -> None:
        """The HAL raises in the next tick, in the firmware's place."""
        self._end(RAISES)

    def hang(self) -> None:
        """The next tick never ends."""
        self._end(HANGS)

    def _end(self, how: str) -> None:
        """The program ends in the next tick; where power is lost in it, by that."""
        ending = self.hal.ending
        if not (isinstance(ending, Ended) and ending.args[0] == POWER_LOST):
            self.hal.ending = end(how)

    def wait_for_line(self, event: "Event") -> None:
        """The firmware raises or hangs, as the event says, at the event's line."""
        self.lines.arm(event)

    def _reached(self, event: "Event") -> None:
        self.observer.mark_line_reached(event)
        raise end(FAULTS[event.name].ends_program)

    def attach_host(self, on: bool) -> None:
        """A host types Ctrl-C."""
        hardware = self.hardware
        hardware.pins = hardware.pins | HOST if on else hardware.pins & ~HOST

    def reset_softly(self) -> None:
        """The next tick ends in a soft reset."""
        self._end(SOFT_RESET)

    def cut_power(self, for_s: float) -> None:
        """Power is lost in the next tick, and comes back after so long."""
        self.hal.ending = end(POWER_LOST, for_s)

    def jump_clock(self, seconds: int) -> None:
        """The battery-backed clock jumps ahead, if it is set."""
        if self.hal.clock_s is not None:
            self.hal.clock_s += seconds

    def lose_clock(self) -> None:
        """The battery-backed clock is not set any more."""
        self.hal.clock_s = None

    def flip_clock(self, bit: int | None) -> None:
        """A bit of the clock's time registers reads wrong."""
        self.hal.clock_bit = bit

    def fill_flash(self, on: bool) -> None:
        """Nothing more can be written."""
        self.hal.full = on

    def corrupt_flash(self, on: bool) -> None:
        """The filesystem cannot be mounted any more."""
        self.hal.mounted = not on

    def tear_write(self, on: bool) -> None:
        """Power is lost in the middle of what is next written."""
        self.hal.torn = end(POWER_LOST) if on else None
