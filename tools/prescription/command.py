"""Signed command: the line by which a clinic has a unit change what its journal shows.

Called by `waistband key command`. Notes each number in the key's register; sends nothing.
"""

import re

from firmware.core.conversions import clock_seconds
from firmware.records import signed_command
from firmware.trial import visits
from hal.contract import HEARD_MAX
from sim.common import validate
from sim.common.errors import BadInput
from tools.prescription import register
from tools.prescription.keyfile import Key

VISIT = re.compile(r"[1-9]\d?(@(\d{4}-\d\d-\d\d))?\Z", re.ASCII)


def sign_command(
    key: Key, path: str, unit: str, asked: tuple[str, str, str], number: int | None
) -> tuple[str, int]:
    """The line for this unit, and its number: by default the next one in the register of the key
    file at `path`. `asked`: do, value, reason. Raises BadInput."""
    do, value, reason = asked
    check_value(do, value)
    if not reason.strip():
        raise BadInput("--reason is missing: the journal keeps why it was done")
    if number is None:
        number = register.highest(path, "command", unit) + 1
    text = f"{number} {do} {value} {reason.strip()}"
    if not text.isascii() or not text.isprintable():
        raise BadInput(f"--reason is {validate.shown(reason)}: plain ASCII, on one line")
    line = f"signed {text} "
    spare = HEARD_MAX - len(line) - signed_command.SEAL_HEX
    if spare < 0:
        raise BadInput(f"--reason is {-spare} characters too long: a unit takes {HEARD_MAX} a line")
    register.note(path, "command", unit, number, text.encode())
    return line + signed_command.seal(text.encode(), unit, key.prescription).decode(), number


def check_value(do: str, value: str) -> None:
    """A command's value, checked as the unit does. Raises BadInput."""
    shown = validate.shown(value)
    if do == "clock" and clock_seconds(value.encode("ascii", "replace")) < 0:
        raise BadInput(f"clock {shown}: YYYY-MM-DDTHH:MM:SS, 2000 to 2033")
    found = VISIT.match(value)
    day = found[2] if found else None
    if do == "visit" and (not found or (day and clock_seconds(day.encode() + visits.NOON) < 0)):
        raise BadInput(f"visit {shown}: N or N@YYYY-MM-DD, the day of visit 1")
    if do == "leave" and value != "-":
        raise BadInput(f"leave {shown}: takes no value")
