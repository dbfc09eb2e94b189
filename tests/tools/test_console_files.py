"""`prescribe push` and `journal pull` to a running unit by its console words, at driver depth."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware.records import journal
from firmware.records.keys import FILE as KEYS
from hal.boards import RPI_PICO
from sim.common.default_prescription import DEFAULT
from sim.driver_depth.unit_build import Build
from sim.run import nominal_calibration, seal_for
from tests.support.chip_programs import START, ChipRun, story
from tests.support.command import Waistband
from tests.support.journals import KEY, OTHER
from tests.support.serial_pty import Port, Simulated, be_patient, on_port, until
from tools.prescription import file, keyfile

READY_S = 6.0
TIMES = 5.0  # as fast as the clock: a host is given 2 s of the unit's time
CALIBRATION = nominal_calibration(RPI_PICO)
SERIAL = CALIBRATION["serial"]
JOURNAL = [journal.name(segment) for segment in range(journal.SEGMENTS)]
OLD = {name: (b"%s\n" % (b"x" * 300)) * (10 * k + 1) for k, name in enumerate(JOURNAL[:5])}
KEYED: dict[str, bytes | None] = {
    KEYS: keyfile.render_unit_keys(KEY),
    "calibration.json": json.dumps(
        seal_for(CALIBRATION, RPI_PICO, keyfile.render_unit_keys(KEY))
    ).encode(),
    "prescription.json": file.sign(dict(DEFAULT), KEY, SERIAL, 1, None),
}


@contextmanager
def unit(files: dict[str, bytes] | None = None, begin_s: float = READY_S) -> Iterator[Simulated]:
    """A unit with keys and these files behind a port; it goes on once the port is opened."""
    events = (START,) if begin_s > READY_S else ()
    build = Build(files={**KEYED, **(files or {})})
    run = ChipRun(story(*events, duration_s=1e4), build=build)
    with on_port(run, begin_s, TIMES) as bench, pytest.MonkeyPatch.context() as patch:
        be_patient(patch, "ANSWER_S", "RETURN_S")
        yield bench


def held(bench: Simulated) -> dict[str, bytes]:
    """What lies on its flash."""
    found: dict[str, bytes] = bench.run.parts.flash.files
    return found


def test_a_journal_is_pulled_from_a_running_unit_that_is_not_restarted(
    waistband: Waistband,
) -> None:
    with unit(OLD) as bench:
        ended = waistband("journal", "pull", "pulls", "--device", f"port:{bench.port.name}")
        assert (ended.code, ended.err) == (0, "")
        assert not bench.run.chip.resets
        (folder,) = Path("pulls").iterdir()
        pulled = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert pulled == {name: text for name, text in held(bench).items() if name in JOURNAL}
        assert folder.name.startswith(SERIAL)


def test_a_full_journal_is_given_within_20_s_of_the_units_time() -> None:
    """All eight files full, to a host that asks for the next as soon as it has one."""
    text = b"%s\n" % (b"x" * 319) * (journal.SEGMENT_BYTES // 320 + 1)
    run = ChipRun(
        story(duration_s=1e4), build=Build(files={**KEYED, **dict.fromkeys(JOURNAL, text)})
    )
    usb, chip = run.chip.usb, run.chip
    usb.connected = True
    try:
        run.device.run_until(int(READY_S * 1e6))
        begun_us = chip.us
        for name in JOURNAL:
            mark = usb.total
            usb.type(f"get {name}\n".encode())
            while '"sha256"' not in usb.text()[mark - usb.total or len(usb.text()) :]:
                run.device.run_until(chip.us + 10_000)
                assert chip.us < begun_us + 20_000_000
        assert not chip.resets
    finally:
        run.close()


def test_a_prescription_is_pushed_to_a_running_unit_which_goes_by_it(waistband: Waistband) -> None:
    weaker = file.sign(dict(DEFAULT, name="weaker", fluence_j_cm2=9), KEY, SERIAL, 3, None)
    Path("weaker.json").write_bytes(weaker)
    with unit() as bench:
        ended = waistband("prescribe", "push", "weaker.json", "--device", bench.port.name)
        assert (ended.code, ended.err) == (0, "")
        assert "goes by weaker now" in ended.out
        assert held(bench)["prescription.json"] == weaker
        assert [why for _, why in bench.run.chip.resets] == ["reset"]
        assert "at the prompt" not in bench.run.console()


@pytest.mark.parametrize(
    ("key", "name", "said"),
    [(OTHER, SERIAL, "was altered"), (KEY, "WB-9", "is for unit")],
)
def test_what_the_unit_refuses_is_one_line_and_the_old_one_stays(
    key: Any, name: str, said: str, waistband: Waistband
) -> None:
    Path("other.json").write_bytes(file.sign(dict(DEFAULT), key, name, 3, None))
    with unit() as bench:
        ended = waistband("prescribe", "push", "other.json", "--device", bench.port.name)
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert said in ended.err and "keeps its old prescription" in ended.err
        assert held(bench)["prescription.json"] == KEYED["prescription.json"]
        assert not bench.run.chip.resets


def test_a_unit_in_a_session_refuses_and_goes_on(waistband: Waistband) -> None:
    with unit(begin_s=40.0) as bench:
        ended = waistband("journal", "pull", "pulls", "--device", bench.port.name)
        assert ended.code == 2 and "end it first" in ended.err
        assert not list(Path("pulls").iterdir())
        assert not bench.run.chip.resets and bench.run.row()[1] in ("RAMP", "TREAT")


def test_an_older_release_is_asked_into_service_mode(
    monkeypatch: pytest.MonkeyPatch, waistband: Waistband
) -> None:
    older = ('FILES = (b"list", b"get", b"put")', "FILES = ()")
    bench = Simulated(
        ChipRun(story(duration_s=1e4), build=Build(files=KEYED, edits=(
            ("firmware/ui/usb_commands.py", *older),
        ))), READY_S, TIMES,
    )  # fmt: skip
    be_patient(monkeypatch, "ANSWER_S")
    monkeypatch.setattr("tools.unit.device.RETURN_S", 2.0)
    bench.going.set()
    try:
        waistband("journal", "pull", "pulls", "--device", bench.port.name)
        until(lambda: bench.failed is not None or bench.run.device.at_prompt)
        assert "service mode, as asked" in bench.run.console()
    finally:
        bench.close()


class Cut(Port):
    """A port that is gone after so many bytes to the host."""

    left = 0

    def send(self, data: bytes) -> None:
        super().send(data[: self.left])
        self.left -= len(data)


@pytest.mark.parametrize("bytes_most", [300, 700, 1_200, 5_000, 20_000])
def test_a_cable_that_is_pulled_leaves_no_half_pull(
    bytes_most: int, monkeypatch: pytest.MonkeyPatch, waistband: Waistband
) -> None:
    monkeypatch.setattr("tools.unit.console_files.QUIET_S", 0.5)
    monkeypatch.setattr("tests.support.serial_pty.Port", Cut)
    monkeypatch.setattr(Cut, "left", bytes_most)
    with unit(OLD) as bench:
        monkeypatch.setattr("tools.unit.device.ANSWER_S", 1.0)
        ended = waistband("journal", "pull", "pulls", "--device", bench.port.name)
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert not list(Path("pulls").iterdir())
