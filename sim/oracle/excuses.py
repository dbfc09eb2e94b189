"""Excuses: faults under which the design cannot end light in time.

Called by `sim.oracle.safety_oracle`. Reads the hardware and the injected faults; changes nothing.
An excuse holds where the faults leave no switch that ends light, or no sensor that shows the
fault (`docs/maintainer/safety.md`).
"""

from typing import TYPE_CHECKING

from sim.faults.catalogue import ENDS_PROGRAM, FAULTS
from sim.faults.deadlines import RESET_MS
from sim.faults.hardware import NEVER_MS
from sim.oracle.design import TICK_MS

if TYPE_CHECKING:
    from sim.faults.injected import Injected
    from sim.oracle.subject import Subject


def ends_ms(injected: "Injected") -> int:
    """Return when an injected fault ends, ms since power-on."""
    for_s = injected.event.for_s
    return NEVER_MS if for_s is None else injected.t_ms + int(for_s * 1000)


class Excuses:
    """Excuses in one run."""

    def __init__(self, run: "Subject", injected: "list[Injected]") -> None:
        self._run = run
        self._injected = injected

    def list_names(self) -> set[str]:
        """Return the faults that were ever injected."""
        return {row.event.name for row in self._injected}

    def is_shorted_through(self) -> bool:
        """Whether both switches in series are shorted and nothing else is driven: nothing can end
        that current."""
        hardware = self._run.hardware
        broken = hardware.enable_stuck and len(hardware.stuck_banks) > 0
        return broken and not any(self._run.depth.duty)

    def could_not_be_off(self) -> bool:
        """Whether nothing could end light that was to end: the supply switch was stuck, and either
        an LED switch was, too, or the program hung."""
        names = self.list_names()
        return "enable_stuck" in names and bool({"fet_stuck_on", "firmware_hang"} & names)

    def excuse_late(self, fault: str, lit_ms: int, within_ms: int) -> bool:
        """Whether light `lit_ms` after a fault, which had to be dark in `within_ms`, is
        excused."""
        if FAULTS[fault].hidden_by and self._is_hidden(fault, within_ms):
            return True
        if fault not in ENDS_PROGRAM or lit_ms > RESET_MS:
            return False
        # the lease cannot end it, or a second fault of the program froze it: the watchdog does
        return self._is_lease_defeated() or len(self.list_names() & set(ENDS_PROGRAM)) > 1

    def _is_lease_defeated(self) -> bool:
        """Whether the supply switch is stuck, or was until this tick."""
        return any(
            row.event.name == "enable_stuck" and self._run.t_ms <= ends_ms(row) + TICK_MS
            for row in self._injected
        )

    def _is_hidden(self, fault: str, within_ms: int) -> bool:
        """Whether a frozen reading hides another fault of the same sensor."""
        pads = [row.event.pad for row in self._injected if row.event.name == fault] + [None]
        return any(
            row.event.name == FAULTS[fault].hidden_by and row.event.pad in pads
            and self._run.t_ms < ends_ms(row) + within_ms
            for row in self._injected
        )  # fmt: skip
