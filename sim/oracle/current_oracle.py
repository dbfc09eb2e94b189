"""Current oracle: strings that open and switches that stick, by the LED supply's current.

Called by `sim.oracle.safety_oracle`; `SupplyCurrent` also by `sim.campaign.measurements`. Reads
the duties and the supply switch at the pins, the plant's banks and battery, the prescription's
light, and of the unit's claims its state alone. Reports to `sim.oracle.rules.Violations`.

The unit sees these faults by one current monitor. A fault counts from when the current differs
enough from what the pins ask for (`sim.oracle.rules`), and from anew after each moment in which
it does not.
"""

from typing import TYPE_CHECKING

from sim.faults import deadlines
from sim.faults.catalogue import find_bound
from sim.oracle import rules
from sim.oracle.design import DUTY_MAX, POWERED, TICK_MS

if TYPE_CHECKING:
    from typing import Any

    from sim.faults.injected import Injected
    from sim.oracle.claims import Claims
    from sim.oracle.rules import Violations
    from sim.oracle.subject import Subject

CHECK_SHARE = 0.8  # the lamp test lights each bank for eight ticks in ten


def lit_share(prescription: "dict[str, Any]") -> float:
    """Return the share of a period in which prescribed light is on: 1 where it is not gated."""
    light = prescription.get("light") or {}
    if light.get("mode") != "gated":
        return 1.0
    period_ticks = round(1000 / TICK_MS / float(light["rate_hz"]))
    return float(light["on_ms"]) / (period_ticks * TICK_MS)


class SupplyCurrent:
    """What the pins ask of the LED supply, and whether its current shows a broken bank."""

    def __init__(self, run: "Subject", claims: "Claims") -> None:
        self._depth = run.depth
        self._plant = run.plant
        self._share = lit_share(run.scenario.prescription)
        self._duties = [0] * len(run.plant.bank_w)  # at the pins, in the last lit part of a gate
        self._state = claims.read_state()
        self._powered_ms = run.t_ms - claims.read_powered_ms()  # RAMP last began

    def follow_state(self, state: str, t_ms: int) -> None:
        """Note the state that the unit claims."""
        if state != self._state and state == "RAMP":
            self._powered_ms = t_ms
        self._state = state

    def is_gated(self) -> bool:
        """Whether light is on in parts of a period: the monitor sees these faults in the dark."""
        return self._share < 1.0 or self._state == "CHECK"

    def is_detectable(self, bank: int, opened: bool, injected_ms: float) -> bool:
        """Whether the supply's current now shows that a bank gives no light since `injected_ms`
        (`opened`), or full light where less was asked for."""
        depth = self._depth
        duties = depth.duty
        gated = self._share < 1.0
        if gated:
            if any(duties):
                self._duties = duties[:]
            duties = self._duties
        if not depth.supply or (opened and (gated or self._is_learned(injected_ms))):
            return False
        bank_w = self._plant.bank_w
        share = (CHECK_SHARE if self._state == "CHECK" else self._share) / DUTY_MAX
        asked_w = 0.0
        for duty, watts in zip(duties, bank_w):
            asked_w += duty * share * watts
        own_w = duties[bank] * share * bank_w[bank]
        least_w = rules.LEAST_MA * self._plant.pack_mv() / 1e6
        if opened:
            return own_w > max(rules.OPEN_SHARE * asked_w, least_w)
        more_w = bank_w[bank] - own_w
        return more_w > (least_w if self.is_gated() else max(rules.STUCK_SHARE * asked_w, least_w))

    def _is_learned(self, injected_ms: float) -> bool:
        """Whether only the next lamp test finds a string that opened then: the unit learns the
        drivers' currents at the start of the ramp, with the open string among them."""
        if self._state not in POWERED:
            return True
        return injected_ms < self._powered_ms + rules.OPEN_LEARNED_MS


class BankFault:
    """An injected fault of a bank, and since when the current shows it; -1 while it does not."""

    def __init__(self, injected: "Injected", bank: int) -> None:
        self.injected = injected
        self.bank = bank
        self.opened = find_bound(injected.event.name).comes == deadlines.BANK
        self.since_ms = -1


class CurrentOracle:
    """Judges the faults of banks in one run."""

    def __init__(self, run: "Subject", claims: "Claims", sink: "Violations") -> None:
        self.depth = run.depth
        self.hardware = run.hardware
        self.kinds = [row[0] for row in run.board.BANKS]
        self.supply = SupplyCurrent(run, claims)
        self.faults: list[BankFault] = []
        self._sink = sink

    def add_fault(self, injected: "Injected") -> None:
        """Judge this fault of a bank from now on."""
        event = injected.event
        first = "AB".index(event.pad or "A") * len(self.kinds)
        self.faults.append(BankFault(injected, first + self.kinds.index(int(event.value or 0))))

    def judge(self, t_ms: int) -> None:
        """Judge a lit tick."""
        hardware = self.hardware
        for row in self.faults:
            bank = row.bank
            there = bank in hardware.open_banks
            if not row.opened:
                there = bank in hardware.stuck_banks and not there
            if not (there and self.supply.is_detectable(bank, row.opened, row.injected.t_ms)):
                row.since_ms = -1
            elif row.since_ms < 0:
                row.since_ms = t_ms
            else:
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
        if self.supply.is_gated():
            within_ms = deadlines.GATED_MS
        if lasted_ms >= within_ms:
            said = f"lit {lasted_ms} ms after {fault} struck"
            self._sink.report(t_ms, "late", lasted_ms, within_ms, said)

    def end_light(self, dark_ms: int) -> None:
        """Light ended at `dark_ms`."""
        for row in self.faults:
            if row.since_ms >= 0 and not row.opened:
                self._sink.report_dark(row.injected.event.name, dark_ms - row.since_ms)
            row.since_ms = -1
