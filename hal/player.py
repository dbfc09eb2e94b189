"""Cues: status light, buzzer and vibration motor, played from a table without a timer.

The table is indexed by cue; a row is (light, tones, vibration):

    light      LIGHT_OFF, LIGHT_ON, LIGHT_SLOW, LIGHT_FAST; None leaves it as it was
    tones      (hz, ms) one after the other; 0 hz is a rest
    vibration  ms on, ms off, ms on, ...

Light stays until another cue changes it; tones and vibration end, or are cut short by
the next cue.
"""

from machine import PWM, Pin

LIGHT_OFF = 0
LIGHT_ON = 1
LIGHT_SLOW = 2
LIGHT_FAST = 3

# Bit of the clock in ms that a light follows: 512 ms on and off, 128 ms on and off.
SLOW_BIT = 9
FAST_BIT = 7

HALF_DUTY = 32_768  # a square wave is loudest
HZ_MIN, HZ_MAX = 20, 20_000  # what is not between is a rest


class Player:
    """Plays one cue at a time, a step each tick."""

    def __init__(self, light: int, buzzer: int, vibration: int, cues: "tuple[Cue, ...]") -> None:
        """Silent, still and unlit."""
        self.cues = cues
        self.light = Pin(light, Pin.OUT, value=0)
        self.motor = Pin(vibration, Pin.OUT, value=0)
        self.buzzer = PWM(Pin(buzzer), freq=1_000, duty_u16=0)
        self.mode = LIGHT_OFF
        self.shown = 0
        self.tones: tuple[tuple[int, int], ...] = ()
        self.tone = 0  # the next one
        self.tone_ms = 0  # left of the one that sounds
        self.pulses: tuple[int, ...] = ()
        self.pulse = 0
        self.pulse_ms = 0

    def play(self, cue: int) -> None:
        """Start a cue now; a number that the table has not is nothing."""
        if not 0 <= cue < len(self.cues):
            return
        light, self.tones, self.pulses = self.cues[cue]
        if light is not None:
            self.mode = light
        self.tone = self.pulse = 0
        self._next_tone()
        self._next_pulse()

    def step(self, ms: int, elapsed_ms: int) -> None:
        """A tick: `ms` is the clock, `elapsed_ms` what went by since the last step."""
        mode = self.mode
        on = mode
        if mode == LIGHT_SLOW:
            on = ms >> SLOW_BIT & 1
        elif mode == LIGHT_FAST:
            on = ms >> FAST_BIT & 1
        if on != self.shown:
            self.shown = on
            self.light.value(on)
        if self.tone_ms > 0:
            self.tone_ms -= elapsed_ms
            if self.tone_ms <= 0:
                self._next_tone()
        if self.pulse_ms > 0:
            self.pulse_ms -= elapsed_ms
            if self.pulse_ms <= 0:
                self._next_pulse()

    def _next_tone(self) -> None:
        hz = self.tone_ms = 0
        if self.tone < len(self.tones):
            hz, self.tone_ms = self.tones[self.tone]
            self.tone += 1
        if HZ_MIN <= hz <= HZ_MAX:
            self.buzzer.freq(hz)
            self.buzzer.duty_u16(HALF_DUTY)
        else:
            self.buzzer.duty_u16(0)

    def _next_pulse(self) -> None:
        on = self.pulse_ms = 0
        if self.pulse < len(self.pulses):
            self.pulse_ms = self.pulses[self.pulse]
            on = 1 - (self.pulse & 1)
            self.pulse += 1
        self.motor.value(on)


TYPE_CHECKING = False
if TYPE_CHECKING:
    Cue = tuple[int | None, tuple[tuple[int, int], ...], tuple[int, ...]]
