"""Watch and model notice what they are for: firmware that does what it never may, is caught.

Each sabotage is a small change to the firmware, made for one test, with the shortest story in
which it shows. On the unit as it is the same story goes well; and some sabotages Hypothesis must
find by itself, with the machine that finds nothing wrong with the unit
(`tests.firmware.test_never`).
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from firmware.core import states
from firmware.core.faults import Faults
from firmware.records.persistent_state import PersistentState
from firmware.safety import guard, wear
from firmware.safety.gate import Gate
from firmware.therapy import pad, power_plan, session
from firmware.therapy.battery import Battery
from firmware.therapy.dose import Fluence
from firmware.therapy.session import Session
from firmware.ui import button_actions, buttons, usb_commands
from firmware.ui.button_actions import ButtonActions
from firmware.waistband import Waistband
from tests.firmware.test_never import MISHAPS, NeverMachine
from tests.support.fake_hal import START, UP
from tests.support.hardware_events import TMP_CODES

Patch = pytest.MonkeyPatch
HUGE = 1 << 29
PRESS = ("press", START, 100)
SHORT = ("thermistor", 0, 0, 4)
HOT_BOARD = ("thermometer", TMP_CODES[4], 0, True, 4)
OPEN_CONSOLE = SimpleNamespace(IN_SESSION=(), HARD_FAULT=states.HARD_FAULT, LOCKED=states.LOCKED)
REPEATABLE = settings(
    MISHAPS,
    max_examples=150,
    derandomize=True,
    database=None,
    print_blob=False,
    report_multiple_bugs=False,
)


def after(owner: type, name: str, more: Callable[..., Any]) -> Callable[[Patch], None]:
    """A method that does what it did, and then something else with the same arguments."""

    def sabotage(patch: Patch) -> None:
        was = getattr(owner, name)

        def does(self: Any, *arguments: Any) -> Any:
            result = was(self, *arguments)
            more(self, *arguments)
            return result

        patch.setattr(owner, name, does)

    return sabotage


def instead(owner: Any, name: str, value: Any) -> Callable[[Patch], None]:
    """Another function, method or number in the place of one."""
    return lambda patch: patch.setattr(owner, name, value)


def both(*sabotages: Callable[[Patch], None]) -> Callable[[Patch], None]:
    """One after the other."""

    def sabotage(patch: Patch) -> None:
        for one in sabotages:
            one(patch)

    return sabotage


def deaf(event: int) -> Callable[[Patch], None]:
    """The state table without what an event does in TREAT."""

    def sabotage(patch: Patch) -> None:
        rows = tuple(
            (tuple(s for s in from_ if (s, what) != (states.TREAT, event)), what, to)
            for from_, what, to in states.ROWS
        )
        patch.setattr(states, "ROWS", rows)

    return sabotage


def lit_everywhere(patch: Patch) -> None:
    was = Gate.pass_out
    patch.setattr(Gate, "pass_out", lambda self, permitted, ms: was(self, True, ms))
    patch.setattr(Gate, "shut", lambda self, ms: None)  # light ends in two places


def only_dimmed(patch: Patch) -> None:
    def dims(self: Gate, ms: int) -> None:
        self.lit = self.open = self.planned = False
        self.wanted = [0] * len(self.wanted)

    patch.setattr(Gate, "shut", dims)


def half_the_dose(patch: Patch) -> None:
    was = Fluence.add
    patch.setattr(
        Fluence, "add", lambda self, out, first, ms, mc: was(self, out, first, ms // 2, mc)
    )


def heat_in_lit_states_alone(patch: Patch) -> None:
    was = Waistband._sense

    def sense(self: Waistband, ms: int, step_ms: int, settled: bool) -> None:
        before = [one.cem43.session_q10_ms for one in self.pads]
        was(self, ms, step_ms, settled)
        if self.session.state not in states.LIT:
            for one, q10_ms in zip(self.pads, before, strict=True):
                one.cem43.session_q10_ms = q10_ms

    patch.setattr(Waistband, "_sense", sense)


def resumes_by_itself(self: Session) -> None:
    if self.state == states.PAUSED and self.state_ms > 1_000:
        self.post(states.RESUME)


def goes_on_after_a_reset(self: Waistband, *_: Any) -> None:
    if self.hal.load("day.json"):  # a session was begun
        self.session.state = states.TREAT


def acknowledged_with_the_cause_there(patch: Patch) -> None:
    was = Waistband._ask

    def ask(unit: Waistband, intent: int) -> None:
        if intent != states.ACK:
            was(unit, intent)
            return
        unit.faults.acknowledge()
        unit.guard.tripped = unit.guard_rows.collected = 0
        unit.session.post(intent)

    patch.setattr(Waistband, "_ask", ask)


def acknowledged_by_nobody(self: Waistband, ms: int) -> None:
    if self.session.state == states.FAULT and not self.faults.active and not self.guard.out:
        self.faults.acknowledge()
        self.guard_rows.clear()
        self.session.post(states.ACK)


def latest_first(self: Faults, *_: Any) -> None:
    self.first = self.count - 1


def any_set_point(self: Session, way: int) -> None:
    self.set_point_mc += way * 500


def always_planned(self: Gate, permitted: bool, ms: int) -> None:
    self.planned = True


def never_ended(self: Battery, rail_01ma: int) -> None:
    self.ended = False


# What it is, how it is done, the story (rules of the machine, from a unit in a state) and what is
# then said.
ROWS: list[tuple[str, Callable[[Patch], None], str, list[tuple[Any, ...]], str]] = [
    ("lit outside CHECK, RAMP and TREAT", lit_everywhere, "TREAT", [PRESS], "lit in PAUSED"),
    ("dark by duty alone", only_dimmed, "TREAT", [PRESS], "lit in PAUSED"),
    ("unworn not counted", instead(Session, "unworn", lambda self: None), "TREAT",
     [("buckle_opens", 1_200)], "lit while not worn"),
    ("off the skin as often as one likes", instead(session, "UNWORN_RESUMES", 9), "TREAT",
     [("comes_off_and_goes_on", 3, 33_000, 5_600)], "as often as one likes"),
    ("an automatic resume", after(Session, "watch_clock", resumes_by_itself), "TREAT",
     [PRESS, ("time_passes", 3_000)], "light nobody asked for"),
    ("an automatic resume after a reset", after(Waistband, "__init__", goes_on_after_a_reset),
     "TREAT", [("power_is_lost", 1, 0, 0)], "begins in TREAT"),
    ("therapy in CHARGING", deaf(states.CHARGER_IN), "TREAT", [("charger", 500)],
     "lit on the charger"),
    ("therapy in FAULT", deaf(states.FAULTED), "TREAT", [SHORT], "and TREAT"),
    ("ready while locked", instead(states, "LOCK", states.PASSED), "READY",
     [("what_is_kept_is_torn", "fault.json", b"{")], "READY while locked"),
    ("service in a session", instead(usb_commands, "states", OPEN_CONSOLE), "TREAT",
     [("command", b"service")], "left a session"),
    ("a start with a stuck button", instead(ButtonActions, "is_stuck", lambda self: False), "READY",
     [("press_with_another_held", UP)], "stuck button"),
    ("half the dose counted", half_the_dose, "TREAT", [("time_passes", 3_000)], "not counted"),
    ("thermal dose beyond its cap", instead(Session, "watch_heat", lambda self, a, b: None),
     "PAUSED", [("heat_that_lasts", 42_300), ("everything_is_well_again",), PRESS,
      ("time_passes", 1_000)], "lit beyond"),
    ("thermal dose not counted in the dark", heat_in_lit_states_alone, "PAUSED",
     [("heat_that_lasts", 42_300)], "heat not counted"),
    ("acknowledged with the cause there", acknowledged_with_the_cause_there, "TREAT",
     [("unplugged", 0, 0, 1_000), ("skin", 42_300, 0, 2_000), ("hold",)], "while too warm"),
    ("acknowledged by nobody", after(Waistband, "_control", acknowledged_by_nobody), "TREAT",
     [SHORT, ("time_passes", 1_000)], "acknowledged by nobody"),
    ("acknowledged before it is kept",
     instead(PersistentState, "keep_fault", lambda self: True), "TREAT",
     [("storage_fills_up_or_is_mended", True), HOT_BOARD, ("time_passes", 1_000),
      ("hold",)],
     "before it was kept"),
    ("the first cause not kept", after(Faults, "raise_fault", latest_first), "TREAT",
     [SHORT, ("thermistor", 0, 1, 4)], "the first cause"),
    ("a plan that outlives the dark", after(Gate, "pass_out", always_planned), "PAUSED",
     [("time_passes", 3_000), PRESS],
     "before control planned"),
    ("a sample more than three", instead(guard, "TRIP_SAMPLES", 4), "TREAT", [SHORT],
     "a code out of bounds"),
    ("a pause that is not heard", deaf(states.PRESS), "TREAT", [PRESS], "lit after a press"),
    ("a hold that takes too long", instead(buttons, "HOLD_MS", 1_600), "TREAT", [("hold",)],
     "does not switch off"),
    ("a bounce taken for a press", instead(buttons, "DEBOUNCE_TICKS", 1), "READY",
     [("press", START, 20)], "a start nobody asked for"),
    ("a set point above what was prescribed", instead(Session, "move_set_point", any_set_point),
     "TREAT", [("press", UP, 100)], "out of bounds"),
    ("worn for a moment only", instead(wear, "WORN_MS", 4_000), "READY",
     [("comes_off_and_goes_on", 1, 33_000, 20), ("time_passes", 8_000)], "hardly worn"),
    ("a resume while too warm", both(
        instead(button_actions, "RESUME_BELOW_MC", 41_000), instead(wear, "RESUME_BELOW_MC", 41_000)
     ), "TREAT",
     [("comes_off_and_goes_on", 1, 40_600, 5_600)], "a resume while too warm"),
    ("more than an hour a day", instead(session, "SESSION_DAY_MAX_MS", HUGE), "TREAT",
     [("it_is_late_in_the_day", 3_600_000, 0.0, 0)], "lit beyond"),
    ("a start after an hour a day", instead(button_actions, "SESSION_DAY_MAX_MS", HUGE), "READY",
     [("it_is_late_in_the_day", 3_600_000, 0.0, 0)], "an hour a day"),
    ("heat of the day forgotten", instead(button_actions, "CEM43_DAY_Q10_MS", HUGE), "READY",
     [("it_is_late_in_the_day", 0, 4.2, 0)], "too hot a day"),
    ("a silent thermometer", instead(pad, "HEARD_WITHIN_MS", 1_000), "TREAT",
     [("silence", "CONTACT_A", 1_200)], "CONTACT_A silent"),
    ("sensors apart", instead(pad, "PAIR_TRIP_MC", 3_000), "TREAT",
     [("apart", 2_000, 0, 3_000)], "sensors apart"),
    ("a start on an empty battery", after(Battery, "end", never_ended), "TREAT",
     [("battery_sags_and_is_asked_again", 2_500)], "empty battery"),
    ("power at once", instead(power_plan, "RAMP_MS", 1_000), "CHECK", [("time_passes", 8_000)],
     "more than was prescribed"),
]  # fmt: skip
NEVER = {row[0]: row[1:] for row in ROWS}
FOUND = ("dark by duty alone", "a sample more than three", "a pause that is not heard")


class Fresh(NeverMachine):
    """Units that the unit as it is had no part in."""


def fresh() -> type[Fresh]:
    """A machine that has kept none yet."""
    return type("Fresh", (Fresh,), {"reached": {}})


def tell(start: str, story: list[tuple[Any, ...]]) -> None:
    """Make a unit that is on its way go through a story."""
    machine = fresh()()
    machine.fetch(0, start)
    for name, *arguments in story:
        getattr(machine, name)(*arguments)


@pytest.mark.parametrize("name", NEVER)
def test_a_sabotage_is_noticed(name: str, monkeypatch: Patch) -> None:
    sabotage, start, story, said = NEVER[name]
    sabotage(monkeypatch)
    with pytest.raises(AssertionError, match=said):
        tell(start, story)


@pytest.mark.parametrize("name", NEVER)
def test_without_it_the_same_story_goes_well(name: str) -> None:
    _, start, story, _ = NEVER[name]
    tell(start, story)


@pytest.mark.parametrize("name", FOUND)
def test_hypothesis_finds_a_sabotage_by_itself(name: str, monkeypatch: Patch) -> None:
    NEVER[name][0](monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(fresh(), settings=REPEATABLE)
