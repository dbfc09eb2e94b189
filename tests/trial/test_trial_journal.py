"""`waistband journal` on the journal of a blinded unit: it verifies, and tells no arm."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.support.trial_folder import Belt, Bench, make_trial
from tools.commands.main import main

SEALED = "sealed until the trial is unsealed"


@pytest.fixture(scope="module")
def pulls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """One journal of each arm, and the unit's key; with a fault in it."""
    base = tmp_path_factory.mktemp("blind")
    bench: Bench = make_trial(base)
    found = {}
    for who in bench.people:
        belt = Belt(bench, who)
        belt.visit(1, 5, therapy=False)
        belt.add("fault", sealed="0" * 144)
        belt.visit(2, 5, 4)
        key = base / f"{who}.key"
        key.write_text(json.dumps({"key": bench.keys[belt.unit].secret.hex(), "unit": belt.unit}))
        key.chmod(0o600)
        found[belt.row["arm"]] = belt.pull(base / who), key
    assert len(found) == 2
    return found


def run_journal(
    pulls: dict[str, tuple[Path, Path]], arm: str, capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> str:  # fmt: skip
    """A command's output without serials, receipts and seals, which differ between units."""
    folder, key = pulls[arm]
    capsys.readouterr()
    assert main(["journal", arguments[0], str(folder), "--key", str(key), *arguments[1:]]) == 0
    said = capsys.readouterr().out.replace(str(folder), "FOLDER")
    return re.sub(r"(WB-\d{4})|([0-9A-Z]{4}(-[0-9A-Z]{4}){2}\b)|([0-9a-f]{64})", "", said)


@pytest.mark.parametrize("arguments", [("verify",), ("verify", "--json"), ("show",)])
def test_a_blind_journal_tells_the_same_of_both_arms(
    pulls: dict[str, tuple[Path, Path]], arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    said = [run_journal(pulls, arm, capsys, *arguments) for arm in pulls]
    assert said[0] == said[1]
    if arguments[0] == "show":
        assert SEALED in said[0] and "therapy for 10.0 min" in said[0]


def test_a_blind_journal_is_exported_without_what_was_given(
    pulls: dict[str, tuple[Path, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = []
    for arm in pulls:
        run_journal(pulls, arm, capsys, "export", "-o", str(tmp_path / arm))
        text = (tmp_path / arm / "sessions.csv").read_text()
        tables.append(re.sub(r"(WB-\d{4})|([0-9A-Z]{4}(-[0-9A-Z]{4}){2}\b)", "", text))
    assert tables[0] == tables[1]
    rows = list(csv.DictReader(io.StringIO(tables[0])))
    assert len(rows) == 2
    for name in ("fluence_j_cm2", "counted_fluence_j_cm2", "energy_j", "highest_contact_c"):
        assert [row[name] for row in rows] == ["", ""]
    assert [row["faults"] for row in rows] == ["", ""] and rows[0]["ended_by"] == "ended"


@pytest.mark.parametrize("short", ["", "00", "g" * 144])
def test_a_sealed_field_that_is_none_is_no_record(
    pulls: dict[str, tuple[Path, Path]], short: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bench = make_trial(tmp_path)
    belt = Belt(bench, "P-01")
    belt.add("fault", sealed=short)
    belt.visit(1, 5, therapy=False)
    folder = belt.pull(tmp_path / "pull")
    assert main(["journal", "verify", str(folder)]) == 1
    assert "has not the fields of a record of the kind 'fault'" in capsys.readouterr().out
