"""Node of the state-space search: a unit's state between two ticks, with the observer's notes.

Used by all of `sim.model_check`; `read_node` reads a unit and changes nothing. A counter, a time or
a temperature is kept as the code's question about it: reached, or not. What a node does not name is
free: `sim.model_check.search` tries whatever it can be. docs/maintainer/proof.md gives the reasons,
and a test compares every tick of ordinary units with the graph.
"""

from typing import Any, NamedTuple

from firmware.core import faults, states
from firmware.core.inputs import START
from firmware.core.limits import (
    CEM43_DAY_Q10_MS,
    CEM43_SESSION_Q10_MS,
    SELF_TEST_MS,
    SESSION_DAY_MAX_MS,
    UNWORN_STEPS,
)

# Places in a tick: its beginning, where control begins, where it plans the light, after control.
BEFORE, AT_CONTROL, AT_PLAN, BEHIND = range(4)

# START, debounced: UNKNOWN until the first tick, USED once a press has had its effect.
UP, DOWN, USED, UNKNOWN = range(4)

ALL, SOME, NO_BANK = range(3)  # banks that may be lit
TRIPPED_OUT, OTHER_OUT = 1, 2  # of `Node.out`

# Steps of the lamp test: before it, the supply alone, pad A's banks, pad B's, the lease withheld,
# the supply seen to open, over.
STEPS = BEGINNING, SUPPLY, BANKS_A, BANKS_B, WITHHELD, LAST, OVER = range(7)

# Findings of the lamp test: none, an open string, what ends it, one that a part does not look at.
FOUND = NOT_FOUND, STRING_OPEN, ENDS, HIDDEN_FOUND = range(4)
HIDDEN_FAULT = 1 << 20  # the lamp test's fault then

# Locks: none, for good, until the lit self-test.
FREE, FOR_GOOD, FOR_SERVICE = range(3)

OPEN, LIT, PLANNED, LEASE, FRESH = 1, 2, 4, 8, 16  # of `Node.gate`, as in `firmware.safety.gate`

# `Node.asked`: what a person asked for; after a pause a person has to ask again.
NOBODY, THERAPY, TEST, THERAPY_PAUSED, TEST_PAUSED = range(5)
PAUSED = {THERAPY: THERAPY_PAUSED, TEST: TEST_PAUSED}
RESUMED = {paused: asked for asked, paused in PAUSED.items()}

# Arm of a trial: in no trial, therapy, every duty masked.
PLAIN, THERAPY_ARM, MASKED = range(3)


class Node(NamedTuple):
    """All of a unit that its next behaviour depends on."""

    place: int = BEFORE
    state: int = states.SELF_TEST
    lock: int = FREE
    arm: int = PLAIN
    # the session
    events: int = 0  # posted and not yet handled
    by_unworn: int = 0
    unworn: int = 0  # control steps running, as the firmware counts them
    late: int = 0  # in a session: its light, or the day's, has lasted its time
    settled: int = 0
    # buttons
    button: int = UNKNOWN
    pressed_in: int = -1
    # faults, guard, battery
    latched: int = 0  # some fault that stops
    keep: int = 0  # a hard fault is still to be kept in flash
    judged: int = 0  # in FAULT: since it was entered, a control step has passed, and
    active: int = 0  # found something wrong
    trips: int = 0  # some row of a sensor has tripped
    out: int = 0  # within a tick in FAULT: what is out of bounds now
    drained: int = 0  # the battery's row has tripped; kept in a session, free outside
    ended: int = 0  # likewise
    # dose
    done: int = 0  # a bit a pad
    hot: int = 0  # in a session: its thermal dose, or the day's, is at its cap
    # the check
    step: int = 0  # STEPS
    found: int = 0  # FOUND: what is raised once the rail monitor's set-up was read back
    banks: int = ALL
    # the gate and what stands behind it
    gate: int = LEASE | FRESH
    wanted: int = 0  # a bit a pad: some bank is to be lit
    duty: int = 0  # a bit a pad: some bank is driven
    dark: int = 1  # `off` was the last that was asked of the emitters
    armed: int = 0
    # the observer's notes: see `Notes`
    cause: int = 0
    off_skin: int = 0
    asked: int = NOBODY
    checked: int = 0
    stop: int = 0
    owed: int = 0


class Notes:
    """What the observer (`sim.model_check.observer`) notes of a unit."""

    cause = 0  # in FAULT: a sensor failed in the last control step
    off_skin = 0  # control steps in a row, lit and not worn, up to UNWORN_STEPS
    asked = NOBODY  # what a person asked for: NOBODY, THERAPY ...
    checked = 0  # the lamp test has passed since
    stop = 0  # within a tick: an event that must end light was posted while lit
    owed = 0  # a hard fault that no lit self-test has lifted
    judged = False  # in FAULT: a control step has passed since it was entered


def carry_request(state: int, asked: int, before: int) -> int:
    """Return what is left of a request in a state that follows on `before`."""
    if state == states.PAUSED:
        return PAUSED.get(asked, asked)
    if state == states.WAIT_SKIN:
        return asked if before == state else NOBODY  # to wait again needs a new request
    return asked if state in states.LIT else NOBODY


def battery_bit(unit: Any) -> int:
    """Return the bit of the guard's row for the battery; the other rows are for sensors."""
    source = unit.inputs.battery
    rows: tuple[Any, ...] = unit.guard.rows
    return sum(1 << k for k, row in enumerate(rows) if row[0] is source)


def read_arm(unit: Any) -> int:
    """Return PLAIN, THERAPY_ARM or MASKED."""
    return (THERAPY_ARM if unit.trial.mask else MASKED) if unit.trial else PLAIN


def convert_lock(lock: int) -> int:
    """Return FREE, FOR_GOOD or FOR_SERVICE."""
    if lock == states.NOT_LOCKED:
        return FREE
    return FOR_SERVICE if lock == states.HARD_FAULT else FOR_GOOD


def is_hot(thermal: Any) -> bool:
    """Whether a pad's thermal dose has reached a cap."""
    return bool(
        thermal.session_q10_ms >= CEM43_SESSION_Q10_MS or thermal.day_q10_ms >= CEM43_DAY_Q10_MS
    )


def read_check_step(check: Any) -> int:
    """Return the step of the lamp test, one of STEPS."""
    step: int = check.step
    if step <= 0:
        return SUPPLY if step == 0 else BEGINNING
    if step <= check.banks:
        return BANKS_A if step <= check.kinds else BANKS_B
    return min(WITHHELD + step - int(check.banks) - 1, OVER)


def read_found(check: Any) -> int:
    """Return what the lamp test has found and not raised yet, one of FOUND."""
    if check.fault < 0:
        return NOT_FOUND
    if check.fault == HIDDEN_FAULT:
        return HIDDEN_FOUND
    return STRING_OPEN if check.fault == faults.LED_OPEN else ENDS


def read_banks(unit: Any) -> int:
    """Return ALL, SOME or NO_BANK: the prescribed banks that may be lit."""
    caps = unit.gate.caps
    if not any(
        duty and not cap for cap, duty in zip(caps, unit.session.course.duties, strict=True)
    ):
        return ALL
    return SOME if any(caps) else NO_BANK


def pad_bits(banks: "list[int]") -> int:
    """Return a bit a pad: whether one of its banks is above zero."""
    half = len(banks) // 2
    return (max(banks[:half]) > 0) | (max(banks[half:]) > 0) << 1


def read_off_node(unit: Any, emitters: Any, notes: Notes) -> Node:
    """Return the node of a unit that is switched off: until its power is gone it must be dark."""
    return Node(
        state=states.OFF, button=UP, gate=read_gate(unit.gate), wanted=pad_bits(unit.gate.wanted),
        duty=pad_bits(emitters.duty), dark=int(emitters.dark), armed=int(emitters.armed),
        asked=notes.asked, checked=notes.checked, arm=read_arm(unit),
    )  # fmt: skip


def read_start(buttons: Any, pressed_in: int, state: int) -> "tuple[int, int]":
    """Return START, and while it is down the state in which it went down."""
    if not buttons.begun:
        return UNKNOWN, -1
    if not buttons.stable & START:
        return UP, -1
    if buttons.used:
        return USED, -1
    if state == states.FAULT != pressed_in:
        return DOWN, -1  # while START is down nothing leads back to that state
    return DOWN, pressed_in


def read_node(unit: Any, emitters: Any, notes: Notes, place: int) -> Node:
    """Return the node that a unit is in; `emitters` has their duty, dark and armed."""
    session = unit.session
    state = session.state
    within = place != BEFORE
    if state == states.OFF and not within:
        return read_off_node(unit, emitters, notes)
    running = state in states.IN_SESSION
    lit = state in states.LIT
    judged = state == states.FAULT and notes.judged
    lock = convert_lock(unit.session.lock)
    keep = unit.faults.hard and lock != FOR_GOOD  # of no consequence where locked for good
    tripped, battery = unit.guard.tripped, unit.battery_bit
    gate, wanted, duty = normalize_gate(
        lit, read_gate(unit.gate), pad_bits(unit.gate.wanted), pad_bits(emitters.duty)
    )
    a, b = unit.pads[0], unit.pads[1]
    return Node(
        place, state, lock, read_arm(unit),
        session.events,
        int(session.by_unworn and state == states.PAUSED),
        min(unit.wear.cold_steps, UNWORN_STEPS) if lit else 0,
        int(running and (session.treat_ms >= unit.session.course.max_ms
                         or session.day_treat_ms >= SESSION_DAY_MAX_MS)),
        int(unit.settled_ms >= SELF_TEST_MS),
        *read_start(unit.buttons, unit.actions.pressed_in, state),
        int(unit.faults.latched & faults.STOPPING != 0), int(keep), int(judged),
        int(judged and unit.faults.active != 0),
        int(tripped & ~battery != 0),
        convert_out(tripped, unit.guard.out) if within and state == states.FAULT else 0,
        int(running and tripped & battery != 0), int(running and unit.battery.ended),
        (a.done | b.done << 1) if running else 0,
        int(running and (is_hot(a.cem43) or is_hot(b.cem43))),
        read_check_step(unit.check) if state == states.CHECK else 0,
        read_found(unit.check) if state == states.CHECK else NOT_FOUND,
        read_banks(unit) if running else ALL,
        gate, wanted, duty, int(emitters.dark), int(emitters.armed),
        notes.cause if judged else 0,
        notes.off_skin if lit else 0,
        carry_request(state, notes.asked, state),
        notes.checked if lit else 0,
        notes.stop if within else 0,
        int(notes.owed or keep),
    )  # fmt: skip


def normalize_gate(lit: bool, gate: int, wanted: int, duty: int) -> "tuple[int, int, int]":
    """Return gate, wanted and duty without what makes no difference: a gate open in a dark state
    will shut, and one that is closed without a plan gets a new plan before it drives."""
    if not gate & (OPEN | PLANNED):
        return gate | FRESH, 0, duty
    if not lit and gate & OPEN:
        return gate & (OPEN | PLANNED), 0, 0
    return gate, wanted, duty


def convert_out(tripped: int, out: int) -> int:
    """Return `Node.out` of the guard's bits."""
    return TRIPPED_OUT * (out & tripped != 0) | OTHER_OUT * (out & ~tripped != 0)


def read_gate(gate: Any) -> int:
    """Return the bits OPEN, LIT and so on."""
    # dark and with nothing wanted, driving zeros again makes no difference
    fresh = gate.fresh or not (gate.open or max(gate.wanted))
    return int(
        OPEN * gate.open | LIT * gate.lit | PLANNED * gate.planned
        | LEASE * gate.lease | FRESH * fresh
    )  # fmt: skip
