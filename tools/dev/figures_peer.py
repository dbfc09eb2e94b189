"""The emulated chip beside a peer for `make figures`: rp2040js runs the same flash.

Called by `tools.dev.figures`, where a UF2 file with MicroPython is named; prints a table, judges
nothing. Both emulators begin with the same MicroPython and the same `main.py`, which counts between
two edges of a pin, with no part and no USB host on the chip's pins and without a model of the flash
cache. Each is timed between the edges, in processor time of its own process; they take turns.
"""

import json
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sim.common.errors import BadInput
from sim.pin_depth import flash
from tools.bench import site
from tools.dev import figures_pin
from tools.report.tables import fill_table

PIN = 25
TURNS = 3
GIVE_UP_US = 60_000_000
PATIENCE_S = 300
COUNT = f"""\
from machine import Pin
mark = Pin({PIN}, Pin.OUT, value=0)
def count():
    n = 0
    for k in range(60_000):
        n = (n + k) & 0xFFFF
    return n
mark.value(1)
count()
mark.value(0)
"""


@dataclass(frozen=True)
class Count:
    """How long an emulator takes to count: on the chip's clock, and of processor time at best."""

    emulator: str
    chip_s: float
    cpu_s: float


def count_here(blocks: list[flash.Block]) -> Count:
    """Count on rp2040py, as pin depth runs it."""
    from sim.pin_depth.adapter import Emulator

    chip = Emulator(blocks)
    edges: list[tuple[float, float]] = []

    def note(level: int, us: float) -> None:
        edges.append((us, time.process_time()))
        if len(edges) == 2:
            chip.stop()

    chip.watch(PIN, note)
    chip.power_on()
    chip.run_until(GIVE_UP_US)
    if len(edges) < 2:
        raise BadInput("the program that counts did not end on rp2040py")
    (begun_us, begun_s), (ended_us, ended_s) = edges
    return Count("rp2040py, as pin depth runs it", (ended_us - begun_us) / 1e6, ended_s - begun_s)


def count_there(image: Path, bootrom: Path) -> Count:
    """Count on rp2040js, under Node. Raises BadInput where it is not there, or does not."""
    if not (site.MODULES / "rp2040js").is_dir():
        raise BadInput("rp2040js is not installed: run make setup, with Node")
    command = [site.node(), str(site.BENCH / "rp2040js.mjs"), str(image), str(bootrom), str(PIN)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise BadInput(f"rp2040js: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")
    said = json.loads(done.stdout)
    return Count("rp2040js under Node", said["chip_s"], said["cpu_s"])


def take_turns(uf2: str, turns: int = TURNS) -> list[Count]:
    """Return each emulator's best of `turns`, ours first. Raises BadInput."""
    from sim.pin_depth.adapter import bootrom_bytes

    blocks = [*flash.micropython(uf2), flash.filesystem({"main.py": COUNT.encode()}, frozen=True)]
    content = bytearray(b"\xff" * (flash.FLASH_END - flash.FLASH))
    for address, data in blocks:
        content[address - flash.FLASH : address - flash.FLASH + len(data)] = data
    with tempfile.TemporaryDirectory() as folder:
        image, bootrom = Path(folder) / "flash", Path(folder) / "bootrom"
        image.write_bytes(content)
        bootrom.write_bytes(bootrom_bytes())
        rounds = [(count_here(blocks), count_there(image, bootrom)) for _ in range(turns)]
    return [min(counts, key=lambda count: count.cpu_s) for counts in zip(*rounds, strict=True)]


def peer_table(counts: list[Count]) -> Table:
    """(h) The emulators."""
    columns = ("emulator", "on the chip's clock, s", "CPU, s", "times real time")
    table = Table(*columns, title=f"A count to 60,000 on two emulators, best of {TURNS}")
    return fill_table(table, (
        (row.emulator, f"{row.chip_s:.4f}", f"{row.cpu_s:.2f}", f"{row.chip_s / row.cpu_s:.3f}")
        for row in counts
    ))  # fmt: skip


def measure(console: Console) -> list[dict[str, object]]:
    """Measure if a UF2 file is named, print the table, and return the JSON object's part."""
    try:
        with console.status("Counting on two emulators"):
            counts = take_turns(figures_pin.named_uf2())
    except BadInput as why:
        console.print(f"No peer of the emulated chip: {why}", markup=False)
        return []
    console.print(peer_table(counts))
    return [asdict(row) for row in counts]
