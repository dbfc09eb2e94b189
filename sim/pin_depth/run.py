"""Pin depth: the unit's own files on real MicroPython on an emulated chip.

The firmware's own object is read out of the chip's memory. Faults of the program are done to it
from outside: by its port, its supply and its memory.
"""

import os
from typing import TYPE_CHECKING, Any

from sim.common.boards import check_chip
from sim.common.errors import BadInput
from sim.driver_depth.bench import Bench
from sim.driver_depth.bench_depth import BenchDepth, unborn, unit_files, unix_s
from sim.driver_depth.flash import SECTOR
from sim.driver_depth.parts_list import buses, fit
from sim.driver_depth.run import SOUND, STEP_US, TICK_US
from sim.driver_depth.unit_build import Build, flashed
from sim.driver_depth.wiring import Wiring
from sim.faults.injectors import wear
from sim.pin_depth import flash
from sim.pin_depth.adapter import Emulator
from sim.pin_depth.board import Board
from sim.pin_depth.heap import Heap, Memory, Unreadable
from sim.pin_depth.stalls import Stalls

if TYPE_CHECKING:
    from firmware.waistband import Waistband
    from sim.common.story import Event, Scenario
    from sim.faults.depth import Observer, Setup
    from sim.pin_depth.flash_cache import FlashCache

UF2 = "WAISTBAND_UF2"  # of the environment: the UF2 file where the command names none
INTERRUPT = b"\r\x03\x03"  # what mpremote types to stop a program
RAW_PROMPT = b"\r\x01"
SOFT_RESET = b"\x04"
SUPERBLOCKS = 2 * SECTOR
AT_POWER_ON = ("flash_full",)


class PinDepth(BenchDepth):
    """A unit at pin depth: `chip` is its board with the `emulator`, `heap` the chip's memory."""

    chunk_steps = 1

    def __init__(
        self, build: Build = SOUND, uf2: str | None = None, flash_cache: "FlashCache | None" = None
    ) -> None:
        """`uf2` names the UF2 file; where it does not, the environment does. With `flash_cache`,
        reads from flash take the time that this cache leaves them."""
        self.build = build
        self.uf2 = uf2
        self.flash_cache = flash_cache

    def assemble(self, setup: "Setup") -> None:
        """Solder the unit together. Raises BadInput where no UF2 is named, or not a fitting one,
        and for a fault that this depth has not."""
        refuse(setup.scenario)
        check_chip(setup.board, "pin depth")
        self.setup = setup
        self._flash(setup, named(self.uf2))
        self.bench = Bench(setup.plant, setup.board, setup.seed)
        self.hardware = self.bench.hardware
        rows = fit(self.bench, None if self.build.clock_unset else unix_s(setup))
        self.parts = dict(rows)
        for name in self.build.missing:
            self.parts[name].present = False
        if setup.scenario.start.worn:
            wear(self.hardware, True)
        self.chip = Board(self.emulator, self.bench, buses(rows), Wiring(setup.board))
        self.chip.begun = self._begun
        self.heap = Heap(Memory(self.emulator.mcu.flash, self.emulator.mcu.sram))
        self._unit = self._nobody = unborn(setup)

    def _flash(self, setup: "Setup", uf2: str) -> None:
        """The emulated chip, MicroPython and the unit's files in its flash."""
        files = flashed(unit_files(setup), self.build)
        blocks = flash.micropython(uf2, with_files=True)
        self.glyphs = flash.glyphs(blocks)
        if not flash.holds_files(blocks):
            blocks.append(flash.filesystem(files))
        elif self.build != Build():
            raise BadInput(f"{uf2}: has files of its own: they are run as they are")
        self.emulator = Emulator(blocks)
        if self.flash_cache:
            Stalls(self.emulator, self.flash_cache)

    def start(self, observer: "Observer", event_ms: int) -> None:
        """The bench is switched on."""
        self.observer = observer
        self.bench.on_event = observer.happen
        self.bench.expect(event_ms)
        self._steps = self.emulator.alarm(self._step)
        self._steps.at(STEP_US)
        self.chip.start(self.setup.scenario.start.clock)

    def expect(self, event_ms: int) -> None:
        """The observer's next event is due at this time; the chip is told."""
        self.bench.expect(event_ms)
        self.chip.soon(self.bench.due_us)

    def advance(self, steps: int, duration_s: float) -> bool:
        """Run up to so many control steps; False once the run is over."""
        last_us = int(duration_s * 1e6)
        until_us = min(self.emulator.us + steps * STEP_US, last_us)
        while self.emulator.us < until_us and not self.over:
            self.emulator.run_until(until_us)
        return not (self.over or self.emulator.us >= last_us)

    def _begun(self) -> None:
        """The chip has begun anew: what its memory holds of the unit is no longer one."""
        for thing in self._things():
            self.heap.memory.put(thing._address, 0)
        self.heap.forget()
        self._unit = self._nobody

    def _things(self) -> list[Any]:
        try:
            return self.heap.instances("Waistband")
        except Unreadable:
            return []

    def _find(self) -> None:
        """The firmware, once it is made and has ticked."""
        if self._unit is self._nobody and self.chip.ticks.kept:
            for thing in self._things():
                self._unit = thing

    def _step(self) -> None:
        """Each control step, or each tick while the observer wants those."""
        us = self.emulator.us
        self._find()
        self.ticks = us // TICK_US
        ticked = self.observer.wants_ticks()
        if ticked:
            self.observer.ticked()
        if self.observer.stepped():
            self.over = True
            self.emulator.stop()
        self._steps.at(us + (TICK_US if ticked else STEP_US))

    @property
    def unit(self) -> "Waistband":
        """The firmware, as it lies in the chip's memory."""
        return self._unit

    def console(self) -> str:
        """What a host has read from the unit's USB."""
        return self.chip.heard.decode("utf-8", "replace")

    def screen(self) -> list[str]:
        """The eight rows of text on the screen; none while it is off."""
        screen: Any = self.parts["screen"]
        rows: list[str] = screen.text(self.glyphs)
        return rows

    # -- faults of the program, the chip and its flash -------------------------------------

    def _break_look(self, module: str, function: str) -> None:
        """Have the guard's `look`, which every tick asks, be a function of a module that the
        chip has built in."""
        heap = self.heap
        word = heap.builtin(module, function)
        for kind in heap.classes("Guard"):
            slot = heap.methods(kind).get("look")
            if slot:
                heap.memory.put(slot[0], word)

    def raise_exception(self) -> None:
        """The next tick raises: a sleep of a guard's length is no number."""
        self._break_look("time", "sleep_ms")

    def hang(self) -> None:
        """The processor is left jumping to where it is."""
        self.emulator.hang()

    def wait_for_line(self, event: "Event") -> None:
        """Refused before power-on."""
        raise BadInput(f"fault {event.name} at a line is not at pin depth: leave line out")

    def attach_host(self, on: bool) -> None:
        """A host is plugged in and attaches as `mpremote` does."""
        if on:
            self.chip.host().type(INTERRUPT + RAW_PROMPT + SOFT_RESET)

    def reset_softly(self) -> None:
        """The program exits, which at the prompt is a soft reset."""
        self._break_look("sys", "exit")

    def cut_power(self, for_s: float) -> None:
        """Power is lost, and comes back after so long."""
        self.chip.cut_power(for_s)

    def fill_flash(self, on: bool) -> None:
        """Before power comes, a file is laid beside the unit's that takes all that was free."""
        flash.fill(self.emulator.mcu.flash)

    def corrupt_flash(self, on: bool) -> None:
        """The filesystem's first blocks are overwritten."""
        if on:
            begins = flash.STORAGE - flash.FLASH
            self.emulator.mcu.flash[begins : begins + SUPERBLOCKS] = bytes(SUPERBLOCKS)

    def tear_write(self, on: bool) -> None:
        """Power is lost in the middle of the next page that is programmed, and is back at once."""
        self.emulator.burning.on_torn = (lambda: self.chip.cut_power(0.0)) if on else None


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
