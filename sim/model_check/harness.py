"""A real unit that is put into any node of the proof and let run a part of a tick.

A tick is run in three parts, by the firmware's own code: `Waistband.tick` as far as
`_control`, `_control` by itself, and `tick` again with control done already. What the
judges of the sensors find is a choice; everything that decides on it is the firmware's.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from firmware.core import faults, states
from firmware.core.limits import CONTROL_TICKS, TICK_MS
from firmware.safety import current_monitor
from firmware.therapy.prescription import DEFAULT
from firmware.trial.trial import SealedEvents
from firmware.ui import buttons
from firmware.waistband import SCREEN_PHASE, Waistband
from hal.boards import RPI_PICO as BOARD
from sim.model_check.abstraction import Facts
from sim.model_check.hal_stub import Meter, NoScreen
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
    take,
)
from sim.model_check.observer import Notes
from sim.model_check.trial import trial
from sim.run import nominal_calibration

NOW_MS = 1_000_000
STEP_MS = CONTROL_TICKS * TICK_MS
NOTHING_FOUND, ONE_WRONG, TWO_WRONG, UNPLUGGED = range(4)  # by the judges of the sensors
FITS, MISSES, TOO_MUCH, BOTH = range(4)  # by the rail monitor, while power is on


class Reached(Exception):
    """The firmware has come to where a part of the tick ends."""


def stop_here(*_arguments: int) -> None:
    """In the place of the method that begins the next part."""
    raise Reached


def done_already(*_arguments: int) -> None:
    """In the place of a method that has had its turn."""


def unit_on(meter: Any) -> Any:
    """A unit that has just been given power."""
    return Waistband(meter, BOARD, nominal_calibration(BOARD), DEFAULT)


def first_nodes() -> "list[Node]":
    """Where a unit begins: sound, locked for good, and with a hard fault kept; in no trial and in
    each arm of one."""
    meter = Meter(2 * len(BOARD.BANKS))
    unit = unit_on(meter)
    node = take(unit, meter, Notes(unit, lambda: True), BEFORE)
    return [
        node._replace(arm=arm, lock=lock, owed=int(lock == FOR_SERVICE))
        for arm in (PLAIN, THERAPY_ARM, MASKED) for lock in (FREE, FOR_GOOD, FOR_SERVICE)
    ]  # fmt: skip


class Stand:
    """One unit, one meter, one bystander; choices set what they choose by its attributes."""

    def __init__(self, table: "list[int] | None" = None) -> None:
        """`table` in the place of `states.build()`."""
        self.meter = Meter(2 * len(BOARD.BANKS))
        self.unit = unit = unit_on(self.meter)
        if table is not None:
            unit.session.table = table
        self.course = unit.session.course
        self.trial = trial(unit)  # of a unit in one
        self.plain = events = unit.events  # what the journal is told, and in a trial
        self.sealed = SealedEvents(
            self.trial, unit.hal, unit.journal, events.status, unit.gate, events.serial
        )
        self.control: Callable[[int], None] = unit._control
        self.plan: Callable[[int], None] = unit._plan
        unit._sense = self.sense
        unit.rail.judge = self.judge_rail
        for pad in unit.pads:
            pad.fit = done_already  # what it finds is found by `sense`
        unit.screen = NoScreen()
        self.worn = True  # the truth about the belt
        self.worn_long = False  # ... for 5 s
        self.notes = Notes(unit, lambda: self.worn)
        self.found = NOTHING_FOUND  # by this control step
        self.rail = FITS
        self.pressed = False  # START went down, or was held, in this tick
        # Any faults that stop do in the place of these: a test tries all, and every pair.
        self.latched_as = 1 << faults.NTC_OPEN
        self.soft = (faults.CONTACT_LOST, faults.RAIL_LOST)
        self.hard = faults.LED_STUCK_ON
        self.stuck = False  # a button other than START is down or stuck
        self.safe = [(row[0], row[1], (row[2] + row[3]) // 2) for row in unit.guard.rows]
        self.battery_row = unit.battery_bit.bit_length() - 1
        inputs = unit.inputs
        self.row_tripped = self.row_of(inputs.contact, 0)
        self.row_soft = self.row_of(inputs.ntc, 0)
        self.row_hard = self.row_of(inputs.board, 0)
        self.row_out = self.row_of(inputs.ntc, 1)
        self.banks = len(BOARD.BANKS)
        self.dark = [0] * (2 * self.banks)
        check = unit.check
        self.steps = (  # the first of each of STEPS
            -1, 0, 1, check.kinds + 1, check.banks + 1, check.last, check.last + 1
        )  # fmt: skip
        unit.inputs.ms = NOW_MS
        for k in range(len(unit.inputs.heard)):
            unit.inputs.heard[k] = NOW_MS

    def row_of(self, source: "list[int]", index: int) -> int:
        """The guard's row that looks at a code."""
        rows = self.unit.guard.rows
        return next(k for k in range(len(rows)) if rows[k][0] is source and rows[k][1] == index)

    def sense(self, ms: int, _step_ms: int, settled: bool) -> None:
        """In the place of `Waistband._sense`: any judge of a sensor may have found anything."""
        latch = self.unit.faults
        latch.active = 0
        if not settled:
            return
        if self.found == UNPLUGGED and latch.rename(faults.NTC_OPEN, faults.PAD_UNPLUGGED, 0):
            return
        for fault in self.soft[: self.found]:
            latch.raise_fault(fault, 0, ms, 0, 0)

    def judge_rail(self, *_arguments: Any) -> int:
        """In the place of `Rail.judge`: the monitor may have found anything."""
        if self.rail & TOO_MUCH:
            self.unit.faults.raise_fault(self.hard, faults.UNIT, NOW_MS, 0, 0)
        return current_monitor.MISSING if self.rail & MISSES else current_monitor.NOTHING

    def out_of_bounds(self, row: int) -> None:
        """A row's code is beyond its upper limit in this tick."""
        guard = self.unit.guard
        source, index, _, high = guard.rows[row]
        source[index] = high
        guard.out |= 1 << row

    def drain(self) -> None:
        """The battery's code is below its limit in this tick."""
        self.unit.inputs.battery[0] = 0
        self.unit.guard.out |= self.unit.battery_bit

    # -- a part of a tick ----------------------------------------------------------------

    def facts(self) -> Facts:
        """What the part that was run did."""
        meter, notes = self.meter, self.notes
        released = notes.done & buttons.RELEASED != 0
        return Facts(
            meter.granted, self.pressed, self.stuck, self.worn_long,
            released and notes.posted >> states.ACK & 1 != 0, bool(notes.stop), meter.wrong,
        )  # fmt: skip

    def run(self, place: int) -> Node:
        """Run the part of a tick that begins at a place; the node that it leads to."""
        return (self._guard, self._control, self._light, self._rest)[place]()

    def _guard(self) -> Node:
        """From the inputs to where control begins."""
        unit = self.unit
        self.notes.begin()
        unit.phase = 0
        unit._control = stop_here
        with suppress(Reached):
            unit.tick()
        return take(unit, self.meter, self.notes, AT_CONTROL)

    def _control(self) -> Node:
        """Control, up to where it plans the light."""
        unit, notes = self.unit, self.notes
        notes.posted = 0
        found = notes.before_control()
        to = BEHIND
        unit._plan = stop_here
        try:
            self.control(NOW_MS)
        except Reached:
            to = AT_PLAN
        notes.after_control(found, unit.faults.active != 0)
        return take(unit, self.meter, notes, to)

    def _light(self) -> Node:
        """The light of the next control step."""
        notes = self.notes
        notes.posted = 0
        found = notes.before_plan()
        self.plan(STEP_MS)
        notes.after_plan(found)
        return take(self.unit, self.meter, notes, BEHIND)

    def _rest(self) -> Node:
        """From behind control to the end of the tick."""
        unit, notes = self.unit, self.notes
        notes.posted = notes.done = 0
        unit.phase = SCREEN_PHASE + 1  # control is behind; the screen's turn, and a host's, comes
        unit.tick()
        notes.end()
        return take(unit, self.meter, notes, BEFORE)
