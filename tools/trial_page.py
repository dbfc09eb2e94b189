"""A report as blocks, for a terminal or as one HTML file that needs nothing else."""

import html
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

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


def text_of(page: Page) -> str:
    """As standard output takes it: coloured on a terminal only."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_COLUMNS)
    parts: list[RenderableType] = [Text(page.title, style="bold")]
    if page.synthetic:
        parts.insert(0, Text(SYNTHETIC, style="bold red"))
    parts += [drawn(block) for block in page.blocks]
    with console.capture() as capture:
        console.print(Padding(Group(*parts), (0, 1)))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def drawn(block: Block) -> RenderableType:
    """One block."""
    match block:
        case Heading(text):
            return Text(f"\n{text}", style="bold")
        case Words(text, strong):
            return Text(text, style="bold red" if strong else "")
        case Bullets(lines, none):
            return Text("\n".join(f"- {line}" for line in lines) or none)
        case Table(columns, rows, caption):
            return Group(*([Text(caption, style="dim")] if caption else []), grid(columns, rows))
        case Flow(steps):
            lines = []
            for box, left in steps:
                lines += [box, *(f"    {line}" for line in left)]
            return Text("\n".join(lines))
        case Figure(_, caption):
            return Text(f"[figure, in the HTML: {caption}]", style="dim")


def grid(columns: list[str], rows: list[list[Cell]]) -> Grid:
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

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse; margin: .6em 0 1.2em } caption { text-align: left;
  color: #666; padding-bottom: .3em }
td, th { padding: .15em 0 .15em 1.2em; text-align: right; font-variant-numeric: tabular-nums;
  font-weight: normal; vertical-align: top }
td { white-space: nowrap }
th { color: #666; border-bottom: 1px solid #bbb } td:first-child, th:first-child {
  text-align: left; padding-left: 0 }
td[title] { cursor: help } .strong { color: #b00020; font-weight: bold }
figure { margin: 1em 0 } figure svg { max-width: 100%; height: auto } figcaption { color: #666 }
.flow { display: grid; grid-template-columns: 24em 1fr; gap: 0 1.5em; align-items: center }
.box { border: 1px solid #555; padding: .4em .8em } .left { border-left: 1px solid #bbb;
  padding-left: .8em; color: #555; font-size: .93em; margin: .3em 0 }
.down { padding-left: 11.5em; line-height: 1.1; color: #555 }
.sheet { width: 100%; margin: 0 } .sheet > tbody > tr > td { padding: 0; text-align: left;
  white-space: normal } .sheet > thead > tr > td { position: sticky; top: 0; text-align: left;
  background: #b00020; color: #fff; font-weight: bold; padding: .3em .8em; letter-spacing: .04em }
@media print { body { margin: 0 } h2 { break-after: avoid } figure, table, tr {
  break-inside: avoid } .sheet, .sheet > tbody > tr { break-inside: auto }
  .sheet > thead > tr > td { background: #fff; color: #b00020; border-bottom: 1px solid #b00020 } }
"""


def html_of(page: Page) -> str:
    """One HTML file: no script, nothing from elsewhere. What is synthetic says so on every page
    that is printed: a table's head is printed again on each."""
    inside = f"<h1>{esc(page.title)}</h1>\n" + "".join(map(element, page.blocks))
    if page.synthetic:
        head = f"<thead><tr><td>{esc(SYNTHETIC)}</td></tr></thead>\n"
        inside = f'<table class="sheet">{head}<tbody><tr><td>\n{inside}</td></tr></tbody></table>\n'
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>{esc(page.title)}{' (SYNTHETIC)' if page.synthetic else ''}</title>\n"
        f"<style>{STYLE}</style></head><body>\n{inside}</body></html>\n"
    )


def element(block: Block) -> str:
    """One block."""
    match block:
        case Heading(text):
            return f"<h2>{esc(text)}</h2>\n"
        case Words(text, strong):
            return f"<p{' class=strong' if strong else ''}>{esc(text)}</p>\n"
        case Bullets(lines, none):
            inside = "".join(f"<li>{esc(line)}</li>\n" for line in lines)
            return f"<ul>\n{inside}</ul>\n" if lines else f"<p>{esc(none)}</p>\n"
        case Table(columns, rows, caption):
            head = "".join(f"<th>{esc(name)}</th>" for name in columns)
            said = f"<caption>{esc(caption)}</caption>" if caption else ""
            body = "".join(f"<tr>{''.join(map(td, row))}</tr>\n" for row in rows)
            return f"<table>{said}\n<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"
        case Flow(steps):
            return flow(steps)
        case Figure(svg, caption):
            return f"<figure>{svg}<figcaption>{esc(caption)}</figcaption></figure>\n"


def td(cell: Cell) -> str:
    """A cell; its title names the source."""
    if isinstance(cell, Number) and cell.key:
        return f'<td title="sources.csv: {cell.key}">{esc(cell.text)}</td>'
    return f"<td>{esc(plain(cell))}</td>"


def flow(steps: list[tuple[str, list[str]]]) -> str:
    """Boxes with arrows between them."""
    parts = []
    for at, (box, left) in enumerate(steps):
        if at:
            parts.append('<div class="down">&#8595;</div><div></div>')
        aside = "".join(f'<div class="left">{esc(line)}</div>' for line in left)
        parts.append(f'<div class="box">{esc(box)}</div><div>{aside}</div>')
    return f'<div class="flow">{"".join(parts)}</div>\n'


def esc(text: str) -> str:
    """Text as HTML has it."""
    return html.escape(text)
