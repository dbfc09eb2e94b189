"""Prompt: what a unit without its firmware shows, and how it goes off.

Called by `main.py` as it returns to the prompt, where `mpremote` finds it. Pins are literal, as in
`boot.py`: the board may be what is broken. A timer of MicroPython's looks at START; it runs
while nobody types, and a soft reset, with which a host begins, ends it. The supply is let go of
after START was held or when ten minutes went by: a unit that its host feeds lives on.
"""

from machine import Pin, Timer

from hal.bus import Bus
from hal.oled import Oled

LOOK_MS = 250
HELD_LOOKS = 6  # 1.5 s
OFF_LOOKS = 2_400  # 10 min
ROWS = (b"At the prompt", b"No therapy", b"", b"Hold START:", b"goes off", b"USB: mpremote")


class Prompt:
    """The timer, and what it counts."""

    def __init__(self) -> None:
        self.start = Pin(18, Pin.IN, Pin.PULL_UP)
        self.hold = Pin(22, Pin.OUT, value=1)
        self.held = 0
        self.looks = 0
        self.timer = Timer(-1, period=LOOK_MS, mode=Timer.PERIODIC, callback=self.look)

    def look(self, timer: Timer) -> None:
        """Let go of the supply once START was held, or nobody came for long."""
        self.looks += 1
        self.held = 0 if self.start.value() else self.held + 1
        if self.held >= HELD_LOOKS or self.looks >= OFF_LOOKS:
            timer.deinit()
            self.hold.value(0)


def show_prompt() -> None:
    """Say on the screen, where there is one, that no firmware runs."""
    screen = Oled(Bus(1, 7, 6))
    screen.begin()
    for row, text in enumerate(ROWS):
        cells = bytearray(b" " * 16)
        cells[: len(text)] = text
        screen.show(row, cells)
    while screen.dirty and screen.ready:
        screen.step()
