"""Cues: light, tones and vibration, one row a cue, in the order of `states.CUES`.

Played by the HAL. The wearer does not see the screen, so every state has a sound and a vibration
of its own: rising for a beginning, falling for an end, low and long for trouble.
"""

DARK, STEADY, SLOW, FAST = 0, 1, 2, 3  # the status light: off, on, blinking

# Pitches, Hz: a buzzer is loudest around 2-4 kHz.
LOW, MID, HIGH = 1_000, 2_000, 3_000

CUES = (
    # light, tones (Hz, ms; 0 Hz is a rest), vibration (ms on, off, on ...)
    (SLOW, (), ()),  # SELF_TEST: nothing to tell yet
    (STEADY, ((MID, 80),), (80,)),  # READY
    (SLOW, ((MID, 60), (0, 60), (MID, 60)), (60, 60, 60)),  # WAIT_SKIN
    (FAST, ((MID, 40),), (40,)),  # CHECK
    (FAST, ((MID, 80), (HIGH, 160)), (150,)),  # RAMP
    (FAST, ((HIGH, 60), (0, 40), (HIGH, 60)), (60, 40, 60)),  # TREAT
    (SLOW, ((HIGH, 80), (MID, 160)), (80, 80, 80)),  # PAUSED
    (STEADY, ((HIGH, 120), (MID, 120), (LOW, 240)), (400,)),  # DONE
    (SLOW, ((MID, 40), (0, 40), (MID, 40), (0, 40), (HIGH, 80)), (40, 40, 40)),  # CHARGING
    (FAST, ((LOW, 400), (0, 100), (LOW, 400), (0, 100), (LOW, 400)), (400, 100, 400, 100, 400)),
    (FAST, ((LOW, 800),), (800,)),  # LOCKED
    (SLOW, ((LOW, 80), (MID, 80), (LOW, 80)), (80, 40, 160)),  # SERVICE
    (DARK, ((MID, 80), (LOW, 80)), (200,)),  # OFF
    (None, ((LOW, 120), (0, 60), (LOW, 120)), (120, 60, 120)),  # REFUSED: the light stays
    (None, ((LOW, 60), (0, 60), (LOW, 60), (0, 60), (LOW, 60)), (60, 60, 60)),  # BATTERY_LOW
    (None, ((MID, 30),), (30,)),  # SET_POINT
    (SLOW, ((HIGH, 40), (0, 40), (MID, 40)), (40, 40, 80)),  # RATE
)
