"""The three buttons: debounced, then press, release, hold and stuck.

Called on ticks where a pin moved or something is still being timed.
"""

from firmware.inputs import BUTTONS
from firmware.inputs import START as START_PIN
from firmware.limits import CLOCK_MASK, DEBOUNCE_TICKS, HOLD_MS, STUCK_MS

NONE = 0
PRESSED = 1
RELEASED = 2  # START, after a short press that nothing else has used
HELD = 4
UP_PRESSED = 8
DOWN_PRESSED = 16


class Buttons:
    """Turns pin bits into what a person did."""

    def __init__(self) -> None:
        self.stable = 0
        self.seen = 0
        self.ticks = 0
        self.since_ms = 0  # when the stable bits last changed
        self.used = True  # START's present press has done its work; so has one held at power-on
        self.stuck = False
        self.busy = False

    def step(self, pins: int, ms: int) -> int:
        """Take one tick's pins; returns what was done, as bits."""
        now = pins & BUTTONS
        if now != self.seen:
            self.seen = now
            self.ticks = 1
            self.busy = True
            return NONE
        done = NONE
        if now != self.stable:
            self.ticks += 1
            if self.ticks < DEBOUNCE_TICKS:
                return NONE
            done = self._changed(now, ms)
        held_ms = (ms - self.since_ms) & CLOCK_MASK
        if self.stable & START_PIN and not self.used and held_ms >= HOLD_MS:
            self.used = True
            done |= HELD
        self.stuck = self.stable != 0 and held_ms >= STUCK_MS
        self.busy = self.stable != 0 and not self.stuck
        return done

    def _changed(self, now: int, ms: int) -> int:
        went_down = now & ~self.stable
        went_up = self.stable & ~now
        self.stable = now
        self.since_ms = ms
        done = went_down & (BUTTONS ^ START_PIN)
        done = (UP_PRESSED if done & 2 else 0) | (DOWN_PRESSED if done & 4 else 0)
        if went_down & START_PIN:
            self.used = False
            done |= PRESSED
        if went_up & START_PIN and not self.used:
            self.used = True
            done |= RELEASED
        return done
