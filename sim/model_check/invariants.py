"""Invariants of the model check: what must never happen, as a table of named predicates.

Called by `sim.model_check.search` for every part of a tick, with the node before it, the node after
it, and what the part did. A unit is dark if `off` was the last command to its emitters. Rules of
the whole graph are at the end.
"""

from collections.abc import Callable
from typing import NamedTuple

from firmware.core import states
from firmware.core.limits import UNWORN_STEPS
from sim.model_check.abstraction import Facts
from sim.model_check.node import BEFORE, FOR_GOOD, FREE, MASKED, TEST, THERAPY, Node

Broken = Callable[[Node, Node, Facts], bool]

NO_THERAPY = frozenset((states.CHARGING, states.FAULT, states.LOCKED, states.SERVICE))
POWER = frozenset(states.POWERED)
LIT = frozenset(states.LIT)
BEGUN = LIT | {states.WAIT_SKIN}
# A host may ask for SERVICE in the tick of the fault: the fault is seen in the next tick.
HELD_BY_FAULT = frozenset((states.FAULT, states.LOCKED, states.SERVICE, states.OFF))


class Rule(NamedTuple):
    """A rule, in the design's words where the design has them."""

    name: str
    words: str
    broken: Broken


def gives_light(after: Node) -> bool:
    """Whether some bank is driven and the supply switch closed."""
    return bool(after.duty and not after.dark)


def fault_left(before: Node, after: Node, facts: Facts) -> bool:
    """Whether a stopping fault is unlatched, or FAULT left, unacknowledged or with its cause."""
    unlatched = before.latched and not after.latched
    left = before.state == states.FAULT != after.state
    if after.state == states.OFF or not (unlatched or left):
        return False  # the table does not decide what outlives a loss of power
    seen = facts.acknowledged and before.state == states.FAULT
    return not seen or bool(before.cause or before.out)


# For every part of a tick.
OF_PARTS = (
    Rule("raises", "the firmware raises",
         lambda before, after, facts: facts.raised != ""),
    Rule("fault_left", "a fault that stops is left without acknowledgement, or with its cause",
         fault_left),
    Rule("not_waited", "a check that begins before the belt was worn for 5 s, after START, in"
         " SERVICE, or after a pause in which a sign was lost",
         lambda before, after, facts: (
             before.state in (states.WAIT_SKIN, states.SERVICE)
             or (before.by_unworn != 0 and after.asked in (THERAPY, TEST)))
         and after.state in LIT and not facts.worn_long),
    Rule("asked_while_lit", "the HAL is asked while lit for what it must only be asked dark",
         lambda before, after, facts: bool(facts.wrong)),
)  # fmt: skip

# For every whole tick: for its last part, and the node after it.
OF_TICKS = (
    Rule("no_therapy_state", "light in CHARGING, FAULT, LOCKED or SERVICE",
         lambda before, after, facts: after.state in NO_THERAPY and not after.dark),
    Rule("lit_outside", "emitters on outside CHECK, RAMP and TREAT",
         lambda before, after, facts: after.state not in LIT
         and not (after.dark and not after.armed and not facts.granted)),
    Rule("rating", "light in RATE",
         lambda before, after, facts: after.state == states.RATE and not after.dark),
    Rule("placebo", "light in a placebo unit",
         lambda before, after, facts: after.arm == MASKED and bool(after.duty)),
    Rule("not_worn", "light while not worn, for more control steps than may pass unseen",
         lambda before, after, facts: after.off_skin >= UNWORN_STEPS and not after.dark),
    Rule("unasked", "a session or a light that nobody asked for since power-on, reset or pause",
         lambda before, after, facts: after.state in BEGUN
         and after.asked not in (THERAPY, TEST)),
    Rule("unchecked", "power that no check went before",
         lambda before, after, facts: after.state in POWER and not after.checked),
    Rule("locked", "a session, or therapy, of a locked unit",
         lambda before, after, facts: after.lock != FREE and (
             after.state in POWER or after.state == states.WAIT_SKIN
             or (after.lock == FOR_GOOD and after.state in LIT))),
    Rule("test_to_therapy", "therapy that follows from a lit self-test",
         lambda before, after, facts: after.asked == TEST and after.state in POWER),
    Rule("hard_fault", "a session after a hard fault that no lit self-test has lifted",
         lambda before, after, facts: bool(after.owed) and after.state in BEGUN
         and after.asked != TEST),
    Rule("stuck_start", "a start or a resume with a stuck button",
         lambda before, after, facts: facts.stuck
         and after.state in BEGUN and before.state not in BEGUN),
    Rule("dose", "light of a pad that has had its dose",
         lambda before, after, facts: bool(after.duty & after.done and facts.granted)),
    Rule("heat", "light at the cap of CEM43",
         lambda before, after, facts: bool(after.hot) and gives_light(after)),
    Rule("time", "light beyond the session's or the day's time",
         lambda before, after, facts: bool(after.late) and gives_light(after)),
    Rule("latched", "light, or a session, with a stopping fault latched",
         lambda before, after, facts: bool(after.latched)
         and (not after.dark or after.state not in HELD_BY_FAULT)),
    Rule("tripped", "light with the guard tripped",
         lambda before, after, facts: bool(after.trips or after.drained) and not after.dark),
    Rule("empty", "light on a battery that ended",
         lambda before, after, facts: bool(after.ended) and gives_light(after)),
    Rule("stop_loses", "a press or a hold of START after which the unit is lit",
         lambda before, after, facts: facts.pressed
         and (after.state in LIT or not after.dark)),
    Rule("stop_late", "still lit at the end of the tick in which something had to stop light",
         lambda before, after, facts: bool(facts.stop or before.stop)
         and (after.state in LIT or not after.dark)),
)  # fmt: skip


class Way(NamedTuple):
    """A rule of the whole graph: every node that it applies to has a path there."""

    name: str
    words: str
    asked_of: Callable[[Node], bool]
    there: Callable[[Node], bool]


WAYS = (
    Way("no_way_off", "a state with no way to OFF",
        lambda node: True, lambda node: node.state == states.OFF),
    Way("no_way_back", "a unit, not locked for good, that can never be ready again",
        lambda node: node.lock != FOR_GOOD and node.state != states.OFF,
        lambda node: node.state == states.READY),
)  # fmt: skip
WAY_NAMES = frozenset(way.name for way in WAYS)
RULES = (*OF_PARTS, *OF_TICKS)
NAMES = frozenset((*WAY_NAMES, *(rule.name for rule in RULES)))


def broken_by(before: Node, after: Node, facts: Facts) -> "list[Rule]":
    """Return the rules that a part of a tick broke."""
    rules = RULES if after.place == BEFORE else OF_PARTS
    return [rule for rule in rules if rule.broken(before, after, facts)]
