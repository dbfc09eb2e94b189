"""One fault put on a unit at one moment, seen through, and measured.

The wearer of the story does what people do: where the unit is dark they press START on the
way to light, and where light went out they press it again; where light stays, they stop it.
So a fault that lasts is met by a START, and a stop is asked for beside every fault.
What was measured is held to its bounds by `sim.campaign.verdict`: light, heat and time from the
plant and the pins, and what the unit claims of itself (`sim.oracle.claims`) beside them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.campaign.injection_points import press
from sim.campaign.measurements import FOREVER_MS, Watch
from sim.common.story import Event
from sim.common.value_record import replace
from sim.faults.catalogue import ALERT_BROKEN
from sim.faults.deadlines import APART, AT_START, BANK, CURRENT, EMPTY, LIT, SENSED, SINGLE_C
from sim.faults.injectors import find_bank
from sim.oracle.claims import Claims
from sim.oracle.current_oracle import gate_share
from sim.oracle.design import DUTY_MAX

if TYPE_CHECKING:
    from sim.campaign.injection_points import Moment
    from sim.faults.deadlines import Bound, Trial
    from sim.run import Run

QUIET_MS = 3_000  # dark for so long is off: the slowest gate is dark for one second at most
SETTLED_MS = 60_000  # contact that has not risen for so long
DARK_S = 150.0  # at most, of light that began after the strike
AGAIN_S = 10.0  # from START to light it takes 7.2 s
STOP_S = 4.0  # after a stop, and before another START
SOON_S = 0.201  # a press to come: just after a tick, so that the next is the first to see it
LONGEST_S = 4_000.0
THERAPY = {"RAMP", "TREAT"}
CW = {"mode": "cw"}


class Case(NamedTuple):
    """What is tried: a fault with its value, on a pad, with the alert working or dead."""

    row: "Bound"
    trial: "Trial"
    pad: str | None
    alert: bool


class Measured(NamedTuple):
    """What came of a strike. Times are in ms since power-on; None where there is none."""

    within_ms: int | None  # the bound, of this light
    onset_ms: float | None  # from which the latency counts
    latency_ms: float | None  # from there to the end of light, or of the bank's; 0 if none was left
    energy_j: float  # optical, from the onset until dark
    after_due_j: float  # of that, after the bound
    energy_bound_j: float | None  # what all that may be lit gives within the bound
    peak_c: float  # true contact, from the strike to the end of the story
    cut_c: float  # true contact at the last light
    own_c: float | None  # the peak had heat from outside ended with the light, where that matters
    crossing_s: float | None  # when true contact crossed the trip
    state: str  # once it was dark, or had been watched for long enough
    went_on: bool  # light was still there then
    stop_ms: float | None  # from a stop to dark, where it was still lit
    again: bool  # therapy began after a START that met the fault
    named: tuple[str, ...]  # the faults latched since the strike, first first
    own_name_ms: float | None  # from the onset until it had its own name
    miscount_j_cm2: float  # the largest error of a bank's dose, counted less given, since then
    reset_ms: float | None  # from the strike to a reset


def strike(fresh: "Callable[[], Run]", moment: "Moment", case: Case, at_s: float) -> "Story":
    """Put the fault on a fresh run at a time, and see it through."""
    story = Story(fresh(), moment, case, at_s)
    try:
        story.see_through()
    finally:
        story.run.close()
    if case.row.outside and story.watch.peak_c > SINGLE_C:
        story.own_c = without_outside(fresh(), story)
    return story


def without_outside(run: "Run", story: "Story") -> float:
    """The highest true contact of the same story if the heat from outside had ended with the
    last light, or had never been where there was none since: what the unit alone is good for."""
    dark_ms = story.watch.last_ms()
    if dark_ms is None or dark_ms <= story.at_ms:
        run.continue_with((), LONGEST_S)
    else:
        for_s = (dark_ms - story.at_ms) / 1000
        run.continue_with(tuple(replace(event, for_s=for_s) for event in story.struck), LONGEST_S)
    watch = Watch(run)
    while run.t_ms < story.run.t_ms and watch.step():
        pass
    return watch.peak_c


class Story:
    """A strike, and what the wearer does; the `scenario` of its run replays it."""

    def __init__(self, run: "Run", moment: "Moment", case: Case, at_s: float) -> None:
        row, trial = case.row, case.trial
        self.run = run
        self.claims = Claims(run)
        self.moment = moment
        self.case = case
        self.at_ms = at_s * 1000
        event = Event(at_s, "fault", row.fault, case.pad, trial.value, button=trial.button)
        self.struck: tuple[Event, ...] = (event,)
        if not case.alert and row.fault != ALERT_BROKEN:
            self.struck = (Event(at_s, "fault", ALERT_BROKEN), event)
        self.bank = find_bank(run.hardware, event) if row.since == CURRENT else -1
        self.own_c: float | None = None
        self.state = ""
        self.went_on = False
        self.stop_ms: float | None = None
        self.met_ms = FOREVER_MS  # the START that met the fault
        self.first_press_ms = FOREVER_MS
        self.dose_before = self._dose()
        pressed = [press(at_s + s) for s in moment.next_s]
        if pressed:
            self.first_press_ms = pressed[0].at_s * 1000
            if not (row.session and moment.state == "PAUSED"):
                self.met_ms = pressed[-1].at_s * 1000
        self.within_ms = row.within_ms
        if row.gated_ms is not None and run.scenario.prescription.get("light", CW) != CW:
            self.within_ms = row.gated_ms
        run.continue_with((*self.struck, *pressed), LONGEST_S)
        self.watch = Watch(run, self.bank, self.at_ms)

    def _dose(self) -> list[tuple[float, float]]:
        """(counted, given) of each bank, J/cm2."""
        counted = self.claims.read_bank_doses_j_cm2()
        return [
            one
            for doses, plant in zip(counted, self.run.plant.pads, strict=True)
            for one in zip(doses, plant.fluence_j_cm2(), strict=True)
        ]

    # -- seeing it through -----------------------------------------------------------------

    def see_through(self) -> None:
        """Until it is dark or was watched for long enough, and what is pressed then."""
        watch, moment = self.watch, self.moment
        watched_s = self.case.trial.watch_s
        if not moment.lit:  # what TREAT shows is not shown again from every dark state
            watched_s = moment.settle_s + min(watched_s, DARK_S)
        alive = True
        while alive and self._since_s() < watched_s and not self._settled():
            if self._since_s() >= moment.settle_s and self._off():
                break
            alive = watch.step()
        self.state = watch.state
        self.went_on = alive and not self._off()
        if alive and self.went_on:
            stopped_ms = self._press()
            alive = self._go_on(STOP_S)
            dark_ms = watch.last_ms() or stopped_ms
            self.stop_ms = max(0.0, dark_ms - stopped_ms)
            if self.case.row.session:
                alive = self._end_session()
        if alive and (not self.went_on or self.case.row.comes == AT_START):
            self._press()
            self._go_on(AGAIN_S)

    def _end_session(self) -> bool:
        """The charger, for a moment: the session that was paused is over."""
        plug = Event(self.run.t_s + SOON_S, "fault", "charger_plugged", for_s=1.0)
        self.run.continue_with((plug,), LONGEST_S)
        return self._go_on(STOP_S)

    def _since_s(self) -> float:
        return (self.run.t_ms - self.at_ms) / 1000

    def _off(self) -> bool:
        """Dark, and not because a hot pad is held back to nothing."""
        return self.watch.dark_ms() >= QUIET_MS and self.watch.state not in LIT

    def _settled(self) -> bool:
        """Heat has done what it can."""
        if self.case.row.since != SENSED:
            return False
        risen_ms = max(self.watch.peak_ms, self.at_ms + self.moment.settle_s * 1000)
        return self.run.t_ms - risen_ms >= SETTLED_MS

    def _press(self) -> float:
        """START, pressed soon; returns when. One that stops light does not meet the fault."""
        at_s = self.run.t_s + SOON_S
        self.run.continue_with((press(at_s),), LONGEST_S)
        self.first_press_ms = min(self.first_press_ms, at_s * 1000)
        if not (self.went_on and self.stop_ms is None):
            self.met_ms = min(self.met_ms, at_s * 1000)
        return at_s * 1000

    def _go_on(self, s: float) -> bool:
        """False where the run is over."""
        end_ms = self.run.t_ms + s * 1000
        while self.run.t_ms < end_ms:
            if not self.watch.step():
                return False
        return True

    # -- measuring it ----------------------------------------------------------------------

    def measured(self) -> Measured:
        """Everything that a bound is about."""
        row, watch, run = self.case.row, self.watch, self.run
        onset_ms = self._onset_ms()
        # what strikes and is gone is judged until a START may be granted again
        until_ms = self.first_press_ms if row.once else FOREVER_MS
        latency_ms = own_name_ms = None
        energy_j = after_due_j = 0.0
        if onset_ms is not None:
            last_ms = (watch.driven_ms if row.comes == BANK else watch.last_ms(until_ms)) or 0.0
            latency_ms = max(0.0, last_ms - onset_ms)
            energy_j = watch.joules(onset_ms, until_ms)
            if self.within_ms is not None:
                after_due_j = watch.joules(onset_ms + self.within_ms, until_ms)
            named_ms = watch.named_ms(row.fault, self.at_ms)
            own_name_ms = None if named_ms is None else max(0.0, named_ms - onset_ms)
        resets = [t_s * 1000 - self.at_ms for t_s, _ in run.restarts]
        return Measured(
            within_ms=self.within_ms, onset_ms=onset_ms, latency_ms=latency_ms, energy_j=energy_j,
            after_due_j=after_due_j, energy_bound_j=self._energy_bound_j(),
            peak_c=watch.peak_c, cut_c=watch.cut_c, own_c=self.own_c,
            crossing_s=watch.crossing_s, state=self.state, went_on=self.went_on,
            stop_ms=self.stop_ms, again=self._again(),
            named=watch.named(self.at_ms), own_name_ms=own_name_ms,
            miscount_j_cm2=self._miscount_j_cm2(),
            reset_ms=min((ms for ms in resets if ms >= 0), default=None),
        )  # fmt: skip

    def _again(self) -> bool:
        """Whether therapy began after the START that met the fault, which was there still."""
        if self.case.row.once and self.run.restarts:
            return False
        return bool(self.watch.visited_since(self.met_ms) & THERAPY)

    def _onset_ms(self) -> float | None:
        """From when the latency counts."""
        watch, row = self.watch, self.case.row
        if row.since == CURRENT:
            return watch.tells_ms
        watched = {SENSED: watch.hot_ms, APART: watch.apart_ms, EMPTY: (watch.empty_ms,)}
        if row.since not in watched:
            return self.at_ms
        since_ms = min((ms for ms in watched[row.since] if ms >= 0), default=None)
        return None if since_ms is None else max(self.at_ms, float(since_ms))

    def _energy_bound_j(self) -> float | None:
        """All that the prescription lets be lit, for as long as the bound allows; None where
        there is no prescription."""
        row = self.case.row
        prescription: dict[str, Any] = self.run.scenario.prescription
        if row.within_ms is None or not prescription:
            return None
        plant = self.run.plant
        irradiance = prescription["irradiance_mw_cm2"]  # a mean: more while a gate is open
        share = gate_share(prescription)
        means = [irradiance[str(kind[0])] for kind in self.run.board.BANKS] * len(plant.pads)
        fulls = [full for pad in plant.pads for full in pad.full_mw_cm2]
        light_w = 0.0
        for mean, full, watts in zip(means, fulls, plant.bank_light_w, strict=True):
            # duties are whole numbers: the nearest below, and no more by what floats err
            light_w += int(DUTY_MAX * mean / (share * full) + 1e-6) / DUTY_MAX * watts
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
