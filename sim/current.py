"""Strings that open and switches that stick, judged by what they do to the LED supply's current.

A part of the witness (`sim.witness`). The firmware has one rail monitor to see them by: a
fault counts from when its current can be told from what is asked (`sim.rules`), and begins
anew where it cannot for a moment.
"""

from typing import TYPE_CHECKING

from firmware import states
from firmware.limits import DUTY_MAX, RAMP_MS
from sim import bounds, rules

if TYPE_CHECKING:
    from sim.run import Run
    from sim.timeline import Injected
    from sim.witness import Witness


def tells(run: "Run", bank: int, opened: bool, struck_ms: float) -> bool:
    """Whether the LED supply's current can tell now that a bank gives nothing since `struck_ms`
    (`opened`), or all though less was asked for."""
    gate = run.unit.gate
    gated = gate.period_ticks > 1
    if not gate.lease or (opened and (gated or _learned_in(run, struck_ms))):
        return False
    bank_w = run.plant.bank_w
    share = gate.on_ticks / gate.period_ticks / DUTY_MAX
    asked_w = 0.0
    for duty, watts in zip(gate.out, bank_w):
        asked_w += duty * share * watts
    own_w = gate.out[bank] * share * bank_w[bank]
    least_w = rules.LEAST_MA * run.plant.pack_mv() / 1e6
    if opened:
        return own_w > max(rules.OPEN_SHARE * asked_w, least_w)
    more_w = bank_w[bank] - own_w
    return more_w > (least_w if gated else max(rules.STUCK_SHARE * asked_w, least_w))


def _learned_in(run: "Run", struck_ms: float) -> bool:
    """Whether a string that opened then is for the next check to find: a check looks by itself,
    and what is open when the drivers are learned is missed by nobody."""
    session = run.unit.session
    if session.state not in states.POWERED:
        return True
    lit_ms = session.state_ms + (RAMP_MS if session.state == states.TREAT else 0)
    return struck_ms < run.t_ms - lit_ms + rules.OPEN_LEARNED_MS


class Shown:
    """A fault of a bank, and since when its current can be told; -1 while it cannot."""

    def __init__(self, injected: "Injected", bank: int) -> None:
        self.injected = injected
        self.bank = bank
        self.opened = injected.event.name == "led_open"
        self.since_ms = -1


class Current:
    """What the banks' faults add to or take from the current of one run."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.hal = run.hal
        self.shown: list[Shown] = []

    def strike(self, injected: "Injected") -> None:
        """A bank's fault has been put on."""
        event = injected.event
        kinds = [row[0] for row in self.run.board.BANKS]
        pad = "AB".index(event.pad or "A")
        self.shown.append(Shown(injected, pad * len(kinds) + kinds.index(int(event.value or 0))))

    def judge(self, t_ms: int, witness: "Witness") -> None:
        """While there is light, after a tick."""
        hardware = self.run.hardware
        gated = self.run.unit.gate.period_ticks > 1
        for row in self.shown:
            bank = row.bank
            there = bank in hardware.open_banks
            if not row.opened:
                there = bank in hardware.stuck_banks and not there
            if not (there and tells(self.run, bank, row.opened, row.injected.t_ms)):
                row.since_ms = -1
            elif row.since_ms < 0:
                row.since_ms = t_ms
            else:
                self._judge(row, t_ms, gated, witness)

    def _judge(self, row: Shown, t_ms: int, gated: bool, witness: "Witness") -> None:
        lasted_ms = t_ms - row.since_ms
        within_ms = bounds.of(row.injected.event.name).within_ms or 0
        if row.opened:
            duty = self.hal.duty[row.bank]
            if lasted_ms >= within_ms and duty:
                said = f"bank {row.bank} driven at {duty} of {DUTY_MAX}"
                witness.broke("open bank", duty, 0.0, said)
            return
        if gated:
            within_ms = bounds.GATED_MS
        if lasted_ms >= within_ms:
            witness.late(row.injected.event.name, lasted_ms, within_ms)

    def dark(self, dark_ms: int, witness: "Witness") -> None:
        """There is no light any more."""
        for row in self.shown:
            if row.since_ms >= 0 and not row.opened:
                witness.slowest.append((row.injected.event.name, dark_ms - row.since_ms))
            row.since_ms = -1
