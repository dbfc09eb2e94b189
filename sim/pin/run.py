"""A scenario at pin depth: the unit's own files on real MicroPython on an emulated chip.

Shares events, rows and report with the runs at HAL and driver depth; `unit` is the
firmware's own object, read out of the chip's memory.
"""

import json
import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from firmware.limits import TICK_MS
from firmware.waistband import Waistband
from sim.boards import board_file, check_chip, find_board
from sim.chip.assembly import Build, flashed
from sim.chip.bench import NEVER_MS, Bench
from sim.chip.fitted import CLOCK_S, buses, fit
from sim.chip.run import SOUND, STEP_US, TICK_US, Nobody
from sim.chip.wiring import Wiring
from sim.errors import BadInput
from sim.faults import wear
from sim.pin import flash
from sim.pin.adapter import Emulator
from sim.pin.board import Board
from sim.pin.faults import AT_POWER_ON, PIN_FAULTS
from sim.pin.heap import Heap, Memory, Unreadable
from sim.plant import Plant
from sim.run import Run, nominal_calibration

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.hal import SimHal
    from sim.scenario import Event, Scenario

UF2 = "WAISTBAND_UF2"  # of the environment: the UF2 file where the command names none


class PinRun(Run):
    """`sim.run.Run`'s interface over an emulated chip; `hal` is the bench."""

    own_faults = PIN_FAULTS
    chunk_steps = 1

    def __init__(
        self, scenario: "Scenario", seed: int | None = None, record: bool = False,
        build: Build = SOUND, uf2: str | None = None,
    ) -> None:  # fmt: skip
        """Power the unit on. Raises BadInput where no UF2 is named, or not a fitting one."""
        if record:
            raise ValueError("a recording is made at HAL depth")
        refuse(scenario)
        self.scenario = scenario
        self.board = find_board(scenario.board)
        check_chip(self.board, "pin depth")
        self.seed = scenario.seed if seed is None else seed
        self.duration_s = scenario.duration_s
        self.calibration = calibration = nominal_calibration(self.board)
        self.plant = Plant(scenario.start, self.board, calibration, self.seed)
        self._solder(calibration, build, named(uf2))
        self.recorder = None
        self.unit = self._nobody = self._unborn()
        self.ticks = 0
        self.wall_s = 0.0
        self.true_crossing_s = [None, None]
        self.injected = []
        self._row_sink = None
        self._row_every = 0
        self.begin_ms = self.end_ms = None
        self._over = False
        self._actions = self._timeline()
        self.bench.on_event = self._happen
        self.bench.expect(self._actions[0][0] if self._actions else NEVER_MS)
        self._steps = self.emulator.alarm(self._step)
        self._steps.at(STEP_US)
        self.chip.start(scenario.start.clock)

    def _solder(self, calibration: dict[str, Any], build: Build, uf2: str) -> None:
        """The emulated chip with its flash, among the bench's parts."""
        files = flashed({
            "calibration.json": json.dumps(calibration).encode(),
            "prescription.json": json.dumps(self.scenario.prescription).encode(),
            **board_file(self.board),
        }, build)  # fmt: skip
        blocks = flash.micropython(uf2, with_files=True)
        self.glyphs = flash.glyphs(blocks)
        if not flash.holds_files(blocks):
            blocks.append(flash.filesystem(files))
        elif build != Build():
            raise BadInput(f"{uf2}: has files of its own: they are run as they are")
        self.emulator = Emulator(blocks)
        self.bench = Bench(self.plant, self.board, self.seed)
        rows = fit(self.bench, None if build.clock_unset else CLOCK_S)
        self.parts = SimpleNamespace(parts=dict(rows))
        for name in build.missing:
            self.parts.parts[name].present = False
        self.hal = cast("SimHal", self.bench)
        if self.scenario.start.worn:
            wear(self.hal, True)
        self.chip = Board(self.emulator, self.bench, buses(rows), Wiring(self.board))
        self.chip.begun = self._begun
        self.heap = Heap(Memory(self.emulator.mcu.flash, self.emulator.mcu.sram))

    def _unborn(self) -> Waistband:
        """What there is to report while no firmware is there: a unit that has just begun."""
        nobody = cast("SimHal", Nobody())
        return Waistband(nobody, self.board, self.calibration, self.scenario.prescription)

    def then(self, events: "tuple[Event, ...]", duration_s: float) -> None:
        """As at HAL depth; the chip is told when the first of them is due."""
        super().then(events, duration_s)
        self.chip.soon(self.bench.due_us)

    def on_light(self, sink: "Callable[[float, float, float], object]") -> None:
        """As at HAL depth, with a stretch for each of a carrier's pulses."""
        self.chip.light.on_light = sink

    @property
    def restarts(self) -> list[tuple[float, str]]:
        """When and why the chip began anew, in seconds since power-on."""
        return [(us / 1e6, why) for us, why in self.chip.resets]

    @property
    def raised(self) -> list[tuple[float, str]]:
        """Not known from outside: the console tells it, and a reset follows."""
        return []

    def advance(self, steps: int) -> bool:
        """Run up to so many control steps; False once the run is over."""
        begun = time.perf_counter()
        last_us = int(self.duration_s * 1e6)
        until_us = min(self.emulator.us + steps * STEP_US, last_us)
        while self.emulator.us < until_us and not self._over:
            self.emulator.run_until(until_us)
        self.wall_s += time.perf_counter() - begun
        return not (self._over or self.emulator.us >= last_us)

    def _begun(self) -> None:
        """The chip has begun anew: what its memory holds of the unit is no longer one."""
        for thing in self._things():
            self.heap.memory.put(thing._address, 0)
        self.heap.forget()
        self.unit = self._nobody

    def _things(self) -> list[Any]:
        try:
            return self.heap.instances("Waistband")
        except Unreadable:
            return []

    def _find(self) -> None:
        """The firmware, once it is made and has ticked."""
        if self.unit is self._nobody and self.chip.ticks.kept:
            for thing in self._things():
                self.unit = thing

    def _step(self) -> None:
        """Each control step, or each tick while a trace wants it: keep times, give a row."""
        us = self.emulator.us
        self._find()
        self.ticks = us // TICK_US
        self._keep_times()
        if self._row_sink:
            self._row_sink(self.row())
        if not self.bench.powered or self._done():
            self._over = True
            self.emulator.stop()
        self._steps.at(us + (TICK_US if self._row_every == TICK_MS else STEP_US))

    def console(self) -> str:
        """What a host has read from the unit's USB."""
        return self.chip.heard.decode("utf-8", "replace")

    def screen(self) -> list[str]:
        """The eight rows of text on the screen; none while it is off."""
        rows: list[str] = self.parts.parts["screen"].text(self.glyphs)
        return rows


def refuse(scenario: "Scenario") -> None:
    """What a real interpreter cannot be made to meet from outside. Raises BadInput."""
    for event in scenario.events:
        if event.line:
            raise BadInput(f"fault {event.name} at a line is not at pin depth: leave line out")
        if event.name in AT_POWER_ON and (event.at_s or event.for_s is not None):
            raise BadInput(
                f"fault {event.name} is at pin depth from power-on alone: at_s = 0, without for_s"
            )


def named(uf2: str | None) -> str:
    """The UF2 file, as named or as the environment has it. Raises BadInput where it has none."""
    path = uf2 or os.environ.get(UF2)
    if not path:
        raise BadInput(
            f"--depth pin needs MicroPython for the Pico: name its UF2 by --uf2 FILE or {UF2}"
            " (RPI_PICO, micropython.org/download)"
        )
    return path
