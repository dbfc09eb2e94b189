"""Expectations of a scenario file: reads its [[expect]] tables and checks them.

Called by `sim.scenario.scenario`. `sim.oracle.expectations` judges them in a run.
"""

from firmware.core.faults import FAULTS
from firmware.core.states import CUES, STATES
from sim.common import validate
from sim.common.errors import BadInput
from sim.common.story import REFUSED, Expectation
from sim.common.validate import shown

EXPECTATIONS_MAX = 1_000
SCREEN_MAX = 16  # characters of a row
FAULT_NAMES = tuple([str(row[0]) for row in FAULTS])
WANTED = Expectation.FIELDS[1:]


def read_expectations(value: object, where: str, duration_s: float) -> tuple[Expectation, ...]:
    """The expectations of a scenario, by time. Raises BadInput."""
    if not isinstance(value, list):
        raise BadInput(f"{where}: expect is {shown(value)}: tables, each headed [[expect]]")
    if len(value) > EXPECTATIONS_MAX:
        raise BadInput(f"{where}: has {len(value)} expectations: at most {EXPECTATIONS_MAX}")
    found = [
        read_expectation(table, f"{where}: expect {number}", duration_s)
        for number, table in enumerate(value, 1)
    ]
    return tuple(sorted(found, key=lambda row: row.at_s))


def read_expectation(value: object, where: str, duration_s: float) -> Expectation:
    """One expectation, of what its TOML says. Raises BadInput."""
    found = validate.table(value, where, Expectation.FIELDS)
    if "at_s" not in found:
        raise BadInput(f"{where} lacks at_s: a number from 0 to duration_s, {duration_s:g} (s)")
    if len(found) < 2:
        raise BadInput(f"{where} lacks what is to hold: any of {', '.join(WANTED)}")
    checked: dict[str, object] = {}
    for key in found:
        checked[key] = _wanted(key, found[key], f"{where}: {key}", duration_s)
    return Expectation(**checked)  # type: ignore[arg-type]


def _wanted(key: str, value: object, where: str, duration_s: float) -> object:
    """The value of one key. Raises BadInput."""
    if key == "at_s":
        return validate.number(value, where, 0, duration_s, "s, to duration_s")
    if key == "state":
        return validate.choice(value, where, STATES)
    if key == "cue":
        return validate.choice(value, where, CUES + (REFUSED,))
    if key == "lit":
        return validate.truth(value, where)
    if key == "fault":
        return value if value == "" else validate.choice(value, where, FAULT_NAMES)
    if not isinstance(value, str) or not 0 < len(value) <= SCREEN_MAX:
        raise BadInput(f"{where} is {shown(value)}: 1 to {SCREEN_MAX} characters of a screen's row")
    return value
