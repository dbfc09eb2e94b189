"""The state machine as a table: (state, event) -> state. Data only.

`firmware.therapy.session` runs it, tests search it, documents are drawn from it. An
event that has no row in a state is ignored there; a row is never taken twice
for one event. The lowest-numbered event of a tick goes first, so that trouble
wins over a button and a button over the clock.
"""

from array import array

# States.
SELF_TEST = 0  # dark; every sensor heard and plausible before anything else
READY = 1  # waits for START
WAIT_SKIN = 2  # START was given; waits for skin
CHECK = 3  # the lamp test: each bank lit for 160 ms at a tenth, then the supply switch opens
RAMP = 4  # power rises
TREAT = 5
PAUSED = 6  # dark, resumable
DONE = 7  # a session ended as it should
CHARGING = 8  # no therapy
FAULT = 9  # a latched fault; waits for its cause to go and for a person
LOCKED = 10  # no calibration or prescription, or a hard fault was kept: no therapy, and it says so
SERVICE = 11  # dark; waits on skin for the START of the lit self-test that lifts a hard fault
OFF = 12
RATE = 13  # dark; a blinded unit asks, and a person answers with its buttons
STATES = (
    "SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT",
    "PAUSED", "DONE", "CHARGING", "FAULT", "LOCKED", "SERVICE", "OFF", "RATE",
)  # fmt: skip

LIT = (CHECK, RAMP, TREAT)  # the only states in which the gate lets light out
POWERED = (RAMP, TREAT)  # ... in more than a check's flashes
IN_SESSION = (WAIT_SKIN, CHECK, RAMP, TREAT, PAUSED)

# Events, the first to be handled first. A session ends with the reason named beside
# the event that took it out; the command's reports use these words.
FAULTED = 0
HOLD = 1  # START held 1.5 s
CHARGER_IN = 2
BATTERY_END = 3
HOST_IN = 4  # a host asks for the prompt
UNWORN_END = 5  # off the skin more often than may be resumed
UNWORN = 6
PRESS = 7  # START went down
CEM43 = 8
DOSE = 9
TIME = 10
TIMEOUT = 11  # waited long enough for skin, or for a resume
LOCK = 12
RECHECK = 13  # the rail monitor misses current: which bank is it?
SERVE = 14  # a host asks for the lit self-test
START = 15  # START released, and a session may begin
RESUME = 16  # START released, and the session may go on
ACK = 17  # START held, and the fault's cause is gone
TEST = 18  # START released, and the lit self-test may begin
WORN = 19
PASSED = 20
CLEARED = 21  # the lit self-test was passed
RAMPED = 22
CHARGER_OUT = 23
ASK = 24  # a visit has something to ask, and a person pressed a button or therapy is over
RATED = 25  # START released, everything before therapy is answered, and a session may begin
CLOSED = 26  # nothing is left to be asked
IDLE = 27  # nobody pressed a button for long, or a short while with an ended battery
STEP = 28  # the prescription's next step, which asks for more light
DAY = 29  # there was as much light this day as there may be
REASONS = (
    "fault", "stopped", "charger", "battery", "host", "unworn", "unworn", "stopped", "cem43",
    "dose", "time", "timeout", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "",
    "", "", "day_limit",
)  # fmt: skip
EVENTS = (
    "FAULTED", "HOLD", "CHARGER_IN", "BATTERY_END", "HOST_IN", "UNWORN_END", "UNWORN", "PRESS",
    "CEM43", "DOSE", "TIME", "TIMEOUT", "LOCK", "RECHECK", "SERVE", "START", "RESUME", "ACK",
    "TEST", "WORN", "PASSED", "CLEARED", "RAMPED", "CHARGER_OUT", "ASK", "RATED", "CLOSED",
    "IDLE", "STEP", "DAY",
)  # fmt: skip
COLUMNS = DAY + 1  # of the table: as many as there are events

ROWS = (
    # from, event, to
    ((SELF_TEST,), PASSED, READY),
    ((SELF_TEST, READY, DONE), LOCK, LOCKED),
    ((READY, DONE), START, WAIT_SKIN),
    ((READY, DONE), ASK, RATE),
    ((RATE,), RATED, WAIT_SKIN),
    ((RATE,), CLOSED, DONE),
    ((RATE,), TIMEOUT, READY),
    ((WAIT_SKIN,), WORN, CHECK),
    ((WAIT_SKIN,), PRESS, READY),
    ((WAIT_SKIN,), TIMEOUT, READY),
    ((CHECK,), PASSED, RAMP),
    ((CHECK,), CLEARED, SELF_TEST),
    ((RAMP, TREAT), RECHECK, CHECK),
    ((RAMP,), RAMPED, TREAT),
    ((RAMP, TREAT), DOSE, DONE),
    ((TREAT,), STEP, RAMP),
    ((CHECK, RAMP, TREAT), TIME, DONE),
    ((CHECK, RAMP, TREAT), DAY, DONE),
    ((CHECK, RAMP, TREAT, PAUSED), CEM43, DONE),
    ((CHECK, RAMP, TREAT), PRESS, PAUSED),
    ((CHECK, RAMP, TREAT), UNWORN, PAUSED),
    ((CHECK, RAMP, TREAT), UNWORN_END, DONE),
    ((PAUSED,), RESUME, CHECK),
    ((PAUSED,), TIMEOUT, DONE),
    (IN_SESSION, BATTERY_END, DONE),
    (IN_SESSION, HOST_IN, DONE),
    ((LOCKED,), SERVE, SERVICE),
    ((SERVICE,), TEST, CHECK),
    ((SERVICE,), TIMEOUT, LOCKED),
    ((SELF_TEST, READY, RATE, DONE, SERVICE) + IN_SESSION, CHARGER_IN, CHARGING),
    ((CHARGING,), CHARGER_OUT, SELF_TEST),
    ((SELF_TEST, READY, RATE, DONE, CHARGING, SERVICE) + IN_SESSION, FAULTED, FAULT),
    ((FAULT,), ACK, SELF_TEST),
    ((SELF_TEST, READY, RATE, DONE, FAULT, LOCKED, SERVICE) + IN_SESSION, HOLD, OFF),
    ((SELF_TEST, READY, DONE, FAULT, LOCKED), IDLE, OFF),
)

# Why a unit is locked: `texts.LOCKS` has the words.
NOT_LOCKED, CALIBRATION, PRESCRIPTION, RESTARTS, BOARD, HARD_FAULT, TRIAL = range(7)

# Why a START, RESUME or acknowledgement is refused; REFUSALS are the words of reports.
(
    NOTHING, BUTTON_STUCK, BATTERY, DAY_LIMIT, TOO_WARM, NOT_WORN, CAUSE_THERE, STORAGE,
    NEEDS_SERVICE, EXPIRED, NO_CLOCK, TOO_EARLY, TRIAL_OVER, NO_ANSWER, NEVER_OFF,
    HOLD_START, COURSE_OVER, NEW_DATE,
) = range(18)  # fmt: skip
REFUSALS = (
    "", "button_stuck", "battery", "day_limit", "too_warm", "not_worn", "cause_there", "storage",
    "needs_service", "expired", "no_clock", "too_early", "trial_over", "no_answer",
    "never_off", "hold_start", "course_over", "new_date",
)  # fmt: skip

# Refusals that a person at home can do nothing about.
NEEDS_CLINIC = (STORAGE, NEEDS_SERVICE, EXPIRED, NO_CLOCK, TRIAL_OVER, COURSE_OVER)

# What a released START asks for in a state.
INTENT = {READY: START, DONE: START, PAUSED: RESUME, SERVICE: TEST, RATE: RATED}

# Cues for light, tone and vibration: entering a state is cue number of that state, but for RATE.
CUE_BATTERY_LOW = 13
CUE_SET_POINT = 14
CUE_RATE = 15
CUE_DONE_EARLY = 16  # a session ended, and its rest may still be given
CUE_REFUSED_BELT = 17  # the first kind of refusal
CUE_REFUSED_WARM = 18
CUE_REFUSED_DAY = 19
CUE_REFUSED_BATTERY = 20
CUE_REFUSED_HELP = 21
CUES = STATES[:RATE] + (
    "BATTERY_LOW", "SET_POINT", "RATE", "DONE_EARLY",
    "REFUSED_BELT", "REFUSED_WARM", "REFUSED_DAY", "REFUSED_BATTERY", "REFUSED_HELP",
)  # fmt: skip
# Of each refusal, the pulses of its cue: 1 belt, 2 warm, 3 day, 4 battery, 5 help.
REFUSAL_PULSES = b"054321555553551555"


def build() -> "array[int]":
    """The rows as a flat table: next state at [state * COLUMNS + event], -1 where ignored."""
    table = array("b", [-1] * (len(STATES) * COLUMNS))
    for states, event, to in ROWS:
        for state in states:
            cell = state * COLUMNS + event
            assert table[cell] < 0, (STATES[state], event)
            table[cell] = to
    return table
