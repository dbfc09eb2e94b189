"""The three buttons: each debounced and timed by itself, then press, release, hold, stuck.

Called on ticks where a button is down or has just been. One that chatters or is stuck
never keeps another from being heard: stop always wins.

START that closes CHATTER_CLOSURES times, each within QUIET_MS of the last, while no other button
is pressed, chatters: it is called stuck until it was quiet for QUIET_MS. Closures within
STOP_WINS_MS of the last are one: they come from a hand that trembles, and light nothing. A body
that lies on START closes it at any moment and for any time. It does not press UP or DOWN first.
"""

from firmware.core.inputs import BUTTONS, DOWN, UP
from firmware.core.inputs import START as START_PIN
from firmware.core.limits import (
    CHATTER_CLOSURES,
    CLOCK_MASK,
    DEBOUNCE_TICKS,
    HOLD_MS,
    MEANT_MS,
    QUIET_MS,
    STOP_WINS_MS,
    STUCK_MS,
)

NONE = 0
PRESSED = 1
RELEASED = 2  # START, after a short press that nothing else has used
HELD = 4
UP_PRESSED = 8
DOWN_PRESSED = 16

PINS = (START_PIN, UP, DOWN)
WENT_DOWN = (PRESSED, UP_PRESSED, DOWN_PRESSED)
START_INDEX = 0


class Buttons:
    """Turns pin bits into what a person did."""

    def __init__(self) -> None:
        self.stable = 0  # bits, debounced
        self.ticks = [0, 0, 0]  # running, that a pin differed from its stable bit
        self.since_ms = [0, 0, 0]  # when the stable bit last changed
        self.used = True  # START's press has done its work; so has one held at power-on
        self.closures = 0  # of START, running, and
        self.closed_ms = 0  # clock at the last
        self.meant_ms = -1  # clock at the last press of another button; -1: none yet
        self.stuck = False
        self.busy = True  # until the first tick has said what is held already
        self.begun = False

    def step(self, pins: int, ms: int) -> int:
        """Take one tick's pins; returns what was done, as bits."""
        if not self.begun:
            self.begun = True
            self.stable = pins & BUTTONS
            for k in range(3):
                self.since_ms[k] = ms
        done = NONE
        stuck = False
        busy = False
        for k in range(3):
            bit = PINS[k]
            down = pins & bit
            if down == self.stable & bit:
                self.ticks[k] = 0
            else:
                busy = True
                self.ticks[k] += 1
                if self.ticks[k] >= DEBOUNCE_TICKS:
                    self.ticks[k] = 0
                    self.stable ^= bit
                    self.since_ms[k] = ms
                    done |= self._changed(k, down, ms)
            if self.stable & bit and (ms - self.since_ms[k]) & CLOCK_MASK >= STUCK_MS:
                stuck = True
        held_ms = (ms - self.since_ms[START_INDEX]) & CLOCK_MASK
        if self.stable & START_PIN and not self.used and held_ms >= HOLD_MS:
            self.used = True
            done |= HELD
        self.stuck = stuck
        self.busy = busy or self.stable != 0
        return done

    def chatters(self, ms: int) -> bool:
        """Whether START closes so often that no finger does it."""
        quiet = (ms - self.closed_ms) & CLOCK_MASK >= QUIET_MS
        return self.closures >= CHATTER_CLOSURES and not quiet

    def is_meant(self, ms: int) -> bool:
        """Whether START's last closure followed UP or DOWN, as only a person makes it."""
        recent = self.meant_ms >= 0 and (ms - self.meant_ms) & CLOCK_MASK < MEANT_MS
        return recent and self.closures <= 2  # a short press first, which is told to hold

    def forgive(self) -> None:
        """START's last closure does not count as chatter."""
        if self.closures:
            self.closures -= 1

    def _changed(self, k: int, down: int, ms: int) -> int:
        """A button's debounced edge."""
        if k != START_INDEX:
            self.closures = 0
            self.meant_ms = ms
        elif down:
            self.used = False
            gap_ms = (ms - self.closed_ms) & CLOCK_MASK
            self.closed_ms = ms
            if gap_ms >= QUIET_MS:
                self.closures = 0
            if gap_ms >= STOP_WINS_MS and self.closures < CHATTER_CLOSURES:
                self.closures += 1
        elif not self.used:
            self.used = True
            return RELEASED
        return WENT_DOWN[k] if down else NONE
