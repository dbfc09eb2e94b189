"""A real Chromium for tests, Debian's, driven by Playwright without a window; a bench to see."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOADED_MS = 60_000  # a machine that runs other tests meanwhile


def needed() -> None:
    """Skip, with the reason, where there is no browser or nothing to drive it with."""
    if find_spec("playwright") is None:
        pytest.skip("Playwright is not installed: pip install -e '.[dev]'")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")


@contextmanager
def browser() -> "Iterator[Browser]":
    """A browser that reaches nothing by itself."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@contextmanager
def bench() -> Iterator[str]:
    """The address of `waistband bench`, in a process of its own."""
    command = [sys.executable, "-m", "tools.commands.main", "bench", "--no-open", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout
        line = serving.stdout.readline()
        try:
            yield line.split(" at ")[1].split(";")[0]
        finally:
            serving.terminate()
