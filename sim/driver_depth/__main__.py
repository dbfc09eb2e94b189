"""Boot `boot.py` and `main.py` on the desktop chip for some seconds, and say what came of it."""

import sys

from sim.driver_depth.run import STEP_US, DriverDepth
from sim.run import Run
from sim.scenario.scenario import ordinary

SECONDS = 20.0


def main(seconds: float) -> None:
    """A smoke run: the ordinary session's beginning."""
    depth = DriverDepth()
    run = Run(ordinary(), depth=depth)
    depth.chip.usb.connected = True
    run.trace(lambda row: print(row[0], *row[1:5], row[-6:], sep="  "))
    run.advance(int(seconds * 1e6) // STEP_US)
    print(depth.console())
    print("\n".join(depth.screen()))
    spent_us = run.wall_s * 1e6 / max(run.ticks, 1)
    print(f"{run.ticks} ticks, {spent_us:.0f} us each; resets: {depth.chip.resets}")
    program = depth.device.program
    print("errors:", program.errors if program else "no program")
    run.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
