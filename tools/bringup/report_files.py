"""Files of a bring-up's report. Called by `waistband bringup`; written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from tools.bringup.report import render_html, render_measures
from tools.common.files import write_whole

STYLE = Path(__file__).resolve().parents[1] / "report" / "templates" / "report.css"


def write_report(path: str, report: dict[str, Any]) -> None:
    """Write the report, a page or JSON, or the measures, by the name's ending. Raises BadInput."""
    suffix = Path(path).suffix.lower()
    if suffix == ".html":
        text = render_html(report, STYLE.read_text(encoding="utf-8"))
    elif suffix == ".toml":
        text = render_measures(report)
    else:
        text = json.dumps(report, indent=1) + "\n"
    with write_whole(path) as part:
        part.write_text(text, encoding="utf-8")
