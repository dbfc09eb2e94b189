"""Fault log of a run: every fault that the unit latched, in this boot cycle and in those before.

Owned by `sim.run.Run`, which calls `follow` after each control step, and read by
`sim.oracle.report`. The firmware itself remembers the faults of its own boot cycle alone: a unit
that is switched off each evening has forgotten those of last week. Changes nothing.
"""

from sim.oracle.claims import Claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from firmware.waistband import Waistband
    from sim.oracle.subject import Subject

RECALLED_S = 1.0  # a hard fault that was kept is read again within this time of the boot
SAME = ("name", "pad", "value", "limit")


class FaultLog:
    """The faults so far, in the order of latching."""

    def __init__(self, run: "Subject") -> None:
        self.run = run
        self._unit: Waistband = run.depth.unit
        self._before: list[dict[str, Any]] = []  # of the boot cycles that are over
        self._rows: list[dict[str, Any]] = []  # of this one
        self._count = self._latched = 0  # as `_rows` were read
        self._begun_s = 0.0  # when this boot cycle was first seen

    def follow(self) -> None:
        """A control step went by."""
        unit = self.run.depth.unit
        if unit is not self._unit:
            self._before += self._rows
            self._rows = []
            self._unit = unit
            self._count = self._latched = 0
            self._begun_s = self.run.depth.t_ms / 1000
        found = unit.faults
        if found.count != self._count or found.latched != self._latched:
            self._count = found.count
            self._latched = found.latched
            self._rows = [row for row in Claims(self.run).list_faults() if not self._recalls(row)]

    def _recalls(self, row: "dict[str, Any]") -> bool:
        """Whether a boot cycle only read again what an earlier one had latched and kept."""
        if not self._before or row["t_s"] - self._begun_s > RECALLED_S:
            return False
        return any(all(row[key] == old[key] for key in SAME) for old in self._before)

    def list_rows(self) -> "list[dict[str, Any]]":
        """A row for each, as the result of a run has it; a copy, to be added to."""
        self.follow()
        return [dict(row) for row in self._before + self._rows]
