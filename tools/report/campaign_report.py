"""What a campaign tells: the same tables on a terminal, in Markdown and as JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Console
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

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
SHOWN_MOST = 20  # violations on a terminal
HEAT = {
    "no fault": SINGLE_C, "one fault": SINGLE_C, "two faults": DOUBLE_C,
    "heated from outside": None,
}  # fmt: skip
WINDOWS = (KINDS["f"], KINDS["q"])
THREE = 3.0  # none in n: with 95 % confidence, fewer than three in n


class Section(NamedTuple):
    """A table with a sentence before it and one after."""

    title: str
    says: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def pace(tally: Tally) -> str:
    """Beside the progress bar."""
    windows = sum(tally.cases[kind] for kind in WINDOWS)
    cpu_ms = sum(tally.cpu_ms[kind] for kind in WINDOWS)
    whole = KINDS[""]
    return (
        f"{per_minute(tally.cases[whole], tally.cpu_ms[whole])} sessions, "
        f"{per_minute(windows, cpu_ms)} windows a CPU minute, {broken_words(len(tally.broken))}"
    )


def per_minute(count: int, cpu_ms: int) -> str:
    """A rate."""
    return f"{MINUTE_MS * count / cpu_ms:,.0f}" if cpu_ms else "-"


def broken_words(count: int) -> str:
    """How many violations."""
    return f"{count or 'no'} violation{'s' * (count != 1)}"


def sections(tally: Tally) -> list[Section]:
    """Everything worth a table."""
    return [work(tally), heat(tally), cutoffs(tally), begun(tally), *violations(tally)]


def work(tally: Tally) -> Section:
    """How much was run, how fast, and how much of it broke a rule."""
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
    says = (
        f"{tally.rested:,} cases came to rest early and were left there: dark, cooling, in a state "
        "that only a person leads out of, with nobody there. One window in "
        f"{campaign.WHOLE_ONE_IN} is run to its end even so."
    )
    return Section("Cases", says, head, rows)


def heat(tally: Tally) -> Section:
    """The hottest that any contact truly was."""
    rows = []
    for what, most_c in HEAT.items():
        if what in tally.hottest:
            contact_c, case = tally.hottest[what]
            most = f"{most_c:.1f}" if most_c else "43.0 or 43.5 while lit"
            rows.append((what, f"{contact_c:.2f}", most, case))
    says = "Highest true contact temperature of any pad, whatever the hardware alert did."
    return Section("Heat", says, ("", "C", "at most, C", "case"), rows)


def cutoffs(tally: Tally) -> Section:
    """The slowest end of light after each fault that must end it."""
    rows = []
    for row in BOUNDS:
        if row.fault in tally.slowest and row.within_ms is not None:
            ms, case = tally.slowest[row.fault]
            struck = f"{tally.struck[row.fault]:,}"
            gated = f"; {row.gated_ms} in gated light" if row.gated_ms else ""
            within = f"{row.within_ms}{gated}"
            rows.append((row.fault, struck, str(ms), within, case))
    never = [name for name in tally.struck if name not in tally.slowest]
    says = "Slowest from the fault's onset to dark, where it struck alone and there was light."
    if never:
        counts = ", ".join(f"{name} ({tally.struck[name]:,})" for name in sorted(never))
        says += f" Struck as well, and judged by what they do or must not do: {counts}."
    if tally.pairs:
        says += f" {len(tally.pairs):,} different pairs of faults met."
    return Section("Cut-offs", says, ("fault", "struck", "ms", "within, ms", "case"), rows)


def begun(tally: Tally) -> Section:
    """Where windows began, and how sessions ended."""
    rows = [(name, f"{tally.begun_in[name]:,}") for name in states.STATES if tally.begun_in[name]]
    ends = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.ends.items()))
    says = f"States in which windows began. Sessions ended so: {ends}."
    return Section("States", says, ("state", "windows"), rows)


def violations(tally: Tally) -> list[Section]:
    """What broke a rule, if anything did."""
    if not tally.broken:
        return []
    rows = [(row.case, row.violation.rule, f"{row.violation.t_s:.2f}", row.violation.said)
            for row in tally.broken]  # fmt: skip
    says = "Each is run again by `waistband check campaign --replay CASE`, with the same sources."
    return [Section("Violations", says, ("case", "rule", "at, s", ""), rows)]


def verdict(tally: Tally) -> str:
    """In a line."""
    cases = sum(tally.cases.values())
    kinds = len({row.case for row in tally.broken})
    if not kinds:
        return f"{cases:,} cases, no violation."
    return f"{cases:,} cases, {kinds:,} of them broken ({broken_words(len(tally.broken))})."


# -- forms ------------------------------------------------------------------------------


def render(tally: Tally, how: dict[str, object]) -> str:
    """As standard output takes it."""
    console = Console(highlight=False)
    with console.capture() as capture:
        for section in sections(tally):
            table = Table(*section.head, title=section.title, title_justify="left", box=None)
            for row in section.rows[:SHOWN_MOST] if section.title == "Violations" else section.rows:
                table.add_row(*map(Text, row))
            console.print(table, Text(section.says, style="dim"), "")
        style = "bold red" if tally.broken else "bold green"
        console.print(Text(verdict(tally), style=style))
        console.print(Text(f"Seed {how['seed']}, commit {how['commit']}.", style="dim"))
    return "\n".join(" " + line.rstrip() for line in capture.get().splitlines())


def markdown(tally: Tally, how: dict[str, object]) -> str:
    """As a file for readers."""
    unit = "compiled" if how["compiled"] else "interpreted"
    lines = [
        "# Random sessions, random faults", "", f"**{verdict(tally)}**", "",
        f"Made by `{how['command']}` at commit {how['commit']} (sources {how['sources']}), "
        f"the simulated unit {unit}, Python {how['python']}. A case is a function of its name and",
        "of the sources: `waistband check campaign --replay CASE --scenario case.toml` runs one",
        "again and writes it for `waistband sim`.", "",
        "A session has a random prescription, wearer, room, battery and presses. It is run whole",
        "without faults, and from a random moment on again with one or two. From states along it",
        "begin windows of 200 s, each with noise of its own: with one fault of the table or two",
        "independent ones (one may be that the hardware alert is dead), and without any.", "",
        "## What is judged", "",
        *(f"- **{rule}**: {what}" for rule, what in RULES.items()), "",
        "The judge believes the plant and the HAL: current in the emitters, true temperatures,",
        "what a fault does and when it struck. Bounds are those of `sim/faults/catalogue.py`.", "",
    ]  # fmt: skip
    for section in sections(tally):
        lines += [f"## {section.title}", "", section.says, ""]
        lines += [row_of(section.head), row_of(["---"] * len(section.head))]
        lines += [row_of(row) for row in section.rows] + [""]
    return "\n".join(lines)


def row_of(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def table(tally: Tally, how: dict[str, object]) -> dict[str, Any]:
    """As JSON."""
    return {
        **how,
        "violations": [{"case": row.case, **row.violation._asdict()} for row in tally.broken],
        **{key: dict(value) for key in campaign.COUNTED for value in [getattr(tally, key)]},
        "rested": tally.rested,
        "max_contact_c": {
            what: {"c": c, "case": case} for what, (c, case) in tally.hottest.items()
        },
        "slowest_ms": {
            what: {"ms": ms, "case": case} for what, (ms, case) in tally.slowest.items()
        },
    }


# -- one case ---------------------------------------------------------------------------


def scenario(run: Run) -> str:
    """The case's scenario as TOML; it lasts as long as the case did."""
    return toml_writer.to_toml(replace(run.scenario, duration_s=run.duration_s))


def story(run: Run, found: list[Violation], written: list[tuple[str, str]]) -> str:
    """One case: what happened, how it ended, which rules it broke."""
    lines = [*(f"  {happening(event)}" for event in run.scenario.events), "", summary(run, written)]
    lines += ["", *(f" {violation(row)}" for row in found)]
    lines.append(" No rule is broken." if not found else "")
    return "\n".join(lines).rstrip()


def happening(event: Event) -> str:
    """An event in a line."""
    if event.kind == "press":
        return f"{event.at_s:9.3f} s  {event.name} pressed for {event.hold_ms} ms"
    if event.kind == "set":
        return f"{event.at_s:9.3f} s  {event.name} becomes {event.value}"
    more = [f"pad {event.pad}"] * bool(event.pad) + [event.button or ""] * bool(event.button)
    more += [f"{event.value:g}"] if event.value is not None else []
    more += [f"for {event.for_s:g} s"] if event.for_s else []
    return f"{event.at_s:9.3f} s  {event.name} {', '.join(more)}".rstrip()


def violation(row: Violation) -> str:
    """A violation in a line."""
    return f"{row.rule} at {row.t_s:.2f} s: {row.said} ({RULES[row.rule]})"
