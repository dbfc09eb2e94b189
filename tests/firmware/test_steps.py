"""Prescriptions of more than one step (format 2), and sessions that are completed."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import states
from firmware.core.inputs import CHARGER, START
from firmware.core.limits import HOUR_MS
from firmware.core.validate import Refused
from firmware.therapy.prescription import compile_course
from sim.campaign import generators
from sim.common.default_prescription import DEFAULT
from tests.support.fake_hal import BOARD, MOMENT_MS, Bench

FULL = [[10_000] * 4, [10_000] * 4]
GATED = {
    "irradiance_mw_cm2": {"850": 5}, "light": {"mode": "gated", "rate_hz": 10, "on_ms": 60},
    "pads": "A", "minutes": 1,
}  # fmt: skip
CW = {
    "irradiance_mw_cm2": {"810": 2.5, "940": 2.5}, "light": {"mode": "cw"}, "pads": "AB",
    "fluence_j_cm2": 0.3,
}  # fmt: skip
PULSED = {
    "irradiance_mw_cm2": {"810": 2}, "light": {"mode": "pulse", "rate_hz": 292}, "pads": "B",
    "minutes": 0.6,
}  # fmt: skip
MINUTE = 60_000


def steps(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    table = {
        "format": 2, "name": "steps", "max_min": 10, "set_point_c": 40.5, "sessions_a_day": 1,
        "step": list(rows),
    }  # fmt: skip
    return {**table, **changes}


def refusal(prescription: object) -> str:
    with pytest.raises(Refused) as why:
        compile_course(prescription, BOARD, FULL)
    assert "\n" not in str(why.value)
    return str(why.value)


# -- the file -------------------------------------------------------------------------------------


def test_format_1_is_one_step_for_both_pads() -> None:
    course = compile_course(DEFAULT, BOARD, FULL)
    (step,) = course.steps
    assert (step.pads, step.ms, course.a_day, course.sessions) == (3, 0, 0, 0)
    assert course.whole_uj_cm2 == [step.fluence_uj_cm2] * 2 and course.duties == step.duties


def test_format_2_in_integers() -> None:
    course = compile_course(steps(GATED, CW, PULSED, sessions=12), BOARD, FULL)
    assert (course.a_day, course.sessions) == (1, 12)
    assert [step.pads for step in course.steps] == [1, 3, 2]
    assert [step.ms for step in course.steps] == [60_000, 0, 36_000]
    # a step by minutes: at most its irradiance in these minutes
    assert [step.fluence_uj_cm2 for step in course.steps] == [300_000, 300_000, 72_000]
    assert course.whole_uj_cm2 == [600_000, 372_000]
    assert course.steps[0].duties == [0, 54_612, 0, 0] + [0] * 4  # 5 / (10 * 3/5) of full
    assert course.steps[2].duties == [0] * 4 + [13_107, 0, 0, 0]
    assert course.duties == [16_383, 54_612, 16_383, 0, 16_383, 0, 16_383, 0]


WRONG = [
    (steps(), "a list of 1 to 6"),
    (steps(*[CW] * 7), "a list of 1 to 6"),
    (steps(CW, step={"0": CW}), "a list of 1 to 6"),
    (steps(CW, 3), "step 2: it is 3"),  # type: ignore[arg-type]
    (steps(CW, format=3), "format is 3"),
    (steps(CW, format=True), "format is True"),
    (steps(CW, sessions_a_day=0), "sessions_a_day is 0"),
    (steps(CW, sessions_a_day=1.5), "whole number"),
    (steps(CW, sessions=0), "sessions is 0"),
    (steps(CW, fluence_j_cm2=3), "'fluence_j_cm2' is not a key"),
    (steps(CW, {**CW, "pads": "BA"}), "step 2: pads is 'BA': A, B or AB"),
    (steps({**CW, "pads": ["A"]}), "step 1: pads is ['A']"),
    (steps({**CW, "minutes": 3}), "step 1: 'fluence_j_cm2' is not a key"),
    (steps({k: v for k, v in CW.items() if k != "fluence_j_cm2"}), "lacks fluence_j_cm2"),
    (steps({**GATED, "minutes": 0.4}), "step 1: minutes is 0.4"),
    (steps({**GATED, "minutes": 10.1}), "sum of the steps is 10.1"),
    (steps({**CW, "irradiance_mw_cm2": {"830": 2}}), "step 1: '830' is not a key"),
    (steps({**CW, "irradiance_mw_cm2": {}}), "step 1: irradiance_mw_cm2 sums to 0"),
    (steps({**CW, "fluence_j_cm2": 50}, {**CW, "fluence_j_cm2": 41}), "is 91.0"),
]


@pytest.mark.parametrize(("prescription", "said"), WRONG, ids=[row[1] for row in WRONG])
def test_what_is_wrong_is_said_with_its_step(prescription: object, said: str) -> None:
    assert said in refusal(prescription)


def test_the_dose_of_a_session_is_each_pads_own_sum() -> None:
    half = {**CW, "fluence_j_cm2": 60}
    compile_course(steps({**half, "pads": "A"}, {**half, "pads": "B"}, max_min=40), BOARD, FULL)
    assert "is 120.0" in refusal(steps({**half, "pads": "A"}, half, max_min=40))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 30))
def test_what_is_drawn_is_accepted_and_stays_within_the_session(seed: int) -> None:
    drawn = generators.draw_prescription(Random(seed))
    course = compile_course(json.loads(json.dumps(drawn)), BOARD, FULL)
    assert max(course.whole_uj_cm2) <= 90_000_000 and course.longest_ms() <= course.max_ms
    for step in course.steps:
        assert step.worst_uj_cm2 < 1 << 16 and sum(step.irradiance_uw_cm2) <= 50_000
        for pad in (0, 1):
            given_by = sum(step.duties[4 * pad : 4 * pad + 4]) > 0
            assert given_by == bool(step.of_pad(pad, 1))


# -- in the tick ----------------------------------------------------------------------------------


def test_steps_run_in_their_order_with_their_light_and_end() -> None:
    bench = Bench(steps(GATED, CW, PULSED)).to("RAMP")
    session, gate = bench.unit.session, bench.unit.gate
    assert (session.step, gate.period_ticks, gate.carrier_hz) == (0, 5, 2_000)
    assert gate.caps[4:] == [0] * 4 and gate.caps[0] == 0 < gate.caps[1]
    bench.until("TREAT", MINUTE)
    bench.until("RAMP", MINUTE)  # pad B had nothing: it asks for more
    assert (session.step, gate.period_ticks) == (1, 1)
    assert abs(session.treat_ms - MINUTE) <= 400
    began = [pad.from_uj_cm2 for pad in bench.unit.pads]
    while session.step == 1:
        bench.tick()
    for pad in bench.unit.pads:
        assert 290_000 <= pad.from_uj_cm2 - began[pad.index] <= 300_000
    assert bench.state == "TREAT"  # pad B's last step asks for less
    bench.until("DONE", MINUTE)
    assert (bench.reason, session.done, session.part_ms) == ("time", 1, 0)
    assert bench.unit.pads[1].fluence.total_uj_cm2 <= 372_000
    assert bench.cues().count("CHECK") == 1


def test_the_carrier_changes_only_after_a_tick_of_no_duty() -> None:
    bench = Bench(steps(GATED, CW, PULSED)).to("RAMP")
    while bench.unit.session.step < 2:
        bench.tick()
    bench.run(MOMENT_MS)
    calls = bench.hal.calls
    at = max(k for k, call in enumerate(calls) if call[0] == "carrier")
    assert calls[at] == ("carrier", 292, False)
    last = {call[1]: call[2] for call in calls[:at] if call[0] == "drive"}
    assert set(last.values()) == {0}
    tick_before = [call[0] for call in calls[:at]].count("renew_lease")
    zeros = max(k for k, call in enumerate(calls[:at]) if call[0] == "drive" and call[2] == 0)
    assert [call[0] for call in calls[:zeros]].count("renew_lease") <= tick_before - 1


def test_a_pause_amid_a_step_goes_on_with_that_step() -> None:
    bench = Bench(steps(GATED, CW)).to("RAMP")
    session = bench.unit.session
    while session.step < 1:
        bench.tick()
    bench.until("TREAT", MINUTE)
    before = [pad.stop_uj_cm2 for pad in bench.unit.pads]
    bench.press(START)
    assert bench.state == "PAUSED"
    bench.run(6_000)
    bench.press(START)
    bench.until("RAMP")
    assert session.step == 1 and [pad.stop_uj_cm2 for pad in bench.unit.pads] == before
    bench.until("DONE", 3 * MINUTE)
    assert bench.reason == "dose" and bench.unit.pads[0].fluence.total_uj_cm2 <= 600_000


def test_a_trial_goes_from_step_to_step_by_minutes_alone() -> None:
    bench = Bench(steps(GATED, {**CW, "fluence_j_cm2": 0.1}, PULSED)).to("RAMP")
    session = bench.unit.session
    bench.unit.trial = NoDose()  # type: ignore[assignment]
    while session.step < 1:
        bench.tick()
    bench.run(2 * MINUTE)
    assert session.step == 1 and bench.unit.pads[0].done


class NoDose:
    """A trial that asks for nothing."""

    def watch(self) -> None:
        raise AssertionError

    def settle(self) -> bool:
        return True


# -- completed ------------------------------------------------------------------------------------

SMALL = {**DEFAULT, "fluence_j_cm2": 1}


def end_by_charger(bench: Bench) -> None:
    bench.hal.pins |= CHARGER
    bench.until("CHARGING")
    bench.hal.pins &= ~CHARGER
    bench.until("READY")


@pytest.mark.parametrize("reset", [False, True])
def test_a_session_that_ended_early_is_completed(reset: bool) -> None:
    """One START after another: never more than the dose in all, and then a whole one again."""
    bench = Bench(SMALL, clock_s=800_000_000).to("TREAT")
    bench.run(20_000)
    end_by_charger(bench)
    first = [pad.fluence.total_uj_cm2 for pad in bench.unit.pads]
    assert min(first) > 200_000 and bench.unit.session.part_ms > 0
    bench.run(3_000)
    if reset:
        bench.reset()
        bench.to_ready()
    bench.take_off()
    bench.press(START)
    bench.until("DONE", 5 * MINUTE)
    assert bench.reason == "dose" and bench.unit.session.part_ms == 0
    for k, pad in enumerate(bench.unit.pads):
        assert 980_000 <= first[k] + pad.fluence.total_uj_cm2 <= 1_000_000
    bench.run(2_000)
    bench.take_off()
    bench.press(START)
    bench.until("DONE", 5 * MINUTE)
    assert min(pad.fluence.total_uj_cm2 for pad in bench.unit.pads) >= 980_000


def test_a_session_that_a_reset_cut_counts_as_whole() -> None:
    bench = Bench(steps(CW), clock_s=800_000_000).to("TREAT")
    bench.reset()
    bench.to_ready()
    assert bench.unit.session.done == 1
    bench.take_off()
    bench.press(START)
    assert (bench.state, bench.refused) == ("READY", "day_limit")


def test_minutes_that_were_given_are_not_given_again() -> None:
    bench = Bench({**SMALL, "fluence_j_cm2": 9, "max_min": 1}).to("TREAT")
    bench.run(10_000)
    end_by_charger(bench)
    given_ms = bench.unit.session.part_ms
    bench.take_off()
    bench.press(START)
    bench.until("CHECK")
    lit_ms = bench.until("DONE", 2 * MINUTE)
    assert bench.reason == "time" and abs(given_ms + lit_ms - MINUTE) <= 600


def test_sessions_in_all_and_a_new_prescription_begins_anew() -> None:
    bench = Bench(steps(CW, sessions=1, sessions_a_day=2)).to("TREAT")
    bench.until("DONE", 5 * MINUTE)
    bench.run(2_000)
    bench.take_off()
    bench.press(START)
    assert (bench.state, bench.refused) == ("DONE", "course_over")
    bench.kept = (bench.kept[0], steps(CW, sessions=2, sessions_a_day=2))
    bench.reset()
    bench.to_ready()
    assert bench.unit.session.done_in_all == 0


def test_a_new_day_begins_a_whole_session() -> None:
    bench = Bench(steps(CW), clock_s=800_000_000).to("TREAT")
    end_by_charger(bench)
    session = bench.unit.session
    session.day_ms = 25 * HOUR_MS - 200  # an hour goes by in each control step
    bench.run(23 * 200)  # the light is of an hour of the last 24
    assert session.part_ms and session.part_ms == session.day_treat_ms
    bench.run(3 * 200)
    assert (session.part_ms, session.done, session.day_treat_ms) == (0, 0, 0)


@pytest.mark.parametrize(
    "course", [[], [1] * 12, [True] * 13, None, "x", [1.5] * 13, {}, [1 << 40] * 13]
)
def test_what_cannot_be_read_of_the_day_was_all_given(course: object) -> None:
    kept = {
        "treat_ms": 0, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, "day_ms": 0, "clock_s": None,
        "course": course,
    }  # fmt: skip
    bench = Bench(steps(CW, sessions=5), files={"day.json": json.dumps(kept).encode()})
    bench.to_ready()
    bench.press(START)
    assert bench.refused == ("" if course is None else "course_over")


# -- what is said ---------------------------------------------------------------------------------


def row(bench: Bench, number: int) -> str:
    bench.run(4_000)
    shown = [call[2] for call in bench.hal.calls if call[:2] == ("show", number)]
    return str(shown[-1].decode().rstrip())


def test_the_screen_says_what_start_would_give() -> None:
    bench = Bench(SMALL)
    bench.to_ready()
    assert row(bench, 7) == "START A 1.0B 1.0"
    bench.take_off()
    bench.press(START)
    bench.until("TREAT", MINUTE)
    bench.run(30_000)
    end_by_charger(bench)
    left = [pad.whole_uj_cm2 // 100_000 for pad in bench.unit.pads]
    assert row(bench, 7) == f"START A 0.{left[0]}B 0.{left[1]}" and left[0] < 8
    bench.unit.session.day_treat_ms = 3_600_000 - 23_000
    assert row(bench, 7) == "Rest of day 0:23"


def test_the_days_end_has_a_reason_of_its_own() -> None:
    bench = Bench().to("TREAT")
    bench.unit.session.day_treat_ms = 3_600_000 - 2_000
    assert row(bench, 1) == "Enough for today"
    assert bench.reason == "day_limit" and states.REASONS[states.DAY] == "day_limit"


def test_the_journal_has_the_steps_and_what_is_left() -> None:
    bench = Bench(steps(GATED, CW, PULSED), clock_s=800_000_000).to("TREAT")
    end_by_charger(bench)
    bench.run(3_000)
    bench.take_off()
    bench.press(START)
    bench.run(1_000)
    lines = [json.loads(line) for line in bench.hal.files["journal.0"].split(b"\n") if line]
    begun = [line for line in lines if line["kind"] == "session"]
    assert "rest_uj_cm2" not in begun[0] and begun[1]["from_step"] == 0
    assert begun[1]["steps"][0] == [1, 60_000, 300_000, 2_000, 5, 3, 0, 5_000, 0, 0]
    assert 0 < begun[1]["rest_uj_cm2"][0] < 600_000


def test_the_longest_record_of_a_session_is_one_that_the_unit_finds_again() -> None:
    row = {**CW, "irradiance_mw_cm2": dict.fromkeys(("810", "850", "940", "1060"), 9.999)}
    row["fluence_j_cm2"] = 14.999
    course = steps(*[row] * 6, name="x" * 40, max_min=40)
    bench = Bench(course, clock_s=1_000_000_000).to("RAMP")
    end_by_charger(bench)
    bench.run(3_000)
    bench.take_off()
    bench.press(START)
    bench.run(1_000)
    longest = max(len(line) for line in bench.hal.files["journal.0"].split(b"\n"))
    assert 800 < longest < 1_200
