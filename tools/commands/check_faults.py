"""`waistband check faults`: every fault in every state, measured beside its bounds."""

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sim.campaign import common_cause, fault_matrix
from sim.campaign.fault_matrix import Cell, Key
from sim.common import validate
from sim.common.errors import BadInput
from sim.faults import catalogue
from tools.common.files import emit, write_whole
from tools.report.faults_json import json_object
from tools.report.faults_rows import STATES, Found, sort_cells
from tools.report.faults_table import render

FAILED = 1
JOBS_MAX = 256
SUFFIX = {"plot": ".png", "report": ".md"}


def check_faults(
    named_faults: list[str], named_states: list[str], *, as_json: bool = False,
    plot: str | None = None, report: str | None = None, jobs: str | None = None,
) -> int:  # fmt: skip
    """Try, write what was asked for, and say how it went; returns the exit code."""
    named = (("plot", plot), ("report", report))
    outputs = [(what, path) for what, path in named if path is not None]
    faults = chosen(named_faults, "--fault", catalogue.REPORTED)
    states = chosen(named_states, "--state", STATES)
    processes = jobs_of(jobs)
    check_outputs(outputs)
    todo = fault_matrix.list_tasks(faults, states)
    if not todo:
        raise BadInput(f"nothing to try: {', '.join(faults)} cannot strike in {', '.join(states)}")
    begun = time.perf_counter()
    with ExitStack() as stack:
        files = {what: stack.enter_context(write_whole(path)) for what, path in outputs}
        terminal = not as_json and sys.stdout is not None and sys.stdout.isatty()
        whole = not named_faults and not named_states
        found = measure(todo, processes, terminal, whole)
        if "plot" in files:
            from tools.report.faults_plot import draw

            draw(found, files["plot"])
        if "report" in files:
            from tools.report.faults_report import render_page

            files["report"].write_text(render_page(found), encoding="utf-8")
    if as_json:
        emit(json.dumps(json_object(found), indent=1, allow_nan=False))
    else:
        wall_s = time.perf_counter() - begun
        emit(render(found, bool(named_faults), wall_s, outputs))
    return FAILED if found.broken() else 0


def chosen(named: list[str], option: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """What an option names, or all. Raises BadInput."""
    return tuple(validate.choice(name, option, allowed) for name in named) or allowed


def jobs_of(written: str | None) -> int:
    """`--jobs`; raises BadInput."""
    if written is None:
        return os.cpu_count() or 1
    try:
        return validate.integer(int(written), "--jobs", 1, JOBS_MAX)
    except ValueError:
        shown = validate.shown(written)
        raise BadInput(f"--jobs is {shown}: an integer from 1 to {JOBS_MAX}") from None


def check_outputs(outputs: list[tuple[str, str]]) -> None:
    """Refuse names that cannot be; raises BadInput."""
    for what, path in outputs:
        if Path(path).suffix.lower() != SUFFIX[what]:
            named = validate.shown(path)
            raise BadInput(f"--{what} is {named}: a name that ends in {SUFFIX[what]}")


def measure(todo: list[fault_matrix.Task], jobs: int, terminal: bool, whole: bool) -> Found:
    """Try it all, with a bar on a terminal; of the whole table also what is told when both
    contact sensors of a pad lie."""
    cells: dict[Key, Cell] = {}
    lies: list[common_cause.Outcome] = []
    stories = common_cause.list_cases() if whole else []
    with bar(terminal) as progress:
        task = progress.add_task("Striking", total=len(todo) + len(stories))
        for tried in fault_matrix.map_unordered(fault_matrix.run_task, todo, jobs):
            fault_matrix.add_to_cells(cells, tried)
            progress.advance(task)
        for lie in fault_matrix.map_unordered(common_cause.run_case, stories, jobs):
            lies.append(lie)
            progress.advance(task)
    lies.sort(key=lambda lie: stories.index(common_cause.CommonCause(*lie[:4])))
    return Found(sort_cells(cells), lies)


def bar(terminal: bool) -> Progress:
    """A progress bar that leaves nothing behind."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(stderr=True), transient=True, disable=not terminal,
    )  # fmt: skip
