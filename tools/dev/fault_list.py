"""List of faults for whoever writes a scenario: `docs/bench/fault-list.md`.

Run as `python -m tools.dev.fault_list`, which prints the document from `sim.faults.catalogue`. A
test compares the document with the catalogue.
"""

from collections.abc import Iterator

from hal.boards import RPI_PICO
from sim.common.boards import wavelengths_nm
from sim.faults.catalogue import GROUPS, ROWS, Fault
from sim.faults.deadlines import Bound
from tools.report import faults_rows
from tools.report.tables import markdown_table

HEAD = """\
# Faults that a scenario may call for

Made from `sim/faults/catalogue.py` by `python -m tools.dev.fault_list > docs/bench/fault-list.md`:
edit that.

    [[event]]
    at_s = 300
    fault = "{name}"
    pad = "A"
    value = {value:g}
    for_s = 60

`for_s` is how long the fault lasts: without it, to the end. A fault that takes a `pad` strikes
both where none is named. A value in brackets is taken where none is given. What must come of a
fault is counted from its onset, or from what the table says. What was
measured stands in [faults.md](../maintainer/faults.md).
"""
COLUMNS = ("fault", "what happens", "beside `fault`", "must be dark within, or")


def render_document() -> str:
    """The whole of `docs/bench/fault-list.md`."""
    example = next(row for row in ROWS if row.pad and row.default)
    parts = [HEAD.format(name=example.name, value=example.high / 4)]
    for title, rows in GROUPS:
        parts += [f"## {title}\n", markdown_table(COLUMNS, map(fault_cells, rows))]
    return "\n".join(parts)


def fault_cells(row: Fault) -> tuple[str, ...]:
    """A fault's row of the table."""
    bounds = "; ".join(bound_in_words(row, bound) for bound in row.bounds)
    return f"`{row.name}`", row.words, ", ".join(event_keys(row)) or "-", bounds


def event_keys(row: Fault) -> Iterator[str]:
    """The further keys of an event with this fault, with the unit and range of a value."""
    if row.pad:
        yield "`pad`" + (" (needed)" if row.pad == "must" else "")
    if row.unit == "nm":
        yield f"`value` (needed): {', '.join(map(str, wavelengths_nm(RPI_PICO)))} nm"
    elif row.unit:
        yield f"`value`: {row.low:g} to {row.high:g} {row.unit} ({row.default:g})"
    if row.also:
        yield f"`{row.also}`" + (" (needed)" if row.also == "button" else "")
    if row.lasts:
        yield "`for_s`"


def bound_in_words(row: Fault, bound: Bound) -> str:
    """A bound; with the buttons, where it depends on them."""
    buttons = "/".join(trial.button or "" for trial in bound.tried)
    return (f"{buttons}: " if len(row.bounds) > 1 else "") + faults_rows.bound_in_words(bound)


if __name__ == "__main__":
    print(render_document(), end="")
