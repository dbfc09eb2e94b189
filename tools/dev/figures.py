"""`make figures`: how fast the simulated unit runs, what a tick costs on the unit's VM, and
how full the device is (`tools.dev.figures_device`).

Measures and prints; never judges. Times are of this machine as it is now. Instruction
counts are of MicroPython's unix port under callgrind, drivers and a stand-in for the chip
included (`tools.dev.count_ticks`); they repeat to the last digit. They are means: the sensors' bus
has a round of 20 ticks, and once in five control ticks the battery is judged as well.
"""

import argparse
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.core.states import STATES
from sim.common.errors import BadInput
from sim.run import Run
from sim.scenario.scenario import ordinary
from tools.dev import figures_device, figures_pin
from tools.replay import check_recording, find_micropython, play_on_cpython, play_on_unix

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 5
EVERYTHING = 10**9  # control steps
COUNTED = 100  # ticks or control periods more: five rounds of the sensors' bus, two seconds
TWICE = 2  # counts are made so often, to show that they repeat
TOOLS = (("valgrind", "apt install valgrind"), ("setarch", "apt install util-linux"))
COLLECTED = re.compile(r"Collected : (\d+)")
MOMENTS = (  # of tools.dev.count_ticks
    ("ready", "at rest"),
    ("full_power", "full power: duties stay"),
    ("held", "held at the set point: duties move"),
)


@dataclass(frozen=True)
class Speed:
    """Whole runs of an ordinary session without a trace, on CPython."""

    ticks: int
    simulated_s: float
    wall_s_least: float
    wall_s_median: float
    realtime_factor_best: float
    realtime_factor_median: float
    repeats: int


@dataclass(frozen=True)
class Cost:
    """Instructions of a tick without control and of one with it, counted TWICE."""

    state: str
    moment: str
    guard: tuple[float, ...]
    control: tuple[float, ...]


@dataclass(frozen=True)
class Replayed:
    """A recorded session played again; on MicroPython each tick with its heap locked."""

    on: str
    ticks: int
    wall_s: float
    recording_bytes: int
    heap: str


def speed() -> Speed:
    """Run an ordinary session REPEATS times."""
    runs = [Run(ordinary()) for _ in range(REPEATS)]
    for run in runs:
        run.advance(EVERYTHING)
    walls = [run.wall_s for run in runs]
    ticks = runs[0].ticks
    simulated_s = ticks * TICK_MS / 1000
    least, median = min(walls), statistics.median(walls)
    return Speed(
        ticks, simulated_s, least, median, simulated_s / least, simulated_s / median, REPEATS
    )


def replayed() -> list[Replayed]:
    """Time of playing an ordinary session on each interpreter that is there."""
    run = Run(ordinary(), record=True)
    run.advance(EVERYTHING)
    recorded = check_recording(run.recording(), "an ordinary session")
    rows = []
    for on, play in (("CPython", play_on_cpython), ("MicroPython, unix port", play_on_unix)):
        begun = time.perf_counter()
        try:
            played = play(recorded)
        except BadInput:
            continue  # the table of instructions says why it is not there
        wall_s = time.perf_counter() - begun
        heap = ""
        if play is play_on_unix:
            heap = f"stopped: {played.stopped[2]}" if played.stopped else "0 bytes in any"
        rows.append(Replayed(on, recorded.ticks, wall_s, len(recorded.data), heap))
    return rows


def count(moment: str, guards: int, periods: int) -> tuple[int, str]:
    """(instructions, state) of one whole run of `tools.dev.count_ticks` under callgrind."""
    command = [
        *("env", "-i", "PATH=/usr/bin:/bin", "LANG=C", "PYTHONHASHSEED=0"),
        f"MICROPYPATH={ROOT}:.frozen",
        *("setarch", "-R", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
        "--toggle-collect=mp_execute_bytecode*",
        *(*find_micropython(), "-X", "heapsize=2m", "-m", "tools.dev.count_ticks"),
        *(moment, f"{guards:03}", f"{periods:03}"),  # of one length: reading them costs too
    ]
    with tempfile.TemporaryDirectory(prefix="waistband-") as folder:
        figures_device.put_unit_files(Path(folder))
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
    found = COLLECTED.search(done.stderr)
    # an uncaught exception shows in neither code nor output
    state = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not found or state not in STATES:
        said = " ".join((done.stdout + done.stderr).split())[-200:]
        raise BadInput(f"callgrind gave up: {said}")
    return int(found[1]), state


def cost(moment: str, said: str) -> Cost:
    """What ticks cost at one of MOMENTS."""
    asked = [(COUNTED, 0), (2 * COUNTED, 0), (COUNTED, COUNTED)] * TWICE
    with ThreadPoolExecutor(2) as two:
        made = list(two.map(lambda row: count(moment, *row), asked))
    guards, controls = [], []
    for k in range(0, len(made), 3):
        base, more_guards, more_periods = (instructions for instructions, _ in made[k : k + 3])
        guard = (more_guards - base) / COUNTED
        guards.append(guard)
        controls.append((more_periods - base) / COUNTED - (CONTROL_TICKS - 1) * guard)
    return Cost(made[0][1], said, tuple(guards), tuple(controls))


def costs() -> list[Cost]:
    """What ticks cost at each of MOMENTS. Raises BadInput where something is missing."""
    for tool, get in TOOLS:
        if shutil.which(tool) is None:
            raise BadInput(f"{tool} is not installed: {get}")
    find_micropython()
    return [cost(moment, said) for moment, said in MOMENTS]


def speed_table(figures: Speed) -> Table:
    """(a)"""
    table = Table(
        "", "median", "best", title=f"An ordinary session, simulated {figures.repeats} times"
    )
    table.add_row("ticks of 20 ms", f"{figures.ticks:,}", "")
    table.add_row("simulated, s", f"{figures.simulated_s:,.1f}", "")
    table.add_row("wall, s", f"{figures.wall_s_median:.3f}", f"{figures.wall_s_least:.3f}")
    table.add_row(
        "times real time",
        f"{figures.realtime_factor_median:,.0f}",
        f"{figures.realtime_factor_best:,.0f}",
    )
    return table


def cost_table(rows: list[Cost]) -> Table:
    """(b)"""
    repeat = all(len(set(row.guard)) == len(set(row.control)) == 1 for row in rows)
    said = "equal to the last digit" if repeat else "NOT equal"
    table = Table(
        "state", "", "guard tick", "control tick",
        title="x86-64 instructions of a tick, MicroPython unix port under callgrind",
        caption=f"counted twice: {said}",
    )  # fmt: skip
    for row in rows:
        table.add_row(row.state, row.moment, f"{row.guard[0]:,.2f}", f"{row.control[0]:,.2f}")
    return table


def replay_table(rows: list[Replayed]) -> Table:
    """(c)"""
    table = Table(
        "on", "ticks", "wall, s", "recording, MB", "allocated in a tick",
        title="The same session, replayed",
    )  # fmt: skip
    for row in rows:
        megabytes = f"{row.recording_bytes / 1e6:.1f}"
        table.add_row(row.on, f"{row.ticks:,}", f"{row.wall_s:.2f}", megabytes, row.heap)
    return table


def main() -> int:
    """Measure, and print tables or one JSON object."""
    parser = argparse.ArgumentParser(prog="tools.dev.figures", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    console = Console(quiet=as_json)
    desk = f"Python {platform.python_version()}, {platform.machine()}"
    console.print(desk, style="dim")
    fast = speed()
    console.print(speed_table(fast))
    again = replayed()
    console.print(replay_table(again))
    device = figures_device.measure(console)
    chip = figures_pin.measure(console)
    why = ""
    counted: list[Cost] = []
    try:
        with console.status("Counting instructions"):
            counted = costs()
        console.print(cost_table(counted))
    except BadInput as missing:
        why = str(missing)
        console.print(f"No instruction counts: {why}", markup=False)
    if as_json:
        found = {
            "desk": desk,
            "speed": asdict(fast),
            "replay": [asdict(row) for row in again],
            "device": device,
            "emulated_chip": chip,
            "instructions": [asdict(row) for row in counted],
            "no_instructions": why,
        }
        print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
