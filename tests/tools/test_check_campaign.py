"""`waistband check campaign`: shared out, told, written, and run again."""

import json
import weakref
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from sim.campaign.cases import Breach, Tally
from sim.oracle.rules import RULES, Violation
from tests.support.command import Waistband, files
from tools import worker
from tools.commands import check_campaign
from tools.common import compiled
from tools.common.version import source_commit

SMALL = (
    "check", "campaign", "--sessions", "2", "--windows", "5", "--quiet-windows", "3",
    "--seed", "504", "--no-compile",
)  # fmt: skip
COUNTS = {
    "sessions": 2, "sessions with faults": 2, "fault windows": 5, "quiet windows": 3,
}  # fmt: skip

COMMIT = source_commit() or "unknown"


def test_a_small_campaign_breaks_no_rule_and_counts_what_it_ran(waistband: Waistband) -> None:
    ended = waistband(*SMALL, "--jobs", "2", "--json", "--report", "report.md")
    assert (ended.code, ended.err, files()) == (0, "", ["report.md"])
    found: dict[str, Any] = json.loads(ended.out)
    assert (found["cases"], found["violations"], found["seed"]) == (COUNTS, [], 504)
    report = Path("report.md").read_text()
    assert "**12 cases, no violation.**" in report
    assert f"sources {compiled.digest()}" in report
    for rule in RULES:
        assert f"- **{rule}**: " in report
    rows = [line for line in report.splitlines() if line.startswith("| fault windows | 5 |")]
    assert len(rows) == 1


@pytest.mark.filterwarnings("ignore")  # Dask's own
def test_the_same_campaign_on_a_dask_cluster_tells_the_same(waistband: Waistband) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        there = waistband(*SMALL, "--json", "--scheduler", cluster.scheduler_address)
    here = waistband(*SMALL, "--json")
    assert (there.code, here.code) == (0, 0)
    told = [{**json.loads(ended.out), "cpu_ms": None} for ended in (there, here)]
    assert told[0] == told[1]


@pytest.mark.filterwarnings("ignore")
def test_an_address_without_a_scheduler_is_named_in_a_line(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr(check_campaign, "CONNECT_S", 1)
    ended = waistband(*SMALL, "--scheduler", "tcp://127.0.0.1:9")
    assert (ended.code, ended.out) == (2, "")
    assert "--scheduler tcp://127.0.0.1:9: no scheduler there" in ended.err


HOT = Breach("504-1-f3", Violation("hot", 12.5, 44.1, 43.0, "true contact 44.10 C"))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign in which one case broke a rule."""
    tally = Tally(broken=[HOT])
    tally.cases.update(COUNTS)
    monkeypatch.setattr(check_campaign, "run_sessions", lambda size, compile_it, **options: tally)


@pytest.mark.usefixtures("broken")
def test_a_violation_exits_1_and_is_named_with_its_case_seed_and_commit(
    waistband: Waistband,
) -> None:
    ended = waistband(*SMALL, "--report", "report.md")
    assert ended.code == 1
    for told in (ended.out, Path("report.md").read_text()):
        assert "504-1-f3" in told and "true contact 44.10 C" in told
        assert "1 of them broken" in told and COMMIT in told
    found = json.loads(waistband(*SMALL, "--json").out)
    assert found["violations"] == [{"case": "504-1-f3", **HOT.violation._asdict()}]
    assert found["commit"] == COMMIT


def test_a_case_is_told_and_written_so_that_sim_shows_it(waistband: Waistband) -> None:
    ended = waistband("check", "campaign", "--replay", "504-1-f1", "--scenario", "case.toml")
    assert (ended.code, files()) == (0, ["case.toml"])
    assert "START pressed for" in ended.out and "No rule is broken." in ended.out
    shown = waistband("sim", "case.toml", "--json")
    faults = {row["name"] for row in json.loads(shown.out)["faults"]}
    assert all(name in ended.out for name in faults)


def test_a_broken_case_run_again_says_which_rule_and_exits_1(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sim.faults.deadlines", "sim.oracle.safety_oracle"):
        monkeypatch.setattr(f"{module}.SINGLE_C", 30.0)
    ended = waistband("check", "campaign", "--replay", "504-1")
    assert ended.code == 1
    assert "hot at " in ended.out and RULES["hot"] in ended.out.replace("\n", " ")


WRONG = [
    (("--sessions", "0"), "--sessions is 0: an integer from 1 to"),
    (("--windows", "-1"), "--windows is -1"),
    (("--quiet-windows", "many"), "'--quiet-windows'"),
    (("--seed", "4294967296"), "--seed is 4294967296"),
    (("--jobs", "0"), "--jobs is 0: an integer from 1 to"),
    (("--jobs", "2", "--scheduler", "tcp://here:1"), "a cluster has the workers that it has"),
    (("--replay", "7"), "--replay is '7': SEED-SESSION"),
    (("--replay", "1-1-x3"), "--replay is '1-1-x3'"),
    (("--scenario", "case.toml"), "--scenario without --replay"),
    (("--report", "no/such/place.md"), "no/such/place.md: cannot be written"),
]


@pytest.mark.parametrize(("options", "said"), WRONG, ids=[said for _, said in WRONG])
def test_wrong_options_are_refused_in_a_line(
    waistband: Waistband, options: tuple[str, ...], said: str
) -> None:
    ended = waistband("check", "campaign", *options)
    assert (ended.code, ended.out, files()) == (2, "", [])
    assert said in ended.err and ended.err.count("\n") == 1


def test_windows_are_shared_out_to_the_last_one() -> None:
    size = check_campaign.Size(7, 100, 11, 1)
    shares = [size.share(index) for index in range(7)]
    assert [sum(column) for column in zip(*shares, strict=True)] == [100, 11]
    assert max(map(max, shares)) - min(share[0] for share in shares) <= 15


def test_a_machine_with_other_sources_takes_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    node, process, sources, compile_it = worker.describe_command(False)
    elsewhere = (node, process + 1, sources[::-1], compile_it)
    monkeypatch.setattr(worker, "prepare_process", worker.prepare_process)
    with pytest.raises(ValueError, match="has other sources than the command"):
        worker.run_session(elsewhere, 504, 0, 0, 0)


def test_a_stop_in_the_middle_leaves_nothing_half_written(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(size: object, compile_it: bool, **options: object) -> Tally:
        raise KeyboardInterrupt

    monkeypatch.setattr(check_campaign, "run_sessions", gather)
    ended = waistband(*SMALL, "--report", "report.md")
    assert (ended.code, files()) == (130, [])


def test_a_campaign_has_so_many_tasks_in_flight_and_keeps_none_that_is_done() -> None:
    made: list[weakref.ref[Future[int]]] = []
    living: list[int] = []

    def submit(index: int) -> "Future[int]":
        future: Future[int] = Future()
        future.set_result(index)
        made.append(weakref.ref(future))
        return future

    found = []
    for result in check_campaign.run_in_flight(submit, 5_000):
        found.append(result)
        living.append(sum(ref() is not None for ref in made[-3_000:]))
    assert sorted(found) == list(range(5_000))
    assert max(living) <= 2 * check_campaign.IN_FLIGHT
    assert not any(ref() for ref in made[: -2 * check_campaign.IN_FLIGHT])
