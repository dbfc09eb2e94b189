"""Day oracle: light of a session and of 24 hours, CEM43 of 24 hours, and what a reset keeps of it.

Called by `sim.oracle.safety_oracle` in each lit tick and at every reset. Reads the light at the
pins and the heat that the plant took; compares them with the design's caps, and with what the unit
claims of its day after a reset. Reports to `sim.oracle.rules.Violations`.

The day slides: it is the last 24 hours, in whole hours. A gate's dark parts are light.
"""

from typing import TYPE_CHECKING

from sim.oracle import rules
from sim.oracle.design import TICK_MS
from sim.oracle.outside_heat import FELT_SHARE

if TYPE_CHECKING:
    from sim.oracle.claims import Claims
    from sim.oracle.outside_heat import OutsideHeat
    from sim.oracle.rules import Violations
    from sim.oracle.subject import Subject

CLOCK_SLACK_S = 3_600.0  # a clock that is off by less does not end a day


class DayOracle:
    """Judges the days of one run."""

    def __init__(
        self, run: "Subject", claims: "Claims", heat: "OutsideHeat", sink: "Violations"
    ) -> None:
        self.run = run
        self.lit_ms = 0  # of light, since power-on
        self._pads = run.plant.pads
        self._claims = claims
        self._heat = heat
        self._sink = sink
        self._session_ms = 0  # of light, since the session began
        self.most_ms = float(str(run.scenario.prescription["max_min"])) * 60_000  # of a session
        self._warmth_min = [0.0, 0.0]  # CEM43 of the day at the last light
        # (when, light in ms, CEM43 of pad A, of pad B) at the begin of each hour of the day
        self._hours = [(run.t_ms, 0, 0.0, 0.0)]

    def _cem43_min(self, pad: int) -> float:
        """Return a pad's CEM43 so far, minutes, without what only heat from outside explains."""
        return self._pads[pad].cem43_min - self._heat.excess_min[pad]

    def begin_session(self) -> None:
        """A session is lit for the first time."""
        self._session_ms = 0

    def judge(self, t_ms: int) -> None:
        """Judge a lit tick."""
        self.lit_ms += TICK_MS
        self._session_ms += TICK_MS
        hours = self._hours
        if t_ms - hours[-1][0] >= rules.HOUR_MS:
            hours.append((t_ms, self.lit_ms, self._cem43_min(0), self._cem43_min(1)))
        while hours[0][0] < t_ms - rules.DAY_MS:
            hours.pop(0)
        _, lit_ms, a_min, b_min = hours[0]
        self._report_beyond("day light", (self.lit_ms - lit_ms) / 60_000, rules.DAY_LIT_MS)
        self._report_beyond("long", self._session_ms / 60_000, self.most_ms)
        self._warmth_min = [self._cem43_min(0) - a_min, self._cem43_min(1) - b_min]
        warmth_min = max(self._warmth_min)
        if warmth_min > rules.DAY_CEM43_MIN:
            said = f"lit at {warmth_min:.2f} min"
            self._sink.report(t_ms, "day cem43", warmth_min, rules.DAY_CEM43_MIN, said)

    def _report_beyond(self, rule: str, minutes: float, most_ms: float) -> None:
        most_min = (most_ms + rules.LIT_SLACK_MS) / 60_000
        if minutes > most_min:
            said = f"lit after {minutes:.2f} min of light"
            self._sink.report(self.run.t_ms, rule, minutes, most_min, said)

    def end_life(self) -> None:
        """A reset has ended the boot cycle: judge what the next one knows of the day."""
        hal = self.run.hal
        t_ms = self.run.t_ms
        age_s = self._claims.read_day_age_s(hal.files, hal.wall_clock())
        if not hal.mounted or (age_s is not None and age_s > t_ms / 1000 + CLOCK_SLACK_S):
            return  # nothing can be read, or the clock has jumped ahead since the day was kept
        lit_s = (self.lit_ms - self._hours[0][1]) / 1000
        least_s = lit_s - rules.LIT_SLACK_MS / 1000
        kept_s = self._claims.read_day_s()
        if kept_s < least_s:
            said = f"{kept_s:.1f} s of light are kept of {lit_s:.1f}"
            self._sink.report(t_ms, "kept", kept_s, least_s, said)
        for warmth_min, kept_min in zip(self._warmth_min, self._claims.read_day_cem43_min()):
            least_min = warmth_min / FELT_SHARE - rules.KEPT_CEM43_MIN
            if kept_min < least_min:
                said = f"CEM43 of {kept_min:.2f} min is kept of {warmth_min:.2f}"
                self._sink.report(t_ms, "kept", kept_min, least_min, said)
