"""The third synthetic trial of `make trial`, with sessions of two minutes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.synthetic_trial import belt, cheats
from tests.support.synthetic_trial.run import CHEATED, DemoTrial
from tools.journal import reader


def attend(base: Path) -> tuple[DemoTrial, dict[str, belt.Attended]]:
    made = DemoTrial(base / "cheated", replace(CHEATED, minutes=2))
    attended = {job.participant: belt.attend_visits(job) for job in made.jobs()}
    for one in attended.values():
        made.write_journal(one)
    made.withdraw_dropped()
    return made, attended


def test_each_of_the_ways_to_cheat_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, attended = attend(tmp_path)
    assert all(len(one.receipts) == cheats.VISITS for one in attended.values())
    assert all(code for one in attended.values() for code in one.receipts)
    checks = cheats.check_cheats(made, attended)
    assert [good for good, _ in checks] == [True, True], checks
    assert checks[1][1].startswith("cheating staff: 7 of 7")


def test_a_reader_that_checks_no_tag_is_found_by_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, attended = attend(tmp_path)
    monkeypatch.setattr(reader.Reader, "checked", lambda *_: reader.KEYED)
    good, text = cheats.check_cheats(made, attended)[1]
    assert not good and "tags left" in text
