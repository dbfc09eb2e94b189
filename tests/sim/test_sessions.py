"""Sessions of a run: a row each, and sums that mean the same as before with one of them."""

from typing import Any

import pytest

from sim.driver_depth.run import DriverDepth
from sim.faults.depth import Depth
from sim.hal_depth.depth import HalDepth
from sim.run import Run
from sim.scenario.scenario import parse
from tests.support.command import PRESCRIPTION
from tools.report.summary import render

PRESS = '[[event]]\nat_s = {}\npress = "START"\n'
# A power cut in the first session; the third begins once the belt was off and on again.
THREE = (
    "duration_s = 330\n" + PRESCRIPTION + PRESS.format(5)
    + '[[event]]\nat_s = 50\nfault = "brownout"\n'
    + PRESS.format(70) + "[[event]]\nat_s = 200\nworn = false\n[[event]]\nat_s = 210\nworn = true\n"
    + PRESS.format(240)
)  # fmt: skip


def run_of(text: str, depth: Depth) -> Run:
    run = Run(parse(text, "three.toml"), depth=depth)
    while run.advance(50):
        pass
    run.close()
    return run


def add_up(fluence: dict[str, dict[str, float]]) -> float:
    return sum(sum(banks.values()) for banks in fluence.values())


@pytest.fixture(scope="module", params=[HalDepth, DriverDepth])
def three(request: pytest.FixtureRequest) -> Run:
    return run_of(THREE, request.param())


def result_of(run: Run) -> dict[str, Any]:
    return run.result()


def test_each_session_has_a_row(three: Run) -> None:
    rows = result_of(three)["sessions"]
    assert [row["reason"] for row in rows] == ["reset", "dose", "dose"]
    assert [bool(row["receipt"]) for row in rows] == [False, True, True]
    assert len({row["receipt"] for row in rows}) == 3
    assert [row["state"] for row in rows] == ["TREAT", "DONE", "DONE"]
    begun = [row["begin_s"] for row in rows]
    assert begun == sorted(begun) and begun[1] > 70 and begun[2] > 240
    for row in rows:
        assert 0 < row["treat_s"] <= row["session_s"] <= 90
        given, true = add_up(row["fluence_j_cm2"]), add_up(row["true_fluence_j_cm2"])
        assert given == pytest.approx(true, rel=0.03, abs=0.01)
        assert min(row["cem43_min"].values()) >= 0 and min(row["max_contact_c"].values()) > 33


def test_the_sums_are_of_all_sessions(three: Run) -> None:
    result = result_of(three)
    rows = result["sessions"]
    for key in ("treat_s", "session_s"):
        assert result[key] == pytest.approx(sum(row[key] for row in rows))
    for key in ("fluence_j_cm2", "true_fluence_j_cm2"):
        for pad in "AB":
            for nm, j_cm2 in result[key][pad].items():
                assert j_cm2 == pytest.approx(sum(row[key][pad][nm] for row in rows))
    for pad in "AB":
        warmth = sum(row["cem43_min"][pad] for row in rows)
        assert result["cem43_min"][pad] == pytest.approx(warmth)
        assert result["max_contact_c"][pad] == max(row["max_contact_c"][pad] for row in rows)
    counted, true = (add_up(result[key]) for key in ("fluence_j_cm2", "true_fluence_j_cm2"))
    assert counted == pytest.approx(true, rel=0.02)


def test_the_summary_lists_them(three: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = render(three, [])
    rows = result_of(three)["sessions"]
    assert "Session 3: " in text
    for number, row in enumerate(rows, 1):
        [line] = [line for line in text.splitlines() if line.startswith(f"   {number} ")]
        assert line.endswith(f"{row['reason']} {row['receipt']}".strip())
    [sums] = [line for line in text.splitlines() if line.startswith(" all ")]
    assert f"{add_up(result_of(three)['fluence_j_cm2']) / 2:.1f}" in sums


def test_a_run_without_a_session_has_no_row_and_its_light_is_in_the_sums() -> None:
    stuck = "duration_s = 8\n" + (
        '[[event]]\nat_s = 4\nfault = "fet_stuck_on"\npad = "A"\nvalue = 810\n'
        '[[event]]\nat_s = 4\nfault = "enable_stuck"\n'
    )
    result = run_of(stuck, HalDepth()).result()
    assert result["sessions"] == [] and result["session_s"] == result["treat_s"] == 0
    assert result["true_fluence_j_cm2"]["A"]["810"] > 0
    assert add_up(result["fluence_j_cm2"]) == 0
