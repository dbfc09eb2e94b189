"""Statistics of a trial's reports: means with confidence intervals, ANCOVA, Bang's index.

Called by `report` and `results`; touches no file.

Vickers AJ, Altman DG. Analysing controlled trials with baseline and follow up measurements. BMJ
2001;323:1123-1124: of change from baseline, the difference of the arms adjusted for baseline.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from sim.common.errors import BadInput

LEVEL = 0.95
GET = "pip install -e '.[trial]'"


@dataclass(frozen=True)
class Mean:
    """A mean and the limits of its confidence interval, which one value alone has not."""

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """The difference between arms, therapy less placebo."""

    n: tuple[int, int]  # therapy, placebo
    difference: float
    error: float
    low: float
    high: float
    p: float
    adjusted: tuple[float, float]  # mean change of each arm at the mean baseline
    slope: float  # of change on baseline


def t_quantile(df: int) -> float:
    """Student's t quantile of the two-sided LEVEL. Raises BadInput where SciPy is missing."""
    try:
        from scipy.stats import t
    except ImportError:
        raise BadInput(f"the statistics need PyPI's statsmodels: {GET}") from None
    return float(t.ppf((1 + LEVEL) / 2, df))


def mean_of(values: Sequence[float]) -> Mean | None:
    """The mean and its t interval; None where there are no values."""
    n = len(values)
    if not n:
        return None
    mean = statistics.fmean(values)
    if n == 1:
        return Mean(1, mean, None, None, None)
    sd = statistics.stdev(values)
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    return Mean(n, mean, sd, mean - half, mean + half)


def ancova(
    change: Sequence[float], baseline: Sequence[float], therapy: Sequence[bool]
) -> Difference | str:
    """Least squares of change on arm and baseline, or why it cannot be computed."""
    treated = sum(therapy)
    counts = treated, len(therapy) - treated
    if min(counts) < 2 or len(change) < 5:
        return f"too few with both ratings: {counts[0]} and {counts[1]}"
    if len(set(baseline)) < 2:
        return "every baseline is the same: there is nothing to adjust for"
    try:
        import numpy as np
        from statsmodels.regression.linear_model import OLS
    except ImportError:
        raise BadInput(f"the statistics need PyPI's statsmodels: {GET}") from None
    base = np.asarray(baseline, float)
    arm = np.asarray(therapy, float)
    centred = base - base.mean()
    fit = OLS(np.asarray(change, float), np.column_stack([np.ones(len(arm)), arm, centred])).fit()
    placebo, difference, slope = map(float, fit.params)
    low, high = map(float, fit.conf_int(1 - LEVEL)[1])
    if fit.ssr <= 1e-12 * max(1.0, float(fit.centered_tss)):
        return "the ratings leave no scatter: no interval can be told"
    return Difference(
        counts, difference, float(fit.bse[1]), low, high, float(fit.pvalues[1]),
        (placebo + difference, placebo), slope,
    )  # fmt: skip


def risk_difference(one: tuple[int, int], other: tuple[int, int]) -> str:
    """The difference of two shares (count, of how many) in %, with Newcombe's interval; empty
    where one is of nobody."""
    if not (one[1] and other[1]):
        return ""
    try:
        from statsmodels.stats.proportion import confint_proportions_2indep
    except ImportError:
        raise BadInput(f"the statistics need PyPI's statsmodels: {GET}") from None
    low, high = confint_proportions_2indep(*one, *other, method="newcomb", alpha=1 - LEVEL)
    difference = one[0] / one[1] - other[0] / other[1]
    return f"{100 * difference:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def bang_index(correct: int, wrong: int, unsure: int) -> Mean | None:
    """Bang's blinding index of an arm: 0 chance, 1 all guessed right, -1 all wrong; None without
    guesses. Bang H, Ni L, Davis CE. Control Clin Trials 2004;25:143-156."""
    n = correct + wrong + unsure
    if not n:
        return None
    right, false = correct / n, wrong / n
    index = right - false
    error = math.sqrt(max(right + false - index**2, 0.0) / n)
    half = 1.959964 * error
    return Mean(n, index, error, index - half, index + half)
