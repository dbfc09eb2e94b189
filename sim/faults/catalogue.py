"""Catalogue of faults: one row for each fault that a scenario may call for.

A row gives a fault's name, words and arguments, the names under which the firmware may report it,
and its deadlines (`sim.faults.deadlines`). Read by scenarios, the fault matrix, campaigns, the
safety oracle, the bench page and the documents; nothing here runs. What a fault does to the
simulated unit is its injector, found by the name in `sim.faults.injectors` or, for faults of the
program, in `sim.faults.program`.

To add a fault: a row here, and its injector. tests/sim/test_catalogue.py holds the two together.
"""

from sim.common.value_record import Record, replace
from sim.faults.deadlines import (
    APART,
    AT_START,
    BANK,
    CURRENT,
    EMPTY,
    GATED_MS,
    GOES_ON,
    LIT,
    OFF,
    SENSED,
    STOP_MS,
    STRIKE,
    Bound,
    Trial,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# How a fault of the program, the chip or its supply ends the program.
RAISES, HANGS, HOST, SOFT_RESET, POWER_LOST = "raises", "hangs", "host", "soft reset", "power lost"


class Fault(Record):
    """One row. No `pad` in an event means both pads."""

    FIELDS = (
        "name", "place", "words", "bounds", "pad", "unit", "low", "high", "default", "lasts",
        "also", "for_s", "shows_as", "named_ms", "hidden_by", "darkens", "ends_program", "not_in",
        "drawn", "least", "harmless_to", "by_change",
    )  # fmt: skip
    name: str
    place: int  # in reports, which follow the design's table
    words: str  # what happens to the unit
    bounds: "Sequence[Bound]"  # what must come of it; more than one where the button decides
    # What a scenario may say of it.
    pad: str = ""  # "" takes none, "may" takes one, "must" needs one
    unit: str = ""  # of `value`; "" takes none, "nm" is a wavelength on the board
    low: float = 0.0
    high: float = 0.0
    default: float | None = None  # None where `value` must be given
    lasts: bool = True  # takes `for_s`
    also: str = ""  # another key: "button" is needed, "line" and "nm" may be there
    for_s: float | None = None  # lasts so long, each time
    # What the firmware makes of it.
    shows_as: tuple[str, ...] = ()  # names under which it may latch a fault; its own, where empty
    named_ms: int | None = None  # it must be told from others, in so long
    hidden_by: str = ""  # the fault that freezes what this one shows by
    darkens: bool = False  # ends or pauses a session, and no fault is latched
    ends_program: str = ""  # RAISES and so on; "" does not
    # How it is tried.
    not_in: tuple[str, ...] = ()  # moments (`sim.campaign.injection_points`): it cannot strike then
    drawn: tuple[float, float] | None = None  # values for campaigns; None: all of a scenario's
    least: float = 0.0  # ... and the least of them, either way
    by_change: bool = False  # told by what was read before: a program that begins has read nothing
    harmless_to: float | None = None  # up to this size it must not end a session; None: any


SLOW_S = 300.0  # ours: by then a frozen sensor's pad has warmed by several degrees
HEAT_S = 900.0  # ours: at most; contact that has not risen for a minute has settled before
TRIED_NM = (Trial(810.0), Trial(1_060.0))  # weakest and strongest load of the reference board
STICKS = (
    "design, from when the current can be told from a driver's tolerance; light that is gated by"
    f" ticks is judged in its dark parts: there {GATED_MS / 1000:g} s, ours"
)
OPENS = (
    "design, from when its current can be told from none; its name follows with the check that"
    " finds it. In gated light, and where it opened after the check had looked and before the"
    " drivers were learned, the next check is the first to see it: ours"
)
RESET_S = 12.0  # ours: what was lost is set right within 10 s
IN_GATED = "design; a step while lit of more than 1.5 mA is a stuck switch in gated light"
SHOWS = "design; 'shows' is taken for the strike, which is stricter"
ORDERLY = "ours: 'in order' is DONE, within what a sag is given, and no START after it"
OURS = "ours: as fast as the belt that comes off"
BEGUN = "design; a session that was written before the fault may be resumed: ours"

# States in which a session that was lit may be found.
HOT = ("FAULT", "DONE") + LIT  # DONE: the thermal dose reached its cap first
GOES = ("FAULT",) + LIT  # FAULT: the check was not over, and saw it
EMPTIED = ("DONE",) + LIT
COME_OFF = ("PAUSED", "DONE")
BOOTED = ("READY", "SELF_TEST")
# There is no program yet to strike, or no power.
BEFORE_POWER = ("OFF",)

# Names that the firmware may give.
AS_APART = (
    "contact_apart", "contact_hot", "contact_garbage", "contact_jump", "contact_still", "off_skin",
)  # fmt: skip
SPRINGS_BACK = ("ntc_open", "ntc_short", "pad_unplugged")  # their end is a contact_jump as well
AS_LOOSE = AS_APART + ("contact_loose",)  # ... where both lie alike
AS_SLIPPED = ("off_skin", "contact_apart", "contact_jump", "contact_loose")
RESETS = ("set_up_lost",)  # once a chip has lost its set-up again and again
AS_CURRENT = ("fet_stuck_on", "rail_apart", "enable_stuck")
NEVER_HARMLESS = -1.0  # of `harmless_to`: it may always end a session
AS_BOARD = ("board_hot", "board_garbage", "contact_loose", "off_skin")
AS_SWAPPED = AS_BOARD + AS_APART
AS_HOT = ("contact_hot", "board_hot", "contact_apart", "off_skin")

# Rows by the groups that the page shows them in.
GROUPS = (
    ("Contact sensors", (
        Fault(
            "ntc_open", 1, "thermistor open", [Bound(OFF, 80, STRIKE, ("FAULT",))], pad="may",
            shows_as=("ntc_open", "contact_apart"), hidden_by="ntc_stuck",
        ),
        Fault(
            "ntc_short", 2, "thermistor shorted", [Bound(OFF, 80, STRIKE, ("FAULT",))], pad="may",
            shows_as=("ntc_short", "contact_apart"), hidden_by="ntc_stuck",
        ),
        Fault(
            "ntc_stuck", 3, "thermistor frozen",
            [Bound(OFF, 800, APART, GOES, (Trial(None, SLOW_S),))],
            pad="may", shows_as=AS_APART,
        ),
        Fault(
            "ntc_drift", 4, "thermistor drifts",
            [Bound(
                OFF, 800, APART, ("FAULT",),
                (Trial(1.0, 200.0), Trial(-1.0, 200.0), Trial(10.0, 40.0), Trial(-10.0, 40.0)),
            )],
            pad="may", unit="C/min", low=-10, high=10, default=1.0, shows_as=AS_LOOSE, least=0.2,
        ),
        Fault(
            "ntc_noise", 8, "thermistor noisy",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(0.5, 60.0),))],
            pad="may", unit="C rms", low=0, high=5, default=0.5, shows_as=AS_APART,
            drawn=(0.1, 1.0), harmless_to=0.5,
        ),
        Fault(
            "contact_drift", 40, "thermometer drifts",
            [Bound(
                OFF, 800, APART, ("FAULT",),
                (Trial(1.0, 200.0), Trial(-1.0, 200.0), Trial(10.0, 40.0), Trial(-10.0, 40.0)),
                source="design; together with `ntc_drift` nothing tells: docs/maintainer/safety.md",
            )],
            pad="may", unit="C/min", low=-10, high=10, default=1.0, shows_as=AS_LOOSE, least=0.2,
        ),
        Fault(
            "sensors_step", 41, "both contact sensors jump alike",
            [Bound(
                OFF, 800, STRIKE, ("FAULT",), (Trial(-4.3), Trial(4.3), Trial(-2.5)),
                source="design; a jump of less than 2 C is not told",
            )],
            pad="may", unit="C", low=-10, high=10, default=-4.3, shows_as=AS_LOOSE, least=2.2,
            by_change=True, not_in=("OFF", "SELF_TEST"),  # there it is an error, and no jump
        ),
        Fault(
            "contact_stuck", 5, "thermometer frozen",
            [Bound(OFF, 800, APART, GOES, (Trial(None, SLOW_S),))],
            pad="may", shows_as=AS_APART,
        ),
        Fault(
            "contact_lost", 6, "thermometer silent",
            [Bound(OFF, 800, STRIKE, ("FAULT",), source=SHOWS)], pad="may",
        ),
        Fault(
            "contact_garbage", 7, "thermometer says rubbish",
            [Bound(OFF, 800, STRIKE, ("FAULT",), source=SHOWS)], pad="may",
            shows_as=AS_APART, hidden_by="contact_stuck",
        ),
    )),
    ("Heat", (
        # Dark on any skin (fat 5 to 20 mm, perfusion 0 to 0.003 1/s, 23 C) the default settles
        # below 43.0 C: 107 W/m2 is the most of which that is true.
        Fault(
            "hot_skin", 10, "heat from outside",
            [Bound(
                OFF, 80, SENSED, HOT,
                (Trial(150.0, HEAT_S), Trial(300.0, HEAT_S), Trial(600.0, 300.0),
                 Trial(1_500.0, 90.0)),
                outside=True,
            )],
            pad="may", unit="W/m2", low=0, high=5_000, default=100.0, shows_as=AS_HOT,
            drawn=(50.0, 1_500.0),
        ),
        Fault(
            "no_perfusion", 11, "no blood in the skin",
            [Bound(OFF, 80, SENSED, HOT, (Trial(None, HEAT_S),))], pad="may", shows_as=AS_HOT,
        ),
        Fault(
            "hot_room", 12, "hot room",
            [Bound(OFF, 80, SENSED, HOT, (Trial(40.0, HEAT_S), Trial(60.0, HEAT_S)), outside=True)],
            unit="C", low=5, high=60, default=40.0, shows_as=AS_HOT, drawn=(28.0, 50.0),
        ),
        Fault(
            "under_blanket", 13, "under a blanket",
            [Bound(OFF, 80, SENSED, HOT, (Trial(None, HEAT_S),))], shows_as=AS_HOT,
        ),
        Fault(
            "lying_on_pad", 14, "lying on the pad",
            [Bound(OFF, 80, SENSED, HOT, (Trial(None, HEAT_S),))], pad="may", shows_as=AS_HOT,
        ),
        # The hottest column of skin is what is judged: `max_skin_c`.
        Fault(
            "pressure_spot", 56, "pressure stops the blood under part of the pad",
            [Bound(GOES_ON, None, STRIKE, LIT + ("DONE",), (Trial(0.0, HEAT_S),))],
            pad="may", unit="1/s", low=0, high=0.01, default=0.0, drawn=(0.0, 0.0005),
        ),
    )),
    ("Light and its supply", (
        # Its name is let be within a second and found by a check of every bank, which takes
        # 2.2 s: ours.
        Fault(
            "led_open", 18, "bank gives no light",
            [Bound(BANK, 1_000, CURRENT, LIT, TRIED_NM, source=OPENS)], pad="must", unit="nm",
            shows_as=("led_open", "supply_open", "rail_apart"), named_ms=3_000,
        ),
        Fault(
            "fet_stuck_on", 16, "bank’s switch stuck on",  # noqa: RUF001 - as the page sets it
            [Bound(OFF, 1_000, CURRENT, ("FAULT",), TRIED_NM, gated_ms=GATED_MS, source=STICKS)],
            pad="must", unit="nm", named_ms=1_000,
        ),
        Fault(
            "enable_stuck", 17, "supply switch stuck closed",
            [Bound(AT_START, None, STRIKE, GOES)],
        ),
        # Up to 15 % either way, in a session too. A step up of more than 18 % is dark as
        # `fet_stuck_on`: a driver of 0.86 that is sound again makes one of 16.
        Fault(
            "led_gain", 39, "drivers give other than calibrated",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.14), Trial(0.87)))],
            pad="may", unit="ratio", low=0.3, high=2.0, default=1.1, also="nm",
            shows_as=("led_gain", "fet_stuck_on", "rail_apart", "led_open"),
            drawn=(0.86, 1.14), harmless_to=1.14,
        ),
        Fault("alert_broken", 15, "hardware alert dead", [Bound(GOES_ON, None, STRIKE, LIT)]),
        Fault(
            "board_sensor_lost", 9, "board thermometer silent",
            [Bound(OFF, 1_000, STRIKE, ("FAULT",))], pad="may",
        ),
        Fault(
            "pad_unplugged", 28, "pad unplugged",
            [Bound(
                OFF, 80, STRIKE, ("FAULT",),
                source="design; both pads go dark, so that the other is not boosted",
            )],
            pad="may", named_ms=1_000, hidden_by="ntc_stuck",
            shows_as=(
                "pad_unplugged", "ntc_open", "contact_lost", "board_sensor_lost", "contact_apart",
                "led_open",
            ),
        ),
    )),
    # A chip of the sensors' bus that loses its supply for a moment is at power-on values; the unit
    # reads its set-up again, sets it right and journals that (tests/sim/test_part_resets.py).
    ("Parts", (
        Fault(
            "contact_reset", 57, "contact thermometer loses supply",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(None, RESET_S),))], pad="may", lasts=False,
            shows_as=RESETS,
        ),
        Fault(
            "board_sensor_reset", 58, "board thermometer loses supply",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(None, RESET_S),))], pad="may", lasts=False,
            shows_as=RESETS,
        ),
        Fault(
            "rail_reset", 59, "rail monitor loses supply",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(None, RESET_S),))], lasts=False,
            shows_as=RESETS,
        ),
        Fault(
            "gauge_reset", 60, "gauge loses supply",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(None, RESET_S),))], lasts=False,
        ),
        Fault(
            "skin_sensor_reset", 43, "skin sensor loses supply",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(None, RESET_S),))], lasts=False,
            shows_as=RESETS,
        ),
        Fault(
            "screen_reset", 61, "screen loses supply",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(None, RESET_S),))], lasts=False,
        ),
        # The zero is taken off as it is at START: one that moves while lit is current.
        Fault(
            "rail_offset", 62, "rail monitor’s zero is off",  # noqa: RUF001 - as the page sets it
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.0), Trial(-1.0)), source=IN_GATED)],
            unit="mA", low=-20, high=20, default=1.0, drawn=(-1.0, 1.0), harmless_to=1.0,
            shows_as=AS_CURRENT,
        ),
        Fault(
            "driver_leak", 63, "drivers draw without duty",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.0),), source=IN_GATED)],
            unit="mA", low=0, high=20, default=1.0, drawn=(0.1, 1.0), harmless_to=1.0,
            shows_as=AS_CURRENT,
        ),
        Fault(
            "inrush", 64, "capacitors behind the switch",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(80.0), Trial(470.0)))],
            unit="uF", low=0, high=1_000, default=80.0, drawn=(1.0, 470.0),
        ),
        Fault(
            "board_sensor_stuck", 65, "board thermometer frozen",
            [Bound(GOES_ON, None, STRIKE, LIT)], pad="may", shows_as=AS_BOARD,
            harmless_to=NEVER_HARMLESS,  # the face cools under a board that seems not to
        ),
        Fault(
            "board_sensor_drift", 66, "board thermometer drifts",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.0), Trial(-1.0)))],
            pad="may", unit="C/min", low=-10, high=10, default=1.0, shows_as=AS_BOARD,
            harmless_to=0.3,  # 1 C in the 200 s of a window: more may be a sensor that is loose
        ),
        Fault(
            "pads_swapped", 67, "pads’ sensors swapped",  # noqa: RUF001 - as the page sets it
            [Bound(GOES_ON, None, STRIKE, LIT)], shows_as=AS_SWAPPED,
            harmless_to=NEVER_HARMLESS,  # pads that differ jump
        ),
    )),
    ("Power", (
        # A pack at 80 % stands at 7.95 V while its unit treats; the default takes each cell
        # below 3.0 V.
        Fault(
            "battery_sag", 19, "battery sags",
            [Bound(OFF, 80, EMPTY, EMPTIED, (Trial(3.0), Trial(1.0)))],
            unit="V of the pack", low=0, high=8, default=2.0, darkens=True, drawn=(0.3, 4.0),
        ),
        Fault(
            "battery_low", 20, "battery nearly empty",
            [Bound(
                OFF, 80, EMPTY, EMPTIED, (Trial(0.5, 120.0), Trial(2.0, 120.0)),
                source=ORDERLY,
            )],
            unit="%", low=0, high=100, default=2.0, lasts=False,  # sets the charge, once
            darkens=True, drawn=(0.0, 8.0),
        ),
        Fault(  # in order: what its resistance leaves is counted, and its end is a battery's
            "battery_aged", 57, "pack of more resistance",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(2.0), Trial(4.0)))],
            unit="times the resistance", low=1, high=8, default=4.0, darkens=True,
            drawn=(1.5, 6.0), harmless_to=1.5,
        ),
        Fault(
            "charger_plugged", 27, "charger plugged in", [Bound(OFF, 80, STRIKE, ("CHARGING",))],
            darkens=True, not_in=("CHARGING",),
        ),
        Fault("gauge_nak", 21, "gauge silent", [Bound(GOES_ON, None, STRIKE, LIT)]),
        Fault("gauge_garbage", 22, "gauge says rubbish", [Bound(GOES_ON, None, STRIKE, LIT)]),
        Fault(  # `for_s`: without power; else it comes back at once
            "brownout", 34, "power lost", [Bound(OFF, 0, STRIKE, BOOTED, once=True)],
            ends_program=POWER_LOST, not_in=BEFORE_POWER,
        ),
    )),
    ("Belt and buttons", (
        Fault(
            "unworn", 29, "belt taken off", [Bound(OFF, 1_000, STRIKE, ("PAUSED", "DONE"))],
            darkens=True,
        ),
        Fault(
            "slips", 38, "belt slips, buckle closed",
            [Bound(OFF, 1_000, STRIKE, COME_OFF)], pad="may", darkens=True, shows_as=AS_SLIPPED,
        ),
        Fault(  # up to 2 pF the skin sensor tells it from skin; beyond, warmth is left
            "on_surface", 39, "belt lies on something",
            [Bound(OFF, 1_000, STRIKE, COME_OFF, (Trial(0.0), Trial(2.0)))],
            pad="may", unit="pF", low=0, high=14, default=2.0, darkens=True, shows_as=AS_SLIPPED,
            drawn=(0.0, 2.0),
        ),
        Fault("buckle_stuck", 40, "buckle’s switch stuck", [Bound(GOES_ON, None, STRIKE, LIT)]),  # noqa: RUF001 - as the page sets it
        Fault(  # 1 touched; 0 not, which comes to what a broken wire does
            "skin_sensor_stuck", 41, "skin sensor frozen",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.0),))],
            pad="may", unit="touched", low=0, high=1, default=1.0, darkens=True,
        ),
        Fault(
            "skin_sensor_lost", 42, "skin sensor silent",
            [Bound(OFF, 1_000, STRIKE, ("FAULT",), source=OURS)],
        ),
        Fault(
            "skin_sensor_drift", 44, "skin sensor drifts",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.0), Trial(-1.0)))],
            pad="may", unit="%/min of its step", low=-20, high=20, default=1.0, darkens=True,
        ),
        Fault(
            "skin_sensor_open", 45, "skin sensor’s wire broken",  # noqa: RUF001 - as the page sets it
            [Bound(OFF, 1_000, STRIKE, COME_OFF, source=OURS)], pad="may", darkens=True,
            hidden_by="skin_sensor_stuck",
        ),
        Fault(
            "button_stuck", 25, "button stuck down",
            [Bound(
                OFF, STOP_MS, STRIKE, ("OFF", "PAUSED"), (Trial(button="START"),),
                source="ours: START that sticks is a press, and then a hold",
            ),
            Bound(AT_START, None, STRIKE, LIT, (Trial(button="UP"), Trial(button="DOWN")))],
            also="button",
        ),
        Fault("button_bounce", 26, "buttons bounce", [Bound(GOES_ON, None, STRIKE, LIT)]),
        # A first closure is a press, and so is a second one 2 s later: what must never happen is
        # a start by itself after a fault, or light for good (tests/sim/test_button_chatter.py).
        Fault(
            "button_chatter", 38, "button closes by itself",
            [Bound(
                OFF, STOP_MS, STRIKE, ("PAUSED",),
                tuple([Trial(period_s, button="START") for period_s in (30.0, 0.5, 8.0)]),
                once=True, source="ours: START that closes is a press",
            ),
            Bound(
                GOES_ON, None, STRIKE, LIT,
                (Trial(30.0, button="UP"), Trial(30.0, button="DOWN")),
            )],
            also="button", unit="s", low=0.4, high=60.0, default=30.0, darkens=True,
            not_in=("PAUSED", "SERVICE"),  # there a first closure is a press that asks for light
        ),
    )),
    ("Program and memory", (
        Fault(
            "firmware_exception", 30, "firmware raises",
            [Bound(OFF, 80, STRIKE, BOOTED, once=True)],
            lasts=False, also="line", ends_program=RAISES, not_in=BEFORE_POWER,
        ),
        Fault(
            "firmware_hang", 31, "firmware hangs", [Bound(OFF, 80, STRIKE, BOOTED, once=True)],
            lasts=False, also="line", ends_program=HANGS, not_in=BEFORE_POWER,
        ),
        Fault(
            "soft_reset", 33, "soft reset", [Bound(OFF, 500, STRIKE, BOOTED, once=True)],
            lasts=False, ends_program=SOFT_RESET, not_in=BEFORE_POWER,
        ),
        Fault(
            "host_attach", 32, "host attaches",
            [Bound(OFF, 500, STRIKE, BOOTED + ("DONE", "OFF"), once=True)],
            lasts=False, for_s=1.0, darkens=True, ends_program=HOST, not_in=BEFORE_POWER,
        ),
        Fault(  # the unit's nine clocks free it once dark: the fault stays latched
            "bus_low", 68, "a part holds SDA low", [Bound(OFF, 800, STRIKE, ("FAULT",), once=True)],
            lasts=False, not_in=("WAIT_SKIN",),  # there it is clocked free before any light
            shows_as=("contact_lost", "board_sensor_lost", "rail_lost", "skin_sensor_lost"),
        ),
        Fault(
            "i2c_hang", 23, "sensor bus held", [Bound(OFF, 800, STRIKE, ("FAULT",))],
            shows_as=("contact_lost", "board_sensor_lost", "rail_lost", "skin_sensor_lost"),
        ),
        Fault(
            "clock_jump", 24, "clock jumps",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(1.0), Trial(-1.0)))],
            unit="days", low=-3_650, high=3_650, default=1.0,
        ),
        Fault(
            "clock_lost", 58, "clock lost", [Bound(GOES_ON, None, STRIKE, LIT)], lasts=False,
        ),
        Fault(
            "clock_bit", 59, "clock reads a wrong bit",
            [Bound(GOES_ON, None, STRIKE, LIT, (Trial(45.0), Trial(52.0)))],
            unit="bit of its time", low=0, high=55, default=45.0,
        ),
        Fault(
            "flash_full", 35, "flash full",
            [Bound(AT_START, None, STRIKE, GOES, session=True, source=BEGUN)],
        ),
        Fault(
            "flash_corrupt", 36, "flash corrupt",
            [Bound(AT_START, None, STRIKE, GOES, session=True, source=BEGUN)],
        ),
        Fault(  # strikes what is next written, once
            "flash_torn", 37, "flash write torn",
            [Bound(AT_START, None, STRIKE, GOES, once=True, session=True, source=BEGUN)],
            ends_program=POWER_LOST,
        ),
    )),
)  # fmt: skip

# Injected together with each other fault, to show that nothing depends on the alert.
ALERT_BROKEN = "alert_broken"

ROWS = tuple([row for _, rows in GROUPS for row in rows])
for row in ROWS:
    row.bounds = tuple([replace(bound, fault=row.name) for bound in row.bounds])
    row.shows_as = row.shows_as or (row.name,)
NAMES = tuple([row.name for row in ROWS])
FAULTS = {row.name: row for row in ROWS}  # MicroPython's has no order: go through NAMES
BY_PLACE = sorted(ROWS, key=lambda row: row.place)  # as reports have them
REPORTED = tuple([row.name for row in BY_PLACE])
BOUNDS = tuple([bound for row in BY_PLACE for bound in row.bounds])
# Faults of the program, the chip or its supply, which may end in a reset.
ENDS_PROGRAM = tuple([row.name for row in ROWS if row.ends_program])


def find_bound(fault: str, button: str | None = None) -> Bound:
    """The bound of a fault; of one of a button, the bound for that button. Raises KeyError where
    there is no such fault, or it is not tried with that button."""
    for bound in FAULTS[fault].bounds:
        if button in [None] + [trial.button for trial in bound.tried]:
            return bound
    raise KeyError(fault)
