"""The allocation: permuted blocks, in balance, drawn once, and in clear nowhere."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.records.keys import Keys
from firmware.trial import enrolment
from tests.support import trial_folder
from tools.trial import age, allocation
from tools.trial.allocation import ARMS, PLACEBO, THERAPY

RATIOS = st.tuples(st.integers(1, 4), st.integers(1, 4))
SEEDS = st.integers(0, 2**63 - 1)


@given(count=st.integers(1, 200), ratio=RATIOS, multiples=st.sets(st.integers(1, 4), min_size=1),
       seed=SEEDS)  # fmt: skip
def test_every_whole_block_has_the_ratio_and_the_last_is_cut(
    count: int, ratio: tuple[int, int], multiples: set[int], seed: int
) -> None:
    sizes = tuple(sum(ratio) * k for k in sorted(multiples))
    found, blocks = allocation.draw_arms(count, sizes, ratio, random.Random(seed))
    assert len(found) == count
    assert set(blocks) <= set(sizes)
    assert sum(blocks[:-1]) < count <= sum(blocks)
    at = 0
    for size in blocks:
        block = Counter(found[at : at + size])
        share = size // sum(ratio)
        if at + size <= count:
            assert block == {THERAPY: share * ratio[0], PLACEBO: share * ratio[1]}
        else:
            assert block[THERAPY] <= share * ratio[0] and block[PLACEBO] <= share * ratio[1]
        at += size


@given(count=st.integers(1, 200), seed=SEEDS)
def test_arms_of_one_to_one_are_never_further_apart_than_half_a_block(
    count: int, seed: int
) -> None:
    found, _ = allocation.draw_arms(count, (4, 6), (1, 1), random.Random(seed))
    for upto in range(count + 1):
        counts = Counter(found[:upto])
        assert abs(counts[THERAPY] - counts[PLACEBO]) <= 3


def test_first_place_of_a_block_is_either_arm_alike() -> None:
    first = Counter(
        allocation.draw_arms(4, (4, 6), (1, 1), random.Random(seed))[0][0] for seed in range(400)
    )
    assert 150 < first[THERAPY] < 250  # 200 expected, sd 10


def test_without_a_seed_two_allocations_differ() -> None:
    drawn = [
        allocation.draw_arms(60, (4, 6), (1, 1), allocation.random_source(None))[0]
        for _ in range(2)
    ]
    assert drawn[0] != drawn[1]


@given(units=st.lists(st.integers(0, 9999), min_size=1, max_size=120, unique=True), seed=SEEDS)
def test_participants_are_numbered_and_keys_and_salts_are_all_different(
    units: list[int], seed: int
) -> None:
    serials = [f"WB-{unit:04}" for unit in sorted(units)]
    source = random.Random(seed)
    rows = allocation.assign_units(serials, [THERAPY] * len(serials), source)
    assert [row.unit for row in rows] == serials
    for what in ("participant", "key", "salt"):
        assert len({getattr(row, what) for row in rows}) == len(rows)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> trial_folder.Bench:
    return trial_folder.make_trial(tmp_path_factory.mktemp("trial"), units=9)


def test_no_file_has_an_arm_in_clear(bench: trial_folder.Bench) -> None:
    paths = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert len(paths) == 4 + 3 * 9 + 1 + 9  # and those of the spare unit
    for path in paths:
        content = path.read_bytes().replace(b"baseline_therapy", b"")
        assert not any(arm.encode() in content for arm in ARMS), path


def test_files_of_both_arms_are_of_the_same_sizes(bench: trial_folder.Bench) -> None:
    for part in ("tickets", "prescriptions"):
        sizes = {path.stat().st_size for path in (bench.folder / part).iterdir()}
        assert len(sizes) == 1, part
    # age pads its header at random: there it is what is inside
    held = age.read_identity(bench.officer)
    inside = [age.decrypt(path.read_bytes(), held, "", "")
              for path in (bench.folder / "envelopes").iterdir()]  # fmt: skip
    assert len({len(content) for content in inside}) == 1


def test_each_unit_takes_its_ticket_and_is_of_the_arm_that_was_drawn(
    bench: trial_folder.Bench,
) -> None:
    for who, row in bench.rows.items():
        content = (bench.folder / "tickets" / f"{who}.json").read_bytes()
        keys = Keys(None)
        keys.prescription = bench.keys[row["unit"]].prescription
        taken = enrolment.verify(content, keys, row["unit"])
        assert taken.masked == (row["arm"] == PLACEBO)
        assert taken.key.hex() == row["key"]
        assert (taken.trial, taken.participant) == (trial_folder.NAME, who)
