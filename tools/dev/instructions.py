"""Instructions of a tick on MicroPython's unix port, counted by callgrind.

Called by `make figures` and by `tools.dev.counts`. Each count runs `tools.dev.count_ticks` on the
built files with the drivers and the chip's stand-in; the difference between two runs is the cost of
the ticks that one of them has more. Counts are means: the sensors' bus has a rota of some 20 ticks,
and in every fifth control step the battery is judged as well.
"""

import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from firmware.core.limits import CONTROL_TICKS
from firmware.core.states import STATES
from sim.common.errors import BadInput
from tools.dev import figures_device
from tools.replay import find_micropython
from tools.report.tables import fill_table

ROOT = Path(__file__).resolve().parents[2]
TOOLS = (("valgrind", "apt install valgrind"), ("setarch", "apt install util-linux"))
COLLECTED = re.compile(r"Collected : (\d+)")
MOMENTS = {  # of tools.dev.count_ticks
    "ready": "at rest",
    "full_power": "full power: duties stay",
    "held": "held at the set point: duties move",
}


@dataclass(frozen=True)
class Cost:
    """Instructions of a tick with the guard alone, with the screen's turn, and with control."""

    state: str
    moment: str
    guard: float
    screen: float
    control: float


def check_tools() -> None:
    """Raise BadInput where valgrind, setarch or MicroPython is missing."""
    for tool, get in TOOLS:
        if shutil.which(tool) is None:
            raise BadInput(f"{tool} is not installed: {get}")
    find_micropython()


def count_instructions(moment: str, guards: int, screens: int, periods: int) -> tuple[int, str]:
    """Run `tools.dev.count_ticks` under callgrind; return (instructions, state). Raises
    BadInput."""
    command = [
        *("env", "-i", "PATH=/usr/bin:/bin", "LANG=C", "PYTHONHASHSEED=0"),
        f"MICROPYPATH={ROOT}:.frozen",
        *("setarch", "-R", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
        "--toggle-collect=mp_execute_bytecode*",
        *(*find_micropython(), "-X", "heapsize=2m", "-m", "tools.dev.count_ticks", moment),
        *(f"{guards:03}", f"{screens:03}", f"{periods:03}"),  # of one length: reading them costs
    ]
    with tempfile.TemporaryDirectory(prefix="waistband-") as folder:
        figures_device.write_unit_files(Path(folder))
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
    found = COLLECTED.search(done.stderr)
    # an uncaught exception shows in neither code nor output
    state = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not found or state not in STATES:
        said = " ".join((done.stdout + done.stderr).split())[-200:]
        raise BadInput(f"callgrind gave up: {said}")
    return int(found[1]), state


def measure_cost(moment: str, count: int) -> Cost:
    """Instructions of a tick at one of MOMENTS, each kind run `count` times more. Raises
    BadInput."""
    asked = [(count, 0, 0), (2 * count, 0, 0), (count, count, 0), (count, 0, count)]
    with ThreadPoolExecutor(2) as two:
        made = list(two.map(lambda row: count_instructions(moment, *row), asked))
    base, *more = (instructions for instructions, _ in made)
    guard, screen, period = ((instructions - base) / count for instructions in more)
    control = period - screen - (CONTROL_TICKS - 2) * guard
    return Cost(made[0][1], MOMENTS[moment], guard, screen, control)


def cost_table(rows: list[Cost]) -> Table:
    """(b) Instructions of a tick."""
    title = "x86-64 instructions of a tick, MicroPython unix port under callgrind"
    table = Table("state", "", "guard tick", "screen's tick", "control tick", title=title)
    return fill_table(table, (
        (row.state, row.moment, f"{row.guard:,.0f}", f"{row.screen:,.0f}", f"{row.control:,.0f}")
        for row in rows
    ))  # fmt: skip
