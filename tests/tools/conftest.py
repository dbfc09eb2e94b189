"""Fixtures of the tests of the bench page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.bench_desk import Bench
from tests.support.browser import bench, browser, needed

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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
