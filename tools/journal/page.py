"""Page of one session: rendered for a terminal, or as one self-contained HTML file.

Called by `waistband journal show`; writes no file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware.core.faults import FAULTS
from sim.common.errors import one_line
from tools.common import words
from tools.journal.chain import Trail
from tools.journal.sessions import Session, format_clock, verdict_in_words
from tools.report.html_page import render_page
from tools.report.light_account import PadAccount
from tools.report.summary import given

UNITS = dict(FAULTS)
SEALED = "sealed until the trial is unsealed: dose, heat and what was wrong"
NOT_ENDED = "no end was written: power was lost or it goes on; it counts as wholly given"


@dataclass(frozen=True)
class Page:
    """The content of both forms of a page."""

    session: Session
    title: str
    facts: list[tuple[str, str]]
    pads: list[PadAccount]
    faults: list[str]
    sealed: str
    wrong: bool


def build_page(session: Session, trail: Trail) -> Page:
    """The page of one session of a journal."""
    asked, result = session.row, session.result
    number = f", number {asked['number']}" if asked["number"] else ", not signed"
    facts = [
        ("unit", session.serial or "its boot is not kept any more"),
        ("begun", format_clock(asked["at"])),
        ("prescription", asked["prescription"] + number),
        ("asked", words.render_course(SimpleNamespace(**{**asked, "steps": session.steps}))),
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
            ("mind", words.NOT_KNOWN),
            ("highest contact", format_pads(result["highest_mc"], 1000, "C")),
            ("CEM43", format_pads(result["cem43_q10_ms"], 60_000 << 10, "min")),
            ("set point at the end", f"{result['set_point_mc'] / 1000:g} C"),
            ("battery left", f"{result['battery_pct']} %"),
        ]  # fmt: skip
        facts.append(("receipt", session.receipt))
    last = f" to {session.end.n}" if session.end else ""
    facts.append(("records", f"{session.n}{last}, in {session.begun.places[0]}"))
    return Page(
        session, f"Session {session.n}", [(name, one_line(value)) for name, value in facts],
        session.pads, [one_line(fault_in_words(row.row)) for row in session.faults],
        verdict_in_words(trail, session.begun.sealed), bool(trail.wrong),
    )  # fmt: skip


def format_pads(values: list[int], whole: int, unit: str) -> str:
    """The value of each pad in a larger unit: `whole` small units make one."""
    return f"A {values[0] / whole:.2f}, B {values[1] / whole:.2f} {unit}"


def fault_in_words(row: dict[str, object]) -> str:
    """A fault's record in words; times count from power-on."""
    if "sealed" in row:
        return "sealed until the trial is unsealed"
    name = str(row["fault"])
    unit = UNITS.get(name, "")
    value, limit, ms = (float(str(row[key])) for key in ("value", "limit", "ms"))
    if unit == "mc":
        unit, value, limit = "C", value / 1000, limit / 1000
    return words.render_fault({
        "name": name, "pad": row["pad"], "t_s": ms / 1000, "value": value, "limit": limit,
        "unit": unit,
    })  # fmt: skip


def render_page_rich(page: Page) -> RenderableType:
    """The page for a terminal."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for name, value in page.facts:
        facts.add_row(name, Text(value))
    parts: list[RenderableType] = [Text(page.title, style="bold"), facts]
    if page.pads:
        parts += ["", given(page.pads)]
    parts += [Text("Fault: ", style="red").append(text, style="default") for text in page.faults]
    parts += ["", Text(page.sealed, style="bold red" if page.wrong else "bold")]
    return Padding(Group(*parts), (0, 1))


def render_text(page: Page) -> str:
    """The page as text, coloured on a terminal only."""
    console = Console(highlight=False)
    with console.capture() as capture:
        console.print(render_page_rich(page))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def render_html(page: Page) -> str:
    """The page as one HTML file: no script, no external resource."""
    shares = [min(max(pad.given / pad.asked, 0), 1) if pad.asked else 0 for pad in page.pads]
    light = list(light_rows(page.pads))
    return render_page("session.html", page=page, shares=shares, light=light)


def light_rows(pads: list[PadAccount]) -> Iterator[tuple[str, list[str]]]:
    """(what, J/cm2 of each pad): given by bank, and what withheld the rest."""
    if not pads:
        return
    for at, (nm, *_) in enumerate(pads[0].banks):
        yield f"{nm} nm", [f"{pad.banks[at][2]:.2f}" for pad in pads]
    for why in dict.fromkeys(why for pad in pads for why, _ in pad.parts):
        parts = [dict(pad.parts).get(why) for pad in pads]
        name = f"withheld: {why}" if any((part or 0) > 0 for part in parts) else why
        yield name, ["" if part is None else f"{part:.2f}" for part in parts]
