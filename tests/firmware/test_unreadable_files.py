"""Unreadable files: only "there is no such file" is absent; all else is the worst case.

`READERS` names each file that the unit keeps, and what becomes of a START where it cannot be read.
`ERRORS` are the ways in which that happens, as the filesystem reports them.
"""

import builtins
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.core import states
from firmware.records.persistent_state import LIFTED, read_fault
from firmware.trial import enrolment, visits
from hal import files, storage
from tests.support.chip_programs import START, ChipRun, story
from tests.support.enrolled_unit import BRIEF, CLOCK_S, files_with, ticket_of
from tests.support.fake_hal import SHORT, Bench
from tests.support.fake_hal import START as START_PIN
from tests.support.keyed_unit import installed, made

ERRORS: dict[str, BaseException] = {
    "I/O error": OSError(errno.EIO, "EIO"),
    "no filesystem": OSError(errno.ENODEV, "ENODEV"),
    "no memory": MemoryError(),
    "error without a number": OSError(),
}
TOO_LARGE = b" " * (storage.FILE_MAX + storage.FILE_PIECE)
KINDS = [*ERRORS, "too large", "0 bytes"]
DAY = b'{"treat_ms": 0, "cem43_a_q10_ms": 0, "cem43_b_q10_ms": 0, "day_ms": 0, "clock_s": null}'


# -- the HAL of the unit -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spoil(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Make the file `kept` unreadable in this way."""
    content = {"too large": TOO_LARGE, "0 bytes": b""}.get(kind, b"{}")
    (folder / "kept").write_bytes(content)
    if kind in ERRORS:

        def broken(*_: Any, **__: Any) -> Any:
            raise ERRORS[kind]

        monkeypatch.setattr(builtins, "open", broken)
        monkeypatch.setattr(os, "stat", broken)


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_read_has_no_bytes_and_is_not_absent(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with monkeypatch.context() as within:
        spoil(folder, within, kind)
        found = storage.load("kept"), storage.size("kept"), storage.tail("kept", 10)
    assert found[0] == storage.UNREADABLE
    if kind in ERRORS:
        assert found[1:] == (-1, storage.UNREADABLE)
    assert None not in found


def test_only_a_file_that_is_not_there_is_absent(folder: Path) -> None:
    assert storage.load("kept") is storage.tail("kept", 10) is None
    assert storage.size("kept") is None and not files.exists("kept")


@pytest.mark.parametrize("kind", ERRORS)
def test_a_deploy_that_cannot_be_told_to_have_ended_did_not(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def broken(_: str) -> Any:
        raise ERRORS[kind]

    if kind != "no memory":
        monkeypatch.setattr(os, "stat", broken)
        assert files.exists(files.DEPLOYING)


# -- every reader of the firmware --------------------------------------------------------------


def refused_for(why: str) -> Callable[[Bench], None]:
    def hold(bench: Bench) -> None:
        assert (bench.state, bench.refused) == ("READY", why)

    return hold


def locked_by(lock: int) -> Callable[[Bench], None]:
    def hold(bench: Bench) -> None:
        assert (bench.state, bench.unit.session.lock) == ("LOCKED", lock)
        assert bench.unit.session.locked

    return hold


READERS = {
    "fault.json": (LIFTED, locked_by(states.HARD_FAULT)),
    "day.json": (DAY, refused_for("day_limit")),
    "journal.0": (b"", refused_for("storage")),
    "journal.7": (b"", refused_for("storage")),
    "keys.json": (installed(), locked_by(states.PRESCRIPTION)),
}
IN_A_TRIAL = {
    enrolment.FILE: (ticket_of(False), locked_by(states.TRIAL)),
    visits.FILE: (b"", locked_by(states.TRIAL)),
    "keys.json": (installed(), locked_by(states.TRIAL)),
}


def start(bench: Bench) -> None:
    """Power comes; START; time enough for light."""
    bench.reset()
    bench.run(3_000)
    bench.press(START_PIN)
    bench.run(10_000)


@pytest.mark.parametrize("name", READERS)
def test_no_light_where_a_file_cannot_be_read(name: str) -> None:
    content, hold = READERS[name]
    bench = Bench(made() if name == "keys.json" else SHORT, files={name: content}, clock_s=CLOCK_S)
    bench.hal.unreadable.add(name)
    start(bench)
    hold(bench)
    assert not any(bench.hal.lit_duty_ms)


@pytest.mark.parametrize("name", READERS)
def test_no_light_where_a_file_has_0_bytes(name: str) -> None:
    bench = Bench(made() if name == "keys.json" else SHORT, files={name: b""}, clock_s=CLOCK_S)
    start(bench)
    READERS[name][1](bench)


@pytest.mark.parametrize("name", IN_A_TRIAL)
def test_no_light_in_a_trial_where_a_file_cannot_be_read(name: str) -> None:
    content, hold = IN_A_TRIAL[name]
    bench = Bench(
        made(prescription=BRIEF), files={**files_with(ticket_of(False)), name: content},
        clock_s=CLOCK_S,
    )  # fmt: skip
    bench.hal.unreadable.add(name)
    start(bench)
    hold(bench)


@pytest.mark.parametrize("name", ["fault.json", "day.json", "journal.0"])
def test_without_the_file_the_unit_treats(name: str) -> None:
    bench = Bench(SHORT)
    start(bench)
    assert name != "fault.json" or name not in bench.hal.files
    assert any(bench.hal.lit_duty_ms)


def test_a_journal_that_can_be_read_again_goes_on_where_it_ended() -> None:
    bench = Bench(SHORT)
    start(bench)
    before = bench.hal.files["journal.0"]
    bench.hal.unreadable.add("journal.0")
    start(bench)
    assert bench.hal.files["journal.0"] == before  # a chain that is not read is not forked
    bench.hal.unreadable.clear()
    bench.run(2_000)
    bench.press(START_PIN)
    bench.run(1_000)
    assert bench.state == "WAIT_SKIN"
    assert bench.hal.files["journal.0"].startswith(before)


def test_a_lifted_fault_is_written_in_words() -> None:
    assert read_fault(None) is read_fault(LIFTED) is None
    assert read_fault(b"") is not None and read_fault(b"{}") is not None


# -- driver depth: the unit's own files on the simulated chip ----------------------------------

ON_CHIP = {
    "calibration.json": ("LOCKED", ""), "prescription.json": ("LOCKED", ""),
    "fault.json": ("LOCKED", ""), "day.json": ("READY", "day_limit"),
    "journal.3": ("READY", "storage"), "keys.json": ("LOCKED", ""), "trial.json": ("LOCKED", ""),
    "board.txt": ("LOCKED", ""),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), [
    (name, kind) for at, name in enumerate(ON_CHIP) for kind in (KINDS[at % 4], "0 bytes")
    if kind != "too large"
])  # fmt: skip
def test_on_the_chip_no_light_where_a_file_cannot_be_read(name: str, kind: str) -> None:
    run = ChipRun(story(START, duration_s=16.0))
    flash = run.parts.flash
    flash.files.setdefault(name, b"{}")
    if kind in ERRORS:
        flash.broken[name] = ERRORS[kind]
    else:
        flash.files[name] = b""
    while run.advance(1):
        assert not run.depth.supply
    session = run.unit.session
    state, why = ON_CHIP[name]
    assert (states.STATES[session.state], states.REFUSALS[session.refused]) == (state, why)
    assert sum(run.plant.pads[0].light_s + run.plant.pads[1].light_s) == 0.0
