"""Cue follower: which cues the unit's `hal.player.Player` began, and when.

Called by `sim.driver_depth.bench_depth` once a control step, and once a tick where a scenario asks
for a cue. Reads the player, changes nothing.
"""

from typing import Any

from firmware.ui.cues import CUES

KEPT = 8  # a second holds no more


class CueFollower:
    """`begun`: the latest cues, as (t_ms, number in `states.CUES`)."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self._pattern: object = None  # of the last cue: length and pitches of its pulses
        self._progress = (0, 0)  # its pulse or gap, time left of it as a negative

    def follow(self, player: Any, t_ms: int) -> None:
        """Look at the player: a cue began where its pattern is another, or began anew."""
        try:
            pattern = player.pulse_ms, player.pitches
            progress = player.part, -player.part_ms
        except AttributeError:  # no program runs
            self._pattern = None
            return
        if pattern != self._pattern or progress < self._progress:
            numbers = [k for k, row in enumerate(CUES) if row[1:] == pattern]
            self.begun = self.begun[1 - KEPT :] + [(t_ms, k) for k in numbers[:1]]
        self._pattern, self._progress = pattern, progress
