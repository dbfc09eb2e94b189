"""A unit saved in each of its states, all that may befall it there, and the lines it then reaches.

`places()` is what `test_every_line` strikes: each line of FILES in each state in which it was
reached within one control step. Nothing here judges.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from copy import copy
from types import CodeType, FrameType
from typing import Any, NamedTuple

from firmware.core import states
from firmware.core.faults import KEPT, LED_OPEN, LED_STUCK_ON
from firmware.core.inputs import BUCKLE, CHARGER, CHARGING, DOWN, SKIN_A, START, UP
from firmware.core.limits import (
    BUCKLE_TICKS,
    CALL_MS,
    CEM43_SESSION_Q10_MS,
    CHARGED_S,
    CLOCK_MASK,
    HOUR_MS,
    IDLE_OFF_MS,
    LOOK_EVERY_TICKS,
    LOOK_STEADY_STEPS,
    QUIET_MS,
    SELF_TEST_MS,
    SESSION_DAY_MAX_MS,
    SESSION_MAX_MS,
    UNWORN_RESUMES,
    UNWORN_STEPS,
    WORN_MS,
)
from firmware.safety.current_monitor import DARK_TICKS, ONE, SURE
from firmware.safety.lamp_test import SILENCES
from firmware.safety.sensor_checks import RISE_STEPS
from firmware.therapy.battery import LEARN_01MA, LEARN_S, SMOOTH_SHIFT
from sim.campaign.snapshot import Snapshot
from sim.campaign.trial_visit import answer_questions, attend_visit, put_on
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.faults.hardware import SKIN, Filter, Hardware
from sim.faults.injectors import INJECT
from sim.physics.sensors import TMP117_LSB_C, ntc_level
from sim.run import Run
from sim.scenario.scenario import ordinary
from tests.support.clocks import turn_clock
from tests.support.enrolled_unit import CLOCK_S, DAY_S, sim_files

FILES = (
    "core/faults", "records/persistent_state", "safety/current_monitor", "safety/gate",
    "safety/guard", "safety/guard_rows", "safety/lamp_test", "safety/sensor_checks",
    "safety/set_ups", "safety/wear",
    "therapy/battery", "therapy/dose", "therapy/pad", "therapy/power_plan", "therapy/session",
    "ui/button_actions", "ui/buttons", "waistband",
)  # fmt: skip
# Where a line is struck the first time that it is reached, and in the middle of a loop over
# rows or banks; elsewhere the first time.
NTHS = {
    "firmware/safety/lamp_test.py": (1, 5), "firmware/therapy/dose.py": (1, 3),
    "firmware/safety/gate.py": (1, 5),
    "firmware/safety/guard.py": (1, 5), "firmware/safety/guard_rows.py": (1, 5),
}  # fmt: skip
LONG_S = 10_000.0
START_S = 2.0
GATED = {**DEFAULT, "light": {"mode": "gated", "rate_hz": 10, "on_ms": 60}}
COLUMNS = len(states.EVENTS)
LIT = tuple(states.STATES[k] for k in states.LIT)

Befalls = Callable[[Run], None]


class Place(NamedTuple):
    """Where to strike: the `nth` time that a saved unit, to which something befell, reaches a
    line; and in which state it then is."""

    state: str
    file: str
    line: int
    nth: int
    saved: int
    what: str


# -- each state --------------------------------------------------------------------------------


def state(run: Run) -> str:
    """The state by name."""
    return states.STATES[run.unit.session.state]


def lit(run: Run) -> bool:
    """Whether light is asked for, and the supply switch closed."""
    return run.hal.supply and any(run.hal.duty)


def where(run: Run) -> str:
    """The state by name, and whether there is light in it."""
    return state(run) + (", lit" if lit(run) else "")


def until(run: Run, name: str) -> Run:
    """Let control steps go by until a state."""
    for _ in range(300):
        if state(run) == name:
            return run
        run.advance(1)
    raise AssertionError(f"{state(run)} and not {name}")


def then(run: Run, event: Event | None, name: str) -> Run:
    """A fork of the run in which something happens, in the state that this leads to."""
    fork = Snapshot(run).fork()
    fork.continue_with((replace(event, at_s=fork.t_s + 0.1),) if event else (), LONG_S)
    until(fork, name)
    if event and event.for_s:
        fork.advance(10)  # its cause is gone
    return fork


def begun(prescription: dict[str, Any]) -> Run:
    """A unit that is worn, and START after two seconds."""
    press = Event(START_S, "press", "START", hold_ms=200)
    return Run(replace(ordinary(), prescription=prescription, events=(press,), duration_s=LONG_S,
                       until_done=False))  # fmt: skip


@functools.cache
def saved() -> tuple[Snapshot, ...]:
    """A unit in every state, in each step of the check, and with gated light; lit ones first."""
    taken = [(state(run) not in LIT, Snapshot(run)) for run in in_states()]
    return tuple(one for _, one in sorted(taken, key=lambda row: row[0]))


def in_states() -> Iterator[Run]:
    """The runs that are saved; each goes on after it was taken."""
    run = begun(DEFAULT)
    yield run
    run.advance(1)
    yield run
    yield (ready := then(until(run, "READY"), None, "READY"))
    yield then(ready, Event(0, "press", "START", hold_ms=2_000), "OFF")
    yield then(ready, Event(0, "fault", "charger_plugged"), "CHARGING")
    yield until(run, "WAIT_SKIN")
    yield from checked(until(run, "CHECK"))
    yield run
    run.advance(50)
    yield run
    yield until(run, "TREAT")
    yield then(run, Event(0, "press", "START", hold_ms=200), "PAUSED")
    yield then(run, Event(0, "fault", "unworn", for_s=1.0), "PAUSED")
    yield then(run, Event(0, "fault", "ntc_open", "A", for_s=0.1), "FAULT")
    yield then(run, Event(0, "fault", "battery_sag", value=3.0, for_s=0.3), "DONE")
    run.advance(RISE_STEPS)
    yield run  # how contact rose has been judged
    locked = begun({})
    yield until(locked, "LOCKED")
    yield from in_service()
    yield from in_a_trial()
    gated = begun(GATED)
    yield until(gated, "TREAT")


def in_a_trial() -> Iterator[Run]:
    """A placebo unit: before its first visit, asked, and in therapy."""
    run = Run(replace(ordinary(), events=(), duration_s=LONG_S, until_done=False),
              files=sim_files(True, DEFAULT), clock_s=CLOCK_S)  # fmt: skip
    yield until(run, "READY")
    yield (rated := then(run, Event(0, "press", "START", hold_ms=200), "RATE"))
    attend_visit(rated, lambda visit, when, item: 1)
    turn_clock(rated.hal, rated.unit.clock, CLOCK_S + 7 * DAY_S)
    put_on(rated)
    again = then(rated, Event(0, "press", "START", hold_ms=200), "RATE")
    answer_questions(again, lambda visit, when, item: 1)
    yield until(again, "TREAT")


def in_service() -> Iterator[Run]:
    """A unit that a stuck switch locked, and the lit self-test that lifts that."""
    press = Event(0, "press", "START", hold_ms=200)
    broken = then(until(begun(DEFAULT), "READY"), press, "WAIT_SKIN")
    broken.hardware.enable_stuck = True
    until(broken, "FAULT").advance(10)
    broken.hardware.enable_stuck = False
    locked = then(broken, Event(0, "fault", "brownout"), "LOCKED")
    locked.lifecycle.restarts.clear()  # what comes is counted from here
    yield locked
    locked.hal.on_line = len
    locked.hal.commands.append(b"selftest")
    yield until(locked, "SERVICE")
    locked.advance(30)  # worn for 5 s
    yield from checked(then(locked, press, "CHECK"))


def checked(run: Run) -> Iterator[Run]:
    """The check's first steps and its last ones; those between are for one bank each."""
    while state(run) == "CHECK":
        step = run.unit.check.step
        if step < 2 or step >= run.unit.check.banks:
            yield run
        run.advance(1)


# -- what may befall it ------------------------------------------------------------------------


def bent(change: Callable[[Any], None]) -> Befalls:
    """From now on sensors are bent so."""

    def befall(run: Run) -> None:
        def bend(hardware: Hardware, event: Event, kept: object) -> None:
            change(hardware)

        run.hardware.filters.append(Filter(Event(0.0, "fault", "ntc_stuck"), bend, None))
        run.hal.refresh()

    return befall


def level(slot: int, code: float) -> Befalls:
    """A level of the converter: thermistor A, B, the pack."""
    return bent(lambda hardware: hardware.levels.__setitem__(slot, code))


def register(slot: int, value: int) -> Befalls:
    """What a part of the bus says: contact A, B, board A, B, rail, cell, charge; now and from
    now on."""
    bend = bent(lambda hardware: hardware.raw.__setitem__(slot, value))

    def befall(run: Run) -> None:
        bend(run)
        inputs = run.unit.inputs
        for kind, first in ((inputs.contact, 0), (inputs.board, 2), (inputs.gauge, 5)):
            if first <= slot < first + 2:
                kind[slot - first] = value

    return befall


def felt(celsius: float, pad: int = 0) -> Befalls:
    """Both contact sensors of a pad."""
    return both(level(pad, ntc_level(celsius)), register(pad, int(celsius / TMP117_LSB_C)))


def both(*all_of: Befalls) -> Befalls:
    """One after the other."""

    def befall(run: Run) -> None:
        for one in all_of:
            one(run)

    return befall


def silent(slot: int, part: str, ever: bool = True) -> Befalls:
    """A part of the bus has not answered for ten seconds, or never."""

    def befall(run: Run) -> None:
        run.hardware.silence((part,), True)
        inputs = run.unit.inputs
        inputs.heard[slot] = (inputs.ms - 10_000) & CLOCK_MASK if ever else -1

    return befall


def pins(on: int = 0, off: int = 0) -> Befalls:
    """Pins change."""

    def befall(run: Run) -> None:
        run.hardware.pins = run.hardware.pins & ~off | on

    return befall


def held(run: Run) -> None:
    """START, pressed in this state, is down since a moment before it counts as held."""
    buttons = run.unit.buttons
    buttons.begun, buttons.stable, buttons.used = True, START, False
    buttons.since_ms[0] = (run.unit.inputs.ms - 1_450) & CLOCK_MASK
    run.unit.actions.pressed_in = run.unit.session.state
    run.hardware.pins |= START


# START is held after another button.
meant = both(held, lambda run: setattr(run.unit.buttons, "meant_ms", run.unit.inputs.ms))


def rested(run: Run) -> None:
    """START goes down, and was not touched for long."""
    run.unit.buttons.closed_ms = (run.unit.inputs.ms - QUIET_MS) & CLOCK_MASK
    run.hardware.pins |= START


def released(run: Run) -> None:
    """START, pressed in this state, is being let go."""
    buttons = run.unit.buttons
    buttons.begun, buttons.stable, buttons.used, buttons.busy = True, START, False, True
    buttons.since_ms[0] = (run.unit.inputs.ms - 200) & CLOCK_MASK
    run.unit.actions.pressed_in = run.unit.session.state
    run.hardware.pins &= ~START


def stuck(run: Run) -> None:
    """UP is down for longer than anybody presses."""
    buttons = run.unit.buttons
    buttons.begun, buttons.stable = True, UP
    buttons.since_ms[1] = (run.unit.inputs.ms - 20_000) & CLOCK_MASK
    run.hardware.pins |= UP


def expires(run: Run) -> None:
    """The prescription, where there is one, was good until long ago."""
    if not run.unit.session.lock:
        session = run.unit.session
        session.course = copy(session.course)  # which forks of a run have in common
        session.course.expires_s = 1


def stepped(more: bool) -> Befalls:
    """The step is over, and the next one asks for more light, or for less at another carrier."""

    def befall(run: Run) -> None:
        session = run.unit.session
        if session.lock:
            return
        session.course = course = copy(session.course)  # which forks of a run have in common
        first, second = copy(course.steps[0]), copy(course.steps[0])
        first.ms = 1
        second.carrier_hz = 100
        second.total_uw_cm2 += 1 if more else -1
        course.steps = [first, second]
        session.in_step_ms = 60_000

    return befall


def used_up(run: Run) -> None:
    """All sessions of the prescription were given."""
    session = run.unit.session
    if not session.lock:
        session.course = copy(session.course)
        session.course.sessions = session.done_in_all = 1


def string_in_doubt(run: Run) -> None:
    """The check has found an open string, which it can in the steps that light a bank."""
    check = run.unit.check
    if 1 <= check.step <= check.banks:
        check.fault, check.found = LED_OPEN, [0, 1, 2]


def doubted_clock(run: Run) -> None:
    """The clock is far ahead of the last trusted time."""
    clock = run.unit.clock
    run.hal.clock_s = CLOCK_S
    clock.base_s, clock.stamp_s = 0, CLOCK_S - 1_000 * DAY_S


def not_left(run: Run) -> None:
    """A trip of the guard was collected, and the session is where it was."""
    run.unit.guard.tripped = run.unit.guard_rows.collected = 1


def no_clock(run: Run) -> None:
    """The clock lost its battery."""
    turn_clock(run.hal, run.unit.clock, None)


def remembered(where: str, **values: Any) -> Befalls:
    """The unit remembers this: attributes of one of its parts."""

    def befall(run: Run) -> None:
        part: Any = run.unit
        for name in where.split(".") if where else ():
            part = part[int(name)] if name.isdigit() else getattr(part, name)
        for name, value in values.items():
            assert hasattr(part, name), f"{where} has no {name}"
            setattr(part, name, copy(value))

    return befall


def posted(event: int) -> Befalls:
    """An event of the state machine."""
    return lambda run: run.unit.session.post(event)


def fault(name: str, pad: str | None = None, value: float | None = None) -> Befalls:
    """A fault of the table."""
    return lambda run: INJECT[name](run.hardware, Event(0.0, "fault", name, pad, value), True)


def asked(line: bytes) -> Befalls:
    """A host reads, and asks this, in the second that now ends."""

    def befall(run: Run) -> None:
        run.hal.on_line = len
        run.hal.commands.append(line)
        run.unit.second = 0

    return befall


JUDGED = remembered("", second=0)  # the battery is, in this control step
ENDED = remembered("battery", ended=True, charged_s=CHARGED_S)
FULL = remembered("faults", count=KEPT)
DOSE = remembered("pads.0.fluence", total_uj_cm2=10**8)
HEAT = remembered("pads.0.cem43", session_q10_ms=CEM43_SESSION_Q10_MS)
OFTEN = remembered("session", unworn_count=UNWORN_RESUMES)
BUCKLE_OPEN = both(pins(off=BUCKLE), remembered("wear", open_ticks=BUCKLE_TICKS - 1))
COLD = both(felt(25.0), felt(25.0, 1), remembered("wear", cold_steps=UNWORN_STEPS - 1))

BEFALLS: dict[str, Befalls] = {
    "nothing": lambda run: None,
    **{
        f"{name} {pad}": befalls
        for index, pad in enumerate("AB")
        for name, befalls in {
            "thermistor open": level(index, 4_085.0),
            "thermistor short": level(index, 20.0),
            "contact hot": felt(44.0, index),
            "contact very hot": felt(50.0, index),
            "contact warm": felt(41.2, index),
            "contact cold": felt(20.0, index),
            "rubbish": register(index, 30_000),
            "rubbish below": register(index, -30_000),
            "apart": both(
                register(index, int(30.0 / TMP117_LSB_C)),
                remembered(f"pads.{index}", apart_steps=5),
            ),
            "unplugged": both(level(index, 4_085.0), silent(index, "contact_" + pad.lower())),
            "unplugged just now": both(
                level(index, 4_085.0),
                remembered("", phase=0),
                silent(index, "contact_" + pad.lower()),
            ),
            "sprung": remembered(
                f"pads.{index}.checks", seen=9, thermistor=[20_000, 20_000, 40_000]
            ),
            "still": both(
                register(index, 4_400),
                remembered(f"pads.{index}.checks", contact_steps=999, contact_code=4_400),
            ),
            "loose": both(
                register(2 + index, int(44.0 / TMP117_LSB_C)),
                remembered(f"pads.{index}.checks", loose_steps=99, apart_mc=0),
            ),
            "off the skin": remembered(
                f"pads.{index}.checks", off_steps=99, steps=0, start_mc=10_000
            ),
            "board was glowing": remembered(f"pads.{index}", board_mc=200_000),
            "board was freezing": remembered(f"pads.{index}", board_mc=-200_000),
            "too warm for its set point": both(
                felt(41.2, index), remembered("session", set_point_mc=38_000)
            ),
            "silent": silent(index, "contact_" + pad.lower()),
            "never heard": silent(index, "contact_" + pad.lower(), False),
            "board hot": register(2 + index, int(55.0 / TMP117_LSB_C)),
            "board warm": register(2 + index, int(46.0 / TMP117_LSB_C)),
            "board glowing": register(2 + index, int(49.9 / TMP117_LSB_C)),
            "board cold": register(2 + index, int(-15.0 / TMP117_LSB_C)),
            "board rubbish": register(2 + index, 30_000),
            "board silent": silent(2 + index, "board_" + pad.lower()),
            "done": remembered(f"pads.{index}", done=True),
        }.items()
    },
    "open, and no room to keep it": both(level(0, 4_085.0), FULL),
    "two at once, and no room": both(level(0, 4_085.0), register(1, 30_000), FULL),
    "rail silent": silent(4, "rail"),
    "rail silent, time and again": both(silent(4, "rail"), remembered("check", silences=SILENCES)),
    "a switch stuck since the check began": remembered("check", peak_01ma=10**5),
    "more current than duty": remembered("rail", learned=9, gain=1, over=9, doubt_ms=0),
    "less current than duty": remembered("rail", learned=9, gain=18_000, apart=9, doubt_ms=0),
    "a little more than duty": remembered("rail", learned=9, gain=15_500, apart=0),
    "less, time and again": remembered(
        "rail", learned=9, gain=18_000, apart=9, rechecks=9, doubt_ms=0
    ),
    "drivers known": remembered("rail", learned=4, gain_sum=4 * ONE),
    "drivers like no others": remembered("rail", learned=4, gain_sum=99 * ONE, doubt_ms=0),
    "first current": remembered("rail", learned=0),
    "first current of a unit without reference": remembered("rail", learned=0, exact=False),
    "current after a leap": remembered("rail", last_01ma=0),
    "a gate's dark part made longer": remembered(
        "gate", unseen_ticks=LOOK_EVERY_TICKS, steady=False
    ),
    "a gate that is to be steady": remembered(
        "gate", gated_steps=LOOK_STEADY_STEPS, phase=2, steady=False
    ),
    "a long dark part of a gate": both(
        remembered("rail", dark_ticks=DARK_TICKS),
        remembered("gate", lit=False, phase=2, steady=False),
    ),
    "current in a gate's dark part": remembered("rail", leaks=SURE, doubt_ms=0),
    "a second average with current in the dark": both(
        remembered("rail", dark_ticks=DARK_TICKS, leaks=SURE - 1, base_01ma=-(10**4)),
        remembered("gate", lit=False, phase=2, steady=False),
    ),
    "the monitor's set-up was lost": both(remembered("rail", lost=9), remembered("check", lost=9)),
    "a string that may be open": string_in_doubt,
    "a switch that may be stuck": remembered("check", fault=LED_STUCK_ON),
    "a set-up not read back": remembered("check", fault=LED_STUCK_ON, begun_ms=1 << 29),
    "a part that is reset again and again": remembered("inputs", lost=[9, 0, 0, 0, 0, 0, 0]),
    "a trip, and the session goes on": not_left,
    "files that are older than the journal says": both(
        JUDGED, remembered("journal", found=False, kept=[-1, -1, -1])
    ),
    "late light": remembered("gate", lit_ms=5_000),
    "a hard fault to be kept": both(remembered("faults", hard=True), JUDGED),
    "a day to be closed": both(remembered("kept", day_open=True), JUDGED),
    "nothing can be kept": both(released, remembered("hal", full=True)),
    "a hard fault to be kept, and no room": both(
        meant, remembered("faults", hard=True), remembered("hal", full=True)
    ),
    "an open bank": both(lambda run: run.unit.gate.caps.__setitem__(0, 0), posted(states.PASSED)),
    "battery full": both(level(2, 3_600.0), JUDGED),
    "settled": remembered("", settled_ms=SELF_TEST_MS),
    "START at once": both(pins(START), remembered("session", state_ms=0)),
    "START released, something wrong": both(released, remembered("faults", active=1)),
    "START released, locked": both(released, remembered("session", lock=states.HARD_FAULT)),
    "gauge silent": silent(5, "cell"),
    "gauge rubbish": both(register(5, 60_000), register(6, 60_000), JUDGED),
    "battery low": both(level(2, 2_650.0), register(5, 0), JUDGED),
    "battery empty": level(2, 2_300.0),
    "battery ended": both(ENDED, JUDGED),
    "battery judged anew": both(JUDGED, remembered("battery", cell_q3_mv=0)),
    "a load that no charge carries": both(JUDGED, remembered("battery", load_ma=100_000)),
    "a load that shows resistance": both(
        JUDGED,
        remembered(
            "battery", lit_s=LEARN_S[0], rest_mv=4_000, rail_q3_01ma=2 * LEARN_01MA << SMOOTH_SHIFT
        ),
    ),
    "ended, and its charger is done": both(
        ENDED,
        JUDGED,
        level(2, 3_600.0),
        pins(CHARGER, CHARGING),
        remembered("battery", cell_q3_mv=4_200 << SMOOTH_SHIFT),
    ),
    "charged again": both(ENDED, JUDGED, pins(CHARGER | CHARGING)),
    "bank stuck": fault("fet_stuck_on", "A", 810.0),
    "a driver that is weak again": both(
        fault("led_gain", "A", 0.5), remembered("check", weak_step=1)
    ),
    "a driver that is strong": fault("led_gain", "A", 1.5),
    "bank open": fault("led_open", "A", 810.0),
    "a driver that gives too much": remembered("check", strong_of_01ma=10),
    "no reference power": remembered("check", reference_mw=()),
    "every bank open": remembered("check", expected_01ma=[10**6] * 4),
    "no bank seen": lambda run: run.unit.gate.caps.__setitem__(slice(None), [0] * 8),
    "switch stuck": fault("enable_stuck"),
    "START": pins(START),
    "START after a long rest": rested,
    "UP": pins(UP),
    "DOWN": pins(DOWN),
    "START held, something wrong": both(meant, remembered("faults", active=1)),
    "START held after UP": meant,
    "START held soon after a closure": both(held, remembered("buttons", closures=2)),
    "START released, doubted": both(released, remembered("session", doubted=True)),
    "START released": released,
    "a second thought": both(released, pins(START), remembered("session", state_ms=0)),
    "START released, UP down": both(released, pins(UP)),
    "START released, UP stuck": both(released, stuck),
    "START released, battery ended": both(released, ENDED),
    "START released after a long day": both(
        released, remembered("session", day_treat_ms=SESSION_DAY_MAX_MS)
    ),
    "START released after a long day, time off not counted yet": both(
        released,
        remembered("session", day_treat_ms=SESSION_DAY_MAX_MS),
        remembered("kept", kept_s=CLOCK_S),
    ),
    "START released after a long day, a doubted clock": both(
        released,
        remembered("session", day_treat_ms=SESSION_DAY_MAX_MS),
        remembered("kept", kept_s=CLOCK_S - 1_000 * DAY_S),
        doubted_clock,
    ),
    "START released after a warm day": both(
        released, remembered("pads.1.cem43", day_q10_ms=2 * CEM43_SESSION_Q10_MS)
    ),
    "a step with more light": stepped(True),
    "a step with less light": stepped(False),
    "another carrier": remembered("gate", retune_ticks=2),
    "another carrier at once": remembered("gate", retune_ticks=1),
    "START released, course over": both(released, used_up),
    "START released, prescription expired": both(released, expires),
    "START released, expires and no clock": both(released, expires, no_clock),
    "START released, expires and a doubted clock": both(released, expires, doubted_clock),
    "START released, the date was shown": both(
        released, expires, doubted_clock, remembered("session", refused=states.NEW_DATE)
    ),
    "START released, rather warm": both(released, remembered("pads.0", contact_mc=39_500)),
    "START released, not worn": both(released, pins(off=BUCKLE)),
    "START released, too warm": both(released, felt(41.3), felt(41.3, 1)),
    "START released, cause there": both(released, silent(0, "contact_a")),
    "UP stuck": stuck,
    "unworn": BUCKLE_OPEN,
    "a buckle that bounced": remembered("wear", open_ticks=1),
    "cold": COLD,
    "off the skin sensor": register(SKIN, 4_096),
    "skin sensor silent": silent(SKIN_A, "skin_a"),
    "belt never off": both(released, remembered("wear", seen_off=0)),
    "START released in a trial, too soon": both(
        released, remembered("session", by_unworn=True), remembered("actions", wait_ms=10**9)
    ),
    "a long pause": remembered("wear", worn_ms=2 * WORN_MS),
    "unworn too often": both(BUCKLE_OPEN, OFTEN),
    "put on long enough": remembered("wear", worn_ms=10_000),
    "charger": pins(CHARGER),
    "charger gone": pins(off=CHARGER | CHARGING),
    "time for a call": remembered("session", state_ms=CALL_MS - 100),
    "a long time in this state": remembered("session", state_ms=SESSION_MAX_MS),
    "nobody pressed for long": remembered("session", idle_ms=IDLE_OFF_MS),
    "a long session": remembered("session", treat_ms=SESSION_MAX_MS),
    "a new day": remembered("session", day_ms=HOUR_MS),
    "a late control step": lambda run: setattr(
        run.unit, "control_ms", (run.unit.inputs.ms - 5_000) & CLOCK_MASK
    ),
    "dose of a pad": DOSE,
    "dose": both(DOSE, remembered("pads.1.fluence", total_uj_cm2=10**8)),
    "dose near": lambda run: setattr(
        run.unit.pads[0].fluence, "total_uj_cm2", run.unit.pads[0].stop_uj_cm2 - 5_000
    ),
    "heat": HEAT,
    "heat without end": remembered("pads.0.cem43", session_q10_ms=1 << 29, day_q10_ms=1 << 29),
    "wound up": remembered("pads.0", integral=-(1 << 20)),
    "wound down": remembered("pads.0", integral=1 << 20),
    **{f"asked {line!r}": asked(line) for line in (b"status", b"service", b"clock 2026", b"?")},
    **{f"event {name}": posted(k) for k, name in enumerate(states.EVENTS)},
}


def can_befall(run: Run, what: str) -> bool:
    """An event is tried only where the state's table knows it."""
    name = what.removeprefix("event ")
    if name == what:
        return True
    session = run.unit.session
    return session.table[session.state * COLUMNS + states.EVENTS.index(name)] >= 0


# -- the lines that are reached ----------------------------------------------------------------


@functools.cache
def file_of(code: CodeType) -> str:
    """The file of FILES that this is code of, as a line's name has it; else nothing."""
    _, _, name = code.co_filename.replace("\\", "/").rpartition("/firmware/")
    return "firmware/" + name if name.removesuffix(".py") in FILES else ""


class Tracer:
    """Notes each time that a line is reached, and in which state."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.counts: dict[tuple[str, int], int] = {}
        self.hits: dict[tuple[str, str, int], list[int]] = {}  # of (state, file, line)

    def call(self, frame: FrameType, what: str, argument: object) -> Any:
        """Python's trace function."""
        return self.line if file_of(frame.f_code) else None

    def line(self, frame: FrameType, what: str, argument: object) -> Any:
        """The same within a frame of FILES."""
        if what == "line":
            file, line = file_of(frame.f_code), frame.f_lineno
            self.counts[file, line] = nth = self.counts.get((file, line), 0) + 1
            self.hits.setdefault((where(self.run), file, line), []).append(nth)
        return self.line

    def watch(self, what: Callable[[], object]) -> None:
        """Look on while this is called."""
        before = sys.gettrace()
        sys.settrace(self.call)
        try:
            what()
        finally:
            sys.settrace(before)


def struck(number: int, what: str) -> Run:
    """A saved unit to which something befalls from now on."""
    run = saved()[number].fork()
    run.continue_with((), LONG_S)
    BEFALLS[what](run)
    return run


def traced(run: Run) -> Tracer:
    """One control step, looked at line by line."""
    tracer = Tracer(run)
    tracer.watch(lambda: run.advance(1))
    return tracer


@functools.cache
def places() -> tuple[Place, ...]:
    """Every line in every state in which it was reached, the first way that was found."""
    found: dict[tuple[str, str, int, int], Place] = {}
    for number, one in enumerate(saved()):
        run = one.fork()
        for what in BEFALLS:
            if not can_befall(run, what):
                continue
            tracer = traced(struck(number, what))
            raised = tracer.run.lifecycle.raised
            assert not raised, f"{what} in {state(run)} cannot be: the firmware raises {raised}"
            for (name, file, line), hits in tracer.hits.items():
                for k in NTHS.get(file, (1,)):
                    if len(hits) >= k:
                        place = Place(name, file, line, hits[k - 1], number, what)
                        found.setdefault((name, file, line, k), place)
    return tuple(found.values())


# -- the lines of a start ----------------------------------------------------------------------
