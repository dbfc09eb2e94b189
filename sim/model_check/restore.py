"""Restores a node into the unit of a harness; what the node does not name is at rest: as
`sim.model_check.at_rest` has it, or as it is set here.

Called by `sim.model_check.search` for each node, and by tests.
"""

from firmware.core import faults, states
from firmware.core.faults import UNIT
from firmware.core.inputs import BUCKLE, GAUGE, RAIL
from firmware.core.inputs import START as START_PIN
from firmware.core.limits import (
    BLIND_WAIT_MS,
    CEM43_SESSION_Q10_MS,
    CHECK_DUTY,
    DUTY_MAX,
    QUIET_MS,
    SELF_TEST_MS,
)
from firmware.safety.lamp_test import NO_FAULT
from firmware.safety.wear import SIGNS
from sim.model_check.harness import FITS, NOTHING_FOUND, NOW_MS, STEP_MS, Harness
from sim.model_check.node import (
    DOWN,
    FOR_GOOD,
    FRESH,
    HIDDEN_FAULT,
    LEASE,
    LIT,
    MASKED,
    NO_BANK,
    OPEN,
    OTHER_OUT,
    PLANNED,
    SOME,
    STRING_OPEN,
    TRIPPED_OUT,
    UNKNOWN,
    UP,
    Node,
)
from sim.model_check.trial import CLOCK_S, DUE

YOUNG_MS = 100  # since a button went down: not yet a hold
BOARD_MC = 30_000
SKIN_MC = 33_000
CELL_MV = 3_800
LOCKS = (states.NOT_LOCKED, states.CALIBRATION, states.HARD_FAULT)  # FREE and so on


def restore_node(harness: Harness, node: Node) -> None:
    """Restore a node, and keep what it was restored to in `harness.begun`."""
    harness.rest.restore()
    harness.worn, harness.worn_long, harness.gone = True, False, False
    harness.stuck = harness.pressed = False
    harness.found, harness.rail = NOTHING_FOUND, FITS
    harness.stub.flash, harness.stub.line = True, b""
    restore_session(harness, node)
    restore_buttons(harness, node)
    restore_faults(harness, node)
    restore_dose(harness, node)
    restore_gate(harness, node)
    restore_trial(harness, node)
    restore_records(harness)
    notes = harness.observer
    notes.cause, notes.off_skin = node.cause, node.off_skin
    notes.began_in = node.state
    notes.asked, notes.checked, notes.stop = node.asked, node.checked, node.stop
    notes.owed, notes.judged = node.owed, bool(node.judged)
    harness.restored = node
    harness.begun.keep()


def restore_session(harness: Harness, node: Node) -> None:
    """Restore state, events, times and lock."""
    unit, session = harness.unit, harness.unit.session
    session.state, session.events = node.state, node.events
    session.previous = states.READY
    session.by_unworn = bool(node.by_unworn)
    session.refused = states.NOTHING
    session.state_ms = session.idle_ms = session.session_ms = session.day_ms = 0
    session.unworn_count = 0
    session.treat_ms = harness.course.max_ms if node.late else 0
    session.day_treat_ms = session.in_step_ms = session.part_ms = 0
    session.step = len(harness.course.steps) - 1  # whether another follows is chosen
    for step in harness.course.steps:
        step.ms = 0
    session.done = session.done_in_all = 0
    wear = unit.wear
    wear.cold_steps, wear.worn_ms, wear.open_ticks = node.unworn, 0, 0
    wear.lost = node.state == states.WAIT_SKIN or bool(node.by_unworn)
    wear.touched[:] = [True, True]
    wear.seen_off = SIGNS
    unit.inputs.skin[:] = wear.on_codes
    unit.actions.wait_ms = BLIND_WAIT_MS if node.arm else 0
    unit.settled_ms = SELF_TEST_MS if node.settled else 0
    unit.inputs.heard[GAUGE] = NOW_MS if node.settled else -1
    unit.actions.pressed_in = node.pressed_in
    unit.actions.stop_ms = -1
    unit.control_ms = NOW_MS - STEP_MS
    unit.second = 1
    session.lock = LOCKS[node.lock]
    unit.kept.day_open = True  # a hold may have had it written anew
    for row in unit.kept.hours:
        row[unit.kept.hour] = 0
    if node.lock == FOR_GOOD:
        vars(session).pop("course", None)  # a locked unit has none
    else:
        session.course = harness.course


def restore_buttons(harness: Harness, node: Node) -> None:
    """Restore START; the other buttons are up."""
    buttons = harness.unit.buttons
    buttons.begun = node.button != UNKNOWN
    buttons.used = node.button != DOWN
    buttons.stable = 0 if node.button in (UP, UNKNOWN) else START_PIN
    buttons.stuck, buttons.busy = False, True
    buttons.closures, buttons.closed_ms = 0, NOW_MS - QUIET_MS
    buttons.meant_ms = -1
    harness.unit.session.doubted = False
    buttons.ticks[:] = [0] * len(buttons.ticks)
    buttons.since_ms[:] = [NOW_MS - YOUNG_MS] * len(buttons.since_ms)
    harness.unit.inputs.pins = BUCKLE | buttons.stable


def restore_faults(harness: Harness, node: Node) -> None:
    """Restore latched faults, tripped rows, codes and battery."""
    unit, latch = harness.unit, harness.unit.faults
    latch.latched = bits = harness.latched_as if node.latched else 0
    latch.by_pad[0], latch.by_pad[1], latch.by_pad[2] = bits, 0, 0
    latch.active = harness.latched_as if node.active else 0
    latch.hard = bool(node.keep)
    latch.count = 0
    guard = unit.guard
    guard.tripped = 1 << harness.row_tripped if node.trips else 0
    if node.drained:
        guard.tripped |= unit.battery_bit
    unit.guard_rows.collected = guard.tripped
    guard.out = 0
    for source, index, code in harness.safe:
        source[index] = code
    guard.counts[:] = [0] * len(harness.safe)
    if node.out & TRIPPED_OUT:
        harness.out_of_bounds(harness.row_tripped)
    if node.out & OTHER_OUT:
        harness.out_of_bounds(harness.row_out)
    battery = unit.battery
    battery.ended, battery.low = bool(node.ended), False
    battery.cell_q3_mv, battery.charged_s, battery.percent = CELL_MV << 3, 0, 100


FAULT_OF = (NO_FAULT, faults.LED_OPEN, faults.LED_STUCK_ON, HIDDEN_FAULT)  # by FOUND


def restore_dose(harness: Harness, node: Node) -> None:
    """Restore the pads' dose and temperature, and the step of the lamp test."""
    unit = harness.unit
    for k, pad in enumerate(unit.pads):
        pad.done = bool(node.done >> k & 1)
        pad.stop_uj_cm2 = pad.whole_uj_cm2 = harness.course.steps[0].fluence_uj_cm2
        pad.from_uj_cm2 = 0
        pad.fluence.total_uj_cm2 = pad.stop_uj_cm2 if pad.done else 0
        pad.contact_mc, pad.board_mc = SKIN_MC, BOARD_MC
        pad.integral = 0
    thermal = unit.pads[0].cem43
    thermal.session_q10_ms = CEM43_SESSION_Q10_MS if node.hot else 0
    thermal.day_q10_ms = 0
    restore_check(harness, node)


def restore_check(harness: Harness, node: Node) -> None:
    """Restore the lamp test; the rail monitor was heard, and its set-up read back in this step."""
    check, inputs = harness.unit.check, harness.unit.inputs
    check.step = harness.steps[node.step]
    check.fault = FAULT_OF[node.found]
    check.found[0] = (check.step - 1) // check.kinds if node.found == STRING_OPEN else UNIT
    check.peak_01ma = check.zero_01ma = check.base_01ma = check.silences = 0
    check.begun_ms = NOW_MS - STEP_MS
    inputs.heard[RAIL] = inputs.proved[0] = NOW_MS
    check.lost = inputs.lost[RAIL]


def restore_trial(harness: Harness, node: Node) -> None:
    """Restore the arm of a trial, or none; a visit is due, and nothing answered."""
    unit, trial = harness.unit, harness.trial
    unit.trial = trial if node.arm else None
    unit.events = harness.sealed if node.arm else harness.plain
    unit.gate.mask = trial.mask = 0 if node.arm == MASKED else DUTY_MAX
    trial.given = trial.alone = False
    trial.begin()
    DUE(trial)
    trial.taken = True
    harness.stub.clock_s = CLOCK_S if node.arm else None


def restore_records(harness: Harness) -> None:
    """Restore the journal: its end was found, all files are as it says, and nothing waits. Where
    its end is only to be found is chosen."""
    unit, journal = harness.unit, harness.unit.journal
    journal.waiting.clear()
    journal.found, journal.broken, journal.open = True, False, False
    journal.n = journal.size = journal.dropped = 0
    journal.kept[:] = [0] * len(journal.kept)
    journal.seen[:] = [0] * len(journal.seen)
    unit.events.ended = False
    unit.events.noted_latched = unit.faults.latched
    unit.session.locked = ""


def restore_gate(harness: Harness, node: Node) -> None:
    """Restore the gate and the last commands to the emitters."""
    gate, stub = harness.unit.gate, harness.stub
    bits = node.gate
    gate.open, gate.lit = bits & OPEN != 0, bits & LIT != 0
    gate.planned, gate.lease, gate.fresh = (
        bits & PLANNED != 0, bits & LEASE != 0, bits & FRESH != 0
    )  # fmt: skip
    gate.period_ticks, gate.on_ticks, gate.phase = 2, 1, -1
    gate.since_ms, gate.lit_ms = NOW_MS, 0
    duties = harness.course.duties
    gate.caps[:] = harness.dark if node.banks == NO_BANK else duties
    if node.banks == SOME:
        gate.caps[0] = 0
    gate.live[:] = [cap > 0 for cap in gate.caps]
    gate.retune_ticks = 0
    gate.carrier_hz = harness.course.steps[harness.unit.session.step].carrier_hz
    gate.wanted[:] = select_pads(harness, node.wanted, duties)
    if node.state == states.CHECK and node.wanted in (1, 2):  # both pads: left from power
        gate.wanted[:] = harness.dark
        gate.wanted[0 if node.wanted & 1 else harness.banks] = CHECK_DUTY
    stub.duty[:] = select_pads(harness, node.duty, duties)
    stub.dark, stub.armed = bool(node.dark), bool(node.armed)
    stub.granted, stub.wrong = False, ""


def select_pads(harness: Harness, pads: int, duties: "list[int]") -> "list[int]":
    """Return the duties of some pads' banks; zeros for the others."""
    half = harness.banks
    a = duties if pads & 1 else harness.dark
    b = duties if pads & 2 else harness.dark
    return a[:half] + b[half:]
