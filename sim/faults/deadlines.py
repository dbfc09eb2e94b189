"""Deadlines: what must come of a fault, and within how long.

The rows are in the catalogue of faults (`sim.faults.catalogue`), beside each fault. Read by the
fault matrix (`sim.campaign.fault_matrix`), the verdict, the safety oracle, campaigns and the bench
page; nothing here runs.

**Off** is no current in the emitters, as the physics has it. A latency counts from `since`:

| since   | begins with                                                                          |
|---------|--------------------------------------------------------------------------------------|
| STRIKE  | the fault's onset                                                                    |
| CURRENT | the LED supply's current can first show it (`sim.oracle.current_oracle`): an open    |
|         | string where it is asked for light, a stuck switch where less than all is asked for  |
| SENSED  | the first of a pad's contact samples that stayed at TRIP_C or above until it is dark |
| EMPTY   | the first of the battery's samples that stayed below EMPTY_MV until it is dark       |
| APART   | the pad's two contact sensors stay more than APART_C from each other, noise aside    |

Where that never begins, nothing is due. These three limits are in `sim.physics.plant`.

Whatever the fault, true contact stays at or below SINGLE_C, with the hardware alert working or
dead, and at or below DOUBLE_C where two independent faults meet. An outside source of heat can
carry a dark pad beyond that: then nothing may be emitted after the cut, and contact was within
SINGLE_C at the cut. The numbers are independent of the firmware's: a firmware whose limits were
altered is still held to these.
"""

from sim.common.value_record import Record

SINGLE_C = 43.0  # design: true contact under any single fault
DOUBLE_C = 43.5  # design: under any two independent ones
STOP_MS = 80  # ours: a press of START ends light as soon as any fault must ("stop always wins")
RESET_MS = 500  # design: the watchdog's answer to a firmware that raised or hangs
GATED_MS = 4_000  # ours: a switch that sticks shows in the dark parts of gated light, or in these

# Since when a latency counts.
STRIKE, CURRENT, SENSED, EMPTY, APART = "strike", "current", "sensed", "empty", "apart"

# What must come of a fault.
OFF = "off"  # dark within `within_ms`, and dark while the fault lasts
BANK = "bank"  # that bank is driven no more, and named; the others go on
AT_START = "at start"  # a running session may go on, its light ending by the banks' own pins;
#   the next START or resume gets no further than the check
GOES_ON = "goes on"  # the unit does what it would have done without

TIMED = (OFF, BANK)  # what has to be over in time

LIT = ("CHECK", "RAMP", "TREAT")  # states of the firmware in which there is light

IN_DESIGN = "design"  # a deadline's source


class Trial(Record):
    """With what a fault is tried, and for how long at most its effect is waited for."""

    FIELDS = ("value", "watch_s", "button")
    value: float | None = None  # in the unit of `sim.scenario.scenario`; None where it takes none
    watch_s: float = 6.0
    button: str | None = None  # what is stuck


class Bound(Record):
    """A deadline: what must come of a fault, and within how long. A fault has one, or one for each
    way in which it is tried."""

    FIELDS = (
        "comes", "within_ms", "since", "ends", "tried", "outside", "once", "gated_ms",
        "session", "source", "fault",
    )  # fmt: skip
    comes: str  # OFF, BANK, AT_START or GOES_ON
    within_ms: int | None  # None: there is nothing that would have to end
    since: str
    ends: tuple[str, ...]  # states in which a session that was lit may be found afterwards
    tried: tuple[Trial, ...] = (Trial(),)
    outside: bool = False  # it heats the skin from outside
    once: bool = False  # it strikes and is gone: a later START may be granted
    gated_ms: int | None = None  # for `within_ms`, where light is gated by ticks
    session: bool = False  # a session that was begun before may be resumed
    source: str = IN_DESIGN
    fault: str = ""  # the name of the row of the catalogue that this is in
