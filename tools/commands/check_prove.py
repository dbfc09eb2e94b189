"""`waistband check prove`: runs the state-space search; prints a table, or the path to a violation.

Called by `tools.commands.check`. Writes a file only with --diagram.
"""

import json
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from firmware.core import states
from firmware.core.faults import FAULTS
from sim.common.errors import BadInput
from sim.model_check import invariants
from sim.model_check.node import BEFORE
from sim.model_check.search import COLUMNS, Engine, Found, change_row, render_path, search
from tools.common.files import emit, write_whole
from tools.report.state_diagram import render_document

BROKEN = 1
IGNORED = "ignored"


def prove(*, row: str | None = None, diagram: str | None = None, as_json: bool = False) -> int:
    """Search and print the result; return 1 where a rule is broken."""
    if diagram is not None:
        with write_whole(diagram) as path:
            path.write_text(render_document(), encoding="utf-8")
        emit(f"Wrote the state table to {diagram}")
        return 0
    table = states.build() if row is None else table_with_row(row)
    with progress_bar("searching", not as_json) as progress:
        until = () if row is None else invariants.NAMES
        found = search(Engine(table), until=until, report=progress)
    result = summarise(found, complete=row is None or not found.violations)
    emit(json.dumps(result, indent=2) if as_json else render(result))
    return BROKEN if result["violations"] else 0


def table_with_row(row: str) -> "array[int]":
    """The state table with one row changed. Raises BadInput for an unknown name."""
    names = row.split(",")
    if len(names) == 3:
        state, event, to = names
        if state in states.STATES and event in states.EVENTS and to in (*states.STATES, IGNORED):
            return change_row(state, event, None if to == IGNORED else to)
    raise BadInput(
        f"--row {row!r}: no such row; write STATE,EVENT,TO with names of"
        f" docs/maintainer/states.md, or {IGNORED} for TO, as in TREAT,PRESS,{IGNORED}"
    )


@contextmanager
def progress_bar(what: str, wanted: bool) -> "Iterator[Callable[[int, int], None]]":
    """A progress bar on a terminal; yield the function that updates it with (done, waiting)."""
    console = Console(stderr=True)
    shown = wanted and console.is_terminal and sys.stdout.isatty()
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(what, total=1)
        yield lambda done, waiting: progress.update(task, completed=done, total=done + waiting)


def summarise(found: Found, complete: bool) -> "dict[str, Any]":
    """The result as plain data. `complete`: the search visited every node."""
    table = states.build()
    paths = [
        {"rule": violation.rule, "words": violation.words, "path": render_path(found, violation)}
        for violation in found.violations.values()
    ]
    return {
        "complete": complete,
        "nodes": len(found.depth),
        "ticks_between": sum(node.place == BEFORE for node in found.depth),
        "transitions": sum(map(len, found.edges.values())),
        "runs": found.engine.runs,
        "depth_ticks": max(found.depth.values()),
        "cpu_s": round(found.cpu_s, 2),
        "states": list(count_states(found)),
        "rows_never_taken": [
            name_cell(cell) for cell, to in enumerate(table)
            if to >= 0 and not found.cells >> cell & 1
        ],
        "fault_names": len(FAULTS),
        "rules": [*((rule.name, rule.words) for rule in invariants.RULES),
                  *((way.name, way.words) for way in invariants.WAYS)],
        "violations": paths,
    }  # fmt: skip


def name_cell(cell: int) -> str:
    """A cell of the state table by names."""
    state, event = divmod(cell, COLUMNS)
    return f"({states.STATES[state]}, {states.EVENTS[event]})"


def count_states(found: Found) -> "Iterator[dict[str, Any]]":
    """A row a state: nodes, transitions, events, and the first tick in the state."""
    nodes, between, edges = Counter[int](), Counter[int](), Counter[int]()
    first: dict[int, int] = {}
    for node, depth in found.depth.items():
        nodes[node.state] += 1
        between[node.state] += node.place == BEFORE
        edges[node.state] += len(found.edges.get(node, ()))
        if node.place == BEFORE:
            first[node.state] = min(depth, first.get(node.state, depth))
    for state, name in enumerate(states.STATES):
        asked = found.cells >> state * COLUMNS & (1 << COLUMNS) - 1
        yield {
            "state": name, "nodes": nodes[state], "ticks_between": between[state],
            "transitions": edges[state], "events": asked.bit_count(),
            "first_tick": first.get(state),
        }  # fmt: skip


def render(result: "dict[str, Any]") -> str:
    """The result as text."""
    console = Console(highlight=False, soft_wrap=False)
    with console.capture() as capture:
        console.print(Group(*render_tables(result)))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def render_tables(result: "dict[str, Any]") -> "Iterator[Table | str]":
    """The parts of the output; only the path where the search stopped at a violation."""
    yield from render_paths(result)
    if not result["complete"]:
        return
    table = Table(title="Every state that a unit can be in")
    for name in ("state", "first at tick", "between ticks", "in all", "transitions", "events"):
        table.add_column(name, justify="left" if name == "state" else "right")
    for row in result["states"]:
        first = "never" if row["first_tick"] is None else str(row["first_tick"])
        table.add_row(row["state"], first, *(
            f"{row[key]:,}" for key in ("ticks_between", "nodes", "transitions", "events")
        ))  # fmt: skip
    yield table
    broken = {row["rule"] for row in result["violations"]}
    rules = Table("never", "", title="What must never be", title_justify="left")
    for name, words in result["rules"]:
        rules.add_row(words, "[red]FOUND[/red]" if name in broken else "no way there")
    yield rules
    yield (
        f"{result['nodes']:,} nodes, {result['transitions']:,} transitions, "
        f"{result['runs']:,} parts of ticks run, {result['depth_ticks']} ticks deep, "
        f"{result['cpu_s']:.0f} s of one core."
    )
    yield f"Rows never taken: {', '.join(result['rows_never_taken']) or 'none'}."


def render_paths(result: "dict[str, Any]") -> "Iterator[str]":
    """The shortest path to each violation."""
    for row in result["violations"]:
        yield from row["path"]
        yield ""
