"""Figures of the device for `make figures`: bus times, file sizes, heap.

Called by `tools.dev.figures`; prints tables, judges nothing. Bus times are those of driver depth.
Heap is that of MicroPython's unix port on x86-64, where pointers and heap blocks have twice the
chip's size, with `tools.dev.stand_in` in place of the chip.
"""

import json
import os
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
from sim.driver_depth.near_imports import shorten_imports
from sim.driver_depth.run import DriverDepth
from sim.driver_depth.unit_names import shorten_names
from sim.driver_depth.unit_source import replace_constants
from sim.run import Run, nominal_calibration
from sim.scenario.scenario import ordinary
from tools.replay import find_micropython
from tools.report.tables import fill_table

ROOT = Path(__file__).resolve().parents[2]
ALL_BYTES_MAX = 92 * 1024
TRANSFER_MAX_MS = 5.0
HEAP = "320k"
ROOMY = "2m"
HELD_S = 30.0  # a bus held from then on
HELD_UNTIL_S = 40.0
TREATED_STEPS = 50  # of TREAT that count as well
PATIENCE_S = 120
STAND_IN = ("tools/__init__.py", "tools/dev/__init__.py", "tools/dev/stand_in.py")
PATTERNS = ("boot.py", "main.py", "hal/**/*.py", "firmware/**/*.py")
BUSES = ("sensors", "screen")


@dataclass(frozen=True)
class BusTime:
    """Time on a bus in a tick of main's loop; `when` names the run."""

    bus: str
    when: str
    ticks: int
    worst_ms: float
    mean_ms: float
    worst_transfer_ms: float


@dataclass(frozen=True)
class Heap:
    """Bytes live after start; `found_bytes` were live before: interpreter, stand-in."""

    heap: str
    live_bytes: int
    found_bytes: int
    locked: str


class Meter(Bus):
    """A bus that sums its time by the firmware's ticks.

    The chip assigns a transfer's time to `worst_us` where it is longer than that; here all are.
    """

    def __init__(self, depth: DriverDepth, bus: Bus) -> None:
        self.depth = depth
        self.us_by_tick: defaultdict[int, int] = defaultdict(int)
        self.transfer_us = 0
        super().__init__(list(bus.parts.values()))

    @property
    def worst_us(self) -> int:
        """Shorter than any transfer."""
        return -1

    @worst_us.setter
    def worst_us(self, us: int) -> None:
        program = self.depth.device.program if self.transfers else None
        if program and program.waistband:  # no tick before
            self.us_by_tick[program.waistband.inputs.ms] += us
            self.transfer_us = max(self.transfer_us, us)


def measure_buses() -> list[BusTime]:
    """Bus times of an ordinary start to TREAT and ten seconds on, and of a run whose sensors' bus
    is held."""
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
            sensors, screen = (Meter(depth, bus) for bus in depth.assembly.buses)
            meters = depth.assembly.buses = (sensors, screen)
            going, steps = True, 0
            while going and (steps < TREATED_STEPS if until_s is None else run.t_s < until_s):
                going = run.advance(1)
                steps += run.unit.session.state == states.TREAT
            clock = [ms for meter in meters for ms in meter.us_by_tick]
            ticks = (max(clock) - min(clock)) // TICK_MS + 1
            for bus, meter in zip(BUSES, meters, strict=True):
                us = meter.us_by_tick.values()
                worst_ms, mean_ms = max(us, default=0) / 1e3, sum(us) / ticks / 1e3
                slowest_ms = meter.transfer_us / 1e3
                rows.append(BusTime(bus, when, ticks, worst_ms, mean_ms, slowest_ms))
        finally:
            run.close()
    return rows


def device_files() -> list[str]:
    """Paths from ROOT of the files of a unit."""
    found = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def compile_files(folder: Path, *more: str) -> dict[str, int]:
    """Build the device's files as for a unit and compile them, and more, into a folder. Return
    the bytes of each .mpy file of a release. Raises BadInput."""
    product = {name: (ROOT / name).read_bytes() for name in device_files()}
    sources = {**product, **{name: (ROOT / name).read_bytes() for name in more}}
    built = replace_constants(sources, (*release.AS_THEY_ARE, *more))
    for name, source in shorten_names(built, (*release.AS_THEY_ARE, *more)).items():
        out = (folder / name).with_suffix(".mpy")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(release.compiled(name, shorten_imports(name, source)))
    found = release.release(product)
    return {name: len(content) for name, content in found.items() if name.endswith(".mpy")}


def write_unit_files(folder: Path) -> None:
    """Write a nominal unit's calibration and the ordinary prescription."""
    (folder / "calibration.json").write_text(json.dumps(nominal_calibration(RPI_PICO)))
    (folder / "prescription.json").write_text(json.dumps(ordinary().prescription))


def run_stand_in(folder: Path, heap: str, session: bool) -> dict[str, Any]:
    """Run `tools.dev.stand_in` on the files compiled in a folder. Raises BadInput."""
    write_unit_files(folder)
    program = f"from tools.dev import stand_in; stand_in.report({session})"
    done = subprocess.run(
        [*find_micropython(), "-X", f"heapsize={heap}", "-c", program],
        cwd=folder, capture_output=True, text=True, errors="replace",
        env={**os.environ, "MICROPYPATH": f"{folder}{os.pathsep}.frozen"},
        stdin=subprocess.DEVNULL, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    try:
        made: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
        made["live"] - made["before"]
    except (ValueError, KeyError):
        words = " ".join((done.stdout + done.stderr).split())[-200:]
        raise BadInput(f"tools.dev.stand_in gave up: {words}") from None
    if made.get("raised"):
        raise BadInput(f"main's loop ended in {made['state']}: {made['raised']}")
    return made


def measure_heap(folder: Path) -> Heap:
    """Live heap after start, on the compiled files in a folder. Raises BadInput."""
    made = run_stand_in(folder, HEAP, session=False)
    return Heap(HEAP, made["live"], made["before"], made["locked"])


def count_locked_ticks(folder: Path) -> dict[str, int]:
    """Ticks of main's loop in each state, all with the heap locked, on the compiled files in a
    folder. Raises BadInput where a tick allocated."""
    ticks: dict[str, int] = run_stand_in(folder, ROOMY, session=True)["ticks"]
    return ticks


def bus_table(rows: list[BusTime]) -> Table:
    """(d) Bus times."""
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
    """(e) File sizes."""
    table = Table("file", "bytes", "limit", title="Bytecode, mpy-cross for the RP2040")
    fill_table(table, ((name, f"{size:,}") for name, size in sizes.items()))
    table.add_row("all", f"{sum(sizes.values()):,}", f"{ALL_BYTES_MAX:,}", style="bold")
    return table


def heap_table(heap: Heap, ticks: dict[str, int]) -> Table:
    """(f) Heap."""
    table = Table(
        "", "bytes", "limit", title="Heap, MicroPython unix port (x86-64, twice the chip's words)"
    )
    own = heap.live_bytes - heap.found_bytes
    table.add_row(f"live after start, heap of {heap.heap}", f"{own:,}", "")
    if heap.locked:
        table.add_row(f"  but the unit is locked there: {heap.locked[:40]}", "")
    table.add_row("  not counted: interpreter, stand-ins for the chip", f"{heap.found_bytes:,}")
    words = "allocated in any of {} ticks of main's loop, {}"
    return fill_table(table, ((words.format(n, state), "0", "0") for state, n in ticks.items()))


def measure(console: Console) -> dict[str, object]:
    """Measure, print the tables, and return the JSON object's part."""
    with console.status("Running the chip"):
        times = measure_buses()
    console.print(bus_table(times))
    found: dict[str, object] = {"i2c": [asdict(row) for row in times], "missing": ""}
    try:
        with tempfile.TemporaryDirectory(prefix="waistband-") as name:
            folder = Path(name)
            with console.status("Compiling"):
                sizes = found["mpy_bytes"] = compile_files(folder, *STAND_IN)
            console.print(size_table(sizes))
            with console.status("Starting the unit on MicroPython"):
                heap, ticks = measure_heap(folder), count_locked_ticks(folder)
    except BadInput as why:
        found["missing"] = str(why)
        console.print(f"No more of the device: {why}", markup=False)
        return found
    console.print(heap_table(heap, ticks))
    found["heap"] = asdict(heap)
    # the heap was locked in each of these ticks
    found["loop"] = [{"state": state, "ticks": n, "most_bytes": 0} for state, n in ticks.items()]
    return found
