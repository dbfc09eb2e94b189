"""TOML writer: a scenario as `sim.scenario.scenario.parse` reads it.

Called by campaigns' reports and the bench page, whose runs have no file. TOML has no word for a
scenario's name, which is its file's, nor for `until_done`, which is a duration.
"""

from sim.common.boards import REFERENCE
from sim.faults.catalogue import FAULTS
from sim.scenario.clock_date import write_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.common.story import Event, Scenario, Start

EVENT_KEYS = ("pad", "value", "for_s", "button", "line", "nm")  # of a fault, where it has them


def to_toml(scenario: "Scenario") -> str:
    """The whole scenario."""
    start = start_table(scenario.start)
    lines = [f"board = {toml_value(scenario.board)}"] if scenario.board != REFERENCE else []
    lines += [
        f"seed = {scenario.seed}",
        f"duration_s = {toml_value(scenario.duration_s)}",
        f"start = {toml_value(start)}",
        f"prescription = {toml_value(scenario.prescription)}",
    ]
    for event in scenario.events:
        table = event_table(event)
        lines += ["", "[[event]]"] + [f"{key} = {toml_value(v)}" for key, v in table.items()]
    for expectation in scenario.expectations:
        lines += ["", "[[expect]]"]
        for key in expectation.FIELDS:
            if getattr(expectation, key) is not None:
                lines.append(f"{key} = {toml_value(getattr(expectation, key))}")
    return "\n".join(lines) + "\n"


def start_table(start: "Start") -> dict[str, object]:
    """A start as the table of a scenario file."""
    table: dict[str, object] = {key: getattr(start, key) for key in start.FIELDS}
    spot = start.spot
    if spot:
        table["spot"] = {key: getattr(spot, key) for key in spot.FIELDS}
    else:
        del table["spot"]
    if start.date is None:
        del table["date"]
    else:
        table["date"] = write_date(start.date)
    if start.clock_set:
        del table["clock_set"]
    return table


def event_table(event: "Event") -> dict[str, object]:
    """An event as the table of a scenario file."""
    if event.kind == "press":
        return {"at_s": event.at_s, "press": event.name, "hold_ms": event.hold_ms}
    if event.kind == "host":
        return {"at_s": event.at_s, "host": event.name}
    if event.kind == "set":
        return {"at_s": event.at_s, event.name: event.value}
    keys: dict[str, object] = {"at_s": event.at_s, "fault": event.name}
    for key in EVENT_KEYS:
        value = getattr(event, key)
        if value is not None and (key != "for_s" or FAULTS[event.name].lasts):
            keys[key] = int(value) if key == "value" and value == int(value) else value
    return keys


def toml_value(value: object) -> str:
    """One value: numbers, booleans, plain text, and tables of them on one line; lists
    with a line for each item."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f'"{key}" = {toml_value(item)}' for key, item in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return "[\n" + ",\n".join([toml_value(item) for item in value]) + "\n]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
