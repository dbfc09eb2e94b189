"""Whole unit on the bench: plant, chip, buses, parts, and the files on its flash.

Driver depth makes a `Unit`; pin depth takes its files and parts.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hal.files import TABLE
from sim.driver_depth.bench import Bench
from sim.driver_depth.core import Chip
from sim.driver_depth.flash import Flash, device_files
from sim.driver_depth.parts import Part
from sim.driver_depth.parts_list import CLOCK_S, buses, fit
from sim.driver_depth.release import table
from sim.driver_depth.state_machine import StateMachine
from sim.driver_depth.wiring import Wiring
from sim.physics.plant import Plant

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Build:
    """How this unit differs from a sound one."""

    missing: tuple[str, ...] = ()  # parts that are not fitted: names of `Unit.parts`
    identities: dict[str, int] = field(default_factory=dict)  # ID registers that are not theirs
    clock_unset: bool = False
    files: dict[str, bytes | None] = field(default_factory=dict)  # on flash; None takes one away
    edits: tuple[tuple[str, str, str], ...] = ()  # (file, old text, new text) of the program
    frozen: bool = False  # the program is frozen into MicroPython and not on flash
    pio: type[StateMachine] = StateMachine  # runs the programs of PIO state machines


class Unit:
    """Everything on the bench, by name."""

    def __init__(
        self, plant: Plant, board: Any, start_ms: int, seed: int, files: dict[str, bytes],
        build: Build, clock_s: int | None = CLOCK_S,
    ) -> None:  # fmt: skip
        """`files` are on its flash beside the program; `clock_s` is what its clock reads."""
        self.bench = bench = Bench(plant, board, seed)
        rows = fit_parts(bench, build, clock_s)
        self.parts: dict[str, Part] = dict(rows)
        found = flashed(files, build)
        if TABLE not in build.files and not build.frozen:
            found[TABLE] = table(found)
        self.flash = Flash(found, edit(device_files(ROOT), build) if build.frozen else {})
        self.chip = Chip(bench, self.flash, Wiring(board), start_ms, build.pio)
        self.buses = buses(rows)


def fit_parts(bench: Bench, build: Build, clock_s: int | None) -> tuple[tuple[str, Part], ...]:
    """Put the parts on the bench, as this build has them; returns (name, part) of each."""
    rows = fit(bench, None if build.clock_unset else clock_s)
    for name, part in rows:
        part.present = name not in build.missing
        part.identity = build.identities.get(name, part.identity)
    return rows


def flashed(files: dict[str, bytes], build: Build) -> dict[str, bytes]:
    """Return the flash's files: the program of this tree, with the changes of a build."""
    found = {**files} if build.frozen else {**device_files(ROOT), **files}
    for name, content in build.files.items():
        if content is None:
            for path in [path for path in found if path == name or path.startswith(name + "/")]:
                del found[path]
        else:
            found[name] = content
    return found if build.frozen else edit(found, build)


def edit(program: dict[str, bytes], build: Build) -> dict[str, bytes]:
    """Return a program with the edits of a build."""
    found = dict(program)
    for name, old, new in build.edits:
        text = found[name].decode()
        if old not in text:
            raise ValueError(f"{name} does not hold {old!r}")
        found[name] = text.replace(old, new).encode()
    return found
