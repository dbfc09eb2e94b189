"""List of faults for who writes a scenario: `docs/bench/fault-list.md`.

Made from `sim.faults.catalogue`.

Run as `python -m tools.dev.fault_list`, which prints the document. A test holds the document to the
catalogue. Reads the catalogue alone.
"""

from collections.abc import Iterator

from hal.boards import RPI_PICO
from sim.common.boards import wavelengths_nm
from sim.faults.catalogue import GROUPS, ROWS, Fault
from sim.faults.deadlines import Bound
from tools.report.faults_rows import bound as bound_words

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


def document() -> str:
    """The whole of `docs/bench/fault-list.md`."""
    example = next(row for row in ROWS if row.pad and row.default)
    lines = [HEAD.format(name=example.name, value=example.high / 4)]
    for title, rows in GROUPS:
        lines += [f"## {title}", "", render_row(COLUMNS), render_row(("---",) * len(COLUMNS))]
        for row in rows:
            bounds = "; ".join(bound_in_words(row, bound) for bound in row.bounds)
            keys = ", ".join(keys_of(row)) or "-"
            lines.append(render_row((f"`{row.name}`", row.words, keys, bounds)))
        lines.append("")
    return "\n".join(lines)


def render_row(cells: tuple[str, ...]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def keys_of(row: Fault) -> Iterator[str]:
    """What an event may say beside the fault's name, with the unit and range of a value."""
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
    """What must come of a fault; with the buttons, where it depends on them."""
    buttons = "/".join(trial.button or "" for trial in bound.tried)
    return (f"{buttons}: " if len(row.bounds) > 1 else "") + bound_words(bound)


if __name__ == "__main__":
    print(document(), end="")
