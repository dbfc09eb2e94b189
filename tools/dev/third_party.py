"""Third-party parts: every package of the locks with its version and licence.

`python -m tools.dev.third_party` prints the page; `tools.dev.site` puts it into the site. Versions
come from the locks, licences from what is installed (PyPI) or from npm's own lock. Asks no server.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from typing import NamedTuple

from tools.dev.source_comments import ROOT
from tools.report.tables import markdown_table

LOCKS = {
    "dev": "the desk: simulator, tools, tests, documents",
    "micropython": "MicroPython's unix port, for replay and the allocation proof",
    "pin": "the emulated chip",
    "typings": "types of the board's MicroPython; runs nowhere",
}
NPM = "tools/bench/package-lock.json"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]*))?")
NOT_HERE = "not installed here"
LICENCE = "License :: "


class Part(NamedTuple):
    """A package of a lock; `where` says for which platforms, "" for all."""

    name: str
    version: str
    where: str
    licence: str


def normalize(name: str) -> str:
    """Return a package's name as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_licence(found: Distribution) -> str:
    """Return the licence that a package names: its expression, else classifiers, else text."""
    about = found.metadata
    if expression := about.get_all("License-Expression"):
        return str(expression[0])
    named = [text for text in about.get_all("Classifier") or () if text.startswith(LICENCE)]
    if named:
        return ", ".join(text.rpartition(" :: ")[2] for text in named)
    if text := about.get_all("License"):
        return str(text[0]).strip().splitlines()[0]
    files = [path for path in found.files or () if path.name.upper().startswith("LICENSE")]
    return (files[0].read_text() if files else "").strip().partition("\n")[0] or "not named"


def list_installed() -> dict[str, str]:
    """Return the licence of each installed package, stubs in typings/ included, by name."""
    found = [*distributions(), *distributions(path=[str(ROOT / "typings")])]
    return {normalize(one.metadata["Name"]): read_licence(one) for one in found}


def read_lock(lock: str, licences: dict[str, str]) -> Iterator[Part]:
    """The packages of one of `locks/`."""
    for line in (ROOT / "locks" / f"{lock}.lock").read_text(encoding="utf-8").splitlines():
        if match := PINNED.match(line):
            name, version, where = match.groups()
            licence = licences.get(normalize(name), NOT_HERE)
            yield Part(name, version, (where or "").strip(), licence)


def read_npm() -> Iterator[Part]:
    """The bench page's packages."""
    packages = json.loads((ROOT / NPM).read_text(encoding="utf-8"))["packages"]
    for path, about in packages.items():
        if path:
            where = "tests and figures" if about.get("dev") else "in the page"
            name = path.rpartition("node_modules/")[2]
            yield Part(name, about["version"], where, about.get("license", "not named"))


def render_page() -> str:
    """Return the page."""
    licences = list_installed()
    parts = [
        "# Third-party parts\n\nMade by `python -m tools.dev.third_party` from `locks/` and "
        f"`{NPM}`. The unit itself runs one part of others, MicroPython (MIT; 1.24 or newer, "
        "1.28.0 is tried), with the Pico SDK and littlefs (BSD-3-Clause) and TinyUSB (MIT) in it, "
        "which whoever sets up a unit brings as a UF2 file; no package below is on it. The texts "
        "of the licences of "
        'what the bench page contains: `tools/bench/third-party.txt`. "not named": the package '
        "itself names none.\n",
    ]
    tables = {f"`locks/{lock}.lock`: {words}": read_lock(lock, licences)
              for lock, words in LOCKS.items()}  # fmt: skip
    tables[f"`{NPM}`: the bench page"] = read_npm()
    head = ("part", "version", "licence", "where")
    for title, rows in tables.items():
        parts.append(f"\n## {title}\n\n")
        parts.append(markdown_table(head, (
            (f"`{row.name}`", row.version, row.licence, row.where and f"`{row.where}`")
            for row in rows
        )))  # fmt: skip
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render_page())
