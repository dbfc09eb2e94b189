"""Parts that lose their supply for a moment: no false fault, set right within 10 s, journalled.

At HAL depth in each state of a session; the registers themselves are in
tests/hal/test_set_up_verified.py.
"""

import json
from typing import Any

import pytest

from hal.contract import LOST_NAMES
from sim.common.default_prescription import DEFAULT
from sim.common.story import Event
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import ordinary

RESETS = {
    "contact_reset": ("CONTACT_A", "CONTACT_B"),
    "board_sensor_reset": ("BOARD_A", "BOARD_B"),
    "rail_reset": ("RAIL",),
    "gauge_reset": ("GAUGE",),
    "skin_sensor_reset": ("SKIN",),
    "screen_reset": (),
}
GATED = {"light": {"mode": "gated", "rate_hz": 10, "on_ms": 40}}
# READY, WAIT_SKIN, every step of CHECK, RAMP, TREAT.
MOMENTS_S = (2.0, 9.0, *[15.2 + 0.19 * k for k in range(16)], 25.0, 60.0)


def run_with(*events: Event, to_s: float = 80.0, **prescription: Any) -> Run:
    """The ordinary session, and these faults."""
    plain = ordinary()
    run = Run(
        replace(
            plain, duration_s=to_s, events=(*plain.events, *events), until_done=False,
            prescription={**DEFAULT, **prescription},
        )
    )  # fmt: skip
    run.advance(10**9)
    return run


def journalled(run: Run) -> list[tuple[str, int]]:
    """The parts that the journal says were reset, and how often."""
    found = []
    for name, content in sorted(run.hal.files.items()):
        if name.startswith("journal"):
            rows = [json.loads(line[line.index(b"{") :]) for line in content.splitlines()]
            found += [(row["part"], row["lost"]) for row in rows if row["kind"] == "part"]
    return found


@pytest.mark.parametrize("light", [{}, GATED], ids=["cw", "gated"])
@pytest.mark.parametrize("name", RESETS)
def test_a_reset_in_any_state_is_no_fault_and_leaves_no_bank_out(
    name: str, light: dict[str, Any]
) -> None:
    for at_s in MOMENTS_S:
        run = run_with(Event(at_s, "fault", name), **light)
        assert run.result()["faults"] == [], at_s
        assert run.result()["state"] == "TREAT", at_s
        assert min(run.unit.gate.caps) > 0 and run.unit.rail.rechecks == 0, at_s
        lost = [LOST_NAMES[k] for k, times in enumerate(run.unit.inputs.lost) if times]
        assert lost == list(RESETS[name]), at_s
        assert max(run.unit.inputs.lost) <= 1


@pytest.mark.parametrize("name", [name for name in RESETS if RESETS[name]])
def test_what_was_reset_is_in_the_journal_and_on_the_screen_after_the_session(name: str) -> None:
    run = run_with(
        Event(40.0, "fault", name, "A" if len(RESETS[name]) == 2 else None),
        Event(60.0, "press", "START", hold_ms=2_000), to_s=70.0,
    )  # fmt: skip
    named = {"CONTACT_A": "contact A", "BOARD_A": "board A"}.get(RESETS[name][0])
    named = named or RESETS[name][0].lower()
    assert journalled(run) == [(named, 1)]


@pytest.mark.parametrize(
    ("name", "pad"), [("contact_reset", "B"), ("rail_reset", None), ("skin_sensor_reset", None)]
)
def test_a_part_that_is_reset_again_and_again_is_a_fault_of_its_own_name(
    name: str, pad: str | None
) -> None:
    run = run_with(*[Event(40.0 + 12.0 * k, "fault", name, pad) for k in range(5)], to_s=110.0)
    assert [(row["name"], row["pad"], row["value"]) for row in run.result()["faults"]] == [
        ("set_up_lost", pad, 4)
    ]
    assert run.result()["state"] == "FAULT"


def test_a_gauge_that_is_reset_again_and_again_ends_nothing() -> None:
    run = run_with(*[Event(40.0 + 12.0 * k, "fault", "gauge_reset") for k in range(5)], to_s=110.0)
    assert run.result()["faults"] == [] and run.unit.inputs.lost[5] == 5


# -- what flows beside the light ---------------------------------------------------------------


BESIDE = [
    ("rail_offset", 2.0), ("rail_offset", -2.0), ("driver_leak", 2.0), ("driver_leak", 4.0),
    ("inrush", 80.0), ("inrush", 1_000.0),
]  # fmt: skip


@pytest.mark.parametrize("light", [{}, GATED], ids=["cw", "gated"])
@pytest.mark.parametrize(("name", "value"), BESIDE)
def test_what_the_data_sheets_allow_beside_the_light_goes_on(
    name: str, value: float, light: dict[str, Any]
) -> None:
    run = run_with(Event(0.0, "fault", name, value=value), to_s=120.0, **light)
    assert run.result()["faults"] == [] and run.result()["state"] == "TREAT"
    assert min(run.unit.gate.caps) > 0 and run.unit.rail.rechecks == 0


def test_an_inrush_is_over_before_a_reading_counts_however_the_averages_lie() -> None:
    for ticks in range(17):  # averages of 68 ms: every phase against the ticks
        plain = ordinary()
        events = (
            Event(0.0, "fault", "inrush", value=470.0),
            *[replace(event, at_s=event.at_s + 0.02 * ticks) for event in plain.events],
        )
        run = Run(replace(plain, duration_s=22.0, events=events, until_done=False))
        run.advance(10**9)
        assert run.result()["faults"] == [], ticks


@pytest.mark.parametrize(("name", "value"), BESIDE)
@pytest.mark.parametrize("nm", [810.0, 1060.0])
@pytest.mark.parametrize("at_s", [5.0, 16.6, 60.0])
def test_a_stuck_switch_is_named_all_the_same(
    name: str, value: float, nm: float, at_s: float
) -> None:
    run = run_with(
        Event(0.0, "fault", name, value=value), Event(at_s, "fault", "fet_stuck_on", "B", nm)
    )
    assert [row["name"] for row in run.result()["faults"]] == ["fet_stuck_on"]
    assert all(
        cutoff["shown_latency_ms"] <= 1_000
        for cutoff in run.result()["cutoffs"] if cutoff["fault"] == "fet_stuck_on"
    )  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BESIDE)
def test_a_supply_switch_that_sticks_is_named_all_the_same(name: str, value: float) -> None:
    run = run_with(Event(0.0, "fault", name, value=value), Event(5.0, "fault", "enable_stuck"))
    assert [row["name"] for row in run.result()["faults"]] == ["enable_stuck"]


# -- buses -------------------------------------------------------------------------------------


def test_a_part_that_holds_sda_is_dark_and_clocked_free() -> None:
    run = run_with(Event(40.0, "fault", "bus_low"))
    result = run.result()
    assert result["state"] == "FAULT" and result["faults"][0]["name"] == "contact_lost"
    assert result["cutoffs"][0]["latency_ms"] <= 800
    now_ms = run.unit.inputs.ms
    assert all(now_ms - heard_ms < 900 for heard_ms in run.unit.inputs.heard)
