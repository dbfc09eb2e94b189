"""Allocation: arms in permuted blocks of random sizes, and the keys of each unit.

Called by `new`, once a trial; touches no file. Within a block the arms have the trial's ratio;
random sizes hide where a block ends. The last block is cut where units end, so that the arms need
not have the ratio exactly. Matthews JNS, *Introduction to Randomized Controlled Clinical Trials*,
2nd ed. 2006, ch. 3.
"""

import random
from typing import NamedTuple

from firmware.records import mac
from firmware.trial.enrolment import SALT_HEX

THERAPY, PLACEBO = "therapy", "placebo"
ARMS = (THERAPY, PLACEBO)


class Assignment(NamedTuple):
    """One unit's place in the allocation; as secret as the allocation."""

    participant: str
    unit: str
    arm: str
    key: bytes  # that encrypts its records
    salt: str


def draw_arms(
    count: int, sizes: tuple[int, ...], ratio: tuple[int, int], source: random.Random
) -> tuple[list[str], list[int]]:
    """An arm for each of `count`, and the blocks' sizes: multiples of the ratio's sum."""
    found: list[str] = []
    drawn: list[int] = []
    while len(found) < count:
        size = source.choice(sizes)
        share = size // sum(ratio)
        block = [THERAPY] * (share * ratio[0]) + [PLACEBO] * (share * ratio[1])
        source.shuffle(block)
        found += block
        drawn.append(size)
    return found[:count], drawn


def assign_units(units: list[str], arms: list[str], source: random.Random) -> list[Assignment]:
    """The allocation: participants in the order of the units' serials, each with keys."""
    digits = max(2, len(str(len(units))))
    return [
        Assignment(
            f"P-{number:0{digits}}", unit, arm, source.randbytes(mac.KEY_BYTES),
            source.randbytes(SALT_HEX // 2).hex(),
        )
        for number, (unit, arm) in enumerate(zip(units, arms, strict=True), 1)
    ]  # fmt: skip


def draw_strata(
    strata: list[int], sizes: tuple[int, ...], ratio: tuple[int, int], source: random.Random
) -> tuple[list[str], list[list[int]]]:
    """Arms of all units, stratum after stratum, and the block sizes of each stratum."""
    drawn = [draw_arms(count, sizes, ratio, source) for count in strata]
    return [arm for arms, _ in drawn for arm in arms], [blocks for _, blocks in drawn]


def random_source(seed: int | None) -> random.Random:
    """The operating system's randomness (os.urandom), or a seed's, for synthetic trials only."""
    return random.SystemRandom() if seed is None else random.Random(seed)
