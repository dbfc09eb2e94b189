"""Gallery of scenarios: draws their pictures and writes the page `docs/bench/gallery.md`.

Run as `python -m tools.dev.gallery` (`make gallery`); it takes half a minute. The page is made of
the scenario files alone, and a test compares it with them. Writes `docs/bench/gallery.md` and a PNG
beside each scenario.
"""

from pathlib import Path

from sim.common.value_record import replace
from sim.run import Run
from sim.scenario.scenario import load
from tools.bench.site import DOCUMENTS, ROOT, read_title
from tools.common.files import write_whole
from tools.report.session_plot import draw

PAGE = DOCUMENTS.parent / "gallery.md"
HEAD = """\
# Gallery

Scenarios worth seeing, each a file of a few lines in `docs/bench/gallery`. Run one, change it, and
run it again:

    .venv/bin/waistband sim docs/bench/gallery/05-pause.toml --plot pause.png

The [bench page](bench-page.md) has a button for each that does not take days. The `[[expect]]`
tables of a file hold its story: the tests run every file, and the command exits 1 where an
expectation does not hold. In the pictures pad A is blue and pad B orange; the bands are the states
of the unit.

This page and its pictures are made by `make gallery` from the files: edit those.
"""


def list_paths() -> list[Path]:
    """The scenarios of the gallery, in order."""
    return sorted(DOCUMENTS.glob("*.toml"))


def render_page() -> str:
    """The whole of `docs/bench/gallery.md`."""
    return "\n".join([HEAD, *map(render_scenario, list_paths())])


def render_scenario(path: Path) -> str:
    """One scenario's part of the page: title, what to see, picture, file."""
    title, words = read_title(path.read_text(encoding="utf-8"))
    at = f"gallery/{path.stem}"
    return (
        f"## {title}\n\n{words[0].upper()}{words[1:]}. File: [{path.name}]({at}.toml).\n\n"
        f"![{title}: contact temperature, duty and dose over time]({at}.png)\n"
    )


def draw_picture(path: Path, picture: Path) -> None:
    """Run a scenario and write its picture."""
    scenario = load(str(path))
    title, _ = read_title(path.read_text(encoding="utf-8"))
    run = Run(scenario)
    rows: list[tuple[float | str, ...]] = []
    run.trace(rows.append)
    while run.advance(1_000):
        pass
    with write_whole(str(picture)) as part:
        draw(rows, replace(scenario, name=title), part, brief=True)


def main() -> None:
    """Draw all pictures and write the page; take away pictures of scenarios that are gone."""
    paths = list_paths()
    for path in paths:
        draw_picture(path, path.with_suffix(".png"))
        print(path.relative_to(ROOT).with_suffix(".png"))
    for picture in DOCUMENTS.glob("*.png"):
        if picture.with_suffix(".toml") not in paths:
            picture.unlink()
    PAGE.write_text(render_page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
