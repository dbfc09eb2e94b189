"""Restart of a unit from its prompt. Called by `tools.unit.transfer` and by the bench page."""

from hal import resets

RESTART = """
import machine
m = machine.mem32
m[{at}] = m[{at}] & {keep} | {clean}
machine.reset()
"""


def render_restart(scratch_address: int) -> str:
    """The program that resets the chip and marks the reset as intended in its scratch word: three
    resets without the mark would lock the unit."""
    keep = (1 << 30) - 1 & ~(resets.ARMED | resets.SERVICE)
    return RESTART.format(at=scratch_address, keep=keep, clean=resets.CLEAN)
