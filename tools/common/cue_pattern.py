"""Pattern of a cue: its tones and its vibration as two lists of times.

Called by the bench page and by the page of cues. Follows `hal.player`: the buzzer sounds while the
motor runs. Runs on MicroPython too.
"""

from firmware.ui.cues import CUES
from hal.contract import CUE_GAP_MS

# The status light, by the first column of `firmware.ui.cues.CUES`.
LIGHTS = {-1: "dark", 0: "steady", 512: "slow", 128: "fast", 640: "twice", 1792: "rarely"}


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
