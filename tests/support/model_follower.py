"""A unit on the bench that is followed, tick by tick, through the graph of the proof.

`Follow` is a `Bench` whose every tick must be one that the search of `sim.model_check` found: the
node it is in before, the node it is in after, and a way from one to the other.
"""

from collections.abc import Callable
from typing import Any

from firmware.core.inputs import BUCKLE
from firmware.core.limits import BUCKLE_TICKS
from sim.model_check.node import BEFORE, Node, read_node
from sim.model_check.observer import Observer
from sim.model_check.search import Found
from tests.support.fake_hal import Bench


class Graph:
    """Where a whole tick can lead from a node, as the search found it."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.known: dict[Node, set[Node]] = {}

    def after(self, node: Node) -> set[Node]:
        """Every node in which a tick from this one can end."""
        if node not in self.known:
            ends, parts, seen = set(), [node], set()
            while parts:
                for edge in self.found.edges[parts.pop()]:
                    if edge.to.place == BEFORE:
                        ends.add(edge.to)
                    elif edge.to not in seen:
                        seen.add(edge.to)
                        parts.append(edge.to)
            self.known[node] = ends
        return self.known[node]


class Follow(Bench):
    """A bench that objects to a tick that the graph does not have."""

    def __init__(self, graph: Graph, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.graph = graph
        self.dark, self.armed = True, False
        self.observer = Observer(self.unit, self.is_worn)
        self.control: Callable[[int], None] = self.unit._control
        self.plan: Callable[[int], None] = self.unit._plan
        vars(self.unit)["_control"] = self.watched_control
        self.node = self.here()
        assert self.node in graph.found.depth

    def is_worn(self) -> bool:
        """As the unit has it; a buckle that has opened for less than BUCKLE_TICKS may bounce."""
        wear, inputs = self.unit.wear, self.unit.inputs
        pins = inputs.pins
        if wear.open_ticks < BUCKLE_TICKS:
            inputs.pins |= BUCKLE
        worn: bool = wear.is_worn()
        inputs.pins = pins
        return worn

    @property
    def duty(self) -> list[int]:
        """What the emitters were told."""
        return self.hal.duty

    def here(self) -> Node:
        """The node that the unit is in between two ticks."""
        return read_node(self.unit, self, self.observer, BEFORE)

    def watched_control(self, ms: int) -> None:
        """Control, with the bystander told where in it the light is planned."""
        notes, latch = self.observer, self.unit.faults
        state = notes.before_control()
        planned = False

        def watched_plan(step_ms: int) -> None:
            nonlocal planned
            planned = True
            notes.after_control(state, latch.active != 0)
            step = notes.before_plan()
            self.plan(step_ms)
            notes.after_plan(step)

        vars(self.unit)["_plan"] = watched_plan
        self.control(ms)
        if not planned:
            notes.after_control(state, latch.active != 0)

    def tick(self) -> None:
        """One tick, which must be one of the graph's."""
        self.hal.calls.clear()
        self.observer.begin()
        super().tick()
        self.observer.end()
        for name, *values in self.hal.calls:
            if name == "off":
                self.dark = True
            elif name in ("drive", "renew_lease"):
                self.dark = False
            elif name == "arm":
                self.armed = values[0]
        before, self.node = self.node, self.here()
        allowed = self.graph.after(before)
        assert self.node in allowed, differences(self.node, allowed)


def differences(node: Node, allowed: set[Node]) -> str:
    """How a node differs from the nearest one that is allowed."""
    if not allowed:
        return "no tick leads on from there"
    near = min(allowed, key=lambda other: sum(a != b for a, b in zip(node, other, strict=True)))
    names = zip(Node._fields, node, near, strict=True)
    return ", ".join(f"{name} is {is_} and not {not_}" for name, is_, not_ in names if is_ != not_)
