"""The classifier of the synthetic trial: it tells arms where something does, and only there."""

import random

from tests.support.synthetic_trial import blind


def crowd(seed: int, leak: float, people: int = 40, things: int = 60) -> blind.Verdict:
    """People who are seen to do this and that; in one thing, by so many sd, after their arm."""
    source = random.Random(seed)
    therapy = [source.random() < 0.5 for _ in range(people)]
    rows = [
        {f"thing {k}": source.gauss(0, 1) + (leak * arm if k == 7 else 0) for k in range(things)}
        for arm in therapy
    ]
    return blind.classify_arms(rows, therapy, seed)


def test_chance_is_not_beaten_where_nothing_tells_the_arms() -> None:
    verdicts = [crowd(seed, 0) for seed in range(20)]
    assert sum(verdict.unblinded for verdict in verdicts) <= 2
    assert 0.4 < sum(verdict.accuracy for verdict in verdicts) / 20 < 0.6


def test_one_thing_that_tells_the_arms_is_found_among_sixty() -> None:
    verdicts = [crowd(seed, 3) for seed in range(5)]
    assert all(verdict.unblinded and verdict.best == "thing 7" for verdict in verdicts)


def test_where_everybody_is_alike_there_is_nothing_to_tell() -> None:
    rows = [{"thing": 1.0}] * 10
    verdict = blind.classify_arms(rows, [True, False] * 5, 1)
    assert not verdict.unblinded and verdict.features == 0 and verdict.best == "nothing"
