"""User inputs at the end of a tick: press, release, plug in, type; see `sim.model_check.choice`."""

from functools import partial
from itertools import product

from firmware.core import limits, states
from firmware.core.inputs import DOWN as DOWN_PIN
from firmware.core.inputs import HOST
from firmware.core.inputs import START as START_PIN
from firmware.core.inputs import UP as UP_PIN
from firmware.therapy.dose import STEP_MAX_MS
from firmware.ui.button_actions import ENDED
from firmware.waistband import SECOND_STEPS
from sim.model_check.choice import NOTHING, Choice, Group, pin_setter, setter, when
from sim.model_check.events import (
    DAY_IS_LONG,
    DAY_IS_WARM,
    LOSSES,
    LOST,
    PLUG_CHARGER,
    WORN_LONG,
    set_belt,
)
from sim.model_check.harness import NOW_MS, Harness
from sim.model_check.node import DOWN, FOR_SERVICE, LIT, PLANNED, UNKNOWN, UP, USED, Node
from sim.model_check.trial import AT_ANSWER, AT_START, BEGINS, SetPlace


def join_choices(choices: "tuple[Choice, ...]") -> Choice:
    """Return several choices as one."""
    dos = [do for _, do in choices if do]

    def do(harness: Harness) -> None:
        for one in dos:
            one(harness)

    return ", ".join(words for words, _ in choices if words), do


# -- START -----------------------------------------------------------------------------------


def toggle_start(harness: Harness) -> None:
    """START has changed, debounced."""
    harness.unit.inputs.pins ^= START_PIN
    harness.pressed = harness.unit.inputs.pins & START_PIN != 0
    harness.unit.buttons.ticks[0] = limits.DEBOUNCE_TICKS - 1


def hold_start(harness: Harness) -> None:
    """START has been down for the length of a hold."""
    harness.pressed = True
    harness.unit.buttons.since_ms[0] = NOW_MS - limits.HOLD_MS


PRESS: Choice = ("START goes down", toggle_start)
RELEASE: Choice = ("START is let go", toggle_start)
HOLD: Choice = ("START is held 1.5 s", hold_start)
LATER = join_choices((PRESS, ("not at once", setter("unit.session.state_ms", limits.PAUSE_MAX_MS))))
SOON = join_choices((PRESS, ("soon after a stop", setter("unit.actions.stop_ms", NOW_MS))))
AFTER_THERAPY = join_choices(
    (PRESS, ("at once after therapy", setter("unit.session.previous", states.DONE)))
)


# -- what START asks for, and why it may be refused ------------------------------------------


def press_other(harness: Harness) -> None:
    """UP is down."""
    harness.unit.inputs.pins |= UP_PIN
    harness.stuck = True


def stick_other(harness: Harness) -> None:
    """UP was down for as long as a stuck button, and is released in this tick."""
    harness.unit.buttons.stable |= UP_PIN
    harness.unit.buttons.since_ms[1] = NOW_MS - limits.STUCK_MS
    harness.stuck = True


def chatter(harness: Harness) -> None:
    """START has closed more often than a finger does."""
    harness.unit.buttons.closures = limits.CHATTER_CLOSURES
    harness.unit.buttons.closed_ms = NOW_MS
    harness.stuck = True


def trip_battery_row(harness: Harness) -> None:
    """The battery's row is still tripped though the battery, charged since, has not ended."""
    guard = harness.unit.guard
    guard.tripped |= harness.unit.battery_bit
    harness.unit.guard_rows.collected = guard.tripped


ENDED_BATTERY: Choice = ("the battery has ended", setter("unit.battery.ended", True))
TRIPPED_BATTERY: Choice = ("the battery's row has tripped", trip_battery_row)
EMPTY: list[Choice] = [
    NOTHING, ENDED_BATTERY, TRIPPED_BATTERY, join_choices((ENDED_BATTERY, TRIPPED_BATTERY))
]  # fmt: skip
OTHERS: list[Choice] = [
    NOTHING, ("UP is down", press_other), ("UP is stuck", stick_other), ("START chatters", chatter)
]  # fmt: skip
DAY: list[Choice] = [
    NOTHING, DAY_IS_LONG, DAY_IS_WARM, join_choices((DAY_IS_LONG, DAY_IS_WARM))
]  # fmt: skip
FULL: list[Choice] = [NOTHING, ("flash takes nothing", setter("stub.flash", False))]
ABOVE_41: Choice = ("contact is above 41 C", partial(set_belt, 41_200, True))
ASKS: "dict[int, list[list[Choice]]]" = {
    states.START: [
        OTHERS,
        DAY,
        FULL,
        [NOTHING, ("the belt was not off since", setter("unit.wear.seen_off", 0))],
        [*EMPTY, ("the battery is low", setter("unit.battery.percent", 0))],
    ],
    states.RESUME: [
        OTHERS,
        [NOTHING, *LOST, ("contact is at 39.5 C", partial(set_belt, 39_500, True)), ABOVE_41],
        [NOTHING, WORN_LONG],
        [NOTHING, ("it was long ago", setter("unit.session.state_ms", limits.BLIND_WAIT_MS))],
    ],
    states.TEST: [OTHERS, DAY, EMPTY, [NOTHING, *LOST, ABOVE_41], [NOTHING, WORN_LONG]],
}
WARM: Choice = ("contact is at 41 C", partial(set_belt, 41_000, True))
MEANT: Choice = ("UP just before", setter("unit.buttons.meant_ms", NOW_MS))
IN_A_FAULT = [NOTHING, HOLD, RELEASE]
IN_A_FAULT += [join_choices((choice, MEANT)) for choice in (HOLD, RELEASE)]
IN_A_FAULT += [join_choices((choice, MEANT, WARM)) for choice in (HOLD, RELEASE)]
RELEASES = {
    intent: [join_choices((RELEASE, *more)) for more in product(*groups)]
    for intent, groups in ASKS.items()
}
RELEASES[states.START] += [join_choices((RELEASE, loss)) for loss in LOSSES]  # found at a START


def set_place(put: SetPlace, harness: Harness) -> None:
    """The trial is at this place."""
    put(harness.trial)


def group_places(places: "dict[str, SetPlace]") -> "list[list[list[Choice]]]":
    """Return groups of choices: the places where a session would begin, with all that may prevent
    it, and the other places with what the firmware asks there."""
    chosen: list[Choice] = [(words, partial(set_place, put)) for words, put in places.items()]
    begin = [choice for choice in chosen if choice[0] in BEGINS]
    others = [choice for choice in chosen if choice[0] not in BEGINS]
    return [[begin, *ASKS[states.START]], [others, OTHERS, FULL]]


IN_A_TRIAL: "dict[int, list[list[list[Choice]]]]" = {
    states.START: [
        *group_places(AT_START),
        [[("there is no clock", setter("stub.clock_s", None))]],
    ],
    states.RATED: group_places(AT_ANSWER),
}
RELEASES_IN_A_TRIAL = {
    intent: [join_choices((RELEASE, *more)) for groups in ways for more in product(*groups)]
    for intent, ways in IN_A_TRIAL.items()
}
for intent, places in ((states.START, AT_START), (states.RATED, AT_ANSWER)):
    RELEASES_IN_A_TRIAL[intent] += [
        join_choices((RELEASE, (words, partial(set_place, put)), loss))
        for words, put in places.items() for loss in LOSSES
    ]  # fmt: skip


MARKS_IN = (states.READY, states.DONE)  # between visits DOWN marks an ill effect


def press_down(harness: Harness) -> None:
    """DOWN has gone down, debounced."""
    harness.unit.inputs.pins |= DOWN_PIN
    harness.unit.buttons.ticks[2] = limits.DEBOUNCE_TICKS - 1


# The delay before a press counts (SECOND_THOUGHT_MS) includes a whole control step in FAULT.
assert limits.SECOND_THOUGHT_MS > STEP_MAX_MS


def start_button(node: Node) -> "list[Choice]":
    """What a person does with START."""
    if node.button == UP:
        if node.state == states.RATE:
            return [NOTHING, PRESS, AFTER_THERAPY]
        ended = node.state in ENDED or node.state == states.PAUSED
        if node.judged if node.state == states.FAULT else ended:
            return [NOTHING, PRESS, LATER]
        return [NOTHING, PRESS] if node.state in states.IN_SESSION else [NOTHING, PRESS, SOON]
    if node.button == UNKNOWN:
        return [NOTHING, ("START is down already", pin_setter(START_PIN))]
    if node.button == USED:
        return [NOTHING, RELEASE]
    if node.state == states.FAULT == node.pressed_in:
        return IN_A_FAULT
    intent = states.INTENT.get(node.state, -1) if node.pressed_in == node.state else -1
    releases = RELEASES_IN_A_TRIAL if node.arm and intent in RELEASES_IN_A_TRIAL else RELEASES
    return [NOTHING, HOLD, *releases.get(intent, [RELEASE])]


# -- cables and the console ------------------------------------------------------------------


def type_line(line: bytes, harness: Harness) -> None:
    """A host reads and sends a line."""
    harness.stub.line = line
    harness.unit.second = SECOND_STEPS - 1


CABLE: list[Choice] = [
    NOTHING, ("the charger is in", PLUG_CHARGER), ("a host asks for the prompt", pin_setter(HOST))
]  # fmt: skip


def cable(node: Node) -> "list[Choice]":
    """What is plugged in; a host's request for the prompt only ends sessions."""
    return CABLE if node.state in states.IN_SESSION else CABLE[:2]


# -- the gate --------------------------------------------------------------------------------

RETUNES = 1 << states.PASSED | 1 << states.STEP | 1 << states.RECHECK


def dark_parts(node: Node) -> "list[Choice]":
    """Whether lit light is dark in this tick: in a part of a gate's period, or, after a tick
    without any duty, while the frequency is set. CW is the case in which none is chosen."""
    if node.state not in states.LIT or not node.gate & PLANNED:
        return []
    found: list[Choice] = [NOTHING, ("", setter("unit.gate.phase", 0))]
    if not (node.gate & LIT or node.duty):
        found.append(("", setter("unit.gate.retune_ticks", 1)))
    return found


REST: "tuple[Group, ...]" = (
    start_button,
    # in the same tick as any other button; with a release of START it is one of OTHERS
    when(lambda node: node.arm and node.state in MARKS_IN and node.button != DOWN,
         ("DOWN goes down", press_down),
         *(join_choices((("DOWN goes down", press_down), loss)) for loss in LOSSES)),
    cable,
    when(lambda node: node.lock == FOR_SERVICE and node.state not in states.IN_SESSION,
         ("a host asks for the self-test", partial(type_line, b"selftest"))),
    # where the lit self-test is passed: whether that can be written
    when(lambda node: node.events >> states.CLEARED & 1, FULL[1]),
    dark_parts,
    # a step of the prescription, or the lamp test, has another frequency than the light before
    when(lambda node: node.state in states.LIT and node.events & RETUNES,
         ("", setter("unit.gate.carrier_hz", 0))),
)  # fmt: skip
