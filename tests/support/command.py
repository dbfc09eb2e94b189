"""The result of a command that a test ran, and values to give to it. See `conftest.waistband`."""

import os
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

SHORT = 'duration_s = 30\n[[event]]\nat_s = 2\npress = "START"\n'
# A dose that is reached within two minutes of treatment.
PRESCRIPTION = """
[prescription]
name = "short"
irradiance_mw_cm2 = { 810 = 2.5, 850 = 2.5, 940 = 2.5, 1060 = 2.5 }
light = { mode = "cw" }
fluence_j_cm2 = 0.4
max_min = 10
set_point_c = 40
"""
KEYS = {
    "state", "reason", "faults", "session_s", "treat_s", "fluence_j_cm2", "true_fluence_j_cm2",
    "max_contact_c", "max_skin_c", "cem43_min", "cem43_hottest_min", "energy_wh", "battery_pct",
    "cutoffs", "emitted_after_off_j", "off_body_j", "expect", "sessions",
    "ticks", "wall_s", "realtime_factor", "resets",
}  # fmt: skip
# Any JSON value.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
)


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Waistband = Callable[..., Ended]


def files() -> list[str]:
    """Names of the files in the folder, without the scenario."""
    return sorted(set(os.listdir()) - {"short.toml"})
