"""What the last fault table and the last campaign measured of each fault, for the hazards' page.

Called by `tools.dev.hazards`. Reads faults.md and campaign.md of docs/maintainer, which other
commands made; writes nothing.
"""

import re
from typing import NamedTuple

from tools.dev.headlines import FAULT_TABLE, PAGES, list_rows
from tools.report.tables import markdown_table

COLUMNS = (
    "fault", "must be dark within", "measured at most", "contact at most, C", "fault table",
    "struck in the campaign", "slowest there",
)  # fmt: skip


class Measured(NamedTuple):
    """A fault in the fault table, all its variants together, and in the campaign."""

    bounds: tuple[str, ...]
    slowest: str
    hottest: str
    verdict: str
    struck: str
    slowest_there: str


def first_number(cell: str) -> float:
    """Return the number that a cell begins with; a cell without one comes below all others."""
    found = re.match(r"[\d.]+", cell)
    return float(found[0]) if found else -1.0


def read_campaign(text: str) -> dict[str, tuple[str, str]]:
    """Return, of each fault, how often it struck and its slowest cut-off."""
    begun = text.index("Struck as well")
    beside = text[begun : text.index("\n", begun)]
    found = {name: (often, "-") for name, often in re.findall(r"(\w+) \(([\d,]+)\)", beside)}
    for name, often, ms, *_ in list_rows(text, "| fault | struck |"):
        found[name] = (often, f"{ms} ms")
    return found


def read_measured(faults: str, campaign: str) -> dict[str, Measured]:
    """Return what the two pages say of each fault. Raises ValueError where a page has no table."""
    variants: dict[str, list[list[str]]] = {}
    for row in list_rows(faults, FAULT_TABLE):
        variants.setdefault(re.split(r"[` ]", row[0])[1], []).append(row)
    there = read_campaign(campaign)
    found = {}
    for name, rows in variants.items():
        bad = [row[6] for row in rows if row[6] != "ok"]
        found[name] = Measured(
            tuple(dict.fromkeys(row[1] for row in rows)),
            max((row[2] for row in rows), key=first_number),
            max((row[4] for row in rows), key=first_number),
            bad[0] if bad else "ok",
            *there.get(name, ("-", "-")),
        )
    return found


def read_pages() -> dict[str, Measured]:
    """Return what the committed pages say of each fault."""
    faults, campaign = (
        (PAGES / name).read_text(encoding="utf-8") for name in ("faults.md", "campaign.md")
    )
    return read_measured(faults, campaign)


def measured_table(names: list[str], measured: dict[str, Measured]) -> str:
    """Return a table of these faults."""
    return markdown_table(COLUMNS, (
        (f"`{name}`", "; ".join(row.bounds), row.slowest, row.hottest, row.verdict, row.struck,
         row.slowest_there)
        for name in names for row in [measured[name]]
    ))  # fmt: skip
