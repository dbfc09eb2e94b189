"""A frozen product on MicroPython's unix port: what main.py imports, and what it refuses.

Nothing can be frozen into a port that is built already, and nothing be mounted at `.frozen`: a
folder stands for it, and the copies of main.py and hal/files.py here name that folder. The chip is
missing, so that a start ends where `machine` is imported: by then files are judged.
"""

import os
import subprocess
from pathlib import Path

import pytest

from sim.driver_depth.flash import device_files
from sim.driver_depth.release import release
from sim.driver_depth.unit_build import ROOT
from tools.replay import find_micropython

STAND_IN = "stand_in"
BOOT = """
import sys
class Micropython:
    alloc_emergency_exception_buf = staticmethod(lambda size: None)
sys.modules['micropython'] = Micropython
sys.path[:] = ['', {frozen!r}, '/lib']
with open({frozen!r} + '/main.py') as file:
    text = file.read()
exec(text)
print(sys.path)
"""
OLDER = {name: b"print('an older release')\n" + text for name, text in device_files(ROOT).items()}
AT_PROMPT = "waistband: the screen and START are not looked at: "
STARTS = 'ImportError("can\'t import name Pin"'  # files are right; the port has no pins


def booted(folder: Path, flash: dict[str, bytes]) -> str:
    """What a unit says whose product is frozen in, and whose filesystem holds these files."""
    for name, content in device_files(ROOT).items():
        text = content.replace(b'".frozen"', f'"{STAND_IN}"'.encode())
        text = text.replace(b'".frozen/"', f'"{STAND_IN}/"'.encode())
        (folder / STAND_IN / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / STAND_IN / name).write_bytes(text)
    for name, content in flash.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [*find_micropython(), "-X", "heapsize=8m", "-c", BOOT.format(frozen=STAND_IN)],
        cwd=folder, check=True, capture_output=True, text=True, env=dict(os.environ),
    )  # fmt: skip
    return done.stdout


@pytest.mark.usefixtures("unix")
def test_without_a_file_of_the_product_it_starts_and_its_path_stays_the_frozen_one(
    tmp_path: Path,
) -> None:
    said = booted(tmp_path, {"calibration.json": b"{}", "json.py": b"print('a stranger')\n"})
    assert STARTS in said and "a stranger" not in said
    assert said.endswith(f"['{STAND_IN}']\n")


CASES: dict[str, tuple[dict[str, bytes], str]] = {
    "an older release": (OLDER, "is in the filesystem"),
    "an older release, compiled": (release(OLDER), "is in the filesystem"),
    "hal alone": ({"hal/files.py": OLDER["main.py"]}, "hal is in the filesystem"),
    "a stray .mpy": ({"firmware.mpy": b""}, "firmware.mpy is in the filesystem"),
    "in the library": ({"lib/firmware/a.py": b""}, "lib/firmware is in the filesystem"),
}


@pytest.mark.usefixtures("unix")
@pytest.mark.parametrize("what", CASES)
def test_beside_files_of_the_product_it_runs_none_of_them_and_says_which(
    what: str, tmp_path: Path
) -> None:
    flash, word = CASES[what]
    said = booted(tmp_path, flash)
    assert f"{word}, but the product is frozen in: run waistband deploy" in said
    said = said.replace(AT_PROMPT + STARTS, "")  # the frozen prompt shows itself, without pins
    assert "an older release" not in said and STARTS not in said
