"""Days without waiting: the unit switched off and on again, and a year of a wearer's life."""

from typing import Any

import pytest

from sim.oracle.report import list_unexpected
from sim.run import Run
from sim.scenario.scenario import parse
from tests.support.command import PRESCRIPTION

DAYS = (
    "duration_s = 260000\nstart = { date = 2026-03-01T09:00:00, battery_pct = 50 }\n"
    + PRESCRIPTION
    + '[[event]]\nat_s = 0\nevery_s = 86400\npress = "START"\n'
    + '[[event]]\nat_s = 8\nevery_s = 86400\npress = "START"\n'
    + '[[event]]\nat_s = 120\nevery_s = 86400\npress = "START"\nhold_ms = 1600\n'
    + '[[event]]\nat_s = 40000\nfault = "charger_plugged"\nfor_s = 3600\n'
)


def run_of(text: str) -> Run:
    run = Run(parse(text, "days.toml"))
    while run.advance(1_000):
        pass
    return run


@pytest.fixture(scope="module")
def days() -> Run:
    return run_of(DAYS)


def test_a_unit_that_is_off_is_switched_on_by_start(days: Run) -> None:
    result: dict[str, Any] = days.result()
    assert [row["reason"] for row in result["sessions"]] == ["dose"] * 4  # days 1 to 4
    assert [int(row["begin_s"] // 86_400) for row in result["sessions"]] == [0, 1, 2, 3]
    assert result["resets"] == [] and list_unexpected(days) == []
    assert days.depth.t_ms >= 259_200_000


def test_ticks_run_only_while_it_is_on(days: Run) -> None:
    assert days.ticks < 4 * 135 * 50


def test_clock_and_battery_go_on_meanwhile(days: Run) -> None:
    clock_s = days.depth.read_clock_s()
    assert clock_s == pytest.approx(825_670_800 + days.t_s, abs=2)
    once = run_of(DAYS.replace('[[event]]\nat_s = 40000\nfault = "charger_plugged"\nfor_s = 3600\n',
                               ""))  # fmt: skip
    gained = days.plant.battery.charge - once.plant.battery.charge
    assert 0.1 < gained < 0.5  # an hour of charging, the unit off
    assert once.plant.battery.charge < 0.5


def test_skin_is_at_rest_in_the_morning(days: Run) -> None:
    for row in days.result()["sessions"]:
        assert max(row["max_contact_c"].values()) < 38.5
    warm = [max(row["max_contact_c"].values()) for row in days.result()["sessions"]]
    assert max(warm) - min(warm) < 0.1


@pytest.mark.parametrize("fault", ["pad_unplugged", "ntc_open", "ntc_short"])
def test_a_sensors_fault_that_ends_was_called_for(fault: str) -> None:
    run = run_of(
        f'duration_s = 90\n[[event]]\nat_s = 5\npress = "START"\n[[event]]\nat_s = 60\n'
        f'fault = "{fault}"\npad = "A"\nfor_s = 5\n'
    )
    assert list_unexpected(run) == []


TWO_DAYS = (
    'duration_s = 87000\n[[event]]\nat_s = 5\npress = "START"\n[[event]]\nat_s = 60\n'
    'fault = "%s"\npad = "A"\n%s[[event]]\nat_s = 70\npress = "START"\nhold_ms = 4000\n'
    '[[event]]\nat_s = 86400\npress = "START"\n'
)


def test_a_fault_of_the_day_before_is_told_once_and_judged() -> None:
    value = "value = 810\n"  # a hard fault, which the unit keeps and reads again the next day
    for fault, more in (("fet_stuck_on", value), ("ntc_open", "for_s = 5\n")):
        run = run_of(TWO_DAYS % (fault, more))
        assert len(run.restarts) >= 1
        told = [(row["name"], row["t_s"]) for row in run.result()["faults"]]
        assert [name for name, _ in told].count(fault) == 1 and 60 <= told[0][1] <= 61
        run.scenario = parse("duration_s = 87000\n", "nothing.toml")
        assert any(fault in sentence for sentence in list_unexpected(run))
