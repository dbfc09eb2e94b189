"""Dark, by the shortest way there is: no board, no drivers, nothing that can be wrong.

`main.py` calls this whatever happened to the rest. The pins are literal, as in `boot.py`;
a test holds both equal to every board's.
"""

from machine import Pin, reset

# Supply switch first, then the emitters.
PINS = (16, 8, 9, 10, 11, 12, 13, 14, 15)


def off() -> None:
    """Each pin a plain output, low: at once, from whatever function it had."""
    for pin in PINS:
        Pin(pin, Pin.OUT, value=0)


def restart() -> None:
    """Off, then a reset of the chip, which does not come back."""
    try:
        off()
    finally:
        reset()
