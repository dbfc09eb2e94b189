"""The gallery: every scenario tells the story that it promises, and its page shows all of them."""

from pathlib import Path

import pytest
from PIL import Image

from sim.driver_depth.run import DriverDepth
from sim.run import Run
from sim.scenario.scenario import load
from tools.bench import site
from tools.dev import gallery
from tools.report.session_plot import OFF_SHARE, Trace

PATHS = gallery.list_paths()
PICTURE_SIZE = (900, 560)
PICTURES_MAX_BYTES = 1_500_000
DAY_S = 86_400
SHORT_S = 300
STORY_LEAST = 2  # expectations
SHORT = [path for path in PATHS if load(str(path)).duration_s <= SHORT_S]


def test_there_are_twenty_or_more_and_the_bench_page_has_all_but_those_of_days() -> None:
    assert len(PATHS) >= 20
    days = [path for path in PATHS if load(str(path)).duration_s > DAY_S]
    assert site.GALLERY == site.DOCUMENTS and len(site.gallery()) == len(PATHS) - len(days) >= 20
    page = (site.BENCH / "page" / "main.js").read_text(encoding="utf-8")
    assert f"const DURATION_S = {site.PAGE_MAX_S:_};" in page
    titles = [str(row["title"]) for row in site.gallery()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_a_scenario_tells_its_story(path: Path) -> None:
    check_story(Run(load(str(path))))


@pytest.mark.parametrize("path", SHORT, ids=[path.stem for path in SHORT])
def test_a_short_one_tells_it_at_driver_depth_too(path: Path) -> None:
    run = Run(load(str(path)), depth=DriverDepth())
    check_story(run)
    run.close()


def check_story(run: Run) -> None:
    """Every expectation holds, and nothing else went wrong."""
    while run.advance(1_000):
        pass
    assert run.expectations.list_unmet() == [] and run.unexpected() == []
    rows = run.expectations.rows
    assert len(rows) == len(run.scenario.expectations) >= STORY_LEAST
    assert [row for row in rows if "state" in row["wanted"]]


@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_a_scenario_says_what_to_see_in_a_line(path: Path) -> None:
    title, words = site.read_title(path.read_text(encoding="utf-8"))
    assert 3 < len(title) <= 40 and 10 < len(words) <= 120 and not words.endswith(".")


def test_the_page_is_as_the_files_are() -> None:
    written = gallery.PAGE.read_text(encoding="utf-8")
    assert written == gallery.render_page(), "run: make gallery"


def test_each_scenario_has_a_picture_and_no_picture_is_left_over() -> None:
    pictures = sorted(site.DOCUMENTS.glob("*.png"))
    assert [path.stem for path in pictures] == [path.stem for path in PATHS], "run: make gallery"
    for picture in pictures:
        with Image.open(picture) as image:
            assert image.size == PICTURE_SIZE
    assert sum(path.stat().st_size for path in pictures) <= PICTURES_MAX_BYTES


def test_a_picture_has_the_time_off_cut_short() -> None:
    """A day between two sessions, and the picture shows both."""
    names = ("t_s", "state")
    on = [(k / 5, "READY") for k in range(500)]
    trace = Trace(on + [(t_s + 86_400, state) for t_s, state in on], names)
    [(start, end, hours)] = trace.off
    assert hours == pytest.approx(24.0, abs=0.1)
    assert end - start == pytest.approx(OFF_SHARE * trace.minutes[-1], rel=0.1)
    assert trace.minutes[-1] == pytest.approx(2 * 100 / 60, rel=0.1)


def test_a_picture_is_drawn_from_its_file(tmp_path: Path) -> None:
    short = tmp_path / "x.toml"
    short.write_text(
        '# A title | some words\nduration_s = 30\n[[event]]\nat_s = 2\npress = "START"\n'
    )
    gallery.draw_picture(short, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == PICTURE_SIZE and len(image.getcolors() or []) > 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.png", "x.toml"]
