"""Fixtures of the tests of the bench page."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.bench_desk import Bench
from tests.support.browser import bench, browser, needed
from tools.bench.site import MODULES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXE = MODULES / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        if os.environ.get("CI"):
            pytest.fail("CI runs without axe-core: npm ci in tools/bench")
        pytest.skip("axe-core is not installed: make setup, or npm ci in tools/bench")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium(npm: None) -> "Iterator[Browser]":
    needed()
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def address(npm: None) -> Iterator[str]:
    with bench() as found:
        yield found


@pytest.fixture
def desk(chromium: "Browser", address: str) -> Iterator[Bench]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    found = Bench(context.new_page(), address)
    yield found
    context.close()
    assert found.wrong == []
    own = urlsplit(address).netloc
    assert {urlsplit(url).netloc for url in found.asked if url.startswith("http")} == {own}
