"""Every text that the unit shows: a translation needs this file and no other.

A screen row has 16 cells of printable ASCII; a test checks each text's length.
The order is that of `states.STATES`, `states.REFUSALS` and `faults.FAULTS`.
"""

STATES = (
    b"Self test", b"Ready", b"Waiting for skin", b"Checking lights", b"Warming up", b"Treating",
    b"Paused", b"Done", b"Charging", b"FAULT: dark", b"LOCKED: dark", b"Service: START", b"Off",
    b"UP DOWN, START",
)  # fmt: skip
REASONS = (  # by the event that ended the session
    b"Ended: fault", b"Ended by you", b"Charger in", b"Battery empty", b"Ended by host",
    b"Off the skin", b"Off the skin", b"Ended by you", b"Heat dose full", b"Dose reached",
    b"Time is up", b"Waited too long",
) + (b"",) * 17 + (b"Enough for today",)  # fmt: skip
REFUSALS = (
    b"", b"Button is stuck", b"Charge it first", b"Enough for today", b"Too warm: wait",
    b"Put the belt on", b"Cause persists", b"Cannot keep log", b"Needs service",
    b"Prescr. expired", b"Set the clock", b"Too early", b"Trial is over", b"First UP or DOWN",
    b"First belt off",
    b"Hold START 1.5 s", b"Course is over",
    b"    -  -   OK?",
)  # fmt: skip
FAULTS = (
    b"Sensor open", b"Sensor shorted", b"Skin too hot", b"Sensors differ",
    b"Contact silent", b"Sensor garbled", b"Board too hot", b"Board silent",
    b"Board garbled", b"Lamp is out", b"Lamp stuck on", b"Switch stuck", b"No lamp power",
    b"Rail silent", b"Battery empty", b"Pad unplugged", b"Sensor frozen",
    b"Sensor jumped", b"Sensor loose", b"Off the skin", b"Lamps uneven", b"Log garbled",
    b"Skin s. silent",
    b"Lamp current",
    b"Part unsteady",
)  # fmt: skip
LOCKS = (b"", b"Not calibrated", b"Bad prescription", b"Restarted a lot", b"Board file wrong",
         b"Needs service", b"Ticket is wrong")  # fmt: skip
PADS = (b"A", b"B", b"")

RECEIPT = b"R"
LEFT = b"Left    :"
CONTACT = b"A  .   B  .  C"
DOSE = b"A  .  B  . J/cm2"
SET_POINT = b"Held at   .  C"
BATTERY = b"    %      times"
OFFER = b"START A  . B  . "  # J/cm2 that START would give, and
REST_OF_DAY = b"Rest of day  :"  # where less light than of a session is left of the day
RESET = b"Reset"  # a part lost its set-up, which is right again: its name, and how often
PARTS = (b"contact A", b"contact B", b"board A", b"board B", b"rail", b"gauge", b"skin")
LET_GO = b"Let go 1 minute"
UNSURE = b"?"  # gauge and voltage differ
NO_CLOCK = b"Clock not set"

TELL_THE_CLINIC = b"Tell the clinic"

# Shown only by a unit in a trial.
ENDED = b"Ended"  # for a reason that could give the arm away
VISIT = b"Visit    of"
FROM = b"From     -  -"
OVERALL = b"Overall"
ILL_EFFECTS = b"Ill effects"
GUESS = b"Which treatment"
PAIN = b"Pain 0-10:"
SEVERITIES = (b"none", b"mild", b"moderate", b"severe")
GUESSES = (b"therapy", b"placebo", b"unsure")
BLANK = b"-"
STAGES = (b"Before therapy", b"Start therapy", b"After therapy", b"")
