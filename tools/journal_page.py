"""One session on one page, for a terminal or as one HTML file that needs nothing else."""

import html
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware.faults import FAULTS
from sim.errors import one_line
from tools import words
from tools.account import PadAccount
from tools.journal_chain import Trail
from tools.journal_sessions import Session, verdict, when
from tools.summary import given

UNITS = dict(FAULTS)
SEALED = "sealed until the trial is unsealed: dose, heat and what was wrong"
NOT_ENDED = "no end was written: power was lost or it goes on; it counts as wholly given"


@dataclass(frozen=True)
class Page:
    """What both forms of it tell."""

    session: Session
    title: str
    facts: list[tuple[str, str]]
    pads: list[PadAccount]
    faults: list[str]
    sealed: str
    wrong: bool


def of(session: Session, trail: Trail) -> Page:
    """The page of one session of a journal."""
    told, result = session.row, session.result
    number = f", number {told['number']}" if told["number"] else ", not signed"
    facts = [
        ("unit", session.serial or "its boot is not kept any more"),
        ("begun", when(told["at"])),
        ("prescription", told["prescription"] + number),
        ("asked", words.asked(told)),
    ]
    if result is None:
        facts.append(("ended", NOT_ENDED))
    else:
        minutes = [f"{result[key] / 60_000:.1f} min" for key in ("session_ms", "treat_ms")]
        facts += [
            ("ended", words.REASONS.get(result["reason"], result["reason"])),
            ("took", f"{minutes[0]}, {'therapy' if session.blind else 'lit'} for {minutes[1]}"),
        ]
        facts += [("given", SEALED)] if session.blind else [
            ("highest contact", by_pad(result["highest_mc"], 1000, "C")),
            ("CEM43", by_pad(result["cem43_q10_ms"], 60_000 << 10, "min")),
            ("set point at the end", f"{result['set_point_mc'] / 1000:g} C"),
            ("battery left", f"{result['battery_pct']} %"),
        ]
        facts.append(("receipt", session.receipt))
    last = f" to {session.end.n}" if session.end else ""
    facts.append(("records", f"{session.n}{last}, in {session.begun.places[0]}"))
    return Page(
        session, f"Session {session.n}", [(name, one_line(value)) for name, value in facts],
        session.pads, [one_line(fault(row.row)) for row in session.faults],
        verdict(trail, session.begun.sealed), bool(trail.wrong),
    )  # fmt: skip


def by_pad(values: list[int], whole: int, unit: str) -> str:
    """A value of each pad."""
    return f"A {values[0] / whole:.2f}, B {values[1] / whole:.2f} {unit}"


def fault(row: dict[str, object]) -> str:
    """A fault's record in words; its time is since the unit was switched on."""
    if "sealed" in row:
        return "sealed until the trial is unsealed"
    name = str(row["fault"])
    unit = UNITS.get(name, "")
    value, limit, ms = (float(str(row[key])) for key in ("value", "limit", "ms"))
    if unit == "mc":
        unit, value, limit = "C", value / 1000, limit / 1000
    return words.fault({
        "name": name, "pad": row["pad"], "t_s": ms / 1000, "value": value, "limit": limit,
        "unit": unit,
    })  # fmt: skip


def rendered(page: Page) -> RenderableType:
    """For a terminal."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for name, value in page.facts:
        facts.add_row(name, Text(value))
    parts: list[RenderableType] = [Text(page.title, style="bold"), facts]
    if page.pads:
        parts += ["", given(page.pads)]
    parts += [Text("Fault: ", style="red").append(said, style="default") for said in page.faults]
    parts += ["", Text(page.sealed, style="bold red" if page.wrong else "bold")]
    return Padding(Group(*parts), (0, 1))


def text_of(page: Page) -> str:
    """As standard output takes it: coloured on a terminal only."""
    console = Console(highlight=False)
    with console.capture() as capture:
        console.print(rendered(page))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff }
h1 { font-size: 1.4em } table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: .15em .8em .15em 0; text-align: left; vertical-align: top; font-weight: normal }
th { color: #666 } td.n { text-align: right; font-variant-numeric: tabular-nums }
tr.all td { font-weight: bold } .bar { height: .9em; width: 16em; background: #f3d9c0 }
.bar div { height: 100%; background: #c0571a } .wrong { color: #b00020; font-weight: bold }
@media print { body { margin: 0 } }
"""


def html_of(page: Page) -> str:
    """One HTML file: no script, nothing from elsewhere."""
    facts = "".join(f"<tr><th>{esc(name)}</th><td>{esc(value)}</td></tr>\n"
                    for name, value in page.facts)  # fmt: skip
    faults = "".join(f"<li>{esc(said)}</li>\n" for said in page.faults)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>{esc(page.title)}</title>\n<style>{STYLE}</style></head><body>\n"
        f"<h1>{esc(page.title)}</h1>\n"
        f'<p class="{"wrong" if page.wrong else "sealed"}">{esc(page.sealed)}</p>\n'
        f"<table>\n{facts}</table>\n{light(page.pads)}"
        + (f"<h2>Faults</h2>\n<ul>\n{faults}</ul>\n" if faults else "")
        + "</body></html>\n"
    )


def light(pads: list[PadAccount]) -> str:
    """Asked, given by bank, and what withheld the rest, J/cm2."""
    if not pads:
        return ""
    rows = [row("J/cm2", [f"pad {pad.name}" for pad in pads])]
    rows.append(row("asked", [f"{pad.asked:.2f}" for pad in pads], "all"))
    rows.append(row("given", [f"{pad.given:.2f}" for pad in pads], "all"))
    rows.append(row("", [bar(pad) for pad in pads], raw=True))
    for at, (nm, *_) in enumerate(pads[0].banks):
        rows.append(row(f"{nm} nm", [f"{pad.banks[at][2]:.2f}" for pad in pads]))
    for why in dict.fromkeys(why for pad in pads for why, _ in pad.parts):
        parts = [dict(pad.parts).get(why) for pad in pads]
        said = f"withheld: {why}" if any((part or 0) > 0 for part in parts) else why
        rows.append(row(said, ["" if part is None else f"{part:.2f}" for part in parts]))
    return "<table>\n" + "".join(rows) + "</table>\n"


def row(name: str, cells: list[str], kind: str = "", raw: bool = False) -> str:
    """A row of the table of light."""
    inside = "".join(f'<td class="n">{cell if raw else esc(cell)}</td>' for cell in cells)
    return f'<tr class="{kind}"><th>{esc(name)}</th>{inside}</tr>\n'


def bar(pad: PadAccount) -> str:
    """How much of what was asked was given."""
    share = min(max(pad.given / pad.asked, 0), 1) if pad.asked else 0
    return f'<div class="bar"><div style="width: {100 * share:.1f}%"></div></div>'


def esc(text: str) -> str:
    """Text as HTML has it."""
    return html.escape(text)
