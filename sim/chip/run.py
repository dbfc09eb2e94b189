"""A scenario at driver depth: the unit's own files on the simulated chip.

Shares events, rows and report with the run at HAL depth (`sim.run`).
"""

import json
import time
from typing import TYPE_CHECKING, Any, cast

from firmware.limits import CONTROL_TICKS, TICK_MS
from firmware.waistband import Waistband
from hal.contract import POWER_ON
from sim.boards import board_file, check_chip, find_board
from sim.chip.assembly import Build, Unit
from sim.chip.bench import NEVER_MS
from sim.chip.device import Device
from sim.chip.faults import CHIP_FAULTS
from sim.faults import wear
from sim.lines import Lines
from sim.plant import Plant
from sim.run import CONTROL_MS, Run, nominal_calibration

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.hal import SimHal
    from sim.scenario import Event, Scenario

STEP_US = CONTROL_MS * 1_000
TICK_US = TICK_MS * 1_000
STANDSTILL_US = 1_000
SOUND = Build()


class Nobody:
    """A HAL for the firmware that stands in for reports before there is one: it does nothing."""

    def reset_cause(self) -> int:
        """As if just switched on."""
        return POWER_ON

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


class ChipRun(Run):
    """`sim.run.Run`'s interface over a chip; `hal` is the bench, `unit` the firmware on it."""

    own_faults = CHIP_FAULTS

    def __init__(
        self, scenario: "Scenario", seed: int | None = None, record: bool = False,
        build: Build = SOUND,
    ) -> None:  # fmt: skip
        """Power the unit on. Recording is HAL depth's alone."""
        if record:
            raise ValueError("a recording is made at HAL depth")
        self.scenario = scenario
        self.board = find_board(scenario.board)
        check_chip(self.board, "driver depth")
        self.seed = scenario.seed if seed is None else seed
        self.duration_s = scenario.duration_s
        self.calibration = calibration = nominal_calibration(self.board)
        self.plant = Plant(scenario.start, self.board, calibration, self.seed)
        files = {
            "calibration.json": json.dumps(calibration).encode(),
            "prescription.json": json.dumps(scenario.prescription).encode(),
            **board_file(self.board),
        }
        self.parts = Unit(self.plant, self.board, scenario.start.clock, self.seed, files, build)
        self.chip = self.parts.chip
        self.bench = self.parts.bench
        self.hal = cast("SimHal", self.bench)  # as far as faults, rows and report go
        if scenario.start.worn:
            wear(self.hal, True)
        self.recorder = None
        self.device = Device(self.parts)
        self.lines = Lines(self.reached)
        self.unit = self._unborn()
        self._program = self.device.program
        self.ticks = 0
        self.wall_s = 0.0
        self.true_crossing_s = [None, None]
        self.injected = []
        self._row_sink = None
        self._row_every = 0
        self.witness = None
        self.begin_ms = self.end_ms = None
        self._over = False
        self._actions = self._timeline()
        self.bench.on_event = self._happen
        self.bench.expect(self._actions[0][0] if self._actions else NEVER_MS)
        self.chip.on_step = self._step
        self.chip.step_us = 0

    def _unborn(self) -> Waistband:
        """What there is to report while no firmware is there: a unit that has just begun."""
        nobody = cast("SimHal", Nobody())
        return Waistband(nobody, self.board, self.calibration, self.scenario.prescription)

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When and why the chip began anew, in seconds since power-on."""
        return [(us / 1e6, why) for us, why in self.chip.resets]

    @property
    def raised(self) -> list[tuple[float, str]]:
        """Not known from outside: the console tells it, and a reset follows."""
        return []

    def ends(self, event: "Event") -> None:
        """The program raises or hangs here."""
        if event.name == "firmware_exception":
            raise RuntimeError("called for by the scenario")
        while True:
            self.chip.spend(STANDSTILL_US)

    def advance(self, steps: int) -> bool:
        """Run up to so many control steps; False once the run is over."""
        begun = time.perf_counter()
        last_us = int(self.duration_s * 1e6)
        until_us = min(self.chip.us + steps * STEP_US, last_us)
        while self.chip.us < until_us and not self._over:
            self.device.run_until(until_us)
        over = self._over or self.chip.us >= last_us
        if over:
            self.device.close()
        self.wall_s += time.perf_counter() - begun
        return not over

    def _step(self, us: int) -> int:
        """Each control step, or each tick while a trace wants it: keep times, give a row."""
        program = self.device.program
        if program and program.waistband:
            self.unit = program.waistband
        elif program is not self._program:
            self.unit = self._unborn()
        self._program = program
        self.lines.watch()
        self.ticks = us // TICK_US
        every_us = TICK_US if self._row_every == TICK_MS else STEP_US
        if us:
            self._keep_times()
            if self._row_sink:
                self._row_sink(self.row())
            if not self.bench.powered or self._done():
                self._over = True
                self.chip.stop_at(us)
        return us + every_us

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """As at HAL depth; watts are a mean over the stretch."""
        self.chip.light.on_light = sink

    def close(self) -> None:
        """Done with this run."""
        self.device.close()

    def console(self) -> str:
        """What a host has read from the unit's USB."""
        return self.chip.usb.text()

    def screen(self) -> list[str]:
        """The eight rows of text on the screen; none while it is off."""
        screen: Any = self.parts.parts["screen"]
        rows: list[str] = screen.text()
        return rows


assert CONTROL_MS == CONTROL_TICKS * TICK_MS
