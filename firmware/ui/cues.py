"""Cues: light, vibration and tones, one row a cue, in the order of `states.CUES`.

Played by the HAL. The wearer does not see the screen, so the hand alone tells cues apart. Of any
two, the number or the length of the pulses differs by a factor of two at least; refusals are
counted, 1 to 5. The lengths are SHORT, MIDDLE, LONG for what goes well, and longer for what is
wrong. tests/firmware/test_cues.py holds this over all pairs.
"""

# The status light: bits of the clock in ms that are 0 while it is on (2 flashes a second or so).
DARK, STEADY, SLOW, FAST = -1, 0, 512, 128
TWICE = 512 + 128  # two flashes a second, close together
RARELY = 1024 + 512 + 256  # a flash every 2 s

SHORT, MIDDLE, LONG, WRONG, WORSE, WORST = 80, 160, 320, 640, 1_280, 2_560  # ms

CUES = (
    # light (None: as it was), ms of a pulse, a digit for each pulse: its pitch in kHz
    (SLOW, 0, b""),  # SELF_TEST: nothing to tell yet
    (STEADY, MIDDLE, b"2"),  # READY
    (SLOW, SHORT, b"22"),  # WAIT_SKIN
    (FAST, SHORT, b"2222"),  # CHECK: over before RAMP begins
    (FAST, LONG, b"3"),  # RAMP
    (FAST, MIDDLE, b"33"),  # TREAT
    (SLOW, LONG, b"32"),  # PAUSED
    (STEADY, MIDDLE, b"3322"),  # DONE
    (SLOW, SHORT, b"22222222"),  # CHARGING
    (TWICE, WORST, b"11"),  # FAULT
    (RARELY, WORSE, b"1111"),  # LOCKED
    (SLOW, LONG, b"12121212"),  # SERVICE
    (DARK, LONG, b"3221"),  # OFF
    (None, WORSE, b"1"),  # BATTERY_LOW
    (None, SHORT, b"2"),  # SET_POINT
    (SLOW, MIDDLE, b"23232323"),  # RATE
    (STEADY, WORSE, b"21"),  # DONE_EARLY
    (None, WRONG, b"1"),  # REFUSED_BELT
    (None, WRONG, b"11"),  # REFUSED_WARM
    (None, WRONG, b"111"),  # REFUSED_DAY
    (None, WRONG, b"1111"),  # REFUSED_BATTERY
    (None, WRONG, b"11111"),  # REFUSED_HELP
)
