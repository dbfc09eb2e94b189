"""Files of a unit at its raw prompt: read, and written whole or not at all.

Called by `tools.unit.files`, `tools.unit.transfer` and the bring-up; on MicroPython by the bench
page's first start. Sends programs to the unit and touches nothing else.
"""

import binascii

from sim.common.errors import BadInput
from tools.unit.about import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Prompt(Protocol):
        """A unit at its raw prompt: `tools.unit.device.Device`, or the one of the bench page."""

        port: str

        def run(self, program: str) -> str:
            """Run a program; return what it prints. Raises BadInput where the line breaks, Failed
            with the unit's exception."""


PART = "~deploy.part"  # the last of all names: `hal.storage` says why
CHUNK = 2_048
FULL = ("ENOSPC", "OSError: 28")
ROOM = "remove files of your own with mpremote rm"
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
OPEN = f"""
import os, binascii
d = binascii.a2b_base64
f = open({PART!r}, 'wb')
w = f.write
"""


def read_file(unit: "Prompt", name: str) -> "bytes | None":
    """The content of a file of the unit; None where there is no such file. Raises BadInput."""
    try:
        said = unit.run(READ.format(name=name)).encode().split()
        return b"".join([binascii.a2b_base64(row) for row in said]) if said != [b"?"] else None
    except (Failed, ValueError):
        raise BadInput(f"{unit.port}: {name} cannot be read: run waistband deploy") from None


def send_file(unit: "Prompt", name: str, content: bytes) -> "Iterator[int]":
    """Write a file beside the old one and rename it; yield the bytes of each piece."""
    unit.run(OPEN)
    for at in range(0, len(content), CHUNK):
        piece = content[at : at + CHUNK]
        unit.run(f"w(d({binascii.b2a_base64(piece)[:-1]!r}))")
        yield len(piece)
    unit.run(f"f.close()\nos.rename({PART!r}, {name!r})")
    yield 0


def write_file(unit: "Prompt", name: str, data: bytes) -> None:
    """Write a file whole or not at all, then read it back. Raises BadInput."""
    try:
        for _ in send_file(unit, name, data):
            continue
    except Failed as why:
        full = any(word in str(why) for word in FULL)
        room = f"its flash is full: {ROOM}" if full else str(why)
        raise BadInput(f"{unit.port}: {room}; its {name} is as it was") from None
    if read_file(unit, name) != data:
        raise BadInput(f"{unit.port}: {name} did not arrive as it was sent: run this again")
