"""Any bytes in any of the unit's files: refused with words, dark, nothing raised, nothing lost."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from firmware.core import states
from firmware.records import json_codec
from firmware.records.keys import FILE as KEYS
from firmware.records.persistent_state import LIFTED
from firmware.trial import enrolment, visits
from sim.common.errors import BadInput
from sim.run import seal_for
from tests.support import fuzz
from tests.support.enrolled_unit import ticket_of
from tests.support.fake_hal import BOARD, CALIBRATION, SHORT
from tests.support.keyed_unit import installed, made
from tools.replay import ROOT, find_micropython

KINDS = ("plain", "signed", "in a trial")


def good(kind: str) -> dict[str, bytes]:
    """The files of a unit that has had a session and a hard fault that was lifted."""
    signed = kind != "plain"
    files = {
        fuzz.CALIBRATION: json.dumps(
            seal_for(CALIBRATION, BOARD, installed() if signed else None)
        ).encode(),
        fuzz.PRESCRIPTION: made() if signed else json.dumps(SHORT).encode(),
        "fault.json": b'{"fault": "contact_hot", "pad": "A", "value": 1, "limit": 2}',
        "day.json": b'{"treat_ms": 60000, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, '
                    b'"day_ms": 100000, "clock_s": null}',
    }  # fmt: skip
    if signed:
        files[KEYS] = installed()
    if kind == "in a trial":
        files[enrolment.FILE] = ticket_of(True)
    before = dict(files, **{"fault.json": LIFTED})
    fuzz.started(before)
    files.update({name: before[name] for name in before if name not in files})
    return files


def test_the_good_files_are_ready_but_for_the_fault_that_was_kept() -> None:
    for kind in KINDS:
        files = good(kind)
        assert (visits.FILE in files) == (kind == "in a trial")
        unit, _ = fuzz.started(dict(files, **{"fault.json": LIFTED}))
        assert unit.session.state == states.READY and "journal.0" in files
        unit, _ = fuzz.started(files)
        assert (unit.session.state, unit.session.lock) == (states.LOCKED, states.HARD_FAULT)


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_in_any_file_are_taken_for_the_worst_on_cpython(kind: str) -> None:
    files = good(kind)
    files["fault.json"] = LIFTED
    assert fuzz.run(files, fuzz.CASES) == []


@pytest.mark.parametrize("kind", KINDS)
def test_and_on_micropython(kind: str, tmp_path: Path) -> None:
    try:
        command = find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    files = {name: content.decode() for name, content in good(kind).items()}
    files["fault.json"] = LIFTED.decode()
    (tmp_path / "good.json").write_text(json.dumps(files))
    done = subprocess.run(
        [*command, "-X", "heapsize=8m", "-m", "tests.support.fuzz", "good.json"], check=False,
        capture_output=True, cwd=tmp_path, text=True,
        env={**os.environ, "MICROPYPATH": f"{ROOT}{os.pathsep}.frozen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout) == {"cases": fuzz.CASES * len(files), "wrong": []}


def test_a_reader_that_believes_what_it_reads_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    files = good("signed")
    monkeypatch.setattr(json_codec, "whole", lambda value, low, high: True)
    assert any("raised" in line or "day of" in line for line in fuzz.run(files, 100))
