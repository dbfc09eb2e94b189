"""Fixtures of the tests of `trial collect`: a trial of four people, and a copy for each test."""

from pathlib import Path

import pytest

from tests.support.trial_folder import Bench
from tests.support.trial_pulls import copied, enrolled


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Made once, never written to."""
    return enrolled(tmp_path_factory.mktemp("trial"))


@pytest.fixture
def trial(bench: Bench, tmp_path: Path) -> Bench:
    """A copy, with everybody's journal in `pulls`."""
    return copied(bench, tmp_path)
