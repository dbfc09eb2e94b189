"""Ordinary sessions in all rooms and on all skins, from START to their end, on the plant."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.limits import CONTACT_WARN_MC
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.common.story import Scenario, Start
from sim.common.value_record import replace
from sim.run import Run, trace_columns
from sim.scenario.scenario import ordinary

WRAP_MS = 1 << 30
EVERYTHING = 10**9
DOSE_J_CM2 = 12.0
AGREES = 0.02  # of what the physics delivered
WARM_C = CONTACT_WARN_MC / 1000
WALL = ("wall_s", "realtime_factor")  # what differs from run to run of the same session
KEYS = {
    *("state", "reason", "faults", "session_s", "treat_s", "fluence_j_cm2"),
    *("true_fluence_j_cm2", "max_contact_c", "cem43_min", "energy_wh", "battery_pct"),
    *("cutoffs", "emitted_after_off_j", "ticks", "wall_s", "realtime_factor"),
}

# Every pair of room and perfusion, of room and fat, of perfusion and fat; the clock starts at
# 0, or wraps while the unit waits for skin, ramps or treats.
SESSIONS = [
    # ambient C, perfusion 1/s, fat mm, seed, clock
    (5.0, 0.0003, 5.0, 1, 0),
    (5.0, 0.001, 10.0, 2, WRAP_MS - 13_000),
    (5.0, 0.003, 20.0, 3, 0),
    (23.0, 0.0003, 10.0, 4, WRAP_MS - 300_000),
    (23.0, 0.001, 20.0, 5, 0),
    (23.0, 0.003, 5.0, 6, WRAP_MS - 40_000),
    (40.0, 0.0003, 20.0, 7, 0),
    (40.0, 0.001, 5.0, 8, WRAP_MS - 20),
    (40.0, 0.003, 10.0, 9, WRAP_MS - 1_000_000),
]


def session(seed: int = 1, fluence_j_cm2: float = DOSE_J_CM2, **start: Any) -> Scenario:
    """An ordinary session with another start."""
    return replace(
        ordinary(),
        seed=seed,
        start=Start(**start),
        prescription={**DEFAULT, "fluence_j_cm2": fluence_j_cm2},
    )


def outcome(scenario: Scenario) -> dict[str, Any]:
    """The result of a whole run."""
    run = Run(scenario)
    run.advance(EVERYTHING)
    assert run.unexpected() == []
    return run.result()


def check(result: dict[str, Any], dose_j_cm2: float) -> None:
    """What must hold of every ordinary session."""
    assert set(result) >= KEYS
    assert (result["state"], result["faults"]) == ("DONE", [])
    assert result["reason"] in ("dose", "time")
    assert result["emitted_after_off_j"] == 0.0
    assert result["cutoffs"] == []
    for pad in ("A", "B"):
        counted, true = result["fluence_j_cm2"][pad], result["true_fluence_j_cm2"][pad]
        assert list(counted) == list(true) == ["810", "850", "940", "1060"]
        for bank in true:
            assert true[bank] > 0.1
            assert counted[bank] == pytest.approx(true[bank], rel=AGREES)
        assert sum(counted.values()) <= dose_j_cm2
        assert sum(true.values()) <= dose_j_cm2 * (1 + AGREES)
        assert result["max_contact_c"][pad] < WARM_C
        if result["reason"] == "dose":
            assert sum(counted.values()) >= dose_j_cm2 * 0.99


@pytest.mark.parametrize(("ambient_c", "perfusion", "fat_mm", "seed", "clock"), SESSIONS)
def test_an_ordinary_session_gives_its_dose_and_never_warms_skin_to_41_c(
    ambient_c: float, perfusion: float, fat_mm: float, seed: int, clock: int
) -> None:
    result = outcome(
        session(seed, ambient_c=ambient_c, perfusion=perfusion, fat_mm=fat_mm, clock=clock)
    )
    check(result, DOSE_J_CM2)


@given(
    ambient_c=st.floats(5.0, 40.0),
    perfusion=st.floats(0.0003, 0.003),
    vasodilation=st.floats(1.0, 6.0),
    fat_mm=st.floats(5.0, 20.0),
    seed=st.integers(0, 2**32 - 1),
    clock=st.one_of(st.integers(0, WRAP_MS - 1), st.integers(WRAP_MS - 150_000, WRAP_MS - 1)),
)
@settings(max_examples=8)
def test_a_short_session_in_any_room_on_any_skin_is_as_safe(seed: int, **start: Any) -> None:
    result = outcome(session(seed, fluence_j_cm2=1.0, **start))
    check(result, 1.0)


@pytest.mark.parametrize("before_ms", [20, 9_980, 16_020, 47_000, 80_000])
def test_a_clock_that_wraps_changes_nothing(before_ms: int) -> None:
    plain = outcome(session(fluence_j_cm2=0.5, clock=0))
    wrapped = outcome(session(fluence_j_cm2=0.5, clock=WRAP_MS - before_ms))
    for key in WALL:
        plain.pop(key)
        wrapped.pop(key)
    assert wrapped == plain


def test_the_same_seed_gives_the_same_session_and_another_seed_another() -> None:
    def recorded(seed: int) -> bytes:
        run = Run(replace(ordinary(), duration_s=20.0), seed, record=True)
        run.advance(10**9)
        return b"".join(run.read_recording())

    assert recorded(1) == recorded(1) != recorded(2)


def test_gated_light_is_seen_in_the_trace_with_the_duty_of_its_open_part() -> None:
    gated = {**DEFAULT, "light": {"mode": "gated", "rate_hz": 10, "on_ms": 40}}
    run = Run(replace(ordinary(), prescription=gated, duration_s=90.0))
    rows: list[Any] = []
    run.trace(rows.append)
    run.advance(10**9)
    first = trace_columns(RPI_PICO).index("duty_a_810")
    treated = [row[first] for row in rows if row[1] == "TREAT"]
    duty = run.unit.session.course.duties[0]
    assert treated and set(treated) == {duty, duty * 6_553 >> 14}  # ... or, looked at, its mean
    assert rows[0][first] == 0


def test_a_prescription_that_needs_longer_than_its_time_ends_by_time() -> None:
    short = {**DEFAULT, "max_min": 2}
    result = outcome(replace(ordinary(), prescription=short))
    assert (result["state"], result["reason"]) == ("DONE", "time")
    assert 119.0 < result["treat_s"] < 121.0
