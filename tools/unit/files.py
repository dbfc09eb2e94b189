"""A unit's own files over its line: read, and written whole or not at all.

`at_prompt` asks the unit into service mode, and has it run again afterwards, whatever became
of the work; a unit in a session refuses, and nothing is touched.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sim.common.boards import BOARD_FILE
from sim.common.errors import BadInput
from tools.unit import transfer as deploy
from tools.unit.device import About, Device, Failed, port_of

READ = """
import binascii
try:
 f = open({name!r}, 'rb')
 while True:
  c = f.read(1536)
  if not c:
   break
  print(binascii.b2a_base64(c).decode(), end='')
except OSError:
 print('?')
"""


@contextmanager
def at_prompt(device: str | None) -> Iterator[tuple[Device, About]]:
    """The unit at its prompt, and what it is; it runs again afterwards. Raises BadInput, too
    where it comes back dark."""
    port = port_of(device)
    with Device(port) as unit:
        unit.to_prompt()
        about = unit.about()
        try:
            yield unit, about
        finally:
            deploy.restart(unit, about)
            came = unit.back()
        if came != "unit":
            raise BadInput(f"{port}: done, but the unit is dark: {came}")


def fetch(unit: Device, name: str) -> bytes | None:
    """What a file of the unit holds; None where there is no such file. Raises BadInput."""
    try:
        said = unit.run(READ.format(name=name)).split()
        content = b"".join(map(base64.b64decode, said)) if said != ["?"] else None
    except (Failed, binascii.Error, ValueError):
        raise BadInput(f"{unit.port}: {name} cannot be read: run waistband deploy") from None
    return content


def keep(unit: Device, name: str, data: bytes) -> None:
    """Write a file whole or not at all, and look whether it is there. Raises BadInput."""
    try:
        for _ in deploy.put(unit, name, data):
            continue
    except Failed as why:
        full = any(word in str(why) for word in deploy.FULL)
        room = f"its flash is full: {deploy.ROOM}" if full else str(why)
        raise BadInput(f"{unit.port}: {room}; its {name} is as it was") from None
    if fetch(unit, name) != data:
        raise BadInput(f"{unit.port}: {name} did not arrive as it was sent: run this again")


def table_of(content: bytes | None) -> dict[str, Any]:
    """The object that a file holds; empty where it is none."""
    try:
        value = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def board_of(unit: Device, about: About) -> str:
    """The board file that the unit names, or its chip's reference board."""
    named = fetch(unit, BOARD_FILE) or b""
    return named.decode("ascii", "replace").strip() or about.board
