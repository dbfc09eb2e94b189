"""Current oracle: strings that open and switches that stick, by the LED supply's current.

A part of the witness (`sim.oracle.safety_oracle`); `Asked` also serves `sim.campaign.measurements`.
Reads the duties and the supply switch as they left the pins, the plant's banks and battery, the
prescription's light; of the unit's claims its state alone. Reports to
`sim.oracle.rules.Violations`.

The unit has one rail monitor to see these faults by: a fault counts from when its current can
be told from what the pins ask for (`sim.oracle.rules`), and begins anew where it cannot for a
moment.
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

CHECK_SHARE = 0.1  # design: in the check each bank is lit for one tick in ten


def gate_share(prescription: "dict[str, Any]") -> float:
    """For which share of a period prescribed light is let out: 1 where it is not gated."""
    light = prescription.get("light") or {}
    if light.get("mode") != "gated":
        return 1.0
    period_ticks = round(1000 / TICK_MS / float(light["rate_hz"]))
    return float(light["on_ms"]) / (period_ticks * TICK_MS)


class Asked:
    """What the pins ask of the LED supply, and whether its current can tell a broken bank."""

    def __init__(self, run: "Subject", claims: "Claims") -> None:
        self._depth = run.depth
        self._plant = run.plant
        self._share = gate_share(run.scenario.prescription)
        self._duties = [0] * len(run.plant.bank_w)  # at the pins, in the last lit part of a gate
        self._state = claims.read_state()
        self._powered_ms = run.t_ms - claims.read_powered_ms()  # since when, last

    def follow_state(self, state: str, t_ms: int) -> None:
        """The unit says that it is in this state."""
        if state == self._state:
            return
        self._state = state
        if state == "RAMP":
            self._powered_ms = t_ms

    def is_gated(self) -> bool:
        """Whether light is let out in parts of a period: the monitor sees those dark alone."""
        return self._share < 1.0 or self._state == "CHECK"

    def is_told(self, bank: int, opened: bool, struck_ms: float) -> bool:
        """Whether the LED supply's current can tell now that a bank gives nothing since
        `struck_ms` (`opened`), or all though less was asked for."""
        depth = self._depth
        duties = depth.duty
        gated = self._share < 1.0
        if gated:
            if any(duties):
                self._duties = duties[:]
            duties = self._duties
        if not depth.supply or (opened and (gated or self._is_learned_in(struck_ms))):
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

    def _is_learned_in(self, struck_ms: float) -> bool:
        """Whether a string that opened then is for the next check to find: a check looks by
        itself, and what is open when the drivers are learned is missed by nobody."""
        if self._state not in POWERED:
            return True
        return struck_ms < self._powered_ms + rules.OPEN_LEARNED_MS


class Shown:
    """A fault of a bank, and since when its current can be told; -1 while it cannot."""

    def __init__(self, injected: "Injected", bank: int) -> None:
        self.injected = injected
        self.bank = bank
        self.opened = find_bound(injected.event.name).comes == deadlines.BANK
        self.since_ms = -1


class Current:
    """What the banks' faults add to or take from the current of one run."""

    def __init__(self, run: "Subject", claims: "Claims", sink: "Violations") -> None:
        self.depth = run.depth
        self.hardware = run.hardware
        self.kinds = [row[0] for row in run.board.BANKS]
        self.asked = Asked(run, claims)
        self.shown: list[Shown] = []
        self._sink = sink

    def strike(self, injected: "Injected") -> None:
        """A bank's fault has been put on."""
        event = injected.event
        first = "AB".index(event.pad or "A") * len(self.kinds)
        self.shown.append(Shown(injected, first + self.kinds.index(int(event.value or 0))))

    def judge(self, t_ms: int) -> None:
        """While there is light, after a tick."""
        hardware = self.hardware
        for row in self.shown:
            bank = row.bank
            there = bank in hardware.open_banks
            if not row.opened:
                there = bank in hardware.stuck_banks and not there
            if not (there and self.asked.is_told(bank, row.opened, row.injected.t_ms)):
                row.since_ms = -1
            elif row.since_ms < 0:
                row.since_ms = t_ms
            else:
                self._judge(row, t_ms)

    def _judge(self, row: Shown, t_ms: int) -> None:
        lasted_ms = t_ms - row.since_ms
        fault = row.injected.event.name
        within_ms = find_bound(fault).within_ms or 0
        if row.opened:
            duty = self.depth.duty[row.bank]
            if lasted_ms >= within_ms and duty:
                said = f"bank {row.bank} driven at {duty} of {DUTY_MAX}"
                self._sink.report(t_ms, "open bank", duty, 0.0, said)
            return
        if self.asked.is_gated():
            within_ms = deadlines.GATED_MS
        if lasted_ms >= within_ms:
            said = f"lit {lasted_ms} ms after {fault} struck"
            self._sink.report(t_ms, "late", lasted_ms, within_ms, said)

    def end_light(self, dark_ms: int) -> None:
        """There is no light any more."""
        for row in self.shown:
            if row.since_ms >= 0 and not row.opened:
                self._sink.report_dark(row.injected.event.name, dark_ms - row.since_ms)
            row.since_ms = -1
