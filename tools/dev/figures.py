"""`make figures`: speed of the simulated unit, instructions of a tick, and figures of the device.

Run by hand; prints tables, or with --json one object; with --page also writes them as a page
(`tools.dev.figures_page`). Judges nothing. Times are of this machine as it is now; instructions
(`tools.dev.instructions`) are counted.
"""

import argparse
import json
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from firmware.core.limits import TICK_MS
from sim.common.errors import BadInput
from sim.run import Run
from sim.scenario.scenario import ordinary
from tools.common.files import write_whole
from tools.dev import (
    figures_device,
    figures_page,
    figures_peer,
    figures_pin,
    figures_records,
    instructions,
)
from tools.replay import check_recording, play_on_cpython, play_on_unix
from tools.report.tables import fill_table

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 5
EVERYTHING = 10**9  # control steps
COUNTED = 100  # ticks of each kind


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
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="write the page of figures")
    asked = parser.parse_args()
    console = figures_page.TableConsole(quiet=asked.json)
    found: dict[str, object] = {"desk": f"Python {platform.python_version()}, {platform.machine()}"}
    console.print(found["desk"], style="dim")
    speed = measure_speed()
    found["speed"] = asdict(speed)
    console.print(speed_table(speed))
    replays = time_replays()
    found["replay"] = [asdict(row) for row in replays]
    console.print(replay_table(replays))
    found["device"] = figures_device.measure(console)
    found["records"] = figures_records.measure(console)
    found["emulated_chip"] = figures_pin.measure(console)
    found["peer"] = figures_peer.measure(console)
    costs: list[instructions.Cost] = []
    found["no_instructions"] = ""
    try:
        with console.status("Counting instructions"):
            instructions.check_tools()
            costs = [instructions.measure_cost(moment, COUNTED) for moment in instructions.MOMENTS]
        console.print(instructions.cost_table(costs))
    except BadInput as missing:
        found["no_instructions"] = str(missing)
        console.print(f"No instruction counts: {missing}", markup=False)
    found["instructions"] = [asdict(row) for row in costs]
    if asked.page:
        with write_whole(asked.page) as page:
            page.write_text(figures_page.render_page(console.kept), encoding="utf-8")
    if asked.json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
