"""Driver changes: light of drivers beside their calibration that no program could count exactly.

Owned by `sim.oracle.dose_oracle`, which calls `follow` in every tick. Reads the plant's drivers,
what light each bank gives, the open strings and the battery; of the unit's claims the step of the
prescription. Judges nothing.

The unit has one current monitor for all banks, and lamp tests, in which each bank is alone. What
differs from the last lamp test is seen some time after the whole current shows it, and until then
it is not counted. Where the whole current does not show it, it stays so: of one pad's light it may
be more than of the whole. Each is summed up as it is given. A driver that changes within a lamp
test counts as changed behind it, whether its bank's turn had come or not.
"""

from typing import TYPE_CHECKING

from sim.oracle import rules
from sim.physics.plant import STEP_S

if TYPE_CHECKING:
    from sim.oracle.asked import AskedStep
    from sim.oracle.claims import Claims
    from sim.oracle.subject import Subject
    from sim.physics.plant import PadPlant


class DriverChanges:
    """Of one session at a time."""

    def __init__(self, run: "Subject", claims: "Claims") -> None:
        self.apart = False  # in this session some driver gave other than calibrated
        self.unseen_j_cm2 = [0.0, 0.0]  # that each pad gave beside what can be counted
        self._steps: list[AskedStep] = []
        self._claims = claims
        self._plant = run.plant
        self._hardware = run.hardware
        self._open = run.hardware.open_banks
        self._known_open: set[int] = set()
        self._kinds = [str(row[0]) for row in run.board.BANKS]
        self._bank_w = run.plant.bank_w
        self._gains = self._read_gains()  # as they are,
        self._at_test = self._tested = self._gains  # and as the last lamp tests saw them
        self._zero_ma = run.hardware.rail_offset_ma  # of the monitor, in the last lamp test
        self._light_s = [pad.light_s for pad in run.plant.pads]
        self._step = 0  # of the prescription
        self._learns_ms = run.t_ms  # the unit began to learn what the whole current is
        self._is_learned = False  # some change came while it did
        self._shown_ms = -1  # the whole current showed a difference since then

    def begin_session(self, t_ms: int, steps: "list[AskedStep]") -> None:
        """Its lamp test begins, and then these steps."""
        self._steps = steps
        self.unseen_j_cm2 = [0.0, 0.0]
        self._known_open = set(self._open)
        self.begin_test()
        self.end_test(t_ms)
        self.apart = any(gain != 1.0 for gain in self._gains)

    def begin_test(self) -> None:
        """A lamp test begins: it sees each bank alone, some time before it is over."""
        self._at_test = self._read_gains()
        self._zero_ma = self._hardware.rail_offset_ma

    def end_test(self, t_ms: int) -> None:
        """The lamp test is over, and the ramp begins."""
        self._tested = self._at_test
        self._gains = self._read_gains()
        self._bank_w = self._plant.bank_w
        self._light_s = [pad.light_s for pad in self._plant.pads]
        self._shown_ms = -1
        self.learn(t_ms)

    def learn(self, t_ms: int) -> None:
        """The unit learns anew what the whole current is: in each ramp, and in each step."""
        self._learns_ms = t_ms
        self._is_learned = self._gains != self._tested

    def note_opened(self) -> None:
        """Note strings that opened: what they gave since the current last showed that they did may
        be taken back."""
        opened = self._open - self._known_open
        self._known_open |= opened
        for bank in opened:
            nm = self._kinds[bank % len(self._kinds)]
            self.unseen_j_cm2[bank // len(self._kinds)] += max(
                [step.mw_cm2.get(nm, 0.0) * seen_ms(step) / 1e6 for step in self._steps],
                default=0.0,
            )

    def follow(self, t_ms: int) -> None:
        """A tick of a session went by."""
        steps = self._steps
        if self._plant.bank_w is not self._bank_w:
            self._note_change(t_ms)
        if len(steps) > 1 and self._claims.read_step() != self._step:
            self._step = self._claims.read_step()
            self.learn(t_ms)
        if self._gains == self._tested or not steps:
            return
        pads = self._plant.pads
        before = self._light_s
        if pads[0].light_s is before[0] and pads[1].light_s is before[1]:
            return
        self._light_s = [pad.light_s for pad in pads]
        step = steps[min(self._step, len(steps) - 1)]
        beside, change_w, whole_w = [], 0.0, 0.0
        for k, pad in enumerate(pads):
            j_cm2, pad_change_w, pad_w = self._weigh(pad, k, before[k])
            beside.append(j_cm2)
            change_w += pad_change_w
            whole_w += pad_w
        if self._is_shown(step, change_w, whole_w):
            if self._shown_ms < 0:
                self._shown_ms = t_ms
            if t_ms - self._shown_ms > 2 * seen_ms(step):
                return
        for k, j_cm2 in enumerate(beside):
            self.unseen_j_cm2[k] += j_cm2

    def _note_change(self, t_ms: int) -> None:
        """Drivers were set anew."""
        self._bank_w = self._plant.bank_w
        gains = self._read_gains()
        if gains == self._gains:
            return
        self._gains = gains
        self._light_s = [pad.light_s for pad in self._plant.pads]
        self.apart = self.apart or any(gain != 1.0 for gain in gains)
        if t_ms - self._learns_ms <= rules.LEARNED_MS:
            self._is_learned = True
        if gains == self._tested:
            self._shown_ms = -1

    def _weigh(
        self, pad: "PadPlant", index: int, before_s: list[float]
    ) -> tuple[float, float, float]:
        """Return what a pad gave beside the last lamp test since `before_s`, J/cm2; the watts that
        this draws, and those of all as the lamp test saw it, in a step of the plant."""
        j_cm2 = change_w = whole_w = 0.0
        first = index * len(self._kinds)
        for k, was_s in enumerate(before_s):
            gain, tested = self._gains[first + k], self._tested[first + k]
            own = (pad.light_s[k] - was_s) / gain  # of a bank as calibrated
            watts = own / STEP_S * pad.emitters.electrical_w[k]
            j_cm2 += abs(gain - tested) * own * pad.full_mw_cm2[k] / 1000.0
            change_w += (gain - tested) * watts
            whole_w += tested * watts
        return j_cm2, change_w, whole_w

    def _is_shown(self, step: "AskedStep", change_w: float, whole_w: float) -> bool:
        """Whether the whole current shows this change."""
        share = rules.SHOWN_SHARE
        if step.pulse_hz:
            pulses = rules.PULSE_HZ / max(step.pulse_hz - rules.PULSE_HZ, 1.0)
            share = max(share, min(pulses, rules.PULSES_SHARE))
        moved_ma = abs(self._hardware.rail_offset_ma - self._zero_ma)  # hides as much
        least_w = (rules.SHOWN_MA + moved_ma) * self._plant.pack_mv() / 1e6
        taken = rules.LEARNED_SHARE if self._is_learned else rules.FOLLOWED_SHARE
        return abs(change_w) > max(share * whole_w, least_w) + taken * whole_w

    def _read_gains(self) -> list[float]:
        """Return how much of its calibrated light each bank's driver gives."""
        return [gain for pad in self._plant.pads for gain in pad.emitters.gains]


def seen_ms(step: "AskedStep") -> int:
    """Return how long a step's current must show a change until the unit is sure of it."""
    return rules.SOON_SEEN_MS if step.lit_share == 1.0 else rules.UNSEEN_MS
