"""A unit's telemetry as a live view, as lines of text, or as JSON.

Called by `waistband monitor`, which reads the lines. Prints; touches nothing else.
"""

import json
import sys
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware.core import states
from firmware.core.faults import FAULTS
from firmware.therapy.pad import ONE
from sim.common.errors import one_line
from tools.common import words
from tools.common.files import emit
from tools.report import live_view
from tools.unit import about

PAIRS = ("contact_mc", "board_mc", "throttle", "fluence_uj_cm2", "cem43_q10_ms")
NUMBERS = ("ms", "refused", "lock", "faults", "set_point_mc", "treat_ms", "battery_mv",
           "battery_pct", "sessions_left", "clock_set", "late_us")  # fmt: skip


def parse_record(line: bytes) -> dict[str, Any] | None:
    """The fields of a telemetry line; None for any other line, or a line that is incomplete."""
    table = about.parse_object(line)
    if table.get("state") not in states.STATES or not isinstance(table.get("reason"), str):
        return None
    for key in NUMBERS:
        if type(table.get(key)) is not int:
            return None
    for key in PAIRS:
        pair = table.get(key)
        if not isinstance(pair, list) or [type(value) for value in pair] != [int, int]:
            return None
    return table


def fault_names(bits: int) -> list[str]:
    """The latched faults, each with its phrase."""
    return [words.name_fault(row[0]) for number, row in enumerate(FAULTS) if bits >> number & 1]


def percents(record: dict[str, Any]) -> list[float]:
    """Each pad's light in % of the prescribed power; 0 while dark."""
    lit = states.STATES.index(record["state"]) in states.LIT
    return [100 * share / ONE if lit else 0.0 for share in record["throttle"]]


def print_line(line: bytes, *, as_json: bool) -> None:
    """Print a line of the unit. With `as_json`: the unit's own object, and any other line on
    standard error."""
    if as_json and (table := about.parse_object(line)):
        emit(json.dumps(table))
    elif record := parse_record(line):
        emit(render_record(record))
    elif line and as_json:
        print(one_line(line.decode("utf-8", "replace")), file=sys.stderr)
    elif line:
        emit(one_line(line.decode("utf-8", "replace")))


def render_record(record: dict[str, Any]) -> str:
    """A record as a line of text."""
    parts = [f"{record['ms'] / 1000:9.2f} s  {record['state']:9}"]
    for pad, contact_mc, light, uj_cm2 in zip(
        "AB", record["contact_mc"], percents(record), record["fluence_uj_cm2"], strict=True
    ):
        parts.append(f"{pad} {contact_mc / 1000:.2f} C {light:3.0f} % {uj_cm2 / 1e6:.2f} J/cm2")
    parts.append(f"{record['battery_pct']} %")
    faults = ", ".join(fault_names(record["faults"]))
    locked = words.explain_lock(record["lock"])
    parts += filter(None, (faults, locked, words.explain_refusal(record["refused"])))
    return "  ".join(parts)


class Screen:
    """The live view: one screen of at most 80 by 24. Enter `live` to show it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.record: dict[str, Any] | None = None
        self.note = "listening"
        self.live = Live(self.screen(), console=console, auto_refresh=False, transient=True)

    def take(self, line: bytes) -> None:
        """Show a line of the unit."""
        record = parse_record(line)
        if record:
            self.record, self.note = record, ""
        elif line:
            self.note = one_line(line.decode("utf-8", "replace"))
        self.live.update(self.screen(), refresh=True)

    def screen(self) -> RenderableType:
        """The whole view."""
        parts: list[RenderableType] = []
        if record := self.record:
            light = f"{record['treat_ms'] / 60_000:.1f} min of light"
            head = live_view.head(record["state"], light)
            narrow = live_view.is_narrow(self.console)
            parts = [head, "", render_pads(record, narrow), "", render_unit(record, narrow)]
        parts.append(Text(self.note, style="yellow", no_wrap=True, overflow="ellipsis"))
        width = min(self.console.width - live_view.MARGIN, live_view.WIDTH_MAX)
        return Constrain(Padding(Group(*parts), (0, 1)), width)


def render_pads(record: dict[str, Any], narrow: bool) -> Table:
    """Both pads, side by side."""
    table = live_view.pads_table(narrow)
    set_point_mc = None if record["lock"] or narrow else record["set_point_mc"]
    table.add_row("contact", *(live_view.contact(mc, set_point_mc) for mc in record["contact_mc"]))
    table.add_row("LED board", *(live_view.board(mc) for mc in record["board_mc"]))
    warmth = (live_view.thermal_dose(q10_ms, narrow) for q10_ms in record["cem43_q10_ms"])
    table.add_row("CEM43", *warmth)
    lights = [
        live_view.with_bar(part, 100, f"{part:3.0f} %", "yellow", narrow)
        for part in percents(record)
    ]
    table.add_row("light", *lights)
    table.add_row("dose", *(Text(f"{uj / 1e6:6.2f} J/cm2") for uj in record["fluence_uj_cm2"]))
    return table


def render_unit(record: dict[str, Any], narrow: bool) -> Group:
    """Battery, faults, lock, refusal, end of the session, clock."""
    battery = live_view.label("battery").append(f"{record['battery_pct']} %")
    if not record["lock"]:
        battery.append(f"   {record['sessions_left']} sessions left")
    battery.append(f"   {record['battery_mv'] / 1000:.2f} V a cell", style="dim")
    named = ", ".join(fault_names(record["faults"]))
    faults = live_view.label("faults").append(named or "none", style="red" if named else "default")
    parts = [battery, faults]
    rows = (("locked", words.explain_lock(record["lock"]), "red"),
            ("refused", words.explain_refusal(record["refused"]), "yellow"),
            ("ended", words.REASONS.get(record["reason"], record["reason"]), "default"),
            ("clock", "" if record["clock_set"] else "not set", "yellow"))  # fmt: skip
    parts += [live_view.label(name).append(text, style=style) for name, text, style in rows if text]
    return Group(*live_view.lines(parts, narrow))
