"""Files of the bench page: those in `tools/bench`, npm's packages, and the unit itself.

Called by `waistband bench`, which serves or writes them, and by the replay on WebAssembly. The unit
is one file, `bundle.json`: the modules that the page's MicroPython imports.
"""

import ast
import hashlib
import json
import shutil
import tomllib
from functools import lru_cache
from pathlib import Path

from sim.common.boards import REFERENCE
from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from tools.bringup.report_files import STYLE
from tools.common.version import version
from tools.unit.manifest import release_name

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "tools" / "bench"
MODULES = BENCH / "node_modules"
MICROPYTHON = MODULES / "@micropython" / "micropython-webassembly-pyscript"
GET = "make setup with Node 20 or newer, or npm ci in tools/bench"

# MIME types of the files that a page may be made of; no other kind is served.
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}
OURS = (".html", ".css", ".js", ".svg", ".png", ".webmanifest")
PARTS = ("page", "style")  # folders of `tools/bench` that the page is made of as well
# What npm installed, by the name that the page has it under.
VENDOR = {
    "micropython.mjs": MICROPYTHON / "micropython.mjs",
    "micropython.wasm": MICROPYTHON / "micropython.wasm",
    "uPlot.iife.min.js": MODULES / "uplot" / "dist" / "uPlot.iife.min.js",
    "uPlot.min.css": MODULES / "uplot" / "dist" / "uPlot.min.css",
    "LICENSES.txt": BENCH / "third-party.txt",
}
TOML = MODULES / "smol-toml" / "dist"  # modules that import each other by name
# Scenarios; the first line of each is "# title | words". A wheel has them beside the page.
DOCUMENTS = ROOT / "docs" / "bench" / "gallery"
GALLERY = DOCUMENTS if DOCUMENTS.is_dir() else BENCH / "gallery"
PAGE_MAX_S = 14_400  # DURATION_S of page/main.js
BUNDLE, OFFLINE = "bundle.json", "offline.json"  # files that are made
ENTRY = "page"
BESIDE = ("page", "machine")  # modules of `tools/bench` that the page's MicroPython imports
UNIT = ("firmware", "hal", "sim", "tools")


def check_npm() -> None:
    """Raises BadInput where npm's packages are missing."""
    if not VENDOR["micropython.wasm"].exists():
        raise BadInput(f"the bench page's npm packages are not installed: {GET}")


def node() -> str:
    """The command of Node. Raises BadInput where it is not installed."""
    found = shutil.which("node")
    if found is None:
        raise BadInput(f"Node, which runs MicroPython's WebAssembly build, is not installed: {GET}")
    return found


def names() -> dict[str, Path | None]:
    """Files of the page by their names in it; None for those that are made. Raises BadInput where
    npm's packages are missing."""
    check_npm()
    found: dict[str, Path | None] = {BUNDLE: None, OFFLINE: None}
    for folder in (BENCH, *(BENCH / part for part in PARTS)):
        ours = (path for path in sorted(folder.glob("*")) if path.suffix in OURS)
        found |= {path.relative_to(BENCH).as_posix(): path for path in ours}
    found |= {f"vendor/{name}": path for name, path in VENDOR.items()}
    found |= {f"vendor/smol-toml/{path.name}": path for path in sorted(TOML.glob("*.js"))}
    return found


def read_uplot() -> str:
    """The code of uPlot with its name, version and licence, as the licence requires."""
    package = json.loads((MODULES / "uplot" / "package.json").read_text(encoding="utf-8"))
    licence = (MODULES / "uplot" / "LICENSE").read_text(encoding="utf-8")
    code = VENDOR["uPlot.iife.min.js"].read_text(encoding="utf-8")
    return f"/*! uPlot {package['version']}\n\n{licence}\n*/\n{code}"


def content(name: str, path: Path | None, board: str = REFERENCE) -> bytes:
    """Content of one of `names`, for a unit with this board."""
    if path:
        return path.read_bytes()
    return bundle(board) if name == BUNDLE else offline(board)


def site(board: str = REFERENCE) -> dict[str, bytes]:
    """The whole page, by the names of its files. Raises BadInput where npm's are missing."""
    return {name: content(name, path, board) for name, path in names().items()}


def offline(board: str = REFERENCE) -> bytes:
    """What the service worker keeps: every file's name, and a hash of all their contents."""
    kept = {name: path for name, path in names().items() if name not in (OFFLINE, "sw.js")}
    digest = hashlib.sha256()
    for name, path in kept.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content(name, path, board)).digest())
    return json.dumps({"version": digest.hexdigest()[:16], "files": list(kept)}).encode() + b"\n"


def gallery() -> list[dict[str, object]]:
    """The scenarios that the page shows to a first visitor: title, words, table. Those of days are
    left to the command: the page runs for hours."""
    found: list[dict[str, object]] = []
    for path in sorted(GALLERY.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        title, words = read_title(text)
        scenario = tomllib.loads(text)
        if scenario["duration_s"] <= PAGE_MAX_S:
            found.append({"title": title, "words": words, "scenario": scenario})
    return found


def read_title(text: str) -> tuple[str, str]:
    """Title and words of a scenario of the gallery: of its first line."""
    title, _, words = text.partition("\n")[0].lstrip("# ").partition(" | ")
    return title, words


def bundle(board: str = REFERENCE) -> bytes:
    """The unit for the page's MicroPython: name of its board, text of each file, the gallery, the
    product's release and the style of reports. Made anew only after a file has changed."""
    folders = [ROOT / part for part in UNIT] + [BENCH]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    paths += (*GALLERY.glob("*.toml"), STYLE)
    return _bundle(board, tuple((path, path.stat().st_mtime_ns) for path in sorted(paths)))


@lru_cache(maxsize=1)
def _bundle(board: str, _as_of: tuple[tuple[Path, int], ...]) -> bytes:
    about = {
        "version": version(),
        "board": board,
        "files": unit(board=board),
        "gallery": gallery(),
        "release": name_release(),
        "style": STYLE.read_text(encoding="utf-8"),
    }
    return json.dumps(about, indent=0, default=str).encode() + b"\n"  # a TOML date as text


def name_release() -> str:
    """The release of the product; of an installed package, which lacks its sources, the version."""
    try:
        return release_name(device_files(ROOT))
    except BadInput:
        return version()


def unit(entry: str = ENTRY, board: str = REFERENCE) -> dict[str, str]:
    """The text of each of `unit_files`."""
    files = unit_files(entry, board)
    return {name: path.read_text(encoding="utf-8") for name, path in files.items()}


def unit_files(entry: str = ENTRY, board: str = REFERENCE) -> dict[str, Path]:
    """Files of a module, of a board, and of all that they import, in functions as well."""
    found: dict[str, Path] = {}
    waiting = [entry, f"hal.boards.{board}"]
    while waiting:
        module = waiting.pop()
        path = find_module(module)
        if path is None or path in found.values():
            continue
        base = BENCH if module in BESIDE else ROOT
        found[path.relative_to(base).as_posix()] = path
        parent = module.rpartition(".")[0]
        waiting += [parent] * bool(parent)
        waiting += list_imports(ast.parse(path.read_text(encoding="utf-8")))
    return dict(sorted(found.items()))


def find_module(module: str) -> Path | None:
    """The file of one of our modules."""
    if module in BESIDE:
        return BENCH / f"{module}.py"
    if module.partition(".")[0] not in UNIT:
        return None
    path = ROOT / Path(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return file
    return None


def list_imports(tree: ast.AST) -> list[str]:
    """Modules that a file imports, without those under TYPE_CHECKING."""
    names = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            names += [name for other in node.orelse for name in list_imports(other)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            names += list_imports(node)
    return names
