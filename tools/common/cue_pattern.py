"""Pattern of a cue: its tones and its vibration as two lists of times.

Called by the bench page and by the page of cues. Follows `hal.player`: the buzzer sounds while the
motor runs. Runs on MicroPython too.
"""

from firmware.core import states
from firmware.ui.cues import CUES, LONG, WORSE, WORST, WRONG
from hal.contract import CUE_GAP_MS

# The status light, by the first column of `firmware.ui.cues.CUES`.
LIGHTS = {-1: "dark", 0: "steady", 512: "slow", 128: "fast", 640: "twice", 1792: "rarely"}

LENGTHS = {80: "short", 160: "middle", LONG: "long", WRONG: "0.6 s", WORSE: "1.3 s",
           WORST: "2.6 s"}  # fmt: skip


def cue_tones(cue: int) -> "list[tuple[int, int]]":
    """(Hz, ms) of each tone of a cue, by its number in `states.CUES`; 0 Hz between them."""
    _, pulse_ms, pitches = CUES[cue]
    found = []
    for digit in pitches:
        found += [((digit & 15) * 1_000, pulse_ms), (0, CUE_GAP_MS)]
    return found[:-1]


def cue_vibration(cue: int) -> "list[int]":
    """Times in ms that the motor runs, rests, runs, ... in a cue."""
    return [ms for _, ms in cue_tones(cue)]


def describe_cue(name: str) -> str:
    """How many pulses a cue has, and how long they are, in words."""
    _, pulse_ms, pitches = CUES[states.CUES.index(name)]
    count = len(pitches)
    pulses = "pulse" + "s" * (count != 1)
    length = LENGTHS[pulse_ms]
    return f"{count} {pulses} of {length}" if length[0].isdigit() else f"{count} {length} {pulses}"
