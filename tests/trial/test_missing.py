"""Sensitivity to missing ratings, against independent computing and known truths."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tools.trial import missing
from tools.trial import stats as trial_stats
from tools.trial.missing import Case, Estimate

VISITS = range(2, 6)


def draw_cases(seed: int, effect: float, people: int = 60, lost: float = 0.0) -> list[Case]:
    """People whose therapy arm changes by `effect` more until the last visit."""
    source = np.random.default_rng(seed)
    cases = []
    for at in range(people):
        therapy = at % 2 == 0
        baseline = float(source.integers(4, 10))
        own = source.normal(0, 1)
        change = {
            visit: float(-0.3 * visit + effect * therapy * (visit - 1) / 4 - 0.2 * (baseline - 7)
                         + own + source.normal(0, 0.7))
            for visit in VISITS
        }  # fmt: skip
        if source.random() < lost:
            change = {visit: one for visit, one in change.items() if visit < 4}
        cases.append(Case(therapy, baseline, change))
    return cases


def found_by(cases: list[Case]) -> Estimate:
    model = missing.mixed_model(cases, VISITS)
    assert isinstance(model, Estimate), model
    return model


def test_the_mixed_model_finds_the_effect_and_covers_it_as_often_as_it_says() -> None:
    models = [found_by(draw_cases(seed, -1.5, lost=0.3)) for seed in range(60)]
    assert np.mean([one.difference for one in models]) == pytest.approx(-1.5, abs=0.12)
    covered = sum(one.low <= -1.5 <= one.high for one in models)
    assert 51 <= covered <= 60  # 57 expected, sd 1.7


def test_with_nothing_missing_the_mixed_model_has_the_plain_difference_of_the_last_visit() -> None:
    cases = draw_cases(3, -1.0, 200)
    arms = [[one.change[5] for one in cases if one.therapy == arm] for arm in (True, False)]
    assert found_by(cases).difference == pytest.approx(
        np.mean(arms[0]) - np.mean(arms[1]), abs=0.15
    )


def test_with_nothing_missing_imputation_is_the_ancova() -> None:
    cases = draw_cases(5, -1.0)
    plain = trial_stats.ancova(
        [one.change[5] for one in cases], [one.baseline for one in cases],
        [one.therapy for one in cases],
    )  # fmt: skip
    imputed = missing.impute_and_compare(cases, 5, 3.0)
    assert isinstance(plain, trial_stats.Difference) and isinstance(imputed, Estimate)
    assert imputed.difference == pytest.approx(plain.difference)
    # Barnard and Rubin's df without missing values: (df + 1)/(df + 3) df
    df = len(cases) - 3
    half = stats.t.ppf(0.975, (df + 1) / (df + 3) * df) * plain.error
    assert imputed.high - imputed.difference == pytest.approx(half, rel=1e-6)


def test_each_unit_of_delta_raises_the_difference_by_the_share_that_is_missing() -> None:
    cases = draw_cases(7, -1.0, 80, 0.4)
    lacking = sum(5 not in one.change for one in cases if one.therapy)
    treated = sum(one.therapy for one in cases)
    at = [missing.impute_and_compare(cases, 5, delta) for delta in (0.0, 1.0, 2.0)]
    found = [one.difference for one in at if isinstance(one, Estimate)]
    steps = [b - a for a, b in pairwise(found)]
    assert steps == pytest.approx([lacking / treated] * 2, abs=0.03)


def test_the_tipping_point_is_where_the_interval_takes_0_in() -> None:
    cases = draw_cases(11, -1.2, 80, 0.4)
    estimates, tips = missing.find_tipping_point(cases, 5)
    assert tips is not None and tips > 0
    for delta, one in zip(missing.DELTAS, estimates, strict=True):
        assert (one.low <= 0 <= one.high) == (delta >= tips) or one.low > 0
    assert missing.find_tipping_point(draw_cases(2, 0.0, lost=0.3), 5)[1] == 0.0
    assert missing.find_tipping_point(draw_cases(2, -5.0, 200, 0.05), 5)[1] is None


def test_imputation_gives_the_same_numbers_again() -> None:
    cases = draw_cases(13, -1.0, lost=0.3)
    assert missing.impute_and_compare(cases, 5, 1.0) == missing.impute_and_compare(cases, 5, 1.0)


@pytest.mark.parametrize("cases", [
    [], [Case(True, 5.0, {5: 1.0})], [Case(True, 5.0, {}), Case(False, 5.0, {})] * 4,
    [Case(True, float(k), {5: 1.0}) for k in range(8)],
])  # fmt: skip
def test_too_few_are_said_and_raise_nothing(cases: list[Case]) -> None:
    assert isinstance(missing.impute_and_compare(cases or [Case(True, 5, {})], 5, 0.0), str)
    if cases:
        assert isinstance(missing.mixed_model(cases, VISITS), str)
    assert missing.find_tipping_point(cases or [Case(True, 5, {})], 5) == ([], None)


def test_equal_baselines_and_equal_ratings_raise_nothing() -> None:
    same = [Case(k % 2 == 0, 5.0, {5: float(k % 3)}) for k in range(12)]
    assert isinstance(missing.impute_and_compare(same, 5, 0.0), str)
    flat = [Case(k % 2 == 0, float(k), dict.fromkeys(VISITS, 0.0)) for k in range(12)]
    found = missing.mixed_model(flat, VISITS)
    assert isinstance(found, str) or all(map(math.isfinite, found))


def test_newcombes_interval_is_the_papers() -> None:
    """Newcombe 1998, part 10 example (a): 56/70 and 48/80: 0.0524 to 0.3339."""
    assert trial_stats.risk_difference((56, 70), (48, 80)) == "20 % (5 to 33)"
    assert trial_stats.risk_difference((0, 0), (1, 2)) == ""
