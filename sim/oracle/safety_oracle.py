"""Safety oracle: judges a run tick by tick by the plant and the pins.

Set as the run's `oracle`, and copied with it: `check_tick` is called after each tick, `close` once
at the end. Judges by current in the emitters, temperatures, pins, codes, and the injected faults.
Never reads the firmware: its claims come through `sim.oracle.claims` and are compared with the
truth. Deadlines are in `sim.faults.catalogue`, the other rules in `sim.oracle.rules`, cases in
which the design cannot end light in `sim.oracle.excuses`. Violations go to one sink, `violations`.
"""

from typing import TYPE_CHECKING

from sim.faults import deadlines
from sim.faults.catalogue import ENDS_PROGRAM, FAULTS, find_bound
from sim.faults.deadlines import SINGLE_C
from sim.oracle import rules
from sim.oracle.claims import Claims
from sim.oracle.current_oracle import CurrentOracle
from sim.oracle.day_oracle import DayOracle
from sim.oracle.design import LIT, TICK_MS
from sim.oracle.dose_oracle import DoseOracle, WearerLog
from sim.oracle.excuses import ONCE_MS, Excuses, ends_ms, most_contact_c
from sim.oracle.outside_heat import OutsideHeat
from sim.oracle.rules import Violation, Violations
from sim.oracle.stray_light import StrayLight
from sim.oracle.supply_current import is_bank_fault
from sim.oracle.worn_oracle import WornOracle
from sim.physics import sensors
from sim.physics.plant import APART_C

if TYPE_CHECKING:
    from sim.faults.injected import Injected
    from sim.oracle.subject import Observed, Subject

SILENT = "contact_lost"  # shows in another way that a pad is unplugged
OFF_BODY = ("unworn", "slips", "on_surface")  # faults that take the belt off the skin
CLOCKED_FREE = "bus_low"  # is over once the bus is free again; lit, a unit must be dark by then


class Due:
    """A fault that forbids light from a time on; later while no reading shows it."""

    def __init__(self, injected: "Injected") -> None:
        event = injected.event
        row = find_bound(event.name, event.button)
        self.event = event
        self.fault = event.name
        self.since_ms = injected.t_ms
        self.within_ms = row.within_ms or 0
        self.from_ms = injected.t_ms + self.within_ms
        self.until_ms = self.from_ms + ONCE_MS if row.once else ends_ms(injected)
        self.hides = bool(FAULTS[event.name].hidden_by)
        silent_ms = find_bound(SILENT).within_ms or 0
        unplugged = event.name == "pad_unplugged"
        self.latest_ms = self.since_ms + silent_ms if unplugged else self.until_ms + self.within_ms
        self.by_change = FAULTS[event.name].by_change

    def postpone(self, t_ms: int) -> None:
        """No reading has shown the fault until now: the next tick is the first that may."""
        self.from_ms = max(self.from_ms, min(t_ms + TICK_MS + self.within_ms, self.latest_ms))


class SafetyOracle:
    """Judges one run from now on."""

    def __init__(self, run: "Subject") -> None:
        self.run = run
        self.hal = run.hal
        self.hardware = run.hardware
        self.pads = run.plant.pads
        self.claims = Claims(run)
        self.violations = Violations()
        self.wearer = WearerLog(run.hardware.pins)
        self.worn = WornOracle(run, self.violations)
        self._excuses = Excuses(run, run.injected)
        self.heat = OutsideHeat(run)
        self._stray = StrayLight(run, self._excuses)
        self.dose = DoseOracle(
            run, self.claims, self.wearer, self._stray, self.heat, self.violations
        )
        self.day = DayOracle(run, self.claims, self.heat, self.violations)
        self.hottest_c = max(self.pads[0].max_skin_c, self.pads[1].max_skin_c)
        self._injected = run.injected
        self._noted = 0  # injections noted in `_dues`, `_refusals` and `_current`
        self._dues: list[Due] = []
        self._current = CurrentOracle(run, self.claims, self.violations)
        self._refusals: list[Injected] = []  # no session may begin with these
        self._begun_ms = -rules.CHANGE_MS  # the self-test was passed
        self._program = run.lifecycle
        self._state = self.claims.read_state()
        self._boots = 0  # boot cycles noted
        self._asked_ms = 0  # when a start or a resume was last granted
        self._resumed = False
        self._off_ms = -1  # the end of light before the present light
        self._lit_ms = -1  # the last tick, if it was lit

    @property
    def found(self) -> list[Violation]:
        """The violations, one a rule."""
        return self.violations.found

    @property
    def slowest(self) -> list[tuple[str, int]]:
        """(fault, ms from onset to dark) of each fault that ended light."""
        return self.violations.slowest

    def clear(self) -> None:
        """Forget what was found: the run goes on as another case."""
        self.violations.clear()
        self.dose.undue = ""

    def check_tick(self) -> None:
        """Judge the tick that has gone by."""
        hal = self.hal
        t_ms = hal.t_ms
        pins = self.hardware.pins
        wearer = self.wearer
        if pins != wearer.pins:
            wearer.note_pins(pins, t_ms)
        if len(self._injected) != self._noted:
            self._note_faults()
            self.dose.note_faults()
        self._excuses.follow(t_ms)
        self._stray.follow(t_ms)
        self.heat.follow(t_ms)
        self.dose.follow(t_ms)
        for row in self._dues:
            if row.hides and t_ms < row.until_ms and self._excuses.is_hidden(row.event):
                row.postpone(t_ms)
        claims = self.claims
        state = claims.read_state()
        if claims.boots != self._boots:
            self._boots = claims.boots
            self._dues = [row for row in self._dues if not row.by_change]
            self.dose.end_life()
            self.day.end_life()
        if state != self._state:
            self._change_state(state, t_ms)
        lit = hal.gives_light() and not self._excuses.is_shorted_through()
        self._judge_heat(t_ms, lit)
        self.worn.note_tick(t_ms)
        if self.worn.unworn_ms >= 0:
            wearer.unworn_ms = t_ms
        if lit:
            self._judge_light(t_ms, state)
            self._lit_ms = t_ms
        elif self._lit_ms >= 0:
            self._end_light(t_ms)
            self._lit_ms = -1
        elif self._dues and hal.off_due and not self.hardware.low_clocks:
            self._dues = [row for row in self._dues if row.fault != CLOCKED_FREE]
        if lit or not hal.off_due:
            self.day.judge(t_ms)

    def close(self) -> None:
        """Judge dose and energy of a run that is over."""
        self._stray.follow(self.hal.t_ms)
        late_j = self._stray.late_j
        if late_j > 0.0:
            self._report("after off", late_j, 0.0, f"{late_j:.4f} J while off was due")
        self.dose.judge()
        for t_s, what in self.run.raised:
            self._report("raised", t_s, 0.0, what)

    def judge_quiet(self, faults_before: int) -> None:
        """Judge a case without harmful faults: none latched since, and no end or pause undue."""
        if self.claims.count_faults() > faults_before:
            row = self.claims.list_faults()[-1]
            where = f" on pad {row['pad']}" if row["pad"] else ""
            said = f"{row['name']}{where}: {row['value']:g} against {row['limit']:g} {row['unit']}"
            self._report("false trip", row["value"], row["limit"], said)
        if self.dose.undue:
            self._report("end", 0.0, 0.0, self.dose.undue)

    def _report(self, rule: str, value: float, bound: float, said: str) -> None:
        self.violations.report(self.hal.t_ms, rule, value, bound, said)

    # -- events ------------------------------------------------------------------------

    def _note_faults(self) -> None:
        """Note what must follow from the faults injected since the last tick."""
        injections = self._injected
        for injected in injections[self._noted :]:
            event = injected.event
            row = find_bound(event.name, event.button)
            if row.comes == deadlines.AT_START:
                self._refusals.append(injected)
            elif is_bank_fault(injected):
                self._current.faults.add_fault(injected)
            elif self._lit_ms < 0 and (
                self._state in FAULTS[event.name].not_in
                or (FAULTS[event.name].also == "button" and row.once)
            ):
                pass  # where it is dark, a first closure may ask for light
            elif row.comes == deadlines.OFF and row.since == deadlines.STRIKE:
                due = Due(injected)
                if not due.by_change or injected.t_ms - self._begun_ms >= rules.CHANGE_MS:
                    self._dues.append(due)
        self._noted = len(injections)

    def _change_state(self, state: str, t_ms: int) -> None:
        before = self._state
        self._state = state
        if before == "SELF_TEST":
            self._begun_ms = t_ms
        self.dose.change_state(before, state)
        if state == "WAIT_SKIN" or (state == "CHECK" and before == "PAUSED"):
            self._asked_ms = t_ms
            self._resumed = before == "PAUSED"
        elif state == "RAMP":
            self._judge_start(t_ms)

    def _judge_start(self, t_ms: int) -> None:
        """Judge a session that passed its lamp test: no fault may have forbidden the start."""
        for injected in self._refusals:
            name = injected.event.name
            row = find_bound(name, injected.event.button)
            past = row.once and not self.hal.torn  # a torn write happens once
            if past or (self._resumed and row.session):
                continue
            if injected.t_ms < self._asked_ms and ends_ms(injected) > t_ms:
                since_s = (self._asked_ms - injected.t_ms) / 1000
                said = f"{name} had been there for {since_s:.2f} s"
                self._report("not refused", since_s, 0.0, said)

    def _judge_heat(self, t_ms: int, lit: bool) -> None:
        """Judge the hottest column; where heat comes from outside, what the unit does to it, and
        while lit contact where the sensors are."""
        for pad in (0, 1):
            hottest_c = self.pads[pad].hottest_c
            if hottest_c > self.hottest_c:
                self.hottest_c = hottest_c
            if hottest_c > SINGLE_C:
                judged_c = self.heat.judged_c(pad, lit)
                most_c = most_contact_c(self._injected, t_ms)
                if judged_c > most_c:
                    self._report("hot", judged_c, most_c, f"skin or contact {judged_c:.2f} C")

    # -- light -------------------------------------------------------------------------

    def _judge_light(self, t_ms: int, state: str) -> None:
        """Judge a lit tick."""
        hal = self.hal
        if state not in LIT:
            self._report("state", max(hal.given()), 0.0, f"lit in {state}")
        if hal.off_ms != self._off_ms:
            self._off_ms = hal.off_ms
            if not hal.off_ms < self.wearer.pressed_ms:
                self._report("unasked", t_ms, hal.off_ms, "lit again, and START was not pressed")
            self.worn.judge_begin(t_ms)
        self.worn.judge_light(t_ms)
        alive = self._program.running
        for row in self._dues:
            if row.from_ms <= t_ms < row.until_ms and (alive or row.fault in ENDS_PROGRAM):
                self._judge_late(row, t_ms)
        self._current.judge(t_ms, alive)
        if alive:
            self._judge_sensed(t_ms)
        number = self.claims.read_session_number()
        if number != self.dose.number:
            self.dose.begin_light(number)
            self.day.begin_session()
        if self.hottest_c > rules.CEM43_FROM_C:
            minutes = self.dose.cem43_min()
            if minutes > rules.CEM43_MIN:
                self._report("cem43", minutes, rules.CEM43_MIN, f"lit at {minutes:.2f} min")

    def _judge_sensed(self, t_ms: int) -> None:
        """Judge the faults whose deadline counts from when the program can sense them."""
        hardware = self.hardware
        if hardware.hot_ms[0] >= 0 or hardware.hot_ms[1] >= 0 or hardware.empty_ms >= 0:
            self._judge_samples(t_ms)
        if hardware.apart_ms[0] >= 0 or hardware.apart_ms[1] >= 0:
            self._judge_pairs(t_ms)

    def _judge_late(self, row: Due, at_ms: int) -> None:
        """Report light at `at_ms`, after a fault's deadline, unless it is excused."""
        if row.fault in OFF_BODY and not 0 <= self.worn.shown_ms <= at_ms - row.within_ms:
            return  # it is worn again, or no sensor shows, for long enough, that it is not
        lit_ms = at_ms - row.since_ms
        if not self._excuses.excuse_late(row.fault, lit_ms, self.hal.t_ms):
            said = f"lit {lit_ms} ms after {row.fault} struck"
            self._report("late", lit_ms, row.from_ms - row.since_ms, said)

    def _judge_samples(self, t_ms: int) -> None:
        hardware = self.hardware
        hot_ms = hardware.hot_ms
        rows = ((hot_ms[0], "sensed"), (hot_ms[1], "sensed"), (hardware.empty_ms, "empty"))
        for since_ms, rule in rows:
            lasted_ms = t_ms - since_ms
            if since_ms >= 0 and lasted_ms >= rules.SENSED_MS:
                self._report(rule, lasted_ms, rules.SENSED_MS, f"lit {lasted_ms} ms after")

    def _judge_pairs(self, t_ms: int) -> None:
        hardware = self.hardware
        for pad in (0, 1):
            lasted_ms = t_ms - hardware.apart_ms[pad]
            if hardware.apart_ms[pad] >= 0 and lasted_ms >= rules.APART_MS:
                digital_c = hardware.raw[pad] * sensors.TMP117_LSB_C
                apart_c = abs(sensors.ntc_c(hardware.levels[pad]) - digital_c)
                if apart_c > APART_C + rules.NOISE_C:
                    said = f"lit {lasted_ms} ms after, at {apart_c:.2f} C apart"
                    self._report("apart", apart_c, APART_C + rules.NOISE_C, said)

    def _end_light(self, t_ms: int) -> None:
        """Judge the end of light: when exactly it came, and whether in time."""
        darks = self.hal.darks
        dark_ms = t_ms
        if darks and darks[-1].t_ms > self._lit_ms:
            dark_ms = darks[-1].t_ms  # a lease ends between two ticks
        elif not self.hal.off_due:
            return  # a gate's dark part
        alive = self._program.running
        for row in self._dues:
            if row.from_ms < dark_ms <= row.until_ms and (alive or row.fault in ENDS_PROGRAM):
                self._judge_late(row, dark_ms)
            elif row.since_ms <= dark_ms < row.from_ms:
                self.violations.report_dark(row.fault, dark_ms - row.since_ms)
        self._current.end_light(dark_ms)


def find_oracle(run: "Observed") -> SafetyOracle:
    """Return the run's safety oracle. Raises AssertionError where there is none."""
    assert isinstance(run.oracle, SafetyOracle)
    return run.oracle
