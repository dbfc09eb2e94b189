"""Prescription as the oracle reads it: what each step asks of each bank, from the file's table.

Read by the oracle's parts and by campaigns; states the formats of docs/clinician independently of
the firmware. Runs on MicroPython too.
"""

from sim.oracle.design import TICK_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class AskedStep:
    """A step: light by bank (mW/cm2), the share of time that is lit, the rate of its pulses (Hz; 0
    for light that is steady or gated), and its dose (J/cm2)."""

    def __init__(self, row: "dict[str, Any]") -> None:
        self.pads: str = row.get("pads", "AB")
        self.mw_cm2 = {str(nm): float(value) for nm, value in row["irradiance_mw_cm2"].items()}
        self.whole_mw_cm2 = sum(self.mw_cm2.values())
        light = row.get("light") or {}
        self.lit_share = lit_share(light)
        self.pulse_hz = float(light["rate_hz"]) if light.get("mode") == "pulse" else 0.0
        self.minutes: float = float(row.get("minutes", 0))
        seconds = self.minutes * 60
        by_time = self.whole_mw_cm2 * seconds / 1000
        self.j_cm2 = float(row["fluence_j_cm2"]) if "fluence_j_cm2" in row else by_time

    def bank_j_cm2(self, pad: int, nm: int) -> float:
        """Return the dose of a pad's bank."""
        if "AB"[pad] not in self.pads:
            return 0.0
        return self.j_cm2 * self.mw_cm2.get(str(nm), 0.0) / self.whole_mw_cm2


def lit_share(light: "dict[str, Any]") -> float:
    """Return the share of a period in which light is on: 1 where it is not gated."""
    if light.get("mode") != "gated":
        return 1.0
    period_ticks = round(1000 / TICK_MS / float(light["rate_hz"]))
    return float(light["on_ms"]) / (period_ticks * TICK_MS)


def read_steps(prescription: "dict[str, Any]") -> "list[AskedStep]":
    """Return the steps; format 1 is one."""
    rows = prescription["step"] if "format" in prescription else [prescription]
    return [AskedStep(row) for row in rows]


def sum_pad_j_cm2(steps: "list[AskedStep]", pad: int) -> float:
    """Return the dose that all steps ask of a pad, J/cm2."""
    return sum([step.j_cm2 for step in steps if "AB"[pad] in step.pads])
