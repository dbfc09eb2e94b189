"""Events of the model check up to the end of control; see `sim.model_check.choice`."""

from functools import partial

from firmware.core import limits, states
from firmware.core.inputs import BUCKLE, GAUGE, UP
from firmware.core.inputs import CHARGER as CHARGER_PIN
from firmware.records import journal
from hal.boards import RPI_PICO as BOARD
from sim.model_check.choice import NOTHING, Choice, Do, Group, pin_setter, setter, when
from sim.model_check.harness import (
    BOTH,
    MISSES,
    NOW_MS,
    ONE_WRONG,
    STEP_MS,
    TOO_MUCH,
    TWO_WRONG,
    UNPLUGGED,
    Harness,
)
from sim.model_check.node import MASKED, SOME, Node
from sim.model_check.trial import STARTS

# -- the guard -------------------------------------------------------------------------------


def set_codes(new: "tuple[str, ...]", out: bool, other: bool, harness: Harness) -> None:
    """Rows named `new` trip in this tick; `out`: a tripped row is still out of bounds; `other`: a
    row that has not tripped is out of bounds, not yet for long."""
    guard = harness.unit.guard
    guard.out = 1  # the guard looks at every row
    for name in new:
        row = getattr(harness, name)
        guard.counts[row] = limits.TRIP_SAMPLES - 1
        harness.out_of_bounds(row)
    if out:
        harness.out_of_bounds(harness.row_tripped)
    if other:
        harness.out_of_bounds(harness.row_out)


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
    if node.state == states.FAULT:
        found.append(("a code is out of bounds", partial(set_codes, (), False, True)))
    return found


def trip_battery(harness: Harness) -> None:
    """The battery's row trips."""
    harness.unit.guard.counts[harness.battery_row] = limits.TRIP_SAMPLES - 1
    harness.drain()


GUARD: "tuple[Group, ...]" = (
    sensors,
    when(lambda node: node.state in states.IN_SESSION and not node.drained,
         ("the battery is empty", trip_battery)),
)  # fmt: skip

# -- control: sensor checks and the current monitor ------------------------------------------


def hear_all(harness: Harness) -> None:
    """The last of the parts has answered."""
    harness.unit.inputs.heard[GAUGE] = NOW_MS


FOUND: list[Choice] = [
    NOTHING,
    ("a sensor is found wrong", setter("found", ONE_WRONG)),
    ("two sensors are found wrong", setter("found", TWO_WRONG)),
    ("a pad is found unplugged", setter("found", UNPLUGGED)),
]


def sensor_checks(node: Node) -> "list[Choice]":
    """What the sensor checks find."""
    if node.state == states.OFF:
        return []
    return FOUND if node.state == states.FAULT else FOUND[:2]


# -- control: the belt -----------------------------------------------------------------------


def set_belt(contact_mc: int, buckled: bool, harness: Harness) -> None:
    """Both pads read this temperature, and the buckle is closed or not."""
    for pad in harness.unit.pads:
        pad.contact_mc = contact_mc
    harness.worn = buckled
    if not buckled:
        harness.unit.inputs.pins &= ~BUCKLE


def wear_long(harness: Harness) -> None:
    """The belt has been worn for the 5 s before a lamp test."""
    harness.unit.wear.worn_ms = limits.WORN_MS
    harness.worn_long = True


WORN_LONG: Choice = ("the belt is worn for 5 s", wear_long)


def lose_buckle(harness: Harness) -> None:
    """The buckle has been open for long enough to count."""
    harness.worn, harness.gone = False, True
    for _ in range(limits.BUCKLE_TICKS):
        harness.unit.wear.feel_buckle(0)
    harness.unit.inputs.pins &= ~BUCKLE


def lose_skin(pad: int, harness: Harness) -> None:
    """A pad's skin sensor reads as in air."""
    harness.worn, harness.gone = False, True
    harness.unit.inputs.skin[pad] = harness.unit.wear.off_codes[pad] - 1
    harness.unit.wear.touched[pad] = False  # as its last control step saw it, or this one does


def cool_pad(harness: Harness) -> None:
    """Pad A's contact is colder than skin."""
    harness.worn = False
    harness.unit.pads[0].contact_mc = limits.WORN_MIN_MC - 1


# Three signs, each of which is lost alone.
LOST: tuple[Choice, ...] = (
    ("the buckle is open", lose_buckle),
    ("pad A is off the skin", partial(lose_skin, 0)),
    ("pad B is off the skin", partial(lose_skin, 1)),
)
COLD: Choice = ("pad A is cold", cool_pad)

# -- control: time, heat, dose ---------------------------------------------------------------

CLOCKS = {
    states.SERVICE: (limits.SKIN_WAIT_MS, "nobody pressed START for 3 min"),
    states.WAIT_SKIN: (limits.SKIN_WAIT_MS, "it waited 3 min for skin"),
    states.PAUSED: (limits.PAUSE_MAX_MS, "the pause lasted 10 min"),
    states.RAMP: (limits.RAMP_MS, "the ramp is over"),
    states.RATE: (limits.RATE_MAX_MS, "nobody answered for 10 min"),
}


NOBODY_MS = "nobody pressed a button for 10 min"
IDLE = (states.SELF_TEST, states.READY, states.DONE, states.FAULT, states.LOCKED)


def clock(node: Node) -> "list[Choice]":
    """How long the state has lasted, and since when nobody pressed a button."""
    if node.state in IDLE:
        return [NOTHING, (NOBODY_MS, setter("unit.session.idle_ms", limits.IDLE_OFF_MS))]
    if node.state not in CLOCKS:
        return []
    ms, words = CLOCKS[node.state]
    return [NOTHING, (words, setter("unit.session.state_ms", ms))]


def reach_time(harness: Harness) -> None:
    """The session has lasted the prescription's time."""
    harness.unit.session.treat_ms = harness.course.max_ms


def reach_heat_cap(day: bool, harness: Harness) -> None:
    """Pad A's CEM43 is at the session's or the day's cap."""
    thermal = harness.unit.pads[0].cem43
    if day:
        thermal.day_q10_ms = limits.CEM43_DAY_Q10_MS
    else:
        thermal.session_q10_ms = limits.CEM43_SESSION_Q10_MS


DAY_IS_LONG: Choice = (
    "the day's time is up", setter("unit.session.day_treat_ms", limits.SESSION_DAY_MAX_MS)
)  # fmt: skip
DAY_IS_WARM: Choice = ("CEM43 is at the day's cap", partial(reach_heat_cap, True))


def begin_day(harness: Harness) -> None:
    """A new day begins; the limits that were reached become the day's."""
    session, thermal = harness.unit.session, harness.unit.pads[0].cem43
    session.day_ms = limits.HOUR_MS
    if session.treat_ms:
        session.treat_ms, session.day_treat_ms = 0, limits.SESSION_DAY_MAX_MS
    if thermal.session_q10_ms:
        thermal.session_q10_ms, thermal.day_q10_ms = 0, limits.CEM43_DAY_Q10_MS
    kept = harness.unit.kept
    kept.hours[0][kept.hour], kept.hours[1][kept.hour] = session.day_treat_ms, thermal.day_q10_ms


def reach_dose(pad: int, harness: Harness) -> None:
    """A pad has given its dose."""
    harness.unit.pads[pad].fluence.total_uj_cm2 = harness.course.steps[0].fluence_uj_cm2


def reach_both_doses(harness: Harness) -> None:
    """Both pads have given their dose."""
    reach_dose(0, harness)
    reach_dose(1, harness)


def doses(node: Node) -> "list[Choice]":
    """Which pads have given their dose; masked, they give none."""
    if node.state not in states.LIT or node.arm == MASKED:
        return []
    due = [pad for pad in (0, 1) if not node.done >> pad & 1]
    found: list[Choice] = [
        (f"pad {'AB'[pad]} has its dose", partial(reach_dose, pad)) for pad in due
    ]
    return [*found, ("both pads have their dose", reach_both_doses)] if len(due) > 1 else found


def end_step(step: int, dead: "tuple[int, ...]", given: bool, harness: Harness) -> None:
    """This step of the prescription has lasted its minutes; banks `dead` are left out of the
    light, and both pads' doses are `given` or not."""
    unit, course = harness.unit, harness.course
    unit.session.step, unit.session.in_step_ms = step, STEP_MS
    course.steps[step].ms = STEP_MS
    for pad in unit.pads:
        pad.whole_uj_cm2 = sum(one.fluence_uj_cm2 for one in course.steps)
    for bank in dead:
        unit.gate.live[bank] = False
    if given:
        reach_both_doses(harness)


STEPS_END = ("the next step asks for less", "the next step asks for more")


def step_ends(node: Node) -> "list[Choice]":
    """Whether a step ends that is not the last, and which banks are left out, where some are."""
    if node.state not in states.POWERED:
        return []
    half = len(BOARD.BANKS)
    ways = [()] if node.banks != SOME else [(0,), (*range(half),), (*range(half, 2 * half),)]
    return [
        (words, partial(end_step, step, dead, given))
        for step, words in enumerate(STEPS_END) for dead in ways
        for given in (False, True) if not given or doses(node)
    ]  # fmt: skip


def light_ends(node: Node) -> "list[Choice]":
    """Whether a pad's dose or a step ends. A step with the dose of one pad is not a choice of its
    own: the next step counts doses anew, and other events lead where the dose alone leads."""
    ends = [*doses(node), *step_ends(node)]
    return [NOTHING, *ends] if ends else []


# -- control: flash, charger -----------------------------------------------------------------


def end_second(flash: bool, harness: Harness) -> None:
    """The battery is judged, and flash written, or not."""
    harness.unit.second = 0
    harness.stub.flash = flash


def end_therapy(flash: bool, harness: Harness) -> None:
    """A second is over, and the session that has ended was the visit's therapy."""
    end_second(flash, harness)
    STARTS(harness.trial)
    harness.trial.given = True


def lose_file(which: int, flash: bool, harness: Harness) -> None:
    """The journal's end is only to be found now, and knows of a file that is gone."""
    chain = harness.unit.journal
    chain.found = False
    chain.seen[which] = chain.kept[which] + 1
    harness.stub.flash = flash


LOSSES: list[Choice] = [
    ("the file of a hard fault is gone", partial(lose_file, journal.FAULT, True)),
    ("the file of a hard fault is gone and flash takes nothing",
     partial(lose_file, journal.FAULT, False)),
    ("the visits' file is gone", partial(lose_file, journal.VISIT, True)),
]  # fmt: skip


def end_second_with(loss: "Do | None", harness: Harness) -> None:
    """A second is over, with a loss that is found in it."""
    end_second(True, harness)
    if loss:
        loss(harness)


IN_A_SECOND: list[Choice] = [
    (f"a second is over: {words}", partial(end_second_with, loss)) for words, loss in LOSSES
]
NOT_FOUND_IN = (states.SELF_TEST, states.OFF, *states.IN_SESSION)  # the journal is not looked for


SECONDS: list[Choice] = [
    NOTHING,
    ("a second is over", partial(end_second, True)),
    ("a second is over and flash takes nothing", partial(end_second, False)),
]
AFTER_THERAPY: list[Choice] = [
    ("a second is over, and the visit's therapy", partial(end_therapy, True)),
    ("a second is over, the visit's therapy, and flash takes nothing",
     partial(end_therapy, False)),
]  # fmt: skip


def seconds(node: Node) -> "list[Choice]":
    """Whether a hard fault is written, a file is found to be gone, and a visit goes on after
    therapy; the end of a second has no other consequence here."""
    losses = [] if node.state in NOT_FOUND_IN else IN_A_SECOND
    after_therapy = AFTER_THERAPY if node.arm and node.state == states.DONE else []
    if node.keep and node.state not in states.IN_SESSION:
        return [*SECONDS, *losses, *after_therapy]
    others = [*losses, *after_therapy]
    return [NOTHING, *others] if others else []


PLUG_CHARGER = pin_setter(CHARGER_PIN)


def charger(node: Node) -> "list[Choice]":
    """Whether it still charges."""
    return (
        [("the charger is out", None), ("", PLUG_CHARGER)] if node.state == states.CHARGING else []
    )


def keep_down(stuck: bool, harness: Harness) -> None:
    """UP is down, and has been for as long as a stuck button or not."""
    harness.unit.buttons.stable |= UP
    harness.unit.buttons.stuck = stuck


# Each of these does to control what another choice of its group does: that one stands for it where
# three choices or more meet. A test tries all of them, in each place, state and arm.
ALIKE = (LOST[0], LOST[2], DAY_IS_LONG, DAY_IS_WARM)

CONTROL: "tuple[Group, ...]" = (
    when(lambda node: node.state == states.SELF_TEST,
         ("UP is kept down", partial(keep_down, False)),
         ("UP is stuck", partial(keep_down, True))),
    when(lambda node: not node.settled,
         ("every sensor was heard", hear_all),
         ("a sensor was not heard in time", setter("unit.settled_ms", limits.SELF_TEST_MS - 1))),
    sensor_checks,
    when(lambda node: node.state in states.POWERED,
         ("the rail monitor misses current", setter("rail", MISSES)),
         ("the rail monitor sees too much current", setter("rail", TOO_MUCH)),
         ("the rail monitor misses current, and saw some in the dark",
          setter("rail", BOTH))),
    when(lambda node: node.state in states.LIT, *LOST, COLD),
    when(lambda node: node.state == states.PAUSED and not node.by_unworn, *LOST),
    when(lambda node: node.state == states.WAIT_SKIN, *LOST, COLD, WORN_LONG),
    when(lambda node: node.state in states.LIT,
         ("once too often", setter("unit.session.unworn_count", limits.UNWORN_RESUMES))),
    clock,
    when(lambda node: node.late or node.hot, ("a new day begins", begin_day)),
    when(lambda node: node.state in states.LIT and not node.late,
         ("the session's time is up", reach_time), DAY_IS_LONG),
    when(lambda node: node.state in states.IN_SESSION and not node.hot,
         ("CEM43 is at the session's cap", partial(reach_heat_cap, False)), DAY_IS_WARM),
    light_ends, seconds, charger,
)  # fmt: skip
