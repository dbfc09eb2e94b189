"""Tables of reports: a terminal's table from rows, a table in Markdown, a terminal's text.

Called by the reports here and by the maintainers' tools; prints nothing itself.
"""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table


class Fitted:
    """One of two renderables: `wide` where there are `columns` for it, else `narrow`."""

    def __init__(self, wide: RenderableType, narrow: RenderableType, columns: int) -> None:
        self.wide, self.narrow, self.columns = wide, narrow, columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.wide if options.max_width >= self.columns else self.narrow


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
