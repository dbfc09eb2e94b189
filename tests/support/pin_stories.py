"""Stories that begin alike: one run up to a lit unit, then a copy of it for each ending.

An emulated second costs several real ones, and half a minute passes before a unit is
lit; a copy of the process (`os.fork`) costs nothing.
"""

import os
import pickle
import sys
import tempfile
import traceback
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.common.story import Event, Scenario
from sim.common.value_record import replace
from sim.pin_depth.flash import files_in
from sim.pin_depth.run import PinDepth
from sim.run import Run
from sim.scenario.scenario import ordinary

CLOCK_MS = (1 << 30) - 10_000  # at power-on: the chip's clock wraps while the unit is lit
READY_S = 1.8  # START is pressed once the unit is ready for it
LIT_S = 9.7  # worn, checked, and power rising
STRUCK_S = 9.9
AFTER_S = 3.2  # long enough for a unit that was reset to be ready again

# name -> what happens to the copy
ENDINGS: dict[str, tuple[Event, ...]] = {
    "goes on": (),
    "thermistor opened": (Event(STRUCK_S, "fault", "ntc_open", "A"),),
    "host attaches": (Event(STRUCK_S, "fault", "host_attach", for_s=1.0),),
    "soft reset": (Event(STRUCK_S, "fault", "soft_reset"),),
    "exception": (Event(STRUCK_S, "fault", "firmware_exception"),),
    "hang": (Event(STRUCK_S, "fault", "firmware_hang"),),
    "power cut and back": (Event(STRUCK_S, "fault", "brownout", for_s=0.5),),
    "bus held": (Event(STRUCK_S, "fault", "i2c_hang"),),
    "flash corrupt, power cut and back": (
        Event(STRUCK_S, "fault", "flash_corrupt"),
        Event(STRUCK_S + 0.4, "fault", "brownout", for_s=0.5),
    ),
    "paused": (Event(STRUCK_S, "press", "START", hold_ms=200),),
}


def scenario(events: tuple[Event, ...] = (), duration_s: float = STRUCK_S + AFTER_S) -> Scenario:
    """The ordinary wearer, START as soon as the unit is ready, then these events."""
    start = Event(READY_S, "press", "START", hold_ms=200)
    plain = ordinary()
    return replace(
        plain, name="pin depth", start=replace(plain.start, clock=CLOCK_MS),
        events=(start, *events), duration_s=duration_s, until_done=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """What came of a story."""

    name: str
    told: list[tuple[float, str]]  # states, and when each was first seen
    result: dict[str, Any]
    us: "array[float]"
    codes: "array[int]"
    ticks: list[Any]
    screen: list[str]
    console: str
    files: dict[str, bytes]  # that its flash holds at the end


class Stories:
    """A unit that is lit; `end` lets a copy of it go on."""

    def __init__(self, uf2: str | None = None) -> None:
        """Run up to LIT_S. Raises BadInput where there is no UF2."""
        self.depth = PinDepth(uf2=uf2)
        self.run = Run(scenario(), depth=self.depth)
        self.told: list[tuple[float, str]] = []
        self.run.trace(self._take)
        to(self.run, LIT_S)

    def _take(self, row: Any) -> None:
        if not self.told or row[1] != self.told[-1][1]:
            self.told.append((row[0], row[1]))

    def end(self, name: str, events: tuple[Event, ...], after_s: float = AFTER_S) -> Ending:
        """Let a copy meet these events and run on. Raises RuntimeError with what went wrong."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ending"
            child = os.fork()
            if not child:
                self._go_on(name, events, after_s, path)
            _, status = os.waitpid(child, 0)
            if not path.exists():
                raise RuntimeError(f"the copy for {name!r} ended with status {status}")
            found = pickle.loads(path.read_bytes())
        if not isinstance(found, Ending):
            raise RuntimeError(found)
        return found

    def _go_on(self, name: str, events: tuple[Event, ...], after_s: float, path: Path) -> None:
        """In the copy: run on, write what came of it, and end the process."""
        try:
            try:
                found: Any = self._ending(name, events, after_s)
            except BaseException:
                found = traceback.format_exc()
            path.write_bytes(pickle.dumps(found))
            sys.stdout.flush()
        finally:  # whatever happens, a copy never goes on as the one that it was copied from
            os._exit(0)

    def _ending(self, name: str, events: tuple[Event, ...], after_s: float) -> Ending:
        run = self.run
        run.continue_with(events, STRUCK_S + after_s)
        to(run, STRUCK_S + after_s)
        depth = self.depth
        edges = depth.chip.edges
        ticks = depth.chip.ticks
        return Ending(
            name, self.told, run.result(), edges.us, edges.codes, [*ticks.lost, *ticks.kept],
            depth.screen(), depth.console(), files_in(depth.emulator.mcu.flash),
        )  # fmt: skip


def to(run: Run, s: float) -> None:
    """Let it run to a moment."""
    run.duration_s = s
    while run.advance(1_000):
        continue
