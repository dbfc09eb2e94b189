"""Design constants of the oracle: ticks, states and duties, stated independently of the firmware.

Read by the oracle's parts and by `sim.oracle.report`, on MicroPython as well. A test compares them
with the firmware's.
"""

TICK_MS = 20
CONTROL_MS = 200
HOLD_MS = 1_500  # START held this long switches the unit off
DUTY_MAX = 65_535
START = 1  # the button's bit of the pins
BUCKLE = 8
# A state is named as the unit shows it (`sim.oracle.claims`).
LIT = ("CHECK", "RAMP", "TREAT")  # the only states in which there may be light
POWERED = ("RAMP", "TREAT")  # lit states with more than the flashes of the lamp test
GOING_ON = ("WAIT_SKIN",) + LIT  # a session that is neither over nor paused
IN_SESSION = GOING_ON + ("PAUSED",)
