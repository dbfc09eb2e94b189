"""The command as tests run it: in this process, in an empty folder. See `conftest.waistband`."""

import os
from collections.abc import Callable
from typing import NamedTuple

SHORT = 'duration_s = 30\n[[event]]\nat_s = 2\npress = "START"\n'
KEYS = {
    "state", "reason", "faults", "session_s", "treat_s", "fluence_j_cm2", "true_fluence_j_cm2",
    "max_contact_c", "max_skin_c", "cem43_min", "cem43_hottest_min", "energy_wh", "battery_pct",
    "cutoffs", "emitted_after_off_j",
    "ticks", "wall_s", "realtime_factor", "resets",
}  # fmt: skip


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Waistband = Callable[..., Ended]


def files() -> list[str]:
    """What stands in the folder beside the scenario."""
    return sorted(set(os.listdir()) - {"short.toml"})
