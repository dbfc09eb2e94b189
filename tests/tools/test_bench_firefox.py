"""The bench page in Firefox: a session, a fault, a link, the copy for later, and what axe finds."""

import re
from collections.abc import Iterator

import pytest

from tests.support.firefox import Firefox, firefox
from tests.tools.conftest import AXE
from tests.tools.test_bench_look import RULES
from tools.bench.run_page import pack_json


@pytest.fixture(scope="module")
def fox(npm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox") / "profile") as found:
        yield found


def test_a_session_lights_breaks_and_is_judged(fox: Firefox, address: str) -> None:
    fox.open(address)
    fox.shows("#state-name", "SELF_TEST")
    fox.click("#gallery li:first-child button")
    fox.shows("#state-name", "RAMP", "TREAT")
    fox.shows("#pad-a-said", "pad A lit")
    fox.run("document.querySelector(\"button[aria-label^='A: ntc_open,']\").click()")
    fox.shows("#state-name", "FAULT")
    fox.shows("#broken-a", "✕ ntc_open")
    assert re.match(
        r"ntc_open on pad A: dark \d+ ms after it struck, by ntc_open", fox.text("#told")
    )
    assert fox.run("return document.querySelector('#trouble').hidden")
    assert fox.run("return document.querySelectorAll('.uplot canvas').length") == 6


def test_a_link_that_is_refused_keeps_its_address(fox: Firefox, address: str) -> None:
    link = address + "#s=" + pack_json({"duration_s": 9, "surprise": 1})
    fox.open("about:blank")
    fox.open(link)
    fox.shows("#state-name", "SELF_TEST")
    assert "surprise" in fox.text("#trouble")
    assert fox.run("return location.href") == link


def test_axe_finds_nothing_there_either(fox: Firefox, address: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make setup, or npm ci in tools/bench")
    fox.open("about:blank")
    fox.open(address)
    fox.shows("#state-name", "SELF_TEST")
    fox.run(AXE.read_text(encoding="utf-8") + "; window.axe = axe;")
    found = fox.ask("WebDriver:ExecuteAsyncScript", {
        "script": "const done = arguments[1]; window.axe.run(document, { rules: arguments[0] })"
        ".then((found) => done(found.violations.map((row) => row.id)), (why) => done([`${why}`]))",
        "args": [RULES],
    })  # fmt: skip
    assert found["value"] == []


def test_a_copy_is_kept_for_without_a_network(fox: Firefox, address: str) -> None:
    fox.open(address)
    found = fox.ask("WebDriver:ExecuteAsyncScript", {
        "script": "const done = arguments[0]; navigator.serviceWorker.register('./sw.js')"
        ".then(() => navigator.serviceWorker.ready).then(() => caches.keys()).then(done, "
        "(why) => done([`${why}`]))", "args": [],
    })  # fmt: skip
    (name,) = found["value"]
    assert name.startswith("waistband-bench-")
