"""Stray light: light that no program asks for or counts, and light while off is due.

Owned by `sim.oracle.safety_oracle`, which follows it tick by tick. Reads the duties at the pins,
the current in the emitters, the stuck switches and whether the program runs; changes nothing.

A program counts what it drives. It cannot count what a stuck LED switch gives beyond the bank's
duty, nor what is given between its death and its reset: those J/cm2 are summed up here, so that
the dose that is counted can be compared with the rest.
"""

from sim.oracle.design import DUTY_MAX, TICK_MS
from sim.physics.emitters import LIGHT_PER_K, REFERENCE_C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.oracle.excuses import Excuses
    from sim.oracle.subject import Subject


class StrayLight:
    """Stray light in one run."""

    def __init__(self, run: "Subject", excuses: "Excuses") -> None:
        self.given_j_cm2 = [0.0, 0.0]  # by each pad, so far
        self.late_j = 0.0  # while off was due and could be had
        self._hal = run.hal
        self._hardware = run.hardware
        self._program = run.lifecycle
        self._pads = run.plant.pads
        self._kinds = run.plant.kinds
        self._excuses = excuses
        self._seen_j = self._hal.late_j

    def follow(self, t_ms: int) -> None:
        """A tick went by."""
        late_j = self._hal.late_j
        if late_j != self._seen_j:
            if not self._excuses.could_not_be_off(t_ms):
                self.late_j += late_j - self._seen_j
            self._seen_j = late_j
        if self._hardware.stuck_banks or not self._program.running:
            self._count(t_ms)

    def _count(self, t_ms: int) -> None:
        """Count the coming tick, as the switches stand."""
        given = self._hal.given()
        if not any(given):
            return
        asked = self._hal.duty
        dying = self._excuses.is_dying(t_ms)
        for bank, duty in enumerate(given):
            more = duty if dying else duty - asked[bank]
            if more > 0:
                pad, kind = bank // self._kinds, bank % self._kinds
                plant = self._pads[pad]
                bright = 1.0 + LIGHT_PER_K * (plant.tissue.board_c - REFERENCE_C)
                full_w_cm2 = plant.full_mw_cm2[kind] / 1000.0
                self.given_j_cm2[pad] += more / DUTY_MAX * full_w_cm2 * bright * TICK_MS / 1000.0
