"""A simulated unit in a folder: `sim --keep` and the commands for a unit, by `--sim FOLDER`."""

import json
import re
from pathlib import Path

import pytest

from sim.run import Run
from sim.scenario.scenario import parse
from sim.scenario.toml_writer import to_toml
from tests.support.command import PRESCRIPTION, Ended, Waistband
from tools.unit.kept import read_unit

DAY = """
duration_s = 200
start = { date = %s, battery_pct = 70 }
%s[[event]]
at_s = 10
press = "START"
[[event]]
at_s = 150
press = "START"
hold_ms = 1600
"""


def good(ended: Ended) -> str:
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def refused(ended: Ended) -> str:
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    return ended.err


def write_day(date: str) -> str:
    Path("day.toml").write_text(DAY % (date, PRESCRIPTION))
    return "day.toml"


def live(waistband: Waistband, date: str, *options: str) -> str:
    """A day of the unit in `unit`; the receipt of its session."""
    out = good(waistband("sim", write_day(date), "--keep", "unit", "--json", *options))
    [session] = json.loads(out)["sessions"]
    assert session["reason"] == "dose"
    return str(session["receipt"])


def test_the_life_of_a_unit_by_the_commands_for_hardware(waistband: Waistband) -> None:
    codes = [live(waistband, "2026-03-01T09:00:00")]
    good(waistband("key", "new", "-o", "unit.key"))
    good(waistband("key", "install", "unit.key", "--sim", "unit"))
    assert "has keys already" in refused(waistband("key", "install", "unit.key", "--sim", "unit"))
    asked = ["--fluence", "0.8", "-o", "dose.toml"]
    good(waistband("prescribe", "new", *asked))
    before = read_unit("unit").files["prescription.json"]
    assert "is not signed" in refused(waistband("prescribe", "push", "dose.toml", "--sim", "unit"))
    assert read_unit("unit").files["prescription.json"] == before
    signed = ["--key", "unit.key", "--unit", "SIM-0001", "--number", "1", "-o", "dose.json"]
    good(waistband("prescribe", "sign", "dose.toml", *signed))
    good(waistband("prescribe", "push", "dose.json", "--sim", "unit"))
    codes += [live(waistband, "2026-03-02T09:00:00"), live(waistband, "2026-03-03T09:00:00")]
    good(waistband("journal", "pull", "pulls", "--sim", "unit"))
    receipts = [word for code in codes for word in ("--receipt", code)]
    said = good(waistband("journal", "verify", "pulls", "--key", "unit.key", "--json", *receipts))
    assert len(json.loads(said)["sessions"]) == 3
    shown = good(waistband("journal", "show", "pulls", "--key", "unit.key"))
    assert "2026-03-03" in shown and "0.80" in shown
    lines = good(waistband("monitor", "--sim", "unit", "--realtime", "1000", "--for", "0.3"))
    assert re.search(r"\d s\s+READY", lines)


def test_a_unit_goes_on_where_the_last_run_left_it(waistband: Waistband) -> None:
    live(waistband, "2026-03-01T09:00:00")
    first = read_unit("unit")
    Path("idle.toml").write_text("duration_s = 60\nstart = { battery_pct = 99 }\n")
    good(waistband("sim", "idle.toml", "--keep", "unit"))
    then = read_unit("unit")
    assert first.battery_pct < 70 and 0 < first.battery_pct - then.battery_pct < 1
    assert first.clock_s is not None and then.clock_s is not None
    assert 50 <= then.clock_s - first.clock_s <= 61
    assert len(then.files["journal.0"]) > len(first.files["journal.0"])
    assert then.files["journal.0"].startswith(first.files["journal.0"])
    assert first.scratch == 0 and then.scratch != 0  # switched off, and still on


def test_a_signed_command_reaches_a_simulated_unit_and_is_obeyed_once(
    waistband: Waistband,
) -> None:
    live(waistband, "2026-03-01T09:00:00")
    good(waistband("key", "new", "-o", "unit.key", "--unit", "SIM-0001"))
    good(waistband("key", "install", "unit.key", "--sim", "unit"))
    command = ("key", "command", "unit.key", "clock", "2025-12-31T08:00:00", "--reason")
    out = good(waistband(*command, "it was a year ahead", "--sim", "unit"))
    assert out == "unit: clock 2025-12-31T08:00:00, number 1: done and recorded\n"
    again = good(waistband(*command, "once more", "--number", "2", "--print")).strip()
    scenario = Path("again.toml")
    host = f'[[event]]\nat_s = %d\nhost = "{again}"\n'
    scenario.write_text("duration_s = 40\n" + host % 10 + host % 20)
    good(waistband("sim", "again.toml", "--keep", "unit"))
    refused(waistband(*command, "an old number", "--number", "1", "--sim", "unit"))
    rows = [json.loads(line) for line in Path("unit/journal.0").read_bytes().splitlines()]
    commands = [(row["number"], row["reason"]) for row in rows if row["kind"] == "command"]
    assert commands == [(1, "it was a year ahead"), (2, "once more")]
    assert ": clock: " in waistband("journal", "verify", "unit", "--key", "unit.key").out
    assert "no simulated unit" in refused(waistband(*command, "why", "--sim", "nowhere"))


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe"])
@pytest.mark.parametrize("depth", ["hal", "driver"])
def test_a_calibration_that_is_gone_or_broken_locks_the_unit_and_stays_so(
    waistband: Waistband, content: bytes | None, depth: str
) -> None:
    """The simulator makes one for a new unit alone: it once mended one that was taken away, and
    ended in a traceback with one that was no JSON."""
    live(waistband, "2026-03-01T09:00:00")
    path = Path("unit", "calibration.json")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    for _ in range(2):
        out = good(waistband("sim", write_day("2026-03-02T09:00:00"), "--keep", "unit", "--json",
                             "--depth", depth))  # fmt: skip
        assert json.loads(out)["sessions"] == []
        boot = [json.loads(line) for line in Path("unit/journal.0").read_bytes().splitlines()][-1]
        assert (boot["kind"], boot["lock"]) == ("boot", "calibration")
        assert "calibration" in boot["why"]
    assert not path.exists() or path.read_bytes() == content
    good(waistband("journal", "pull", "pulls", "--sim", "unit"))


def test_a_unit_is_the_same_at_driver_depth(waistband: Waistband) -> None:
    live(waistband, "2026-03-01T09:00:00")
    live(waistband, "2026-03-02T09:00:00", "--depth", "driver")
    files = read_unit("unit").files
    assert not [name for name in files if name.endswith(".py") or name == "files.json"]
    live(waistband, "2026-03-03T09:00:00")
    kinds = [json.loads(line)["kind"] for line in files["journal.0"].splitlines()]
    assert kinds.count("session") == 2 and kinds.count("end") == 2


def test_a_command_that_the_firmware_refuses_changes_nothing_but_the_journal(
    waistband: Waistband,
) -> None:
    live(waistband, "2026-03-01T09:00:00")
    before = read_unit("unit").files
    Path("bad.json").write_text("{}")
    refused(waistband("prescribe", "push", "bad.json", "--sim", "unit"))
    after = read_unit("unit").files
    assert {name for name in after if after[name] != before.get(name)} <= {"journal.0", "day.json"}
    assert set(after) == set(before)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["journal", "pull", "pulls", "--sim", "none"], "none: there is no simulated unit here"),
        (["journal", "pull", "pulls", "--sim", "."], ".: there is no simulated unit here"),
        (["sim", "--keep", "."], ".: there is no simulated unit here"),
        (["sim", "--keep", "day.toml"], "day.toml: cannot be a unit's folder"),
        (["journal", "pull", "p", "--sim", "u", "--device", "a0"], "--device with --sim"),
        (["key", "install", "unit.key", "--sim", "u", "-o", "x"], "--output with --sim"),
    ],
)
def test_a_folder_that_is_no_unit_is_refused(
    waistband: Waistband, arguments: list[str], said: str
) -> None:
    write_day("2026-03-01T09:00:00")
    good(waistband("key", "new", "-o", "unit.key"))
    assert said in refused(waistband(*arguments))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("[]", "a JSON object"),
        ('{"battery_pct": 50}', "lacks clock_s"),
        ('{"battery_pct": 101, "clock_s": null, "scratch": 0}', "battery_pct is 101"),
        ('{"battery_pct": 50, "clock_s": -1, "scratch": 0}', "clock_s is -1"),
        ('{"battery_pct": 50, "clock_s": 1, "scratch": 0, "x": 1}', "'x' is not a key"),
    ],
)
def test_a_state_that_is_wrong_is_refused_and_stays(
    waistband: Waistband, state: str, said: str
) -> None:
    Path("unit").mkdir()
    Path("unit/simulator.json").write_text(state)
    assert said in refused(waistband("sim", "--keep", "unit"))
    assert Path("unit/simulator.json").read_text() == state


def test_a_unit_of_another_board_is_refused(waistband: Waistband) -> None:
    Path("idle.toml").write_text("duration_s = 2\n")
    named = ["sim", "idle.toml", "--keep", "unit"]
    good(waistband(*named, "--board", "EXAMPLE_1200NM"))
    assert "is a unit with board EXAMPLE_1200NM" in refused(waistband(*named))
    good(waistband(*named, "--board", "EXAMPLE_1200NM"))


# -- the clock of a scenario ---------------------------------------------------------------


@pytest.mark.parametrize("written", ["2026-03-01T09:00:00", '"2026-03-01T09:00:00"'])
def test_a_scenario_has_a_date(written: str) -> None:
    found = parse(f"duration_s = 5\nstart = {{ date = {written} }}\n", "dated.toml")
    assert found.start.date == 825_670_800
    assert parse(to_toml(found), "dated.toml").start == found.start
    run = Run(found)
    run.advance(5)
    assert run.depth.read_clock_s() in (825_670_800, 825_670_801)


def test_a_clock_that_was_never_set(waistband: Waistband) -> None:
    Path("unset.toml").write_text(
        "duration_s = 8\nstart = { clock_set = false }\n"
        '[[expect]]\nat_s = 7\nscreen = "Clock not set"\n'
    )
    good(waistband("sim", "unset.toml", "--keep", "unit"))
    assert read_unit("unit").clock_s is None
    good(waistband("sim", "unset.toml", "--depth", "driver"))


@pytest.mark.parametrize("date", ["1999-12-31T00:00:00", "2026-03-01T09:00:00Z", "09:00:00", "7"])
def test_a_date_that_no_clock_has_is_refused(waistband: Waistband, date: str) -> None:
    assert "start.date is" in refused(waistband("sim", write_day(date)))
