"""Figures of the device for `make figures`: time on its buses, bytes of its files, its heap.

Measures and prints beside the limits of the issue; never judges. Bus times are the simulated
chip's (driver depth). Heap is that of MicroPython's unix port on x86-64, where pointers and
heap blocks are twice those of the chip; `tools.dev.stand_in` says what runs there.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from firmware.core import states
from firmware.core.limits import TICK_MS
from hal.boards import RPI_PICO
from sim.common.errors import BadInput
from sim.common.story import Event
from sim.common.value_record import replace
from sim.driver_depth import release
from sim.driver_depth.i2c import Bus
from sim.driver_depth.run import DriverDepth
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary
from tools.replay import find_micropython

ROOT = Path(__file__).resolve().parents[2]
ALL_BYTES_MAX = 96 * 1024
HEAP_BYTES_MAX = 80 * 1024
TRANSFER_MAX_MS = 5.0
HEAP = "320k"
ROOMY = "2m"
HELD_S = 30.0  # a bus held from then on
HELD_UNTIL_S = 40.0
TREATED_STEPS = 50  # of TREAT that count as well
PATIENCE_S = 120
PATTERNS = ("boot.py", "main.py", "hal/**/*.py", "firmware/**/*.py")
BUSES = ("sensors", "screen")


@dataclass(frozen=True)
class BusTime:
    """Time on a bus in a tick of main's loop."""

    bus: str
    when: str
    ticks: int
    worst_ms: float
    mean_ms: float
    worst_transfer_ms: float


@dataclass(frozen=True)
class Loop:
    """What main's loop allocated in any tick of a state, with hal/ and all its drivers."""

    state: str
    ticks: int
    most_bytes: int


@dataclass(frozen=True)
class Heap:
    """Bytes live after start. `found_bytes` is what was there before: interpreter, stand-ins."""

    heap: str
    live_bytes: int
    found_bytes: int
    locked: str


class Meter(Bus):
    """A bus that adds up its time by the firmware's ticks.

    The chip compares the time of each transfer with `worst_us` and, where it was longer,
    keeps it there: here every one is longer.
    """

    def __init__(self, depth: DriverDepth, bus: Bus) -> None:
        self.depth = depth
        self.us_by_tick: defaultdict[int, int] = defaultdict(int)
        self.transfer_us = 0
        super().__init__(list(bus.parts.values()))

    @property
    def worst_us(self) -> int:
        """Shorter than any."""
        return -1

    @worst_us.setter
    def worst_us(self, us: int) -> None:
        program = self.depth.device.program if self.transfers else None
        if program and program.waistband:  # no tick before
            self.us_by_tick[program.waistband.inputs.ms] += us
            self.transfer_us = max(self.transfer_us, us)

    def row(self, bus: str, when: str, ticks: int) -> BusTime:
        """What came together in so many ticks."""
        times = self.us_by_tick.values()
        worst, mean = max(times, default=0), sum(times) / ticks
        return BusTime(bus, when, ticks, worst / 1e3, mean / 1e3, self.transfer_us / 1e3)


def metered(depth: DriverDepth) -> tuple[Meter, Meter]:
    """Put meters on the buses of a unit whose time has not begun."""
    sensors, screen = (Meter(depth, bus) for bus in depth.assembly.buses)
    depth.assembly.buses = (sensors, screen)
    return sensors, screen


def bus_times() -> list[BusTime]:
    """An ordinary start up to TREAT and ten seconds on; then one whose sensors' bus is held."""
    held = Event(HELD_S, "fault", "i2c_hang")
    rows = []
    for when, events, until_s in (
        ("ordinary, to TREAT", (), None),
        (f"bus held from {HELD_S:g} s", (held,), HELD_UNTIL_S),
    ):
        scenario = ordinary()
        depth = DriverDepth()
        run = Run(replace(scenario, events=scenario.events + events), depth=depth)
        try:
            meters = metered(depth)
            going, steps = True, 0
            while going and (steps < TREATED_STEPS if until_s is None else run.t_s < until_s):
                going = run.advance(1)
                steps += run.unit.session.state == states.TREAT
            clock = [ms for meter in meters for ms in meter.us_by_tick]
            ticks = (max(clock) - min(clock)) // TICK_MS + 1
            rows += [meter.row(bus, when, ticks) for bus, meter in zip(BUSES, meters, strict=True)]
        finally:
            run.close()
    return rows


def device_files() -> list[str]:
    """What goes onto the unit, from ROOT."""
    found = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def compiled(folder: Path, *more: str) -> dict[str, int]:
    """Compile the device's files, and more, into a folder; bytes of each. Raises BadInput."""
    sizes = {}
    for name in [*device_files(), *more]:
        out = (folder / name).with_suffix(".mpy")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(release.compiled(name, (ROOT / name).read_bytes()))
        if name not in more:
            sizes[name] = out.stat().st_size
    return sizes


def put_unit_files(folder: Path) -> None:
    """A nominal unit's calibration and the ordinary prescription."""
    (folder / "calibration.json").write_text(json.dumps(nominal_calibration(RPI_PICO)))
    (folder / "prescription.json").write_text(json.dumps(ordinary().prescription))


def on_stand_in(folder: Path, heap: str, how: str) -> dict[str, Any]:
    """One run of `tools.dev.stand_in` on the files compiled there. Raises BadInput."""
    put_unit_files(folder)
    program = f"from tools.dev import stand_in; stand_in.report({how!r})"
    done = subprocess.run(
        [*find_micropython(), "-X", f"heapsize={heap}", "-c", program],
        cwd=folder, capture_output=True, text=True, errors="replace",
        env={**os.environ, "MICROPYPATH": f"{folder}{os.pathsep}.frozen"},
        stdin=subprocess.DEVNULL, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    said = done.stdout.strip().rpartition("\n")[2]
    try:
        made: dict[str, Any] = json.loads(said)
        made["live"] - made["before"]
    except (ValueError, KeyError):
        words = " ".join((done.stdout + done.stderr).split())[-200:]
        raise BadInput(f"tools.dev.stand_in gave up: {words}") from None
    return made


def heap_of(folder: Path) -> Heap:
    """Live heap after start, on the compiled files in a folder. Raises BadInput."""
    made = on_stand_in(folder, HEAP, "start")
    return Heap(HEAP, made["live"], made["before"], made["locked"])


def loops_of(folder: Path) -> list[Loop]:
    """Allocation of main's loop, on the compiled files in a folder. Raises BadInput."""
    made = on_stand_in(folder, ROOMY, "weighed")
    if made["raised"]:
        raise BadInput(f"main's loop ended in {made['state']}: {made['raised']}")
    return [Loop(state, ticks, made["most"][state]) for state, ticks in made["ticks"].items()]


STAND_IN = ("tools/__init__.py", "tools/dev/__init__.py", "tools/dev/stand_in.py")


def bus_table(rows: list[BusTime]) -> Table:
    """(d)"""
    table = Table(
        "bus", "", "ticks", "worst tick, ms", "mean tick, ms", "worst transfer, ms",
        title="I2C time in a tick, simulated chip",
        caption=f"limit of a transfer: {TRANSFER_MAX_MS:g} ms",
    )  # fmt: skip
    for row in rows:
        times = (row.worst_ms, row.mean_ms, row.worst_transfer_ms)
        table.add_row(row.bus, row.when, f"{row.ticks:,}", *(f"{ms:.3f}" for ms in times))
    return table


def size_table(sizes: dict[str, int]) -> Table:
    """(e)"""
    table = Table("file", "bytes", "limit", title="Bytecode, mpy-cross for the RP2040")
    for name, size in sizes.items():
        table.add_row(name, f"{size:,}")
    table.add_row("all", f"{sum(sizes.values()):,}", f"{ALL_BYTES_MAX:,}", style="bold")
    return table


def heap_table(heap: Heap, loops: list[Loop]) -> Table:
    """(f)"""
    table = Table(
        "", "bytes", "limit", title="Heap, MicroPython unix port (x86-64, twice the chip's words)"
    )
    own = heap.live_bytes - heap.found_bytes
    table.add_row(f"live after start, heap of {heap.heap}", f"{own:,}", f"{HEAP_BYTES_MAX:,}")
    if heap.locked:
        table.add_row(f"  but the unit is locked there: {heap.locked[:40]}", "")
    table.add_row("  not counted: interpreter, stand-ins for the chip", f"{heap.found_bytes:,}")
    for row in loops:
        said = f"allocated in any of {row.ticks} ticks of main's loop, {row.state}"
        table.add_row(said, f"{row.most_bytes:,}", "0")
    return table


def measure(console: Console) -> dict[str, object]:
    """Measure all of it, print the tables, and return what a JSON object has of it."""
    with console.status("Running the chip"):
        times = bus_times()
    console.print(bus_table(times))
    found: dict[str, object] = {"i2c": [asdict(row) for row in times], "missing": ""}
    folder = Path(tempfile.mkdtemp(prefix="waistband-"))
    try:
        with console.status("Compiling"):
            sizes = compiled(folder, *STAND_IN)
        console.print(size_table(sizes))
        found["mpy_bytes"] = sizes
        with console.status("Starting the unit on MicroPython"):
            heap, loops = heap_of(folder), loops_of(folder)
        console.print(heap_table(heap, loops))
        found["heap"] = asdict(heap)
        found["loop"] = [asdict(row) for row in loops]
    except BadInput as why:
        found["missing"] = str(why)
        console.print(f"No more of the device: {why}", markup=False)
    finally:
        shutil.rmtree(folder)
    return found
