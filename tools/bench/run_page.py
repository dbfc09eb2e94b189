"""Page of a run: `waistband sim --report`, one HTML file with the bench page's own charts.

The file holds all that it needs and asks nothing of any server.
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


def write_report(
    run: Run, rows: Sequence[tuple[object, ...]], currents_ma: Sequence[float], path: Path
) -> None:
    """Write the page of a run that is over. `rows` are of a control step each; `currents_ma` is the
    battery's current in each."""
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
        "packed": pack_json(chart_data(run, rows, currents_ma)), "modules": join_modules(),
        "uplot": read_uplot(),
    }  # fmt: skip
    path.write_text(render_page("run.html", page=page), encoding="utf-8")


def chart_data(
    run: Run, rows: Sequence[tuple[object, ...]], currents_ma: Sequence[float]
) -> dict[str, object]:
    """The data that `report.js` draws."""
    return {
        "columns": (*trace_columns(run.board), "current_ma"),
        "rows": [
            [round(value, DIGITS) if isinstance(value, float) else value for value in (*row, ma)]
            for row, ma in zip(rows, currents_ma, strict=True)
        ],
        "limits": {name: getattr(limits, name) for name in dir(limits) if name.isupper()},
        "asked": run.scenario.prescription,
        "banks": [row[0] for row in run.board.BANKS],
        "strikes": [
            {"t": event.at_s, "name": event.name + (f" {event.pad}" if event.pad else "")}
            for event in run.scenario.events if event.kind == "fault"
        ],
    }  # fmt: skip


def pack_json(value: object) -> str:
    """JSON, deflated, in base64url, as `link.js` unpacks it."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    content = deflate.compress(json.dumps(value, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(content + deflate.flush()).decode().rstrip("=")


def join_modules() -> str:
    """The page's modules as one text."""
    texts = [(BENCH / "page" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    return "\n".join(EXPORT.sub("", IMPORT.sub("", text)) for text in texts)
