"""Lamp test before therapy: every bank is seen to light, the supply switch is seen to open.

A step is a control step. First the switch is closed with every bank at zero: no current, or an
LED switch is stuck. Then each bank that the course uses is lit for 160 ms at a tenth of its duty
while the rail monitor looks: too little, and its string is open; far more, and a switch stuck
since (where the gate masks every duty, only too much is asked about). Where the calibration has
the bank's reference power, what flows now corrects the dose that is counted; more than 15 % off is
a fault. Last, a bank is driven with the lease withheld: no current, or the supply switch is stuck.
A monitor that fell silent is not believed; when it speaks again, the check begins anew.
"""

from firmware.core import faults
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
    RAIL_STALE_MS,
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


class LampTest:
    """The check's progress, one step at a time."""

    def __init__(self, board: "Board", reference_mw: "tuple[list[int], ...]" = ()) -> None:
        """`reference_mw`: what each pad's banks drew at full duty when the unit was calibrated;
        none where that was not measured."""
        self.reference_mw = reference_mw
        self.full_scale_mv = board.BATTERY_FULL_SCALE_MV
        self.kinds = len(board.BANKS)
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
        self.peak_01ma = 0  # in this step, since
        self.ticks = 0  # of it, CHECK_SETTLE_TICKS were over
        self.battery_least = self.battery_most = 0  # code of the pack, in this step
        self.silences = 0  # of the monitor, since the state was entered
        self.step = 0
        self.strong_pad = self.strong_01ma = 0  # of the last step: more than its driver should,
        self.strong_of_01ma = 0  # which is this; 0: it was not
        self.weak_step = 0  # the last that a driver gave too little in

    def begin(self, gate: "Gate") -> None:
        """The state is entered."""
        self.silences = 0
        self._begin(gate)

    def _begin(self, gate: "Gate") -> None:
        """From light, a step passes until the monitor has forgotten it."""
        self.step = -2 if gate.open else -1
        self.strong_of_01ma = self.weak_step = 0
        self.peak_01ma = self.ticks = 0
        gate.lease = True
        gate.modulate(CONTROL_TICKS, CHECK_TICKS)

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
        if self.ticks >= CHECK_SETTLE_TICKS and rail_01ma > self.peak_01ma:
            self.peak_01ma = rail_01ma

    def advance(
        self, gate: "Gate", latch: "Faults", pads: "tuple[Pad, Pad]", inputs: "Inputs"
    ) -> int:
        """Judge the step that ends and plan the next; returns RUNNING, PASSED or FAILED.

        A pad that has had its dose is neither lit nor judged again.
        """
        ms = inputs.ms
        age_ms = (ms - inputs.heard[RAIL]) & CLOCK_MASK
        if age_ms > RAIL_STALE_MS:
            self.silences += 1
            if self.silences > SILENCES:
                latch.raise_fault(faults.RAIL_LOST, faults.UNIT, ms, age_ms, RAIL_STALE_MS)
                return FAILED
            self._begin(gate)
        peak_01ma = self.peak_01ma
        self.peak_01ma = self.ticks = 0
        step = self.step
        verdict = RUNNING
        most_01ma = RAIL_DARK_01MA if step == 0 else self.most_01ma[(step - 1) % self.kinds]
        if 0 <= step <= self.banks and peak_01ma > most_01ma:
            latch.raise_fault(faults.LED_STUCK_ON, faults.UNIT, ms, peak_01ma, most_01ma)
            verdict = FAILED
        elif self.strong_of_01ma:
            latch.raise_fault(
                faults.LED_GAIN, self.strong_pad, ms, self.strong_01ma, self.strong_of_01ma
            )
            verdict = FAILED
        elif 1 <= step <= self.banks and not pads[(step - 1) // self.kinds].done:
            self._judge_bank(step - 1, peak_01ma, gate, latch, pads, inputs)
        elif step == self.last:
            verdict = PASSED
            if peak_01ma > RAIL_DARK_01MA:
                latch.raise_fault(faults.ENABLE_STUCK, faults.UNIT, ms, peak_01ma, RAIL_DARK_01MA)
                verdict = FAILED
            elif sum(gate.caps) == 0:
                latch.raise_fault(faults.SUPPLY_OPEN, faults.UNIT, ms, 0, RAIL_DARK_01MA)
                verdict = FAILED
        self._plan(gate, pads)
        return verdict

    def _plan(self, gate: "Gate", pads: "tuple[Pad, Pad]") -> None:
        """What the next step lights."""
        step = self.step + 1
        self.step = step
        for bank in range(self.banks):
            gate.set(bank, 0)
        if 1 <= step <= self.banks:
            if not pads[(step - 1) // self.kinds].done:
                gate.set(step - 1, CHECK_DUTY)
        elif step > self.banks:
            gate.lease = False
            if step == self.last:
                gate.set(self._first(gate), CHECK_DUTY)

    def _judge_bank(
        self, bank: int, peak_01ma: int, gate: "Gate", latch: "Faults",
        pads: "tuple[Pad, Pad]", inputs: "Inputs",
    ) -> None:  # fmt: skip
        """A bank that was to light: is its string open, and is its driver as it was calibrated?"""
        if not (gate.caps[bank] and gate.mask):
            return
        k = bank % self.kinds
        pad = bank // self.kinds
        least_01ma = self.expected_01ma[k]
        if peak_01ma < least_01ma:
            gate.caps[bank] = 0  # no light, no dose
            pads[pad].fluence.rewind(k)
            latch.raise_fault(faults.LED_OPEN, pad, inputs.ms, peak_01ma, least_01ma)
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
        permille = min(peak_01ma * 1_000 // low_01ma, 2_000)
        if permille < 1_000 - DRIVER_APART_PERMILLE and self.weak_step != self.step:
            self.weak_step = self.step
            self.step -= 1  # a string that opens in mid-step looks alike: once more
        elif permille < 1_000 - DRIVER_APART_PERMILLE:
            latch.raise_fault(faults.LED_GAIN, pad, inputs.ms, peak_01ma, low_01ma)
        elif peak_01ma * 1_000 // high_01ma <= 1_000 + DRIVER_APART_PERMILLE:
            pads[pad].fluence.correct(k, permille)  # of a battery that moved: rather too much
        else:  # another bank's switch, stuck in mid-step, looks alike: the next step tells
            self.strong_pad = pad
            self.strong_01ma = peak_01ma
            self.strong_of_01ma = high_01ma

    def _first(self, gate: "Gate") -> int:
        """A bank that was seen to light, preferably."""
        for bank in range(self.banks):
            if gate.caps[bank]:
                return bank
        return 0
