"""A small trial on the real firmware: the tools read what it writes, and a blinded person cannot
tell the arms unless the encryption is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from firmware.trial.blinded_ui import Face
from sim.common.errors import BadInput
from tests.support.synthetic_trial import belt as trial_belt
from tests.support.synthetic_trial import blind
from tests.support.synthetic_trial import script as trial_script
from tests.support.synthetic_trial.belt import Attended, Job, Script
from tests.support.synthetic_trial.run import DemoTrial, Story
from tests.support.trial_folder import Belt, Bench
from tools.commands.main import main
from tools.trial import unseal
from tools.trial.allocation import THERAPY

VISITS = 3


def scripted(arms: dict[str, str], dropped: str, source: Any) -> dict[str, Script]:
    """Answers that tell people apart, whatever their arm; one stays away from the last visit."""
    return {
        who: Script(
            tuple((k + visit) % 11 for visit in range(VISITS - (who == dropped))),
            tuple((k + 2 * visit) % 11 for visit in range(VISITS - (who == dropped))),
            (0, 1, 0), k % 3,
        )
        for k, who in enumerate(arms)
    }  # fmt: skip


def small(units: int) -> Story:
    return Story("Small, SYNTHETIC", scripted, 1, units, units // 2, 1, {"visits": VISITS})


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoTrial, dict[str, Attended]]:
    """Four units, lived through, collected and unsealed."""
    made = DemoTrial(tmp_path_factory.mktemp("belt") / "small", small(4))
    lives = {job.participant: trial_belt.attend_visits(job) for job in made.jobs()}
    for lived in lives.values():
        made.write_journal(lived)
    made.withdraw_dropped()
    assert main(["trial", "collect", made.folder, str(made.base / "journals")]) == 0
    unseal.unseal(made.folder, made.identity("statistician"), str(made.results))
    return made, lives


def kinds(files: dict[str, bytes]) -> dict[str, set[tuple[str, ...]]]:
    """The fields of each kind of record."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for content in files.values():
        for line in content.splitlines():
            row = json.loads(line)
            found.setdefault(row["kind"], set()).add(tuple(row))
    return found


def test_the_firmware_writes_the_kinds_of_records_that_tests_make(
    four: tuple[DemoTrial, dict[str, Attended]],
) -> None:
    made, lives = four
    held = unseal.read_allocation(made.trial, made.identity("statistician"))
    rows = {
        who: {"unit": unit, "arm": held[who].arm, "key": held[who].key.hex()}
        for who, unit in made.trial.units.items()
    }
    who = next(who for who in rows if who != made.dropped)
    belt = Belt(Bench(made.trial.folder, made.keys, "", "", "", rows), who)
    belt.visit(1, 5, therapy=False)
    belt.visit(2, 5, 4)
    belt.add("effect", visit=1, severity=0)
    belt.add("guess", visit=3, guess="unsure")
    belt.add("clock", before=820_584_000, after=820_584_000, how="confirmed")  # a date, by START
    real = kinds(lives[who].journal)
    assert real == kinds(belt.files())
    assert set(real) == {
        "boot", "clock", "ticket", "visit", "rating", "effect", "session", "end", "guess",
    }  # fmt: skip


def test_every_answer_at_the_belt_comes_out_at_the_other_end(
    four: tuple[DemoTrial, dict[str, Attended]],
) -> None:
    made, _ = four
    rows = trial_script.read_rows(made.results / "data.csv")
    assert len(rows) == 4 * VISITS
    for row in rows:
        script = made.scripts[row["record_id"]]
        visit = int(row["redcap_event_name"].split("_")[1])
        there = visit <= len(script.before)
        assert row["overall_before"] == (str(script.before[visit - 1]) if there else "")
        after = there and visit > 1
        assert row["overall_after"] == (str(script.after[visit - 1]) if after else "")
        assert row["effect"] == (str(script.effects[visit - 1] + 1) if there else "")
        assert row["guess"] == (str(script.guess + 1) if there and visit == VISITS else "")
        for pad in "ab":
            dose = row[f"dose_{pad}_j_cm2"]
            lit = made.arms[row["record_id"]] == THERAPY
            assert (0.3 < float(dose) < 0.7 if lit else float(dose) == 0) if after else not dose
        assert row["therapy_min"] == ("1.0000" if after else "")


def test_a_visit_too_many_or_too_early_is_not_there(
    four: tuple[DemoTrial, dict[str, Attended]],
) -> None:
    made, _ = four
    job = next(job for job in made.jobs() if job.participant != made.dropped)
    with pytest.raises(BadInput, match="visit 2: the unit refused it: too_early"):
        trial_belt.attend_visits(job._replace(interval_days=1))
    longer = job.script._replace(before=(*job.script.before, 3), after=(*job.script.after, 3),
                     effects=(*job.script.effects, 0))  # fmt: skip
    with pytest.raises(BadInput, match="visit 4: the unit refused it: trial_over"):
        trial_belt.attend_visits(job._replace(script=longer))


def test_a_journal_of_the_firmware_that_is_altered_is_kept_apart(
    four: tuple[DemoTrial, dict[str, Attended]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, lives = four
    for who, lived in lives.items():
        (tmp_path / who).mkdir()
        content = lived.journal["journal.0"]
        if who == "P-02":
            content = content.replace(b'"Overall", "value"', b'"Overall","value"')
        (tmp_path / who / "journal.0").write_bytes(content)
    capsys.readouterr()
    assert main(["trial", "collect", made.folder, str(tmp_path)]) == 1
    assert "P-02: altered:" in capsys.readouterr().out


# -- blinding ------------------------------------------------------------------------------------


def seen_by_all(base: Path) -> tuple[list[dict[str, float]], list[bool]]:
    """Twenty units, ten of each arm, and what a blinded person sees of each."""
    made = DemoTrial(base / "small", small(20))
    jobs: list[Job] = made.jobs()
    return [trial_belt.attend_visits(job).seen for job in jobs], [
        made.arms[job.participant] == THERAPY for job in jobs
    ]


def test_the_arms_cannot_be_told_until_the_sealing_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once as it is, once with telemetry that tells the warmth of the pads, as a plain unit's."""
    rows, therapy = seen_by_all(tmp_path)
    verdict = blind.classify_arms(rows, therapy, 1)
    assert not verdict.unblinded, str(verdict)
    assert verdict.features > 50
    hidden = Face.take

    def telling(face: Face, numbers: list[int]) -> None:
        hidden(face, numbers)
        numbers[6], numbers[7] = (pad.contact_mc for pad in face.status.pads)

    monkeypatch.setattr(Face, "take", telling)
    (tmp_path / "broken").mkdir()
    rows, therapy = seen_by_all(tmp_path / "broken")
    verdict = blind.classify_arms(rows, therapy, 1)
    assert verdict.unblinded, str(verdict)
    assert "contact_mc" in verdict.best
