"""Report page as blocks, rendered for a terminal or as one self-contained HTML file.

Built by `report` and `results`; writes no file.
"""

from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from tools.report.html_page import render_page

FILE_COLUMNS = 120  # of what is written to no terminal
SYNTHETIC = "SYNTHETIC: the data were scripted; no person is behind any number"


class Number(NamedTuple):
    """A number of a report, and its key in sources.csv."""

    text: str
    key: str = ""


Cell = str | Number


class Heading(NamedTuple):
    """The heading of a part."""

    text: str


class Words(NamedTuple):
    """A paragraph; `strong` for an alarm."""

    text: str
    strong: bool = False


class Bullets(NamedTuple):
    """A list, and the text where it is empty."""

    lines: list[str]
    none: str


class Table(NamedTuple):
    """Rows under their columns; the first column is a name, the others are short."""

    columns: list[str]
    rows: list[list[Cell]]
    caption: str = ""


class Flow(NamedTuple):
    """A flow diagram: boxes, and who left before the next box."""

    steps: list[tuple[str, list[str]]]


class Figure(NamedTuple):
    """An SVG drawing; in a terminal its caption alone."""

    svg: str
    caption: str


Block = Heading | Words | Bullets | Table | Flow | Figure


class Page(NamedTuple):
    """A whole report."""

    title: str
    synthetic: bool
    blocks: list[Block]


# -- for a terminal --------------------------------------------------------------------------


def render_text(page: Page) -> str:
    """The page as text, coloured on a terminal only."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_COLUMNS)
    parts: list[RenderableType] = [Text(page.title, style="bold")]
    if page.synthetic:
        parts.insert(0, Text(SYNTHETIC, style="bold red"))
    parts += [render_block(block) for block in page.blocks]
    with console.capture() as capture:
        console.print(Padding(Group(*parts), (0, 1)))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def render_block(block: Block) -> RenderableType:
    """A block for a terminal."""
    match block:
        case Heading(text):
            return Text(f"\n{text}", style="bold")
        case Words(text, strong):
            return Text(text, style="bold red" if strong else "")
        case Bullets(lines, none):
            return Text("\n".join(f"- {line}" for line in lines) or none)
        case Table(columns, rows, caption):
            return Group(
                *([Text(caption, style="dim")] if caption else []), render_table(columns, rows)
            )
        case Flow(steps):
            return Text("\n".join("\n    ".join([box, *left]) for box, left in steps))
        case Figure(_, caption):
            return Text(f"[figure, in the HTML: {caption}]", style="dim")


def render_table(columns: list[str], rows: list[list[Cell]]) -> Grid:
    """A table for a terminal."""
    table = Grid(box=None, pad_edge=False, header_style="dim")
    for at, name in enumerate(columns):
        table.add_column(name, justify="right" if at else "left")
    for row in rows:
        table.add_row(*(Text(cell.text if isinstance(cell, Number) else cell) for cell in row))
    return table


# -- as HTML -----------------------------------------------------------------------------------


def render_html(page: Page) -> str:
    """The page as one HTML file: no script, no external resource."""
    blocks = [(type(block).__name__, block) for block in page.blocks]
    return render_page("trial.html", page=page, blocks=blocks, synthetic=SYNTHETIC)
