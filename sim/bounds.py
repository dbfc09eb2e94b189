"""What must come of each fault, and within how long: the design's fault table as data.

One row a fault, by the name that a scenario calls it. Read by the fault matrix
(`sim.matrix`), by random campaigns and by tests; nothing here runs.

**Off** is no current in the emitters, as the physics sees it. A latency counts from the
moment that `since` names:

* STRIKE: the fault's own onset;
* CURRENT: when the LED supply's current can first tell (`sim.current`): a string that is open
  shows where it is asked for light, a switch that sticks where less than all is asked for;
* SENSED: the first of a pad's contact samples that stayed beyond the trip (TRIP_C) until it
  was dark; never, where none did;
* EMPTY: the first of the battery's samples that stayed below EMPTY_MV until it was dark; never,
  where none did;
* APART: since when the pad's two contact sensors stayed more than APART_C from each other,
  noise aside; never, where they did not.

Whatever the fault, true contact stays at or below SINGLE_C, with the hardware alert working
or dead, and at or below DOUBLE_C where two independent faults meet. An outside source of heat
can carry a dark pad beyond that: then what counts is that nothing was emitted after the cut,
and that contact was within SINGLE_C at the cut.

The numbers stand on their own: a firmware whose limits were altered is still held to these.
"""

from sim.record import Record

TRIP_C = 42.5  # design: contact trip, sensed
APART_C = 1.5  # design: the two contact sensors of a pad
EMPTY_MV = 3_000  # design: mean cell under load at which a session ends
SINGLE_C = 43.0  # design: true contact under any single fault
DOUBLE_C = 43.5  # design: under any two independent ones
STOP_MS = 80  # ours: a press of START ends light as soon as any fault must ("stop always wins")
# Faults that must be told from others, and when at last. Design, but for the string: it is let
# be within a second, and found by a check of every bank, which takes 2.2 s (ours).
NAMED_MS = {"pad_unplugged": 1_000, "fet_stuck_on": 1_000, "led_open": 3_000}
RESET_MS = 500  # design: the watchdog's answer to a firmware that raised or hangs
GATED_MS = 4_000  # ours: a switch that sticks shows in the dark parts of gated light, or in these
TRANSFER_MS = 5  # design: what a transfer on a held bus may cost

# Since when a latency counts.
STRIKE, CURRENT, SENSED, EMPTY, APART = "strike", "current", "sensed", "empty", "apart"

# What must come of a fault.
OFF = "off"  # dark within `within_ms`, and dark while the fault lasts
BANK = "bank"  # that bank is driven no more, and named; the others go on
AT_START = "at start"  # a running session may go on, its light ending by the banks' own pins;
#   the next START or resume gets no further than the check
GOES_ON = "goes on"  # the unit does what it would have done without

TIMED = (OFF, BANK)  # what has to be over in time

IN_DESIGN = "design"


class Trial(Record):
    """With what a fault is tried, and for how long at most it is watched for an effect."""

    FIELDS = ("value", "watch_s", "button")

    def __init__(
        self, value: float | None = None, watch_s: float = 6.0, button: str | None = None
    ) -> None:
        self.value = value  # in the unit of `sim.scenario`; None where it takes none
        self.watch_s = watch_s
        self.button = button  # what is stuck


ONCE = (Trial(),)


class Bound(Record):
    """One row of the table."""

    FIELDS = (
        "fault", "comes", "within_ms", "since", "ends", "tried", "outside", "once", "gated_ms",
        "session", "source",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - a column of the table each
        self, fault: str, comes: str, within_ms: int | None, since: str, ends: tuple[str, ...],
        tried: tuple[Trial, ...] = ONCE, outside: bool = False, once: bool = False,
        gated_ms: int | None = None, session: bool = False, source: str = IN_DESIGN,
    ) -> None:  # fmt: skip
        self.fault = fault
        self.comes = comes  # OFF, BANK, AT_START or GOES_ON
        self.within_ms = within_ms  # None: there is nothing that would have to end
        self.since = since
        self.ends = ends  # states in which a session that was lit may be found afterwards
        self.tried = tried
        self.outside = outside  # it heats the skin from outside
        self.once = once  # it strikes and is gone: a later START may be granted
        self.gated_ms = gated_ms  # for `within_ms`, where light is gated by ticks
        self.session = session  # a session that was begun before may be resumed
        self.source = source


SLOW_S = 300.0  # ours: by then a frozen sensor's pad has warmed by several degrees
HEAT_S = 900.0  # ours: at most; contact that has not risen for a minute has settled before
BANKS_NM = (810.0, 1_060.0)  # the weakest and the strongest load of the reference board
TRIED_NM = tuple([Trial(nm) for nm in BANKS_NM])
LIT = ("CHECK", "RAMP", "TREAT")
STICKS = (
    "design, from when the current can be told from a driver's tolerance; light that is gated by"
    f" ticks is judged in its dark parts: there {GATED_MS / 1000:g} s, ours"
)
OPENS = (
    "design, from when its current can be told from none; its name follows with the check that"
    " finds it. In gated light, and where it opened after the check had looked and before the"
    " drivers were learned, the next check is the first to see it: ours"
)
BEGUN = "design; a session that was written before the fault may be resumed: ours"
HOT = ("FAULT", "DONE") + LIT  # DONE: the thermal dose reached its cap first
GOES = ("FAULT",) + LIT  # FAULT: the check was not over, and saw it

ROWS = (
    Bound("ntc_open", OFF, 80, STRIKE, ("FAULT",)),
    Bound("ntc_short", OFF, 80, STRIKE, ("FAULT",)),
    Bound("ntc_stuck", OFF, 800, APART, GOES, (Trial(None, SLOW_S),)),
    Bound(
        "ntc_drift", OFF, 800, APART, ("FAULT",),
        (Trial(1.0, 200.0), Trial(-1.0, 200.0), Trial(10.0, 40.0), Trial(-10.0, 40.0)),
    ),
    Bound("contact_stuck", OFF, 800, APART, GOES, (Trial(None, SLOW_S),)),
    Bound("contact_lost", OFF, 800, STRIKE, ("FAULT",),
          source="design; 'shows' is taken for the strike, which is stricter"),
    Bound("contact_garbage", OFF, 800, STRIKE, ("FAULT",),
          source="design; 'shows' is taken for the strike, which is stricter"),
    Bound("ntc_noise", GOES_ON, None, STRIKE, LIT, (Trial(0.5, 60.0),)),
    Bound("board_sensor_lost", OFF, 1_000, STRIKE, ("FAULT",)),
    Bound(
        "hot_skin", OFF, 80, SENSED, HOT,
        (Trial(150.0, HEAT_S), Trial(300.0, HEAT_S), Trial(600.0, 300.0), Trial(1_500.0, 90.0)),
        outside=True,
    ),
    Bound("no_perfusion", OFF, 80, SENSED, HOT, (Trial(None, HEAT_S),)),
    Bound("hot_room", OFF, 80, SENSED, HOT, (Trial(40.0, HEAT_S), Trial(60.0, HEAT_S)),
          outside=True),
    Bound("under_blanket", OFF, 80, SENSED, HOT, (Trial(None, HEAT_S),)),
    Bound("lying_on_pad", OFF, 80, SENSED, HOT, (Trial(None, HEAT_S),)),
    Bound("alert_broken", GOES_ON, None, STRIKE, LIT),
    Bound("fet_stuck_on", OFF, 1_000, CURRENT, ("FAULT",), TRIED_NM,
          gated_ms=GATED_MS, source=STICKS),
    Bound("enable_stuck", AT_START, None, STRIKE, GOES),
    Bound("led_open", BANK, 1_000, CURRENT, LIT, TRIED_NM,
          source=OPENS),
    Bound("battery_sag", OFF, 80, EMPTY, ("DONE",) + LIT, (Trial(3.0), Trial(1.0))),
    Bound("battery_low", OFF, 80, EMPTY, ("DONE",) + LIT, (Trial(0.5, 120.0), Trial(2.0, 120.0)),
          source="ours: 'in order' is DONE, within what a sag is given, and no START after it"),
    Bound("gauge_nak", GOES_ON, None, STRIKE, LIT),
    Bound("gauge_garbage", GOES_ON, None, STRIKE, LIT),
    Bound("i2c_hang", OFF, 800, STRIKE, ("FAULT",)),
    Bound("clock_jump", GOES_ON, None, STRIKE, LIT, (Trial(1.0), Trial(-1.0))),
    Bound("button_stuck", OFF, STOP_MS, STRIKE, ("OFF", "PAUSED"), (Trial(button="START"),),
          source="ours: START that sticks is a press, and then a hold"),
    Bound("button_stuck", AT_START, None, STRIKE, LIT, (Trial(button="UP"), Trial(button="DOWN"))),
    Bound("button_bounce", GOES_ON, None, STRIKE, LIT),
    Bound("charger_plugged", OFF, 80, STRIKE, ("CHARGING",)),
    Bound("pad_unplugged", OFF, 80, STRIKE, ("FAULT",),
          source="design; both pads go dark, so that the other is not boosted"),
    Bound("unworn", OFF, 1_000, STRIKE, ("PAUSED", "DONE")),
    Bound("firmware_exception", OFF, 80, STRIKE, ("READY", "SELF_TEST"), once=True),
    Bound("firmware_hang", OFF, 80, STRIKE, ("READY", "SELF_TEST"), once=True),
    Bound("host_attach", OFF, 500, STRIKE, ("READY", "SELF_TEST", "DONE", "OFF"), once=True),
    Bound("soft_reset", OFF, 500, STRIKE, ("READY", "SELF_TEST"), once=True),
    Bound("brownout", OFF, 0, STRIKE, ("READY", "SELF_TEST"), once=True),
    Bound("flash_full", AT_START, None, STRIKE, GOES, session=True, source=BEGUN),
    Bound("flash_corrupt", AT_START, None, STRIKE, GOES, session=True, source=BEGUN),
    Bound("flash_torn", AT_START, None, STRIKE, GOES, once=True, session=True, source=BEGUN),
)  # fmt: skip

FAULTS = tuple(dict.fromkeys(row.fault for row in ROWS))


def of(fault: str, button: str | None = None) -> Bound:
    """A fault's row; of `button_stuck` the one for the button that is stuck. Raises KeyError."""
    for row in ROWS:
        if row.fault == fault and button in [None] + [trial.button for trial in row.tried]:
            return row
    raise KeyError(fault)
