"""`waistband sim --report`: one file, with the bench page's charts, that asks for nothing."""

import re
from pathlib import Path

import pytest

from tests.support.browser import browser, needed
from tests.support.command import Waistband, files
from tools.bench import site

BROKEN = """duration_s = 60
[[event]]
at_s = 2
press = "START"
[[event]]
at_s = 50
fault = "ntc_open"
pad = "B"
"""


pytestmark = pytest.mark.usefixtures("npm")  # what it brings is in the report


def test_a_report_shows_the_run_without_a_server(waistband: Waistband, tmp_path: Path) -> None:
    needed()
    from playwright.sync_api import expect

    Path("broken.toml").write_text(BROKEN)
    ended = waistband("sim", "broken.toml", "--report", "run.html", "--trace", "run.csv")
    assert ended.code == 0 and "Wrote the report to run.html" in ended.out
    asked, wrong = [], []
    with browser() as found:
        page = found.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda why: wrong.append(str(why)))
        page.on("console", lambda said: wrong.append(said.text))
        page.goto((tmp_path / "run.html").as_uri())
        expect(page.locator(".plot canvas")).to_have_count(6)
        expect(page.locator("pre")).to_contain_text("Cut-off: ntc_open on pad B at 50.00 s, dark")
        page.focus("#plots")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#read-off")).to_contain_text("FAULT: contact A")
        page.keyboard.press("+")
        expect(page.locator("#chart-hold")).to_have_text("Follow")
        with page.expect_download() as download:
            page.click("#chart-save")
        rows = Path(download.value.path()).read_text().splitlines()
    assert wrong == [] and asked == [(tmp_path / "run.html").as_uri()]
    assert len(rows) == len(Path("run.csv").read_text().splitlines())


def test_a_report_has_the_licence_of_the_code_in_it(waistband: Waistband) -> None:
    waistband("sim", "short.toml", "--report", "run.html")
    text = Path("run.html").read_text()
    licence = (site.MODULES / "uplot" / "LICENSE").read_text()
    assert text.index("uPlot 1.6.32") < text.index(licence) < text.index("var uPlot=")


def test_a_report_is_one_file_that_names_no_other(waistband: Waistband) -> None:
    waistband("sim", "short.toml", "--report", "run.html")
    text = Path("run.html").read_text()
    assert files() == ["run.html"]
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", text) == []
    assert re.findall(r"^(?:import|export) ", text, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("run.png", "--report is 'run.png': a name that ends in .html"),
        ("no/run.html", "no/run.html: cannot be written: No such file or directory"),
    ],
)
def test_a_report_that_cannot_be_is_refused(waistband: Waistband, path: str, said: str) -> None:
    ended = waistband("sim", "short.toml", "--report", path)
    assert (ended.code, ended.out, ended.err) == (2, "", f"waistband: {said}\n")
    assert files() == []


def test_the_trace_of_the_same_run_is_no_report(waistband: Waistband) -> None:
    ended = waistband("sim", "short.toml", "--report", "a.html", "--trace", "a.html")
    assert ended.code == 2 and "is the trace already" in ended.err and files() == []


def test_without_npms_parts_it_is_refused_before_the_run(
    waistband: Waistband, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(site, "MICROPYTHON", tmp_path)
    monkeypatch.setitem(site.VENDOR, "micropython.wasm", tmp_path / "micropython.wasm")
    ended = waistband("sim", "short.toml", "--report", "a.html")
    assert ended.code == 2 and "npm" in ended.err and files() == []
