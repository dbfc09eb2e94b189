"""`waistband check faults`: injects every fault in every state and compares with its bounds.

Called by `tools.commands.check`. Writes files only at the given paths.
"""

import json
import os
import time
from contextlib import ExitStack

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sim.campaign import common_cause, fault_matrix
from sim.campaign.fault_matrix import Cell, Key
from sim.common import validate
from sim.common.errors import BadInput
from sim.faults import catalogue
from tools.commands.options import check_suffix, parse_integer
from tools.common.files import emit, is_terminal, write_whole
from tools.report.faults_json import json_object
from tools.report.faults_rows import STATES, Found, sort_cells
from tools.report.faults_table import render

FAILED = 1
JOBS_MAX = 256


def check_faults(
    named_faults: list[str], named_states: list[str], *, as_json: bool = False,
    plot: str | None = None, report: str | None = None, jobs: str | None = None,
) -> int:  # fmt: skip
    """Inject the faults, write the files asked for, print the result; return the exit code."""
    named = (("plot", plot), ("report", report))
    outputs = [(what, path) for what, path in named if path is not None]
    faults = choose_names(named_faults, "--fault", catalogue.REPORTED)
    states = choose_names(named_states, "--state", STATES)
    processes = parse_integer(jobs, "--jobs", 1, JOBS_MAX) or os.cpu_count() or 1
    check_suffix("--plot", plot, ".png")
    check_suffix("--report", report, ".md")
    todo = fault_matrix.list_tasks(faults, states)
    if not todo:
        raise BadInput(f"nothing to try: {', '.join(faults)} cannot strike in {', '.join(states)}")
    begun = time.perf_counter()
    with ExitStack() as stack:
        files = {what: stack.enter_context(write_whole(path)) for what, path in outputs}
        whole = not named_faults and not named_states
        found = measure(todo, processes, is_terminal(as_json), whole)
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


def choose_names(named: list[str], option: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The names given to an option, or all. Raises BadInput."""
    return tuple(validate.choice(name, option, allowed) for name in named) or allowed


def measure(todo: list[fault_matrix.Task], jobs: int, terminal: bool, whole: bool) -> Found:
    """Run all tasks, with a progress bar on a terminal. `whole`: also the common-cause failures of
    both contact sensors of a pad."""
    cells: dict[Key, Cell] = {}
    lies: list[common_cause.Outcome] = []
    stories = common_cause.list_cases() if whole else []
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not terminal) as progress:
        task = progress.add_task("Striking", total=len(todo) + len(stories))
        for tried in fault_matrix.map_unordered(fault_matrix.run_task, todo, jobs):
            fault_matrix.add_to_cells(cells, tried)
            progress.advance(task)
        for lie in fault_matrix.map_unordered(common_cause.run_case, stories, jobs):
            lies.append(lie)
            progress.advance(task)
    lies.sort(key=lambda lie: stories.index(common_cause.CommonCause(*lie[:4])))
    return Found(sort_cells(cells), lies)
