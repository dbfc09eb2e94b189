"""The witness watches plant and HAL while a run goes on, and writes down what must never be.

Hung on a run as its `witness`, and copied with it. It believes what is physically so (current
in the emitters, temperatures, pins, what a fault does) and takes from the firmware only what
it says of itself: its state, and the dose that it counted. When light must have ended is the
design's table (`sim.bounds`); the other rules are `sim.rules`. `look` is called after each
tick, `close` once at the end; `found` has what was broken, each rule once.
"""

from typing import TYPE_CHECKING, NamedTuple

from firmware import states
from firmware.inputs import START
from firmware.limits import TICK_MS
from sim import bounds, rules, sensors
from sim.current import Current
from sim.hardware import NEVER_MS
from sim.plant import APART_C
from sim.reckoning import Reckoning
from sim.rules import Violation

if TYPE_CHECKING:
    from sim.run import Run
    from sim.timeline import Injected

# Faults of the program, its chip or its supply: until it runs again these alone say when it must
# be dark. Nothing else is judged by who is not there.
PROGRAM = (
    "firmware_exception", "firmware_hang", "host_attach", "soft_reset", "brownout", "flash_torn",
)  # fmt: skip
# A resume has nothing to keep; a write is torn once.
KEEPING = ("flash_full", "flash_corrupt", "flash_torn")
# What a sensor does not show while its reading is frozen by another fault.
HIDDEN = {
    "ntc_open": "ntc_stuck", "ntc_short": "ntc_stuck", "pad_unplugged": "ntc_stuck",
    "contact_garbage": "contact_stuck",
}  # fmt: skip
ONCE_MS = 2_000  # what strikes once is past: booting, self-test and skin take longer than this


class Due(NamedTuple):
    """There must be no light from then until then, because of `fault`."""

    fault: str
    since_ms: int
    from_ms: int
    until_ms: int


class Witness:
    """Watches one run from now on."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.hal = run.hal
        self.hardware = run.hardware
        self.pads = run.plant.pads
        self.reckoning = Reckoning(run)
        self.found: list[Violation] = []
        self.slowest: list[tuple[str, int]] = []  # fault, ms from onset to dark
        self.outside = False  # a fault heats the skin from outside
        self.hottest_c = max(self.pads[0].max_contact_c, self.pads[1].max_contact_c)
        self.down_ms = -1  # of START, last
        self._pressed_ms = -1  # ... as it went down that was let go of since, last
        self.unworn_ms = -1  # since when the belt is off the skin; -1 while it is not
        self._broken: set[str] = set()
        self._struck = 0  # injections taken note of
        self._dues: list[Due] = []
        self._current = Current(run)
        self._refusals: list[Injected] = []  # faults with which no session may begin
        self._state = run.unit.session.state
        self._unit = run.unit
        self._pins = self.hardware.pins
        self._asked_ms = 0  # when a start or a resume was last granted
        self._resumed = False
        self._off_ms = -1  # the end of light that the present light came after
        self._lit_ms = -1  # of the last tick, if it was lit
        self._late_j = self.hal.late_j

    def forget(self) -> None:
        """Nothing was found yet: what comes is another story."""
        self.found = []
        self.slowest = []
        self._broken = set()
        self.reckoning.undue = ""

    def look(self) -> None:
        """After a tick."""
        hal = self.hal
        t_ms = hal.t_ms
        run = self.run
        pins = self.hardware.pins
        if pins != self._pins:
            self._buttons(pins, t_ms)
        if len(run.injected) != self._struck:
            self._strike()
        unit = run.unit
        if unit is not self._unit:
            self._unit = unit
            self.reckoning.reborn()
        state = unit.session.state
        if state != self._state:
            self._moved(state, t_ms)
        a, b = self.pads
        if a.max_contact_c > self.hottest_c or b.max_contact_c > self.hottest_c:
            self.hottest_c = max(a.max_contact_c, b.max_contact_c)
            if not self.outside:
                self._judge_heat(self.hottest_c)
        if a.tissue.worn:
            self.unworn_ms = -1
        elif self.unworn_ms < 0:
            self.unworn_ms = t_ms
        if hal.lit() and not self._beyond_help():
            self._lit(t_ms, state)
            self._lit_ms = t_ms
        elif self._lit_ms >= 0:
            self._dark(t_ms)
            self._lit_ms = -1

    def close(self) -> None:
        """The run is over: its dose and its energy."""
        late_j = self.hal.late_j - self._late_j
        if late_j > 0.0 and not self.could_not_be_off():
            self.broke("after off", late_j, 0.0, f"{late_j:.4f} J while off was due")
        self.reckoning.judge(self)
        for t_s, what in self.run.raised:
            self.broke("raised", t_s, 0.0, what)

    def judge_quiet(self, faults_before: int) -> None:
        """Nothing struck: no fault may have been latched since then, and no end or pause may
        have come that was not due."""
        run = self.run
        if run.unit.faults.count > faults_before:
            row = run.fault_rows()[-1]
            where = f" on pad {row['pad']}" if row["pad"] else ""
            said = f"{row['name']}{where}: {row['value']:g} against {row['limit']:g} {row['unit']}"
            self.broke("false trip", row["value"], row["limit"], said)
        if self.reckoning.undue:
            self.broke("end", 0.0, 0.0, self.reckoning.undue)

    def broke(self, rule: str, value: float, bound: float, said: str) -> None:
        """Write down that a rule was broken, the first time."""
        if rule not in self._broken:
            self._broken.add(rule)
            self.found.append(Violation(rule, self.hal.t_ms / 1000, value, bound, said))

    # -- what happens ------------------------------------------------------------------

    def _buttons(self, pins: int, t_ms: int) -> None:
        changed = pins ^ self._pins
        self._pins = pins
        if changed & START:
            if pins & START:
                self.down_ms = t_ms
            else:
                self._pressed_ms = self.down_ms

    def _strike(self) -> None:
        """Note what must come of the faults that have just been put on."""
        injections = self.run.injected
        for injected in injections[self._struck :]:
            event = injected.event
            row = bounds.of(event.name, event.button)
            self.outside = self.outside or row.outside
            if row.comes == bounds.AT_START:
                self._refusals.append(injected)
            elif row.since == bounds.CURRENT:
                self._current.strike(injected)
            elif row.comes == bounds.OFF and row.since == bounds.STRIKE:
                self._dues.append(due(injected, injected.t_ms, row.within_ms or 0))
        self._struck = len(injections)

    def _moved(self, state: int, t_ms: int) -> None:
        before = self._state
        self._state = state
        self.reckoning.moved(before, state, self)
        if state == states.WAIT_SKIN or (state == states.CHECK and before == states.PAUSED):
            self._asked_ms = t_ms
            self._resumed = before == states.PAUSED
        elif state == states.RAMP:
            for injected in self._refusals:
                name = injected.event.name
                past = name == "flash_torn" and not self.hal.torn
                if past or (self._resumed and name in KEEPING):
                    continue
                if injected.t_ms < self._asked_ms and ends_ms(injected) > t_ms:
                    since_s = (self._asked_ms - injected.t_ms) / 1000
                    said = f"{name} had been there for {since_s:.2f} s"
                    self.broke("not refused", since_s, 0.0, said)

    def _judge_heat(self, contact_c: float) -> None:
        most_c = bounds.DOUBLE_C if len(self.run.injected) > 1 else bounds.SINGLE_C
        if contact_c > most_c:
            self.broke("hot", contact_c, most_c, f"true contact {contact_c:.2f} C")

    def _beyond_help(self) -> bool:
        """Both switches in series are shorted: nothing can end that current. What it heats is
        judged, and what the unit drives besides."""
        hardware = self.hardware
        broken = hardware.enable_stuck and len(hardware.stuck_banks) > 0
        return broken and not any(self.hal.duty)

    def _names(self) -> set[str]:
        return {injected.event.name for injected in self.run.injected}

    def could_not_be_off(self) -> bool:
        """Off was due and had nothing to come by: the supply switch was stuck, and either an LED
        switch was, too, or the program hung."""
        names = self._names()
        return "enable_stuck" in names and bool({"fet_stuck_on", "firmware_hang"} & names)

    # -- light -------------------------------------------------------------------------

    def _lit(self, t_ms: int, state: int) -> None:
        """There is light from now on: may there be?"""
        hal = self.hal
        if state not in states.LIT:
            self.broke("state", state, 0.0, f"lit in {states.STATES[state]}")
        if hal.off_ms != self._off_ms:
            self._off_ms = hal.off_ms
            if not hal.off_ms < self._pressed_ms:
                self.broke("unasked", t_ms, hal.off_ms, "lit again, and START was not pressed")
        if self.unworn_ms >= 0 and t_ms - self.unworn_ms >= rules.UNWORN_MS:
            off_ms = t_ms - self.unworn_ms
            self.broke("unworn", off_ms, rules.UNWORN_MS, f"lit {off_ms} ms after it came off")
        alive = self.run.lives.alive
        for row in self._dues:
            if row.from_ms <= t_ms < row.until_ms and (alive or row.fault in PROGRAM):
                self.late(row.fault, t_ms - row.since_ms, row.from_ms - row.since_ms)
        if alive:
            self._judge_senses(t_ms, state)
        if self.outside:
            a, b = self.pads
            self._judge_heat(max(a.tissue.contact_c, b.tissue.contact_c))
        number = self._unit.session.number
        if number != self.reckoning.number:
            self.reckoning.first_light(number, self)
        if not self.outside and self.hottest_c > rules.CEM43_FROM_C:
            minutes = self.reckoning.cem43_min()
            if minutes > rules.CEM43_MIN:
                self.broke("cem43", minutes, rules.CEM43_MIN, f"lit at {minutes:.2f} min")

    def _judge_senses(self, t_ms: int, state: int) -> None:
        """Of what the program can see by itself, it must have seen this by now."""
        hardware = self.hardware
        if self._current.shown:
            self._current.judge(t_ms, self)
        if hardware.hot_ms[0] >= 0 or hardware.hot_ms[1] >= 0 or hardware.empty_ms >= 0:
            self._judge_samples(t_ms)
        if hardware.apart_ms[0] >= 0 or hardware.apart_ms[1] >= 0:
            self._judge_pairs(t_ms)

    def late(self, fault: str, lit_ms: int, within_ms: int) -> None:
        """There was light so long after a fault: write it down, unless that is excused."""
        if fault == "unworn" and self.unworn_ms < 0:
            return  # it is worn again
        if fault in HIDDEN and self._frozen(fault, within_ms):
            return
        # no lease can end it, or another fault of the program froze the lease: the watchdog does
        beaten = self._no_lease() or len(self._names() & set(PROGRAM)) > 1
        if fault in PROGRAM and lit_ms <= bounds.RESET_MS and beaten:
            return
        self.broke("late", lit_ms, within_ms, f"lit {lit_ms} ms after {fault} struck")

    def _no_lease(self) -> bool:
        """Whether the supply switch is stuck, or was until this tick."""
        return any(
            row.event.name == "enable_stuck" and self.hal.t_ms <= ends_ms(row) + TICK_MS
            for row in self.run.injected
        )

    def _frozen(self, fault: str, within_ms: int) -> bool:
        """Whether a sensor whose reading is frozen hides what else befell it."""
        injected = self.run.injected
        pads = [row.event.pad for row in injected if row.event.name == fault] + [None]
        return any(
            row.event.name == HIDDEN[fault] and row.event.pad in pads
            and self.hal.t_ms < ends_ms(row) + within_ms
            for row in injected
        )  # fmt: skip

    def _judge_samples(self, t_ms: int) -> None:
        hardware = self.hardware
        hot_ms = hardware.hot_ms
        rows = ((hot_ms[0], "sensed"), (hot_ms[1], "sensed"), (hardware.empty_ms, "empty"))
        for since_ms, rule in rows:
            lasted_ms = t_ms - since_ms
            if since_ms >= 0 and lasted_ms >= rules.SENSED_MS:
                self.broke(rule, lasted_ms, rules.SENSED_MS, f"lit {lasted_ms} ms after")

    def _judge_pairs(self, t_ms: int) -> None:
        hardware = self.hardware
        for pad in (0, 1):
            lasted_ms = t_ms - hardware.apart_ms[pad]
            if hardware.apart_ms[pad] >= 0 and lasted_ms >= rules.APART_MS:
                digital_c = hardware.raw[pad] * sensors.TMP117_LSB_C
                apart_c = abs(sensors.ntc_c(hardware.levels[pad]) - digital_c)
                if apart_c > APART_C + rules.NOISE_C:
                    said = f"lit {lasted_ms} ms after, at {apart_c:.2f} C apart"
                    self.broke("apart", apart_c, APART_C + rules.NOISE_C, said)

    def _dark(self, t_ms: int) -> None:
        """There is none any more: since when exactly, and was that in time?"""
        darks = self.hal.darks
        dark_ms = t_ms
        if darks and darks[-1].t_ms > self._lit_ms:
            dark_ms = darks[-1].t_ms  # a lease ends between two ticks
        elif not self.hal.off_due:
            return  # a gate's dark part
        alive = self.run.lives.alive
        for row in self._dues:
            if row.from_ms < dark_ms <= row.until_ms and (alive or row.fault in PROGRAM):
                self.late(row.fault, dark_ms - row.since_ms, row.from_ms - row.since_ms)
            elif row.since_ms <= dark_ms < row.from_ms:
                self.slowest.append((row.fault, dark_ms - row.since_ms))
        self._current.dark(dark_ms, self)


def due(injected: "Injected", since_ms: int, within_ms: int) -> Due:
    """When there must be no light because of a fault whose latency counts from then."""
    row = bounds.of(injected.event.name, injected.event.button)
    from_ms = since_ms + within_ms
    return Due(row.fault, since_ms, from_ms, from_ms + ONCE_MS if row.once else ends_ms(injected))


def ends_ms(injected: "Injected") -> int:
    """When a fault that struck then is taken off again."""
    for_s = injected.event.for_s
    return NEVER_MS if for_s is None else injected.t_ms + int(for_s * 1000)
