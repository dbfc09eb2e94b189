"""Blocks of the unsealed report beside the main comparison: missing data, responders.

Called by `results`; writes no file.
"""

from tools.trial import missing
from tools.trial.allocation import ARMS, THERAPY
from tools.trial.data import OVERALL
from tools.trial.derive import BEFORE
from tools.trial.missing import DELTAS, Case, Estimate
from tools.trial.page import Block, Cell, Heading, Table, Words
from tools.trial.stats import risk_difference
from tools.trial.unsealed import Results

SHARES = (30, 50)  # %: Dworkin RH et al. J Pain 2008;9:105-121
METHOD = (
    "Beside the complete cases: a mixed model for repeated measures (change on visit, arm by visit "
    "and baseline; random intercept a participant, REML), of everybody with a baseline and any "
    f"later rating; and the last ratings that are missing, imputed {missing.IMPUTATIONS} times "
    "from arm and baseline, those of the therapy arm made worse by delta (Rubin's rules)."
)


def list_cases(found: Results) -> tuple[list[Case], list[str]]:
    """Everybody with a baseline, and the seals of all their ratings."""
    cases, seals = [], []
    data = found.data
    for who in data.people:
        first = data.ratings.get((who, 1, BEFORE, OVERALL))
        if first is None:
            continue
        later = {
            visit: answer for visit in data.visit_numbers
            if visit > 1 and (answer := data.ratings.get((who, visit, BEFORE, OVERALL)))
        }  # fmt: skip
        change = {visit: float(one.value - first.value) for visit, one in later.items()}
        cases.append(Case(found.arms[who].arm == THERAPY, float(first.value), change))
        seals += [first.seal, *(one.seal for one in later.values())]
    return cases, seals


def missing_blocks(found: Results) -> list[Block]:
    """The mixed model, and the delta-adjusted tipping point."""
    cases, seals = list_cases(found)
    last = found.data.last
    lacking = [sum(last not in case.change for case in cases if case.therapy == arm)
               for arm in (True, False)]  # fmt: skip
    model = missing.mixed_model(cases, range(2, last + 1)) if cases else "nobody has a baseline"
    rows = [estimate_row(found, "mixed model", model, seals)]
    text = "Nobody with a baseline lacks the last rating: there is nothing to impute."
    if any(lacking):
        estimates, tips = missing.find_tipping_point(cases, last)
        shown = {0.0, 1.0, 2.0, tips} & set(DELTAS)
        rows += [
            estimate_row(found, f"imputed, delta {delta:g}", one, seals)
            for delta, one in zip(DELTAS, estimates, strict=False) if delta in shown
        ]  # fmt: skip
        text = (
            f"Of those with a baseline, {lacking[0]} in the therapy arm and {lacking[1]} in the "
            f"placebo arm lack the last rating. {tipping_in_words(estimates, tips)}"
        )
    columns = ["analysis", "difference", "95 % interval", "p"]
    caption = f"Overall pain, change to visit {last}; difference: therapy less placebo"
    return [Heading("Missing ratings"), Words(METHOD), Table(columns, rows, caption), Words(text)]


def tipping_in_words(estimates: list[Estimate], tips: float | None) -> str:
    """The tipping point in a sentence."""
    if not estimates:
        return "Too few to impute from."
    if tips == 0:
        return "With delta 0 the interval has 0 in it: there is no finding that could tip."
    if tips is None:
        return f"The interval leaves 0 out up to delta {DELTAS[-1]:g}, the whole scale."
    return (
        f"Tipping point: the interval has 0 in it from delta {tips:g} on, that is if the missing "
        f"of the therapy arm were worse by {tips:g} than those who came."
    )


def estimate_row(
    found: Results, what: str, result: Estimate | str, seals: list[str]
) -> list[Cell]:  # fmt: skip
    """A row of the table of analyses."""
    if isinstance(result, str):
        return [what, "", result, ""]
    numbers = [
        ("difference", f"{result.difference:.2f}"),
        ("95 % interval", f"{result.low:.2f} to {result.high:.2f}"),
        ("p", "<0.001" if result.p < 0.001 else f"{result.p:.3f}"),
    ]
    return [what, *found.sources.add_numbers(f"{what}: ", numbers, seals)]


def responder_blocks(found: Results) -> list[Block]:
    """How many of each arm had their overall pain fall by a share of the baseline."""
    rows: list[list[Cell]] = []
    for share in SHARES:
        counted = [count_responders(found, arm, share) for arm in ARMS]
        seals = [seal for *_, mine in counted for seal in mine]
        values = [
            (arm, f"{fell} of {n} ({100 * fell / n:.0f} %)" if n else "")
            for arm, (fell, n, _) in zip(ARMS, counted, strict=True)
        ]
        values.append(("difference", risk_difference(counted[0][:2], counted[1][:2])))
        numbers = found.sources.add_numbers(f"responders {share} %: ", values, seals)
        rows.append([f"{share} % or more", *numbers])
    columns = ["overall pain fell by", *ARMS, "difference (95 %)"]
    caption = (
        "Of everybody with a baseline above 0; who lacks the last rating counts as no responder. "
        "Interval: Newcombe, Stat Med 1998;17:873-890"
    )
    return [Heading("Responders"), Table(columns, rows, caption)]


def count_responders(found: Results, arm: str, share: int) -> tuple[int, int, list[str]]:
    """How many of an arm had their pain fall by `share` %, of how many, and all seals."""
    data = found.data
    fell = count = 0
    seals: list[str] = []
    for who in found.people_of_arm(arm):
        first = data.ratings.get((who, 1, BEFORE, OVERALL))
        if first is None or not first.value:
            continue
        count += 1
        seals.append(first.seal)
        last = data.ratings.get((who, data.last, BEFORE, OVERALL))
        if last is not None:
            seals.append(last.seal)
            fell += 100 * (first.value - last.value) >= share * first.value
    return fell, count, seals
