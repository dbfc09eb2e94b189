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

from sim.errors import BadInput
from tests.command import SHORT, Ended, Waistband
from tools import cli

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# Files whose tests take seconds, the longest first: they also begin first, lest one of them
# runs alone at the end. Beside a file: which of its tests, as a pattern; "" are all.
SLOW = {
    "tests/test_every_line.py": "",
    "tests/test_prove.py": "",
    "tests/test_deploy.py": "",
    "tests/test_fuzz.py": "",
    "tests/test_driver_depth.py": "",
    "tests/test_bench_engine.py": "",
    "tests/test_campaign.py": "",
    "tests/test_plausible.py": "",
    "tests/test_webassembly.py": "",
    "tests/test_check_faults.py": "",
    "tests/test_figures.py": "",
    "tests/test_bench_command.py": "",
    "tests/test_lease.py": "",
    "tests/test_campaign_command.py": "",
    "tests/test_coverage.py": "",
    "tests/test_sessions.py": "",
    "tests/test_monitor.py": "",
    "tests/test_faults_in_runs.py": "",
    "tests/test_saved.py": "",
    "tests/test_sabotage.py": "",
    "tests/test_trial_belt.py": "",
    "tests/test_trial_report.py": "",
    "tests/test_cli.py": "ordinary_session|plot_shows|trace_has|interrupted|goes_away",
    "tests/test_power_cuts.py": "",
    "tests/test_mutants.py": "",
    "tests/test_never.py": "",
    "tests/test_never_trial.py": "",
    "tests/test_visits_kept.py": "",
    "tests/test_replay.py": "",
    "tests/test_kept_recordings.py": "",
    "tests/test_hal_on_micropython.py": "",
    "tests/test_compiled.py": "",
    "tests/test_trial_collect.py": "order_or_on_how_often",
    "tests/test_cli_depth.py": "",
    "tests/test_trial_collect_bad.py": "",
    "tests/test_rail.py": "",
    "tests/test_session_ends.py": "",
    "tests/test_tissue.py": "hotter|bloodless",
    "tests/test_witness.py": "to_its_end",
    "tests/test_trial_script.py": "",
    "tests/test_trial_stats.py": "one_in_twenty",
    "tests/test_live.py": "same_run",
    "tests/test_traps.py": "",
    "tests/test_blind.py": "half_an_hour",
    "tests/test_mpy.py": "",
}
# What else a file's tests need or show.
MARKED = {
    "hal_depth": (
        "tests/test_blind.py", "tests/test_campaign.py", "tests/test_campaign_command.py",
        "tests/test_check_faults.py", "tests/test_driver_depth.py", "tests/test_every_line.py",
        "tests/test_faults_in_runs.py", "tests/test_live.py", "tests/test_lives.py",
        "tests/test_never_trial.py", "tests/test_plausible.py", "tests/test_rail.py",
        "tests/test_replay.py", "tests/test_sabotage.py", "tests/test_saved.py",
        "tests/test_sessions.py", "tests/test_sim_hal.py", "tests/test_watch.py",
        "tests/test_witness.py",
    ),
    "driver_depth": (
        "tests/test_chip.py", "tests/test_chip_parts.py", "tests/test_cli_depth.py",
        "tests/test_driver_depth.py", "tests/test_figures.py",
        "tests/test_hal_on_micropython.py", "tests/test_lease.py", "tests/test_lives.py",
        "tests/test_monitor.py", "tests/test_traps.py", "tests/test_traps_resets.py",
        "tests/test_trial_driver.py", "tests/test_watch.py",
    ),
    "pin_depth": (
        "tests/test_cli_pin.py", "tests/test_pin_adapter.py", "tests/test_pin_deploy.py",
        "tests/test_pin_depth.py", "tests/test_pin_flash.py", "tests/test_pin_heap.py",
        "tests/test_pin_kept.py", "tests/test_pin_timing.py", "tests/test_pin_waveform.py",
    ),
    "micropython": (
        "tests/test_calibrate.py", "tests/test_deploy.py", "tests/test_figures.py",
        "tests/test_fuzz.py", "tests/test_hal_on_micropython.py",
        "tests/test_kept_recordings.py", "tests/test_power_cuts.py", "tests/test_record.py",
        "tests/test_release.py", "tests/test_replay.py", "tests/test_trial_push.py",
        "tests/test_unit_command.py",
    ),
    "webassembly": (
        "tests/test_bench_command.py", "tests/test_bench_engine.py", "tests/test_bench_page.py",
        "tests/test_html_report.py", "tests/test_kept_recordings.py",
        "tests/test_webassembly.py",
    ),
    "browser": ("tests/test_bench_page.py", "tests/test_html_report.py"),
}  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its file's markers, and put slow files first."""
    named = {*SLOW, *(file for files in MARKED.values() for file in files)}
    if gone := sorted(file for file in named if not (ROOT / file).exists()):
        raise pytest.UsageError(f"tests/conftest.py names files that are not there: {gone}")
    order = {file: place for place, file in enumerate(SLOW)}

    def file_of(item: pytest.Item) -> str:
        return item.path.relative_to(ROOT).as_posix()

    for item in items:
        file = file_of(item)
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
    """The command, run in this process in an empty folder that holds `short.toml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.toml").write_text(SHORT)

    def run(*arguments: str) -> Ended:
        code = cli.main(list(arguments))
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def vm_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the flash of a unit at its prompt, which is MicroPython's unix VM; skip where
    that is missing. Restarting is tried on the emulated chip; here the prompt stays."""
    for name in ("littlefs", "mpremote"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    from tools import deploy_command, device
    from tools.replay import interpreter

    try:
        interpreter()
    except BadInput as why:
        if os.environ.get("CI") and (sys.platform, platform.machine()) == ("linux", "x86_64"):
            pytest.fail(f"CI runs without it: {why}")
        pytest.skip(str(why))
    monkeypatch.setitem(device.BOARDS, "linux", "RPI_PICO")
    monkeypatch.setattr(deploy_command, "restart", lambda unit, about: unit.close())
    monkeypatch.setattr(device.Device, "back", lambda unit: "unit")
    return tmp_path_factory.mktemp("flash")


@pytest.fixture(scope="session")
def npm() -> None:
    """Node and what npm brings for the bench page; skip, with the reason, where they are
    missing, and fail where CI has npm."""
    from tools import bench_site

    try:
        bench_site.node()
        bench_site.check_npm()
    except BadInput as why:
        if os.environ.get("CI") and shutil.which("npm"):
            pytest.fail(f"CI runs without it: {why}")
        pytest.skip(str(why))
