"""Reference pages of tables in the code: limits, scenario keys, journal records, the board.

Called by `tools.dev.site`, which puts them into the site; prints and writes nothing. Each page is
made of the tables that the code itself reads, so that none can say something else.
"""

import re

from firmware.core import limits
from hal import board_check
from hal.boards import RPI_PICO
from sim.common.boards import REFERENCE
from sim.common.story import Start
from sim.scenario import scenario
from sim.scenario.expectations import EXPECTATIONS_MAX
from tools.common.words import FAULTS as FAULT_WORDS
from tools.dev.source_comments import Row, read_rows
from tools.journal import schema
from tools.report.tables import markdown_table

LIMITS = "firmware/core/limits.py"
# What a name's end says of its unit: how to show a value to people.
UNITS = (
    ("_UJ_CM2", 1e6, "J/cm2"), ("_UW_CM2", 1e3, "mW/cm2"), ("_Q10_MS", 60_000 * 1024, "min"),
    ("_MC", 1_000, "C"), ("_MV", 1_000, "V"), ("_HZ", 1, "Hz"),
    ("_S", 1, "s"), ("_01MA", 10, "mA"), ("_PERCENT", 1, "%"), ("_PERMILLE", 10, "%"),
)  # fmt: skip
# A time of at least so many ms is shown so.
TIMES = (
    (7_200_000, 3_600_000, "h"), (120_000, 60_000, "min"), (1_000, 1_000, "s"), (0, 1, "ms"),
)  # fmt: skip


def escape_html(text: str) -> str:
    """Return Markdown in which a `<` outside of code begins no HTML."""
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;")
        for part in re.split("(`[^`]*`)", text)
    )


def escape_cell(text: str) -> str:
    """Return text that a table's cell can hold."""
    return " ".join(escape_html(text).replace("|", "\\|").split())


def show_value(name: str, value: object) -> str:
    """Return a constant as people write it, from the unit in its name."""
    for end, scale, unit in UNITS:
        if name.endswith(end) and isinstance(value, int):
            return f"{value / scale:g} {unit}"
    if name.endswith("_MS") and isinstance(value, int):
        scale, unit = next((scale, unit) for least, scale, unit in TIMES if value >= least)
        return f"{value / scale:g} {unit}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def list_limits() -> list[Row]:
    """Return the limits, in the file's order."""
    return [row for row in read_rows(LIMITS) if row.name.isupper()]


def render_limits() -> str:
    """Return the page of all limits."""
    parts = [
        "# Limits\n\nEvery limit that the firmware holds, made from `firmware/core/limits.py`. "
        '"60601" is IEC 60601-1 Table 24, contact of ten minutes and more; "ours" is a choice '
        "of ours, argued in [safety](../maintainer/safety.md). A limit without words is named by "
        "its group.\n"
    ]
    groups: dict[str, list[Row]] = {}
    for row in list_limits():
        groups.setdefault(row.head, []).append(row)
    for head, rows in groups.items():
        title = head
        for stop in ".,(:":
            title = title.partition(stop)[0]
        parts.append(f"\n## {title}\n\n")
        words = head.removeprefix(title + ".").strip()
        if words:
            parts.append(words + "\n\n")
        parts.append(markdown_table(("limit", "value", "source and meaning"), (
            (f"`{row.name}`", show_value(row.name, getattr(limits, row.name)),
             escape_cell(row.words)) for row in rows
        )))  # fmt: skip
    return "".join(parts)


def render_board() -> str:
    """Return the page of a board file's names, with the reference board's values."""
    ranges = {name: f"{low:,} to {high:,}" for name, low, high in board_check.NUMBERS}
    rows = read_rows("hal/boards/RPI_PICO.py")
    table = markdown_table(("name", "on RPI_PICO", "may be", "meaning"), (
        (f"`{row.name}`", f"`{getattr(RPI_PICO, row.name)}`", ranges.get(row.name, ""),
         escape_cell(row.words or row.head)) for row in rows
    ))  # fmt: skip
    return (
        "# Board file\n\nA board is data: pins, dividers, sensor constants, the bank table. Made "
        "from `hal/boards/RPI_PICO.py`; `hal/board_check.py` says what each may be, and nothing "
        f"is lit on a board with a mistake.\n\n{table}"
    )


def scenario_keys(keys: tuple[str, ...], file: str, scope: str) -> str:
    """Return the table of the keys of one part of a scenario: default, range, meaning."""
    fields = {row.name: row for row in read_rows(file, scope)}
    ranges = {**scenario.RANGES, **scenario.SPOT_RANGES}
    rows = []
    for key in keys:
        low, high, unit = ranges.get(key, ("", "", ""))
        default = fields[key].value
        rows.append((
            f"`{key}`", f"{low:g} to {high:g} {unit}" if unit else "",
            default if default != "None" else "", escape_cell(fields[key].words),
        ))  # fmt: skip
    return markdown_table(("key", "may be", "where it is not given", "meaning"), rows)


def list_top_keys() -> dict[str, tuple[str, str, str]]:
    """Return what each key of a scenario may be, its default and its meaning."""
    return {
        "duration_s": (f"1 to {scenario.DURATION_MAX_S:,} s", "needed", "most of the run"),
        "seed": (f"0 to {scenario.SEED_MAX:,}", "1", "of all noise"),
        "board": ("a board file's name", REFERENCE, "see [board file](board.md)"),
        "prescription": ('"default", a file\'s path, or a table', "default", "what is given"),
        "start": ("table", "", "the wearer, the room and the unit at power-on"),
        "event": (f"at most {scenario.EVENTS_MAX:,} tables", "", "what happens"),
        "expect": (f"at most {EXPECTATIONS_MAX:,} tables", "", "what is to hold"),
    }


def list_event_keys() -> dict[str, tuple[str, str]]:
    """Return what each kind of event may be, and what stands beside it."""
    hold = f"`hold_ms`: {scenario.HOLD_MIN_MS} to {scenario.HOLD_MAX_MS:,} ms"
    changes = {
        name: ("its new value, as in `start`" if name in Start.FIELDS else
               "new noise from here" if name == "seed" else "true or false", "")
        for name in scenario.CHANGES
    }  # fmt: skip
    return {
        "press": ("a button: " + ", ".join(scenario.BUTTONS), hold),
        "fault": ("a fault's name", "as the [list of faults](../bench/fault-list.md) says"),
        "host": (f"a line of a host on USB, at most {scenario.HOST_LINE_MAX} characters", ""),
        **changes,
    }


def render_scenario() -> str:
    """Return the page of a scenario file's keys."""
    story = "sim/common/story.py"
    top, events = list_top_keys(), list_event_keys()
    head = ("key", "may be", "where it is not given", "meaning")
    wanted = [row for row in read_rows(story, "Expectation") if row.kind]
    return "\n".join((
        "# Scenario file\n\nA scenario is a TOML file for `waistband sim`: who wears the unit "
        "where, what is pressed, what breaks. Made from `sim/scenario` and "
        "`sim/common/story.py`. [The simulator](../bench/simulator.md) shows how to use it.\n",
        markdown_table(head, ((f"`{key}`", *top[key]) for key in scenario.SCENARIO_KEYS)),
        "## `start`\n",
        scenario_keys(scenario.START_KEYS, story, "Start"),
        "`person` is one of " + ", ".join(f"`{name}`" for name in scenario.PERSON_NAMES)
        + "; it decides " + ", ".join(f"`{key}`" for key in scenario.BY_PERSON)
        + " where `start` does not say them.\n",
        "### `spot` of `start`\n",
        scenario_keys(tuple(scenario.SPOT_RANGES), story, "PressureSpot"),
        "## `[[event]]`\n\nEach has `at_s`, 0 to `duration_s`, and one of these. With `every_s` it "
        "happens again and again, until `until_s` or the end.\n",
        markdown_table(("key", "may be", "beside it"), (
            (f"`{key}`", *events[key]) for key in scenario.KINDS
        )),
        "## `[[expect]]`\n\nEach has `at_s` and any of these; all of them must hold then, before "
        "whatever else happens at that time:\n",
        markdown_table(("key", "kind"), (
            (f"`{row.name}`", escape_cell(row.kind.replace("| None", "")))
            for row in wanted if row.name != "at_s"
        )),
    ))  # fmt: skip


def render_journal() -> str:
    """Return the page of the journal's kinds of record and their fields, in every format."""
    types = {name: (right.__doc__ or "").strip() for name, right in schema.TYPES.items()}
    parts = [
        "# Journal records\n\nEach line of the journal is one JSON object. Made from "
        "`tools/journal/schema.py` and the firmware's own lists. How a journal is read and "
        "proved: [prescriptions and journal]"
        "(../clinician/prescriptions-and-journal.md#verify-a-journal). Every record also has "
        "`kind` and its seal. A field that is not in the last table is an integer, its unit in "
        'its name. "sealed" behind a kind: that of a unit in a blinded trial.\n'
    ]
    for number, kinds in schema.FORMATS.items():
        every = set.intersection(*(set(fields) for fields in kinds.values()))
        parts += [
            f"\n## Format {number}\n\nEvery record: "
            + ", ".join(f"`{name}`" for name in kinds[schema.UNKNOWN]) + ".\n\n",
            markdown_table(("kind", "further fields"), (
                (f"`{kind}`", ", ".join(f"`{name}`" for name in fields if name not in every) or "-")
                for kind, fields in kinds.items()
            )),
        ]  # fmt: skip
    parts += [
        "\n## Fields that are no integer\n\n",
        markdown_table(("field", "holds"), (
            (f"`{name}`", escape_cell(words)) for name, words in types.items()
        )),
        "\n## Faults by name\n\n",
        markdown_table(("`fault`", "words"), (
            (f"`{name}`", escape_cell(words)) for name, words in FAULT_WORDS.items()
        )),
    ]  # fmt: skip
    return "".join(parts)
