"""Puts a stand's unit into a node; what the node does not name is at rest."""

from firmware.core import states
from firmware.core.inputs import BUCKLE, GAUGE, RAIL
from firmware.core.inputs import START as START_PIN
from firmware.core.limits import CEM43_SESSION_Q10_MS, CHECK_DUTY, DUTY_MAX, SELF_TEST_MS
from sim.model_check.harness import FITS, NOTHING_FOUND, NOW_MS, STEP_MS, Harness
from sim.model_check.node import (
    DOWN,
    FOR_GOOD,
    FRESH,
    LEASE,
    LIT,
    MASKED,
    NO_BANK,
    OPEN,
    OTHER_OUT,
    PLANNED,
    SOME,
    TRIPPED_OUT,
    UNKNOWN,
    UP,
    Node,
)
from sim.model_check.trial import CLOCK_S, DUE

YOUNG_MS = 100  # since a button went down: no hold yet
BOARD_MC = 30_000
SKIN_MC = 33_000
CELL_MV = 3_800
LOCKS = (states.NOT_LOCKED, states.CALIBRATION, states.HARD_FAULT)  # FREE and so on


def restore_node(stand: Harness, node: Node) -> None:
    """Make the unit be in a node; what the node does not name is at rest."""
    stand.worn, stand.worn_long = True, False
    stand.stuck = stand.pressed = False
    stand.found, stand.rail = NOTHING_FOUND, FITS
    stand.meter.flash, stand.meter.line = True, b""
    restore_session(stand, node)
    restore_buttons(stand, node)
    restore_faults(stand, node)
    restore_dose(stand, node)
    restore_gate(stand, node)
    restore_trial(stand, node)
    notes = stand.notes
    notes.cause, notes.off_skin = node.cause, node.off_skin
    notes.began_in = node.state
    notes.asked, notes.checked, notes.stop = node.asked, node.checked, node.stop
    notes.owed, notes.judged = node.owed, bool(node.judged)


def restore_session(stand: Harness, node: Node) -> None:
    """State, events, times and lock."""
    unit, session = stand.unit, stand.unit.session
    session.state, session.events = node.state, node.events
    session.previous = states.READY
    session.by_unworn = bool(node.by_unworn)
    session.state_ms = session.session_ms = session.day_ms = session.unworn_count = 0
    session.treat_ms = stand.course.max_ms if node.late else 0
    session.day_treat_ms = 0
    unit.wear.unworn_steps = node.unworn
    unit.wear.worn_ms = 0
    unit.settled_ms = SELF_TEST_MS if node.settled else 0
    unit.inputs.heard[GAUGE] = NOW_MS if node.settled else -1
    unit.actions.pressed_in = node.pressed_in
    unit.control_ms = NOW_MS - STEP_MS
    unit.second = 1
    session.lock = LOCKS[node.lock]
    unit.kept.day_open = False
    if node.lock == FOR_GOOD:
        vars(session).pop("course", None)  # a locked unit has none
    else:
        session.course = stand.course


def restore_buttons(stand: Harness, node: Node) -> None:
    """START, and the others up."""
    buttons = stand.unit.buttons
    buttons.begun = node.button != UNKNOWN
    buttons.used = node.button != DOWN
    buttons.stable = 0 if node.button in (UP, UNKNOWN) else START_PIN
    buttons.stuck, buttons.busy = False, True
    for k in range(len(buttons.ticks)):
        buttons.ticks[k] = 0
        buttons.since_ms[k] = NOW_MS - YOUNG_MS
    stand.unit.inputs.pins = BUCKLE | buttons.stable


def restore_faults(stand: Harness, node: Node) -> None:
    """What is latched and has tripped; the codes; the battery."""
    unit, latch = stand.unit, stand.unit.faults
    latch.latched = bits = stand.latched_as if node.latched else 0
    latch.by_pad[0], latch.by_pad[1], latch.by_pad[2] = bits, 0, 0
    latch.active = stand.latched_as if node.active else 0
    latch.hard = bool(node.keep)
    latch.count = 0
    guard = unit.guard
    guard.tripped = 1 << stand.row_tripped if node.trips else 0
    if node.drained:
        guard.tripped |= unit.battery_bit
    unit.guard_rows.collected = guard.tripped
    guard.out = 0
    for source, index, code in stand.safe:
        source[index] = code
    guard.counts = [0] * len(stand.safe)
    if node.out & TRIPPED_OUT:
        stand.out_of_bounds(stand.row_tripped)
    if node.out & OTHER_OUT:
        stand.out_of_bounds(stand.row_out)
    battery = unit.battery
    battery.ended, battery.low = bool(node.ended), False
    battery.cell_q3_mv, battery.charged_s, battery.percent = CELL_MV << 3, 0, 100


def restore_dose(stand: Harness, node: Node) -> None:
    """What the pads gave and feel; how far the check is."""
    unit = stand.unit
    for k, pad in enumerate(unit.pads):
        pad.done = bool(node.done >> k & 1)
        pad.stop_uj_cm2 = stand.course.fluence_uj_cm2
        pad.fluence.total_uj_cm2 = pad.stop_uj_cm2 if pad.done else 0
        pad.contact_mc, pad.board_mc = SKIN_MC, BOARD_MC
        pad.integral = 0
    thermal = unit.pads[0].cem43
    thermal.session_q10_ms = CEM43_SESSION_Q10_MS if node.hot else 0
    thermal.day_q10_ms = 0
    unit.check.step = stand.steps[node.step]
    unit.check.peak_01ma = unit.check.silences = 0
    unit.inputs.heard[RAIL] = NOW_MS


def restore_trial(stand: Harness, node: Node) -> None:
    """In a trial or not, and in which arm; a visit is due, and nothing answered."""
    unit, trial = stand.unit, stand.trial
    unit.trial = trial if node.arm else None
    unit.events = stand.sealed if node.arm else stand.plain
    unit.gate.mask = trial.mask = 0 if node.arm == MASKED else DUTY_MAX
    trial.given = trial.alone = False
    trial.begin()
    DUE(trial)
    unit.journal.waiting.clear()
    stand.meter.clock_s = CLOCK_S if node.arm else None


def restore_gate(stand: Harness, node: Node) -> None:
    """The gate, and what the emitters were told."""
    gate, meter = stand.unit.gate, stand.meter
    bits = node.gate
    gate.open, gate.lit = bits & OPEN != 0, bits & LIT != 0
    gate.planned, gate.lease, gate.fresh = (
        bits & PLANNED != 0, bits & LEASE != 0, bits & FRESH != 0
    )  # fmt: skip
    gate.period_ticks, gate.on_ticks, gate.phase = 2, 1, -1
    gate.since_ms, gate.lit_ms = NOW_MS, 0
    duties = stand.course.duties
    gate.caps[:] = stand.dark if node.banks == NO_BANK else duties
    if node.banks == SOME:
        gate.caps[0] = 0
    gate.wanted[:] = select_pads(stand, node.wanted, duties)
    if node.state == states.CHECK and node.wanted in (1, 2):  # both only where it was power's
        select_one_bank(stand, node)
    meter.duty = select_pads(stand, node.duty, duties)
    meter.dark, meter.armed = bool(node.dark), bool(node.armed)
    meter.granted, meter.wrong = False, ""


def select_pads(stand: Harness, pads: int, duties: "list[int]") -> "list[int]":
    """The duties of some pads' banks; zeros for the others."""
    half = stand.banks
    a = duties if pads & 1 else stand.dark
    b = duties if pads & 2 else stand.dark
    return a[:half] + b[half:]


def select_one_bank(stand: Harness, node: Node) -> None:
    """In the check one bank at a time is wanted."""
    wanted = stand.unit.gate.wanted
    at = 0 if node.wanted & 1 else stand.banks
    wanted[:] = stand.dark
    wanted[at] = CHECK_DUTY
