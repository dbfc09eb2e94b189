"""Report of a bring-up: what each step found, as a table, as one HTML page, and its measures.

Called by `waistband bringup`, and on MicroPython by the bench page. Writes nothing.
"""

import json

from tools.bringup.measured import measured
from tools.bringup.session import Bringup, Result
from tools.bringup.verdict import BROKEN_OFF, FAILED, PASSED
from tools.unit.about import About

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

FORMAT = 1
NOT_TOLD = (
    "which pad's banks light: the banks of one wavelength draw alike on both pads",
    "which wavelength a bank has where its current is like another's: a spectrometer tells",
    "irradiance: an optical power meter tells; the calibration needs it",
)
NAMELESS = "without a number"
UNFIT = "Not every step passed: mend what is named, and run this again. Do not use the unit."
HEAD = ("date", "board", "chip", "micropython", "release")
# Everything of a page but its style sheet and what is in its body.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body class="report session">
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def describe_step(result: Result) -> "dict[str, Any]":
    """A step as the report has it."""
    step, verdict = result.step, result.verdict
    return {
        "step": step.name, "title": step.title, "state": result.state,
        "failures": verdict.failures, "notes": verdict.notes, "values": verdict.values,
    }  # fmt: skip


def make_report(
    bringup: Bringup, results: "Iterable[Result]", about: About, date: str, release: str,
    simulated: bool,
) -> "dict[str, Any]":  # fmt: skip
    """The report as JSON has it."""
    rows = [describe_step(result) for result in results]
    return {
        "format": FORMAT, "serial": bringup.serial or NAMELESS, "simulated": simulated,
        "date": date, "release": release, "board": bringup.board.NAME, "chip": about.chip,
        "micropython": about.version, "passed": is_sound([row["state"] for row in rows]),
        "steps": rows, "not_told": list(NOT_TOLD), "measures": measured(bringup),
    }  # fmt: skip


def is_sound(states: "Iterable[object]") -> bool:
    """Whether nothing failed, and the last step was reached and passed."""
    found = list(states)
    return FAILED not in found and BROKEN_OFF not in found and found[-1:] == [PASSED]


def render_html(report: "dict[str, Any]", style: str) -> str:
    """The report as one page, everything in it escaped; `style` is its style sheet."""
    said = (
        "Every step passed." if report["passed"] else "Not every step passed: do not use this unit."
    )
    said += " This was a simulated unit." if report["simulated"] else ""
    body = [f"<p{'' if report['passed'] else ' class=alarm'}>{said}</p>", '<table class="named">']
    for name in HEAD:
        body.append(f'<tr><th scope="row">{name}</th><td>{escape(report[name])}</td></tr>')
    body.append('</table>\n<table class="named">\n<thead><tr><th>step</th><th>result</th>'
                "<th>what was found</th></tr></thead>\n<tbody>")  # fmt: skip
    for row in report["steps"]:
        lines = [f'<p class="alarm">{escape(line)}</p>' for line in row["failures"]]
        lines += [f"<p>{escape(line)}</p>" for line in row["notes"]]
        lines += [
            f"<div>{escape(key)}: {escape(render_value(value))}</div>"
            for key, value in row["values"].items()
        ]
        alarm = ' class="alarm"' if row["failures"] else ""
        body.append(f'<tr><th scope="row">{row["step"]}</th><td{alarm}>{row["state"]}</td>'
                    f"<td>{escape(row['title'])}.\n" + "\n".join(lines) + "</td></tr>")  # fmt: skip
    body.append("</tbody>\n</table>\n<h2>What no step tells</h2>\n<ul>")
    body += [f"<li>{escape(line)}</li>" for line in report["not_told"]]
    body.append("</ul>")
    title = f"First start of unit {escape(report['serial'])}"
    return PAGE.format(title=title, style=style, body="\n".join(body))


def escape(value: object) -> str:
    """A text as HTML has it."""
    text = str(value)
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(sign, f"&{name};")
    return text


def render_value(value: object) -> str:
    """A measured value in words."""
    if isinstance(value, dict):
        return ", ".join([f"{key} {render_value(inner)}" for key, inner in value.items()])
    if isinstance(value, (list, tuple)):
        return "; ".join([render_value(inner) for inner in value])
    return str(value)


def render_measures(report: "dict[str, Any]") -> str:
    """What was measured, as `waistband calibrate` reads it; what is not known yet is a comment."""
    lines = ["# Add date, window_cm2 and irradiance_mw_cm2: waistband calibrate --help shows them."]
    lines += [f"{key} = {as_toml(value)}" for key, value in report["measures"].items()]
    return "\n".join(lines) + "\n"


def as_toml(value: object) -> str:
    """A value on one line of TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(row)}" for key, row in value.items()) + " }"
    return json.dumps(value)
