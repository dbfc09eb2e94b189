"""Figures of the emulated chip for `make figures`, where a UF2 file with MicroPython is named.

Called by `tools.dev.figures`; prints a table, judges nothing. Two runs at pin depth, each without
and with the flash cache. The first run is of files with marks in them: how long the guard takes,
how soon `boot.py` has the pins low, what the heap holds. The second run is of the unit's own files,
worn and lit for a minute: how long ticks take and how evenly they come. The emulator's clock is
exact. Without the cache times are lower bounds; how sure they are with it:
docs/maintainer/depths.md.
"""

import os
import statistics
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from firmware.core.limits import TICK_MS
from sim.common.errors import BadInput
from sim.common.story import Event
from sim.common.value_record import replace
from sim.driver_depth.unit_build import Build
from sim.pin_depth.flash_cache import FlashCache
from sim.run import Run
from sim.scenario.scenario import ordinary
from tools.report.tables import fill_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.pin_depth.run import PinDepth

HELD_MAX_MS = 50.0
GUARD_MAX_MS, CONTROL_MAX_MS, JITTER_MAX_MS, LOW_MAX_MS, READY_MAX_S = 0.5, 15.0, 2.0, 1.0, 1.5
HEAP_MAX = 132 * 1024
PIECE_MIN = 16_384  # a file of the unit may be so long
NAMES_MAX = 1_240  # interned: MicroPython's table behind 1,260 of them takes 9 KB at once
READY_S = 1.8  # START is pressed; a unit that is not ready by then does not begin
MARKED_S = 2.2
LIT_WITHIN_S, LIT_S = 30.0, 60.0  # after power-up; of RAMP and TREAT
SCRATCH = 2  # the register that a mark writes
MARK = f"import umachine\numachine.mem32[{0x4005_800C + 4 * SCRATCH:#x}] = 1\n"
MARKED = Build(edits=(
    ("boot.py", "from umachine import Pin\n", MARK + "from umachine import Pin\n"),
    ("firmware/waistband.py", "        tripped = self.guard.check()\n", (
        "        begun = time.ticks_us()\n"
        "        tripped = self.guard.check()\n"
        "        took = time.ticks_diff(time.ticks_us(), begun)\n"
        "        if took > self.look_us:\n"
        "            self.look_us = took\n"
    )),
    ("firmware/waistband.py", "        self.lit_ms = 0", "        self.look_us = self.lit_ms = 0"),
    ("firmware/waistband.py", "\nfrom firmware", "\nimport time\n\nfrom firmware"),
    ("main.py", "    hal.start_watchdog()\n", (
        "    gc.collect()\n"
        "    unit.heap_used, unit.heap_free = gc.mem_alloc(), gc.mem_free()\n"
        "    unit.heap_piece = 65_536\n"
        "    while unit.heap_piece:\n"
        "        try:\n"
        "            bytearray(unit.heap_piece)\n"
        "            break\n"
        "        except MemoryError:\n"
        "            unit.heap_piece >>= 1\n"  # each try collects: 22 ms
        "    gc.collect()\n"
        "    hal.start_watchdog()\n"
    )),
))  # fmt: skip


@dataclass(frozen=True)
class Chip:
    """Measurements; milliseconds unless the name says otherwise."""

    micropython: str
    guard_worst: float
    boot_low: float
    boot_held: float
    first_tick_s: float
    ready_s: float
    heap_used: int
    heap_free: int
    heap_piece: int  # the largest power of two that can be had at once
    dark_tick_worst: float
    lit_ticks: int
    lit_tick_median: float
    lit_tick_worst: float
    lit_jitter: float
    realtime_factor: float


def run_to(run: Run, s: float) -> list[tuple[float, str]]:
    """Run on to a moment; return the states on the way, each with the first tick that it held."""
    found: list[tuple[float, str]] = []

    def take(row: Any) -> None:
        if not found or found[-1][1] != row[1]:
            found.append((row[0], row[1]))

    run.trace(take, "tick")
    run.duration_s = s
    while run.advance(1_000):
        continue
    return found


def watch_boot(depth: "PinDepth") -> "Callable[[], tuple[float, float]]":
    """Return a function that gives, once the marked `boot.py` has run, two times in ms from its
    first line: until emitters and supply switch were all low, and until the supply was held."""
    mark_us: list[float] = []
    low_us: dict[int, float] = {}
    depth.emulator.on_scratch = lambda slot: (
        mark_us.append(depth.emulator.exact_us) if slot == SCRATCH else None
    )

    def first_low(pin: int) -> None:
        depth.emulator.watch_low(pin, lambda us: low_us.update({pin: low_us.get(pin, us)}))

    for pin in depth.chip.edges.pins[: depth.chip.light.banks + 1]:
        first_low(pin)
    hold = 2 * depth.chip.edges.names.index("POWER_HOLD") + 1
    edges = depth.chip.edges

    def times_ms() -> tuple[float, float]:
        held_us = edges.us[edges.codes.index(hold)]
        return (max(low_us.values()) - mark_us[0]) / 1e3, (held_us - mark_us[0]) / 1e3

    return times_ms


def run_marked(flash_cache: FlashCache | None = None) -> dict[str, Any]:
    """The first run: what marks measure."""
    from sim.pin_depth.run import PinDepth

    depth = PinDepth(MARKED, flash_cache=flash_cache)
    run = Run(replace(ordinary(), events=(), until_done=False), depth=depth)
    boot_times = watch_boot(depth)
    run_to(run, MARKED_S)
    try:
        boot_low, boot_held = boot_times()
        return {
            "guard_worst": run.unit.look_us / 1e3,  # type: ignore[attr-defined]
            "boot_low": boot_low,
            "boot_held": boot_held,
            "heap_used": run.unit.heap_used,  # type: ignore[attr-defined]
            "heap_free": run.unit.heap_free,  # type: ignore[attr-defined]
            "heap_piece": run.unit.heap_piece,  # type: ignore[attr-defined]
        }
    except (AttributeError, ValueError, IndexError) as why:
        raise BadInput(f"the marked unit did not come up on the emulated chip: {why!r}") from None


def run_treated(flash_cache: FlashCache | None = None) -> dict[str, Any]:
    """The second run: ticks as they come, over LIT_S seconds of RAMP and TREAT."""
    from sim.pin_depth.run import PinDepth

    start = Event(READY_S, "press", "START", hold_ms=200)
    depth = PinDepth(flash_cache=flash_cache)
    run = Run(replace(ordinary(), events=(start,), until_done=False), depth=depth)
    begun_s: dict[str, float] = {}
    while "RAMP" not in begun_s and run.t_s < LIT_WITHIN_S:
        begun_s = {state: s for s, state in run_to(run, run.t_s + 1.0)} | begun_s
    begun_s = {state: s for s, state in run_to(run, begun_s.get("RAMP", run.t_s) + LIT_S)} | begun_s
    if "TREAT" not in begun_s:
        raise BadInput(f"the unit did not treat within {run.t_s:g} s: it was in {list(begun_s)}")
    ticks = depth.chip.ticks.kept
    lit = [tick for tick in ticks if tick.begin_us > begun_s["RAMP"] * 1e6]
    ready_us, check_us = begun_s["READY"] * 1e6, begun_s["CHECK"] * 1e6
    dark = [tick for tick in ticks if ready_us < tick.begin_us < check_us]
    lasted = [(tick.slept_us - tick.begin_us) / 1e3 for tick in lit]
    begun = [tick.begin_us / 1e3 for tick in lit]
    return {
        "first_tick_s": ticks[0].begin_us / 1e6,
        "ready_s": begun_s["READY"],
        "dark_tick_worst": max((tick.slept_us - tick.begin_us) / 1e3 for tick in dark),
        "lit_ticks": len(lit),
        "lit_tick_median": statistics.median(lasted),
        "lit_tick_worst": max(lasted),
        "lit_jitter": max(abs(b - a - TICK_MS) for a, b in pairwise(begun)),
        "realtime_factor": run.t_s / run.wall_s,
    }


def chip_table(plain: Chip, cached: Chip) -> Table:
    """(g) The emulated chip."""
    lit = f"off 20 ms apart, worst of {cached.lit_ticks:,} lit ticks, ms"
    rows: tuple[tuple[str, str, str, str], ...] = (
        ("guard's look, worst, ms", "guard_worst", ".3f", f"{GUARD_MAX_MS:g}"),
        ("tick, worst while lit, ms", "lit_tick_worst", ".3f", f"{CONTROL_MAX_MS:g}"),
        ("tick, median while lit, ms", "lit_tick_median", ".3f", ""),
        ("tick, worst while dark, ms", "dark_tick_worst", ".3f", ""),
        (lit, "lit_jitter", ".3f", f"{JITTER_MAX_MS:g}"),
        ("emitters low after boot.py's first line, ms", "boot_low", ".3f", f"{LOW_MAX_MS:g}"),
        ("supply held after boot.py's first line, ms", "boot_held", ".3f", f"{HELD_MAX_MS:g}"),
        ("first tick after power-up, s", "first_tick_s", ".3f", ""),
        ("ready after power-up, s", "ready_s", ".2f", f"{READY_MAX_S:g}"),
        ("heap used, bytes", "heap_used", ",", f"{HEAP_MAX:,}"),
        ("heap free, bytes", "heap_free", ",", ""),
        ("largest piece of it, bytes", "heap_piece", ",", f">= {PIECE_MIN:,}"),
        ("times real time, this run", "realtime_factor", ".3f", ""),
    )
    title = f"Emulated RP2040, MicroPython {cached.micropython}"
    table = Table("", "without the flash cache", "with it", "limit", title=title)
    return fill_table(table, (
        (name, *(format(getattr(chip, field), form) for chip in (plain, cached)), limit)
        for name, field, form, limit in rows
    ))  # fmt: skip


def named_uf2() -> str:
    """Return the UF2 file with MicroPython that the environment names. Raises BadInput where it
    names none, or where there is no emulator."""
    uf2 = os.environ.get("WAISTBAND_UF2")
    if not uf2:
        raise BadInput("WAISTBAND_UF2 names no UF2 file with MicroPython")
    if find_spec("rp2040py") is None:
        raise BadInput("rp2040py is not installed: pip install -e '.[pin]'")
    return uf2


def measure(console: Console) -> dict[str, object]:
    """Measure if a UF2 file is named, print the table, and return the JSON object's part."""
    try:
        uf2 = named_uf2()
        from sim.pin_depth import flash

        version = flash.version_of(flash.micropython(uf2))
        with console.status("Running the unit on the emulated chip: ten minutes or more"):
            plain, cached = (
                Chip(version, **run_marked(cache), **run_treated(cache))
                for cache in (None, FlashCache())
            )
    except BadInput as why:
        console.print(f"No emulated chip: {why}", markup=False)
        return {"chip": None, "chip_with_flash_cache": None, "missing": str(why)}
    console.print(chip_table(plain, cached))
    return {"chip": asdict(plain), "chip_with_flash_cache": asdict(cached), "missing": ""}
