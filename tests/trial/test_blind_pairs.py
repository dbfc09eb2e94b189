"""The search for what tells the arms apart, small: `check blind --visits` runs thousands."""

import json

import pytest

from firmware.safety.sensor_checks import SensorChecks
from firmware.trial import blinded_ui
from sim.campaign import blind_pairs
from sim.campaign.blind_pairs import compare_pair
from tools.commands.main import main


@pytest.mark.parametrize("seed", range(6))
def test_a_pair_that_lives_through_the_same_visit_is_alike_but_for_its_warmth(seed: int) -> None:
    parting, given_j_cm2 = compare_pair(seed)
    assert given_j_cm2 > 0
    assert parting is None or parting.by_physics, parting


def test_a_hot_pack_faults_neither_unit_where_a_lit_pad_would_bear_it() -> None:
    """Seed 2: 282 W/m2 for 30 s, 70 s into therapy: once a fault of the placebo unit alone."""
    assert compare_pair(2)[0] is None


@pytest.mark.parametrize("seed", [3, 145])
def test_a_pad_that_was_off_the_skin_lets_neither_unit_go_on_before_the_other(seed: int) -> None:
    """Off for 290 and 400 s, START seconds after it is on again: the dark pad was once colder than
    the 28 C that count as worn, and its unit alone refused."""
    assert compare_pair(seed)[0] is None


def test_an_assumed_power_of_nothing_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control, broken: a placebo unit that judges its face by the light that it gives."""
    power = SensorChecks.power

    def as_given(checks: SensorChecks, duties: list[int], *more: int) -> None:
        power(checks, [0] * len(duties) if checks.dark else duties, *more)

    monkeypatch.setattr(SensorChecks, "power", as_given)
    parting, _ = compare_pair(2)
    assert parting is not None and parting.dark == "cue FAULT" and parting.lit == ""
    assert parting.by_physics  # a fault of one unit alone, while its pads were unequally warm


def test_an_arm_that_is_said_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blinded face that lets out one number of the light, broken by hand."""
    take = blinded_ui.Face.take

    def leaking(face: blinded_ui.Face, numbers: list[int]) -> None:
        take(face, numbers)
        numbers[17] += face.status.pads[0].fluence.total_uj_cm2 > 500_000

    monkeypatch.setattr(blinded_ui.Face, "take", leaking)
    parting, _ = compare_pair(0)
    assert parting is not None and parting.lit.startswith("line ")
    assert parting.by_warmth and not parting.by_physics


def test_a_session_that_its_thermal_dose_ends_first_in_the_lit_unit_is_physics() -> None:
    """Seed 101000086: paused after 30 s of light, 369 W/m2 of a hot pack for 600 s."""
    parting, _ = compare_pair(101_000_086)
    assert parting is not None and parting.lit == "cue DONE" and parting.by_dose
    assert parting.lit_cem43_min > parting.dark_cem43_min + 0.3 and parting.by_physics


def test_every_kind_of_action_is_drawn() -> None:
    names: set[str] = set()
    words: set[bytes] = set()
    for seed in range(200):
        _, events, commands, _ = blind_pairs.draw_visit(seed)
        late = [event for event in events if event.at_s > blind_pairs.LIT_S]
        names |= {event.name for event in late}
        words |= {word for _, word in commands}
    assert names == {
        "START", "UP", "DOWN", "worn", "buckled", "slips", "ambient_c", "air_w_m2k", "hot_skin",
        "under_blanket", "charger_plugged",
    }  # fmt: skip
    assert words == {*blind_pairs.COMMANDS, *blind_pairs.FILES}


def test_the_campaign_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "blind", "--visits", "2", "--jobs", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["visits"] == told["lit"] == 2 and told["equally_warm"] == told["leaked"] == 0
    assert main(["check", "blind", "--visits", "0"]) == 2
    assert "--visits is 0" in capsys.readouterr().err
