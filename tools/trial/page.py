"""A report as blocks, for a terminal or as one HTML file that needs nothing else."""

from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from tools.report.html_page import render_page

FILE_COLUMNS = 120  # of what is written to no terminal
SYNTHETIC = "SYNTHETIC: the data were scripted; no person is behind any number"


@dataclass(frozen=True)
class Number:
    """A number of a report, and the key by which sources.csv traces it."""

    text: str
    key: str = ""


Cell = str | Number


@dataclass(frozen=True)
class Heading:
    """Of a part."""

    text: str


@dataclass(frozen=True)
class Words:
    """A paragraph; `strong` where it must not be passed over."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list; what to say where it is empty."""

    lines: list[str]
    none: str


@dataclass(frozen=True)
class Table:
    """Rows under their columns; the first column is a name, the others numbers or short."""

    columns: list[str]
    rows: list[list[Cell]]
    caption: str = ""


@dataclass(frozen=True)
class Flow:
    """A flow diagram: boxes, and who left before the next one."""

    steps: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Figure:
    """A drawing, as SVG; in a terminal its caption alone."""

    svg: str
    caption: str


Block = Heading | Words | Bullets | Table | Flow | Figure


@dataclass(frozen=True)
class Page:
    """A whole report."""

    title: str
    synthetic: bool
    blocks: list[Block]


# -- for a terminal --------------------------------------------------------------------------


def render_text(page: Page) -> str:
    """As standard output takes it: coloured on a terminal only."""
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
    """One block."""
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
            lines = []
            for box, left in steps:
                lines += [box, *(f"    {line}" for line in left)]
            return Text("\n".join(lines))
        case Figure(_, caption):
            return Text(f"[figure, in the HTML: {caption}]", style="dim")


def render_table(columns: list[str], rows: list[list[Cell]]) -> Grid:
    """A table."""
    table = Grid(box=None, pad_edge=False, header_style="dim")
    for at, name in enumerate(columns):
        table.add_column(name, justify="right" if at else "left")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    return table


def plain(cell: Cell) -> str:
    """A cell's text."""
    return cell.text if isinstance(cell, Number) else cell


# -- as HTML -----------------------------------------------------------------------------------


def render_html(page: Page) -> str:
    """One HTML file: no script, nothing from elsewhere."""
    blocks = [(type(block).__name__, block) for block in page.blocks]
    return render_page("trial.html", page=page, blocks=blocks, synthetic=SYNTHETIC)
