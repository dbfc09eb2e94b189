"""Random sessions with random faults: drawn alike from a seed, judged by the physics, and able
to find firmware that was broken on purpose."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import gate, guard, pad, waistband
from sim import campaign, draw, scenario, writing
from tests.command import Waistband


def test_a_small_campaign_breaks_no_rule_and_counts_what_it_ran(waistband: Waistband) -> None:
    ended = waistband("check", "campaign", "--sessions", "3", "--windows", "12",
                      "--quiet-windows", "6", "--no-compile", "--json", "--seed", "5")  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    found: dict[str, Any] = json.loads(ended.out)
    assert found["cases"] == {"sessions": 3, "sessions with faults": 3, "fault windows": 12,
                              "quiet windows": 6}  # fmt: skip


@given(seed=st.integers(0, 2**31), index=st.integers(0, 10_000))
@settings(max_examples=25)
def test_every_session_that_is_drawn_can_be_written_and_read_as_a_scenario(
    seed: int, index: int
) -> None:
    drawn = draw.session(f"{seed}-{index}")
    again = scenario.parse(writing.toml(drawn), "drawn.toml")
    assert (again.start, again.events, again.seed) == (drawn.start, drawn.events, drawn.seed)
    assert draw.session(f"{seed}-{index}") == drawn


def test_a_case_is_the_same_again_to_the_last_digit() -> None:
    first, second = (campaign.again("5-1-f3")[0] for _ in range(2))
    results = [run.result() for run in (first, second)]
    for result in results:
        del result["wall_s"], result["realtime_factor"]
    assert results[0] == results[1]


SABOTAGE = {
    "a guard that looks away": (guard.Guard, "look", lambda self: 0),
    "a gate that does not shut": (gate.Gate, "shut", lambda self, ms: None),
    "sensors that are not judged": (pad.Pad, "judge", lambda self, inputs, latch: None),
    "a belt that is always worn": (waistband.Waistband, "worn", lambda self, warmest_mc: True),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_firmware_that_was_broken_on_purpose_breaks_a_rule(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*SABOTAGE[what])
    for index in range(6):
        if campaign.session(3, index, 15, 0).broken:
            return
    raise AssertionError("nothing was found")


@pytest.mark.filterwarnings("ignore")
def test_the_same_campaign_runs_on_a_dask_cluster(waistband: Waistband) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None,
                                  processes=True) as cluster:  # fmt: skip
        options = ("--sessions", "2", "--windows", "4", "--quiet-windows", "2", "--no-compile",
                   "--json", "--seed", "5")  # fmt: skip
        there = waistband("check", "campaign", *options, "--scheduler", cluster.scheduler_address)
    here = waistband("check", "campaign", *options)
    assert there.code == here.code == 0
    told = [json.loads(ended.out) for ended in (there, here)]
    assert told[0]["cases"] == told[1]["cases"]
    assert told[0]["struck"] == told[1]["struck"]
