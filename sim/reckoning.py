"""What a session comes to: the dose that was counted and given, and whether its end was due.

A part of the witness (`sim.witness`), told by it of a session's first light and of every
change of state. What it finds broken goes to the witness.
"""

from typing import TYPE_CHECKING

from firmware import states
from sim import rules

if TYPE_CHECKING:
    from sim.run import Run
    from sim.witness import Witness

# A session that is neither over nor paused.
GOING_ON = (states.WAIT_SKIN, states.CHECK, states.RAMP, states.TREAT)


class Reckoning:
    """Of the session that is lit, or was last."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.pads = run.plant.pads
        self.number = -1  # of the session; -1 before its first light, and after a reset
        self._unit = run.unit
        self._given_before = [0.0, 0.0]
        self._cem43_before = [0.0, 0.0]
        self._counted: list[float] = []  # when it ended
        self._since_ms = run.hal.t_ms  # of the firmware's present state
        self.undue = ""  # an end or a pause that nothing called for

    def reborn(self) -> None:
        """A reset: what the firmware had counted before is not in its memory any more."""
        self._unit = self.run.unit
        self.number = -1
        self._counted = []

    def first_light(self, number: int, witness: "Witness") -> None:
        """A session is lit for the first time; the one before it can be judged now."""
        self.judge(witness)
        self.number = number
        self._unit = self.run.unit
        self._counted = []
        self._given_before = [sum(pad.fluence_j_cm2()) for pad in self.pads]
        self._cem43_before = [pad.cem43_min for pad in self.pads]

    def given(self) -> list[float]:
        """What each pad has truly given in it, J/cm2."""
        a, b = self.pads
        before_a, before_b = self._given_before
        return [sum(a.fluence_j_cm2()) - before_a, sum(b.fluence_j_cm2()) - before_b]

    def cem43_min(self) -> float:
        """The larger of the pads' true CEM43 in it, minutes."""
        a, b = self.pads
        before_a, before_b = self._cem43_before
        return max(a.cem43_min - before_a, b.cem43_min - before_b)

    def asked(self) -> float:
        """What each pad is to give, J/cm2."""
        return float(str(self.run.scenario.prescription["fluence_j_cm2"]))

    def judge(self, witness: "Witness") -> None:
        """Hold the dose that was counted against those that were given and asked."""
        if self.number < 0 or witness.could_not_be_off():
            return
        counted = self._counted or [pad.fluence.total_uj_cm2 / 1e6 for pad in self._unit.pads]
        slack_j_cm2, share = rules.STEP_J_CM2, rules.COUNTED_SHARE
        if any(row.event.name == "fet_stuck_on" for row in self.run.injected):
            slack_j_cm2 += rules.STUCK_J_CM2
            share -= rules.STUCK_PART
        asked = self.asked()
        for k, given in enumerate(self.given()):
            said = f"counted {counted[k]:.4f}, given {given:.4f}, asked {asked:g} J/cm2"
            least = share * given - slack_j_cm2
            if counted[k] < least:
                witness.broke("dose short", counted[k], least, said)
            if counted[k] > asked or given > asked / share + slack_j_cm2:
                witness.broke("dose over", max(counted[k], given), asked, said)

    def moved(self, before: int, state: int, witness: "Witness") -> None:
        """The firmware's state is another."""
        if before in states.IN_SESSION and state not in GOING_ON:
            self._end(before, state, witness)
        self._since_ms = self.run.hal.t_ms

    def _end(self, before: int, state: int, witness: "Witness") -> None:
        """The session is over, or paused: keep it where nothing called for that."""
        unit = self.run.unit
        t_ms = self.run.hal.t_ms
        a, b = self.pads
        pressed = 0 <= t_ms - witness.down_ms <= rules.ENDED_MS
        coldest_c = min(a.tissue.contact_c, b.tissue.contact_c)
        off_skin = witness.unworn_ms >= 0 or coldest_c < rules.COLD_C
        if state == states.PAUSED:
            if not (off_skin if unit.session.by_unworn else pressed):
                self.undue = f"paused at {t_ms / 1000:.2f} s"
            return
        if unit.session.number == self.number:
            self._counted = [pad.fluence.total_uj_cm2 / 1e6 for pad in unit.pads]
        dose = rules.DOSE_SHARE * self.asked() - rules.STEP_J_CM2
        due = {
            "stopped": pressed,
            "unworn": off_skin,
            "dose": min(self.given()) >= dose,
            "time": unit.session.treat_ms >= unit.course.max_ms
            or unit.session.day_treat_ms >= rules.DAY_LIT_MS,
            "cem43": max(a.cem43_min, b.cem43_min) > rules.CEM43_LEAST_MIN,
            "battery": self.run.hardware.empty_ms >= 0,
            "timeout": t_ms - self._since_ms >= rules.LONG_MS,
        }
        reason = states.REASONS[unit.session.reason]
        if not due.get(reason, False):
            self.undue = f"{reason} ended {states.STATES[before]} at {t_ms / 1000:.2f} s"
