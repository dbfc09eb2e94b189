"""Dose oracle: compares counted with given and prescribed dose, and checks the reason of an end.

Called by `sim.oracle.safety_oracle` in each tick, at a session's first light, where faults struck,
at every change of the claimed state and at every reset. Reads the light and the heat that the plant
took, the prescription, the clock and the log of the wearer; judges the unit's claims (counted dose,
reason). Reports to `sim.oracle.rules.Violations`.
"""

from typing import TYPE_CHECKING

from sim.oracle import rules
from sim.oracle.asked import read_steps, sum_pad_j_cm2
from sim.oracle.design import GOING_ON, IN_SESSION, LIT, START
from sim.oracle.driver_changes import DriverChanges

if TYPE_CHECKING:
    from sim.oracle.asked import AskedStep
    from sim.oracle.claims import Claims
    from sim.oracle.outside_heat import OutsideHeat
    from sim.oracle.rules import Violations
    from sim.oracle.stray_light import StrayLight
    from sim.oracle.subject import Subject

MINUTE_MS = 60_000
WHOLE = ("dose", "time", "cem43")  # a session that ended so is not completed by the next START
TRIAL_FILES = ("trial.json", "visit.json")  # a visit's therapy is one START


class WearerLog:
    """Presses of START, and when the belt was last off the skin. Written by the safety oracle from
    the pins and the plant. Times in ms since power-on, negative for never."""

    def __init__(self, pins: int) -> None:
        self.pins = pins
        self.down_ms = -1  # START last went down
        self.pressed_ms = -1  # START went down for the last press that was released
        self.unworn_ms = -rules.ENDED_MS - 1  # a sign was last lost, or shown as lost

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
        self._claimed = -1  # of the last session, which may have had no light
        self.undue = ""  # an end or a pause without a true reason
        self.lit_ms = 0  # of the session, in lit states that are over
        self.day_lit_ms = 0  # of all sessions since power-on
        self._claims = claims
        self._wearer = wearer
        self._stray = stray
        self._heat = heat
        self._sink = sink
        self._earlier_ms = 0  # light, and
        self._earlier_j_cm2 = [0.0, 0.0]  # what was given by STARTs whose session is not over
        self._less_j_cm2 = [0.0, 0.0]  # the same, as this START began
        self._is_over = True  # the session was whole: the next START begins another one
        self._going_on = False
        self._was_reset = False  # since it ended early: its rest may be forgotten, with the day
        self._banks_before = [[0.0] * len(run.board.BANKS) for _ in run.plant.pads]
        self._given_before = [0.0, 0.0]
        self._stray_before = [0.0, 0.0]
        self._cem43_before = [0.0, 0.0]
        self._excess_before = [0.0, 0.0]
        self._drivers = DriverChanges(run, claims)
        self._counted: list[float] = []  # at the session's end
        self._since_ms = run.t_ms  # the claimed state began

    def end_life(self) -> None:
        """A reset has ended the boot cycle: judge the session that it cut, or that was over by
        then, by what was counted until then and by what is kept of it."""
        if self.number >= 0:
            self._counted = self._counted or self._claims.read_doses_before_reset_j_cm2()
            self.judge()
        if self.number > 0 and self.number == self._claimed:
            self._judge_kept()
        self.number = -1
        self._counted = []
        self._was_reset = True
        if self._going_on:  # it counts as whole
            self._is_over, self._going_on, self._earlier_ms = True, False, 0

    def begin_light(self, number: int) -> None:
        """Judge the session before; session `number` is lit for the first time."""
        self.judge()
        self.number = number
        self._counted = []
        if self._is_over:
            self._earlier_j_cm2 = [0.0, 0.0]
            self._was_reset = False
        self._less_j_cm2 = [0.0, 0.0] if self._was_reset else self._earlier_j_cm2[:]
        self._is_over = False
        self._going_on = True
        self._banks_before = self._bank_j_cm2()
        self._given_before = [sum(pad.fluence_j_cm2()) for pad in self.pads]
        self._stray_before = self._stray.given_j_cm2[:]
        self._cem43_before = [pad.hottest_cem43_min() for pad in self.pads]
        self._excess_before = self._heat.excess_min[:]
        self._drivers.begin_session(self.run.t_ms, self._steps)

    def follow(self, t_ms: int) -> None:
        """A tick went by."""
        if self.number >= 0:
            self._drivers.follow(t_ms)

    def note_faults(self) -> None:
        """Faults struck."""
        if self.number >= 0:
            self._drivers.note_opened()

    def _share_and_slack(self, pad: int) -> tuple[float, float]:
        """Return how exact the count must be: a share of the pad's dose, and J/cm2."""
        share = rules.DRIVERS_SHARE if self._drivers.apart else rules.COUNTED_SHARE
        return share, rules.STEP_J_CM2 + self._drivers.unseen_j_cm2[pad]

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

    @property
    def _steps(self) -> "list[AskedStep]":
        """The prescription's steps."""
        prescription = self.run.scenario.prescription
        return read_steps(prescription) if prescription else []

    def _bank_j_cm2(self) -> list[list[float]]:
        """Return what each bank of each pad has truly given so far, J/cm2."""
        return [pad.fluence_j_cm2()[:] for pad in self.pads]

    def judge(self) -> None:
        """Compare the counted dose with the given and the prescribed one."""
        if self.number < 0:
            return
        counted = self._counted or self._claims.read_doses_j_cm2()
        t_ms = self.run.t_ms
        self._judge_banks()
        for k, given in enumerate(self.countable_j_cm2()):
            asked = sum_pad_j_cm2(self._steps, k) - self._less_j_cm2[k]
            said = f"counted {counted[k]:.4f}, given {given:.4f}, asked {asked:g} J/cm2"
            share, slack_j_cm2 = self._share_and_slack(k)
            least = share * given - slack_j_cm2
            if counted[k] < least:
                self._sink.report(t_ms, "dose short", counted[k], least, said)
            if counted[k] > asked or given > asked / share + slack_j_cm2:
                self._sink.report(t_ms, "dose over", max(counted[k], given), asked, said)

    def _judge_banks(self) -> None:
        """Compare what each bank gave with what all steps ask of it: a step's light in another
        step's banks, or of a pad that the step leaves out, is beyond it. Lamp tests light each
        bank alike."""
        now = self._bank_j_cm2()
        for pad, before in enumerate(self._banks_before):
            for bank, kind in enumerate(self.run.board.BANKS):
                stray = self._stray.given_j_cm2[pad] - self._stray_before[pad]
                given = now[pad][bank] - before[bank] - stray
                asked = sum([step.bank_j_cm2(pad, kind[0]) for step in self._steps])
                most = asked / rules.COUNTED_SHARE * rules.BANK_SLACK + rules.LAMP_TESTS_J_CM2
                if given > most:
                    said = f"bank {kind[0]} nm of pad {'AB'[pad]} gave {given:.4f} J/cm2"
                    self._sink.report(self.run.t_ms, "bank over", given, most, said)

    def _judge_kept(self) -> None:
        """Compare what the journal keeps of the session with the given dose."""
        kept = self._claims.read_kept_doses_j_cm2(self.run.hal.files)
        for k, given in enumerate(self.countable_j_cm2() if kept else []):
            share, slack_j_cm2 = self._share_and_slack(k)
            least = share * given - slack_j_cm2
            if kept and kept[k] < least:
                said = f"the journal keeps {kept[k]:.4f}, given {given:.4f} J/cm2"
                self._sink.report(self.run.t_ms, "kept", kept[k], least, said)

    def change_state(self, before: str, state: str) -> None:
        """Note a change of the claimed state; judge the end of a session."""
        t_ms = self.run.t_ms
        self._claimed = self._claims.read_session_number()
        if state == "CHECK":
            self._drivers.begin_test()
        elif state == "RAMP":
            (self._drivers.end_test if before == "CHECK" else self._drivers.learn)(t_ms)
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
        off_skin = t_ms - self._wearer.unworn_ms <= rules.ENDED_MS or coldest_c < rules.COLD_C
        if state == "PAUSED":
            if not (off_skin if claims.is_paused_unworn() else pressed):
                self.undue = f"paused at {t_ms / 1000:.2f} s"
            return
        if claims.read_session_number() == self.number:
            self._counted = claims.read_doses_j_cm2()
        given = self.given_j_cm2()
        most_ms = float(str(self.run.scenario.prescription["max_min"])) * MINUTE_MS
        minutes = sum([step.minutes for step in self._steps])
        if self._steps and self._steps[-1].minutes:
            most_ms = min(most_ms, minutes * MINUTE_MS)
        most_ms -= self._earlier_ms
        due = {
            "stopped": pressed,
            "unworn": off_skin,
            "dose": self._is_dose_given(given),
            "time": self.lit_ms >= most_ms - rules.LIT_SLACK_MS,
            "day_limit": self.day_lit_ms >= rules.DAY_LIT_MS - rules.LIT_SLACK_MS,
            "cem43": max(a.cem43_min, b.cem43_min) > rules.CEM43_LEAST_MIN,
            "battery": self.hardware.empty_ms >= 0,
            "timeout": t_ms - self._since_ms >= rules.LONG_MS,
        }
        reason = claims.read_reason() or ""
        if not due.get(reason, False):
            self.undue = f"{reason} ended {before} at {t_ms / 1000:.2f} s"
        self._note_part(reason, given)

    def _is_dose_given(self, given: list[float]) -> bool:
        """Whether each pad has the dose of all steps that end by one; minutes may give less."""
        for k, j_cm2 in enumerate(given):
            steps = [step for step in self._steps if not step.minutes]
            dose = sum_pad_j_cm2(steps, k) - self._earlier_j_cm2[k]
            slack_j_cm2 = rules.STEP_J_CM2 * len(self._steps) + self._drivers.unseen_j_cm2[k]
            if j_cm2 < rules.DOSE_SHARE * dose - slack_j_cm2:
                return False
        return True

    def _note_part(self, reason: str, given: list[float]) -> None:
        """A session that ended early: what it gave counts towards what the next START may give."""
        if not self._going_on:
            return  # a START that gave no light
        in_trial = any(name in self.run.hal.files for name in TRIAL_FILES)
        self._is_over = reason in WHOLE or self.number < 0 or in_trial
        self._going_on = False
        self._earlier_ms = 0 if self._is_over else self._earlier_ms + self.lit_ms
        if not self._is_over:
            earlier = self._earlier_j_cm2
            self._earlier_j_cm2 = [earlier[k] + given[k] for k in range(len(given))]
