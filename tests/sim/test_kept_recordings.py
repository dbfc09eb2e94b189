"""Three recordings made at an earlier release replay with the same outputs, to the byte.

A change that means to leave the unit's behaviour alone is held to it here: an ordinary session
that its dose ends, a session with a pause, a fault and its acknowledgement, and a gated session.
A change that means to alter the behaviour records them anew, and says so:
`waistband sim SCENARIO --record FILE` with the scenarios beside them, then `xz -9`.
"""

import lzma
from pathlib import Path

import pytest

from tools.replay import replay

DATA = Path(__file__).parents[1] / "data"
NEEDS = {"unix": "unix", "webassembly": "npm"}  # fixtures
KEPT = ("ordinary", "pause_fault", "gated")


@pytest.mark.parametrize("on", ["cpython", "unix", "webassembly"])
@pytest.mark.parametrize("name", KEPT)
def test_a_recording_of_an_earlier_release_replays_to_the_byte(
    name: str, on: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if on in NEEDS:
        request.getfixturevalue(NEEDS[on])  # skips where it is missing, and fails where CI lacks it
    path = tmp_path / f"{name}.rec"
    path.write_bytes(lzma.decompress((DATA / f"{name}.rec.xz").read_bytes()))
    same, said = replay(path, on)
    assert same, said
