"""First code on power-up: supply switch and emitters low, supply held, then service mode or on.

Literal pins: the board takes time to read and may be broken. UP and DOWN held: service mode.
With a `u`, a built-in module is not looked for among the files first, which takes 3 ms.
"""

from umachine import Pin
from utime import sleep_ms

for _pin in (16, 8, 9, 10, 11, 12, 13, 14, 15):
    Pin(_pin, Pin.OUT, value=0)
Pin(22, Pin.OUT, value=1)  # POWER_HOLD: a short press of START is enough
_up_down = (Pin(19, Pin.IN, Pin.PULL_UP), Pin(20, Pin.IN, Pin.PULL_UP))
sleep_ms(2)  # for the pull-ups to win
SERVICE = not (_up_down[0].value() or _up_down[1].value())
