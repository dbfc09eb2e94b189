"""The design's units and states, as the oracle has them: stated here, not taken from the firmware.

Read by the oracle's parts and by `sim.oracle.report`, on MicroPython as well. A test holds them
equal to the firmware's: who alters one there is seen.
"""

TICK_MS = 20
CONTROL_MS = 200
HOLD_MS = 1_500  # START held for so long switches off
DUTY_MAX = 65_535
START = 1  # bit of the pins: the button
# A state is named as the unit shows it (`sim.oracle.claims`).
LIT = ("CHECK", "RAMP", "TREAT")  # the only states in which there may be light
POWERED = ("RAMP", "TREAT")  # ... and more of it than a check's flashes
GOING_ON = ("WAIT_SKIN",) + LIT  # a session that is neither over nor paused
IN_SESSION = GOING_ON + ("PAUSED",)
