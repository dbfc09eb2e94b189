"""The unit's own files on MicroPython's unix VM: they do there what they do here, and no tick
of main.py's loop allocates."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.support.on_vm import END_US, STORY
from tools.dev.count_ticks import MOMENTS
from tools.dev.figures_device import write_unit_files
from tools.replay import ROOT, find_micropython

HEAP = "64m"
OPENED_MS = 130_000
OFF_MS = 80  # of an open thermistor
LOCKED_TICKS = 6_000
ROTA_TICKS = 20  # of the sensors' bus, a round


STORY_SCRIPT = ("-m", "tests.support.on_vm")


def said(on: str, script: tuple[str, ...], root: Path = ROOT, typed: str = "") -> str:
    """The last line that a script prints, in a folder of its own with a unit's two files."""
    if on == "unix":
        command = [*find_micropython(), "-X", f"heapsize={HEAP}", *script]
        found = {"MICROPYPATH": f"{root}{os.pathsep}.frozen"}
    else:
        command, found = [sys.executable, *script], {"PYTHONPATH": str(root)}
    with TemporaryDirectory(prefix="waistband-") as folder:
        write_unit_files(Path(folder))
        done = subprocess.run(
            command, env={**os.environ, **found}, cwd=folder, check=False, input=typed,
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout.rstrip("\n").rpartition("\n")[2]


@cache
def here() -> str:
    """What the story comes to on CPython."""
    return said("cpython", STORY_SCRIPT)


def story() -> dict[str, Any]:
    """The same, by name."""
    return dict(json.loads(here()))


# -- the same machine on both ------------------------------------------------------------


@pytest.mark.usefixtures("unix")
def test_on_micropython_the_unit_gives_the_same_states_faults_and_dose_to_the_letter() -> None:
    assert said("unix", STORY_SCRIPT) == here()


def test_the_story_goes_from_self_test_to_treatment_a_pause_and_a_fault() -> None:
    states = [name for _, name in story()["states"]]
    assert states == [
        "SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED", "CHECK", "RAMP",
        "TREAT", "FAULT",
    ]  # fmt: skip
    assert "ntc_open" in story()["faults"]
    assert min(story()["true dose pJ/cm2"]) > 0
    assert story()["screen"][0].startswith("FAULT")
    assert story()["resets"] == 0


def test_in_the_story_an_open_thermistor_is_dark_in_time() -> None:
    assert (OPENED_MS, "ntc_open") in STORY
    dark_ms = story()["darkened at ms"][-1]
    assert OPENED_MS <= dark_ms <= OPENED_MS + OFF_MS
    assert story()["late pJ"] == 0
    assert dark_ms < END_US // 1_000


def test_the_story_sends_telemetry_every_second() -> None:
    lines = [json.loads(line) for line in story()["console"].split("\n")[:-1]]
    assert len(lines) >= END_US // 1_000_000 - 3
    assert {"TREAT", "PAUSED", "FAULT"} <= {line["state"] for line in lines}


# -- a tick allocates nothing --------------------------------------------------------------


def locked(root: Path = ROOT) -> dict[str, Any]:
    """main.py's loop with the heap locked; a host has typed half a command."""
    script = ("-c", "from tools.dev import stand_in; stand_in.report(True)")
    found: dict[str, Any] = json.loads(said("unix", script, root, typed="stat"))
    return found


@pytest.mark.usefixtures("unix")
def test_no_tick_of_mains_loop_allocates_dark_or_lit() -> None:
    found = locked()
    assert found["raised"] == ""
    assert found["locked to the end"]
    assert found["tick"] == LOCKED_TICKS
    assert set(found["ticks"]) == {
        "SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED", "FAULT",
    }  # fmt: skip
    # every turn of the rota was answered, and set-ups were read again
    asked = {(address, register): times for address, register, times in found["asked"]}
    rounds = LOCKED_TICKS // ROTA_TICKS
    for row in ((0x48, 0), (0x49, 0)):
        assert asked[row] >= 2 * rounds
    for row in ((0x4A, 0), (0x4B, 0)):
        assert asked[row] >= rounds
    for row in ((0x36, 2), (0x36, 4)):  # the gauge's two take turns
        assert asked[row] >= rounds // 2
    assert asked[0x40, 1] >= 8 * rounds
    assert {(0x48, 1), (0x49, 3), (0x4A, 15), (0x36, 8), (0x40, 0)} <= set(asked)
    # lit and dark, fed, heard, shown and told
    counts = found["counts"]
    assert counts["fed"] == LOCKED_TICKS
    assert min(counts["grants"], counts["duty"]) > 1_000
    assert min(counts["pages"], counts["scratch"]) > 40
    assert counts["plain"] >= 2 * 9
    assert found["sent"] > 300
    assert found["fill"] == len("stat")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The unit's files and the desk's, to be broken."""
    for part in ("firmware", "hal", "tools/dev"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=skipped)
    for part in ("boot.py", "main.py", "tools/__init__.py"):
        shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


ALLOCATIONS = {
    # file: (where, what is put before it)
    "hal/rp2_hal.py": ("        bits = 0\n", "        self.spare = [ms, ms]\n"),
    "hal/bus.py": ("        return two[0] << 8 | two[1]\n", "        self.spare = two[:1]\n"),
    "hal/console.py": ("            self.sent += 1\n", "            self.spare = bytearray(1)\n"),
    "hal/oled.py": ("        canvas.fill(0)\n", "        self.spare = cells[:4]\n"),
    "hal/player.py": ("        self.motor.value(on)\n", "        self.spare = [on]\n"),
    "hal/lease.py": ("        if machine.tx_fifo()", "        self.spare = [machine]\n"),
    "hal/emitters.py": ("        if duty < 0:\n", "        self.spare = [duty]\n"),
    "main.py": ("        due = time.ticks_add(", "        spare = [due]\n"),
}


@pytest.mark.parametrize("path", ALLOCATIONS)
@pytest.mark.usefixtures("unix")
def test_an_allocation_anywhere_in_the_loop_is_noticed(path: str, copied: Path) -> None:
    where, what = ALLOCATIONS[path]
    text = (copied / path).read_text(encoding="utf-8")
    assert text.count(where) == 1
    (copied / path).write_text(text.replace(where, what + where), encoding="utf-8")
    found = locked(copied)
    assert "MemoryError" in found["raised"]
    assert found["tick"] < LOCKED_TICKS


# -- what `make figures` counts ------------------------------------------------------------


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.usefixtures("unix")
def test_ticks_are_counted_in_the_state_that_they_are_meant_for(moment: str) -> None:
    script = ("-m", "tools.dev.count_ticks", moment, "200", "100", "100")
    assert said("unix", script) == MOMENTS[moment][1]
