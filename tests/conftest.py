"""Hypothesis profiles, the markers of each file, and the command as a fixture.

No deadline, since machines differ; under CI the same cases each time. pytest reads this file;
it changes nothing but the order and the markers of the tests.
"""

import os
import platform
import re
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from sim.common.errors import BadInput
from tests.support.command import SHORT, Ended, Waistband
from tools.commands import main
from tools.common import compiled
from tools.dev.hazards import read_table

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# Files whose tests take seconds, the longest first: they also begin first, lest one of them
# runs alone at the end. Beside a file: which of its tests, as a pattern; "" are all.
SLOW = {
    "tests/tools/test_year.py": "",
    "tests/firmware/test_every_line.py": "",
    "tests/sim/test_model_check.py": "",
    "tests/tools/test_deploy.py": "",
    "tests/firmware/test_fuzz.py": "",
    "tests/sim/test_driver_depth.py": "",
    "tests/tools/test_bench_engine.py": "",
    "tests/sim/test_campaign.py": "",
    "tests/firmware/test_sensor_checks.py": "",
    "tests/sim/test_webassembly.py": "",
    "tests/tools/test_check_faults.py": "",
    "tests/tools/test_figures.py": "",
    "tests/tools/test_counts.py": "no_more",
    "tests/tools/test_bench_command.py": "",
    "tests/hal/test_lease.py": "",
    "tests/tools/test_check_campaign.py": "",
    "tests/firmware/test_coverage.py": "",
    "tests/firmware/test_sessions.py": "",
    "tests/tools/test_monitor.py": "",
    "tests/tools/test_gallery.py": "tells_it|tells_its_story",
    "tests/sim/test_faults_in_runs.py": "",
    "tests/sim/test_snapshot.py": "",
    "tests/sim/test_sabotage.py": "",
    "tests/trial/test_belt.py": "",
    "tests/trial/test_report.py": "",
    "tests/tools/test_cli.py": "ordinary_session|plot_shows|trace_has|interrupted|goes_away",
    "tests/firmware/test_power_cuts.py": "",
    "tests/tools/test_mutants.py": "",
    "tests/firmware/test_never.py": "",
    "tests/trial/test_never_trial.py": "",
    "tests/trial/test_visits_kept.py": "",
    "tests/sim/test_replay.py": "",
    "tests/sim/test_kept_recordings.py": "",
    "tests/hal/test_hal_on_micropython.py": "",
    "tests/sim/test_compiled.py": "",
    "tests/trial/test_collect.py": "order_or_on_how_often",
    "tests/tools/test_cli_depth.py": "",
    "tests/trial/test_collect_bad.py": "",
    "tests/firmware/test_current_monitor.py": "",
    "tests/firmware/test_session_ends.py": "",
    "tests/sim/test_tissue.py": "hotter|bloodless",
    "tests/sim/test_safety_oracle.py": "to_its_end",
    "tests/trial/test_script.py": "",
    "tests/trial/test_stats.py": "one_in_twenty",
    "tests/tools/test_live.py": "same_run",
    "tests/hal/test_traps.py": "",
    "tests/hal/test_traps_storage.py": "",
    "tests/tools/test_site.py": "contents_of_one_reader|on_a_page",
    "tests/trial/test_blind.py": "half_an_hour",
    "tests/tools/test_peers.py": "what_a_run_gives",
    "tests/tools/test_assumptions.py": "",
    "tests/firmware/test_mpy.py": "",
}
# What else a file's tests need or show.
MARKED = {
    "hal_depth": (
        "tests/trial/test_blind.py",
        "tests/sim/test_campaign.py",
        "tests/tools/test_check_campaign.py",
        "tests/tools/test_check_faults.py",
        "tests/sim/test_driver_depth.py",
        "tests/firmware/test_every_line.py",
        "tests/sim/test_faults_in_runs.py",
        "tests/tools/test_live.py",
        "tests/sim/test_lifecycle.py",
        "tests/trial/test_never_trial.py",
        "tests/firmware/test_sensor_checks.py",
        "tests/firmware/test_current_monitor.py",
        "tests/sim/test_replay.py",
        "tests/sim/test_sabotage.py",
        "tests/sim/test_snapshot.py",
        "tests/firmware/test_sessions.py",
        "tests/sim/test_sim_hal.py",
        "tests/sim/test_measurements.py",
        "tests/sim/test_safety_oracle.py",
    ),
    "driver_depth": (
        "tests/sim/test_chip.py",
        "tests/sim/test_chip_parts.py",
        "tests/tools/test_cli_depth.py",
        "tests/sim/test_driver_depth.py",
        "tests/tools/test_figures.py",
        "tests/hal/test_hal_on_micropython.py",
        "tests/hal/test_lease.py",
        "tests/sim/test_lifecycle.py",
        "tests/tools/test_monitor.py",
        "tests/hal/test_traps.py",
        "tests/hal/test_traps_bus.py",
        "tests/hal/test_traps_storage.py",
        "tests/hal/test_traps_resets.py",
        "tests/trial/test_driver_depth_visit.py",
        "tests/sim/test_measurements.py",
    ),
    "pin_depth": (
        "tests/pin/test_cli_pin.py",
        "tests/pin/test_adapter.py",
        "tests/pin/test_pin_deploy.py",
        "tests/pin/test_pin_depth.py",
        "tests/pin/test_emulated_flash.py",
        "tests/pin/test_heap.py",
        "tests/pin/test_kept.py",
        "tests/pin/test_timing.py",
        "tests/pin/test_waveform.py",
    ),
    "micropython": (
        "tests/tools/test_calibrate.py",
        "tests/tools/test_deploy.py",
        "tests/tools/test_figures.py",
        "tests/firmware/test_fuzz.py",
        "tests/hal/test_hal_on_micropython.py",
        "tests/sim/test_kept_recordings.py",
        "tests/firmware/test_power_cuts.py",
        "tests/sim/test_value_record.py",
        "tests/tools/test_release.py",
        "tests/sim/test_replay.py",
        "tests/trial/test_push.py",
        "tests/tools/test_unit.py",
    ),
    "webassembly": (
        "tests/tools/test_bench_cable.py",
        "tests/tools/test_bench_command.py",
        "tests/tools/test_bench_engine.py",
        "tests/tools/test_bench_firefox.py",
        "tests/tools/test_bench_look.py",
        "tests/tools/test_bench_page.py",
        "tests/tools/test_run_page.py",
        "tests/sim/test_kept_recordings.py",
        "tests/sim/test_webassembly.py",
    ),
    "browser": (
        "tests/tools/test_bench_firefox.py",
        "tests/tools/test_bench_look.py",
        "tests/tools/test_bench_page.py",
        "tests/tools/test_run_page.py",
    ),
}
ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its file's markers, and put slow files first."""
    named = {*SLOW, *(file for files in MARKED.values() for file in files)}
    if gone := sorted(file for file in named if not (ROOT / file).exists()):
        raise pytest.UsageError(f"tests/conftest.py names files that are not there: {gone}")
    order = {file: place for place, file in enumerate(SLOW)}

    def file_of(item: pytest.Item) -> str:
        return item.path.relative_to(ROOT).as_posix()

    controls: dict[str, list[str]] = {}  # by file, or by file and test
    for control in read_table().controls.values():
        for test in control.tests:
            controls.setdefault(test, []).append(control.name)

    for item in items:
        file = file_of(item)
        test = f"{file}::{item.name.partition('[')[0]}"
        for name in (*controls.get(file, ()), *controls.get(test, ())):
            item.add_marker(pytest.mark.control(of=name))
        if file in SLOW and re.search(SLOW[file], item.name):
            item.add_marker("slow")
        for marker, files in MARKED.items():
            if file in files:
                item.add_marker(marker)
    items.sort(key=lambda item: order.get(file_of(item), len(order)))


@pytest.fixture
def waistband(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Waistband:
    """The command, run in this process in an empty folder that holds `short.toml`. It keeps to
    the sources: other tests of this process have imported them."""
    monkeypatch.setenv(compiled.SWITCH, "0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.toml").write_text(SHORT)

    def run(*arguments: str) -> Ended:
        code = main.main(list(arguments))
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def unix() -> None:
    """MicroPython's unix VM; skip, with the reason, where it is missing, and fail where CI
    should have it."""
    from tools.replay import find_micropython

    try:
        find_micropython()
    except BadInput as why:
        if os.environ.get("CI") and (sys.platform, platform.machine()) == ("linux", "x86_64"):
            pytest.fail(f"CI runs without it: {why}")
        pytest.skip(str(why))


@pytest.fixture
def vm_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, unix: None
) -> Path:
    """A folder for the flash of a unit at its prompt, which is MicroPython's unix VM; skip where
    that is missing. Restarting is tried on the emulated chip; here the prompt stays."""
    for name in ("littlefs", "mpremote"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    from tools.unit import about, device
    from tools.unit import transfer as deploy

    monkeypatch.setitem(about.BOARDS, "linux", "RPI_PICO")
    monkeypatch.setattr(deploy, "restart", lambda unit, about: unit.close())
    monkeypatch.setattr(device.Device, "wait_for_restart", lambda unit: "unit")
    return tmp_path_factory.mktemp("flash")


@pytest.fixture(scope="session")
def npm() -> None:
    """Node and what npm brings for the bench page; skip, with the reason, where they are
    missing, and fail where CI has npm."""
    from tools.bench import site

    try:
        site.node()
        site.check_npm()
    except BadInput as why:
        if os.environ.get("CI") and shutil.which("npm"):
            pytest.fail(f"CI runs without it: {why}")
        pytest.skip(str(why))
