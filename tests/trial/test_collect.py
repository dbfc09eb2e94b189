"""`waistband trial collect`: good journals are read once, in any order."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.trial_folder import Bench
from tests.support.trial_pulls import (
    PEOPLE,
    alter,
    attended_belt,
    collect,
    dump,
    read_notes,
    read_participants,
    read_quarantine,
    rows,
)
from tools.commands.main import main
from tools.trial import folder

# -- good journals -----------------------------------------------------------------------------


def test_everything_in_good_journals_is_read(trial: Bench) -> None:
    assert collect(trial) == 0
    assert read_participants(trial) == list(PEOPLE)
    assert read_quarantine(trial) == read_notes(trial) == []
    assert rows(trial, "SELECT count(*) FROM ratings") == [(4 * 7 * (3 + 2),)]
    assert rows(trial, "SELECT visit, state, count(*) FROM visits GROUP BY 1, 2") == [
        (1, "done", 4), (2, "done", 4), (3, "done", 4),
    ]  # fmt: skip
    assert rows(trial, "SELECT DISTINCT treat_ms, reason FROM sessions") == [(600_000, "ended")]
    lines = sum(len(path.read_bytes().splitlines())
                for path in (trial.folder.parent / "pulls").rglob("journal.*"))  # fmt: skip
    # of each journal the boot before its ticket is not of the trial
    assert rows(trial, "SELECT count(*) FROM records") == [(lines - 4,)]


def test_no_table_has_an_arm(trial: Bench) -> None:
    collect(trial)
    said = "\n".join(dump(trial))
    assert "therapy" not in said and "placebo" not in said


def test_reading_the_same_again_changes_nothing(trial: Bench) -> None:
    collect(trial)
    before = dump(trial)
    assert collect(trial) == 0
    assert dump(trial) == before


@pytest.fixture(scope="module")
def sixpack(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six pulls: early and late ones of two people, a bad one and a stranger's."""
    base = tmp_path_factory.mktemp("sixpack")
    pulls = []
    for who in PEOPLE[:2]:
        belt = attended_belt(bench, who, 1)
        pulls.append(belt.pull(base / who / "1"))
        belt.visit(2, 4, 3)
        pulls.append(belt.pull(base / who / "2"))
    pulls.append(attended_belt(bench, "P-03").pull(base / "P-03"))
    alter(pulls[-1], b'"value": 6', b'"value": 1')
    pulls.append(attended_belt(bench, "P-04").pull(base / "P-01" / "3"))
    return pulls


@pytest.fixture(scope="module")
def found_in_order(
    bench: Bench, sixpack: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """What is found where each pull is collected once, one after the other."""
    return found_in(bench, sixpack, range(6), tmp_path_factory.mktemp("in_order"))


def found_in(bench: Bench, pulls: list[Path], turn: Iterable[int], base: Path) -> list[str]:
    """What a trial holds after these pulls were collected in turn."""
    shutil.copytree(bench.folder, base / "trial")
    copy = Bench(base / "trial", {}, "", "", bench.monitor)
    for at in turn:
        collect(copy, pulls[at])
    return dump(copy)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(range(6)), min_size=6, max_size=10).filter(
    lambda order: set(order) == set(range(6))
))  # fmt: skip
def test_what_is_found_does_not_depend_on_order_or_on_how_often(
    bench: Bench, sixpack: list[Path], found_in_order: list[str],
    tmp_path_factory: pytest.TempPathFactory, order: list[int],
) -> None:  # fmt: skip
    base = tmp_path_factory.mktemp("order")
    assert found_in(bench, sixpack, order, base) == found_in_order


def test_pulls_of_one_unit_are_read_as_one_journal(bench: Bench, trial: Bench) -> None:
    base = trial.folder.parent / "more"
    belt = attended_belt(bench, "P-01", 1)
    belt.pull(base / "P-01" / "first")
    belt.visit(2, 4, 3)
    belt.pull(base / "P-01" / "second")
    assert collect(trial, base) == 0
    assert read_participants(trial) == ["P-01"]
    assert rows(trial, "SELECT count(*) FROM visits") == [(2,)]


# -- the file ----------------------------------------------------------------------------------


def test_what_is_no_database_is_refused_in_a_line(
    trial: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (trial.folder / "trial.sqlite").write_bytes(b"no database at all" * 100)
    for arguments in (["collect", str(trial.folder), str(trial.folder.parent / "pulls")],
                      ["report", str(trial.folder)]):  # fmt: skip
        assert main(["trial", *arguments]) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and "trial.sqlite" in said.err


def test_the_verifying_keys_open_neither_tickets_nor_sealed_records(trial: Bench) -> None:
    """The monitor has journal keys alone."""
    from firmware.core.validate import Refused
    from firmware.records import encrypted
    from firmware.records.keys import Keys
    from firmware.trial import enrolment

    keys = folder.open_trial(str(trial.folder)).journal_keys(trial.monitor)
    content = (trial.folder / "tickets" / "P-01.json").read_bytes()
    held = keys["WB-0001"].journal
    unit = Keys(None)
    unit.prescription = held
    with pytest.raises(Refused):
        enrolment.verify(content, unit, "WB-0001")
    collect(trial)
    record = rows(trial, "SELECT sealed FROM sessions WHERE participant = 'P-01'")[0][0]
    assert encrypted.decrypt(held, record)[0] != 1
