"""Pin depth: the unit's own files on real MicroPython on an emulated chip.

The firmware's own object is read out of the chip's memory. Faults of the program are done to it
from outside: by its port, its supply and its memory.
"""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.common.boards import check_chip
from sim.common.errors import BadInput
from sim.driver_depth.bench import Bench
from sim.driver_depth.bench_depth import (
    SOUND,
    STEP_US,
    BenchDepth,
    clock_at_power_on,
    kept_files,
    unit_files,
)
from sim.driver_depth.flash import SECTOR, device_files
from sim.driver_depth.parts_list import buses
from sim.driver_depth.release import long_names
from sim.driver_depth.unit_build import ROOT, Build, fit_parts, flashed
from sim.driver_depth.wiring import Wiring
from sim.pin_depth import flash
from sim.pin_depth.adapter import Emulator
from sim.pin_depth.board import Board
from sim.pin_depth.heap import Heap, Memory, Unreadable
from sim.pin_depth.stalls import Stalls

if TYPE_CHECKING:
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
    outlives_reset = False

    def __init__(
        self, build: Build = SOUND, uf2: str | None = None, flash_cache: "FlashCache | None" = None
    ) -> None:
        """`uf2` names the UF2 file; where it does not, the environment does. With `flash_cache`,
        reads from flash take the time that this cache leaves them."""
        super().__init__(build)
        self.uf2 = uf2
        self.flash_cache = flash_cache

    def assemble(self, setup: "Setup") -> None:
        """Solder the unit together. Raises BadInput where no UF2 is named, or not a fitting one,
        and for a fault that this depth has not."""
        refuse(setup.scenario)
        check_chip(setup.board, "pin depth")
        self.setup = setup
        program = self._flash(setup, named(self.uf2))
        bench = Bench(setup.plant, setup.board, setup.seed)
        rows = fit_parts(bench, self.build, clock_at_power_on(setup))
        self._put_on_bench(bench, dict(rows))
        self.chip = Board(self.emulator, self.bench, buses(rows), Wiring(setup.board))
        self.chip.begun = self._begun
        self.heap = Heap(Memory(self.emulator.mcu.flash, self.emulator.mcu.sram))
        self.heap.long = long_names(program)
        self._unit_before_boot = self._unit

    def _flash(self, setup: "Setup", uf2: str) -> dict[str, bytes]:
        """The emulated chip, MicroPython and the unit's files in its flash. Return the sources of
        the files: this tree's where the UF2 has files of its own."""
        blocks = flash.micropython(uf2, with_files=True)
        self.glyphs = flash.glyphs(blocks)
        frozen = bool(flash.frozen_release(blocks))
        if frozen and self.build.edits:
            raise BadInput(f"{uf2}: has the product frozen in: it is run as it is")
        files = device_files(ROOT)
        if not flash.has_files(blocks):
            files = flashed(unit_files(setup), replace(self.build, frozen=frozen))
            blocks.append(flash.filesystem(files, frozen))
        elif self.build != Build():
            raise BadInput(f"{uf2}: has files of its own: they are run as they are")
        self.emulator = Emulator(blocks)
        if self.flash_cache:
            Stalls(self.emulator, self.flash_cache)
        return files

    def start(self, observer: "Observer", event_ms: int) -> None:
        """Switch the bench on; the observer's first event is due at `event_ms`."""
        super().start(observer, event_ms)
        self._steps = self.emulator.alarm(self._step)
        self._steps.at(STEP_US)
        self.chip.start(self.setup.scenario.start.clock)

    def expect(self, event_ms: int) -> None:
        """The observer's next event is due at this time; the chip is told."""
        self.bench.expect(event_ms)
        self.chip.due_by(self.bench.due_us)

    def _run_until(self, us: int) -> None:
        self.emulator.run_until(us)

    def _begun(self) -> None:
        """The chip has begun anew: what its memory holds of the unit is no longer one."""
        for thing in self._things():
            self.heap.memory.write_word(thing._address, 0)
        self.heap.forget()
        self._unit = self._unit_before_boot

    def _things(self) -> list[Any]:
        try:
            return self.heap.instances("Waistband")
        except Unreadable:
            return []

    def _find(self) -> None:
        """The firmware, once it is made and has ticked."""
        if self._unit is self._unit_before_boot and self.chip.ticks.kept:
            for thing in self._things():
                self._unit = thing

    def _step(self) -> None:
        self._find()
        next_us = self._observe(self.emulator.us)
        if self.over:
            self.emulator.stop()
        self._steps.at(next_us)

    def player(self) -> Any:
        """Return the chip's `hal.player.Player`; None while it cannot be read."""
        try:
            return super().player()
        except Unreadable:
            return None

    def console(self) -> str:
        """What a host has read from the unit's USB."""
        return self.chip.heard.decode("utf-8", "replace")

    def read_files(self) -> dict[str, bytes]:
        """What the unit's flash holds beside the program, by name."""
        return kept_files(flash.files_in(self.emulator.mcu.flash))

    # -- faults of the program, the chip and its flash -------------------------------------

    def _break_check(self, module: str, function: str) -> None:
        """Have the guard's `check`, which every tick asks, be a function of a module that the
        chip has built in."""
        heap = self.heap
        word = heap.builtin(module, function)
        for kind in heap.classes("Guard"):
            slot = heap.methods(kind).get("check")
            if slot:
                heap.memory.write_word(slot[0], word)

    def send_line(self, line: str) -> None:
        """A host is plugged in and sends a line."""
        self.chip.host().type(line.encode() + b"\n")

    def raise_exception(self) -> None:
        """The next tick raises: a sleep of a guard's length is no number."""
        self._break_check("time", "sleep_ms")

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
        self._break_check("sys", "exit")

    def cut_power(self, for_s: float) -> None:
        """Power is lost, and comes back after so long."""
        self.chip.cut_power(for_s)

    def fill_flash(self, on: bool) -> None:
        """Before power comes, a file is laid beside the unit's that takes all that was free."""
        flash.fill_filesystem(self.emulator.mcu.flash)

    def corrupt_flash(self, on: bool) -> None:
        """The filesystem's first blocks are overwritten."""
        if on:
            begins = flash.STORAGE - flash.FLASH
            self.emulator.mcu.flash[begins : begins + SUPERBLOCKS] = bytes(SUPERBLOCKS)

    def tear_write(self, on: bool) -> None:
        """Power is lost in the middle of the next page that is programmed, and is back at once."""
        self.emulator.flash_timing.on_torn = (lambda: self.chip.cut_power(0.0)) if on else None


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
