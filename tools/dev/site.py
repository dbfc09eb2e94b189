"""Site of the documents: puts pages and generated references together and has Sphinx build them.

`make docs` calls it: `python -m tools.dev.site build/site`. Warnings are errors, and every link
within the site must lead somewhere. Writes the given folder and its neighbour `site-source`, and
nothing else; asks no server.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sim.common.errors import BadInput
from tools.dev import (
    reference_code,
    reference_commands,
    reference_tables,
    requirements,
    state_picture,
    third_party,
)
from tools.dev.source_comments import ROOT

BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
REFERENCE = "docs/reference"
# Pages made of the code, by name. A page of the code's own folders is added for each of them.
GENERATED: dict[str, Callable[[], str]] = {
    "command": reference_commands.render_commands,
    "scenario": reference_tables.render_scenario,
    "limits": reference_tables.render_limits,
    "journal": reference_tables.render_journal,
    "board": reference_tables.render_board,
    "contract": reference_code.render_contract,
    "requirements": lambda: requirements.render_page(requirements.read_table()),
    "third-party": third_party.render_page,
}
# What the site's contents show, by reader: the pages that come first, then all of these folders.
READERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Everybody", ("docs/index", "docs/glossary", "CHANGELOG", "SECURITY")),
    ("Wearer", ("docs/wearer/using-the-belt", "docs/wearer/*")),
    ("Clinician", ("docs/clinician/prescriptions-and-journal", "docs/clinician/*",
                   "docs/reference/journal")),
    ("Trialist", ("docs/trialist/trial", "docs/trialist/*")),
    ("Bench engineer", ("docs/bench/simulator", "docs/bench/*", "docs/build-one",
                        "docs/reference/command",
                        "docs/reference/scenario", "docs/reference/board", "bench-page")),
    ("Maintainer", ("docs/architecture", "CONTRIBUTING", "docs/maintainer/safety",
                    "docs/reference/requirements", "docs/maintainer/*", "docs/reference/limits",
                    "docs/reference/contract", "docs/reference/third-party", "docs/reference/code",
                    )),
)  # fmt: skip
MERMAID = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
BENCH = "bench"  # the bench page's folder in the site


def render_contents(source: Path) -> str:
    """Return the tables of contents by reader, of what there is; the first page carries them."""
    seen: set[str] = set()
    parts = []
    for reader, patterns in READERS:
        pages = []
        for pattern in patterns:
            for path in sorted(source.glob(pattern + ".md")):
                name = path.relative_to(source).with_suffix("").as_posix()
                if name not in seen:
                    pages.append(name)
                    seen.add(name)
        parts.append(f"\n```{{toctree}}\n:hidden:\n:caption: {reader}\n\n")
        parts.append("\n".join(pages) + "\n```\n")
    return "".join(parts)


def render_bench(there: bool) -> str:
    """Return the page that leads to the bench page."""
    way = (
        f'<a href="{BENCH}/index.html">Open the bench page</a>: it starts in a second or two.'
        if there
        else "This copy of the site was built without Node's packages, so the page is not in it: "
        "`make setup` with Node 20 or newer, then `make docs`."
    )
    return (
        "# Bench page, live\n\nThe unit in this browser: the same firmware and simulator on "
        f"MicroPython's WebAssembly build.\n\n{way}\n\n[What it shows](docs/bench/bench-page.md).\n"
    )


def write_source(source: Path, bench: bool) -> None:
    """Write the pages that Sphinx reads: the documents as they are in the repository, with the
    README as the first page, and the generated ones."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(
        ROOT / "docs", source / "docs", ignore=shutil.ignore_patterns("conf.py", "_static")
    )
    for name in BESIDE:
        shutil.copy(ROOT / name, source / name)
    pages = {f"{REFERENCE}/{name}.md": render for name, render in GENERATED.items()}
    for folder, paths in reference_code.list_folders().items():
        name = f"{REFERENCE}/code/{folder.replace('/', '-')}.md"
        pages[name] = partial(reference_code.render_folder, folder, paths)
    pages[f"{REFERENCE}/code.md"] = lambda: (
        "# Code\n\nWhat others may call, by folder.\n\n```{toctree}\n:glob:\n\ncode/*\n```\n"
    )
    pages["bench-page.md"] = partial(render_bench, bench)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages["index.md"] = lambda: readme + render_contents(source)  # last: of the pages above
    for name, render in pages.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(), encoding="utf-8")
    states_page = source / "docs/maintainer/states.md"
    text = states_page.read_text(encoding="utf-8")
    states_page.write_text(MERMAID.sub(lambda _: state_picture.render_svg(), text), "utf-8")


def write_bench(folder: Path) -> bool:
    """Write the bench page; False where npm's packages are missing."""
    from tools.bench import site

    try:
        files = site.site()
    except BadInput:
        return False
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return True


class Page(HTMLParser):
    """The links and the anchors of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a tag leads to, or what leads to it."""
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


def list_dead_links(site: Path) -> Iterator[str]:
    """Links of Sphinx's pages that lead to no file or no heading of the site, a line each."""
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] != BENCH
    }
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages.get(to)
            if not to.exists() or (known and unquote(parts.fragment) not in known.anchors):
                yield f"{path.relative_to(site.resolve())}: {link} leads nowhere"


def build_site(site: Path) -> list[str]:
    """Build the site into a folder, anew; return what is wrong, a line each."""
    source = site.parent / f"{site.name}-source"
    shutil.rmtree(site, ignore_errors=True)
    bench = write_bench(site / BENCH)
    write_source(source, bench)
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", "-n"]
    command += ["-c", str(ROOT / "docs"), "-d", str(source / ".doctrees"), str(source), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode:
        return found or [f"sphinx ended with {done.returncode}"]
    return [*found, *list_dead_links(site)]


def main(arguments: list[str] | None = None) -> int:
    """Build, and say what is wrong; 1 where anything is."""
    parser = argparse.ArgumentParser(prog="tools.dev.site", description=__doc__)
    parser.add_argument("folder", type=Path, help="made anew")
    site = parser.parse_args(arguments).folder
    found = build_site(site)
    for line in found:
        print(line, file=sys.stderr)
    pages = sum(1 for _ in site.rglob("*.html"))
    print(f"{site}: {pages} pages, {len(found)} mistakes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
