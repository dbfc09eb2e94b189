"""Peers' protections: each rule holds by itself, and one row of the page is run again."""

from pathlib import Path

import pytest

from tools.physics_checks import peers
from tools.physics_checks.peers import (
    FAULTS,
    HANG,
    NONE,
    PROTECTIONS,
    PeerRun,
    measure_ours,
    measure_peer,
    measure_row,
    render_cell,
)
from tools.physics_checks.protections import (
    BAD_READINGS,
    GAIN_S,
    MAX_C,
    PIN_S,
    STEP_S,
    TARGET_C,
    Bimetal,
    HeaterCheck,
    KlipperLike,
)

PAGE = Path(__file__).parents[2] / "docs/maintainer/peers.md"


def run_check(temps_c: list[float]) -> int | None:
    """After how many seconds a heater check fails."""
    check = HeaterCheck()
    for second, temp_c in enumerate(temps_c):
        if check.inspect(float(second), temp_c):
            return second
    return None


def test_a_heater_that_never_warms_fails_after_the_time_it_is_given() -> None:
    failed = run_check([33.0] * 200)
    assert failed is not None
    assert GAIN_S <= failed <= GAIN_S + 2.0


def test_a_heater_that_warms_slowly_enough_to_gain_passes() -> None:
    assert run_check([33.0 + 0.01 * second for second in range(700)]) is None


def test_a_held_heater_that_falls_out_of_range_fails_by_its_sum_of_errors() -> None:
    failed = run_check([TARGET_C] * 10 + [TARGET_C - 1.5] * 60)
    assert failed == 10 + 12 - 1  # 1 C a second below the range, 12 C in all


def test_a_sensor_that_reads_warm_passes_for_ever() -> None:
    assert run_check([TARGET_C + 0.3] * 1000) is None


def test_readings_out_of_range_shut_down_after_four_of_them() -> None:
    pad = KlipperLike(1.0)
    lit = [pad.step(step * STEP_S, MAX_C + 1.0, 40.0, True) for step in range(20)]
    assert pad.shut_down
    assert pad.bad_readings >= BAD_READINGS
    assert lit[-1] == 0.0


def test_a_heater_pin_goes_off_when_the_host_is_silent_for_three_seconds() -> None:
    pad = KlipperLike(1.0)
    for step in range(10):
        assert pad.step(step * STEP_S, 33.0, 33.0, True) > 0.0
    last_s = 9 * STEP_S
    lit_s = [t for t in (last_s + 0.2 * k for k in range(1, 30))
             if pad.step(t, 33.0, 33.0, False) > 0.0]  # fmt: skip
    assert last_s < max(lit_s) < last_s + PIN_S


def test_a_bimetal_opens_at_its_rating_and_closes_a_differential_below() -> None:
    pad = Bimetal(1.0)
    assert pad.step(0.0, 0.0, 33.0, True) == 1.0
    for step in range(1, 600):
        pad.step(step * STEP_S, 0.0, 42.0, True)
    assert pad.step(200.0, 0.0, 42.0, True) == 0.0
    assert pad.step(200.2, 0.0, TARGET_C - 1.0, True) == 0.0
    for step in range(1, 600):
        pad.step(201.0 + step * STEP_S, 0.0, 34.0, True)
    assert pad.step(400.0, 0.0, 34.0, True) == 1.0


def test_without_a_fault_all_hold_what_they_are_meant_to_hold() -> None:
    ours = measure_ours(NONE, 40.0, "ordinary", 60.0)
    klipper = measure_peer(KlipperLike, NONE, 40.0, "ordinary", 60.0)
    for one in (ours, klipper):
        assert 40.0 < one.hottest_c < 41.0
        assert one.over_s == 0.0


def test_a_fault_reaches_a_peer_s_thermistor_and_its_skin() -> None:
    event = peers.make_event("ntc_open", 0.0)
    assert event is not None
    run = PeerRun(KlipperLike, "ordinary", 40.0)
    for step in range(50):
        run.step(step * STEP_S)
    assert run.step(10.0)
    run.strike(event)
    for step in range(60):
        run.step(10.2 + step * STEP_S)
    assert run.pads[0].shut_down
    assert not run.step(30.0)


@pytest.mark.parametrize("fault", ["ntc_drift", HANG])
def test_the_page_has_what_a_run_gives(fault: str) -> None:
    """The whole page takes two minutes; two of its rows are made again here. Our own cell follows
    the firmware: it must be cool here, and near here on the page."""
    line = next(one for one in PAGE.read_text(encoding="utf-8").splitlines()
                if one.startswith(f"| `{fault}`"))  # fmt: skip
    ours, *theirs = line.strip("| ").split(" | ")[1:]
    names = list(PROTECTIONS)
    assert [render_cell(measure_row(name, fault)) for name in names[1:]] == theirs
    runs = measure_row(names[0], fault)
    assert max(one.over_s for one in runs) == 0.0
    assert max(one.hottest_c for one in runs) == pytest.approx(float(ours), abs=0.5)


def test_the_page_has_every_fault_and_every_protection() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}`" in page for name, _, _ in FAULTS)
    assert len(FAULTS) == 12
    assert all(f"| {name} |" in page for name in PROTECTIONS)
