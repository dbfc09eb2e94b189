"""The synthetic trials of `make trial`: scripts that do what they say, and a check that can fail.

The whole fixture is run here without the units: journals are written as units write them.
"""

import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.synthetic_trial import script as trial_script
from tests.support.synthetic_trial.belt import Script
from tests.support.trial_folder import SIZES, Belt, Bench, make_trial
from tools.commands.main import main
from tools.trial import allocation, folder
from tools.trial import people as trial_people
from tools.trial.allocation import PLACEBO, THERAPY

UNITS, PLACEBOS = 40, 19


def arms_of(therapies: int, placebos: int) -> dict[str, str]:
    arms = [THERAPY] * therapies + [PLACEBO] * placebos
    return {f"P-{k:02}": arm for k, arm in enumerate(arms, 1)}


@given(total=st.integers(0, 400), seed=st.integers(0, 2**32))
def test_ratings_of_a_given_sum_have_it(total: int, seed: int) -> None:
    count = max(1, -(-total // 10))
    found = trial_script.draw_ratings(total, count, random.Random(seed))
    assert sum(found) == total and len(found) == count
    assert all(0 <= value <= 10 for value in found)


@given(seed=st.integers(0, 2**32))
def test_the_fixture_goes_from_and_to_the_set_means(seed: int) -> None:
    arms = arms_of(21, 19)
    scripts = trial_script.fixture_scripts(arms, "P-40", random.Random(seed))
    for arm, ends in ((THERAPY, (6.9, 3.0)), (PLACEBO, (7.4, 6.0))):
        people = [one for who, one in scripts.items() if arms[who] == arm and who != "P-40"]
        for visit, mean in ((0, ends[0]), (6, ends[1])):
            told = Fraction(sum(one.before[visit] for one in people), len(people))
            assert f"{float(told):.1f}" == f"{mean:.1f}"
    assert len(scripts["P-40"].before) == trial_script.DROPPED_AT
    answers = [v for one in scripts.values() for v in (*one.before, *one.after)]
    assert all(0 <= value <= 10 for value in answers)


@given(seed=st.integers(0, 2**32))
def test_the_null_trial_is_the_same_whatever_the_arms(seed: int) -> None:
    one, other = arms_of(21, 19), arms_of(5, 35)
    scripts = [
        trial_script.null_scripts(arms, "P-40", random.Random(seed)) for arms in (one, other)
    ]
    assert scripts[0] == scripts[1]


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Path, dict[str, Script]]:
    """The fixture's trial, unsealed, and its script."""
    base = tmp_path_factory.mktemp("fixture")
    seed = next(
        seed for seed in range(1_000)
        if allocation.draw_arms(UNITS, SIZES, (1, 1), random.Random(seed))[0].count(PLACEBO)
        == PLACEBOS
    )  # fmt: skip
    bench = make_trial(base, UNITS, seed)
    arms = {who: row["arm"] for who, row in bench.rows.items()}
    dropped = next(who for who, arm in arms.items() if arm == PLACEBO)
    scripts = trial_script.fixture_scripts(arms, dropped, random.Random(1))
    for who, script in scripts.items():
        trial_people.add_enrolment(
            folder.open_trial(str(bench.folder)), who, bench.rows[who]["unit"]
        )
        belt = Belt(bench, who)
        for visit, (before, after) in enumerate(zip(script.before, script.after, strict=True), 1):
            belt.visit(visit, before, after, therapy=visit > 1)
        belt.pull(base / "pulls" / who)
    assert main(["trial", "collect", str(bench.folder), str(base / "pulls"), "--identity",
                 bench.monitor]) == 0  # fmt: skip
    out = base / "out"
    assert main(["trial", "unseal", str(bench.folder), "--identity", bench.statistician,
                 "-o", str(out)]) == 0  # fmt: skip
    return bench, out, scripts


def test_every_scripted_mean_comes_back_exactly(
    fixture: tuple[Bench, Path, dict[str, Script]],
) -> None:
    bench, out, scripts = fixture
    arms = {who: row["arm"] for who, row in bench.rows.items()}
    good, said = trial_script.check_means(out, arms, scripts)
    assert good, said
    assert "all 26 means" in said
    good, said = trial_script.check_end_means(out)
    assert good, said
    assert said == (
        "fixture, of 39 finishing: therapy 6.9 (145/21) to 3.0 (3), placebo 7.4 (133/18) to 6.0 (6)"
    )


@pytest.mark.parametrize(("name", "old", "new"), [
    ("data.csv", "visit_7_arm_1,,,,,1,2026-02-12 12:00:00", "visit_6_arm_1,,,,,1,2026"),
    ("sources.csv", 'placebo, visit 7, before",6.00', 'placebo, visit 7, before",6.01'),
])  # fmt: skip
def test_a_number_that_is_another_one_is_found(
    fixture: tuple[Bench, Path, dict[str, Script]], tmp_path: Path, name: str, old: str, new: str
) -> None:
    bench, out, scripts = fixture
    for path in out.iterdir():
        text = path.read_text()
        if path.name == name:
            assert old in text
            text = text.replace(old, new, 1 if name == "data.csv" else -1)
        (tmp_path / path.name).write_text(text)
    arms = {who: row["arm"] for who, row in bench.rows.items()}
    good, said = trial_script.check_means(tmp_path, arms, scripts)
    assert not good and said.startswith("fixture, ")
