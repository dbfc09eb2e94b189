"""`machine` for the bench page: the pins and the buzzer that `hal.player` drives.

Imported by the page's MicroPython in place of the chip's module; the page reads the levels.
"""


class Pin:
    """An output that holds its level."""

    OUT = 1

    def __init__(self, number: int, mode: int = OUT, value: int = 0) -> None:
        self.level = value

    def value(self, level: "int | None" = None) -> int:
        """Set the level if given; return it."""
        if level is not None:
            self.level = level
        return self.level


class PWM:
    """A PWM output; the page plays its tone."""

    def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
        self.hz = freq
        self.duty = duty_u16

    def freq(self, hz: "int | None" = None) -> int:
        """Set the frequency if given; return it."""
        if hz is not None:
            self.hz = hz
        return self.hz

    def duty_u16(self, duty: "int | None" = None) -> int:
        """Set the duty if given; return it."""
        if duty is not None:
            self.duty = duty
        return self.duty
