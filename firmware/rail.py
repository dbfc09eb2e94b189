"""The rail monitor while lit: does the LED supply deliver what the duties ask for?

More is an LED switch that is stuck on: dark at once. Less is a string that opened: the
check is made again, and says which. Currents are in tenths of a milliamp.

The monitor's last average (68 ms) lies within the control step that ends, so light without
a gate is judged step by step. Gated light, whose averages begin anywhere in a gate's period,
is judged over two seconds, and by so much less finely. What a unit's drivers really draw
for a duty is learned after each check, within 30 %, and followed slowly from there.
"""

from firmware import faults, states
from firmware.inputs import RAIL
from firmware.limits import CLOCK_MASK, CONTROL_TICKS, RAIL_DARK_01MA, RAIL_STALE_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.waistband import Waistband
    from hal.contract import Board

ONE = 16_384  # the gain of a unit that draws just what its board file says
GAIN_MIN, GAIN_MAX = ONE * 7 // 10, ONE * 13 // 10  # ours: drivers differ by no more
STEADY_SHIFT = 5  # a thirty-second from one judgement to the next
LEARN_STEPS = 5  # a second: what the drivers draw is learned from so many judgements
LEARN_01MA = 50  # ... of at least 5 mA
FOLLOW_SHIFT = 6  # then a 64th of each difference: slower than anything that breaks
OVER_SHIFT = 4  # a sixteenth too much is no driver's tolerance
UNDER_SHIFT = 5  # less than a thirty-second is what learning may be wrong by
FLOOR_01MA = 8  # less than this is not told from noise
RIPPLE_SHIFT = 4  # of the open gate's current: what averages that begin anywhere may miss
SURE = 2  # judgements running
GATED_STEPS = 10  # two seconds
SETTLE_STEPS = 2  # of light, until the monitor has forgotten the check
RECHECKS = 3  # in a session: what is missed once more is no open string


class Rail:
    """What was expected of the supply, what it delivered, and for how long the two differed."""

    def __init__(self, board: "Board") -> None:
        self.full_mw = [row[3] for row in board.BANKS] * 2
        self.full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self.least_01ma = 0  # of the weakest bank that is lit
        self.tick_sum = 0  # the monitor's answers in this control step
        self.rechecks = 0  # in this session
        self.expected_01ma = self.found_01ma = self.most_01ma = self.steps = 0
        self.learn()

    def learn(self) -> None:
        """Light begins after a check: learn anew what the drivers draw."""
        self.gain = ONE
        self.learned = self.gain_sum = 0
        self.over = self.under = 0  # judgements running
        self.wait_steps = SETTLE_STEPS
        self.last_01ma = 0  # expected at the last judgement
        self.expected_01ma = self.found_01ma = self.most_01ma = self.steps = 0

    def judge(self, unit: "Waistband", ms: int, lit_ms: int, step_ms: int) -> None:
        """Once a control step while lit: latch, or post, what does not fit."""
        inputs = unit.inputs
        tick_sum = self.tick_sum
        self.tick_sum = 0
        pack_mv = inputs.battery[0] * self.full_scale_mv >> 12
        stale = (ms - inputs.heard[RAIL]) & CLOCK_MASK > RAIL_STALE_MS
        if self.wait_steps:
            self.wait_steps -= 1
            return
        if stale or not pack_mv or not step_ms:
            return
        gate = unit.gate
        on_01ma = self.expect(gate.out, pack_mv)
        if gate.period_ticks == 1:
            if lit_ms == step_ms:
                self._weigh(unit, on_01ma, inputs.rail[0], 0, SURE)
            return
        self.expected_01ma += on_01ma * lit_ms // step_ms
        self.found_01ma += tick_sum // CONTROL_TICKS
        self.most_01ma = max(self.most_01ma, on_01ma)  # averages lag where light is slowed down
        self.steps += 1
        if self.steps == GATED_STEPS:
            expected_01ma = self.expected_01ma // GATED_STEPS
            found_01ma = self.found_01ma // GATED_STEPS
            ripple_01ma = self.most_01ma >> RIPPLE_SHIFT
            self.expected_01ma = self.found_01ma = self.most_01ma = self.steps = 0
            self._weigh(unit, expected_01ma, found_01ma, ripple_01ma, 1)

    def expect(self, out: list[int], pack_mv: int) -> int:
        """What these duties draw from a pack of this voltage, by the board's file."""
        total = least = 0  # eighths of a mW: 24 W in all, times 1250, is still below 2**30
        for bank in range(len(out)):
            part = out[bank] * self.full_mw[bank] >> 13
            total += part
            if part and (part < least or not least):
                least = part
        self.least_01ma = least * 1_250 // pack_mv
        return total * 1_250 // pack_mv

    def _weigh(
        self, unit: "Waistband", nominal_01ma: int, found_01ma: int, ripple_01ma: int, sure: int
    ) -> None:
        """One judgement; `sure` of a kind running are believed."""
        expected_01ma = nominal_01ma * self.gain // ONE
        learning = self.learned < LEARN_STEPS
        more_01ma = expected_01ma * 3 // 10 if learning else expected_01ma >> OVER_SHIFT
        more_01ma = max(more_01ma, RAIL_DARK_01MA) + ripple_01ma
        less_01ma = max(self.least_01ma >> 1, expected_01ma >> UNDER_SHIFT, FLOOR_01MA)
        less_01ma += ripple_01ma
        missing = not learning and found_01ma < expected_01ma - less_01ma
        self.over = self.over + 1 if found_01ma > expected_01ma + more_01ma else 0
        self.under = self.under + 1 if missing else 0
        ms = unit.inputs.ms
        if self.over >= sure:
            unit.faults.raise_fault(
                faults.LED_STUCK_ON, faults.UNIT, ms, found_01ma, expected_01ma + more_01ma
            )
        elif self.under >= sure:
            self._miss(unit, found_01ma, expected_01ma - less_01ma)
        elif not self.over and not self.under:
            for pad in unit.pads:
                pad.fluence.mark()
            if nominal_01ma >= LEARN_01MA:
                self._follow(unit, nominal_01ma, found_01ma)

    def _follow(self, unit: "Waistband", nominal_01ma: int, found_01ma: int) -> None:
        """Learn, then follow, what this unit draws for its duties: only from light that is
        steady, since the monitor may still show the step before."""
        moved_01ma = abs(nominal_01ma - self.last_01ma)
        self.last_01ma = nominal_01ma
        if moved_01ma > nominal_01ma >> STEADY_SHIFT:
            return
        ratio = found_01ma * ONE // nominal_01ma
        if self.learned < LEARN_STEPS:
            self.learned += 1
            self.gain_sum += ratio
            if self.learned < LEARN_STEPS:
                return
            self.gain = self.gain_sum // LEARN_STEPS
        else:
            self.gain += (ratio - self.gain) >> FOLLOW_SHIFT
        if not GAIN_MIN <= self.gain <= GAIN_MAX:
            unit.faults.raise_fault(
                faults.RAIL_APART, faults.UNIT, unit.inputs.ms, found_01ma, nominal_01ma
            )

    def _miss(self, unit: "Waistband", found_01ma: int, least_01ma: int) -> None:
        """Current is missing: have the check find the bank; if it never does, stop."""
        self.under = 0
        self.rechecks += 1
        if self.rechecks > RECHECKS:
            unit.faults.raise_fault(
                faults.RAIL_APART, faults.UNIT, unit.inputs.ms, found_01ma, least_01ma
            )
        else:
            unit.session.post(states.RECHECK)
