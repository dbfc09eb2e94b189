"""JSON of the fault matrix: the object that `waistband check faults --json` prints.

A key that does not apply is null.
"""

from typing import Any

from sim.campaign.fault_matrix import Cell
from sim.faults.deadlines import STOP_MS
from tools.report.faults_rows import Found


def json_object(found: Found) -> dict[str, Any]:
    """The whole object."""
    return {
        "cells": [cell_object(cell) for cell in found.cells],
        "both_contact_sensors_lie": [lie._asdict() for lie in found.lies],
        "strikes": found.strikes(),
        "broken_cells": len(found.broken()),
        "broken_bounds": found.broken_bounds(),
    }


def cell_object(cell: Cell) -> dict[str, Any]:
    """A cell: what was tried, its bound, and the worst measurements."""
    key, row = cell.key, cell.row
    return {
        **key._asdict(),
        "strikes": cell.strikes,
        "must": row.comes,
        "since": row.since,
        "within_ms": row.within_ms if cell.within_ms is None else cell.within_ms,
        "latency_ms": rounded(cell.latency_ms, 1),
        "share": rounded(cell.share, 3),
        "energy_j": rounded(cell.energy_j),
        "energy_bound_j": rounded(cell.energy_bound_j),
        "after_due_j": rounded(cell.after_due_j),
        "peak_contact_c": rounded(cell.peak_c, 3),
        "peak_bound_c": cell.limit_c,
        "peak_wearer": cell.peak_wearer,
        "outside_alone": cell.outside,
        "contact_at_cut_c": rounded(cell.cut_c, 3),
        "true_crossing_s": rounded(cell.crossing_s, 2),
        "stop_ms": rounded(cell.stop_ms, 1),
        "stop_within_ms": STOP_MS,
        "ends": cell.states,
        "named": cell.named,
        "broken": [
            {
                "bound": broken.bound, "measured": broken.measured, "allowed": broken.allowed,
                "wearer": wearer, "struck_at_s": round(at_s, 3), "strikes": strikes,
            }
            for broken, wearer, at_s, strikes in cell.bounds_broken()
        ],
    }  # fmt: skip


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Round a number if there is one; four digits are finer than anything here is known."""
    return None if value is None else round(value, digits)
