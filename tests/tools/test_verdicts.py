"""The verdict of an injected fault is true at every moment, and names what ended light."""

import re
from typing import Any

import pytest

from sim.common.default_prescription import DEFAULT
from sim.common.story import Event, Scenario
from sim.faults.catalogue import FAULTS
from tools.bench.live import LiveRun
from tools.bench.verdicts import hottest_c

LIT_S = 60.0
STEP = 10  # ticks of a control step


def struck(fault: str, at_s: float = LIT_S, **about: Any) -> LiveRun:
    """A worn belt with START pressed at 2 s, run until the fault strikes."""
    start = Event(2.0, "press", "START", hold_ms=200)
    strike = Event(at_s, "fault", fault, **about)
    run = LiveRun(Scenario("told", 5, 900.0, dict(DEFAULT), events=(start, strike)))
    run.run_ticks(int(at_s * 50) + STEP)
    return run


def after(run: LiveRun, seconds: float) -> dict[str, Any]:
    """The verdict some seconds later."""
    run.run_ticks(int(seconds * 50))
    return run.verdicts[-1].render(run)


def test_a_rising_temperature_is_never_under_the_one_beside_it() -> None:
    run = struck("hot_skin", value=1_500.0, pad="A")
    highest, texts = 0.0, set()
    for _ in range(600):
        run.run_ticks(STEP)
        verdict = run.verdicts[-1].render(run)
        highest = max(highest, hottest_c(run, run.verdicts[-1].injected.event))
        said = re.search(r"(peak|rising,) ([\d.]+) C", verdict["text"])
        assert said
        assert float(said[2]) == pytest.approx(highest, abs=0.0051)
        texts.add(said[1])
    assert verdict["off_s"] and highest > 43.0  # the skin was heated from outside, and it is said
    assert texts == {"rising,"} and verdict["text"].endswith("C, heat from outside")
    run.apply_event({"fault": "hot_skin", "off": True})
    assert re.search(r"; peak 4\d\.\d\d C, heat from outside$", after(run, 10)["text"])


@pytest.mark.parametrize(
    ("fault", "about", "by"),
    [
        ("ntc_open", {"pad": "A"}, "ntc_open"),
        ("contact_drift", {"pad": "B", "value": 10.0}, "off_skin"),
        ("unworn", {}, "PAUSED"),
        ("firmware_hang", {}, "a reset"),
        ("i2c_hang", {}, None),
    ],
)  # fmt: skip
def test_the_fault_that_ended_light_is_named(
    fault: str, about: dict[str, Any], by: str | None
) -> None:
    run = struck(fault, **about)
    verdict = after(run, 40)
    latched = [row["name"] for row in run.fault_rows()]
    assert verdict["cut_by"] == by if by else verdict["cut_by"] in latched
    assert f" after it struck, by {verdict['cut_by']}" in verdict["text"]
    assert verdict["off_s"] >= verdict["strike_s"] == LIT_S


def test_a_bank_that_opened_is_named_and_light_goes_on() -> None:
    verdict = after(struck("led_open", pad="B", value=810), 5)
    assert verdict["off_s"] is None
    begins = r"led_open 810 nm on pad B: led_open latched \d+ ms after it struck, light goes on; "
    assert re.match(begins + r"rising, 3\d\.", verdict["text"])


def test_what_strikes_in_the_dark_claims_no_time() -> None:
    run = struck("contact_lost", at_s=1.5)
    assert ": dark before it struck; " in run.verdicts[-1].render(run)["text"]
    assert ": contact_lost latched 480 ms after it struck; " in after(run, 3)["text"]


def test_every_fault_of_the_catalogue_has_a_verdict_from_its_first_step_on() -> None:
    run = struck("ntc_open", pad="B")
    for name, row in FAULTS.items():
        event: dict[str, Any] = {"fault": name}
        event |= {"pad": "A"} if row.pad else {}
        event |= {"button": "START"} if row.also == "button" else {}
        if row.unit:
            value = row.default if row.default is not None else row.low
            event["value"] = 810 if row.unit == "nm" else value
        run.apply_event(event)
        run.run_ticks(STEP)
        while run.within and run.run_ticks(1):
            pass
        text = run.verdicts[-1].render(run)["text"]
        assert re.match(rf"{name}( \S.*)?: \S.*; (peak|rising,) [\d.]+ C, (bound|heat) ", text), (
            text
        )
