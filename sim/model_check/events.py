"""What can happen to a unit up to the end of its control: one row a choice, one table a group.

A choice is words, for whoever reads a path, and what it does to the stand. A group is asked
with the node, and gives no more than what could make a difference there.
"""

from collections.abc import Callable
from functools import partial

from firmware.core.inputs import BUCKLE, GAUGE
from firmware.core.inputs import CHARGER as CHARGER_PIN
from firmware.core.limits import (
    CEM43_DAY_Q10_MS,
    CEM43_SESSION_Q10_MS,
    DAY_MS,
    PAUSE_MAX_MS,
    RAMP_MS,
    RATE_MAX_MS,
    SELF_TEST_MS,
    SESSION_DAY_MAX_MS,
    SKIN_WAIT_MS,
    TRIP_SAMPLES,
    UNWORN_RESUMES,
    UNWORN_STEPS,
    WORN_MS,
)
from firmware.core.states import (
    CHARGING,
    DONE,
    FAULT,
    IN_SESSION,
    LIT,
    OFF,
    PAUSED,
    POWERED,
    RAMP,
    RATE,
    SERVICE,
    WAIT_SKIN,
)
from sim.model_check.harness import (
    BOTH,
    MISSES,
    NOW_MS,
    ONE_WRONG,
    TOO_MUCH,
    TWO_WRONG,
    UNPLUGGED,
    Harness,
)
from sim.model_check.node import MASKED, Node
from sim.model_check.restore import SKIN_MC
from sim.model_check.trial import STARTS

Do = Callable[[Harness], object]
Choice = tuple[str, "Do | None"]
Group = Callable[[Node], "list[Choice]"]

NOTHING: Choice = ("", None)


def setter(path: str, value: object) -> Do:
    """Sets an attribute of the unit, `name`, or of one of its parts, `part.name`."""
    part, _, name = path.rpartition(".")

    def do(stand: Harness) -> None:
        setattr(getattr(stand.unit, part) if part else stand.unit, name, value)

    return do


def harness_setter(name: str, value: object) -> Do:
    """Sets an attribute of the stand."""
    return lambda stand: setattr(stand, name, value)


# -- the guard -------------------------------------------------------------------------------


def set_codes(new: "tuple[str, ...]", out: bool, other: bool, stand: Harness) -> None:
    """Rows named `new` trip in this tick; `out`: one that has tripped is still out of bounds;
    `other`: one that has not is out of bounds, not yet for long."""
    guard = stand.unit.guard
    guard.out = 1  # whatever it was before: every row is looked at
    for name in new:
        row = getattr(stand, name)
        guard.counts[row] = TRIP_SAMPLES - 1
        stand.out_of_bounds(row)
    if out:
        stand.out_of_bounds(stand.row_tripped)
    if other:
        stand.out_of_bounds(stand.row_out)


TRIPPING: "tuple[tuple[str, tuple[str, ...]], ...]" = (
    ("", ()),
    ("a thermistor reads open", ("row_soft",)),
    ("an LED board is too hot", ("row_hard",)),
    ("a thermistor reads open and an LED board is too hot", ("row_soft", "row_hard")),
)


def sensors(node: Node) -> "list[Choice]":
    """The codes of the sensors' rows."""
    found: list[Choice] = []
    for words, new in TRIPPING:
        found.append((words, partial(set_codes, new, False, False)))
        if node.trips:
            still = ", ".join(filter(None, [words, "what tripped is still out of bounds"]))
            found.append((still, partial(set_codes, new, True, False)))
    if node.state == FAULT:
        found.append(("a code is out of bounds", partial(set_codes, (), False, True)))
    return found


def trip_battery(stand: Harness) -> None:
    """Its row trips."""
    stand.unit.guard.counts[stand.battery_row] = TRIP_SAMPLES - 1
    stand.drain()


def battery(node: Node) -> "list[Choice]":
    """The code of the battery's row."""
    if node.state not in IN_SESSION or node.drained:
        return []
    return [NOTHING, ("the battery is empty", trip_battery)]


# -- control: what is found ------------------------------------------------------------------


def hear_all(stand: Harness) -> None:
    """The last of the parts has answered."""
    stand.unit.inputs.heard[GAUGE] = NOW_MS


SETTLED: list[Choice] = [
    NOTHING,
    ("every sensor was heard", hear_all),
    ("a sensor was not heard in time", setter("settled_ms", SELF_TEST_MS - 1)),
]
JUDGES: list[Choice] = [
    NOTHING,
    ("a sensor is found wrong", harness_setter("found", ONE_WRONG)),
    ("two sensors are found wrong", harness_setter("found", TWO_WRONG)),
    ("a pad is found unplugged", harness_setter("found", UNPLUGGED)),
]
RAIL: list[Choice] = [
    NOTHING,
    ("the rail monitor misses current", harness_setter("rail", MISSES)),
    ("the rail monitor sees too much current", harness_setter("rail", TOO_MUCH)),
    ("the rail monitor misses current, and saw some in the dark", harness_setter("rail", BOTH)),
]


def settling(node: Node) -> "list[Choice]":
    """Sensors are judged once all were heard, or should have been."""
    return [] if node.settled else SETTLED


def judges(node: Node) -> "list[Choice]":
    """What the judges of the sensors find."""
    if node.state == OFF:
        return []
    return JUDGES if node.state == FAULT else JUDGES[:2]


def rail(node: Node) -> "list[Choice]":
    """What the rail monitor finds while power is on."""
    return RAIL if node.state in POWERED else []


# -- control: the belt -----------------------------------------------------------------------


def set_belt(contact_mc: int, buckled: bool, stand: Harness) -> None:
    """Both pads feel this, and the buckle is closed or not."""
    for pad in stand.unit.pads:
        pad.contact_mc = contact_mc
    stand.worn = buckled
    if not buckled:
        stand.unit.inputs.pins &= ~BUCKLE


def wear_long(stand: Harness) -> None:
    """The belt has been worn for as long as it takes."""
    stand.unit.wear.worn_ms = WORN_MS
    stand.worn_long = True


OFF_SKIN: Choice = ("the belt is not worn", partial(set_belt, SKIN_MC, False))
WAITING: list[Choice] = [NOTHING, OFF_SKIN, ("the belt is worn for 5 s", wear_long)]
OFTEN: list[Choice] = [
    NOTHING,
    ("once too often", setter("session.unworn_count", UNWORN_RESUMES)),
]


def wearing(node: Node) -> "list[Choice]":
    """Whether the belt is on."""
    if node.state in LIT:
        return [NOTHING, OFF_SKIN]
    return WAITING if node.state == WAIT_SKIN else []


def often(node: Node) -> "list[Choice]":
    """Whether it came off more often than may be resumed."""
    return OFTEN if node.state in LIT and node.unworn >= UNWORN_STEPS - 1 else []


# -- control: time, heat, dose ---------------------------------------------------------------


def after_ms(ms: int, words: str) -> "list[Choice]":
    """The state has lasted so long, or not."""
    return [NOTHING, (words, setter("session.state_ms", ms))]


CLOCKS = {
    SERVICE: after_ms(SKIN_WAIT_MS, "nobody pressed START for 3 min"),
    WAIT_SKIN: after_ms(SKIN_WAIT_MS, "it waited 3 min for skin"),
    PAUSED: after_ms(PAUSE_MAX_MS, "the pause lasted 10 min"),
    RAMP: after_ms(RAMP_MS, "the ramp is over"),
    RATE: after_ms(RATE_MAX_MS, "nobody answered for 10 min"),
}


def clock(node: Node) -> "list[Choice]":
    """How long the state has lasted."""
    return CLOCKS.get(node.state, [])


def reach_time(stand: Harness) -> None:
    """The prescription's time."""
    stand.unit.session.treat_ms = stand.course.max_ms


def reach_heat_cap(day: bool, stand: Harness) -> None:
    """Pad A's skin took as much as a session, or a day, may give."""
    thermal = stand.unit.pads[0].cem43
    if day:
        thermal.day_q10_ms = CEM43_DAY_Q10_MS
    else:
        thermal.session_q10_ms = CEM43_SESSION_Q10_MS


DAY_IS_LONG: Choice = (
    "the day's time is up", setter("session.day_treat_ms", SESSION_DAY_MAX_MS)
)  # fmt: skip
DAY_IS_WARM: Choice = ("CEM43 is at the day's cap", partial(reach_heat_cap, True))
TIME: list[Choice] = [NOTHING, ("the session's time is up", reach_time), DAY_IS_LONG]
HEAT: list[Choice] = [
    NOTHING, ("CEM43 is at the session's cap", partial(reach_heat_cap, False)), DAY_IS_WARM
]  # fmt: skip


def light_time(node: Node) -> "list[Choice]":
    """How long there was light."""
    return TIME if node.state in LIT and not node.late else []


def heat(node: Node) -> "list[Choice]":
    """What the skin took, lit or dark."""
    return HEAT if node.state in IN_SESSION and not node.hot else []


def begin_day(stand: Harness) -> None:
    """The limits that were reached were the day's."""
    session, thermal = stand.unit.session, stand.unit.pads[0].cem43
    session.day_ms = DAY_MS
    if session.treat_ms:
        session.treat_ms, session.day_treat_ms = 0, SESSION_DAY_MAX_MS
    if thermal.session_q10_ms:
        thermal.session_q10_ms, thermal.day_q10_ms = 0, CEM43_DAY_Q10_MS


def new_day(node: Node) -> "list[Choice]":
    """A day's limits go with it."""
    return [NOTHING, ("a new day begins", begin_day)] if node.late or node.hot else []


def reach_dose(pad: int, stand: Harness) -> None:
    """The pad gave what it was to give."""
    stand.unit.pads[pad].fluence.total_uj_cm2 = stand.course.fluence_uj_cm2


def dose(pad: int, node: Node) -> "list[Choice]":
    """Whether a pad has given its dose; masked, it gives none."""
    if node.state not in LIT or node.done >> pad & 1 or node.arm == MASKED:
        return []
    return [NOTHING, (f"pad {'AB'[pad]} has its dose", partial(reach_dose, pad))]


# -- control: flash, charger -----------------------------------------------------------------


def end_second(flash: bool, stand: Harness) -> None:
    """The battery is judged, and what is to be kept is written."""
    stand.unit.second = 0
    stand.unit.kept.day_open = True
    stand.meter.flash = flash


SECONDS: list[Choice] = [
    NOTHING,
    ("a second is over", partial(end_second, True)),
    ("a second is over and flash takes nothing", partial(end_second, False)),
]


def end_therapy(flash: bool, stand: Harness) -> None:
    """... and the session that has ended was the visit's therapy."""
    end_second(flash, stand)
    STARTS(stand.trial)
    stand.trial.given = True


AFTER_THERAPY: list[Choice] = [
    ("a second is over, and the visit's therapy", partial(end_therapy, True)),
    ("a second is over, the visit's therapy, and flash takes nothing",
     partial(end_therapy, False)),
]  # fmt: skip


def seconds(node: Node) -> "list[Choice]":
    """Whether a hard fault is written, and whether a visit goes on after therapy; nothing else
    hangs on the second here."""
    after_therapy = AFTER_THERAPY if node.arm and node.state == DONE else []
    if node.keep and node.state not in IN_SESSION:
        return [*SECONDS, *after_therapy]
    return [NOTHING, *after_therapy] if after_therapy else []


def plug_charger(stand: Harness) -> None:
    """The charger is in."""
    stand.unit.inputs.pins |= CHARGER_PIN


def charger(node: Node) -> "list[Choice]":
    """Whether it still charges."""
    return [("the charger is out", None), ("", plug_charger)] if node.state == CHARGING else []


GUARD: "tuple[Group, ...]" = (sensors, battery)
CONTROL: "tuple[Group, ...]" = (
    settling, judges, rail, wearing, often, clock, new_day, light_time, heat,
    partial(dose, 0), partial(dose, 1), seconds, charger,
)  # fmt: skip
