"""Recordings on MicroPython's WebAssembly build, whose small ints have 31 bits as the chip's.

Each tick runs with its heap locked there: equal also means that no tick allocated anything,
and so that no counter outgrew them.
"""

import json
import shutil
from pathlib import Path

import pytest

from sim.common.errors import BadInput
from tests.sim.test_replay import STORIES, patch_file, record_brief, record_story, replay_difference
from tools import replay as tool
from tools.bench import site
from tools.replay import find_difference, play_on_unix, play_on_webassembly, replay

SAID = "tick 201 (4.02 s, clock 4020 ms), state WAIT_SKIN: the firmware allocated memory"
GATE = "        if not (permitted and self.planned):"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The firmware that MicroPython runs, as a copy to be broken."""
    record_story("a dose reached")  # before anything is broken
    for part in ("firmware", "hal", "sim"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(tool.ROOT / part, tmp_path / part, ignore=skipped)
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.usefixtures("npm")
def test_webassembly_gives_what_was_recorded_and_allocates_nothing(name: str) -> None:
    assert replay_difference(name, play_on_webassembly) == ""


@pytest.mark.usefixtures("npm")
def test_other_firmware_is_reported_with_what_differs(copied: Path) -> None:
    patch_file(copied / "firmware/core/limits.py", "WORN_MS = 5_000", "WORN_MS = 5_200")
    recording = record_story("a dose reached")
    said = find_difference(recording, play_on_webassembly(recording))
    assert "signal(CHECK)" in said


@pytest.mark.parametrize("shift", [29, 30])
@pytest.mark.usefixtures("npm")
def test_a_number_that_needs_more_than_31_bits_is_reported(copied: Path, shift: int) -> None:
    lines = f"        if ms == 4_020:\n            self.since_ms = ms - 4_019 << {shift}\n{GATE}"
    patch_file(copied / "firmware/safety/gate.py", GATE, lines)
    recording = record_story("a dose reached")
    said = find_difference(recording, play_on_webassembly(recording))
    assert said.startswith(SAID) if shift == 30 else said == ""


def test_the_unix_port_cannot_see_that(copied: Path) -> None:
    try:
        tool.find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    lines = f"        if ms == 4_020:\n            self.since_ms = ms - 4_019 << 30\n{GATE}"
    patch_file(copied / "firmware/safety/gate.py", GATE, lines)
    assert replay_difference("a dose reached", play_on_unix) == ""


@pytest.mark.usefixtures("npm")
def test_the_command_says_how_much_was_equal(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    path.write_bytes(record_brief())
    equal, said = replay(path, "webassembly")
    assert equal
    assert said.startswith(f"{path} on MicroPython (WebAssembly): ")


def test_what_is_missing_is_said_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.rec"
    path.write_bytes(record_brief())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="Node"):
        replay(path, "webassembly")
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho no such version >&2\nexit 1\n")
    node.chmod(0o755)
    monkeypatch.setattr(site, "VENDOR", {"micropython.wasm": tmp_path / "none"})
    with pytest.raises(BadInput, match="make setup"):
        replay(path, "webassembly")
    (tmp_path / "none").touch()
    with pytest.raises(BadInput, match="gave up: no such version"):
        replay(path, "webassembly")


def test_npms_packages_are_pinned_exactly_and_name_no_address() -> None:
    package = json.loads((site.BENCH / "package.json").read_text())
    wanted = {**package["dependencies"], **package.get("devDependencies", {})}
    lock = json.loads((site.BENCH / "package-lock.json").read_text())["packages"]
    rows = {name.removeprefix("node_modules/"): row for name, row in lock.items() if name}
    assert {name: row["version"] for name, row in rows.items()} == wanted
    assert all(row["integrity"].startswith("sha512-") for row in rows.values())
    assert not [name for name, row in rows.items() if "resolved" in row]
