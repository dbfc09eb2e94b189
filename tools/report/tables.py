"""Tables of reports: a terminal's table from rows, a table in Markdown, a terminal's text.

Called by the reports here and by the maintainers' tools; prints nothing itself.
"""

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.table import Table


def fill_table(table: Table, rows: Iterable[Sequence[RenderableType]]) -> Table:
    """Add rows to a table and return it."""
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, each line with its line end."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def render_text(*parts: RenderableType) -> str:
    """Return what a terminal shows of these parts, without spaces at line ends; coloured where
    standard output is a terminal."""
    console = Console(highlight=False, soft_wrap=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
