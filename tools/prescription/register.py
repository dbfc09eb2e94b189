"""Register of what was signed with a key, beside the key file: KEYFILE.signed.

Called by `prescribe sign` and `key command`. One JSON line a signature:

    {"what": "prescription", "unit": "WB-0001", "number": 12, "sha256": "...", "on": "2026-11-29"}

A unit takes a number once. The register keeps a clinic from signing two contents with one number.
"""

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import Any

from sim.common import validate
from sim.common.errors import BadInput
from tools.common.files import write_whole

NAMES = {"what", "unit", "number", "sha256", "on"}


def register_of(key: str) -> str:
    """The register's file of a key file."""
    return f"{key}.signed"


def read_entries(key: str) -> list[dict[str, Any]]:
    """What was signed with a key; nothing where there is no register. Raises BadInput."""
    path = register_of(key)
    if not os.path.exists(path):
        return []
    entries = []
    for number, line in enumerate(validate.read_text(path).splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or set(entry) != NAMES or type(entry["number"]) is not int:
            raise BadInput(f"{path}:{number}: is no line of a register: get its copy back")
        entries.append(entry)
    return entries


def highest(key: str, what: str, unit: str) -> int:
    """The highest number that was signed for a unit; 0 for none."""
    mine = [e["number"] for e in read_entries(key) if (e["what"], e["unit"]) == (what, unit)]
    return max(mine, default=0)


def note(key: str, what: str, unit: str, number: int, content: bytes) -> None:
    """Note a signature before it is given away. Raises BadInput where the number was signed with
    other content."""
    entries = read_entries(key)
    digest = hashlib.sha256(content).hexdigest()
    for entry in entries:
        if (entry["what"], entry["unit"], entry["number"]) == (what, unit, number):
            if entry["sha256"] == digest:
                return
            top = highest(key, what, unit)
            raise BadInput(
                f"number {number} was signed for {unit} on {entry['on']} with other content"
                f" ({register_of(key)}): the next is {top + 1}"
            )
    entries.append({
        "what": what, "unit": unit, "number": number, "sha256": digest,
        "on": f"{datetime.now(UTC):%Y-%m-%d}",
    })  # fmt: skip
    with write_whole(register_of(key)) as path:
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
