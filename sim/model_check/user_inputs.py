"""User inputs at the end of a tick: press, let go, plug in, type.

Called by `sim.model_check.events`.
"""

from functools import partial
from itertools import product

from firmware.core.inputs import DOWN as DOWN_PIN
from firmware.core.inputs import HOST
from firmware.core.inputs import START as START_PIN
from firmware.core.inputs import UP as UP_PIN
from firmware.core.limits import (
    DEBOUNCE_TICKS,
    HOLD_MS,
    PAUSE_MAX_MS,
    SECOND_THOUGHT_MS,
    STUCK_MS,
)
from firmware.core.states import (
    ACK,
    CLEARED,
    DONE,
    FAULT,
    IN_SESSION,
    INTENT,
    LIT,
    RATE,
    RATED,
    READY,
    RESUME,
    START,
    TEST,
)
from firmware.therapy.dose import STEP_MAX_MS
from firmware.ui.button_actions import ENDED
from firmware.waistband import SECOND_STEPS
from sim.model_check.events import (
    DAY_IS_LONG,
    DAY_IS_WARM,
    NOTHING,
    OFF_SKIN,
    Choice,
    Group,
    plug_charger,
    set_belt,
    setter,
)
from sim.model_check.harness import NOW_MS, Harness
from sim.model_check.node import DOWN, FOR_SERVICE, PLANNED, UNKNOWN, UP, USED, Node
from sim.model_check.trial import AT_ANSWER, AT_START, BEGINS, SetPlace


def join_choices(choices: "tuple[Choice, ...]") -> Choice:
    """Several choices as one."""
    dos = [do for _, do in choices if do]

    def do(stand: Harness) -> None:
        for one in dos:
            one(stand)

    return ", ".join(words for words, _ in choices if words), do


# -- START -----------------------------------------------------------------------------------


def toggle_start(stand: Harness) -> None:
    """START is taken to have changed."""
    stand.unit.inputs.pins ^= START_PIN
    stand.pressed = stand.unit.inputs.pins & START_PIN != 0
    stand.unit.buttons.ticks[0] = DEBOUNCE_TICKS - 1


def hold_start(stand: Harness) -> None:
    """START has been down for long enough."""
    stand.pressed = True
    stand.unit.buttons.since_ms[0] = NOW_MS - HOLD_MS


def hold_from_power_on(stand: Harness) -> None:
    """START is down in the first tick of all."""
    stand.unit.inputs.pins |= START_PIN


PRESS: Choice = ("START goes down", toggle_start)
RELEASE: Choice = ("START is let go", toggle_start)
HOLD: Choice = ("START is held 1.5 s", hold_start)
LATER = join_choices((PRESS, ("not at once", setter("session.state_ms", PAUSE_MAX_MS))))
AFTER_THERAPY = join_choices((PRESS, ("at once after therapy", setter("session.previous", DONE))))


# -- what START asks for, and why it may be refused ------------------------------------------


def press_other(stand: Harness) -> None:
    """UP is down."""
    stand.unit.inputs.pins |= UP_PIN
    stand.stuck = True


def stick_other(stand: Harness) -> None:
    """UP was down for long, and just in this tick its contacts part."""
    stand.unit.buttons.stable |= UP_PIN
    stand.unit.buttons.since_ms[1] = NOW_MS - STUCK_MS
    stand.stuck = True


def fill_flash(stand: Harness) -> None:
    """Nothing more can be kept."""
    stand.meter.flash = False


def trip_battery_row(stand: Harness) -> None:
    """Charged since, while a code was still out of bounds: the trip stays, the end does not."""
    guard = stand.unit.guard
    guard.tripped |= stand.unit.battery_bit
    stand.unit.guard_rows.collected = guard.tripped


ENDED_BATTERY: Choice = ("the battery has ended", setter("battery.ended", True))
TRIPPED_BATTERY: Choice = ("the battery's row has tripped", trip_battery_row)
EMPTY: list[Choice] = [
    NOTHING, ENDED_BATTERY, TRIPPED_BATTERY, join_choices((ENDED_BATTERY, TRIPPED_BATTERY))
]  # fmt: skip
OTHERS: list[Choice] = [NOTHING, ("UP is down", press_other), ("UP is stuck", stick_other)]
DAY: list[Choice] = [
    NOTHING, DAY_IS_LONG, DAY_IS_WARM, join_choices((DAY_IS_LONG, DAY_IS_WARM))
]  # fmt: skip
FULL: list[Choice] = [NOTHING, ("flash takes nothing", fill_flash)]
ABOVE_41: Choice = ("contact is above 41 C", partial(set_belt, 41_200, True))
ASKS: "dict[int, list[list[Choice]]]" = {
    START: [OTHERS, DAY, FULL, [*EMPTY, ("the battery is low", setter("battery.percent", 0))]],
    RESUME: [
        OTHERS,
        [NOTHING, OFF_SKIN, ("contact is at 39.5 C", partial(set_belt, 39_500, True)), ABOVE_41],
    ],
    ACK: [[NOTHING, ("contact is at 41 C", partial(set_belt, 41_000, True))]],
    TEST: [OTHERS, DAY, EMPTY, [NOTHING, OFF_SKIN, ABOVE_41]],
}
RELEASES = {
    intent: [join_choices((RELEASE, *more)) for more in product(*groups)]
    for intent, groups in ASKS.items()
}


def lose_clock(stand: Harness) -> None:
    """The clock has lost its time."""
    stand.meter.clock_s = None


def set_place(put: SetPlace, stand: Harness) -> None:
    """How far the trial has come."""
    put(stand.trial)


def group_places(places: "dict[str, SetPlace]") -> "list[list[list[Choice]]]":
    """Groups of choices: where in its trial the unit is, with all that may keep a session from
    beginning where one would, and elsewhere with what is asked about there."""
    chosen: list[Choice] = [(words, partial(set_place, put)) for words, put in places.items()]
    begin = [choice for choice in chosen if choice[0] in BEGINS]
    others = [choice for choice in chosen if choice[0] not in BEGINS]
    return [[begin, *ASKS[START]], [others, OTHERS, FULL]]


IN_A_TRIAL: "dict[int, list[list[list[Choice]]]]" = {
    START: [*group_places(AT_START), [[("there is no clock", lose_clock)]]],
    RATED: group_places(AT_ANSWER),
}
RELEASES_IN_A_TRIAL = {
    intent: [join_choices((RELEASE, *more)) for groups in ways for more in product(*groups)]
    for intent, ways in IN_A_TRIAL.items()
}


def press_down(stand: Harness) -> None:
    """DOWN is taken to have gone down."""
    stand.unit.inputs.pins |= DOWN_PIN
    stand.unit.buttons.ticks[2] = DEBOUNCE_TICKS - 1


MARKS: list[Choice] = [NOTHING, ("DOWN goes down", press_down)]


def marking(node: Node) -> "list[Choice]":
    """Between visits DOWN marks an ill effect. It may come in the tick of any other button; that
    of a START that is let go is `OTHERS`'."""
    if not node.arm or node.state not in (READY, DONE) or node.button == DOWN:
        return []
    return MARKS


# A second thought takes longer than any control step: in FAULT, one has passed by then.
assert SECOND_THOUGHT_MS > STEP_MAX_MS


def start_button(node: Node) -> "list[Choice]":
    """What a person does with START."""
    if node.button == UP:
        if node.state == RATE:
            return [NOTHING, PRESS, AFTER_THERAPY]
        ended = node.state in ENDED or node.by_unworn
        if node.judged if node.state == FAULT else ended:
            return [NOTHING, PRESS, LATER]
        return [NOTHING, PRESS]
    if node.button == UNKNOWN:
        return [NOTHING, ("START is down already", hold_from_power_on)]
    if node.button == USED:
        return [NOTHING, RELEASE]
    intent = INTENT.get(node.state, -1) if node.pressed_in == node.state else -1
    releases = RELEASES_IN_A_TRIAL if node.arm and intent in RELEASES_IN_A_TRIAL else RELEASES
    return [NOTHING, HOLD, *releases.get(intent, [RELEASE])]


# -- cables and the console ------------------------------------------------------------------


def attach_host(stand: Harness) -> None:
    """A host asks for the prompt."""
    stand.unit.inputs.pins |= HOST


def type_line(line: bytes, stand: Harness) -> None:
    """A host reads, and types."""
    stand.meter.line = line
    stand.unit.second = SECOND_STEPS - 1


CABLE: list[Choice] = [
    NOTHING, ("the charger is in", plug_charger), ("a host asks for the prompt", attach_host)
]  # fmt: skip
CONSOLE: list[Choice] = [
    NOTHING,
    ("a host asks for the self-test", partial(type_line, b"selftest")),
]


def cable(node: Node) -> "list[Choice]":
    """What is plugged in; a host's wish for the prompt ends sessions, and does nothing else."""
    return CABLE if node.state in IN_SESSION else CABLE[:2]


def console(node: Node) -> "list[Choice]":
    """Whether the lit self-test is asked for."""
    return CONSOLE if node.lock == FOR_SERVICE and node.state not in IN_SESSION else []


def flash(node: Node) -> "list[Choice]":
    """Where the lit self-test is passed: whether that can be written."""
    return FULL if node.events >> CLEARED & 1 else []


def gated(node: Node) -> "list[Choice]":
    """Slow light has dark parts; CW is the case in which none is chosen."""
    if node.state not in LIT or not node.gate & PLANNED:
        return []
    return [NOTHING, ("", setter("gate.phase", 0))]


REST: "tuple[Group, ...]" = (start_button, marking, cable, console, flash, gated)
