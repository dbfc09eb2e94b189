"""A bound that does not hold is named, and one that holds is not."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.campaign.injection import Case, Measured
from sim.campaign.injection_points import MOMENTS
from sim.campaign.verdict import CHECKS, list_broken
from sim.faults.catalogue import BOUNDS, find_bound
from sim.faults.deadlines import OFF

WELL = Measured(
    within_ms=80, onset_ms=60_001.0, latency_ms=59.0,
    energy_j=0.07, after_due_j=0.0, energy_bound_j=0.096,
    peak_c=40.5, cut_c=40.5, own_c=None, limit_c=43.0, crossing_s=None,
    state="FAULT", went_on=False, completed=False, stop_ms=None,
    again=False, named=(), own_name_ms=10.0, miscount_j_cm2=0.0, reset_ms=10.0, cem43_min=0.5,
)  # fmt: skip
BY_NAME = {moment.name: moment for moment in MOMENTS}


@dataclass
class Try:
    """A fault in a state."""

    fault: str
    state: str = "TREAT"
    button: str | None = None

    def broken(self, **measured: Any) -> list[str]:
        """Names of the bounds that this measurement breaks."""
        row = find_bound(self.fault, self.button)
        case = Case(row, row.tried[0], "A", True)
        within = {"within_ms": row.within_ms}
        found = list_broken(WELL._replace(**{**within, **measured}), case, BY_NAME[self.state])
        assert {one.bound for one in found} <= set(CHECKS)
        return [one.bound for one in found]


@given(st.floats(0, 10_000))
def test_a_fault_is_late_exactly_when_it_took_longer_than_its_bound(latency_ms):
    for row in BOUNDS:
        if row.comes != OFF:
            continue
        late = "off" in Try(row.fault, button=row.tried[0].button).broken(latency_ms=latency_ms)
        assert late == (latency_ms > row.within_ms)


@given(st.floats(30, 60), st.none() | st.floats(30, 60))
def test_contact_beyond_its_bound_is_excused_only_by_heat_from_outside(peak_c, own_c):
    broken = "contact" in Try("hot_skin").broken(peak_c=peak_c, own_c=own_c)
    assert broken == ((peak_c if own_c is None else own_c) > 43.0)


@pytest.mark.parametrize(("trial", "measured", "bound"), [
    (Try("ntc_open"), {"after_due_j": 0.001}, "energy"),
    (Try("ntc_open"), {"energy_j": 0.1}, "energy"),
    (Try("ntc_open"), {"state": "TREAT"}, "state"),
    (Try("ntc_open"), {"named": ("contact_hot",)}, "name"),
    (Try("ntc_open"), {"stop_ms": 81.0}, "stop"),
    (Try("ntc_open", "READY"), {"latency_ms": 12_000.0}, "off"),
    (Try("hot_skin"), {"cut_c": 43.1}, "contact at the cut"),
    (Try("pressure_spot"), {"cem43_min": 2.01, "went_on": True, "state": "TREAT"}, "thermal dose"),
    (Try("led_open"), {"latency_ms": 1_001.0, "went_on": True, "state": "TREAT"}, "bank"),
    (Try("led_open"), {"own_name_ms": 6_001.0, "within_ms": 4_000, "went_on": True,
                       "state": "TREAT"}, "own name"),
    (Try("led_open"), {"own_name_ms": 3_001.0, "went_on": True, "state": "TREAT"}, "own name"),
    (Try("led_open"), {"own_name_ms": None, "went_on": True, "state": "TREAT"}, "own name"),
    (Try("led_open"), {"miscount_j_cm2": 0.02, "went_on": True, "state": "TREAT"}, "dose"),
    (Try("pad_unplugged"), {"own_name_ms": None, "named": ("ntc_open",)}, "own name"),
    (Try("fet_stuck_on"), {"own_name_ms": 1_001.0}, "own name"),
    (Try("gauge_nak"), {"state": "TREAT"}, "goes on"),
    (Try("gauge_nak"), {"state": "TREAT", "went_on": True, "named": ("rail_lost",)}, "name"),
    (Try("gauge_nak", "READY"), {"state": "READY"}, "goes on"),
    (Try("enable_stuck"), {"state": "TREAT", "went_on": True, "again": True}, "start"),
    (Try("button_stuck", "READY", "UP"), {"again": True}, "start"),
    (Try("firmware_hang"), {"reset_ms": 501.0}, "reset"),
    (Try("firmware_hang"), {"reset_ms": None}, "reset"),
    (Try("clock_jump"), {"state": "TREAT", "went_on": True, "miscount_j_cm2": 0.02}, "dose"),
], ids=lambda value: value.fault if isinstance(value, Try) else "")  # fmt: skip
def test_each_bound_can_be_broken_and_is_named(trial, measured, bound):
    assert trial.broken(**measured) == [bound]


@pytest.mark.parametrize("trial", [
    Try("ntc_open"), Try("ntc_open", "READY"), Try("hot_skin"), Try("firmware_exception"),
    Try("pad_unplugged"), Try("gauge_nak", "LOCKED"),
], ids=lambda trial: f"{trial.fault}-{trial.state}")  # fmt: skip
def test_a_unit_that_did_all_it_must_breaks_nothing(trial):
    assert trial.broken() == []


def test_every_check_is_seen_to_fail_here():
    marks = test_each_bound_can_be_broken_and_is_named.pytestmark[0].args[1]
    seen = {bound for *_, bound in marks} | {"off", "contact"}
    assert seen == set(CHECKS)
