"""Cues: told apart by the hand alone, whole before the next begins, and given when they should."""

from itertools import combinations, pairwise

import pytest

from firmware.core import states
from firmware.core.inputs import CHARGER, START
from firmware.core.limits import TICK_MS
from firmware.ui.cues import CUES
from sim.common.value_record import replace
from sim.run import Run
from sim.scenario import scenario
from tests.support.fake_hal import SHORT, Bench
from tools.common.cue_pattern import LIGHTS, cue_tones, cue_vibration

FELT = [name for name in states.CUES if name != "SELF_TEST"]
WRONG = [*(name for name in FELT if name.startswith("REFUSED")), "FAULT", "LOCKED", "BATTERY_LOW",
         "DONE_EARLY"]  # fmt: skip
MINUTE = 60_000


def count_and_ms(name: str) -> tuple[int, int]:
    """How many pulses a cue has, and how long each is."""
    _, pulse_ms, pitches = CUES[states.CUES.index(name)]
    return len(pitches), pulse_ms


def differ(one: float, other: float) -> bool:
    """Whether two numbers differ by a factor of two at least."""
    return max(one, other) >= 2 * min(one, other)


def light(name: str) -> int | None:
    return CUES[states.CUES.index(name)][0]


def test_every_cue_has_a_row() -> None:
    assert len(CUES) == len(states.CUES)


@pytest.mark.parametrize(("one", "other"), list(combinations(FELT, 2)))
def test_the_hand_alone_tells_any_two_cues_apart(one: str, other: str) -> None:
    """By number or by length, a factor of two; two refusals are counted, both at one pace."""
    (count, ms), (count_2, ms_2) = count_and_ms(one), count_and_ms(other)
    if one.startswith("REFUSED") and other.startswith("REFUSED"):
        assert count != count_2 and ms == ms_2 >= 500
    else:
        assert differ(count, count_2) or differ(ms, ms_2)


@pytest.mark.parametrize("name", FELT)
def test_what_is_wrong_is_long_and_nothing_else_is(name: str) -> None:
    count, ms = count_and_ms(name)
    longest = max(count_and_ms(other)[1] for other in FELT if other not in WRONG)
    assert count > 0 and (ms >= 2 * longest if name in WRONG else 80 <= ms <= longest)


def test_the_number_of_pulses_says_what_kind_of_refusal_it_is() -> None:
    kinds = ("BELT", "WARM", "DAY", "BATTERY", "HELP")
    assert [count_and_ms(f"REFUSED_{kind}")[0] for kind in kinds] == [1, 2, 3, 4, 5]
    found = {}
    for number in range(1, len(states.REFUSALS)):
        bench = Bench().to_ready()
        bench.unit.session.refuse(number)
        found[states.REFUSALS[number]] = bench.cues()[-1]
    assert set(found.values()) == {f"REFUSED_{kind}" for kind in kinds}
    told = {"BELT": "not_worn never_off", "WARM": "too_warm", "DAY": "day_limit too_early",
            "BATTERY": "battery"}  # fmt: skip
    for kind, names in told.items():
        assert [name for name in found if found[name] == f"REFUSED_{kind}"] == sorted(
            names.split(), key=states.REFUSALS.index
        )


def test_the_light_of_a_fault_and_of_a_locked_unit_is_like_no_other() -> None:
    lights = [light(name) for name in FELT]
    assert len({light("TREAT"), light("FAULT"), light("LOCKED")}) == 3
    assert lights.count(light("FAULT")) == lights.count(light("LOCKED")) == 1
    assert {mode for mode in lights if mode is not None} <= set(LIGHTS)


def test_the_buzzer_sounds_while_the_motor_runs() -> None:
    number = states.CUES.index("PAUSED")
    assert cue_tones(number) == [(3_000, 320), (0, 200), (2_000, 320)]
    assert cue_vibration(number) == [320, 200, 320]


def test_in_an_ordinary_session_each_cue_is_whole_before_the_next_begins() -> None:
    run = Run(replace(scenario.ordinary(), duration_s=60.0))
    begun: list[tuple[int, int]] = []
    while run.t_s < 59.0:
        run.advance(1)
        begun += [row for row in run.depth.cues if row not in begun]
    assert [states.CUES[cue] for _, cue in begun] == [
        "READY",
        "WAIT_SKIN",
        "CHECK",
        "RAMP",
        "TREAT",
    ]
    for (t_ms, cue), (next_ms, _) in pairwise(begun):
        assert t_ms + sum(cue_vibration(cue)) < next_ms


# -- when they are given ---------------------------------------------------------------------


def test_a_fault_calls_every_ten_seconds_for_a_minute_then_each_minute() -> None:
    bench = Bench().to("TREAT")
    bench.hal.ntc[0] = 4_000
    bench.until("FAULT", 1_000)
    before = bench.cues().count("FAULT")
    calls: list[int] = []
    for second in range(1, 600):
        bench.run(1_000)
        calls += [second] * (bench.cues().count("FAULT") - before - len(calls))
    wanted = [*range(10, 61, 10), *range(120, 600, 60)]
    assert before == 1
    assert len(calls) == len(wanted)
    # a control step late at most: whole seconds are counted
    assert all(abs(found - at) <= 1 for found, at in zip(calls, wanted, strict=True))


def test_a_session_that_was_whole_ends_with_another_cue_than_one_that_was_not() -> None:
    whole = Bench(SHORT).to("TREAT")
    whole.until("DONE", 2 * MINUTE)
    assert (whole.reason, whole.cues()[-1]) == ("dose", "DONE")
    cut = Bench(SHORT).to("TREAT")
    cut.unit.session.post(states.HOST_IN)
    cut.run(TICK_MS)
    assert (cut.state, cut.reason, cut.cues()[-1]) == ("DONE", "host", "DONE_EARLY")


def test_a_warm_pad_refuses_start_at_once_with_its_words_and_its_cue() -> None:
    """The charger was in for 20 s in mid-session, and the pads are still warm."""
    bench = Bench().to("TREAT")
    bench.hal.pins |= CHARGER
    bench.run(20_000)
    bench.skin(40_200)
    bench.hal.pins &= ~CHARGER
    bench.until("READY", 2_000)
    bench.press(START)
    assert (bench.state, bench.refused) == ("READY", "too_warm")
    assert bench.cues()[-1] == "REFUSED_WARM"


def test_start_that_is_stuck_at_power_up_is_said_and_sounded_instead_of_ready() -> None:
    bench = Bench()
    bench.hal.pins |= START
    bench.run(12_000)
    assert (bench.state, bench.refused) == ("SELF_TEST", "button_stuck")
    assert bench.cues() == ["REFUSED_HELP"]
    bench.up(START)
    bench.run(400)
    assert (bench.state, bench.refused, bench.cues()[-1]) == ("READY", "", "READY")


def test_start_that_woke_the_unit_and_is_let_go_is_no_stuck_one() -> None:
    bench = Bench()
    bench.hal.pins |= START
    bench.run(3_000)
    bench.up(START)
    bench.run(400)
    assert bench.cues() == ["READY"]


def test_a_locked_unit_says_so_whatever_button_is_down() -> None:
    bench = Bench(calibration=None)
    bench.hal.pins |= START
    bench.run(3_000)
    assert bench.cues() == ["LOCKED"]
