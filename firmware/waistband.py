"""The waistband: one tick, from the record that the HAL fills to the gate.

    hal.read -> guard (each tick) -> control (every tenth) -> session -> gate -> lease, feed

Made and called by `main.py`. Parts own what they count, are given at start all that they may
read and change, and return what they decide; only here does one part's decision reach another.
The same inputs give the same outputs, on any interpreter. Nothing here allocates
in a steady tick; whatever raises ends the tick before the lease is renewed.
"""

from firmware.core import faults, states
from firmware.core.inputs import BUCKLE, BUTTONS, CHARGER, HOST
from firmware.core.limits import (
    CLOCK_MASK,
    CONTROL_TICKS,
    RAMP_MS,
    SELF_TEST_MS,
    TICK_MS,
)  # fmt: skip
from firmware.parts import Parts
from firmware.safety import current_monitor
from firmware.safety.lamp_test import PASSED
from firmware.therapy import power_plan
from firmware.therapy.dose import STEP_MAX_MS
from firmware.ui import usb_commands
from firmware.ui.buttons import DOWN_PRESSED, UP_PRESSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.contract import Board, Hal

SECOND_STEPS = 5  # control steps a second
SCREEN_PHASE = CONTROL_TICKS - 2  # the tick after the control step: each is long by itself


class Waistband(Parts):
    """The firmware of one unit; make it anew at each power-on, then call `tick` every 20 ms."""

    def __init__(
        self,
        hal: "Hal",
        board: "Board",
        calibration: object,
        prescription: object,
        lock: int = states.NOT_LOCKED,
    ) -> None:
        """Make the parts: see `firmware.parts`. Whoever starts the unit may lock it (RESTARTS,
        BOARD)."""
        Parts.__init__(self, hal, board, calibration, prescription, lock)
        self.phase = CONTROL_TICKS - 1  # ticks until control
        self.second = 0  # control steps until the battery is judged
        self.control_ms = -1  # clock at the last control step
        self.sum_a = 0  # thermistor codes since
        self.sum_b = 0
        self.lit_ms = 0  # of the last control step
        # of the self-test, until the sensors may be judged: the first control step is at its end
        self.settled_ms = (CONTROL_TICKS - 1) * TICK_MS

    def tick(self) -> None:
        """One tick: read, guard, control on every tenth, session, gate."""
        inputs = self.inputs
        hal = self.hal
        session = self.session
        hal.read(inputs)
        tripped = self.guard.check()
        if tripped != self.guard_rows.collected:
            self._collect()
        ms = inputs.ms
        pins = inputs.pins
        if not pins & BUCKLE or self.wear.open_ticks:
            self.wear.feel_buckle(pins)
        self.sum_a += inputs.ntc[0]
        self.sum_b += inputs.ntc[1]
        if session.state == states.CHECK:
            self.check.watch(inputs)
        elif session.state in states.POWERED and (not self.gate.lit or self.rail.dark_ticks):
            self.rail.watch(inputs, self.gate.lit)
        if self.phase:
            self.phase -= 1
        else:
            self.phase = CONTROL_TICKS - 1
            self._control(ms)
        if pins & BUTTONS or self.buttons.busy:
            done = self.buttons.step(pins, ms)
            if done:
                self._answer(done)
        if pins & (CHARGER | HOST):
            session.post(states.CHARGER_IN if pins & CHARGER else states.HOST_IN)
        stopping = self.faults.latched & faults.STOPPING
        if stopping:
            session.post(states.FAULTED)
        if session.events:
            self._run()
        self.gate.pass_out(session.state in states.LIT and not tripped and not stopping, ms)
        if self.phase == SCREEN_PHASE:
            self.screen.step()
            if hal.listening():
                self._listen()
        elif self.phase < SCREEN_PHASE and self.telemetry.writing:
            self.telemetry.write()
        hal.feed()

    def _collect(self) -> None:
        """A row of the guard has tripped."""
        if self.guard_rows.collect(self.faults, self.pads):
            self.battery.end(self.inputs.rail[0])
            if self.session.state in states.IN_SESSION:
                self.session.post(states.BATTERY_END)

    def _listen(self) -> None:
        """In each control step while somebody reads: answer what they asked. Once a second: begin
        a line."""
        hal = self.hal
        line = hal.read_line()
        if line is not None:
            self.session.idle_ms = 0
            reply = usb_commands.answer(line, self.events, self.visit, self.judge)
            if reply:
                hal.write_line(bytearray(reply), len(reply))
        if self.second == SECOND_STEPS - 1:
            self.telemetry.take()

    # -- control -------------------------------------------------------------------------

    def _control(self, ms: int) -> None:
        """Every 200 ms: what was given, what is felt, what is wrong, what comes next."""
        step_ms = 0 if self.control_ms < 0 else (ms - self.control_ms) & CLOCK_MASK
        if step_ms > STEP_MAX_MS:
            step_ms = STEP_MAX_MS
        self.control_ms = ms
        session = self.session
        settled = self.settled_ms >= SELF_TEST_MS or self._settle(ms, step_ms)
        self._sense(ms, step_ms, settled)
        self.wear.sense(step_ms, session.state)
        if session.pass_time(step_ms):
            self.kept.pass_hour()
        wrong = self.faults.latched & faults.STOPPING
        if settled and session.state == states.SELF_TEST and not wrong:
            if session.lock or not self.buttons.stable:
                session.post(states.LOCK if session.lock else states.PASSED)
            elif self.buttons.stuck and not session.refused:
                session.refuse(states.BUTTON_STUCK)
        if self.second:
            self.second -= 1
        else:
            self.second = SECOND_STEPS - 1
            session.up_s += 1
            self.clock.up_s += 1
            self._judge_battery()
            self._tidy()
        if session.state in states.IN_SESSION:
            self._watch(step_ms)
        elif session.state != states.RATE:
            session.watch_rest(self.inputs.pins & CHARGER != 0, self.battery.is_empty())
        elif self.trial:
            self.trial.watch()
        if session.events:
            self._run()
        if session.state in states.LIT:
            self._plan(step_ms)

    def _settle(self, ms: int, step_ms: int) -> bool:
        """In the self-test: whether sensors may be judged. They may once each was heard in it,
        which a round of the bus's rota is enough for, and after SELF_TEST_MS in any case."""
        self.settled_ms += step_ms
        for heard_ms in self.inputs.heard:
            if heard_ms < 0 or (ms - heard_ms) & CLOCK_MASK > self.settled_ms:
                return bool(self.settled_ms >= SELF_TEST_MS)
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
            pad.count_heat(step_ms)
            if settled:
                pad.judge(inputs, latch)
            code_sum = self.sum_b
        self.sum_a = self.sum_b = 0
        if settled:
            self.set_ups.judge(latch)

    def _judge_battery(self) -> None:
        battery = self.battery
        was_low = battery.low
        battery.judge(self.inputs)
        if battery.low and not was_low and not self.trial:
            self.hal.signal(states.CUE_BATTERY_LOW)
        state = self.session.state
        if state not in states.IN_SESSION and state != states.FAULT:
            charger = self.inputs.pins if state == states.CHARGING else 0
            if battery.recovered(charger):
                self.guard_rows.clear()

    def _tidy(self) -> None:
        """Once a second, as soon as it is dark and nobody waits: write what could not be yet."""
        session = self.session
        if session.state in states.IN_SESSION:
            return
        self.kept.tidy()
        # a unit that resets again and again writes nothing that can wait; and nobody waits for more
        # than to be ready
        if session.lock != states.RESTARTS and session.state != states.SELF_TEST:
            self.keep_records()

    def _watch(self, step_ms: int) -> None:
        """In a session: worn, time, heat, dose, battery; what was given against what is felt."""
        session = self.session
        state = session.state
        if state == states.WAIT_SKIN:
            session.wait_skin(self.wear.is_put_on(), self.wear.opened_alone())
        elif self.wear.lost:
            session.unworn()
        if state in states.LIT and power_plan.watch(session, self.gate, self.pads, not self.trial):
            self.rail.learn(self.check.base_01ma)
        if state in states.POWERED and step_ms:
            self._watch_power(step_ms)
        if state == states.RAMP and session.state_ms >= RAMP_MS:
            session.post(states.RAMPED)
        session.watch_clock()
        for pad in self.pads:
            session.watch_heat(pad.cem43.session_q10_ms, pad.cem43.day_q10_ms)
        if self.battery.ended:
            session.post(states.BATTERY_END)

    def _watch_power(self, step_ms: int) -> None:
        """While power is on: does what was given fit the supply's current and what pads feel?"""
        inputs = self.inputs
        latch = self.faults
        out = self.gate.out
        felt = out if self.gate.mask else self.gate.wanted  # a placebo unit: as if lit
        lit_ms = self.lit_ms
        verdict = self.rail.judge(inputs, lit_ms == step_ms, latch)
        if verdict == current_monitor.CHANGED:
            self.session.post(states.RECHECK)
        for pad in self.pads:
            if verdict == current_monitor.FITS:
                pad.fluence.mark()
            pad.fit(felt, lit_ms, step_ms, inputs, latch)

    def _plan(self, step_ms: int) -> None:
        """What the banks should give until the next control step; only in a lit state."""
        session = self.session
        gate = self.gate
        gate.planned = True
        if session.state != states.CHECK:
            power_plan.regulate(session, gate, self.pads, step_ms)
        elif self.check.advance(gate, self.faults, self.pads, self.inputs) == PASSED:
            session.post(states.CLEARED if session.lock else states.PASSED)

    # -- a state is entered --------------------------------------------------------------

    def _run(self) -> None:
        """Let the session handle what was posted, and prepare the state it went to. Light ends
        with the lit state, not with the tick: what a button asks for in between may be stored."""
        if self.session.run():
            if self.gate.open and self.session.state not in states.LIT:
                self.gate.shut(self.inputs.ms)
            self._enter()

    def _enter(self) -> None:
        session = self.session
        state = session.state
        if session.previous in states.IN_SESSION and state not in states.IN_SESSION:
            self.events.ended = True  # told to the journal in the dark: that allocates
            if not (session.lock or self.trial):
                power_plan.end(session, self.pads)
        if session.previous == states.CHECK:
            power_plan.end_check(self.gate)
        if state == states.WAIT_SKIN:
            self._begin()
        elif state == states.CHECK:
            if session.previous == states.SERVICE:
                self._begin()
            power_plan.begin_check(session, self.gate)
            self.check.begin(self.gate, self.inputs)
            self.wear.light(session.previous in states.POWERED)
        elif state == states.RAMP:
            checked = session.previous == states.CHECK
            power_plan.enter_step(session, self.gate, self.pads, checked)
            self.rail.learn(self.check.base_01ma)
        elif state == states.PAUSED:
            self.wear.begin(self.wear.lost)
            for pad in self.pads:
                pad.fluence.mark()
        elif state == states.FAULT:
            self.actions.doubt()
        elif state == states.RATE and self.trial:
            self.trial.begin()
        elif state == states.SELF_TEST:
            self.settled_ms = 0
            if session.previous == states.CHECK:
                self.kept.lift_fault()
        elif state == states.OFF:
            self.gate.shut(self.inputs.ms)
            self._tidy()
            self.journal.ratchet()
            self.hal.power_off()

    def _begin(self) -> None:
        """A session begins, or the lit self-test: what it lights is of this day, too."""
        self.actions.doubt(False)
        self.wear.begin(True)
        self.rail.rechecks = 0
        self.faults.forget(faults.LED_OPEN)  # the check looks again
        power_plan.begin(self.hal, self.session, self.gate, self.pads)

    # -- what a person does --------------------------------------------------------------

    def _answer(self, done: int) -> None:
        """Do what a person asks for with the buttons (`done`: bits of `firmware.ui.buttons`)."""
        self._ask(self.actions.take(done))
        if done & (UP_PRESSED | DOWN_PRESSED):
            way = -1 if done & DOWN_PRESSED else 1
            if self.trial:
                if self.trial.is_mark(way):
                    self.events.settle()
                    self.trial.mark_effect()
                else:
                    self.trial.turn(way)
            elif self.session.state in states.LIT:
                self.session.move_set_point(way)

    def _ask(self, intent: int) -> None:
        """START asks for an event, if it is not negative: grant it, or say why not. In a trial it
        asks for what comes next at the visit. A hold that cannot acknowledge switches off."""
        trial = self.trial
        if trial and intent == states.START:
            self.events.settle()
            intent = trial.asked(self.actions)
        elif trial and intent == states.RATED:
            intent = trial.confirm(self.actions.is_stuck())
        why = ~intent if intent < 0 else self._why_not(intent)
        if why:
            self.actions.refuse(intent, why)
        elif intent >= 0:
            if intent == states.ACK:
                self.faults.acknowledge()
                self.guard_rows.clear()
                self.actions.doubt(False)
            self.session.post(intent)

    def _why_not(self, intent: int) -> int:
        """Why an event is refused; NOTHING where it is granted, and what must be stored was."""
        begins = intent == states.START or intent == states.RATED  # noqa: PLR1714
        if begins:
            self.events.boot()  # the latest time that was written down
        why = self.actions.why_not(intent)
        if why:
            return why
        if begins:
            stored = self.kept.store_day(True) and self.events.begin()
            return states.NOTHING if stored else states.STORAGE
        # nobody has seen to a hard fault that a reset would forget
        if intent == states.ACK and not self.kept.keep_fault():
            return states.STORAGE
        return states.NOTHING
