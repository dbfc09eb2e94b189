"""The command at driver depth: the same story as at HAL depth, and faults that need a chip."""

import csv
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from hal.boards import RPI_PICO
from sim.hal_depth.lifecycle import BOOT_MS
from sim.run import trace_columns
from tests.support.command import KEYS, SHORT, Waistband, files

DEPTHS = ("hal", "driver")
BROKEN = 'duration_s = 30\n[[event]]\nat_s = 2\npress = "START"\n[[event]]\nat_s = 20\n'


def at_depth(waistband: Waistband, depth: str, text: str) -> dict[str, Any]:
    """The result of a scenario that is to end without a complaint."""
    Path("short.toml").write_text(text)
    code, out, err = waistband("sim", "short.toml", "--depth", depth, "--json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    assert set(found) == KEYS
    return found


def states(path: str) -> list[tuple[str, float]]:
    """Each state of a trace, and when it was first seen."""
    seen: list[tuple[str, float]] = []
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not seen or seen[-1][0] != row["state"]:
                seen.append((row["state"], float(row["t_s"])))
    return seen


@pytest.mark.parametrize(
    "story", ["", 'fault = "ntc_open"\npad = "A"', 'press = "START"', 'fault = "i2c_hang"']
)
def test_a_scenario_tells_the_same_at_both_depths(waistband: Waistband, story: str) -> None:
    text = BROKEN + story if story else SHORT
    found = {}
    for depth in ("hal", "driver"):
        Path("short.toml").write_text(text)
        ended = waistband("sim", "short.toml", "--depth", depth, "--json", "--trace", depth)
        assert (ended.code, ended.err) == (0, "")
        found[depth] = json.loads(ended.out)
    hal, driver = found["hal"], found["driver"]
    assert set(hal) == set(driver) == KEYS
    assert (driver["state"], driver["reason"]) == (hal["state"], hal["reason"])
    assert [state for state, _ in states("driver")] == [state for state, _ in states("hal")]
    for (state, at_hal), (_, at_driver) in zip(states("hal"), states("driver"), strict=True):
        boots = BOOT_MS / 1000 if state in ("SELF_TEST", "READY") else 0.0
        assert at_driver == pytest.approx(at_hal, abs=0.25 + boots)
    faults = [[(row["name"], row["pad"]) for row in each["faults"]] for each in (hal, driver)]
    assert sorted(faults[0]) == sorted(faults[1])
    for pad in "AB":
        for nm, j_cm2 in hal["true_fluence_j_cm2"][pad].items():
            assert driver["true_fluence_j_cm2"][pad][nm] == pytest.approx(j_cm2, abs=0.001)


@pytest.mark.parametrize(
    ("name", "resets"),
    [
        ("firmware_exception", ["reset"]),
        ("firmware_hang", ["watchdog"]),
        ("host_attach", []),
        ("soft_reset", None),
        ("brownout", ["power-on"]),
        ("clock_jump", []),
        ("flash_full", []),
        ("flash_corrupt", []),
    ],
)
@pytest.mark.parametrize("depth", DEPTHS)
def test_faults_of_a_chip_are_called_for_and_end_as_they_should(
    waistband: Waistband, depth: str, name: str, resets: list[str] | None
) -> None:
    found = at_depth(waistband, depth, BROKEN + f'fault = "{name}"\n')
    if resets is not None:
        assert [row["why"] for row in found["resets"]] == resets
    ended = name == "host_attach"
    assert found["state"] == ("DONE" if ended else "RAMP" if resets == [] else "READY")
    latencies = [row["latency_ms"] for row in found["cutoffs"]]
    assert len(latencies) == (ended or resets != [])
    assert all(ms <= (500 if name == "soft_reset" else 80) for ms in latencies)


@pytest.mark.parametrize("depth", DEPTHS)
def test_without_power_for_a_while_the_unit_begins_anew_when_it_is_back(
    waistband: Waistband, depth: str
) -> None:
    found = at_depth(waistband, depth, BROKEN + 'fault = "brownout"\nfor_s = 5\n')
    assert found["resets"][0]["t_s"] == pytest.approx(25, abs=0.2)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_summary_says_that_the_unit_began_anew(waistband: Waistband, depth: str) -> None:
    Path("short.toml").write_text(BROKEN + 'fault = "firmware_hang"\n')
    code, out, err = waistband("sim", "short.toml", "--depth", depth)
    assert (code, err) == (0, "")
    assert "Reset: watchdog at 20." in out and "No session since the reset at 20." in out
    assert "Cut-off: firmware_hang at 20.00 s, dark" in out


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_reset_that_nobody_called_for_exits_1(
    waistband: Waistband, depth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.oracle.report.ENDS_PROGRAM", ())
    Path("short.toml").write_text(BROKEN + 'fault = "firmware_hang"\n')
    code, _, err = waistband("sim", "short.toml", "--depth", depth, "--json")
    assert code == 1
    assert err.startswith("waistband: a reset (watchdog) at 20.") and err.count("\n") == 1


@pytest.mark.parametrize(("every", "rows"), [("control", 150), ("tick", 1500)])
def test_trace_plot_and_seed_are_as_at_hal_depth(
    waistband: Waistband, every: str, rows: int
) -> None:
    outputs = ["--trace", "a.csv", "--trace-every", every, "--plot", "a.png", "--seed", "5"]
    assert waistband("sim", "short.toml", "--depth", "driver", *outputs).code == 0
    assert files() == ["a.csv", "a.png"]
    with open("a.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == trace_columns(RPI_PICO)
    assert abs(len(found) - rows) <= rows // 100 + 1


def test_a_full_disk_under_the_trace_is_the_desks_trouble_not_the_units(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(value: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tools.simulate.round_value", full)
    before = threading.active_count()
    code, _, err = waistband("sim", "short.toml", "--depth", "driver", "--trace", "a.csv")
    assert (code, files()) == (2, [])
    assert "a.csv" in err and "No space left" in err and err.count("\n") == 1
    assert threading.active_count() == before
