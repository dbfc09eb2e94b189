"""Injection: one fault put into a unit at one moment, run to its end, and measured.

Called by `sim.campaign.fault_matrix`. The wearer does what people do: on a dark unit START is
pressed on the way to light, and again where light went out; where light stays, it is stopped. So a
fault that lasts meets a START, and every fault is tried with a stop. `sim.campaign.verdict`
compares the measurements with the bounds: light, heat and time from the plant and the pins, and
the unit's claims (`sim.oracle.claims`) beside them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.campaign.injection_points import acknowledge, press_start
from sim.campaign.measurements import FOREVER_MS, Measurements
from sim.common.story import Event
from sim.faults.catalogue import ALERT_BROKEN
from sim.faults.deadlines import (
    APART,
    AT_START,
    BANK,
    CURRENT,
    DOUBLE_C,
    EMPTY,
    LIT,
    SENSED,
    SINGLE_C,
)  # fmt: skip
from sim.faults.injectors import find_bank
from sim.oracle.asked import read_steps
from sim.oracle.claims import Claims
from sim.oracle.design import DUTY_MAX

if TYPE_CHECKING:
    from sim.campaign.injection_points import Moment
    from sim.faults.deadlines import Bound, Trial
    from sim.run import Run

QUIET_MS = 3_000  # dark so long is off: the slowest gate is dark for one second at most
SETTLED_MS = 60_000  # contact has not risen for so long
DARK_S = 150.0  # longest run from a dark state
AGAIN_S = 10.0  # from START to light it takes 7.2 s
STOP_S = 4.0  # after a stop, and before another START
SOON_S = 0.201  # until a press: just after a tick, so that the next tick sees it first
LONGEST_S = 4_000.0
THERAPY = {"RAMP", "TREAT"}
CW = {"mode": "cw"}


class Case(NamedTuple):
    """A fault with its value, on a pad, with the alert working or dead."""

    row: "Bound"
    trial: "Trial"
    pad: str | None
    alert: bool


class Measured(NamedTuple):
    """What was measured. Times are in ms since power-on; None where there is none."""

    within_ms: int | None  # the bound, of this light
    onset_ms: float | None  # the latency counts from here
    latency_ms: float | None  # to the end of light, or of the bank's; 0 if none was left
    energy_j: float  # optical, from the onset until dark
    after_due_j: float  # of that, after the bound
    energy_bound_j: float | None  # what all banks that may be lit give within the bound
    peak_c: float  # true contact, from the injection to the end
    cut_c: float  # true contact at the last light
    own_c: float | None  # the peak that the unit answers for, where heat comes from outside
    limit_c: float  # the bound of both
    crossing_s: float | None  # when true contact crossed the trip
    state: str  # once it was dark, or had run for long enough
    went_on: bool  # still lit then
    completed: bool  # or given whole
    stop_ms: float | None  # from a stop to dark, where it was still lit
    again: bool  # therapy began after a START that met the fault
    named: tuple[str, ...]  # the faults latched since the injection, in order
    own_name_ms: float | None  # from the onset until it had its own name
    miscount_j_cm2: float  # largest error of a bank's dose, counted less given
    reset_ms: float | None  # from the injection to a reset
    cem43_min: float  # true, of the hottest column of skin, up to the last light


def inject(fresh: "Callable[[], Run]", moment: "Moment", case: Case, at_s: float) -> "Injection":
    """Inject a fault into a fresh run at a time, and run it to its end."""
    injection = Injection(fresh(), moment, case, at_s)
    try:
        injection.run_to_end()
    finally:
        injection.run.close()
    return injection


class Injection:
    """One injection and the wearer's presses; the `scenario` of its run replays it."""

    def __init__(self, run: "Run", moment: "Moment", case: Case, at_s: float) -> None:
        row, trial = case.row, case.trial
        self.run = run
        self.claims = Claims(run)
        self.moment = moment
        self.case = case
        self.at_ms = at_s * 1000
        event = Event(at_s, "fault", row.fault, case.pad, trial.value, button=trial.button)
        self.faults: tuple[Event, ...] = (event,)
        if not case.alert and row.fault != ALERT_BROKEN:
            self.faults = (Event(at_s, "fault", ALERT_BROKEN), event)
        self.bank = find_bank(run.hardware, event) if row.since == CURRENT else -1
        self.state = ""
        self.went_on = False
        self.stop_ms: float | None = None
        self.met_ms = FOREVER_MS  # the START that meets the fault
        self.first_press_ms = FOREVER_MS
        self.dose_before = self._dose()
        pressed = [press_start(at_s + s) for s in moment.next_s]
        if moment.acknowledges:
            pressed[:1] = acknowledge(at_s + moment.next_s[0])
        if pressed:
            self.first_press_ms = pressed[0].at_s * 1000
            if not (row.session and moment.state == "PAUSED"):
                self.met_ms = pressed[-1].at_s * 1000
        self.within_ms = row.within_ms
        if row.gated_ms is not None and run.scenario.prescription.get("light", CW) != CW:
            self.within_ms = row.gated_ms
        run.continue_with((*self.faults, *pressed), LONGEST_S)
        self.measurements = Measurements(run, self.bank, self.at_ms, row.outside)

    def _dose(self) -> list[tuple[float, float]]:
        """Return (counted, given) of each bank, J/cm2."""
        counted = self.claims.read_bank_doses_j_cm2()
        return [
            one
            for doses, plant in zip(counted, self.run.plant.pads, strict=True)
            for one in zip(doses, plant.fluence_j_cm2(), strict=True)
        ]

    # -- running ---------------------------------------------------------------------------

    def run_to_end(self) -> None:
        """Run until it is dark or for long enough, then press what a wearer presses."""
        measurements, moment = self.measurements, self.moment
        run_s = self.case.trial.watch_s
        if not moment.lit:  # TREAT has shown the rest
            run_s = moment.settle_s + min(run_s, DARK_S)
        alive = True
        while alive and self._since_s() < run_s and not self._is_settled():
            if self._since_s() >= moment.settle_s and self._is_off():
                break
            alive = measurements.advance()
        self.state = measurements.state
        self.went_on = alive and not self._is_off()
        if alive and self.went_on:
            stopped_ms = self._press()
            alive = self._run_for(STOP_S)
            dark_ms = measurements.last_ms() or stopped_ms
            self.stop_ms = max(0.0, dark_ms - stopped_ms)
            if self.case.row.session:
                alive = self._end_session()
        if alive and (not self.went_on or self.case.row.comes == AT_START):
            self._start_again()

    def _start_again(self) -> None:
        """Press START on a dark unit; one in FAULT has to be acknowledged first."""
        if self.measurements.state == "FAULT" and not self._acknowledge():
            return
        self._press()
        self._run_for(AGAIN_S)

    def _end_session(self) -> bool:
        """Plug the charger for a moment: it ends a paused session."""
        plug = Event(self.run.t_s + SOON_S, "fault", "charger_plugged", for_s=1.0)
        self.run.continue_with((plug,), LONGEST_S)
        return self._run_for(STOP_S)

    def _since_s(self) -> float:
        return (self.run.t_ms - self.at_ms) / 1000

    def _is_off(self) -> bool:
        """Whether it is dark, and not only throttled to nothing on a hot pad."""
        return self.measurements.dark_ms() >= QUIET_MS and self.measurements.state not in LIT

    def _is_settled(self) -> bool:
        """Whether contact has stopped rising."""
        if self.case.row.since != SENSED:
            return False
        risen_ms = max(self.measurements.peak_ms, self.at_ms + self.moment.settle_s * 1000)
        return self.run.t_ms - risen_ms >= SETTLED_MS

    def _press(self) -> float:
        """Press START soon; return when (ms). A press that stops light does not meet the fault."""
        at_s = self.run.t_s + SOON_S
        self.run.continue_with((press_start(at_s),), LONGEST_S)
        self.first_press_ms = min(self.first_press_ms, at_s * 1000)
        if not (self.went_on and self.stop_ms is None):
            self.met_ms = min(self.met_ms, at_s * 1000)
        return at_s * 1000

    def _acknowledge(self) -> bool:
        """Press UP, hold START: a fault whose cause is gone is acknowledged by it. Return whether
        the unit is still on."""
        at_s = self.run.t_s + SOON_S
        self.run.continue_with(acknowledge(at_s), LONGEST_S)
        self.first_press_ms = min(self.first_press_ms, at_s * 1000)
        return self._run_for(STOP_S)

    def _run_for(self, s: float) -> bool:
        """Run for some seconds; return False where the run is over."""
        end_ms = self.run.t_ms + s * 1000
        alive = True
        while alive and self.run.t_ms < end_ms:
            alive = self.measurements.advance()
        return alive

    # -- measuring -------------------------------------------------------------------------

    def measure(self) -> Measured:
        """Return everything that a bound is about."""
        row, measured, run = self.case.row, self.measurements, self.run
        onset_ms = self._onset_ms()
        # a momentary fault is judged until a START may be granted again
        until_ms = self.first_press_ms if row.once else FOREVER_MS
        latency_ms = own_name_ms = None
        energy_j = after_due_j = 0.0
        if onset_ms is not None:
            last_ms = (
                measured.driven_ms if row.comes == BANK else measured.last_ms(until_ms)
            ) or 0.0
            latency_ms = max(0.0, last_ms - onset_ms)
            energy_j = measured.joules(onset_ms, until_ms)
            if self.within_ms is not None:
                after_due_j = measured.joules(onset_ms + self.within_ms, until_ms)
            named_ms = measured.find_named_ms(row.fault, self.at_ms)
            own_name_ms = None if named_ms is None else max(0.0, named_ms - onset_ms)
        resets = [t_s * 1000 - self.at_ms for t_s, _ in run.restarts]
        return Measured(
            within_ms=self.within_ms, onset_ms=onset_ms, latency_ms=latency_ms, energy_j=energy_j,
            after_due_j=after_due_j, energy_bound_j=self._energy_bound_j(),
            peak_c=measured.peak_c, cut_c=measured.cut_c, own_c=measured.own_c,
            limit_c=self._limit_c(), crossing_s=measured.crossing_s, state=self.state,
            went_on=self.went_on, completed=self._is_completed(),
            stop_ms=self.stop_ms, again=self._began_again(),
            named=measured.list_named(self.at_ms), own_name_ms=own_name_ms,
            miscount_j_cm2=self._miscount_j_cm2(),
            reset_ms=min((ms for ms in resets if ms >= 0), default=None),
            cem43_min=measured.cem43_min,
        )  # fmt: skip

    def _limit_c(self) -> float:
        """Return how hot any column may get: a pressed spot that is heated from outside as well
        is two faults."""
        two = self.case.row.outside and self.run.scenario.start.spot is not None
        return DOUBLE_C if two else SINGLE_C

    def _is_completed(self) -> bool:
        """Whether the session ended with its whole dose."""
        return self.state == "DONE" and self.claims.read_reason() == "dose"

    def _began_again(self) -> bool:
        """Whether therapy began after the START that met the fault."""
        if self.case.row.once and self.run.restarts:
            return False
        return bool(self.measurements.list_visited(self.met_ms) & THERAPY)

    def _onset_ms(self) -> float | None:
        """Return from when the latency counts; None where that was never sensed."""
        measured, since = self.measurements, self.case.row.since
        if since == CURRENT:
            return measured.shown_ms
        sensed = {SENSED: measured.hot_ms, APART: measured.apart_ms, EMPTY: (measured.empty_ms,)}
        if since not in sensed:
            return self.at_ms
        since_ms = min((ms for ms in sensed[since] if ms >= 0), default=None)
        return None if since_ms is None else max(self.at_ms, float(since_ms))

    def _energy_bound_j(self) -> float | None:
        """Return the energy of all prescribed light within the bound, J; None without either."""
        row = self.case.row
        prescription: dict[str, Any] = self.run.scenario.prescription
        if row.within_ms is None or not prescription:
            return None
        plant = self.run.plant
        fulls = [full for pad in plant.pads for full in pad.full_mw_cm2]
        light_w = 0.0
        for step in read_steps(prescription):  # means: more while a gate is open
            means = [step.mw_cm2.get(str(kind[0]), 0.0) for kind in self.run.board.BANKS]
            step_w = 0.0
            for mean, full, watts in zip(means * 2, fulls, plant.bank_light_w, strict=True):
                # a duty is the whole number below; 1e-6 is for the error of floats
                duty = int(DUTY_MAX * mean / (step.lit_share * full) + 1e-6)
                step_w += duty / DUTY_MAX * watts
            light_w = max(light_w, step_w)
        if row.fault == "fet_stuck_on":
            light_w += max(plant.bank_light_w)
        return light_w * (self.within_ms or 0) / 1000

    def _miscount_j_cm2(self) -> float:
        since = [
            abs((counted - counted_before) - (given - given_before))
            for (counted, given), (counted_before, given_before) in zip(
                self._dose(), self.dose_before, strict=True
            )
        ]
        return since[self.bank] if self.bank >= 0 else max(since)
