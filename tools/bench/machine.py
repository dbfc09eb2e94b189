"""`machine` as far as `hal.player` asks for it: pins and a buzzer that the page can look at.

Lies beside the firmware in the page's MicroPython, where there is no chip.
"""


class Pin:
    """An output that remembers its level."""

    OUT = 1

    def __init__(self, number: int, mode: int = OUT, value: int = 0) -> None:
        self.level = value

    def value(self, level: "int | None" = None) -> int:
        """Set the level, or say it."""
        if level is not None:
            self.level = level
        return self.level


class PWM:
    """A tone that nobody hears until the page plays it."""

    def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
        self.hz = freq
        self.duty = duty_u16

    def freq(self, hz: "int | None" = None) -> int:
        """Set the frequency, or say it."""
        if hz is not None:
            self.hz = hz
        return self.hz

    def duty_u16(self, duty: "int | None" = None) -> int:
        """Set the duty, or say it."""
        if duty is not None:
            self.duty = duty
        return self.duty
