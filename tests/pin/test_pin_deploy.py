"""`waistband deploy` to real MicroPython on the emulated chip, over its own USB, by pyserial and
mpremote. Runs where WAISTBAND_UF2 names a UF2 file; some ten minutes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import pytest

from sim.common.value_record import replace

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("littlefs", reason="littlefs-python is not installed")
pytest.importorskip("mpremote", reason="mpremote is not installed: pip install -e '.[deploy]'")

from hal.files import DEPLOYING, TABLE
from sim.driver_depth.ds3231 import Ds3231
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import release
from sim.driver_depth.unit_build import ROOT, Build
from sim.pin_depth.flash import files_in
from sim.pin_depth.run import UF2
from sim.scenario.scenario import ordinary
from tests.pin.test_kept import JOURNAL, needs_a_uf2, said
from tests.support.command import Waistband
from tests.support.pin_bench import PinRun
from tests.support.serial_pty import Emulated, be_patient, until
from tools.unit.device import Device
from tools.unit.prompt_files import CHUNK
from tools.unit.transfer import list_files, make_plan, transfer_files

NEW = release(device_files(ROOT))
OWN = ("calibration.json", "prescription.json", "board.txt")
OLDER = Build(files={
    "hal/lease.py": (ROOT / "hal/lease.py").read_bytes() + b"\nolder = id\n",
    "main.py": (ROOT / "main.py").read_bytes() + b"\nolder = id\n",
    "firmware/old.py": b"older = 1\n",
    "board.txt": b"RPI_PICO\n",
}, clock_unset=True)  # fmt: skip
CUT_OFF = "dark, at the prompt: a deploy did not end: run waistband deploy again"
BOOTED_STEPS = 5
CUTS = 3


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every test here needs; and patience."""
    needs_a_uf2()
    be_patient(monkeypatch, "LISTEN_S", "ANSWER_S", "RETURN_S", "EXEC_S")


@contextmanager
def plugged(build: Build) -> Iterator[Emulated]:
    """A unit switched on a second ago, its USB plugged in."""
    run = PinRun(
        replace(ordinary(), events=(), until_done=False, duration_s=1e6), build=build,
        uf2=os.environ[UF2],
    )  # fmt: skip
    run.advance(BOOTED_STEPS)  # the emulated host finds nobody before the chip's USB is there
    bench = Emulated(run)
    try:
        yield bench
    finally:
        bench.close()
        run.close()


def files_of(bench: Emulated) -> dict[str, bytes]:
    """What lies on the chip's flash."""
    found: dict[str, bytes] = {}
    bench.do(lambda: found.update(files_in(bench.run.emulator.mcu.flash)))
    return found


def product(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in found.items() if name not in (*OWN, JOURNAL)}


def says(bench: Emulated, times: int) -> None:
    """Wait until the unit has said so many times that a deploy did not end."""
    until(lambda: bench.failed is not None or bench.run.console().count(CUT_OFF) == times)
    assert bench.failed is None


def lit_pins(bench: Emulated) -> set[str]:
    """Emitters, and the supply switch, that were ever high."""
    edges = bench.run.chip.edges
    names = edges.names[: edges.names.index("ENABLE") + 1]
    return {names[code >> 1] for code in edges.codes if code & 1 and code >> 1 < len(names)}


def begun(going: Iterator[tuple[str, int]], cut: int) -> None:
    """A deploy's steps, up to where it is cut off."""
    if cut < 2:
        # the mark; a file that is gone, and half of main.py
        assert len(list(islice(going, (1, 4)[cut]))) == (1, 4)[cut]
        return
    pieces = len(range(0, len(NEW[TABLE]), CHUNK)) + 1
    table = (done for done in going if done[0] == TABLE)
    assert len(list(islice(table, pieces))) == pieces  # files.json is there, and the mark still


def test_a_running_unit_is_brought_up_to_date_restarted_and_given_the_time(
    waistband: Waistband,
) -> None:
    with plugged(OLDER) as bench:
        before = files_of(bench)
        ended = waistband("deploy", "--device", f"port:{bench.port.name}")
        assert (ended.code, ended.err) == (0, "")
        assert "2 files copied, 1 removed" in ended.out
        assert "the unit runs again; clock set" in ended.out
        after = files_of(bench)
        assert product(after) == NEW
        assert {name: after[name] for name in OWN} == {name: before[name] for name in OWN}
        assert said(after[JOURNAL])[0]["cause"] == "power on"  # it outlives a deploy
        assert [why for _, why in bench.run.restarts] == ["reset", "reset"]
        clock = bench.run.parts["clock"]
        assert isinstance(clock, Ds3231) and not clock.status & clock.STOPPED
        assert "service mode, as asked" in bench.run.console()
        assert lit_pins(bench) == set()


def test_power_cut_in_a_deploy_leaves_it_dark_with_words_and_the_next_one_mends_it() -> None:
    older = Build(files={**OLDER.files, DEPLOYING: b""})  # at the prompt from the beginning
    with plugged(older) as bench:
        for cuts in range(CUTS + 1):
            says(bench, 1 + cuts)
            with Device(bench.port.name) as unit:
                unit.to_prompt()
                going = transfer_files(unit, NEW, make_plan(NEW, list_files(unit)))
                if cuts == CUTS:
                    assert list(going)[-1] == ("done", 0)
                    break
                begun(going, cuts)
                bench.do(lambda: bench.run.chip.cut_power(0.1))
        assert product(files_of(bench)) == NEW
        assert lit_pins(bench) == set()
