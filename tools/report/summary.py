"""Summary after a run: dose asked for and given, why less, temperatures, faults.

Called by `waistband sim`, by a replayed campaign case, and for the report's page. Of the firmware's
objects it reads attributes alone: at pin depth they are read out of the chip's memory.
"""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware.core.limits import CEM43_SESSION_Q10_MS, CONTACT_WARN_MC
from sim.faults.deadlines import SINGLE_C
from sim.oracle.expectations import render_unmet
from sim.run import Run
from tools.common import words
from tools.report.heap_battery import count_sessions_left
from tools.report.light_account import PadAccount, account
from tools.report.tables import Fitted, render_text

CEM43_LIMIT_MIN = CEM43_SESSION_Q10_MS / 1024 / 60_000
WARN_C = CONTACT_WARN_MC / 1000
SKIN_C = SINGLE_C
SHOWN = 12  # sessions that have a row of their own
WIDE = 26 + 2 * (9 + 10 + 2)  # columns of the table with percentages


def summary(run: Run, written: list[tuple[str, str]], how: str = "") -> RenderableType:
    """The whole summary; `written` holds (what, path) of each file, `how` what ran."""
    result = run.result()
    parts: list[RenderableType] = [headline(run, result)]
    if not run.unit.session.locked and run.unit.session.number:
        course = run.unit.session.course
        parts += [f"Asked ({course.name}): {words.render_course(course)}", ""]
        pads = account(run)
        parts += [Fitted(given(pads), given(pads, narrow=True), WIDE)]
        parts += [f"Note: {words.NOT_KNOWN}."]
    rows = result["sessions"]
    assert isinstance(rows, list)
    if len(rows) > 1:
        parts += ["", list_sessions(rows), ""]
    parts += list(list_notes(run, result, how))
    parts += [f"Wrote the {what} to {path}" for what, path in written]
    return Padding(Group(*parts), (0, 1))


def render(run: Run, written: list[tuple[str, str]], how: str = "") -> str:
    """The summary as text."""
    return render_text(summary(run, written, how))


def headline(run: Run, result: dict[str, object]) -> Text:
    """The last state, how the session ended, and how long it took."""
    state = str(result["state"])
    line = Text(f"{run.scenario.name}: ", style="bold")
    line.append(state, style=f"bold {words.COLOURS[state]}").append(f", {words.STATES[state]}.")
    if not run.unit.session.number:
        resets = result["resets"]
        assert isinstance(resets, list)
        since = f" since the reset at {resets[-1]['t_s']:.2f} s" if resets else ""
        return line.append(f"\nNo session{since}: {words.why_no_session(run.unit.session)}.")
    sessions = result["sessions"]
    assert isinstance(sessions, list)
    last = sessions[-1]
    minutes, lit = minutes_of(last["session_s"]), minutes_of(last["treat_s"])
    which = f"Session {len(sessions)}" if len(sessions) > 1 else "Session"
    ended = words.REASONS.get(str(result["reason"]), "it is not over")
    return line.append(f"\n{which}: {minutes} min, lit for {lit}; {ended}.")


def list_sessions(rows: list[dict[str, Any]]) -> Table:
    """A row for each session, and their sums."""
    table = Table.grid(padding=(0, 1))
    table.add_column()
    for _ in range(4):
        table.add_column(justify="right")
    head = ("sessions", "min", "lit", "A", "B", "J/cm2, ended, receipt")
    table.add_row(*(Text(word, style="dim") for word in head))
    totals = [0.0] * 4
    hidden = len(rows) - SHOWN if len(rows) > SHOWN + 1 else 0
    if hidden:
        table.add_row("  ...", "", "", "", "", words.plural(hidden, "session") + " before")
    for number, row in enumerate(rows, 1):
        dose = [sum(row["fluence_j_cm2"][pad].values()) for pad in "AB"]
        values = [row["session_s"] / 60, row["treat_s"] / 60, *dose]
        totals = [total + value for total, value in zip(totals, values, strict=True)]
        ended = f"{row['reason'] or 'goes on'} {row['receipt']}".strip()
        if number <= hidden:
            continue
        table.add_row(f"  {number}", *figures(values), ended)
    table.add_row("all", *figures(totals), "", style="bold")
    return table


def figures(values: list[float]) -> list[str]:
    """Minutes and minutes lit with one decimal, fluences with two."""
    return [f"{value:.{1 if k < 2 else 2}f}" for k, value in enumerate(values)]


def minutes_of(seconds: object) -> str:
    """Seconds as minutes with one decimal."""
    return f"{float(str(seconds)) / 60:.1f}"


def given(pads: list[PadAccount], narrow: bool = False) -> Table:
    """Fluence asked for, given and missing, by pad and bank; percentages unless `narrow`."""
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=0 if narrow else 26)
    for _ in pads:
        table.add_column(justify="right", min_width=6 if narrow else 9)
        if not narrow:
            table.add_column(justify="right", min_width=10, style="dim")

    def add(label: str | Text, row: list[str | Text], style: str = "none") -> None:
        table.add_row(label, *(row[::2] if narrow else row), style=style)

    head: list[str | Text] = []
    for pad in pads:
        head += [Text(f"pad {pad.name}", style="bold"), ""]
    add(Text("J/cm2", style="dim"), head)
    add("asked", cells((pad.asked, None) for pad in pads))
    add("given", cells((pad.given, pad.asked) for pad in pads), "bold")
    for nm, *_ in pads[0].banks:
        row = [next(bank for bank in pad.banks if bank[0] == nm) for pad in pads]
        add(f"  {nm} nm", cells((got, wanted) for _, wanted, got in row))
    causes = list(dict.fromkeys(why for pad in pads for why, _ in pad.parts))
    if causes:
        add("less", cells((pad.asked - pad.given, pad.asked) for pad in pads))
    for why in causes:
        parts = [(dict(pad.parts).get(why), pad.asked) for pad in pads]
        add(f"  {why}", cells(iter(parts)))
    return table


def cells(pairs: Iterator[tuple[float | None, float | None]]) -> list[str | Text]:
    """Fluence and its percentage of each pad; "" where there is none."""
    row: list[str | Text] = []
    for value, whole in pairs:
        if value is None:
            row += ["", ""]
            continue
        row.append(f"{value:z.2f}")
        row.append(f"{100 * value / whole:z.1f} %" if whole else "")
    return row


def list_notes(run: Run, result: dict[str, object], how: str) -> Iterator[RenderableType]:
    """Heat, power, speed, faults and cut-offs."""
    sensed, hottest = result["max_contact_c"], result["max_skin_c"]
    assert isinstance(sensed, dict) and isinstance(hottest, dict)
    line = Text("Highest true contact, hottest skin: ")
    for joint, pad in (("", "A"), ("; ", "B")):
        warm = sensed[pad] > WARN_C or hottest[pad] > SKIN_C
        line.append(f"{joint}{pad} ").append(
            f"{sensed[pad]:.2f}, {hottest[pad]:.2f} C", style="bold red" if warm else "bold"
        )
    yield line.append(".")
    mean, most = result["cem43_min"], result["cem43_hottest_min"]
    assert isinstance(mean, dict) and isinstance(most, dict)
    doses = "; ".join(f"{pad} {mean[pad]:.2f}, {most[pad]:.2f}" for pad in "AB")
    yield f"True CEM43, of the hottest skin: {doses} of {CEM43_LIMIT_MIN:g} min."
    unit = run.unit
    sessions = words.plural(count_sessions_left(unit.battery), "session")
    left = "" if unit.session.locked else f", {sessions} left"
    yield f"Energy: {result['energy_wh']:.2f} Wh; battery {result['battery_pct']:.0f} %{left}."
    factor = float(str(result["realtime_factor"]))
    times = f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"
    ticks = f"{result['ticks']:,} ticks in {result['wall_s']:.2f} s"
    yield f"Speed: {times} times real time ({ticks}{how and ', '}{how})."
    rows, cutoffs = result["faults"], result["cutoffs"]
    assert isinstance(rows, list) and isinstance(cutoffs, list)
    for row in rows:
        yield Text("Fault: ", style="red").append(words.render_fault(row), style="default")
    resets = result["resets"]
    assert isinstance(resets, list)
    for row in resets:
        yield f"Reset: {row['why']} at {row['t_s']:.2f} s; what the unit counted began anew."
    for row in cutoffs:
        where = f" on pad {row['pad']}" if row["pad"] else ""
        shown = row["shown_latency_ms"]
        told = "" if shown is None else f", {latency(shown)} after the LED current could tell it"
        yield (
            f"Cut-off: {row['fault']}{where} at {row['onset_s']:.2f} s, "
            f"dark {latency(row['latency_ms'])} later{told}."
        )
    if not rows:
        yield "No faults."
    yield from list_unstruck(run)
    yield from list_expectations(result["expect"])
    late_j = result["emitted_after_off_j"]
    if late_j:
        yield Text(f"Light after it should have been off: {late_j:.4f} J.", style="bold red")


def list_unstruck(run: Run) -> Iterator[Text]:
    """The scenario's faults that never struck, and why."""
    for event, why in run.timeline.list_unstruck():
        words = f"{event.name} of {event.at_s:g} s: {why}."
        yield Text("Never struck: ", style="red").append(words, style="default")


def list_expectations(rows: object) -> Iterator[RenderableType]:
    """How many of the scenario's expectations held, and each that did not."""
    assert isinstance(rows, list)
    unmet = [row for row in rows if not row["held"]]
    if rows:
        held = len(rows) - len(unmet)
        yield f"Expected: {held} of {words.plural(len(rows), 'expectation')} held."
    for row in unmet:
        sentence = render_unmet(row)
        yield Text("Not held: ", style="red").append(f"{sentence}.", style="default")


def latency(ms: float) -> str:
    """A time to dark."""
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"
