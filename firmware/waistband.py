"""The waistband: one tick, from the record that the HAL fills to the gate.

    hal.read -> guard (each tick) -> control (every tenth) -> session -> gate -> lease, feed

The same inputs give the same outputs, on any interpreter. Nothing here allocates
in a steady tick; whatever raises ends the tick before the lease is renewed.
"""

from firmware import faults, kept, plan, signed, states, trips, wearer
from firmware.battery import Battery
from firmware.buttons import Buttons
from firmware.check import Check
from firmware.dose import STEP_MAX_MS
from firmware.faults import Faults
from firmware.gate import Gate
from firmware.guard import Guard
from firmware.inputs import BUCKLE, BUTTONS, CHARGER, CHARGING, HOST, RAIL, Inputs
from firmware.journal import Journal
from firmware.keys import FILE as KEYS
from firmware.keys import Keys
from firmware.limits import (
    CLOCK_MASK,
    CONTROL_TICKS,
    DUTY_MAX,
    HEARD_WITHIN_MS,
    RAMP_MS,
    SELF_TEST_MS,
    SET_POINT_MIN_MC,
    SKIN_WAIT_MS,
    TICK_MS,
    UNWORN_STEPS,
    WORN_MAX_MC,
    WORN_MIN_MC,
    WORN_MS,
)
from firmware.pad import Pad
from firmware.prescription import Course, Refused, calibration_rows, serial_of
from firmware.rail import Rail
from firmware.screen import Screen
from firmware.session import Session
from firmware.states import CALIBRATION, HARD_FAULT, NOT_LOCKED, PRESCRIPTION, TRIAL
from firmware.telemetry import Telemetry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.trial import Trial
    from hal.contract import Board, Hal

TRIAL_FILES = ("trial.json", "visit.json")  # with either, a unit is blinded
SECOND_STEPS = 5  # control steps a second


class Waistband:
    """The firmware of one unit; make it anew at each power-on, then call `tick` every 20 ms."""

    def __init__(
        self,
        hal: "Hal",
        board: "Board",
        calibration: object,
        prescription: object,
        lock: int = NOT_LOCKED,
    ) -> None:
        """Wire the parts. `prescription` is what its file holds, as bytes, or what that says,
        if nothing is to be signed. A calibration or prescription that is refused locks the unit,
        and `locked` says why; there is a `course` only where `lock` is NOT_LOCKED. Whoever starts
        the unit may lock it too (RESTARTS, BOARD); a hard fault that was kept does (HARD_FAULT)."""
        self.hal = hal
        self.inputs = inputs = Inputs()
        self.lock = lock
        self.locked = ""  # what was refused, in words
        self.serial = ""  # of the unit, as calibrated
        self.keys = Keys(hal.load(KEYS))
        self.journal = Journal(hal, self.keys)
        self.trial = self._enrolled()
        full_uw_cm2, offsets_mc = self._accept(board, calibration, prescription)
        pairs = trips.guard_rows(inputs, board, offsets_mc)
        self.guard = Guard(tuple([row for row, _ in pairs]))
        self.meaning = tuple([meaning for _, meaning in pairs])
        self.collected = 0  # guard trips already turned into faults
        self.faults = Faults()
        self.noted = [row[:] for row in self.faults.rows]  # what the journal knows of them, and
        self.noted_latched = 0  # that they were latched
        self.session = Session(hal)
        self.buttons = Buttons()
        self.pressed_in = -1  # the state in which START went down
        self.gate = Gate(hal, 2 * len(board.BANKS), self.trial.mask if self.trial else DUTY_MAX)
        self.check = Check(board)
        self.rail = Rail(board)
        self.battery = Battery(board)
        self.pads = (
            Pad(0, board, offsets_mc[0], full_uw_cm2[0]),
            Pad(1, board, offsets_mc[1], full_uw_cm2[1]),
        )
        self.set_point_mc = SET_POINT_MIN_MC
        if not self.lock:
            self.set_point_mc = self.course.set_point_mc
            self.battery.expect(self.course.power_mw(board), self.course.longest_ms())
        self.screen = Screen()
        self.telemetry = Telemetry()
        self._count()
        now_s = hal.wall_clock()
        self.clock_set = now_s is not None
        kept.restore(self, now_s)

    def _count(self) -> None:
        """Counters, as at power-on."""
        self.phase = CONTROL_TICKS - 1  # ticks until control
        self.second = 0  # control steps until the battery is judged
        self.control_ms = -1  # clock at the last control step
        self.sum_a = 0  # thermistor codes since
        self.sum_b = 0
        self.lit_ms = 0  # of the last control step
        # of the self-test, until the sensors may be judged: the first control step is at its end
        self.settled_ms = (CONTROL_TICKS - 1) * TICK_MS
        self.worn_ms = 0
        self.unworn_steps = 0
        self.late_us = 0  # the worst that a tick came late, as the loop keeps it
        self.ended = False  # a session, of which the journal has not been told
        self.up_s = 0  # since power-on or reset
        self.day_open = False  # there was light, or is to be, since the day was last written

    def _enrolled(self) -> "Trial | None":
        """In a trial there is more to a unit; else none of it is ever in memory."""
        for name in TRIAL_FILES:
            if self.hal.load(name) is not None:
                from firmware.trial import Trial  # noqa: PLC0415

                return Trial()
        return None

    def _accept(
        self, board: "Board", calibration: object, prescription: object
    ) -> "tuple[list[list[int]], tuple[int, int]]":
        """Full-duty irradiance and thermistor offsets of each pad; zeros where refused."""
        kinds = len(board.BANKS)
        rows = ([[0] * kinds, [0] * kinds], (0, 0))
        wrong = CALIBRATION
        try:
            rows = calibration_rows(calibration, board)
            self.serial = serial_of(calibration)
            if self.trial:
                wrong = TRIAL
                self.trial.open(self.hal, self.keys, self.serial)
            wrong = PRESCRIPTION
            inner, number, expires_s = signed.opened(prescription, self.keys, self.serial)
            self.course = Course(inner, board, rows[0])
            self.course.number = number
            self.course.expires_s = expires_s
        except Refused as why:
            self.lock = self.lock or wrong
            self.locked = str(why)
        return rows

    def lock_for_service(self) -> None:
        """A hard fault is kept: no therapy until a lit self-test was passed in SERVICE."""
        self.lock = self.lock or HARD_FAULT
        self.locked = self.locked or "a hard fault is kept; a lit self-test lifts it"

    def unlock(self) -> None:
        """The lit self-test was passed; only while dark."""
        if self.lock == HARD_FAULT and kept.lift_fault(self):
            self.lock = NOT_LOCKED
            self.locked = ""

    def tick(self) -> None:
        """One tick: read, guard, control on every tenth, session, gate."""
        inputs = self.inputs
        hal = self.hal
        hal.read(inputs)
        tripped = self.guard.look()
        if tripped != self.collected:
            trips.collect(self, tripped)
        ms = inputs.ms
        ntc = inputs.ntc
        self.sum_a += ntc[0]
        self.sum_b += ntc[1]
        session = self.session
        if session.state == states.CHECK:
            self.check.watch(inputs.rail[0])
        elif session.state in states.POWERED:
            self.rail.watch(inputs, self.gate.lit)
        if self.phase:
            self.phase -= 1
        else:
            self.phase = CONTROL_TICKS - 1
            self._control(ms)
        pins = inputs.pins
        if pins & BUTTONS or self.buttons.busy:
            done = self.buttons.step(pins, ms)
            if done:
                wearer.answer(self, done)
        if pins & (CHARGER | HOST):
            session.post(states.CHARGER_IN if pins & CHARGER else states.HOST_IN)
        stopping = self.faults.latched & faults.STOPPING
        if stopping:
            session.post(states.FAULTED)
        if session.events:
            self._run()
        self.gate.pass_out(session.state in states.LIT and not tripped and not stopping, ms)
        if self.phase == CONTROL_TICKS - 1:
            self.screen.step(self)
            if self.second == SECOND_STEPS - 1 and hal.listening():
                self.telemetry.step(self)
        elif self.telemetry.writing:
            self.telemetry.write(hal)
        hal.feed()

    def _control(self, ms: int) -> None:
        """Every 200 ms: what was given, what is felt, what is wrong, what comes next."""
        step_ms = 0 if self.control_ms < 0 else (ms - self.control_ms) & CLOCK_MASK
        if step_ms > STEP_MAX_MS:
            step_ms = STEP_MAX_MS
        self.control_ms = ms
        session = self.session
        settled = self.settled_ms >= SELF_TEST_MS or self._settle(ms, step_ms)
        self._sense(ms, step_ms, settled)
        if session.pass_time(step_ms):
            for pad in self.pads:
                pad.cem43.day_q10_ms = 0
        wrong = self.faults.latched & faults.STOPPING
        if settled and session.state == states.SELF_TEST and not wrong:
            session.post(states.LOCK if self.lock else states.PASSED)
        if self.second:
            self.second -= 1
        else:
            self.second = SECOND_STEPS - 1
            self.up_s += 1
            self._judge_battery()
            kept.tidy(self)
        if session.state in states.IN_SESSION:
            self._watch(ms, step_ms)
        elif session.state == states.CHARGING and not self.inputs.pins & CHARGER:
            session.post(states.CHARGER_OUT)
        elif session.state == states.RATE:
            if self.trial:
                self.trial.watch(session)
        elif session.state == states.SERVICE and session.state_ms >= SKIN_WAIT_MS:
            session.post(states.TIMEOUT)
        if session.events:
            self._run()
        if session.state in states.LIT:
            plan.plan(self, step_ms)

    def _settle(self, ms: int, step_ms: int) -> bool:
        """In the self-test: whether sensors may be judged. They may once each was heard in it,
        which a round of the bus's rota is enough for, and after SELF_TEST_MS in any case."""
        self.settled_ms += step_ms
        for heard_ms in self.inputs.heard:
            if heard_ms < 0 or (ms - heard_ms) & CLOCK_MASK > self.settled_ms:
                late: bool = self.settled_ms >= SELF_TEST_MS
                return late
        self.settled_ms = SELF_TEST_MS
        self.second = 0  # the battery was judged before its gauge was heard
        return True

    def _sense(self, ms: int, step_ms: int, settled: bool) -> None:
        """Dose of the step that ends; temperatures; faults of the sensors."""
        gate = self.gate
        inputs = self.inputs
        self.lit_ms = lit_ms = gate.take_lit_ms(ms)
        latch = self.faults
        latch.active = 0
        code_sum = self.sum_a
        for pad in self.pads:
            if lit_ms:
                pad.count(gate.out, lit_ms, self.session.state == states.TREAT)
            pad.sense(inputs, code_sum)
            pad.cem43.add(pad.contact_mc, step_ms)
            if settled:
                pad.judge(inputs, latch)
            code_sum = self.sum_b
        self.sum_a = self.sum_b = 0
        age_ms = (ms - inputs.heard[RAIL]) & CLOCK_MASK
        if settled and (age_ms > HEARD_WITHIN_MS or inputs.heard[RAIL] < 0):
            latch.raise_fault(faults.RAIL_LOST, faults.UNIT, ms, age_ms, HEARD_WITHIN_MS)

    def _judge_battery(self) -> None:
        battery = self.battery
        was_low = battery.low
        battery.judge(self.inputs)
        if battery.low and not was_low and not self.trial:
            self.hal.signal(states.CUE_BATTERY_LOW)
        charging = self.session.state == states.CHARGING and self.inputs.pins & CHARGING
        if battery.recovered(charging != 0):
            self.guard.clear()
            self.collected &= self.guard.tripped

    def _watch(self, ms: int, step_ms: int) -> None:
        """In a session: worn, time, heat, dose, battery; what was given against what is felt."""
        session = self.session
        state = session.state
        a, b = self.pads
        if state == states.WAIT_SKIN:
            worn = self.worn(WORN_MAX_MC)
            self.worn_ms = self.worn_ms + step_ms if worn else 0
            for pad in self.pads:
                pad.rest(self.worn_ms <= step_ms)
            if self.worn_ms >= WORN_MS:
                session.post(states.WORN)
        elif state in states.LIT:
            self.unworn_steps = 0 if self.worn(CLOCK_MASK) else self.unworn_steps + 1
            if self.unworn_steps >= UNWORN_STEPS:
                session.unworn()
            for pad in self.pads:
                if pad.fluence.total_uj_cm2 + self.course.least_uj_cm2 >= pad.stop_uj_cm2:
                    pad.done = True
            if a.done and b.done and not self.trial:  # in a trial time alone ends it
                session.post(states.DOSE)
        if state in states.POWERED and step_ms:
            self.rail.judge(self, self.lit_ms == step_ms)
            for pad in self.pads:
                pad.fit(self.gate.out, self.lit_ms, step_ms, self.inputs, self.faults)
        if state == states.RAMP and session.state_ms >= RAMP_MS:
            session.post(states.RAMPED)
        session.watch_clock(self.course.max_ms)
        for pad in self.pads:
            session.watch_heat(pad.cem43.session_q10_ms, pad.cem43.day_q10_ms)
        if self.battery.ended:
            session.post(states.BATTERY_END)

    def worn(self, warmest_mc: int) -> bool:
        """Buckle closed and both contacts as warm as skin, and no warmer than `warmest_mc`."""
        if not self.inputs.pins & BUCKLE:
            return False
        for pad in self.pads:
            if not WORN_MIN_MC <= pad.contact_mc <= warmest_mc:
                return False
        return True

    def warmest_mc(self) -> int:
        """The warmer pad's contact temperature."""
        a, b = self.pads
        return a.contact_mc if a.contact_mc > b.contact_mc else b.contact_mc

    def _run(self) -> None:
        """Let the session handle what was posted, and prepare the state it went to."""
        if self.session.run():
            plan.enter(self)
