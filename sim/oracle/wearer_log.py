"""What a bystander sees of the wearer: START's presses, and whether the belt is on the skin.

Kept by the witness (`sim.oracle.safety_oracle`) from the pins and the plant; read by the dose
reckoning.
"""

from sim.oracle.design import START


class WearerLog:
    """Times in ms since power-on; -1 for never, and for what is not so now."""

    def __init__(self, pins: int) -> None:
        self.pins = pins  # as last seen
        self.down_ms = -1  # of START, last
        self.pressed_ms = -1  # ... as it went down that was let go of since, last
        self.unworn_ms = -1  # since when the belt is off the skin; -1 while it is not

    def note_pins(self, pins: int, t_ms: int) -> None:
        """The pins have changed."""
        changed = pins ^ self.pins
        self.pins = pins
        if changed & START:
            if pins & START:
                self.down_ms = t_ms
            else:
                self.pressed_ms = self.down_ms
