"""The lit check before therapy: every bank seen to light, the supply switch seen to open.

A step is a control step. First the switch is closed with every bank at zero: no
current, or an LED switch is stuck. Then each bank that the course uses is lit for
one tick at a tenth of its duty while the rail monitor looks. Last, a bank is
driven with the lease withheld: no current, or the supply switch is stuck.
"""

from firmware import faults
from firmware.limits import (
    CHECK_DUTY,
    CHECK_SEEN_PERCENT,
    CONTROL_TICKS,
    DUTY_MAX,
    RAIL_DARK_01MA,
    RAIL_WINDOW_MS,
    TICK_MS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.faults import Faults
    from firmware.gate import Gate
    from firmware.pad import Pad
    from hal.contract import Board

RUNNING = 0
PASSED = 1
FAILED = 2
DARK_CELL_MV = 3_700  # the pack that expected currents are worked out for


class Check:
    """The check's progress, one step at a time."""

    def __init__(self, board: "Board") -> None:
        self.kinds = len(board.BANKS)
        self.banks = 2 * self.kinds
        self.expected_01ma = [0] * self.kinds  # least that counts as lit
        for k in range(self.kinds):
            full_01ma = board.BANKS[k][3] * 10_000 // (2 * DARK_CELL_MV)
            pulse_01ma = full_01ma * CHECK_DUTY // DUTY_MAX * TICK_MS // RAIL_WINDOW_MS
            least_01ma = pulse_01ma * CHECK_SEEN_PERCENT // 100
            # a bank too weak to be told from darkness fails: dark is the answer to a doubt
            self.expected_01ma[k] = max(least_01ma, RAIL_DARK_01MA + 1)
        self.last = self.banks + 2
        self.peak_01ma = 0
        self.step = 0

    def begin(self, gate: "Gate") -> None:
        """The state is entered; from light, a step passes until the monitor has forgotten it."""
        self.step = -2 if gate.open else -1
        self.peak_01ma = 0
        gate.modulate(CONTROL_TICKS, 1)

    def watch(self, rail_01ma: int) -> None:
        """Called each tick: keep the most current seen in this step."""
        if rail_01ma > self.peak_01ma:
            self.peak_01ma = rail_01ma

    def advance(
        self, gate: "Gate", latch: "Faults", pads: "tuple[Pad, Pad]", ms: int
    ) -> int:
        """Judge the step that ends and plan the next; returns RUNNING, PASSED or FAILED.

        A pad that has had its dose is neither lit nor judged again.
        """
        peak_01ma = self.peak_01ma
        self.peak_01ma = 0
        step = self.step
        verdict = RUNNING
        if step == 0 and peak_01ma > RAIL_DARK_01MA:
            latch.raise_fault(faults.LED_STUCK_ON, faults.UNIT, ms, peak_01ma, RAIL_DARK_01MA)
            verdict = FAILED
        elif 1 <= step <= self.banks and not pads[(step - 1) // self.kinds].done:
            self._judge_bank(step - 1, peak_01ma, gate, latch, pads, ms)
        elif step == self.last:
            verdict = PASSED
            if peak_01ma > RAIL_DARK_01MA:
                latch.raise_fault(faults.ENABLE_STUCK, faults.UNIT, ms, peak_01ma, RAIL_DARK_01MA)
                verdict = FAILED
            elif sum(gate.caps) == 0:
                latch.raise_fault(faults.SUPPLY_OPEN, faults.UNIT, ms, 0, RAIL_DARK_01MA)
                verdict = FAILED
        step += 1
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
        return verdict

    def _judge_bank(
        self, bank: int, peak_01ma: int, gate: "Gate", latch: "Faults",
        pads: "tuple[Pad, Pad]", ms: int,
    ) -> None:  # fmt: skip
        least_01ma = self.expected_01ma[bank % self.kinds]
        if gate.caps[bank] and peak_01ma < least_01ma:
            gate.caps[bank] = 0  # no light, no dose
            pads[bank // self.kinds].fluence.rewind(bank % self.kinds)
            latch.raise_fault(faults.LED_OPEN, bank // self.kinds, ms, peak_01ma, least_01ma)

    def _first(self, gate: "Gate") -> int:
        """A bank that was seen to light, preferably."""
        for bank in range(self.banks):
            if gate.caps[bank]:
                return bank
        return 0
