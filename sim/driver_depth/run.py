"""Driver depth: the unit's own files on the virtual chip, and the faults that it can be given.

`sim.run.Run` takes a `DriverDepth`.
"""

from typing import TYPE_CHECKING

from sim.common.boards import check_chip
from sim.driver_depth.bench_depth import (
    SOUND,
    BenchDepth,
    clock_at_power_on,
    kept_files,
    unit_before_boot,
    unit_files,
)
from sim.driver_depth.device import Device
from sim.driver_depth.unit_build import Build, Unit
from sim.faults.catalogue import FAULTS, HANGS, RAISES
from sim.faults.line_trace import LineTrace

if TYPE_CHECKING:
    from sim.common.story import Event
    from sim.driver_depth.program import Program
    from sim.faults.depth import Observer, Setup

STANDSTILL_US = 1_000


class DriverDepth(BenchDepth):
    """A unit at driver depth: `assembly` has all parts, `device` runs the program."""

    def __init__(self, build: Build = SOUND) -> None:
        """`build` says how the unit differs from a sound one."""
        super().__init__(build)
        self.lines = LineTrace(self._reached)

    def assemble(self, setup: "Setup") -> None:
        """Assemble the unit; its program begins with the first `advance`."""
        self.setup = setup
        check_chip(setup.board, "driver depth")
        self.assembly = Unit(
            setup.plant, setup.board, setup.scenario.start.clock, setup.seed, unit_files(setup),
            self.build, clock_at_power_on(setup),
        )  # fmt: skip
        self.chip = self.assembly.chip
        self._put_on_bench(self.assembly.bench, self.assembly.parts)
        self.device = Device(self.assembly)
        self._program: Program | None = self.device.program

    def start(self, observer: "Observer", event_ms: int) -> None:
        """Switch the bench on; the observer's first event is due at `event_ms`."""
        super().start(observer, event_ms)
        self.chip.on_step = self._step
        self.chip.step_us = 0

    def _run_until(self, us: int) -> None:
        self.device.run_until(us)

    def _step(self, us: int) -> int:
        program = self.device.program
        if program and program.waistband:
            self._unit = program.waistband
        elif program is not self._program:
            self._unit = unit_before_boot(self.setup)
        self._program = program
        self.lines.start_trace()
        next_us = self._observe(us)
        if self.over:
            self.chip.stop_at(us)
        return next_us

    def close(self) -> None:
        """End the program's thread."""
        self.device.close()

    def console(self) -> str:
        """Return what a host has read from the unit's USB."""
        return self.chip.usb.text()

    def read_files(self) -> dict[str, bytes]:
        """What the unit's flash holds beside the program, by name."""
        return kept_files(self.assembly.flash.files)

    def read_scratch(self) -> int:
        """The scratch word."""
        return self.chip.scratch[0]

    # -- faults of the program, the chip and its flash -------------------------------------

    def send_line(self, line: str) -> None:
        """A host opens the port and sends a line."""
        self.chip.usb.connected = True
        self.chip.usb.type(line + "\n")

    def raise_exception(self) -> None:
        """The firmware raises in its next tick: in the guard, which every tick asks."""
        self._break_guard(RAISES)

    def hang(self) -> None:
        """The firmware never comes back from the guard."""
        self._break_guard(HANGS)

    def _break_guard(self, how: str) -> None:
        def check() -> int:
            self._end_program(how)
            return 0

        program = self.device.program
        if program and program.waistband:
            program.waistband.guard.check = check

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
        self.observer.mark_line_reached(event)
        self._end_program(FAULTS[event.name].ends_program)

    def attach_host(self, on: bool) -> None:
        """A host attaches as `mpremote` does."""
        if on:
            self.device.host_attach()

    def reset_softly(self) -> None:
        """Ctrl-C and Ctrl-D."""
        self.device.soft_reset()

    def cut_power(self, for_s: float, why: str = "brownout") -> None:
        """Power is lost, and comes back after so long; nothing where there is none."""
        if self.device.unpowered:
            return
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
        torn = (lambda: self.cut_power(0.0, "torn write")) if on else None
        self.assembly.flash.on_torn = torn
