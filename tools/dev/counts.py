"""Counted figures of the unit, beside those that were accepted last: docs/maintainer/counts.toml.

`python -m tools.dev.counts` prints the counts as they are now, line by line as the file has them.
`make test` fails where one is more than 5 % above its line; writing the new count into that line
accepts it. Counts do not depend on the machine's speed.
"""

import sys
import tempfile
import tomllib
from pathlib import Path

from sim.common.errors import BadInput
from tools.dev import figures_device, instructions

FILE = Path(__file__).resolve().parents[2] / "docs" / "maintainer" / "counts.toml"
WORSE = 1.05  # times the accepted count
MOMENT, TICKS = "held", 40  # of TREAT: the dearest ticks; two rounds of the sensors' bus


def count_bytes() -> dict[str, int]:
    """Bytes of bytecode, and of live heap after the start on the unix port. Raises BadInput."""
    with tempfile.TemporaryDirectory(prefix="waistband-") as name:
        folder = Path(name)
        sizes = figures_device.compile_files(folder, *figures_device.STAND_IN)
        heap = figures_device.measure_heap(folder)
    return {"mpy_bytes": sum(sizes.values()), "unix_heap_bytes": heap.live_bytes - heap.found_bytes}


def count_instructions() -> dict[str, int]:
    """x86-64 instructions of the three kinds of lit tick. Raises BadInput."""
    instructions.check_tools()
    cost = instructions.measure_cost(MOMENT, TICKS)
    kinds = {"guard": cost.guard, "screen": cost.screen, "control": cost.control}
    return {f"{kind}_tick_instructions": round(count) for kind, count in kinds.items()}


def read_accepted() -> dict[str, int]:
    """The accepted counts by name."""
    counts: dict[str, int] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return counts


def list_worse(counts: dict[str, int], accepted: dict[str, int]) -> list[str]:
    """A sentence for each count that is more than 5 % above the accepted one, or has none."""
    return [
        f"{name} is {count:,}, accepted is {accepted.get(name, 0):,}: make it less, or write"
        f" `{name} = {count}` into docs/maintainer/counts.toml"
        for name, count in counts.items()
        if count > WORSE * accepted.get(name, 0)
    ]


def main() -> int:
    """Print the counts as they are now."""
    try:
        for name, count in {**count_bytes(), **count_instructions()}.items():
            print(f"{name} = {count}")
    except BadInput as why:
        print(f"counts: {why}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
