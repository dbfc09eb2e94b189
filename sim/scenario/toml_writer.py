"""TOML writer: writes a scenario as `sim.scenario.scenario.parse` reads it.

Used where a run was drawn and not written. What TOML has no word for is left out: the
scenario's name is its file's, and `until_done` is a duration.
"""

from sim.common.boards import REFERENCE
from sim.faults.catalogue import FAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.common.story import Event, Scenario

START_KEYS = (
    "ambient_c", "battery_pct", "worn", "perfusion", "vasodilation", "fat_mm", "air_w_m2k", "clock",
)  # fmt: skip
EVENT_KEYS = ("pad", "value", "for_s", "button", "line")  # of a fault, where it has them


def to_toml(scenario: "Scenario") -> str:
    """The whole scenario."""
    start = {key: getattr(scenario.start, key) for key in START_KEYS}
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
    return "\n".join(lines) + "\n"


def event_table(event: "Event") -> dict[str, object]:
    """What a scenario says of an event."""
    keys: dict[str, object] = {"at_s": event.at_s}
    if event.kind == "press":
        keys["press"] = event.name
        keys["hold_ms"] = event.hold_ms
        return keys
    if event.kind == "set":
        keys[event.name] = event.value
        return keys
    keys["fault"] = event.name
    for key in EVENT_KEYS:
        value = getattr(event, key)
        if value is not None and (key != "for_s" or FAULTS[event.name].lasts):
            keys[key] = int(value) if key == "value" and value == int(value) else value
    return keys


def toml_value(value: object) -> str:
    """One value: numbers, booleans, plain text, and tables of them on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f'"{key}" = {toml_value(item)}' for key, item in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
