"""The search of the state machine: what it finds, that it can fail, and that it is the unit's.

The whole search is made once for all tests here. The proof is worth as much as the claims
on which it stands: every tick of a unit is one of the graph's, and what was put together
(faults of a kind, nodes that look alike to a part of a tick) makes no difference.
"""

import itertools
import json
from collections.abc import Callable, Container
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.core import faults, states
from firmware.core.faults import FAULTS, HARD
from firmware.core.limits import DUTY_MAX
from firmware.safety import gate, guard
from firmware.therapy import power_plan, session
from firmware.ui.button_actions import ButtonActions
from firmware.waistband import Waistband
from sim.model_check import invariants
from sim.model_check.abstraction import Outcome, abstract_node, concretize
from sim.model_check.harness import list_first_nodes
from sim.model_check.node import AT_CONTROL, AT_PLAN, BEFORE, BEHIND, MASKED, Node, read_node
from sim.model_check.restore import restore_node
from sim.model_check.search import (
    COLUMNS,
    Edge,
    Engine,
    Found,
    change_row,
    list_choices,
    render_path,
    search,
)  # fmt: skip
from tests.support.command import Waistband as Command
from tests.support.enrolled_unit import (
    BRIEF,
    CLOCK_S,
    come,
    files_with,
    rate,
    ticket_of,
    told,
    treated,
)  # fmt: skip
from tests.support.fake_hal import BUCKLE, CHARGER, DOWN, MOMENT_MS, SHORT, START, UP, Bench
from tests.support.keyed_unit import made
from tests.support.model_follower import Follow, Graph
from tests.support.wrong_guards import (
    forgets_the_check,
    hears_no_stop,
    looks_away,
    raises,
    shuts_without_off,
)
from tools.commands import check_prove

EVERY = [number for number in range(len(FAULTS)) if number != faults.BATTERY_EMPTY]
THAT_STOP = [number for number in EVERY if faults.STOPPING >> number & 1]
SOFT = [number for number in THAT_STOP if not HARD >> number & 1]
ARE_HARD = [number for number in THAT_STOP if HARD >> number & 1]


@pytest.fixture(scope="module")
def found() -> Found:
    """The search of the firmware as it is."""
    return search(Engine())


def sample(found: Found, count: int, wanted: Callable[[Node], bool]) -> list[Node]:
    """Nodes from all over the graph."""
    nodes = [node for node in found.depth if wanted(node)]
    return nodes[:: max(1, len(nodes) // count)]


# -- what is found -----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(invariants.NAMES))
def test_nothing_that_must_never_be_can_be_reached(found: Found, rule: str) -> None:
    violation = found.violations.get(rule)
    assert violation is None, "\n".join(render_path(found, violation))


def test_every_state_is_reached_and_every_row_taken_but_a_hold_that_a_press_comes_before(
    found: Found,
) -> None:
    assert {node.state for node in found.depth} == set(range(len(states.STATES)))
    never_taken = {
        divmod(cell, COLUMNS)
        for cell, to in enumerate(states.build())
        if to >= 0 and not found.cells >> cell & 1
    }
    assert never_taken == {(state, states.HOLD) for state in (states.WAIT_SKIN, *states.LIT)}


def test_light_is_reached_in_every_lit_state_and_on_either_pad(found: Found) -> None:
    """Nothing is proved of a unit that never lights."""
    lit = {(node.state, node.duty) for node in found.depth if node.duty and not node.dark}
    assert {state for state, _ in lit} == set(states.LIT)
    assert {duty for state, duty in lit if state == states.TREAT} == {1, 2, 3}


# -- that it can fail: rows --------------------------------------------------------------------

WRONG_ROWS = [
    ("TREAT", "PRESS", None, "stop_loses"),
    ("TREAT", "FAULTED", "DONE", "latched"),
    ("READY", "WORN", "RAMP", "unchecked"),
    ("PAUSED", "TIMEOUT", "CHECK", "unasked"),
    ("DONE", "TIMEOUT", "WAIT_SKIN", "unasked"),
    ("SELF_TEST", "PASSED", "CHECK", "unasked"),
    ("CHARGING", "CHARGER_OUT", "TREAT", "raises"),
    ("FAULT", "PRESS", "READY", "latched"),
    ("FAULT", "ACK", "RAMP", "unasked"),
    ("TREAT", "TIME", "RAMP", "stop_late"),
    ("CHECK", "CLEARED", "RAMP", "locked"),
    ("LOCKED", "SERVE", "WAIT_SKIN", "unasked"),
    ("LOCKED", "HOLD IDLE", None, "no_way_off"),  # either leads to OFF
    ("RATE", "RATED", "RAMP", "unchecked"),
    ("RATE", "TIMEOUT", "WAIT_SKIN", "unasked"),
    ("RATE", "CLOSED", "CHECK", "unasked"),
    ("SELF_TEST", "PASSED", "LOCKED", "no_way_back"),
]


def way_to_wrong(
    found: Found, state: str, event: str, to: str | None, until: Container[str] = invariants.NAMES
) -> list[str]:
    """Search with a row changed, or the rows of several events; the way to the first rule of
    `until` that breaks. What they do not touch is taken from the search of the table as it is."""
    right = states.build()
    table = right[:]
    for name in event.split():
        cell = states.STATES.index(state) * COLUMNS + states.EVENTS.index(name)
        table[cell] = change_row(state, name, to)[cell]
    changed = Engine(table)
    wrong_cells = sum(1 << at for at in range(len(right)) if right[at] != table[at])

    def edges_of(node: Node) -> list[Edge]:
        known = found.edges.get(node)
        if known is None or any(edge.cells & wrong_cells for edge in known):
            return changed.edges(node)
        return known

    wrong = search(changed, edges_of, until=until)
    ends = [end for rule, end in wrong.violations.items() if rule in until]
    return render_path(wrong, ends[0])


@pytest.mark.parametrize(("state", "event", "to", "rule"), WRONG_ROWS)
def test_a_wrong_row_is_found(
    found: Found, state: str, event: str, to: str | None, rule: str
) -> None:
    assert way_to_wrong(found, state, event, to)[-1].startswith(f"{rule}: ")


def test_the_way_to_a_wrong_row_is_the_shortest_and_is_told_in_words(found: Found) -> None:
    assert way_to_wrong(found, "TREAT", "PRESS", None) == [
        "tick  2  SELF_TEST  every sensor was heard; START goes down -> READY",
        "tick  3  READY      START is let go -> WAIT_SKIN",
        "tick  4  WAIT_SKIN  the belt is worn for 5 s -> CHECK",
        "tick  6  CHECK      the rail monitor sees a pulse",  # without: an open string, a tick more
        "tick  7  CHECK      the rail monitor sees a pulse",
        "tick  9  CHECK      time passes -> RAMP",
        "tick 10  RAMP       the ramp is over; START goes down -> TREAT",
        "stop_loses: a press or a hold of START after which the unit is lit",
    ]
    assert way_to_wrong(found, "FAULT", "ACK", "RAMP") == [
        "tick  1  SELF_TEST  every sensor was heard; a sensor is found wrong -> FAULT",
        "tick  2  FAULT      START goes down, not at once",
        "tick  3  FAULT      START is held 1.5 s, UP just before -> RAMP",
        "unasked: a session or a light that nobody asked for since power-on, reset or pause",
    ]
    assert way_to_wrong(found, "PAUSED", "TIMEOUT", "CHECK", {"unasked"}) == [
        "tick  1  SELF_TEST  every sensor was heard; a host asks for the self-test -> LOCKED",
        "tick  2  LOCKED     START goes down -> SERVICE",
        "tick  3  SERVICE    START is let go, the belt is worn for 5 s -> CHECK",
        "tick  4  CHECK      START goes down -> PAUSED",
        "tick  5  PAUSED     the pause lasted 10 min -> CHECK",
        "unasked: a session or a light that nobody asked for since power-on, reset or pause",
    ]


# -- that it can fail: guards ------------------------------------------------------------------


def broken(found: Found, rule: str, start: int) -> list[str]:
    """The way from where a state is first reached, a lit one with light, to a rule, in the
    firmware as it is now; fails if there is none."""
    first = next(
        node for node in found.depth
        if node.state == start and node.place == BEFORE
        and (start not in states.LIT or (node.duty and node.arm != MASKED))
    )  # fmt: skip
    wrong = search(Engine(), until={rule}, first=[first])
    return render_path(wrong, wrong.violations[rule])


def always_permits(self: Any, permitted: bool, ms: int, real: Any = gate.Gate.pass_out) -> None:
    real(self, True, ms)


def acknowledges_whatever(unit: Any, intent: int) -> None:
    if intent == states.ACK:
        unit.faults.acknowledge()
        unit.session.post(intent)


def answers_in_the_dark(unit: Any, done: int, real: Any = Waistband._answer) -> None:
    if unit.session.state not in states.LIT:
        real(unit, done)


POWER_ON, TREAT = states.SELF_TEST, states.TREAT
WRONG_CODE: list[tuple[Any, str, Any, int, str]] = [
    (ButtonActions, "is_stuck", lambda self: False, POWER_ON, "stuck_start"),
    (Waistband, "_ask", acknowledges_whatever, POWER_ON, "fault_left"),
    (Waistband, "_answer", answers_in_the_dark, POWER_ON, "stop_loses"),
    (gate.Gate, "pass_out", always_permits, POWER_ON, "lit_outside"),
    (gate.Gate, "shut", shuts_without_off, TREAT, "no_therapy_state"),
    (guard.Guard, "check", looks_away, POWER_ON, "tripped"),
    (session.Session, "watch_heat", lambda self, session, day: None, TREAT, "heat"),
    (session.Session, "watch_clock", lambda self: None, TREAT, "time"),
    (session.Session, "unworn", raises, TREAT, "raises"),
    (session.Session, "unworn", lambda self: None, TREAT, "not_worn"),
    (session.Session, "post", hears_no_stop(states.FAULTED), POWER_ON, "latched"),
    (power_plan, "_taper", lambda pad, throttle, worst: throttle, TREAT, "dose"),
    (Waistband, "_enter", forgets_the_check, POWER_ON, "unchecked"),
    (session.Session, "lock_for_service", lambda self: None, POWER_ON, "hard_fault"),
]


@pytest.mark.parametrize(("where", "name", "wrong", "start", "rule"), WRONG_CODE)
def test_a_wrong_guard_is_found(
    found: Found, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, wrong: Any,
    start: int, rule: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(where, name, wrong)
    assert broken(found, rule, start)[-1].startswith(f"{rule}: ")


def test_a_gate_that_looks_past_its_mask_lights_a_placebo_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = gate.Gate._drive

    def drive(self: Any, lit: bool, ms: int) -> None:
        self.mask = DUTY_MAX
        real(self, lit, ms)

    monkeypatch.setattr(gate.Gate, "_drive", drive)
    masked = [node for node in list_first_nodes() if node.arm == MASKED]
    wrong = search(Engine(), until={"placebo"}, first=masked)
    assert render_path(wrong, wrong.violations["placebo"])[-1] == "placebo: light in a placebo unit"


def test_light_that_goes_on_into_a_rating_is_found(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate.Gate, "pass_out", always_permits)
    monkeypatch.setattr(gate.Gate, "shut", lambda self, ms: None)  # it shuts with the lit state
    lit = next(
        node for node in found.depth
        if node.state == TREAT and node.place == BEFORE and node.duty and node.arm
    )  # fmt: skip
    wrong = search(Engine(change_row("TREAT", "PRESS", "RATE")), until={"rating"}, first=[lit])
    assert render_path(wrong, wrong.violations["rating"])[-1] == "rating: light in RATE"


# -- faults of a kind --------------------------------------------------------------------------


def engine_with(latched: tuple[int, ...], soft: tuple[int, int], hard: int) -> Engine:
    """The firmware, with other faults in the place of those that the search names."""
    engine = Engine()
    engine.harness.latched_as = sum(1 << number for number in latched)
    engine.harness.soft, engine.harness.hard = soft, hard
    return engine


def leads(engine: Engine, node: Node) -> list[Outcome]:
    """Where each choice leads from a node, one by one."""
    return [engine.run(node, chosen)._replace(chosen=()) for chosen in list_choices(node)]


def test_any_fault_that_stops_and_any_pair_leads_nowhere_else(found: Found) -> None:
    """To the same places, or to fewer: a hard fault that is latched is not kept twice."""
    nodes = sample(found, 12, lambda node: bool(node.latched) and node.place != AT_CONTROL)
    assert len(nodes) >= 12
    plain = [leads(Engine(), node) for node in nodes]
    latched: list[tuple[int, ...]] = [*itertools.combinations(THAT_STOP, 2)]
    latched += [(number,) for number in THAT_STOP]
    for turn, numbers in enumerate(latched):
        at = turn % len(nodes)
        engine = engine_with(numbers, (faults.CONTACT_LOST, faults.RAIL_LOST), faults.LED_STUCK_ON)
        assert {*leads(engine, nodes[at])} <= {*plain[at]}, [FAULTS[n][0] for n in numbers]


def test_whichever_faults_control_finds_it_makes_no_other_difference(found: Found) -> None:
    nodes = [abstract_node(node) for node in sample(found, 6, lambda n: n.place == AT_CONTROL)]
    plain = [leads(Engine(), node) for node in nodes]
    for turn, pair in enumerate(itertools.permutations(SOFT, 2)):
        at = turn % len(nodes)
        engine = engine_with((faults.NTC_OPEN,), pair, ARE_HARD[turn % len(ARE_HARD)])
        assert leads(engine, nodes[at]) == plain[at], [FAULTS[n][0] for n in pair]


# -- nodes that look alike ---------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_part_does_the_same_to_all_nodes_that_it_is_run_once_for(
    found: Found, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from([AT_CONTROL, AT_PLAN, BEHIND]))
    node = data.draw(st.sampled_from(sample(found, 300, lambda node: node.place == place)))
    engine = Engine()
    by_itself = {(part.to, part.facts.stop or node.stop) for part in leads(engine, node)}
    by_frame = {
        (concretize(part, node), part.facts.stop or node.stop)
        for part in found.engine.parts(abstract_node(node))
    }
    assert by_frame == by_itself


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_a_node_does_not_name_makes_no_difference(found: Found, data: st.DataObject) -> None:
    """A harness that has been in any node leads where a new one does."""
    nodes = sample(found, 400, lambda node: True)
    here, there = (abstract_node(data.draw(st.sampled_from(nodes))) for _ in range(2))
    used = Engine()
    leads(used, here)
    assert leads(used, there) == leads(Engine(), there)


def test_a_node_that_is_put_is_the_node_that_is_taken(found: Found) -> None:
    harness = Engine().harness
    for node in sample(found, 2_000, lambda node: node.place != AT_CONTROL):
        restore_node(harness, node)
        assert read_node(harness.unit, harness.stub, harness.observer, node.place) == node


# -- the command -------------------------------------------------------------------------------


def test_the_command_tells_what_was_searched_and_ends_well(
    found: Found, waistband: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_prove, "search", lambda *args, **options: found)
    said = waistband("check", "prove")
    assert said.code == 0
    assert said.out.count("no way there") == len(invariants.NAMES)
    result = json.loads(waistband("check", "prove", "--json").out)
    assert result["violations"] == [] and result["nodes"] == len(found.depth)
    assert len(result["rows_never_taken"]) == 4


# -- ordinary units ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graph(found: Found) -> Graph:
    """Where whole ticks lead."""
    return Graph(found)


def test_a_whole_session_goes_through_the_graph(graph: Graph) -> None:
    bench = Follow(graph, SHORT)
    bench.to("TREAT").press(START)
    bench.until("PAUSED")
    bench.run(MOMENT_MS)
    bench.press(START)
    bench.until("DONE", 200_000)
    assert bench.reason == "dose"
    bench.take_off()
    bench.run(MOMENT_MS)
    bench.take_off()
    bench.press(START)
    assert bench.until("WAIT_SKIN") < MOMENT_MS


@pytest.mark.parametrize("masked", [False, True])
def test_a_visit_goes_through_the_graph(graph: Graph, masked: bool) -> None:
    bench = in_a_trial(graph, masked)
    come(bench.to_ready())
    rate(bench, 1, 2, 3, 0)
    come(bench, 7)
    rate(bench, 1, 2, 3)
    treated(bench)
    assert bench.state == "RATE" and bool(bench.lit_in) == (not masked)
    bench.run(620_000)
    assert bench.state == "READY"
    bench.press(DOWN)
    rate(bench, 1)
    come(bench)
    rate(bench, 1, 2, 3, 0)
    assert bench.state == "DONE" and told(bench)[-1] == ("visit", 2, "done")


def in_a_trial(graph: Graph, masked: bool) -> Follow:
    files = files_with(ticket_of(masked))
    return Follow(graph, made(prescription=BRIEF), files=files, clock_s=CLOCK_S)


def mend(bench: Bench) -> None:
    bench.hal.open_banks.clear()
    bench.hal.stuck_banks.clear()
    bench.hal.enable_stuck = False


def ask_for_the_test(bench: Bench) -> None:
    bench.hal.reader = True
    bench.hal.lines = [b"selftest"]
    bench.run(1_100)
    bench.hal.reader = False


DOINGS: dict[str, Callable[[Bench], object]] = {
    "press": lambda bench: bench.press(START),
    "hold": lambda bench: bench.press(START, 1_700),
    "acknowledge": lambda bench: bench.acknowledge(),
    "up": lambda bench: bench.press(UP),
    "wait": lambda bench: bench.run(3_000),
    "wait long": lambda bench: bench.run(9_000),
    "buckle": lambda bench: setattr(bench.hal, "pins", bench.hal.pins ^ BUCKLE),
    "charger": lambda bench: setattr(bench.hal, "pins", bench.hal.pins ^ CHARGER),
    "hot": lambda bench: bench.hal.skin_mc(43_500),
    "cool": lambda bench: bench.hal.skin_mc(33_000),
    "open": lambda bench: bench.hal.ntc.__setitem__(0, 4_000),
    "silent": lambda bench: bench.hal.silent.add("CONTACT_A"),
    "heard": lambda bench: bench.hal.silent.clear(),
    "flat": lambda bench: bench.hal.cell_mv(2_800),
    "full": lambda bench: bench.hal.cell_mv(4_000),
    "bank open": lambda bench: bench.hal.open_banks.add(5),
    "bank stuck": lambda bench: bench.hal.stuck_banks.add(2),
    "switch stuck": lambda bench: setattr(bench.hal, "enable_stuck", True),
    "mended": mend,
    "storage": lambda bench: setattr(bench.hal, "storage_full", not bench.hal.storage_full),
    "selftest": ask_for_the_test,
    "down": lambda bench: bench.press(DOWN),
    "answer": lambda bench: rate(bench, 1),
    "answers": lambda bench: rate(bench, 1, 1, 1),
    "a week": lambda bench: come(bench, 7),
    "no clock": lambda bench: setattr(bench.hal, "clock_s", None),
}
IN_NO_TRIAL = sorted(set(DOINGS) - {"answer", "answers", "a week", "no clock"})


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(IN_NO_TRIAL), min_size=8, max_size=25))
def test_every_tick_of_a_unit_is_one_of_the_graphs(graph: Graph, doings: list[str]) -> None:
    bench = Follow(graph, SHORT)
    bench.to_ready()
    for name in ("press", "wait long", *doings):
        DOINGS[name](bench)
        bench.run(200)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.booleans(), st.lists(st.sampled_from(sorted(DOINGS)), min_size=8, max_size=25))
def test_so_is_every_tick_of_a_unit_in_a_trial(
    graph: Graph, masked: bool, doings: list[str]
) -> None:
    bench = in_a_trial(graph, masked)
    bench.to_ready()
    for name in ("press", "answers", "answer", "a week", "answers", "wait long", *doings):
        DOINGS[name](bench)
        bench.run(200)
