"""Hypothesis profiles, and the command as a fixture.

No deadline, since machines differ; under CI the same cases each time.
"""

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from sim.common.errors import BadInput
from tests.support.command import SHORT, Ended, Waistband
from tools.commands import main

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture
def waistband(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Waistband:
    """The command, run in this process in an empty folder that holds `short.toml`."""
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
    from tools.replay import interpreter

    try:
        interpreter()
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
    from tools.commands import deploy
    from tools.unit import device

    monkeypatch.setitem(device.BOARDS, "linux", "RPI_PICO")
    monkeypatch.setattr(deploy, "restart", lambda unit, about: unit.close())
    monkeypatch.setattr(device.Device, "back", lambda unit: "unit")
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
