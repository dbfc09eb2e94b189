"""Current monitor: compares LED supply current with the duties while lit.

| current     | cause                                         | verdict                       |
|-------------|-----------------------------------------------|-------------------------------|
| 18 % more   | an LED switch is stuck on                     | LED_STUCK_ON: dark at once    |
| in the dark | an LED switch is stuck on                     | LED_STUCK_ON                  |
| 1 % apart   | a string opened, or a driver gives other than | CHANGED: the lamp test is     |
|             | it did                                        | made again, and says which    |

Currents are in tenths of a milliamp. Light is judged step by step: the monitor's last average
(68 ms) lies within the control step that ends. The lamp test says what each bank draws; what that
leaves is learned after each test, and followed slowly, and not far, from there. In gated light
averages begin anywhere in a period, and say too little. Now and then the gate is steady for a
control step, which is judged like any other; its dark parts are to show no current. Light without
a gate that draws too much is made dark for a moment, to tell a driver from a switch.

With the first judgement that does not fit, the monitor's set-up is asked to be read back; nothing
is latched before that was found right. Where it was lost, judgement and learning begin anew.
"""

from firmware.core import faults
from firmware.core.inputs import RAIL
from firmware.core.limits import (
    CLOCK_MASK,
    CONTROL_TICKS,
    LOOK_STEADY_STEPS,
    RAIL_DARK_01MA,
    RAIL_WINDOW_MS,
    TICK_MS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs
    from firmware.safety.gate import Gate
    from hal.contract import Board

ONE = 16_384  # the gain of a unit that draws just what its board file says
GAIN_APART = ONE * 3 // 10  # ours: drivers differ by no more
STEADY_SHIFT = 5  # a thirty-second from one judgement to the next
LEARN_STEPS = 5  # a second: what the drivers draw is learned from so many judgements
LEARN_01MA = 50  # ... of at least 5 mA
EXACT_SHIFT = 5  # and may be a 32nd beside what the lamp test saw: a string is more than that
FOLLOW_SHIFT = 6  # then a 64th of each difference: slower than anything that breaks,
FOLLOW_MOST_SHIFT = 7  # and a 128th in all: a sound unit drifted by 0.3 % in a session
PULSE_HZ = 10  # slow pulses: an average has one more or less, which few of them lie apart,
PULSES_APART = 16  # ... and a sixteenth at most: a switch that sticks is to be told at any rate
APART = 110  # a 110th more or less is for the lamp test; a sound unit differed by a 200th
OVER_PERCENT = 18  # so much too much is no driver's tolerance
FLOOR_01MA = 8  # less than this is not told from noise
SURE = 2  # judgements running
AGAIN_MOST = 5  # by then the set-up was read back
NO_DOUBT = -1
FRESH_MS = CONTROL_TICKS * TICK_MS - 2 * RAIL_WINDOW_MS  # the average began in the step that ends
DARK_TICKS = -(-2 * RAIL_WINDOW_MS // TICK_MS) + 1  # the average then began in the dark
SETTLE_STEPS = 2  # of light, until the monitor has forgotten the check
RECHECKS = 3  # in a session: what differs once more is no driver

# What a judgement may say, beside the faults that it latches.
NOTHING = 0
FITS = 1  # every bank gave what was asked of it
CHANGED = 2  # the check is to find the bank that gives no light, or what each gives now


class CurrentMonitor:
    """What was expected of the supply, what it delivered, and for how long the two differed."""

    def __init__(self, board: "Board", gate: "Gate", full_mw: list[int], exact: bool) -> None:
        """`full_mw`: what each bank draws at full duty; `exact` where the lamp test sets it."""
        self.gate = gate
        self.full_mw = full_mw
        self.exact = exact
        self.full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self.rechecks = 0  # in this session
        self.base_01ma = 0  # what the monitor shows with the switch closed and no duty
        self.lost = 0  # how often it had lost its set-up
        self.learn(0)

    def learn(self, base_01ma: int) -> None:
        """Light begins after a check: learn anew what the drivers draw."""
        self.base_01ma = base_01ma
        self.doubt_ms = NO_DOUBT  # since when the set-up is to be read back
        self.gain = ONE
        self.learned = self.gain_sum = 0
        self.over = self.apart = 0  # judgements running
        self.wait_steps = SETTLE_STEPS
        self.last_01ma = 0  # expected at the last judgement
        self.dark_ticks = self.leaks = 0

    def watch(self, inputs: "Inputs", lit: bool) -> None:
        """Each tick, with whether the gate was open: what flows in its dark parts."""
        if lit:
            self.dark_ticks = 0
            return
        self.dark_ticks += 1
        if self.dark_ticks >= DARK_TICKS and inputs.heard[RAIL] == inputs.ms:
            leaks = inputs.rail[0] - self.base_01ma > RAIL_DARK_01MA
            self.leaks = self.leaks + 1 if leaks else 0
            if self.leaks == SURE:  # not before: the read-back takes a turn of the monitor's
                self._doubt(inputs)

    def judge(self, inputs: "Inputs", all_lit: bool, latch: "Faults") -> int:
        """Once a control step while lit: latch what does not fit; returns NOTHING, FITS or
        CHANGED. `all_lit`: light was not interrupted since the last judgement."""
        found_01ma = inputs.rail[0] - self.base_01ma
        if inputs.lost[RAIL] != self.lost:
            self.lost = inputs.lost[RAIL]
            self.learn(self.base_01ma)
        if self.leaks >= SURE and self._is_proved(inputs):
            latch.raise_fault(
                faults.LED_STUCK_ON, faults.UNIT, inputs.ms, found_01ma, RAIL_DARK_01MA
            )
        pack_mv = inputs.battery[0] * self.full_scale_mv >> 12
        if self.wait_steps:
            self.wait_steps -= 1
        elif all_lit and pack_mv and (inputs.ms - inputs.heard[RAIL]) & CLOCK_MASK <= FRESH_MS:
            return self._weigh(self.expect(self.gate.out, pack_mv), found_01ma, inputs, latch)
        return NOTHING

    def _doubt(self, inputs: "Inputs") -> None:
        """Something does not fit: have the set-up read back, unless that was asked already."""
        if self.doubt_ms == NO_DOUBT:
            self.doubt_ms = inputs.ms
            self.gate.hal.prove_rail()

    def _is_proved(self, inputs: "Inputs") -> bool:
        """Whether the set-up was read back, and found right, since the doubt."""
        since_ms = (inputs.proved[0] - self.doubt_ms) & CLOCK_MASK
        return self.doubt_ms != NO_DOUBT and since_ms < CLOCK_MASK >> 1

    def expect(self, out: list[int], pack_mv: int) -> int:
        """What these duties draw from a pack of this voltage, by `full_mw`."""
        total = 0  # eighths of a mW: 24 W in all, times 1250, is still below 2**30
        full_mw = self.full_mw
        for bank in range(len(out)):
            total += out[bank] * full_mw[bank] >> 13
        return total * 1_250 // pack_mv

    def _weigh(self, nominal_01ma: int, found_01ma: int, inputs: "Inputs", latch: "Faults") -> int:
        """One judgement; two of a kind running are believed, once the set-up is proved."""
        ms = inputs.ms
        gate = self.gate
        expected_01ma = nominal_01ma * self.gain // ONE
        learning = self.learned < LEARN_STEPS
        more_01ma = expected_01ma * OVER_PERCENT // 100
        if learning and not self.exact:
            more_01ma = expected_01ma * 3 // 10
            apart = False
        else:
            pulses = max(gate.carrier_hz // PULSE_HZ, PULSES_APART)
            slack_01ma = expected_01ma // min(APART, pulses)
            apart = abs(found_01ma - expected_01ma) > max(slack_01ma, FLOOR_01MA)
        more_01ma = max(more_01ma, RAIL_DARK_01MA)
        self.over = self.over + 1 if found_01ma > expected_01ma + more_01ma else 0
        self.apart = self.apart + 1 if apart else 0
        strange = abs(self.gain - ONE) > GAIN_APART
        if self.over or self.apart or strange:
            self._doubt(inputs)
        else:
            self.doubt_ms = NO_DOUBT
        proved = self._is_proved(inputs)
        if self.over >= SURE and proved:
            most_01ma = expected_01ma + more_01ma
            latch.raise_fault(faults.LED_STUCK_ON, faults.UNIT, ms, found_01ma, most_01ma)
        elif proved and not self.over and (self.apart >= SURE or strange):
            return self._miss(found_01ma, nominal_01ma, ms, latch)
        elif not (self.over or self.apart or strange):
            if nominal_01ma >= LEARN_01MA:
                self._follow(nominal_01ma, found_01ma)
            return NOTHING if learning and not self.exact else FITS
        if self.apart < AGAIN_MOST:
            gate.gated_steps = LOOK_STEADY_STEPS  # what is gated is looked at again, and else
            if self.apart == 1 and not self.over and found_01ma > expected_01ma:
                gate.look()  # in the dark a switch that sticks shows
        return NOTHING

    def _follow(self, nominal_01ma: int, found_01ma: int) -> None:
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
            if self.exact:  # what is left after a lamp test is little
                most = LEARN_STEPS * ONE
                least = most - (most >> EXACT_SHIFT)
                self.gain_sum = min(max(self.gain_sum, least), most + (most >> EXACT_SHIFT))
            self.gain = self.gain_sum // LEARN_STEPS
        else:
            learned = self.gain_sum // LEARN_STEPS
            most = learned >> FOLLOW_MOST_SHIFT
            gain = self.gain + ((ratio - self.gain) >> FOLLOW_SHIFT)
            self.gain = min(max(gain, learned - most), learned + most)

    def _miss(self, found_01ma: int, nominal_01ma: int, ms: int, latch: "Faults") -> int:
        """The drivers give more or less than they did: have the check say which; if that does not
        help, or they are far apart from what the lamp test said, stop."""
        self.apart = 0
        self.rechecks += 1
        if self.rechecks <= RECHECKS and abs(self.gain - ONE) <= GAIN_APART:
            return CHANGED
        latch.raise_fault(faults.RAIL_APART, faults.UNIT, ms, found_01ma, nominal_01ma)
        return NOTHING
