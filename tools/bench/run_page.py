"""`waistband sim --report`: a run as one HTML file with the bench page's own charts in it.

It holds everything that it needs, asks nothing of any server, and may be kept or sent.
"""

import base64
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from firmware.core import limits
from sim.run import Run, trace_columns
from tools.bench.site import BENCH, VENDOR, read_uplot
from tools.report.html_page import render_page
from tools.report.summary import render

# The page's modules, each behind those that it imports.
MODULES = ("words", "dom", "theme", "link", "traces", "panels", "marks", "charts", "reading",
           "ready", "report")  # fmt: skip
STYLES = ("style/base.css", "style/parts.css")
IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)
DIGITS = 4  # finer than any sensor here
TOOLS = re.compile(r'<section id="charts".*?</section>', re.DOTALL)


def write(
    run: Run, rows: Sequence[tuple[object, ...]], currents_ma: Sequence[float], path: Path
) -> None:
    """Write a run that is over: its rows of a control step each, and the battery's current."""
    scenario, start = run.scenario, run.scenario.start
    about = (
        f"Simulated: {start.ambient_c:g} C room, resting perfusion {start.perfusion:g} /s, fat "
        f"{start.fat_mm:g} mm, seed {run.seed}."
    )
    index = (BENCH / "index.html").read_text(encoding="utf-8")
    charts = TOOLS.search(index)
    assert charts, "index.html has charts"
    styles = [VENDOR["uPlot.min.css"], *(BENCH / name for name in STYLES)]
    page = {
        "title": scenario.name, "about": about, "summary": render(run, []), "charts": charts[0],
        "style": "\n".join(file.read_text(encoding="utf-8") for file in styles),
        "packed": packed(told(run, rows, currents_ma)), "modules": modules(),
        "uplot": read_uplot(),
    }  # fmt: skip
    path.write_text(render_page("run.html", page=page), encoding="utf-8")


def told(
    run: Run, rows: Sequence[tuple[object, ...]], currents_ma: Sequence[float]
) -> dict[str, object]:
    """What `report.js` draws."""
    return {
        "columns": (*trace_columns(run.board), "current_ma"),
        "rows": [
            [round(value, DIGITS) if isinstance(value, float) else value for value in (*row, ma)]
            for row, ma in zip(rows, currents_ma, strict=True)
        ],
        "limits": {
            name: getattr(limits, name) for name in dir(limits) if name.isupper()
        },
        "asked": run.scenario.prescription,
        "banks": [row[0] for row in run.board.BANKS],
    }  # fmt: skip


def packed(value: object) -> str:
    """As `link.js` unpacks it: JSON, deflated, in base64url."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    content = deflate.compress(json.dumps(value, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(content + deflate.flush()).decode().rstrip("=")


def modules() -> str:
    """The page's modules as one."""
    texts = [(BENCH / "page" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    return "\n".join(EXPORT.sub("", IMPORT.sub("", text)) for text in texts)
