"""Log of the wearer: presses of START, and since when the belt is off the skin.

Written by `sim.oracle.safety_oracle` from the pins and the plant; read by the dose oracle.
"""

from sim.oracle.design import START


class WearerLog:
    """Times in ms since power-on; -1 for never or not now."""

    def __init__(self, pins: int) -> None:
        self.pins = pins
        self.down_ms = -1  # START last went down
        self.pressed_ms = -1  # START went down for the last press that was released
        self.unworn_ms = -1  # the belt came off the skin

    def note_pins(self, pins: int, t_ms: int) -> None:
        """Log pins that have changed."""
        changed = pins ^ self.pins
        self.pins = pins
        if changed & START:
            if pins & START:
                self.down_ms = t_ms
            else:
                self.pressed_ms = self.down_ms
