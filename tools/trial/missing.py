"""Missing data: what the comparison would be, were those who are missing otherwise than assumed.

Called by `sensitivity`; touches no file. Complete cases are unbiased where ratings are missing at
random given arm and baseline. Two analyses stand beside them:

| analysis       | uses                              | assumes                             |
|----------------|-----------------------------------|-------------------------------------|
| mixed model    | every rating after baseline       | missing at random given all ratings |
| delta-adjusted | the missing last ratings imputed, | the missing of the therapy arm were |
| tipping point  | those of the therapy arm worse by | worse by delta than those who came  |
|                | delta                             |                                     |

Mallinckrodt CH et al. Drug Inf J 2008;42:303-319 (mixed models for repeated measures). Cro S et al.
Stat Med 2020;39:2815-2842 (delta-based multiple imputation). Rubin DB. Multiple imputation for
nonresponse in surveys. 1987; df of Barnard and Rubin, Biometrika 1999;86:948-955.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from sim.common.errors import BadInput
from tools.trial.stats import GET, LEVEL

IMPUTATIONS = 200
SEED = 20_061_193  # of the imputations, so that a report comes out the same again
DELTAS = tuple(step / 2 for step in range(21))  # 0 to 10, the whole scale
LEAST = 5  # complete cases


class Estimate(NamedTuple):
    """A difference of the arms, therapy less placebo."""

    difference: float
    low: float
    high: float
    p: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


class Case(NamedTuple):
    """A participant with a baseline: arm, baseline, and change by visit where it was rated."""

    therapy: bool
    baseline: float
    change: dict[int, float]


def import_numpy() -> Any:
    """NumPy. Raises BadInput where it is missing."""
    try:
        import numpy as np
    except ImportError:
        raise BadInput(f"the statistics need PyPI's statsmodels: {GET}") from None
    return np


def mixed_model(cases: Sequence[Case], visits: Sequence[int]) -> Estimate | str:
    """The difference at the last of these visits from a mixed model for repeated measures: change
    on visit, arm by visit and baseline, with a random intercept for each participant (compound
    symmetry; REML); or why there is none."""
    np = import_numpy()
    from statsmodels.regression.mixed_linear_model import MixedLM

    rows = [
        (at, case, visit, change)
        for at, case in enumerate(cases) for visit, change in case.change.items()
    ]  # fmt: skip
    seen = {(case.therapy, visit) for _, case, visit, _ in rows}
    if any((arm, visit) not in seen for arm in (True, False) for visit in visits):
        return "an arm has no rating at one of the visits"
    middle = math.fsum(case.baseline for case in cases) / len(cases)
    at_visit = [[float(v == visit) for v in visits] for *_, visit, _ in rows]
    table = np.array([
        [*place, *(one * case.therapy for one in place), case.baseline - middle]
        for place, (_, case, *_) in zip(at_visit, rows, strict=True)
    ])  # fmt: skip
    if np.linalg.matrix_rank(table) < table.shape[1]:
        table = table[:, :-1]  # every baseline is the same
    change = np.array([one for *_, one in rows])
    if len(rows) <= table.shape[1] + 1 or len({at for at, *_ in rows}) < LEAST:
        return "too few ratings"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = MixedLM(change, table, groups=np.array([at for at, *_ in rows])).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError):
            return "the model has no solution"
        place = 2 * len(visits) - 1
        low, high = map(float, fit.conf_int(1 - LEVEL)[place])
    found = Estimate(float(fit.fe_params[place]), low, high, float(fit.pvalues[place]))
    return found if all(map(math.isfinite, found)) else "the model has no solution"


def impute_and_compare(cases: Sequence[Case], last: int, delta: float) -> Estimate | str:
    """ANCOVA of the change to the last visit, with missing changes imputed IMPUTATIONS times and
    those of the therapy arm raised by `delta`; or why there is none."""
    np = import_numpy()
    from scipy.stats import t

    design = np.array([[1.0, float(case.therapy), case.baseline] for case in cases])
    change = np.array([case.change.get(last, math.nan) for case in cases])
    there = ~np.isnan(change)
    n = int(there.sum())
    if n < LEAST or len(set(design[there, 1])) < 2 or np.linalg.matrix_rank(design[there]) < 3:
        return "too few with both ratings"
    beta, left = least_squares(np, design[there], change[there])
    scale = np.linalg.cholesky(np.linalg.inv(design[there].T @ design[there]))
    source = np.random.default_rng(SEED)
    estimates, variances = [], []
    for _ in range(IMPUTATIONS):
        sigma = math.sqrt(left / source.chisquare(n - 3))
        drawn = beta + sigma * (scale @ source.standard_normal(3))
        full = change.copy()
        lacking = design[~there]
        full[~there] = lacking @ drawn + sigma * source.standard_normal(len(lacking))
        full[~there] += delta * lacking[:, 1]
        found, rest = least_squares(np, design, full)
        cov = np.linalg.inv(design.T @ design) * rest / (len(cases) - 3)
        estimates.append(float(found[1]))
        variances.append(float(cov[1, 1]))
    return pool(t, estimates, variances, len(cases) - 3)


def least_squares(np: Any, design: Any, values: Any) -> tuple[Any, float]:
    """Coefficients, and the sum of squares that they leave."""
    beta = np.linalg.lstsq(design, values, rcond=None)[0]
    left = values - design @ beta
    return beta, float(left @ left)


def pool(
    t: Any, estimates: Sequence[float], variances: Sequence[float], complete_df: int
) -> Estimate | str:
    """One estimate from those of many imputations, by Rubin's rules."""
    m = len(estimates)
    mean = math.fsum(estimates) / m
    within = math.fsum(variances) / m
    between = math.fsum((one - mean) ** 2 for one in estimates) / (m - 1) * (1 + 1 / m)
    total = within + between
    if total <= 0:
        return "the ratings leave no scatter"
    share = between / total
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    df = observed if share == 0 else 1 / (share**2 / (m - 1) + 1 / observed)
    error = math.sqrt(total)
    half = float(t.ppf((1 + LEVEL) / 2, df)) * error
    p = 2 * float(t.sf(abs(mean) / error, df))
    return Estimate(mean, mean - half, mean + half, p)


def find_tipping_point(cases: Sequence[Case], last: int) -> tuple[list[Estimate], float | None]:
    """The estimates at each of DELTAS, and the smallest delta at which the interval has 0 in it;
    None where it has at none, or where nothing can be computed."""
    found: list[Estimate] = []
    tips: float | None = None
    for delta in DELTAS:
        one = impute_and_compare(cases, last, delta)
        if isinstance(one, str):
            return [], None
        found.append(one)
        if tips is None and not one.excludes_zero:
            tips = delta
    return found, tips
