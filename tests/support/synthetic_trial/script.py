"""Scripted ratings (0-10) of synthetic trials, and a check of the results against them.

Called by `run`; reads the files that `trial unseal` wrote. In the null trial the arms do not
differ. In the fixture the means are set: first and last are those of Gale, Rothbart and Li 2006
(6.9 to 3.0 and 7.4 to 6.0), as near as whole ratings come; those between lie on a line.
"""

import csv
import random
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

from tests.support.synthetic_trial.belt import Script
from tools.trial.allocation import ARMS, PLACEBO, THERAPY

VISITS = 7
SET_MEANS = {THERAPY: (Fraction("6.9"), Fraction("3.0")), PLACEBO: (Fraction("7.4"), Fraction(6))}
FINISHING = {THERAPY: 21, PLACEBO: 18}
DROPPED_AT = 4  # the last visit of the dropout
SPREAD = (-2, -1, -1, 0, 0, 0, 1, 1, 2)  # of ratings around their mean
MOST = 10


def clamp_rating(value: float) -> int:
    """The nearest rating, 0 to 10."""
    return min(max(round(value), 0), MOST)


def null_scripts(arms: dict[str, str], dropped: str, source: random.Random) -> dict[str, Script]:
    """Ratings drawn alike in both arms, whose values are not read."""
    scripts = {}
    for who in arms:
        base = max(clamp_rating(source.gauss(7.1, 1.3)), 1)
        drift = source.gauss(-0.35, 0.3)  # a visit
        before = [
            clamp_rating(base + drift * visit + (source.gauss(0, 0.8) if visit else 0))
            for visit in range(VISITS)
        ]
        scripts[who] = complete_script(before, who == dropped, source)
    return scripts


def fixture_scripts(arms: dict[str, str], dropped: str, source: random.Random) -> dict[str, Script]:
    """Ratings whose means by arm and visit, of those who finish, are the set ones."""
    scripts = {}
    for arm in ARMS:
        people = [who for who, mine in arms.items() if mine == arm and who != dropped]
        first, last = SET_MEANS[arm]
        columns = []
        for visit in range(VISITS):
            mean = first + (last - first) * Fraction(visit, VISITS - 1)
            columns.append(draw_ratings(round(mean * len(people)), len(people), source))
        for at, who in enumerate(people):
            scripts[who] = complete_script([column[at] for column in columns], False, source)
    scripts[dropped] = complete_script([8, 7, 8, 7, 7, 7, 7], True, source)
    return {who: scripts[who] for who in arms}


def draw_ratings(total: int, count: int, source: random.Random) -> list[int]:
    """`count` scattered ratings whose sum is `total`."""
    mean = total / count
    found = [clamp_rating(mean + source.choice(SPREAD)) for _ in range(count)]
    while (short := total - sum(found)) != 0:
        step = 1 if short > 0 else -1
        at = source.randrange(count)
        if 0 <= found[at] + step <= MOST:
            found[at] += step
    return found


def complete_script(before: list[int], drops_out: bool, source: random.Random) -> Script:
    """A participant's script: random ratings after therapy, effects and guess added."""
    visits = DROPPED_AT if drops_out else VISITS
    after = [clamp_rating(value + source.choice((-1, 0, 0, 1))) for value in before]
    effects = [int(source.random() < 0.06) for _ in before]
    return Script(
        tuple(before[:visits]), tuple(after[:visits]), tuple(effects[:visits]), source.randrange(3)
    )


# -- check of the results ----------------------------------------------------------------------


def check_means(
    results: Path, arms: dict[str, str], scripts: dict[str, Script]
) -> tuple[bool, str]:
    """Whether each mean by arm and visit is the script's: exactly in data.csv, as printed in
    sources.csv and the report."""
    told = compute_means(results)
    printed = {row["what"]: row["value"] for row in read_rows(results / "sources.csv")}
    count = 0
    for arm in ARMS:
        for visit in range(1, VISITS + 1):
            for moment in ("before", "after") if visit > 1 else ("before",):
                answers = [getattr(one, moment)[visit - 1] for who, one in scripts.items()
                           if arms[who] == arm and len(one.before) >= visit]  # fmt: skip
                mean = Fraction(sum(answers), len(answers))
                where = f"{arm}, visit {visit}, {moment}"
                if told[arm, visit, moment] != mean:
                    return False, f"fixture, {where}: {told[arm, visit, moment]}, scripted {mean}"
                if printed[f"mean: {where}"] != f"{float(mean):.2f}":
                    return False, f"fixture, {where}: printed {printed[f'mean: {where}']}"
                count += 1
    return True, f"fixture: all {count} means by arm and visit are exactly the scripted ones"


def check_end_means(results: Path) -> tuple[bool, str]:
    """Whether the means of those who finish are the set ones, to the paper's decimal."""
    told = compute_means(results, finishing=True)
    parts, good = [], True
    for arm in ARMS:
        found = [told[arm, visit, "before"] for visit in (1, VISITS)]
        good &= [f"{float(mean):.1f}" for mean in found] == [
            f"{float(mean):.1f}" for mean in SET_MEANS[arm]
        ]
        parts.append(f"{arm} {' to '.join(f'{float(mean):.1f} ({mean})' for mean in found)}")
    counted = Counter(row["arm"] for row in finishers(results))
    good &= [counted[str(at + 1)] for at in range(2)] == [FINISHING[arm] for arm in ARMS]
    return good, f"fixture, of {sum(counted.values())} finishing: {', '.join(parts)}"


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def finishers(results: Path) -> list[dict[str, str]]:
    """The first row of each participant who did the last visit."""
    rows = read_rows(results / "data.csv")
    done = {
        row["record_id"]
        for row in rows
        if row["redcap_event_name"] == f"visit_{VISITS}_arm_1" and row["visit_state"] == "1"
    }
    return [row for row in rows if row["arm"] and row["record_id"] in done]  # fmt: skip


def compute_means(results: Path, finishing: bool = False) -> dict[tuple[str, int, str], Fraction]:
    """Mean overall pain by arm, visit and moment, from data.csv alone."""
    rows = read_rows(results / "data.csv")
    arms = {row["record_id"]: ARMS[int(row["arm"]) - 1] for row in rows if row["arm"]}
    kept = {row["record_id"] for row in finishers(results)} if finishing else set(arms)
    found: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    for row in rows:
        visit = int(row["redcap_event_name"].split("_")[1])
        for moment in ("before", "after"):
            if row[f"overall_{moment}"] and row["record_id"] in kept:
                key = arms[row["record_id"]], visit, moment
                found[key].append(int(row[f"overall_{moment}"]))
    return {key: Fraction(sum(values), len(values)) for key, values in found.items()}
