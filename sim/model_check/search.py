"""Breadth-first state-space search from power-on to every node that a unit can be in.

Called by `waistband check prove` and tests. Runs the firmware in `sim.model_check.harness`: a part
of a tick once for all nodes that it cannot tell apart (`sim.model_check.abstraction`).
"""

import gc
import time
from array import array
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from firmware.core import states
from sim.model_check import invariants
from sim.model_check.abstraction import Facts, Outcome, abstract_node, concretize, list_untouched
from sim.model_check.choice import Choice
from sim.model_check.events import ALIKE, CONTROL, GUARD
from sim.model_check.harness import Harness, list_first_nodes
from sim.model_check.node import AT_CONTROL, BEFORE, BEHIND, Node
from sim.model_check.plan_choices import PLAN
from sim.model_check.restore import restore_node
from sim.model_check.user_inputs import REST

Chosen = tuple[Choice, ...]
PARTS = (GUARD, CONTROL, PLAN, REST)  # by place

COLUMNS = len(states.EVENTS)
REPORT_EVERY = 1_000  # nodes


class RecordingTable(list[int]):
    """A state table that records which of its cells are read."""

    def __init__(self, cells: Iterable[int]) -> None:
        super().__init__(cells)
        self.asked = 0

    def __getitem__(self, cell: int) -> int:  # type: ignore[override]
        self.asked |= 1 << cell
        return super().__getitem__(cell)


def change_row(state: str, event: str, to: "str | None") -> "array[int]":
    """Return the firmware's table with one row that leads to another state, or to none.
    Raises ValueError if there is no such name."""
    table = states.build()
    cell = states.STATES.index(state) * COLUMNS + states.EVENTS.index(event)
    table[cell] = -1 if to is None else states.STATES.index(to)
    return table


class Edge(NamedTuple):
    """Where a part of a tick leads, and a bit for each cell of the table that was read for it."""

    to: Node
    cells: int


class Violation(NamedTuple):
    """A rule that a part of a tick broke: from which node, by which choice, ending where."""

    rule: str
    words: str
    node: Node
    chosen: Chosen
    to: Node


def list_every_choice(node: Node) -> "Iterator[Chosen]":
    """Yield every combination of one choice of each group that makes a difference at a node."""
    return product(*list_options(node))


def list_choices(node: Node) -> "Iterator[Chosen]":
    """Yield the combinations of choices that lead everywhere: one of those that are ALIKE stands
    for them; the others are there alone, and with each choice of one other group."""
    options = list_options(node)
    yield from product(*([one for one in group if one not in ALIKE] for group in options))
    plain = [group[0] for group in options]
    for at, group in enumerate(options):
        for alike in [one for one in group if one in ALIKE]:
            chosen = [*plain[:at], alike, *plain[at + 1 :]]
            yield tuple(chosen)
            for beside in range(len(options)):
                for other in options[beside][1:] if beside != at else []:
                    yield (*chosen[:beside], other, *chosen[beside + 1 :])


def list_options(node: Node) -> "list[list[Choice]]":
    """Return the choices of each group that makes a difference at a node."""
    return [options for group in PARTS[node.place] if (options := group(node))]


class Engine:
    """The firmware as a relation between nodes; caches what it has run."""

    def __init__(self, table: "Iterable[int] | None" = None) -> None:
        """`table` replaces the firmware's own."""
        self.table = RecordingTable(states.build() if table is None else table)
        self.harness = Harness(self.table)
        self.runs = 0
        self.broken: list[Violation] = []  # by the last node of `edges`
        self.known: dict[Node, list[Outcome]] = {}  # by abstract node

    def run(self, abstract: Node, chosen: Chosen) -> Outcome:
        """Run one part of a tick. An exception of the firmware is in the facts."""
        harness = self.harness
        self.runs += 1
        if abstract is harness.restored:
            harness.begun.restore()
        else:
            restore_node(harness, abstract)
        self.table.asked = 0
        for _, do in chosen:
            if do:
                do(harness)
        try:
            to = harness.run(abstract.place)
        except Exception as why:
            return Outcome(abstract, 0, Facts(raised=repr(why)), chosen)
        return Outcome(to, self.table.asked, harness.facts(), chosen, list_untouched(abstract, to))

    def parts(self, abstract: Node) -> "list[Outcome]":
        """Return every outcome of the part that begins in an abstract node, without duplicates."""
        if abstract not in self.known:
            outcomes: dict[tuple[Node, Facts], Outcome] = {}
            for chosen in list_choices(abstract):
                part = self.run(abstract, chosen)
                first = outcomes.setdefault((part.to, part.facts), part)
                if first.cells != part.cells:
                    both = first._replace(cells=first.cells | part.cells)
                    outcomes[part.to, part.facts] = both
            self.known[abstract] = list(outcomes.values())
        return self.known[abstract]

    def edges(self, node: Node) -> "list[Edge]":
        """Return every node to which the next part of a tick leads, without duplicates; what breaks
        a rule is left out, and listed in `broken`."""
        found: dict[Node, int] = {}
        if node.place == AT_CONTROL:  # in nine ticks of ten there is no control
            found[node._replace(place=BEHIND)] = 0
        self.broken = []
        for part in self.parts(abstract_node(node)):
            to = concretize(part, node)
            rules = invariants.broken_by(node, to, part.facts)
            for rule in rules:
                said = f"{rule.words} {part.facts.raised}".strip()
                self.broken.append(Violation(rule.name, said, node, part.chosen, to))
            if not rules:
                found[to] = found.get(to, 0) | part.cells
        return [Edge(to, cells) for to, cells in found.items()]

    def choice_to(self, node: Node, to: Node) -> Chosen:
        """Return the first choice that leads from one node to another."""
        if to == node._replace(place=BEHIND) and node.place == AT_CONTROL:
            return ()
        return next(
            part.chosen for part in self.parts(abstract_node(node)) if concretize(part, node) == to
        )


@dataclass
class Found:
    """Result of a search."""

    engine: Engine
    depth: dict[Node, int] = field(default_factory=dict)  # ticks from power-on
    parent: dict[Node, Node] = field(default_factory=dict)
    edges: dict[Node, list[Edge]] = field(default_factory=dict)
    violations: dict[str, Violation] = field(default_factory=dict)  # the first of each rule
    cells: int = 0  # a bit for each cell of the table that was ever read
    cpu_s: float = 0.0


def search(
    engine: Engine,
    edges_of: "Callable[[Node], list[Edge]] | None" = None,
    until: "Container[str] | None" = None,
    report: "Callable[[int, int], None] | None" = None,
    first: "Iterable[Node] | None" = None,
) -> Found:
    """Search from power-on or from the `first` nodes. `edges_of` replaces the engine's own; the
    search stops at the first broken rule of `until`; `report` gets (nodes done, nodes waiting)."""
    begun_s = time.process_time()
    collecting = gc.isenabled()
    gc.disable()  # nothing here is garbage, and collecting costs a quarter of the time
    try:
        found = Found(engine, dict.fromkeys(first or list_first_nodes(), 0))
        explore(found, edges_of or engine.edges, until or (), report)
    finally:
        if collecting:
            gc.enable()
    found.cpu_s = time.process_time() - begun_s
    return found


def explore(
    found: Found,
    edges_of: "Callable[[Node], list[Edge]]",
    until: "Container[str]",
    report: "Callable[[int, int], None] | None",
) -> None:
    """Search on from the nodes found already."""
    engine = found.engine
    waiting = deque(found.depth)
    while waiting and not any(rule in until for rule in found.violations):
        node = waiting.popleft()
        found.edges[node] = edges = edges_of(node)
        for violation in engine.broken:
            found.violations.setdefault(violation.rule, violation)
        engine.broken = []
        for to, cells in edges:
            found.cells |= cells
            if to not in found.depth:
                found.depth[to] = found.depth[node] + (to.place == BEFORE)
                found.parent[to] = node
                waiting.append(to)
        if report and len(found.edges) % REPORT_EVERY == 0:
            report(len(found.edges), len(waiting))
    if not waiting:
        for violation in find_lost_nodes(found):
            found.violations[violation.rule] = violation


def find_lost_nodes(found: Found) -> "list[Violation]":
    """Return the broken rules of the whole graph, each with its first node."""
    before: dict[Node, list[Node]] = {node: [] for node in found.depth}
    for node, edges in found.edges.items():
        for edge in edges:
            before[edge.to].append(node)
    broken = []
    for way in invariants.WAYS:
        arrived = {node for node in found.depth if way.there(node)}
        waiting = deque(arrived)
        while waiting:
            for node in before[waiting.popleft()]:
                if node not in arrived:
                    arrived.add(node)
                    waiting.append(node)
        lost = [node for node in found.depth if way.asked_of(node) and node not in arrived]
        if lost:
            node = min(lost, key=found.depth.__getitem__)
            broken.append(Violation(way.name, way.words, node, (), node))
    return broken


def render_path(found: Found, violation: Violation) -> "list[str]":
    """Render the shortest path into a violation, a line a tick in which something happens."""
    parts = [(violation.node, violation.chosen, violation.to)]
    while (to := parts[-1][0]) in found.parent:
        parent = found.parent[to]
        parts.append((parent, found.engine.choice_to(parent, to), to))
    lines: list[str] = []
    happened: list[str] = []
    tick, state = 0, parts[-1][0].state
    for at, (_, chosen, to) in enumerate(reversed(parts), 1):
        happened += [words for words, _ in chosen if words]
        if to.place == BEFORE or at == len(parts):
            tick += 1
            if happened or to.state != state:
                said = "; ".join(happened) or "time passes"
                into = f" -> {states.STATES[to.state]}" if to.state != state else ""
                lines.append(f"tick {tick:>2}  {states.STATES[state]:<9}  {said}{into}")
            happened, state = [], to.state
    return [*lines, f"{violation.rule}: {violation.words}"]
