"""The statistics, against independent computing and known values."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tools.trial import stats as trial_stats
from tools.trial.stats import Difference

VALUES = st.lists(st.integers(0, 10), min_size=2, max_size=60)


@given(values=VALUES)
def test_a_mean_and_its_interval_are_those_of_scipy(values: list[int]) -> None:
    found = trial_stats.mean_of(values)
    assert found is not None and found.sd is not None and found.low is not None
    assert found.n == len(values)
    assert found.mean == pytest.approx(float(np.mean(values)))
    assert found.sd == pytest.approx(float(np.std(values, ddof=1)))
    if found.sd:
        low, high = stats.t.interval(
            0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values)
        )
        assert [found.low, found.high] == pytest.approx([low, high])


def test_one_value_has_no_interval_and_none_no_mean() -> None:
    one = trial_stats.mean_of([4.0])
    assert one is not None and (one.n, one.mean, one.low, one.sd) == (1, 4.0, None, None)
    assert trial_stats.mean_of([]) is None


@given(seed=st.integers(0, 2**32 - 1), n=st.tuples(st.integers(3, 30), st.integers(3, 30)))
def test_ancova_is_that_of_least_squares_and_the_t_distribution(
    seed: int, n: tuple[int, int]
) -> None:
    source = np.random.default_rng(seed)
    therapy = np.array([True] * n[0] + [False] * n[1])
    base = source.integers(0, 11, len(therapy)).astype(float)
    if len(set(base)) < 2:
        base[0] += 1
    change = source.normal(-0.4 * base + 0.7 * therapy, 1.5)
    found = trial_stats.ancova(list(change), list(base), [bool(one) for one in therapy])
    assert isinstance(found, Difference) and found.n == n
    design = np.column_stack([np.ones(len(base)), therapy, base])
    beta, *_ = np.linalg.lstsq(design, change, rcond=None)
    left = change - design @ beta
    df = len(base) - 3
    cov = np.linalg.inv(design.T @ design) * (left @ left) / df
    error = math.sqrt(cov[1, 1])
    half = stats.t.ppf(0.975, df) * error
    assert found.difference == pytest.approx(beta[1], abs=1e-8)
    assert found.error == pytest.approx(error, rel=1e-6)
    interval = [beta[1] - half, beta[1] + half]
    assert [found.low, found.high] == pytest.approx(interval, abs=1e-7)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(beta[1] / error), df), rel=1e-5)
    assert found.slope == pytest.approx(beta[2], abs=1e-8)
    at_mean = beta[0] + beta[2] * base.mean()
    assert list(found.adjusted) == pytest.approx([at_mean + beta[1], at_mean])


def test_a_known_ancova_comes_out_as_by_hand() -> None:
    """change = -1 - baseline / 2 - 2 on therapy, with a scatter of +-0.1 at right angles to all."""
    base = [4.0, 4.0, 6.0, 6.0] * 2
    therapy = [True] * 4 + [False] * 4
    scatter = [0.1, -0.1, 0.1, -0.1] * 2
    change = [-1 - b / 2 - 2 * t + s for b, t, s in zip(base, therapy, scatter, strict=True)]
    found = trial_stats.ancova(change, base, therapy)
    assert isinstance(found, Difference)
    assert found.difference == pytest.approx(-2)
    assert found.slope == pytest.approx(-0.5)
    assert found.error == pytest.approx(math.sqrt(0.08 / 5 / 2))  # s2 = 0.08 / 5, s2 (1/4 + 1/4)


@pytest.mark.parametrize(("change", "base", "therapy", "why"), [
    ([1.0] * 4, [1.0, 2.0, 3.0, 4.0], [True, True, True, False], "too few"),
    ([1.0, 2, 3, 4, 5, 6], [3.0] * 6, [True, False] * 3, "every baseline is the same"),
    ([1.0] * 6, [1.0, 2, 3, 4, 5, 6], [True, False] * 3, "no scatter"),
    ([], [], [], "too few"),
])  # fmt: skip
def test_what_cannot_be_compared_says_why(
    change: list[float], base: list[float], therapy: list[bool], why: str
) -> None:
    found = trial_stats.ancova(change, base, therapy)
    assert isinstance(found, str) and why in found


def test_of_null_trials_one_in_twenty_leaves_zero_out() -> None:
    """400 of 21 and 18, as the demo's null trial: 20 expected, sd 4.4; and the interval of a
    difference that is there holds it as often as it says."""
    from tests.support.synthetic_trial import script

    out = {0.0: 0, -1.5: 0}
    for seed in range(400):
        source = random.Random(seed)
        arms = {f"P-{k:02}": "therapy" if k % 2 else "placebo" for k in range(39)}
        scripts = script.null_scripts(arms, "", source)
        base = [float(one.before[0]) for one in scripts.values()]
        change = [float(one.before[-1] - one.before[0]) for one in scripts.values()]
        therapy = [arms[who] == "therapy" for who in scripts]
        for shift in out:
            moved = [c + shift * t for c, t in zip(change, therapy, strict=True)]
            found = trial_stats.ancova(moved, base, therapy)
            assert isinstance(found, Difference)
            out[shift] += not found.low <= shift <= found.high
    assert all(7 <= count <= 33 for count in out.values())


@pytest.mark.parametrize(("counts", "index"), [
    ((10, 0, 0), 1.0), ((0, 10, 0), -1.0), ((5, 5, 0), 0.0), ((0, 0, 10), 0.0), ((6, 2, 2), 0.4),
])  # fmt: skip
def test_bangs_index_is_right_less_wrong(counts: tuple[int, int, int], index: float) -> None:
    found = trial_stats.bang_index(*counts)
    assert found is not None and found.mean == pytest.approx(index)
    assert trial_stats.bang_index(0, 0, 0) is None


def test_bangs_interval_is_that_of_its_variance() -> None:
    found = trial_stats.bang_index(6, 2, 2)
    assert found is not None and found.high is not None
    # (p + q - (p - q)^2) / n, p = 0.6, q = 0.2
    assert found.high - found.mean == pytest.approx(1.959964 * math.sqrt((0.8 - 0.16) / 10))
