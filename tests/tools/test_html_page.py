"""Pages of reports: one style sheet, text of others inert, a template's slip found at once."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest
from jinja2 import UndefinedError

from tests.support.command import Waistband
from tools.journal import page as journal_page
from tools.report.html_page import render_page
from tools.report.light_account import PadAccount
from tools.trial import page as trial_page
from tools.trial.page import Bullets, Figure, Flow, Heading, Number, Table, Words

HOSTILE = """</title></style></pre><script>alert("1")</script><img src=x onerror='alert(2)'>&amp;"""
PLAIN = {"html", "head", "meta", "title", "link", "style", "body", "main", "h1", "h2", "p", "table",
         "caption", "thead", "tbody", "tr", "th", "td", "ul", "li", "div", "figure", "figcaption",
         "svg"}  # fmt: skip


class Read(HTMLParser):
    """What a browser would find: elements, attributes, and text outside styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def trial() -> str:
    """Every kind of block, with the same text wherever text goes."""
    said = HOSTILE
    blocks: list[trial_page.Block] = [
        Heading(said), Words(said, strong=True), Bullets([said], said), Bullets([], said),
        Table([said], [[said], [Number(said, said)], [Number(said)]], said),
        Flow([(said, [said]), (said, [])]), Figure("<svg></svg>", said),
    ]  # fmt: skip
    return trial_page.render_html(trial_page.Page(said, True, blocks))


def session() -> str:
    """A session of which every text is the same; what makes it is not asked."""
    pad = PadAccount(HOSTILE, 12.0, 6.0, ((810, 12.0, 6.0),), ((HOSTILE, 6.0),))
    page = journal_page.Page(
        cast(Any, None), HOSTILE, [(HOSTILE, HOSTILE)], [pad], [HOSTILE], HOSTILE, True
    )
    return journal_page.render_html(page)


PAGES = {"trial": (trial, 15), "session": (session, 8)}


@pytest.mark.parametrize("kind", PAGES)
def test_text_of_others_is_text_wherever_it_stands(kind: str) -> None:
    make, places = PAGES[kind]
    read = Read(make())
    assert set(read.tags) <= PLAIN
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert sum(text.count(HOSTILE) for text in read.texts) == places
    titles = [value for name, value in read.attributes if name == "title"]
    assert titles == [f"sources.csv: {HOSTILE}"] * (kind == "trial")


def test_a_runs_name_is_text_in_its_report(waistband: Waistband, npm: None) -> None:
    name = HOSTILE.replace("/", "")  # as a file may be called
    Path(f"{name}.toml").write_text("duration_s = 2\n")
    assert waistband("sim", f"{name}.toml", "--report", "x.html").code == 0
    page = Path("x.html").read_text(encoding="utf-8")
    read = Read(page)
    assert read.tags.count("script") == 3 and "img" not in read.tags
    assert [text for text in read.texts if name in text] == [name, name]  # title and heading


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_asks_for_nothing_and_runs_nothing(kind: str) -> None:
    page = PAGES[kind][0]()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert page.count("<style>") == 1 and ".report {" in page


def test_half_of_what_was_asked_is_half_a_bar() -> None:
    assert 'style="width: 50.0%"' in session()


def test_a_template_that_names_what_it_was_not_given_fails() -> None:
    with pytest.raises(UndefinedError):
        render_page("session.html", page={"title": "x"})
