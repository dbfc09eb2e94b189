"""Abstraction: runs a part of a tick once for all nodes that it cannot tell apart.

Called by `sim.model_check.search`. `abstract_node` hides from a part what it neither reads nor
passes on changed; `concretize` gives it back. A hidden value is replaced by one that the part never
sets, so that a part which does set it is seen to. A test also runs whole nodes, and compares.
"""

from functools import cache
from typing import Any, NamedTuple

from firmware.core import states
from firmware.core.limits import UNWORN_STEPS
from sim.model_check.node import (
    AT_CONTROL,
    AT_PLAN,
    BEFORE,
    BEHIND,
    HIDDEN_FOUND,
    LEASE,
    MASKED,
    NO_BANK,
    NOBODY,
    OPEN,
    OVER,
    PLAIN,
    THERAPY_ARM,
    UP,
    Node,
    carry_request,
    normalize_gate,
)

# By place: the values in place of the hidden ones.
HIDDEN: "dict[int, dict[str, int]]" = {
    BEFORE: {},
    AT_CONTROL: {
        "button": UP, "pressed_in": -1, "latched": 0, "wanted": 0, "duty": 0,
        "armed": 0, "out": 0, "trips": 0, "drained": 0, "asked": NOBODY, "checked": 0, "owed": 0,
        "step": OVER, "found": HIDDEN_FOUND, "banks": NO_BANK,
    },
    AT_PLAN: {
        "unworn": 0, "off_skin": 0, "asked": NOBODY, "owed": 0, "stop": 0, "latched": 0,
        "keep": 0, "trips": 0, "drained": 0, "hot": 0, "armed": 0, "duty": 0,
    },
    BEHIND: {
        "done": 3, "step": OVER, "found": HIDDEN_FOUND, "banks": NO_BANK,
        "unworn": UNWORN_STEPS, "off_skin": 0,
        "hot": 1, "late": 1, "ended": 0, "stop": 0,
    },
}  # fmt: skip
# States in which a part of a tick depends on a trial; elsewhere the arm is hidden.
IN_A_TRIAL = {
    BEFORE: (),
    AT_CONTROL: (*states.LIT, states.DONE, states.RATE),
    AT_PLAN: (states.CHECK,),
    BEHIND: (*states.LIT, states.READY, states.DONE, states.RATE),
}
JUDGED_ANEW = {"cause": 0, "active": 0}  # by control, whatever they were
SEEN_OF_GATE = OPEN | LEASE  # by control

# In other states these are at rest (`node.read_node`).
ONLY_IN = {
    **dict.fromkeys(("unworn", "off_skin", "checked"), states.LIT),
    **dict.fromkeys(("late", "drained", "ended", "done", "hot", "banks"), states.IN_SESSION),
    **dict.fromkeys(("step", "found"), (states.CHECK,)),
    "out": (states.FAULT,),
}
PLACE_OF = {name: at for at, name in enumerate(Node._fields)}
EVERYWHERE = range(len(states.STATES))
HAS_ROOM = [
    [state in ONLY_IN.get(name, EVERYWHERE) for name in Node._fields] for state in EVERYWHERE
]


class Facts(NamedTuple):
    """What a part of a tick did that the rules ask for and no node contains."""

    granted: bool = False  # the lease was renewed
    pressed: bool = False  # START went down, or was held
    stuck: bool = False  # another button is down, or stuck
    worn_long: bool = False  # the belt has been worn for 5 s
    acknowledged: bool = False  # a person did
    stop: bool = False  # an event that must end light was posted while lit
    wrong: str = ""  # HAL call made while lit that must be made while dark
    raised: str = ""  # the firmware's exception


class Outcome(NamedTuple):
    """One outcome of a part of a tick, from an abstract node."""

    to: Node
    cells: int  # a bit for each cell of the state table that was read
    facts: Facts
    chosen: Any  # the first choice that led there
    untouched: "tuple[int, ...]" = ()  # hidden fields that the part did not touch


@cache
def list_hidden(place: int, state: int, arm: int) -> "dict[str, int]":
    """Return the values in place of what is hidden from the part that begins here."""
    shown = HIDDEN[place]
    lit = state in states.LIT
    if state not in IN_A_TRIAL[place] or (lit and arm != MASKED and place != AT_CONTROL):
        shown = {**shown, "arm": PLAIN}  # unmasked light is that of a unit in no trial
    elif arm and not lit:
        shown = {**shown, "arm": THERAPY_ARM}  # in the dark both arms are alike
    if place == AT_CONTROL and state in states.POWERED:  # the next step is shared by its banks
        shown = {name: value for name, value in shown.items() if name != "banks"}
    if state == states.SELF_TEST:  # not passed with a fault latched, nor while a button is down
        seen = ("latched", "button") if place == AT_CONTROL else ("latched",)
        shown = {name: value for name, value in shown.items() if name not in seen}
    return {name: value for name, value in shown.items() if HAS_ROOM[state][PLACE_OF[name]]}


def abstract_node(node: Node) -> Node:
    """Return the node as the part that begins here sees it."""
    shown = list_hidden(node.place, node.state, node.arm)
    if node.place == AT_CONTROL:
        return node._replace(gate=node.gate & SEEN_OF_GATE, **shown, **JUDGED_ANEW)
    return node._replace(**shown)


def list_untouched(abstract: Node, to: Node) -> "tuple[int, ...]":
    """Return the hidden fields that a part did not touch."""
    return tuple(
        PLACE_OF[name]
        for name, value in list_hidden(abstract.place, abstract.state, abstract.arm).items()
        if to[PLACE_OF[name]] == value
        and HAS_ROOM[to.state][PLACE_OF[name]]
        and not (name == "stop" and to.place == BEFORE)  # `stop` ends with its tick
    )


def concretize(part: Outcome, node: Node) -> Node:
    """Return where a part leads from a node; `part` begins in the abstract node."""
    values: list[int] = list(part.to)
    for at in part.untouched:
        values[at] = node[at]
    to = Node._make(values)
    if node.place != AT_CONTROL:
        return to
    gate, wanted, duty = normalize_gate(
        to.state in states.LIT, to.gate & SEEN_OF_GATE | node.gate & ~SEEN_OF_GATE,
        node.wanted, node.duty,
    )  # fmt: skip
    asked = carry_request(to.state, node.asked, node.state)
    if node.gate & OPEN and not to.gate & OPEN:  # control left light, and the gate shut with it
        return to._replace(wanted=0, duty=0, armed=0, asked=asked)
    return to._replace(gate=gate, wanted=wanted, duty=duty, asked=asked)
