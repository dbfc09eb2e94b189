"""`make figures`: speed of the simulated unit, instructions of a tick, and figures of the device.

Run by hand; prints tables, or with --json one object. Judges nothing. Times are of this machine as
it is now. Instruction counts are those of MicroPython's unix port under callgrind, with drivers and
the chip's stand-in (`tools.dev.count_ticks`); they repeat to the last digit. Counts are means: the
sensors' bus has a round of 20 ticks, and in every fifth control tick the battery is judged as well.
"""

import argparse
import json
import platform
import re
import shutil
import statistics
import subprocess
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
from tools.report.tables import fill_table

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 5
EVERYTHING = 10**9  # control steps
COUNTED = 100  # more ticks or control periods: five rounds of the sensors' bus, two seconds
TWICE = 2  # counts are made this often, to show that they repeat
TOOLS = (("valgrind", "apt install valgrind"), ("setarch", "apt install util-linux"))
COLLECTED = re.compile(r"Collected : (\d+)")
MOMENTS = {  # of tools.dev.count_ticks
    "ready": "at rest",
    "full_power": "full power: duties stay",
    "held": "held at the set point: duties move",
}


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
class Replay:
    """A recorded session, replayed; on MicroPython each tick with its heap locked."""

    on: str
    ticks: int
    wall_s: float
    recording_bytes: int
    heap: str


def measure_speed() -> Speed:
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


def time_replays() -> list[Replay]:
    """Replay an ordinary session on each interpreter that is installed."""
    run = Run(ordinary(), record=True)
    run.advance(EVERYTHING)
    recorded = check_recording(b"".join(run.read_recording()), "an ordinary session")
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
        rows.append(Replay(on, recorded.ticks, wall_s, len(recorded.data), heap))
    return rows


def count_instructions(moment: str, guards: int, periods: int) -> tuple[int, str]:
    """Run `tools.dev.count_ticks` under callgrind; return (instructions, state). Raises
    BadInput."""
    command = [
        *("env", "-i", "PATH=/usr/bin:/bin", "LANG=C", "PYTHONHASHSEED=0"),
        f"MICROPYPATH={ROOT}:.frozen",
        *("setarch", "-R", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
        "--toggle-collect=mp_execute_bytecode*",
        *(*find_micropython(), "-X", "heapsize=2m", "-m", "tools.dev.count_ticks"),
        *(moment, f"{guards:03}", f"{periods:03}"),  # equally long: reading them costs too
    ]
    with tempfile.TemporaryDirectory(prefix="waistband-") as folder:
        figures_device.write_unit_files(Path(folder))
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


def measure_cost(moment: str) -> Cost:
    """Instructions of a tick at one of MOMENTS. Raises BadInput."""
    asked = [(COUNTED, 0), (2 * COUNTED, 0), (COUNTED, COUNTED)] * TWICE
    with ThreadPoolExecutor(2) as two:
        made = list(two.map(lambda row: count_instructions(moment, *row), asked))
    guards, controls = [], []
    for k in range(0, len(made), 3):
        base, more_guards, more_periods = (instructions for instructions, _ in made[k : k + 3])
        guard = (more_guards - base) / COUNTED
        guards.append(guard)
        controls.append((more_periods - base) / COUNTED - (CONTROL_TICKS - 1) * guard)
    return Cost(made[0][1], MOMENTS[moment], tuple(guards), tuple(controls))


def measure_costs() -> list[Cost]:
    """Instructions of a tick at each of MOMENTS. Raises BadInput where a tool is missing."""
    for tool, get in TOOLS:
        if shutil.which(tool) is None:
            raise BadInput(f"{tool} is not installed: {get}")
    find_micropython()
    return [measure_cost(moment) for moment in MOMENTS]


def speed_table(speed: Speed) -> Table:
    """(a) Speed."""
    table = Table(
        "", "median", "best", title=f"An ordinary session, simulated {speed.repeats} times"
    )
    best, median = speed.realtime_factor_best, speed.realtime_factor_median
    return fill_table(table, (
        ("ticks of 20 ms", f"{speed.ticks:,}", ""),
        ("simulated, s", f"{speed.simulated_s:,.1f}", ""),
        ("wall, s", f"{speed.wall_s_median:.3f}", f"{speed.wall_s_least:.3f}"),
        ("times real time", f"{median:,.0f}", f"{best:,.0f}"),
    ))  # fmt: skip


def cost_table(rows: list[Cost]) -> Table:
    """(b) Instructions of a tick."""
    repeat = all(len(set(row.guard)) == len(set(row.control)) == 1 for row in rows)
    table = Table(
        "state", "", "guard tick", "control tick",
        title="x86-64 instructions of a tick, MicroPython unix port under callgrind",
        caption=f"counted twice: {'equal to the last digit' if repeat else 'NOT equal'}",
    )  # fmt: skip
    for row in rows:
        table.add_row(row.state, row.moment, f"{row.guard[0]:,.2f}", f"{row.control[0]:,.2f}")
    return table


def replay_table(rows: list[Replay]) -> Table:
    """(c) Replays."""
    columns = ("on", "ticks", "wall, s", "recording, MB", "allocated in a tick")
    table = Table(*columns, title="The same session, replayed")
    for row in rows:
        megabytes = f"{row.recording_bytes / 1e6:.1f}"
        table.add_row(row.on, f"{row.ticks:,}", f"{row.wall_s:.2f}", megabytes, row.heap)
    return table


def main() -> None:
    """Measure, and print tables or one JSON object."""
    parser = argparse.ArgumentParser(prog="tools.dev.figures", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    console = Console(quiet=as_json)
    found: dict[str, object] = {"desk": f"Python {platform.python_version()}, {platform.machine()}"}
    console.print(found["desk"], style="dim")
    speed = measure_speed()
    found["speed"] = asdict(speed)
    console.print(speed_table(speed))
    replays = time_replays()
    found["replay"] = [asdict(row) for row in replays]
    console.print(replay_table(replays))
    found["device"] = figures_device.measure(console)
    found["emulated_chip"] = figures_pin.measure(console)
    costs: list[Cost] = []
    found["no_instructions"] = ""
    try:
        with console.status("Counting instructions"):
            costs = measure_costs()
        console.print(cost_table(costs))
    except BadInput as missing:
        found["no_instructions"] = str(missing)
        console.print(f"No instruction counts: {missing}", markup=False)
    found["instructions"] = [asdict(row) for row in costs]
    if as_json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
