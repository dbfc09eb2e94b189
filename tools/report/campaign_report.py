"""Report of a campaign: the same tables on a terminal, in Markdown and as JSON; and of one case.

Called by `waistband check campaign`; returns text, writes nothing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from firmware.core import states
from sim.campaign import cases as campaign
from sim.campaign.cases import KINDS, Tally
from sim.common.story import Event
from sim.common.value_record import replace
from sim.faults.catalogue import BOUNDS
from sim.faults.deadlines import DOUBLE_C, SINGLE_C
from sim.oracle.rules import RULES, Violation
from sim.run import Run
from sim.scenario import toml_writer
from tools.report.summary import render as summary
from tools.report.tables import fill_table, markdown_table, render_text

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
SHOWN_MOST = 20  # violations on a terminal
HEAT = {
    "no fault": SINGLE_C, "one fault": SINGLE_C, "two faults": DOUBLE_C,
    "heated from outside": None,
}  # fmt: skip
WINDOWS = (KINDS["f"], KINDS["q"])
THREE = 3.0  # rule of three: none in n means fewer than 3 in n, with 95 % confidence


PAGE = """\
# Random sessions, random faults

**{verdict}**

Made by `{command}` at commit {commit} (sources {sources}), \
the simulated unit {unit}, Python {python}. A case is a function of its name and
of the sources: `waistband check campaign --replay CASE --scenario case.toml` runs one
again and writes it for `waistband sim`.

A session has a random prescription, wearer, room, battery and presses. It is run whole
without faults, and from a random moment on again with one or two. From states along it
begin windows of 200 s, each with noise of its own: with one fault of the table or two
independent ones (one may be that the hardware alert is dead), and without any.

## What is judged

{rules}

The judge believes the plant and the HAL: current in the emitters, true temperatures,
what a fault does and when it struck. Bounds are those of `sim/faults/catalogue.py`.
"""


class Section(NamedTuple):
    """A table, and the sentences that explain it."""

    title: str
    words: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def pace(tally: Tally) -> str:
    """The line beside the progress bar."""
    windows = sum(tally.cases[kind] for kind in WINDOWS)
    cpu_ms = sum(tally.cpu_ms[kind] for kind in WINDOWS)
    whole = KINDS[""]
    return (
        f"{per_minute(tally.cases[whole], tally.cpu_ms[whole])} sessions, "
        f"{per_minute(windows, cpu_ms)} windows a CPU minute, {count_violations(tally)}"
    )


def per_minute(count: int, cpu_ms: int) -> str:
    """A rate, per minute of CPU time."""
    return f"{MINUTE_MS * count / cpu_ms:,.0f}" if cpu_ms else "-"


def count_violations(tally: Tally) -> str:
    """The number of violations, in words."""
    count = len(tally.broken)
    return f"{count or 'no'} violation{'s' * (count != 1)}"


def list_sections(tally: Tally) -> list[Section]:
    """All tables."""
    return [work(tally), heat(tally), cutoffs(tally), begun(tally), *violations(tally)]


def work(tally: Tally) -> Section:
    """Cases run, their speed, and those that broke a rule."""
    rows = []
    for kind, what in KINDS.items():
        count, cpu_ms = tally.cases[what], tally.cpu_ms[what]
        broken = len({row.case for row in tally.broken if campaign.read_kind(row.case) == kind})
        least = f"1 in {count / THREE:,.0f}" if count >= THREE and not broken else "-"
        rows.append((
            what, f"{count:,}", f"{tally.told_ms[what] / HOUR_MS:,.1f}",
            f"{tally.run_ms[what] / HOUR_MS:,.1f}", f"{cpu_ms / MINUTE_MS:,.1f}",
            per_minute(count, cpu_ms), str(broken), least,
        ))  # fmt: skip
    head = (
        "", "cases", "simulated, h", "of it run, h", "CPU, min", "a CPU minute", "broken",
        "rarer than (95 %)",
    )  # fmt: skip
    words = (
        f"{tally.rested:,} cases came to rest early and were left there: dark, cooling, in a state "
        "that only a person leads out of, with nobody there. One window in "
        f"{campaign.WHOLE_ONE_IN} is run to its end even so."
    )
    return Section("Cases", words, head, rows)


def heat(tally: Tally) -> Section:
    """The highest true contact temperatures."""
    rows = []
    for what, most_c in HEAT.items():
        if what in tally.hottest:
            contact_c, case = tally.hottest[what]
            most = f"{most_c:.1f}" if most_c else "43.0 or 43.5 while lit"
            rows.append((what, f"{contact_c:.2f}", most, case))
    words = "Highest true contact temperature of any pad, whatever the hardware alert did."
    return Section("Heat", words, ("", "C", "at most, C", "case"), rows)


def cutoffs(tally: Tally) -> Section:
    """The slowest end of light after each fault that must end light."""
    rows = []
    for row in BOUNDS:
        if row.fault in tally.slowest and row.within_ms is not None:
            ms, case = tally.slowest[row.fault]
            struck = f"{tally.struck[row.fault]:,}"
            gated = f"; {row.gated_ms} in gated light" if row.gated_ms else ""
            within = f"{row.within_ms}{gated}"
            rows.append((row.fault, struck, str(ms), within, case))
    never = [name for name in tally.struck if name not in tally.slowest]
    words = "Slowest from the fault's onset to dark, where it struck alone and there was light."
    if never:
        counts = ", ".join(f"{name} ({tally.struck[name]:,})" for name in sorted(never))
        words += f" Struck as well, and judged by what they do or must not do: {counts}."
    if tally.pairs:
        words += f" {len(tally.pairs):,} different pairs of faults met."
    return Section("Cut-offs", words, ("fault", "struck", "ms", "within, ms", "case"), rows)


def begun(tally: Tally) -> Section:
    """States in which windows began, and how sessions ended."""
    rows = [(name, f"{tally.begun_in[name]:,}") for name in states.STATES if tally.begun_in[name]]
    ends = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.ends.items()))
    words = f"States in which windows began. Sessions ended so: {ends}."
    return Section("States", words, ("state", "windows"), rows)


def violations(tally: Tally) -> list[Section]:
    """The broken rules; no section without any."""
    if not tally.broken:
        return []
    rows = [(row.case, row.violation.rule, f"{row.violation.t_s:.2f}", row.violation.said)
            for row in tally.broken]  # fmt: skip
    words = "Each is run again by `waistband check campaign --replay CASE`, with the same sources."
    return [Section("Violations", words, ("case", "rule", "at, s", ""), rows)]


def verdict(tally: Tally) -> str:
    """The outcome in a line."""
    cases = sum(tally.cases.values())
    broken = len({row.case for row in tally.broken})
    if not broken:
        return f"{cases:,} cases, no violation."
    return f"{cases:,} cases, {broken:,} of them broken ({count_violations(tally)})."


# -- forms ------------------------------------------------------------------------------


def render(tally: Tally, how: dict[str, object]) -> str:
    """The report as text for a terminal."""
    parts: list[RenderableType] = []
    for section in list_sections(tally):
        table = Table(*section.head, title=section.title, title_justify="left", box=None)
        rows = section.rows[:SHOWN_MOST] if section.title == "Violations" else section.rows
        fill_table(table, (list(map(Text, row)) for row in rows))
        parts += [table, Text(section.words, style="dim")]
    parts.append(Text(verdict(tally), style="bold red" if tally.broken else "bold green"))
    parts.append(Text(f"Seed {how['seed']}, commit {how['commit']}.", style="dim"))
    return "\n".join(" " + line for line in render_text(*parts).splitlines())


def markdown(tally: Tally, how: dict[str, object]) -> str:
    """The report as a page of Markdown."""
    unit = "compiled" if how["compiled"] else "interpreted"
    rules = "\n".join(f"- **{rule}**: {words}" for rule, words in RULES.items())
    parts = [PAGE.format(verdict=verdict(tally), unit=unit, rules=rules, **how)]
    for section in list_sections(tally):
        rows = ([cell.replace("|", "/") for cell in row] for row in section.rows)
        table = markdown_table(section.head, rows)
        parts.append(f"## {section.title}\n\n{section.words}\n\n{table}")
    return "\n".join(parts)


def json_object(tally: Tally, how: dict[str, object]) -> dict[str, Any]:
    """The report as one JSON object."""
    return {
        **how,
        "violations": [{"case": row.case, **row.violation._asdict()} for row in tally.broken],
        **{key: dict(getattr(tally, key)) for key in campaign.COUNTED},
        "rested": tally.rested,
        "max_contact_c": {
            what: {"c": c, "case": case} for what, (c, case) in tally.hottest.items()
        },
        "slowest_ms": {
            what: {"ms": ms, "case": case} for what, (ms, case) in tally.slowest.items()
        },
    }


# -- one case ---------------------------------------------------------------------------


def scenario_toml(run: Run) -> str:
    """The case's scenario as TOML, with the case's duration."""
    return toml_writer.to_toml(replace(run.scenario, duration_s=run.duration_s))


def render_case(run: Run, found: list[Violation], written: list[tuple[str, str]]) -> str:
    """One case: its events, its summary, the rules that it broke."""
    lines = [*(f"  {render_event(event)}" for event in run.scenario.events), ""]
    lines += [summary(run, written), ""]
    lines += [
        f" {row.rule} at {row.t_s:.2f} s: {row.said} ({RULES[row.rule]})" for row in found
    ] or [" No rule is broken."]
    return "\n".join(lines).rstrip()


def render_event(event: Event) -> str:
    """An event in a line."""
    at = f"{event.at_s:9.3f} s  {event.name}"
    if event.kind == "press":
        return f"{at} pressed for {event.hold_ms} ms"
    if event.kind == "set":
        return f"{at} becomes {event.value}"
    more = [f"pad {event.pad}"] * bool(event.pad) + [event.button or ""] * bool(event.button)
    more += [f"{event.value:g}"] if event.value is not None else []
    more += [f"for {event.for_s:g} s"] if event.for_s else []
    return f"{at} {', '.join(more)}".rstrip()
