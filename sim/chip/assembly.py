"""A whole unit on the bench: plant, chip, buses, parts, and the files on its flash."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.chip.bench import Bench
from sim.chip.core import Chip
from sim.chip.flash import Flash, device_files
from sim.chip.i2c import Bus
from sim.chip.parts import Ds3231, Ina219, Max17049, Part, Tmp117
from sim.chip.screen import Ssd1306
from sim.chip.wiring import wiring
from sim.plant import Plant

ROOT = Path(__file__).resolve().parent.parent.parent
CLOCK_S = 1_767_268_800  # 2026-01-01 12:00, what the battery-backed clock reads at power-on


@dataclass(frozen=True)
class Build:
    """How this unit differs from a sound one."""

    missing: tuple[str, ...] = ()  # parts that are not fitted: names of `Unit.parts`
    identities: dict[str, int] = field(default_factory=dict)  # ID registers that are not theirs
    clock_unset: bool = False
    files: dict[str, bytes | None] = field(default_factory=dict)  # on flash; None takes one away
    edits: tuple[tuple[str, str, str], ...] = ()  # (file, old text, new text) of the program
    stepwise: bool = False  # PIO instruction by instruction


class Unit:
    """Everything on the bench, by name."""

    def __init__(
        self, plant: Plant, board: Any, start_ms: int, seed: int, files: dict[str, bytes],
        build: Build,
    ) -> None:  # fmt: skip
        self.bench = bench = Bench(plant, board, seed)
        self.parts: dict[str, Part] = {
            "contact_a": Tmp117(bench, 0x48, 0, "contact_a", True),
            "contact_b": Tmp117(bench, 0x49, 1, "contact_b", True),
            "board_a": Tmp117(bench, 0x4A, 2, "board_a", False),
            "board_b": Tmp117(bench, 0x4B, 3, "board_b", False),
            "rail": Ina219(bench),
            "gauge": Max17049(bench),
            "clock": Ds3231(bench, None if build.clock_unset else CLOCK_S),
            "screen": Ssd1306(bench),
        }
        bench.parts = list(self.parts.values())
        for name in build.missing:
            self.parts[name].present = False
        for name, identity in build.identities.items():
            part = self.parts[name]
            if isinstance(part, Tmp117):
                part.identity = identity
            elif isinstance(part, Max17049):
                part.version = identity
        self.flash = Flash(flashed(files, build))
        self.chip = Chip(bench, self.flash, wiring(board), start_ms, build.stepwise)
        names = tuple(self.parts)
        self.buses = (
            Bus([self.parts[name] for name in names[:6]]),
            Bus([self.parts[name] for name in names[6:]]),
        )


def flashed(files: dict[str, bytes], build: Build) -> dict[str, bytes]:
    """The flash's files: the program as it is in this tree, then what a build changes."""
    found = {**device_files(ROOT), **files}
    for name, content in build.files.items():
        if content is None:
            for path in [path for path in found if path == name or path.startswith(name + "/")]:
                del found[path]
        else:
            found[name] = content
    for name, old, new in build.edits:
        text = found[name].decode()
        if old not in text:
            raise ValueError(f"{name} does not hold {old!r}")
        found[name] = text.replace(old, new).encode()
    return found
