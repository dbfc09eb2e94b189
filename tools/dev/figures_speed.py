"""How fast each depth simulates, for `make figures`: one scenario, one run, three simulators.

The scenario is power-up without a press. Compared are HAL depth, pin depth, and rp2040js (npm)
on the flash image of pin depth: an emulator of the same chip without our plant or its timing,
so that its figure is what an emulated RP2040 costs, not the same simulation.
"""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from sim.common.errors import BadInput
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import Scenario, ordinary

HERE = Path(__file__).resolve().parent
MODULE = HERE / "bench" / "node_modules" / "rp2040js" / "dist" / "esm" / "index.js"
SIMULATED_S = 1.0
HAL_RUNS = 50  # one takes some milliseconds
PATIENCE_S = 900


def scenario() -> Scenario:
    """Power-up; the unit imports, tests itself, waits."""
    return replace(ordinary(), events=(), duration_s=SIMULATED_S, until_done=False)


def measure() -> dict[str, float | str]:
    """Simulated seconds a second of each; a sentence for one that cannot run here."""
    found: dict[str, float | str] = {"HAL depth": at_hal()}
    from sim.pin_depth.run import PinDepth

    depth = PinDepth()
    run = Run(scenario(), depth=depth)
    image = bytes(depth.emulator.mcu.flash)
    begun_s = time.perf_counter()
    run.advance(10**9)
    found["pin depth"] = SIMULATED_S / (time.perf_counter() - begun_s)
    run.close()
    try:
        found["rp2040js"] = in_javascript(image)
    except BadInput as why:
        found["rp2040js"] = str(why)
    return found


def at_hal() -> float:
    """HAL depth, powered on as often as it takes to be measured."""
    wall_s = 0.0
    for _ in range(HAL_RUNS):
        run = Run(scenario())
        run.advance(10**9)
        wall_s += run.wall_s
    return HAL_RUNS * SIMULATED_S / wall_s


def in_javascript(image: bytes) -> float:
    """rp2040js under Node, on a flash image. Raises BadInput where it cannot run."""
    from sim.pin_depth.adapter import bootrom as bootrom_of

    node = shutil.which("node")
    if node is None or not MODULE.exists():
        raise BadInput("not installed: Node 20, and npm ci in tools/bench")
    with tempfile.TemporaryDirectory(prefix="waistband-") as folder:
        flash, bootrom = Path(folder, "flash"), Path(folder, "bootrom")
        flash.write_bytes(image)
        bootrom.write_bytes(bootrom_of())
        try:
            done = subprocess.run(
                [node, HERE / "rp2040js.mjs", flash, bootrom, str(SIMULATED_S), MODULE],
                capture_output=True, text=True, check=True, timeout=PATIENCE_S,
            )  # fmt: skip
            said: dict[str, Any] = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as why:
            raise BadInput(f"did not run: {why}") from None
    return float(said["simulated_s"] / said["wall_s"])


def table(found: dict[str, float | str]) -> Table:
    """(h)"""
    title = "The same second, from power-up"
    made = Table("", "times real time", "pin depth takes, times as long", title=title)
    pin = found["pin depth"]
    assert isinstance(pin, float)
    for name, speed in found.items():
        if isinstance(speed, str):
            made.add_row(name, speed, "")
        else:
            shown = f"{speed:.3g}" if speed < 100 else f"{speed:,.0f}"
            made.add_row(name, shown, f"{speed / pin:,.0f}")
    return made
