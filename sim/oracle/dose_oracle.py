"""Dose oracle: compares counted with given and prescribed dose, and checks the reason of an end.

Called by `sim.oracle.safety_oracle` at a session's first light, at every change of the claimed
state and at every reset. Reads the light and the heat that the plant took, the prescription, the
clock and the log of the wearer; judges the unit's claims (counted dose, reason). Reports to
`sim.oracle.rules.Violations`.
"""

from typing import TYPE_CHECKING

from sim.oracle import rules
from sim.oracle.design import GOING_ON, IN_SESSION, LIT, START

if TYPE_CHECKING:
    from sim.oracle.claims import Claims
    from sim.oracle.outside_heat import OutsideHeat
    from sim.oracle.rules import Violations
    from sim.oracle.stray_light import StrayLight
    from sim.oracle.subject import Subject

MINUTE_MS = 60_000


class WearerLog:
    """Presses of START, and since when the belt is off the skin. Written by the safety oracle from
    the pins and the plant. Times in ms since power-on; -1 for never or not now."""

    def __init__(self, pins: int) -> None:
        self.pins = pins
        self.down_ms = -1  # START last went down
        self.pressed_ms = -1  # START went down for the last press that was released
        self.unworn_ms = -1  # the belt came off the skin

    def note_pins(self, pins: int, t_ms: int) -> None:
        """Log pins that have changed."""
        changed = pins ^ self.pins
        self.pins = pins
        if changed & START:
            if pins & START:
                self.down_ms = t_ms
            else:
                self.pressed_ms = self.down_ms


class DoseOracle:
    """Judges the session that is lit, or was last."""

    def __init__(
        self, run: "Subject", claims: "Claims", wearer: WearerLog, stray: "StrayLight",
        heat: "OutsideHeat", sink: "Violations",
    ) -> None:  # fmt: skip
        self.run = run
        self.hardware = run.hardware
        self.pads = run.plant.pads
        self.number = -1  # of the session; -1 before its first light, and after a reset
        self.undue = ""  # an end or a pause without a true reason
        self.lit_ms = 0  # of the session, in lit states that are over
        self.day_lit_ms = 0  # of all sessions since power-on
        self._claims = claims
        self._wearer = wearer
        self._stray = stray
        self._heat = heat
        self._sink = sink
        self._given_before = [0.0, 0.0]
        self._stray_before = [0.0, 0.0]
        self._cem43_before = [0.0, 0.0]
        self._excess_before = [0.0, 0.0]
        self._counted: list[float] = []  # at the session's end
        self._since_ms = run.t_ms  # the claimed state began

    def end_life(self) -> None:
        """A reset has ended the boot cycle: judge the session that it cut, or that was over by
        then, by what was counted until then and by what is kept of it."""
        if self.number >= 0:
            self._counted = self._counted or self._claims.read_doses_before_reset_j_cm2()
            self.judge()
        if self.number > 0:
            self._judge_kept()
        self.number = -1
        self._counted = []

    def begin_light(self, number: int) -> None:
        """Judge the session before; session `number` is lit for the first time."""
        self.judge()
        self.number = number
        self._counted = []
        self._given_before = [sum(pad.fluence_j_cm2()) for pad in self.pads]
        self._stray_before = self._stray.given_j_cm2[:]
        self._cem43_before = [pad.hottest_cem43_min() for pad in self.pads]
        self._excess_before = self._heat.excess_min[:]

    def given_j_cm2(self) -> list[float]:
        """Return what each pad has truly given in the session, J/cm2."""
        a, b = self.pads
        before_a, before_b = self._given_before
        return [sum(a.fluence_j_cm2()) - before_a, sum(b.fluence_j_cm2()) - before_b]

    def countable_j_cm2(self) -> list[float]:
        """Return what each pad has given in the session that a program could count, J/cm2."""
        now, before = self._stray.given_j_cm2, self._stray_before
        return [given - (now[k] - before[k]) for k, given in enumerate(self.given_j_cm2())]

    def cem43_min(self) -> float:
        """Return the true CEM43 of the hottest column of skin in the session, minutes, without
        what only heat from outside explains."""
        now = self._heat.excess_min
        return max([
            pad.hottest_cem43_min() - self._cem43_before[k] - (now[k] - self._excess_before[k])
            for k, pad in enumerate(self.pads)
        ])  # fmt: skip

    def _prescribed(self, key: str) -> float:
        return float(str(self.run.scenario.prescription[key]))

    def judge(self) -> None:
        """Compare the counted dose with the given and the prescribed one."""
        if self.number < 0:
            return
        counted = self._counted or self._claims.read_doses_j_cm2()
        share, slack_j_cm2 = rules.COUNTED_SHARE, rules.STEP_J_CM2
        asked = self._prescribed("fluence_j_cm2")
        t_ms = self.run.t_ms
        for k, given in enumerate(self.countable_j_cm2()):
            said = f"counted {counted[k]:.4f}, given {given:.4f}, asked {asked:g} J/cm2"
            least = share * given - slack_j_cm2
            if counted[k] < least:
                self._sink.report(t_ms, "dose short", counted[k], least, said)
            if counted[k] > asked or given > asked / share + slack_j_cm2:
                self._sink.report(t_ms, "dose over", max(counted[k], given), asked, said)

    def _judge_kept(self) -> None:
        """Compare what the journal keeps of the session with the given dose."""
        kept = self._claims.read_kept_doses_j_cm2(self.run.hal.files)
        for k, given in enumerate(self.countable_j_cm2() if kept else []):
            least = rules.COUNTED_SHARE * given - rules.STEP_J_CM2
            if kept and kept[k] < least:
                said = f"the journal keeps {kept[k]:.4f}, given {given:.4f} J/cm2"
                self._sink.report(self.run.t_ms, "kept", kept[k], least, said)

    def change_state(self, before: str, state: str) -> None:
        """Note a change of the claimed state; judge the end of a session."""
        t_ms = self.run.t_ms
        if before in LIT:
            self.lit_ms += t_ms - self._since_ms
            self.day_lit_ms += t_ms - self._since_ms
        if before in IN_SESSION and state not in GOING_ON:
            self._judge_end(before, state)
        if before not in IN_SESSION:
            self.lit_ms = 0
        self._since_ms = t_ms

    def _judge_end(self, before: str, state: str) -> None:
        """The session ended or paused: note in `undue` where no true reason was there."""
        claims = self._claims
        t_ms = self.run.t_ms
        a, b = self.pads
        pressed = 0 <= t_ms - self._wearer.down_ms <= rules.ENDED_MS
        coldest_c = min(a.tissue.contact_c, b.tissue.contact_c)
        off_skin = self._wearer.unworn_ms >= 0 or coldest_c < rules.COLD_C
        if state == "PAUSED":
            if not (off_skin if claims.is_paused_unworn() else pressed):
                self.undue = f"paused at {t_ms / 1000:.2f} s"
            return
        if claims.read_session_number() == self.number:
            self._counted = claims.read_doses_j_cm2()
        dose = rules.DOSE_SHARE * self._prescribed("fluence_j_cm2") - rules.STEP_J_CM2
        most_ms = self._prescribed("max_min") * MINUTE_MS
        due = {
            "stopped": pressed,
            "unworn": off_skin,
            "dose": min(self.given_j_cm2()) >= dose,
            "time": self.lit_ms >= most_ms - rules.LIT_SLACK_MS
            or self.day_lit_ms >= rules.DAY_LIT_MS - rules.LIT_SLACK_MS,
            "cem43": max(a.cem43_min, b.cem43_min) > rules.CEM43_LEAST_MIN,
            "battery": self.hardware.empty_ms >= 0,
            "timeout": t_ms - self._since_ms >= rules.LONG_MS,
        }
        reason = claims.read_reason() or ""
        if not due.get(reason, False):
            self.undue = f"{reason} ended {before} at {t_ms / 1000:.2f} s"
