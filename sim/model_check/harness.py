"""Harness of the model check: a real unit, restored into a node and run for one part of a tick.

Used by `sim.model_check.search`; `sim.model_check.restore` puts the unit into a node. A tick is run
in four parts by the firmware's own code: `Waistband.tick` up to `_control`, `_control` up to
`_plan`, `_plan` by itself, and `tick` again with `_control` left out. The findings of the sensor
checks are a choice; everything that follows from them is the firmware's.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from firmware.core import faults, states
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.records.journal_events import JournalEvents
from firmware.safety import current_monitor
from firmware.therapy.calibration import REFERENCE, calibration_crc
from firmware.trial.trial import SealedEvents, Trial
from firmware.ui import buttons
from firmware.waistband import SCREEN_PHASE, Waistband
from hal.boards import RPI_PICO as BOARD
from sim.common.default_prescription import DEFAULT
from sim.model_check.abstraction import Facts
from sim.model_check.at_rest import AtRest
from sim.model_check.hal_stub import HalStub, NoScreen
from sim.model_check.node import (
    AT_CONTROL,
    AT_PLAN,
    BEFORE,
    BEHIND,
    FOR_GOOD,
    FOR_SERVICE,
    FREE,
    MASKED,
    PLAIN,
    THERAPY_ARM,
    Node,
    read_node,
)
from sim.model_check.observer import Observer
from sim.model_check.trial import make_trial
from sim.run import nominal_calibration

NOW_MS = 1_000_000
STEP_MS = CONTROL_TICKS * TICK_MS
NOTHING_FOUND, ONE_WRONG, TWO_WRONG, UNPLUGGED = range(4)  # by the judges of the sensors
FITS, MISSES, TOO_MUCH, BOTH = range(4)  # by the rail monitor, while power is on


class Reached(Exception):
    """The firmware has reached the end of a part of the tick."""


def stop_here(*_arguments: int) -> None:
    """In place of the method that begins the next part."""
    raise Reached


def do_nothing(*_arguments: int) -> None:
    """In place of a method that is not part of this part of the tick."""


# Three steps: the second asks for less light than the first, the third for more than the second.
STEP = {
    "pads": "AB",
    "irradiance_mw_cm2": DEFAULT["irradiance_mw_cm2"],
    "fluence_j_cm2": 6,
    "light": {"mode": "cw"},
}
LESS = {**STEP, "irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1060"), 1.25)}
PRESCRIPTION = {
    "format": 2, "name": "three steps", "max_min": 30, "set_point_c": 40.5, "sessions_a_day": 2,
    "step": [STEP, LESS, STEP],
}  # fmt: skip


def make_unit(stub: Any) -> Any:
    """Return a unit at power-on. Its calibration has no reference currents: the lamp test's finding
    that a driver is off ends the check as its other findings do."""
    table = nominal_calibration(BOARD)
    del table[REFERENCE]
    table["crc32"] = calibration_crc(table, BOARD)
    return Waistband(stub, BOARD, table, PRESCRIPTION)


def list_first_nodes() -> "list[Node]":
    """Return the nodes at power-on: not locked, locked for good, and with a stored hard fault; in
    no trial and in each arm of one."""
    stub = HalStub(2 * len(BOARD.BANKS))
    unit = make_unit(stub)
    node = read_node(unit, stub, Observer(unit, lambda: True), BEFORE)
    return [
        node._replace(arm=arm, lock=lock, owed=int(lock == FOR_SERVICE))
        for arm in (PLAIN, THERAPY_ARM, MASKED) for lock in (FREE, FOR_GOOD, FOR_SERVICE)
    ]  # fmt: skip


def make_sealed(trial: Trial, events: JournalEvents) -> SealedEvents:
    """The journal's events of the same unit in a trial."""
    return SealedEvents(
        trial, events.hal, events.journal, events.status, events.gate, events.serial,
        events.board, events.kept,
    )  # fmt: skip


class Harness:
    """One unit, its HAL stub and its observer; choices set attributes of these."""

    def __init__(self, table: "list[int] | None" = None) -> None:
        """`table` replaces `states.build()`."""
        self.stub = HalStub(2 * len(BOARD.BANKS))
        self.unit = unit = make_unit(self.stub)
        if table is not None:
            unit.session.table = table
        self.course = unit.session.course
        self.trial = make_trial(unit)
        self.plain = events = unit.events  # the journal's events; in a trial: `sealed`
        self.sealed = make_sealed(self.trial, events)
        self.control: Callable[[int], None] = unit._control
        self.plan: Callable[[int], None] = unit._plan
        unit._sense = self.sense
        unit.rail.judge = self.judge_rail
        for pad in unit.pads:
            pad.fit = do_nothing  # `sense` replaces what it finds
        unit.screen = NoScreen()
        self.worn = True  # the truth about the belt
        self.gone = False  # ... a buckle or skin sensor shows that it is not worn
        self.worn_long = False  # worn for 5 s
        self.observer = Observer(unit, lambda: self.worn, lambda: self.gone)
        self.found = NOTHING_FOUND  # by the sensor checks, in this control step
        self.rail = FITS
        self.pressed = False  # START went down, or was held, in this tick
        # These faults stand for all that stop: a test tries every one, and every pair.
        self.latched_as = 1 << faults.NTC_OPEN
        self.soft = (faults.CONTACT_LOST, faults.RAIL_LOST)
        self.hard = faults.LED_STUCK_ON
        self.stuck = False  # a button other than START is down or stuck
        self.safe = [(row[0], row[1], (row[2] + row[3]) // 2) for row in unit.guard.rows]
        self.battery_row = unit.battery_bit.bit_length() - 1
        inputs = unit.inputs
        self.row_tripped = self.find_row(inputs.contact, 0)
        self.row_soft = self.find_row(inputs.ntc, 0)
        self.row_hard = self.find_row(inputs.board, 0)
        self.row_out = self.find_row(inputs.ntc, 1)
        self.banks = len(BOARD.BANKS)
        self.dark = [0] * (2 * self.banks)
        check = unit.check
        self.steps = (  # the first step of each of STEPS
            -1, 0, 1, check.kinds + 1, check.banks + 1, check.last, check.last + 1
        )  # fmt: skip
        inputs.ms = NOW_MS
        for k in range(len(inputs.heard)):
            inputs.heard[k] = NOW_MS
        self._keep()

    def _keep(self) -> None:
        """Keep the unit as it is now, at rest."""
        roots = self.list_roots()
        self.rest = AtRest(roots)
        # The node that was restored last, and all that choices and a part of a tick may change.
        self.restored: Node | None = None
        stub, notes = self.stub, self.observer
        self.begun = AtRest({**roots, "duty": stub.duty}, vars(stub), vars(notes), vars(self))

    def list_roots(self) -> "dict[str, object]":
        """Return the unit, and what belongs to it only in a trial, or only in none."""
        return {"unit": self.unit, "trial": self.trial, "plain": self.plain, "sealed": self.sealed}

    def find_row(self, source: "list[int]", index: int) -> int:
        """Return the guard's row for a code."""
        rows = enumerate(self.unit.guard.rows)
        return next(k for k, row in rows if row[0] is source and row[1] == index)

    def sense(self, ms: int, _step_ms: int, settled: bool) -> None:
        """In place of `Waistband._sense`: the sensor checks find what was chosen."""
        latch = self.unit.faults
        latch.active = 0
        if not settled:
            return
        if self.found == UNPLUGGED and latch.rename(faults.NTC_OPEN, faults.PAD_UNPLUGGED, 0):
            return
        for fault in self.soft[: self.found]:
            latch.raise_fault(fault, 0, ms, 0, 0)

    def judge_rail(self, *_arguments: Any) -> int:
        """In place of `Rail.judge`: the current monitor finds what was chosen."""
        if self.rail & TOO_MUCH:
            self.unit.faults.raise_fault(self.hard, faults.UNIT, NOW_MS, 0, 0)
        return current_monitor.CHANGED if self.rail & MISSES else current_monitor.NOTHING

    def out_of_bounds(self, row: int) -> None:
        """Put a row's code beyond its upper limit in this tick."""
        guard = self.unit.guard
        source, index, _, high = guard.rows[row]
        source[index] = high
        guard.out |= 1 << row

    def drain(self) -> None:
        """Put the battery's code below its limit in this tick."""
        self.unit.inputs.battery[0] = 0
        self.unit.guard.out |= self.unit.battery_bit

    # -- a part of a tick ----------------------------------------------------------------

    def facts(self) -> Facts:
        """Return what the part that was run did."""
        stub, notes = self.stub, self.observer
        held = notes.done & buttons.HELD != 0
        return Facts(
            stub.granted, self.pressed, self.stuck, self.worn_long,
            held and notes.posted >> states.ACK & 1 != 0, bool(notes.stop), stub.wrong,
        )  # fmt: skip

    def run(self, place: int) -> Node:
        """Run the part of a tick that begins at a place; return the node that it leads to."""
        return (self._guard, self._control, self._plan, self._rest)[place]()

    def _guard(self) -> Node:
        """From the inputs to where control begins."""
        unit = self.unit
        self.observer.begin()
        unit.phase = 0
        unit._control = stop_here
        with suppress(Reached):
            unit.tick()
        return read_node(unit, self.stub, self.observer, AT_CONTROL)

    def _control(self) -> Node:
        """Control, up to where it plans the light."""
        unit, notes = self.unit, self.observer
        notes.posted = 0
        found = notes.before_control()
        to = BEHIND
        unit._plan = stop_here
        try:
            self.control(NOW_MS)
        except Reached:
            to = AT_PLAN
        notes.after_control(found, unit.faults.active != 0)
        return read_node(unit, self.stub, notes, to)

    def _plan(self) -> Node:
        """From where control plans the light to its end."""
        notes = self.observer
        notes.posted = 0
        found = notes.before_plan()
        self.plan(STEP_MS)
        notes.after_plan(found)
        return read_node(self.unit, self.stub, notes, BEHIND)

    def _rest(self) -> Node:
        """From the end of control to the end of the tick."""
        unit, notes = self.unit, self.observer
        notes.posted = notes.done = 0
        unit.phase = SCREEN_PHASE + 1  # control is behind; the screen's turn, and a host's, comes
        unit.tick()
        notes.end()
        return read_node(unit, self.stub, notes, BEFORE)
