"""The state machine as a table: (state, event) -> state. Data only.

`firmware.session` runs it, tests search it, documents are drawn from it. An
event that has no row in a state is ignored there; a row is never taken twice
for one event. The lowest-numbered event of a tick goes first, so that trouble
wins over a button and a button over the clock.
"""

# States.
SELF_TEST = 0  # dark; every sensor heard and plausible before anything else
READY = 1  # waits for START
WAIT_SKIN = 2  # START was given; waits for skin
CHECK = 3  # each bank lit for a tick at a tenth, then the supply switch shown to open
RAMP = 4  # power rises
TREAT = 5
PAUSED = 6  # dark, resumable
DONE = 7  # a session ended as it should
CHARGING = 8  # no therapy
FAULT = 9  # a latched fault; waits for its cause to go and for a person
LOCKED = 10  # no calibration or prescription: no therapy, and it says so
OFF = 11
STATES = (
    "SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT",
    "PAUSED", "DONE", "CHARGING", "FAULT", "LOCKED", "OFF",
)  # fmt: skip

LIT = (CHECK, RAMP, TREAT)  # the only states in which the gate lets light out
IN_SESSION = (WAIT_SKIN, CHECK, RAMP, TREAT, PAUSED)

# Events, the first to be handled first. A session ends with the reason named beside
# the event that took it out; the command's reports use these words.
FAULTED = 0
HOLD = 1  # START held 1.5 s
CHARGER_IN = 2
BATTERY_END = 3
UNWORN_END = 4  # off the skin more often than may be resumed
UNWORN = 5
PRESS = 6  # START went down
CEM43 = 7
DOSE = 8
TIME = 9
TIMEOUT = 10  # waited long enough for skin, or for a resume
LOCK = 11
START = 12  # START released, and a session may begin
RESUME = 13  # START released, and the session may go on
ACK = 14  # START released, and the fault's cause is gone
WORN = 15
PASSED = 16
RAMPED = 17
CHARGER_OUT = 18
REASONS = (
    "fault", "stopped", "charger", "battery", "unworn", "unworn", "stopped", "cem43", "dose",
    "time", "timeout", "", "", "", "", "", "", "", "",
)  # fmt: skip
EVENTS = (
    "FAULTED", "HOLD", "CHARGER_IN", "BATTERY_END", "UNWORN_END", "UNWORN", "PRESS", "CEM43",
    "DOSE", "TIME", "TIMEOUT", "LOCK", "START", "RESUME", "ACK", "WORN", "PASSED", "RAMPED",
    "CHARGER_OUT",
)  # fmt: skip

ROWS = (
    # from, event, to
    ((SELF_TEST,), PASSED, READY),
    ((SELF_TEST,), LOCK, LOCKED),
    ((READY, DONE), START, WAIT_SKIN),
    ((WAIT_SKIN,), WORN, CHECK),
    ((WAIT_SKIN,), PRESS, READY),
    ((WAIT_SKIN,), TIMEOUT, READY),
    ((CHECK,), PASSED, RAMP),
    ((RAMP,), RAMPED, TREAT),
    ((RAMP, TREAT), DOSE, DONE),
    ((CHECK, RAMP, TREAT), TIME, DONE),
    ((CHECK, RAMP, TREAT, PAUSED), CEM43, DONE),
    ((CHECK, RAMP, TREAT), PRESS, PAUSED),
    ((CHECK, RAMP, TREAT), UNWORN, PAUSED),
    ((CHECK, RAMP, TREAT), UNWORN_END, DONE),
    ((PAUSED,), RESUME, CHECK),
    ((PAUSED,), TIMEOUT, DONE),
    (IN_SESSION, BATTERY_END, DONE),
    ((SELF_TEST, READY, DONE) + IN_SESSION, CHARGER_IN, CHARGING),
    ((CHARGING,), CHARGER_OUT, SELF_TEST),
    ((SELF_TEST, READY, DONE, CHARGING) + IN_SESSION, FAULTED, FAULT),
    ((FAULT,), ACK, SELF_TEST),
    ((SELF_TEST, READY, DONE, FAULT, LOCKED) + IN_SESSION, HOLD, OFF),
)

# What a released START asks for in a state.
INTENT = {READY: START, DONE: START, PAUSED: RESUME, FAULT: ACK}

# Cues for light, tone and vibration: entering a state is cue number of that state.
CUE_REFUSED = 12
CUE_BATTERY_LOW = 13
CUE_SET_POINT = 14
CUES = STATES + ("REFUSED", "BATTERY_LOW", "SET_POINT")


def build() -> list[int]:
    """The rows as a flat list: next state at [state * len(EVENTS) + event], -1 where ignored."""
    table = [-1] * (len(STATES) * len(EVENTS))
    for states, event, to in ROWS:
        for state in states:
            cell = state * len(EVENTS) + event
            assert table[cell] < 0, "two rows for " + STATES[state] + ", " + EVENTS[event]
            table[cell] = to
    return table
