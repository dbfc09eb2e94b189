"""Report of a bring-up: what each step found, as JSON and as one HTML page, and its measures.

Called by `waistband bringup`. Writes files whole or not at all.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.bringup.session import Result
from tools.bringup.verdict import BROKEN_OFF, FAILED, PASSED
from tools.common.files import write_whole
from tools.report.html_page import render_page, write_html
from tools.unit.device import About

FORMAT = 1
NOT_TOLD = (
    "which pad's banks light: the banks of one wavelength draw alike on both pads",
    "which wavelength a bank has where its current is like another's: a spectrometer tells",
    "irradiance: an optical power meter tells; the calibration needs it",
)


def make_report(
    results: Iterable[Result], serial: str, board: str, about: About, release: str, simulated: bool
) -> dict[str, Any]:
    """The report as JSON has it."""
    rows = [
        {
            "step": step.name, "title": step.title, "state": state, "failures": verdict.failures,
            "notes": verdict.notes, "values": verdict.values,
        }
        for step, state, verdict in results
    ]  # fmt: skip
    states = [row["state"] for row in rows]
    return {
        "format": FORMAT, "serial": serial, "simulated": simulated,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "release": release,
        "board": board, "chip": about.chip, "micropython": about.version,
        "passed": is_sound(states), "steps": rows, "not_told": list(NOT_TOLD),
    }  # fmt: skip


def is_sound(states: Iterable[object]) -> bool:
    """Whether nothing failed, and the last step was reached and passed."""
    found = list(states)
    return FAILED not in found and BROKEN_OFF not in found and found[-1:] == [PASSED]


def write_report(path: str, report: dict[str, Any]) -> None:
    """Write the report, a page or JSON, or the measures, by the name's ending. Raises BadInput."""
    suffix = Path(path).suffix.lower()
    if suffix == ".html":
        write_html(path, render_page("bringup.html", report=report))
        return
    text = render_measures(report) if suffix == ".toml" else json.dumps(report, indent=1) + "\n"
    with write_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def render_measures(report: dict[str, Any]) -> str:
    """What was measured, as `waistband calibrate` reads it; what is not known yet is a comment."""
    lines = ["# Add date, window_cm2 and irradiance_mw_cm2: waistband calibrate --help shows them."]
    lines += [f"{key} = {as_toml(value)}" for key, value in report["measures"].items()]
    return "\n".join(lines) + "\n"


def as_toml(value: object) -> str:
    """A value on one line of TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(row)}" for key, row in value.items()) + " }"
    return json.dumps(value)
