"""Unit in operation: power-on, boot.py, main.py, the prompt, resets, a host that attaches.

`sim.driver_depth.run` moves it by `run_until`. The program has its own thread, which takes strict
turns with the host's: one of the two always waits, so that runs repeat exactly.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from sim.driver_depth.core import ChipReset, PowerCut
from sim.driver_depth.program import FORCED_EXIT, Program
from sim.faults.depth import SWITCHED_ON

if TYPE_CHECKING:
    from sim.driver_depth.unit_build import Unit

PROMPT_US = 100_000  # at the prompt nothing happens by itself
ATTACH_US = 2_000_000  # how long a host tries
JOIN_S = 1.0


class Closed(BaseException):
    """The run is closed."""


class Device:
    """A unit and the program on it."""

    def __init__(self, unit: "Unit") -> None:
        self.unit = unit
        self.chip = unit.chip
        self.chip.on_stop = self._pause
        self.chip.on_endless = self._abandon_program
        unit.bench.on_start = self._press_on
        self.program: Program | None = None
        self.at_prompt = False
        self.boots = 0
        self.attach_until_us = -1  # a host wants the raw prompt
        self.power_at_us = -1  # when power comes back after a cut
        self.unpowered = False  # it waits for that, or for START
        self.why_power = "power-on"  # or because START was pressed
        self.error: BaseException | None = None
        self.closed = False
        self._host_turn = threading.Semaphore(0)
        self._program_turn = threading.Semaphore(0)
        self._thread = self._start_thread(self._wait_and_run)

    def _start_thread(self, body: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=body, daemon=True, name="chip")
        thread.start()
        return thread

    # -- the host's side -----------------------------------------------------------------

    def run_until(self, us: int) -> None:
        """Let virtual time pass up to here. Raises an error of the bench itself."""
        if self.closed or us <= self.chip.us:
            return
        self.chip.stop_at(us)
        self._program_turn.release()
        self._host_turn.acquire()
        if self.error:
            error, self.error = self.error, None
            self.closed = True
            raise error

    def close(self) -> None:
        """End the program's thread."""
        if self.closed:
            return
        self.closed = True
        self.chip.dead = Closed()
        self.chip.dead_us = self.chip.us
        self._program_turn.release()
        self._thread.join(JOIN_S)

    def interrupt(self) -> None:
        """Type Ctrl-C, as a host."""
        self.chip.usb.connected = True
        self.chip.usb.type("\x03")

    def host_attach(self) -> None:
        """Attach as `mpremote` does: Ctrl-C, raw prompt, soft reset; main.py is then skipped."""
        self.interrupt()
        self.attach_until_us = self.chip.us + ATTACH_US

    def soft_reset(self) -> None:
        """Reset softly, as Ctrl-C and Ctrl-D do: boot.py and main.py run again."""
        self.chip.raise_in_program(SystemExit())

    # -- the program's side ----------------------------------------------------------------

    def _pause(self) -> None:
        self._host_turn.release()
        self._program_turn.acquire()
        if isinstance(self.chip.dead, Closed):
            raise self.chip.dead

    def _wait_and_run(self) -> None:
        self._program_turn.acquire()
        self._run_boots()

    def _abandon_program(self) -> None:
        """Go on without a program that catches even its chip's reset; it never runs again."""
        if not isinstance(self.chip.dead, Closed):
            self._thread = self._start_thread(self._run_boots)
        threading.Event().wait()

    def _run_boots(self) -> None:
        try:
            while not isinstance(self.chip.dead, Closed):
                self._boot_once()
        except Closed:
            return
        except BaseException as error:
            self.error = error
        self._host_turn.release()

    def _boot_once(self) -> None:
        try:
            self.chip.boot()
            self.boots += 1
            self._run()
        except ChipReset:
            return
        except PowerCut:
            self._wait_for_power()

    def _run(self) -> None:
        """Run boot.py and main.py from a hard reset to the next."""
        raw = False
        self.attach_until_us = -1
        while True:
            self.at_prompt = False
            self.program = program = Program(self.unit)
            ended = program.run("boot.py")
            if ended != FORCED_EXIT and not raw:
                ended = program.run("main.py")
            raw = ended != FORCED_EXIT and self._prompt()
            self.chip.soft_reset()

    def _prompt(self) -> bool:
        """Wait at the prompt; return whether it is left for a host that wants the raw prompt."""
        self.at_prompt = True
        while True:
            try:
                self.chip.spend(PROMPT_US)
            except KeyboardInterrupt:
                continue
            except SystemExit:
                return False
            if self.chip.us <= self.attach_until_us:
                self.attach_until_us = -1
                return True

    def _press_on(self) -> None:
        self.power_at_us = self.chip.us
        self.why_power = SWITCHED_ON

    def _wait_for_power(self) -> None:
        """Stay without power until it comes back. What a host asks meanwhile, nobody hears."""
        self.at_prompt, self.unpowered = False, True
        chip = self.chip
        while True:
            chip.dead = None
            chip.due_by(chip.us)
            with suppress(KeyboardInterrupt, SystemExit):
                chip.spend(PROMPT_US)
            if 0 <= self.power_at_us <= chip.us:
                self.power_at_us, self.unpowered = -1, False
                self.unit.bench.plant.powered = True
                chip.power_on(self.why_power)
                self.why_power = "power-on"
                return
