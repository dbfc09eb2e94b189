"""What the model check restores is all that the firmware keeps; what it leaves free is free.

No whole search is made here: a walk goes from power-on, and from a lamp test that is passed, into
every state.
"""

import itertools
import random

import pytest

from firmware.core import states
from firmware.core.limits import LOOK_EVERY_TICKS, LOOK_STEADY_STEPS, LOOK_TICKS
from firmware.therapy.session import Session
from sim.model_check.abstraction import abstract_node
from sim.model_check.at_rest import AtRest, Path, read_values
from sim.model_check.harness import Harness, list_first_nodes
from sim.model_check.node import (
    AT_CONTROL,
    BEHIND,
    FRESH,
    LIT,
    MASKED,
    OPEN,
    OVER,
    PLAIN,
    PLANNED,
    THERAPY,
    THERAPY_ARM,
    UP,
    Node,
)
from sim.model_check.restore import restore_node
from sim.model_check.search import Engine, list_choices, list_every_choice

NODES = 3_000

# No choice sets these: they lead nowhere else.
FREE: list[tuple[str, object]] = [
    ("gate.steady", True),
    ("gate.gated_steps", LOOK_STEADY_STEPS),
    ("gate.unseen_ticks", LOOK_EVERY_TICKS),
    ("gate.more_dark_ticks", LOOK_TICKS),
    ("session.doubted", True),
    ("session.number", 7),
    ("session.reason", states.DOSE),
    ("buttons.closures", 2),
    ("rail.rechecks", 3),
    ("rail.leaks", 2),
    ("rail.dark_ticks", 9),
]


# A lamp test is passed here, which a walk by chance seldom does.
PASSES = Node(
    BEHIND, states.CHECK, events=1 << states.PASSED, settled=1, button=UP, step=OVER,
    gate=OPEN | LIT | PLANNED | FRESH, duty=1, dark=0, armed=1, asked=THERAPY, checked=1,
)  # fmt: skip


def kind_of(node: Node) -> tuple[int, ...]:
    """State, place in a tick, step of the lamp test, lock."""
    return node.state, node.place, node.step, node.lock


@pytest.fixture(scope="module")
def walked() -> list[Node]:
    """Nodes that a walk came to; it goes on as often from one kind as from another."""
    engine, by_chance = Engine(), random.Random(1)
    nodes = dict.fromkeys([*list_first_nodes(), PASSES])
    waiting: dict[tuple[int, ...], list[Node]] = {}
    for node in nodes:
        waiting.setdefault(kind_of(node), []).append(node)
    missing = set(range(len(states.STATES)))
    while len(nodes) < NODES or missing:
        kind = by_chance.choice([kind for kind in waiting if waiting[kind]])
        node = waiting[kind].pop(by_chance.randrange(len(waiting[kind])))
        for edge in engine.edges(node):
            if edge.to not in nodes:
                nodes[edge.to] = None
                missing.discard(edge.to.state)
                waiting.setdefault(kind_of(edge.to), []).append(edge.to)
    return list(nodes)


def values_of(engine: Engine) -> dict[Path, object]:
    return read_values(engine.harness.list_roots())


def use(engine: Engine, node: Node) -> set[str]:
    """Take every seventh choice of a node; the names of the attributes that changed."""
    restore_node(engine.harness, node)
    before = values_of(engine)
    changed: set[str] = set()
    for chosen in itertools.islice(list_choices(node), 0, None, 7):
        engine.run(node, chosen)
        after = values_of(engine)
        changed |= {path[-1] for path in before | after if before.get(path) != after.get(path)}
    return changed


def find_difference(used: Engine, node: Node) -> dict[Path, tuple[object, object]]:
    """What a used unit differs in from a new one, both restored into a node."""
    fresh = Engine()
    for engine in (used, fresh):
        restore_node(engine.harness, node)
    one, other = values_of(used), values_of(fresh)
    return {
        path: (one.get(path, "none"), other.get(path, "none"))
        for path in one | other
        if one.get(path, "none") != other.get(path, "none")
    }


def test_a_node_puts_back_all_that_the_firmware_keeps(walked: list[Node]) -> None:
    """A unit that has been in any node is in every attribute what a new one is."""
    used = Engine()
    changed: set[str] = set()
    for node in map(abstract_node, walked[:: NODES // 60]):
        changed |= use(used, node)
        assert find_difference(used, node) == {}
    assert {"doubted", "day_open", "planned", "noted_latched"} <= changed


def test_what_is_not_put_back_is_found(walked: list[Node], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AtRest, "restore", lambda self: None)
    used = Engine()
    different: set[str] = set()
    for node in map(abstract_node, walked[:: NODES // 60]):
        use(used, node)
        different |= {path[-1] for path in find_difference(used, node)}
    assert {"noted_latched", "reason"} <= different


@pytest.mark.parametrize(("path", "value"), FREE)
def test_what_no_choice_sets_leads_nowhere_else(
    walked: list[Node], path: str, value: object
) -> None:
    owner, _, name = path.partition(".")

    def set_value(harness: Harness) -> None:
        setattr(getattr(harness.unit, owner), name, value)

    engine = Engine()
    seen = [node for node in walked if node.state in (*states.LIT, states.READY)]
    for node in map(abstract_node, seen[:: len(seen) // 40]):
        plain = {(part.to, part.facts) for part in engine.parts(node)}
        for chosen in list_choices(node):
            part = engine.run(node, (("", set_value), *chosen))
            assert (part.to, part.facts) in plain


def test_choices_that_are_alike_lead_nowhere_else() -> None:
    """Of one node of each place, state and arm every combination of choices leads where those of
    the search lead."""
    engine = Engine()
    saved = 0
    arms = (PLAIN, THERAPY_ARM, MASKED)
    for place, state, arm in itertools.product(range(4), range(len(states.STATES)), arms):
        node = abstract_node(Node(place=place, state=state, arm=arm, settled=1, button=UP))
        every = list(list_every_choice(node))
        if len(list(list_choices(node))) < len(every):
            saved += 1
            plain = {(part.to, part.facts) for part in engine.parts(node)}
            for chosen in every:  # on the way there it may read more of the table
                part = engine.run(node, chosen)
                assert (part.to, part.facts) in plain
    assert saved >= 10


def test_choices_that_would_not_be_alike_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firmware that raises where one skin sensor is off, the session's time is up and the heat is
    at its cap, all in one control step."""
    engine = Engine()
    unit = engine.harness.unit
    watch_heat = Session.watch_heat

    def goes_wrong(self: Session, *arguments: int) -> None:
        watch_heat(self, *arguments)
        late = self.treat_ms >= engine.harness.course.max_ms
        if late and not unit.wear.touched[1] and self.events >> states.CEM43 & 1:
            raise ValueError("all at once")

    monkeypatch.setattr(Session, "watch_heat", goes_wrong)
    abstract = abstract_node(Node(place=AT_CONTROL, state=states.TREAT, settled=1, button=0))
    plain = {(part.to, part.facts) for part in engine.parts(abstract)}
    every = [engine.run(abstract, chosen) for chosen in list_every_choice(abstract)]
    assert any((part.to, part.facts) not in plain for part in every)


def test_a_node_that_is_put_back_leads_where_one_that_is_restored_does(walked: list[Node]) -> None:
    """Before each choice but the first the search puts the node back as it was restored."""
    engine = Engine()
    for node in map(abstract_node, walked[:: NODES // 60]):
        for chosen in itertools.islice(list_choices(node), 0, 700, 7):
            put_back = engine.run(node, chosen)
            engine.harness.restored = None
            assert engine.run(node, chosen) == put_back
