"""Driver depth: the unit's own files on the simulated chip."""

from typing import TYPE_CHECKING, Any

from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.common.boards import check_chip
from sim.driver_depth.bench_depth import BenchDepth, clock_at_power_on, unit_before_boot, unit_files
from sim.driver_depth.device import Device
from sim.driver_depth.unit_build import Build, Unit
from sim.faults.catalogue import FAULTS, HANGS, RAISES
from sim.faults.injectors import wear
from sim.faults.line_trace import LineTrace

if TYPE_CHECKING:
    from firmware.waistband import Waistband
    from sim.common.story import Event
    from sim.driver_depth.program import Program
    from sim.faults.depth import Observer, Setup

TICK_US = TICK_MS * 1_000
STEP_US = CONTROL_TICKS * TICK_US
STANDSTILL_US = 1_000
SOUND = Build()


class DriverDepth(BenchDepth):
    """A unit at driver depth: `assembly` has everything on the bench, `device` runs it."""

    def __init__(self, build: Build = SOUND) -> None:
        """`build` says how the unit differs from a sound one."""
        self.build = build
        self.lines = LineTrace(self._reached)

    def assemble(self, setup: "Setup") -> None:
        """Solder the unit together; its program begins with the first `advance`."""
        self.setup = setup
        check_chip(setup.board, "driver depth")
        start = setup.scenario.start
        self.assembly = Unit(
            setup.plant, setup.board, start.clock, setup.seed, unit_files(setup), self.build,
            clock_at_power_on(setup),
        )  # fmt: skip
        self.chip = self.assembly.chip
        self.bench = self.assembly.bench
        self.parts = self.assembly.parts
        self.hardware = self.bench.hardware
        if start.worn:
            wear(self.hardware, True)
        self.device = Device(self.assembly)
        self._unit = unit_before_boot(setup)
        self._program: Program | None = self.device.program

    def start(self, observer: "Observer", event_ms: int) -> None:
        """Its time may begin."""
        self.observer = observer
        self.bench.on_event = observer.happen
        self.bench.expect(event_ms)
        self.chip.on_step = self._step
        self.chip.step_us = 0

    def advance(self, steps: int, duration_s: float) -> bool:
        """Run up to so many control steps; False once the run is over."""
        last_us = int(duration_s * 1e6)
        until_us = min(self.chip.us + steps * STEP_US, last_us)
        while self.chip.us < until_us and not self.over:
            self.device.run_until(until_us)
        over = self.over or self.chip.us >= last_us
        if over:
            self.device.close()
        return not over

    def _step(self, us: int) -> int:
        """Each control step, or each tick while the observer wants those."""
        program = self.device.program
        if program and program.waistband:
            self._unit = program.waistband
        elif program is not self._program:
            self._unit = unit_before_boot(self.setup)
        self._program = program
        self.lines.watch()
        self.ticks = us // TICK_US
        ticked = self.observer.wants_ticks()
        if us:
            if ticked:
                self.observer.ticked()
            if self.observer.stepped():
                self.over = True
                self.chip.stop_at(us)
        return us + (TICK_US if ticked else STEP_US)

    def close(self) -> None:
        """End the program's thread."""
        self.device.close()

    @property
    def unit(self) -> "Waistband":
        """The firmware of the running program."""
        return self._unit

    def console(self) -> str:
        """What a host has read from the unit's USB."""
        return self.chip.usb.text()

    def screen(self) -> list[str]:
        """The eight rows of text on the screen; none while it is off."""
        screen: Any = self.parts["screen"]
        rows: list[str] = screen.text()
        return rows

    # -- faults of the program, the chip and its flash -------------------------------------

    def raise_exception(self) -> None:
        """The firmware raises in its next tick: in the guard, which every tick asks."""
        self._break_guard(RAISES)

    def hang(self) -> None:
        """The firmware never comes back from the guard."""
        self._break_guard(HANGS)

    def _break_guard(self, how: str) -> None:
        def look() -> int:
            self._end_program(how)
            return 0

        program = self.device.program
        if program and program.waistband:
            program.waistband.guard.look = look

    def _end_program(self, how: str) -> None:
        """The program raises or hangs here."""
        if how == RAISES:
            raise RuntimeError("called for by the scenario")
        while True:
            self.chip.spend(STANDSTILL_US)

    def wait_for_line(self, event: "Event") -> None:
        """The firmware raises or hangs, as the event says, at the event's line."""
        self.lines.arm(event)

    def _reached(self, event: "Event") -> None:
        self.observer.reached(event)
        self._end_program(FAULTS[event.name].ends_program)

    def attach_host(self, on: bool) -> None:
        """A host attaches as `mpremote` does."""
        if on:
            self.device.host_attach()

    def reset_softly(self) -> None:
        """Ctrl-C and Ctrl-D."""
        self.device.soft_reset()

    def cut_power(self, for_s: float) -> None:
        """Power is lost, and comes back after so long."""
        self._cut_power("brownout", for_s)

    def _cut_power(self, why: str, for_s: float) -> None:
        self.device.power_at_us = self.chip.us + int(for_s * 1e6)
        self.chip.cut_power(why)

    def fill_flash(self, on: bool) -> None:
        """Nothing more can be written."""
        self.assembly.flash.full = on

    def corrupt_flash(self, on: bool) -> None:
        """The filesystem cannot be mounted any more."""
        self.assembly.flash.mounted = not on

    def tear_write(self, on: bool) -> None:
        """Power is lost in the middle of what is next written, and is back at once."""
        torn = (lambda: self._cut_power("torn write", 0.0)) if on else None
        self.assembly.flash.on_torn = torn
