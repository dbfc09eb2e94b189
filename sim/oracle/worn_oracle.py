"""Worn oracle: is the belt worn, by the plant's three truths, and what of it do the sensors show?

Called by `sim.oracle.safety_oracle` after each tick. Reads the buckle, the pads' cover, their
temperatures and the sensors' registers; judges light against them. The firmware has no part in it.

| truth       | from                 | shown by                                        |
|-------------|----------------------|-------------------------------------------------|
| buckle      | `Hardware.buckled`   | its pin                                         |
| skin        | `PadPlant.on_skin`   | the skin sensor's register, 40 % of its step    |
| warmth      | true contact         | `sim.oracle.rules.COLD_C`: the dose oracle's    |
"""

from typing import TYPE_CHECKING

from sim.faults.hardware import SKIN
from sim.oracle import rules
from sim.oracle.asked import read_steps
from sim.oracle.design import BUCKLE

if TYPE_CHECKING:
    from sim.oracle.rules import Violations
    from sim.oracle.subject import Subject


class WornOracle:
    """One run's belt. Times in ms since power-on; -1 for not now."""

    def __init__(self, run: "Subject", sink: "Violations") -> None:
        self.run = run
        self.hardware = run.hardware
        self.pads = run.plant.pads
        self._sink = sink
        self.shown_ms = -1  # since when a sensor shows that a sign is lost
        self.unworn_ms = -1  # since when a sign is lost, shown or not
        self._gone_ms = -rules.WORN_MS  # a sign last showed as lost
        self._open_ticks = 0
        self._before_j = 0.0  # light off the body, before it showed
        codes = run.calibration["skin_codes"]
        self._off_codes: list[float] = [
            pair["air"] + (pair["skin"] - pair["air"]) * rules.SKIN_OFF_SHARE
            for pair in (codes["A"], codes["B"])
        ]
        self._second_j = self._light_w()  # all that the prescription gives in a second

    def _light_w(self) -> float:
        """Mean light of both pads at full throttle, W."""
        run = self.run
        mw_cm2 = max([step.whole_mw_cm2 for step in read_steps(run.scenario.prescription)])
        # a cold LED board gives more: -0.3 %/K from 25 C
        return 2 * mw_cm2 / 1000.0 * float(run.board.WINDOW_CM2) * rules.COLD_BOARD

    def note_tick(self, t_ms: int) -> None:
        """The tick that has gone by: which signs are lost, and which show it."""
        hardware = self.hardware
        a, b = self.pads
        raw = hardware.raw
        off = self._off_codes
        self._open_ticks = 0 if hardware.pins & BUCKLE else self._open_ticks + 1
        shows = self._open_ticks > 0 or raw[SKIN] < off[0] or raw[SKIN + 1] < off[1]
        if not shows:
            self.shown_ms = -1
        else:
            if self.shown_ms < 0:
                self.shown_ms = t_ms
                self._before_j = self.run.plant.off_body_j()
            seen = t_ms - self.shown_ms >= rules.SEEN_MS
            if seen or self._open_ticks >= rules.BUCKLE_TICKS:
                self._gone_ms = t_ms
        bare = a.on_skin < 1.0 or b.on_skin < 1.0
        if not (shows or bare or not hardware.buckled):
            self.unworn_ms = -1
        elif self.unworn_ms < 0:
            self.unworn_ms = t_ms

    def judge_light(self, t_ms: int) -> None:
        """There is light in this tick."""
        if self.shown_ms < 0:
            return
        off_ms = t_ms - self.shown_ms
        if off_ms >= rules.UNWORN_MS:
            said = f"lit {off_ms} ms after it came off"
            self._sink.report(t_ms, "unworn", off_ms, rules.UNWORN_MS, said)
        given_j = self.run.plant.off_body_j() - self._before_j
        if given_j > self._second_j:
            said = f"{given_j:.2f} J beside the skin"
            self._sink.report(t_ms, "off body", given_j, self._second_j, said)

    def judge_begin(self, t_ms: int) -> None:
        """Light begins, not within a session that goes on: the whole worn test was passed."""
        worn_ms = t_ms - self._gone_ms
        if worn_ms < rules.WORN_MS:
            said = f"lit {worn_ms} ms after a sign was lost"
            self._sink.report(t_ms, "not worn", worn_ms, rules.WORN_MS, said)
