"""Driver changes: what drivers give beside their calibration that no program could count exactly.

Owned by `sim.oracle.dose_oracle`, which calls `note` after faults struck. Reads the plant's
drivers, its open strings and its battery, and the prescription; judges nothing.

The unit has one current monitor for all banks, and lamp tests, in which each bank is alone. What
differs from the last lamp test is seen once the whole current shows it: until then it is not
counted. A change that the whole current does not show may stay so until the session is over, though
it is a larger part of what one pad gives. A string that opens is a driver that gives nothing.
"""

from typing import TYPE_CHECKING

from sim.oracle import rules

if TYPE_CHECKING:
    from sim.oracle.asked import AskedStep
    from sim.oracle.subject import Subject


class DriverChanges:
    """Of one session at a time."""

    def __init__(self, run: "Subject") -> None:
        self.apart = False  # in this session some driver gave other than calibrated
        self.unseen_j_cm2 = [0.0, 0.0]  # of each pad, before a change can be seen
        self.unseen_share = [0.0, 0.0]  # of each pad's light: no current shows it
        self._plant = run.plant
        self._open = run.hardware.open_banks
        self._kinds = [str(row[0]) for row in run.board.BANKS]
        self._gains = self._read_gains()  # as they are,
        self._tested = self._gains  # and as the current last showed them

    def begin_session(self) -> None:
        """A lamp test has seen each bank alone."""
        self._gains = self._tested = self._read_gains()
        self.apart = any(gain not in (0.0, 1.0) for gain in self._gains)
        self.unseen_j_cm2 = [0.0, 0.0]
        self.unseen_share = [0.0, 0.0]

    def note(self, steps: "list[AskedStep]") -> None:
        """Note what has changed, in a session of these steps."""
        before, gains = self._gains, self._read_gains()
        if gains == before:
            return
        self._gains = gains
        self.apart = self.apart or any(gain not in (0.0, 1.0) for gain in gains)
        shown = False
        for pad in (0, 1):
            self.unseen_j_cm2[pad] += max([
                self._find_unseen_j_cm2(step, pad, before) for step in steps
            ], default=0.0)  # fmt: skip
        for step in steps:
            shown = self._note_step(step) or shown
        if shown:
            self._tested = gains

    def _read_gains(self) -> list[float]:
        """Return how much of its calibrated light each bank gives."""
        gains = [gain for pad in self._plant.pads for gain in pad.emitters.gains]
        return [0.0 if bank in self._open else gain for bank, gain in enumerate(gains)]

    def _find_unseen_j_cm2(self, step: "AskedStep", pad: int, before: list[float]) -> float:
        """Return what a pad gives beside the lamp test until the step's current has shown it."""
        seen_ms = rules.SOON_SEEN_MS if step.lit_share == 1.0 else rules.UNSEEN_MS
        first = pad * len(self._kinds)
        change_mw_cm2 = sum([
            abs(self._gains[first + k] - before[first + k]) * step.mw_cm2.get(nm, 0.0)
            for k, nm in enumerate(self._kinds)
        ])  # fmt: skip
        return 2 * change_mw_cm2 * seen_ms / 1e6

    def _note_step(self, step: "AskedStep") -> bool:
        """Return whether a step's current shows what differs from the lamp test; note for each pad
        the share of its light that does, where it is not shown."""
        change_w = whole_w = 0.0
        shares = []
        for pad in (0, 1):
            apart_w = pad_w = 0.0
            for bank, asked_w in self._list_asked_w(step, pad):
                less_w = (self._gains[bank] - self._tested[bank]) * asked_w
                change_w += less_w
                apart_w += abs(less_w)
                pad_w += asked_w
            whole_w += pad_w
            shares.append(apart_w / pad_w if pad_w else 0.0)
        share = rules.SHOWN_SHARE
        if step.pulse_hz:
            share = max(share, min(rules.PULSE_HZ / step.pulse_hz, rules.PULSES_SHARE))
        least_w = rules.SHOWN_MA * self._plant.pack_mv() / 1e6
        if abs(change_w) > max(share * whole_w, least_w):
            return True
        self.unseen_share = [max(pair) for pair in zip(self.unseen_share, shares)]
        return False

    def _list_asked_w(self, step: "AskedStep", pad: int) -> list[tuple[int, float]]:
        """Return each of a pad's banks that a step asks for, with the watts that this takes."""
        if "AB"[pad] not in step.pads:
            return []
        emitters = self._plant.pads[pad]
        first = pad * len(self._kinds)
        watts = emitters.emitters.electrical_w
        return [
            (first + k, step.mw_cm2.get(nm, 0.0) / emitters.full_mw_cm2[k] * watts[k])
            for k, nm in enumerate(self._kinds)
        ]
