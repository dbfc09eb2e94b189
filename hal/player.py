"""Cues: status light, buzzer and vibration motor, played from a table without a timer.

The table is indexed by cue; a row is (light, pulse_ms, pitches):

    light      bits of the clock in ms: the light is on while all of them are 0; negative is dark,
               None leaves it as it was
    pulse_ms   length of each pulse; between pulses are CUE_GAP_MS
    pitches    a digit for each pulse: what the buzzer sounds, in kHz, while the motor runs

Light stays until another cue changes it; pulses end, or are cut short by the next cue.
"""

from machine import PWM, Pin

from hal.contract import CUE_GAP_MS

HALF_DUTY = 32_768  # a square wave is loudest


class Player:
    """Plays one cue at a time, a step each tick."""

    def __init__(self, light: int, buzzer: int, vibration: int, cues: "tuple[Cue, ...]") -> None:
        """Silent, still and unlit."""
        self.cues = cues
        self.light = Pin(light, Pin.OUT, value=0)
        self.motor = Pin(vibration, Pin.OUT, value=0)
        self.buzzer = PWM(Pin(buzzer), freq=1_000, duty_u16=0)
        self.mode = -1
        self.shown = 0
        self.pulse_ms = 0
        self.pitches = b""
        self.part = 0  # pulses are even, gaps odd
        self.part_ms = 0  # left of it

    def play(self, cue: int) -> None:
        """Start a cue now; a number that the table has not is nothing."""
        if not 0 <= cue < len(self.cues):
            return
        light, self.pulse_ms, self.pitches = self.cues[cue]
        if light is not None:
            self.mode = light
        self.part = 0
        self._begin_part()

    def step(self, ms: int, elapsed_ms: int) -> None:
        """A tick: `ms` is the clock, `elapsed_ms` what went by since the last step."""
        on = 0 if self.mode < 0 or ms & self.mode else 1
        if on != self.shown:
            self.shown = on
            self.light.value(on)
        if self.part_ms > 0:
            self.part_ms -= elapsed_ms
            if self.part_ms <= 0:
                self.part += 1
                self._begin_part()

    def _begin_part(self) -> None:
        """Begin a pulse or a gap; still where all pulses are over."""
        on = self.part_ms = 0
        if self.part < 2 * len(self.pitches):
            self.part_ms = CUE_GAP_MS
            if not self.part & 1:
                on = 1
                self.part_ms = self.pulse_ms
                self.buzzer.freq((self.pitches[self.part >> 1] & 15) * 1_000)
        self.buzzer.duty_u16(HALF_DUTY * on)
        self.motor.value(on)


TYPE_CHECKING = False
if TYPE_CHECKING:
    Cue = tuple[int | None, int, bytes]
