"""Lamp test before therapy: every bank is seen to light, the supply switch is seen to open.

Called by `firmware.waistband` in state CHECK: `watch` each tick, `advance` each control step, which
is a step of the test. Sets duties of the gate, latches faults.

| step       | switch | lit                 | what is judged                                 |
|------------|--------|---------------------|------------------------------------------------|
| before     | open   | nothing             | nothing: what the monitor shows is its zero    |
| 0          | closed | nothing             | what drivers draw; far more: a switch stuck on |
| 1 ... n    | closed | a bank, 160 ms, 10% | too little: string open; far more: stuck on    |
| n + 1, + 2 | open   | a bank that lit     | any current: supply switch stuck closed        |

Where the calibration has a bank's reference power, what flows corrects the dose that is counted;
more than 15 % off is a fault. Where the gate masks every duty, only too much is asked about. A
switch that closes charges what is behind it: the monitor's readings that count begin 24 ms after,
when that is over.

The monitor is believed as long as its set-up holds. It is read back in each step; before a fault
is raised on its word, and before the test is passed, it was read back since. A monitor that fell
silent, or lost its set-up, is not believed: then the check begins anew.
"""

from firmware.core import faults
from firmware.core.faults import UNIT
from firmware.core.inputs import RAIL
from firmware.core.limits import (
    CHECK_DUTY,
    CHECK_MOST,
    CHECK_SEEN_PERCENT,
    CHECK_SETTLE_TICKS,
    CHECK_TICKS,
    CLOCK_MASK,
    CONTROL_TICKS,
    DRIVER_APART_PERMILLE,
    DUTY_MAX,
    RAIL_DARK_01MA,
    RAIL_LEAK_MOST_01MA,
    RAIL_STALE_MS,
    RAIL_ZERO_MOST_01MA,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.core.faults import Faults
    from firmware.core.inputs import Inputs
    from firmware.safety.gate import Gate
    from firmware.therapy.pad import Pad
    from hal.contract import Board

RUNNING = 0
PASSED = 1
FAILED = 2
SILENCES = 5  # a second in all: a monitor that says so little shows no pulse
BATTERY_STILL_SHIFT = 6  # a pack that moves by less than 1/64 in a step stands still: noise, load
DARK_CELL_MV = 3_700  # the pack that expected currents are worked out for
NO_FAULT = -1
SINCE_MOST_MS = 10_000  # a clock that wraps has no before and after: longer is before
LEAST_01MA = -32_768  # of the monitor's register


class LampTest:
    """The check's progress, one step at a time."""

    def __init__(self, board: "Board", reference_mw: "tuple[list[int], ...]" = ()) -> None:
        """`reference_mw`: what each pad's banks drew at full duty when the unit was calibrated;
        none where that was not measured."""
        self.reference_mw = reference_mw
        self.full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self.kinds = len(board.BANKS)
        self.full_mw = [
            row[3] for row in board.BANKS
        ] * 2  # of each bank, or what it was seen to draw
        self.banks = 2 * self.kinds
        self.expected_01ma = [0] * self.kinds  # least that counts as lit
        self.most_01ma = [0] * self.kinds  # more is not this bank alone
        for k in range(self.kinds):
            full_01ma = board.BANKS[k][3] * 10_000 // (2 * DARK_CELL_MV)
            lit_01ma = full_01ma * CHECK_DUTY // DUTY_MAX
            least_01ma = lit_01ma * CHECK_SEEN_PERCENT // 100
            # a bank too weak to be told from darkness fails: dark is the answer to a doubt
            self.expected_01ma[k] = max(least_01ma, RAIL_DARK_01MA + 1)
            self.most_01ma[k] = CHECK_MOST * max(lit_01ma, RAIL_DARK_01MA)
        self.last = self.banks + 2
        self.zero_01ma = 0  # what the monitor shows with the switch open
        self.base_01ma = 0  # ... and closed, without duty
        self.lost = 0  # how often the monitor had lost its set-up when the test began
        self.peak_01ma = LEAST_01MA  # in this step, since
        self.ticks = 0  # of it, CHECK_SETTLE_TICKS were over
        self.battery_least = self.battery_most = 0  # code of the pack, in this step
        self.silences = 0  # of the monitor, since the state was entered
        self.step = 0
        self.begun_ms = 0  # the step, or the finding
        self.fault = NO_FAULT  # found, until the monitor's set-up was read back since
        self.found = [UNIT, 0, 0]  # its pad, value and limit
        self.strong_pad = self.strong_01ma = 0  # of the last step: more than its driver should,
        self.strong_of_01ma = 0  # which is this; 0: it was not
        self.weak_step = 0  # the last that a driver gave too little in

    def begin(self, gate: "Gate", inputs: "Inputs") -> None:
        """The state is entered. From the dark, what the monitor shows is its zero."""
        self.silences = 0
        if not gate.open:
            shown_01ma = inputs.rail[0]
            self.zero_01ma = max(min(shown_01ma, RAIL_ZERO_MOST_01MA), -RAIL_ZERO_MOST_01MA)
            self.base_01ma = self.zero_01ma
        self._begin(gate, inputs)

    def _begin(self, gate: "Gate", inputs: "Inputs") -> None:
        """From light, a step passes until the monitor has forgotten it."""
        self.step = -2 if gate.open else -1
        self.lost = inputs.lost[RAIL]
        self.begun_ms = inputs.ms
        self.fault = NO_FAULT
        self.strong_of_01ma = self.weak_step = 0
        self.peak_01ma = LEAST_01MA
        self.ticks = 0
        gate.lease = True
        gate.modulate(CONTROL_TICKS, CHECK_TICKS)
        gate.hal.prove_rail()

    def watch(self, inputs: "Inputs") -> None:
        """Called each tick: keep the most current seen in this step, once the monitor shows it,
        and the battery's least and most: it may sag before the monitor shows its current."""
        rail_01ma = inputs.rail[0]
        battery = inputs.battery[0]
        if not self.ticks or battery < self.battery_least:
            self.battery_least = battery
        if not self.ticks or battery > self.battery_most:
            self.battery_most = battery
        self.ticks += 1
        # read just now: the average lies within the step, and after the switch's inrush
        if self.ticks >= CHECK_SETTLE_TICKS and inputs.heard[RAIL] == inputs.ms:
            self.peak_01ma = max(self.peak_01ma, rail_01ma)

    def advance(
        self, gate: "Gate", latch: "Faults", pads: "tuple[Pad, Pad]", inputs: "Inputs"
    ) -> int:
        """Judge the step that ends and plan the next; returns RUNNING, PASSED or FAILED.

        A pad that has had its dose is neither lit nor judged again.
        """
        ms = inputs.ms
        age_ms = (ms - inputs.heard[RAIL]) & CLOCK_MASK
        if age_ms > RAIL_STALE_MS or inputs.lost[RAIL] != self.lost:
            return self._begin_anew(age_ms, gate, latch, inputs)
        proved = (inputs.proved[0] - self.begun_ms) & CLOCK_MASK < SINCE_MOST_MS
        self.begun_ms = ms
        gate.hal.prove_rail()
        peak_01ma = self.peak_01ma
        self.peak_01ma = LEAST_01MA
        self.ticks = 0
        verdict = RUNNING
        if self.fault == NO_FAULT:
            verdict = self._judge(peak_01ma, gate, pads, inputs)
            if verdict == PASSED and not proved:
                return self._begin_anew(age_ms, gate, latch, inputs)
            if self.fault != NO_FAULT:  # dark until it is proved; a string may be let be
                self._darken(gate)
                gate.lease = self.fault == faults.LED_OPEN
                return RUNNING
        elif not proved:
            return self._begin_anew(age_ms, gate, latch, inputs)
        else:
            pad, value, limit = self.found
            latch.raise_fault(self.fault, pad, ms, value, limit)
            if self.fault != faults.LED_OPEN:
                return FAILED
            bank = self.step - 1
            gate.caps[bank] = 0  # no light, no dose
            pads[pad].fluence.rewind(bank % self.kinds)
            self.fault = NO_FAULT
        self._plan(gate, pads)
        return verdict

    def _begin_anew(self, age_ms: int, gate: "Gate", latch: "Faults", inputs: "Inputs") -> int:
        """The monitor cannot be believed: RUNNING from the start, FAILED after SILENCES."""
        self.silences += 1
        if self.silences > SILENCES:
            latch.raise_fault(faults.RAIL_LOST, UNIT, inputs.ms, age_ms, RAIL_STALE_MS)
            return FAILED
        self._darken(gate)
        self._begin(gate, inputs)
        return RUNNING

    def _judge(
        self, peak_01ma: int, gate: "Gate", pads: "tuple[Pad, Pad]", inputs: "Inputs"
    ) -> int:
        """The step that ends: PASSED, or RUNNING with what was found in `fault`."""
        step = self.step
        base_01ma = self.base_01ma
        if step == 0:
            if peak_01ma >= -RAIL_ZERO_MOST_01MA:  # in a repeated test the zero is an old one
                self.zero_01ma = min(self.zero_01ma, peak_01ma)
            base_01ma = self.zero_01ma
            most_01ma = RAIL_LEAK_MOST_01MA
            self.base_01ma = max(peak_01ma, base_01ma)
        else:
            most_01ma = self.most_01ma[(step - 1) % self.kinds]
        drawn_01ma = peak_01ma - base_01ma
        if 0 <= step <= self.banks and drawn_01ma > most_01ma:
            self._find(faults.LED_STUCK_ON, UNIT, drawn_01ma, most_01ma)
        elif self.strong_of_01ma:
            self._find(faults.LED_GAIN, self.strong_pad, self.strong_01ma, self.strong_of_01ma)
        elif 1 <= step <= self.banks and not pads[(step - 1) // self.kinds].done:
            self._judge_bank(step - 1, drawn_01ma, gate, pads, inputs)
        elif step == self.last:
            drawn_01ma = peak_01ma - self.zero_01ma
            if drawn_01ma > RAIL_DARK_01MA:
                self._find(faults.ENABLE_STUCK, UNIT, drawn_01ma, RAIL_DARK_01MA)
            elif sum(gate.caps) == 0:
                self._find(faults.SUPPLY_OPEN, UNIT, 0, RAIL_DARK_01MA)
            else:
                return PASSED
        return RUNNING

    def _find(self, fault: int, pad: int, value: int, limit: int) -> None:
        """Keep what was found, to be raised once the monitor's set-up was read back."""
        self.fault = fault
        found = self.found
        found[0] = pad
        found[1] = value
        found[2] = limit

    def _darken(self, gate: "Gate") -> None:
        for bank in range(self.banks):
            gate.set(bank, 0)

    def _plan(self, gate: "Gate", pads: "tuple[Pad, Pad]") -> None:
        """What the next step lights."""
        step = self.step + 1
        self.step = step
        gate.lease = step <= self.banks
        self._darken(gate)
        if 1 <= step <= self.banks:
            if not pads[(step - 1) // self.kinds].done:
                gate.set(step - 1, CHECK_DUTY)
        elif step == self.last:
            gate.set(self._first(gate), CHECK_DUTY)

    def _judge_bank(
        self, bank: int, drawn_01ma: int, gate: "Gate", pads: "tuple[Pad, Pad]", inputs: "Inputs"
    ) -> None:
        """A bank that was to light: is its string open, and is its driver as it was calibrated?"""
        if not (gate.caps[bank] and gate.mask):
            return
        k = bank % self.kinds
        pad = bank // self.kinds
        least_01ma = self.expected_01ma[k]
        if drawn_01ma < least_01ma:
            self._find(faults.LED_OPEN, pad, drawn_01ma, least_01ma)
            return
        reference_mw = self.reference_mw[pad][k] if self.reference_mw else 0
        if not (reference_mw and self.battery_least * self.full_scale_mv >> 12):
            return
        most, least = self.battery_most, self.battery_least
        if most - least <= most >> BATTERY_STILL_SHIFT:
            most = least = inputs.battery[0]
        # CHECK_DUTY is a tenth: mW / 10 * 10 000 / mV are tenths of a milliamp
        low_01ma = max(reference_mw * 1_000 // (most * self.full_scale_mv >> 12), 1)
        high_01ma = max(reference_mw * 1_000 // (least * self.full_scale_mv >> 12), 1)
        permille = min(drawn_01ma * 1_000 // low_01ma, 2_000)
        if permille < 1_000 - DRIVER_APART_PERMILLE and self.weak_step != self.step:
            self.weak_step = self.step
            self.step -= 1  # a string that opens in mid-step looks alike: once more
        elif permille < 1_000 - DRIVER_APART_PERMILLE:
            self._find(faults.LED_GAIN, pad, drawn_01ma, low_01ma)
        elif drawn_01ma * 1_000 // high_01ma <= 1_000 + DRIVER_APART_PERMILLE:
            pads[pad].fluence.correct(k, permille)  # of a battery that moved: rather too much
            self.full_mw[bank] = reference_mw * permille // 1_000
        else:  # another bank's switch, stuck in mid-step, looks alike: the next step tells
            self.strong_pad = pad
            self.strong_01ma = drawn_01ma
            self.strong_of_01ma = high_01ma

    def _first(self, gate: "Gate") -> int:
        """A bank that was seen to light, preferably."""
        for bank in range(self.banks):
            if gate.caps[bank]:
                return bank
        return 0
