"""A year of a wearer's life by one command: 350 sessions, charges, faults, a lost clock.

The whole year is run where the compiled copy is (`make compiled`). Elsewhere it would take minutes,
and twenty days around the lost clock are run instead. The days around each fault and the holiday
are run everywhere.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sim.run import Run
from sim.scenario.scenario import parse, read, repeat_event
from sim.scenario.toml_writer import to_toml
from tools.common import compiled

YEAR = compiled.ROOT / "docs" / "bench" / "year.toml"
DAY_S = 86_400
FROM_DAY, DAYS = 109, 20  # of the stretch
SUMMER_S = 3_600  # by which a summer's evening comes sooner
FAULTS = (("ntc_open", 60, 0), ("contact_lost", 250, SUMMER_S))  # name, day, summer time
WHOLE = compiled.made() is not None
DAY_BEFORE = "2025-12-31T18:00:00" if WHOLE else "2026-04-19T18:00:00"
SESSIONS = 350 if WHOLE else 19  # on one of the twenty days the unit asks for the clock
APART = 0.02  # share by which a sum of doses may differ from the plant's
JOURNAL_LEAST = 140 if WHOLE else 19  # sessions: the oldest records of a year are written over


class Life(NamedTuple):
    """What came of it."""

    result: dict[str, Any]
    verdict: dict[str, Any]  # of `journal verify`
    records: list[dict[str, Any]]  # of the journal


def write_stretch(
    path: Path, from_day: int = FROM_DAY, days: int = DAYS, summer_s: int = SUMMER_S
) -> None:
    """Write some days of the year, from an evening at 18:00 on, as a scenario of their own."""
    table = tomllib.loads(YEAR.read_text(encoding="utf-8"))
    from_s = from_day * DAY_S - summer_s
    until_s = from_s + days * DAY_S
    for kind in ("event", "expect"):
        rows = [
            row for each in table[kind] for row in repeat_event(each, kind, table["duration_s"])
        ]
        table[kind] = [
            {**row, "at_s": row["at_s"] - from_s}
            for row in rows
            if isinstance(row, dict) and from_s <= row["at_s"] < until_s
        ]
    table["start"]["date"] += timedelta(days=from_day)
    table["duration_s"] = days * DAY_S
    path.write_text(to_toml(read(table, path.name)), encoding="utf-8")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The year, or the stretch, of a unit with a key, by the commands that a person would give."""
    folder = tmp_path_factory.mktemp("year")

    def waistband(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tools.commands.main", *arguments], cwd=folder,
            env={**os.environ, "PYTHONPATH": str(compiled.ROOT)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return done.stdout

    (folder / "idle.toml").write_text(f"duration_s = 5\nstart = {{ date = {DAY_BEFORE} }}\n")
    write_stretch(folder / "stretch.toml")
    waistband("sim", "idle.toml", "--keep", "unit")
    waistband("key", "new", "-o", "unit.key")
    waistband("key", "install", "unit.key", "--sim", "unit")
    waistband("prescribe", "new", "-o", "dose.toml")
    signing = ["--key", "unit.key", "--unit", "SIM-0001", "--number", "1", "-o", "dose.json"]
    waistband("prescribe", "sign", "dose.toml", *signing)
    waistband("prescribe", "push", "dose.json", "--sim", "unit")
    scenario = str(YEAR) if WHOLE else "stretch.toml"
    result = json.loads(waistband("sim", scenario, "--keep", "unit", "--json"))
    waistband("journal", "pull", "pulls", "--sim", "unit")
    receipt = ["--receipt", result["sessions"][-1]["receipt"]]
    proved = waistband("journal", "verify", "pulls", "--key", "unit.key", *receipt, "--json")
    lines = [
        line for path in folder.glob("pulls/*/journal.*") for line in path.read_text().splitlines()
    ]
    return Life(result, json.loads(proved), [json.loads(line) for line in lines])


def sum_pads(fluence: dict[str, dict[str, float]]) -> list[float]:
    return [sum(banks.values()) for banks in fluence.values()]


def test_every_session_was_begun_and_ended_as_told(life: Life) -> None:
    """The command ended well, so every expectation of the file held: faults, clock, holiday."""
    sessions = life.result["sessions"]
    assert len(sessions) == SESSIONS and life.result["expect"]
    reasons = Counter(row["reason"] for row in sessions)
    assert reasons == ({"dose": 347, "fault": 2, "day_limit": 1} if WHOLE else
                       {"dose": 18, "day_limit": 1})  # fmt: skip
    faults = [row["name"] for row in life.result["faults"]]
    assert ("ntc_open" in faults and "contact_lost" in faults) if WHOLE else faults == []
    assert life.result["resets"] == [] and life.result["battery_pct"] > 50


def test_the_doses_counted_agree_with_the_plant_s(life: Life) -> None:
    counted = sum_pads(life.result["fluence_j_cm2"])
    true = sum_pads(life.result["true_fluence_j_cm2"])
    assert min(true) > 5 * SESSIONS  # J/cm2
    assert counted == pytest.approx(true, rel=APART)


def test_the_journal_verifies_with_the_unit_s_key(life: Life) -> None:
    verdict = life.verdict
    assert verdict["good"] and verdict["checked"]
    assert len(verdict["sessions"]) >= JOURNAL_LEAST
    how = [row["how"] for row in life.records if row["kind"] == "clock"]
    assert "confirmed" in how and "host" in how


def test_the_journal_s_doses_agree_with_the_plant_s(life: Life) -> None:
    """Of the sessions that it still holds, found by their receipts."""
    given_j_cm2: dict[int, float] = {}
    begun = 0
    for row in sorted(life.records, key=lambda row: row["n"]):
        if row["kind"] == "session":
            begun = row["n"]
        elif row["kind"] == "end":
            given_j_cm2[begun] = sum(row["a_uj_cm2"] + row["b_uj_cm2"]) / 1e6
    held = {row["receipt"]: given_j_cm2[row["n"]] for row in life.verdict["sessions"]}
    true = {row["receipt"]: sum(sum_pads(row["true_fluence_j_cm2"]))
            for row in life.result["sessions"]}  # fmt: skip
    assert len(held) >= JOURNAL_LEAST and set(held) <= set(true)
    assert sum(held.values()) == pytest.approx(sum(true[key] for key in held), rel=APART)


def test_the_stretch_is_of_the_year_and_has_its_lost_clock(tmp_path: Path) -> None:
    write_stretch(tmp_path / "stretch.toml")
    stretch = parse((tmp_path / "stretch.toml").read_text(), "stretch.toml")
    names = {event.name for event in stretch.events}
    assert {"START", "clock_lost", "charger_plugged"} <= names
    assert any(event.kind == "host" for event in stretch.events) and len(stretch.expectations) >= 4


def run_days(path: Path, from_day: int, days: int, summer_s: int) -> Run:
    """Run some days of the year; every expectation of the file holds."""
    write_stretch(path, from_day, days, summer_s)
    run = Run(parse(path.read_text(), path.name))
    run.advance(10**9)
    assert run.expectations.list_unmet() == [] and run.unexpected() == []
    return run


@pytest.mark.parametrize(("fault", "day", "summer_s"), FAULTS)
def test_the_rest_of_a_dose_is_given_after_a_fault(
    tmp_path: Path, fault: str, day: int, summer_s: int
) -> None:
    """The day before, the fault's own and the day after it, each to its dose."""
    run = run_days(tmp_path / "days.toml", day - 1, 3, summer_s)
    reasons = [row["reason"] for row in run.result()["sessions"]]
    assert reasons == ["dose", "fault", "dose", "dose"]
    assert run.result()["faults"][0]["name"] == fault


def test_every_evening_before_and_after_the_holiday_has_its_session(tmp_path: Path) -> None:
    """Three evenings, sixteen days without, and six more: no evening is lost to the date."""
    run = run_days(tmp_path / "days.toml", 197, 25, SUMMER_S)
    sessions = run.result()["sessions"]
    assert [row["reason"] for row in sessions] == ["dose"] * 9
    assert [197 + round(row["begin_s"] / DAY_S) for row in sessions] == [
        *range(197, 200),
        *range(216, 222),
    ]
