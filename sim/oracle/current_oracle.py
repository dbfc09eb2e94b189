"""Current oracle: strings that open and switches that stick, by the LED supply's current.

Called by `sim.oracle.safety_oracle`. Reads the pins and the plant by way of
`sim.oracle.supply_current`, which finds since when the current shows a fault. Reports to
`sim.oracle.rules.Violations`.
"""

from typing import TYPE_CHECKING

from sim.faults import deadlines
from sim.faults.catalogue import find_bound
from sim.oracle.design import DUTY_MAX
from sim.oracle.supply_current import BankFault, BankFaults

if TYPE_CHECKING:
    from sim.oracle.claims import Claims
    from sim.oracle.rules import Violations
    from sim.oracle.subject import Subject


class CurrentOracle:
    """Judges the faults of banks in one run."""

    def __init__(self, run: "Subject", claims: "Claims", sink: "Violations") -> None:
        self.depth = run.depth
        self.faults = BankFaults(run, claims)
        self._sink = sink

    def judge(self, t_ms: int, alive: bool) -> None:
        """Judge a lit tick; of a program that has ended (`alive`) nothing is due."""
        self.faults.follow(t_ms)
        for row in self.faults.rows:
            if alive and 0 <= row.since_ms < t_ms:
                self._judge_fault(row, t_ms)

    def _judge_fault(self, row: BankFault, t_ms: int) -> None:
        lasted_ms = t_ms - row.since_ms
        fault = row.injected.event.name
        within_ms = find_bound(fault).within_ms or 0
        if row.opened:
            duty = self.depth.duty[row.bank]
            if lasted_ms >= within_ms and duty:
                said = f"bank {row.bank} driven at {duty} of {DUTY_MAX}"
                self._sink.report(t_ms, "open bank", duty, 0.0, said)
            return
        if self.faults.supply.is_gated(t_ms):
            within_ms = deadlines.GATED_MS
        if lasted_ms >= within_ms:
            said = f"lit {lasted_ms} ms after {fault} struck"
            self._sink.report(t_ms, "late", lasted_ms, within_ms, said)

    def end_light(self, dark_ms: int) -> None:
        """Light ended at `dark_ms`."""
        for row in self.faults.rows:
            if row.since_ms >= 0 and not row.opened:
                self._sink.report_dark(row.injected.event.name, dark_ms - row.since_ms)
            row.since_ms = -1
