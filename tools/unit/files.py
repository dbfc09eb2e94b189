"""Reads a unit's own files over USB, and writes them whole or not at all.

Called by `waistband calibrate`, `key install`, `prescribe push`, `journal pull` and `trial push`.
`at_prompt` asks the unit into service mode and restarts it afterwards, also after an error. A unit
in a session refuses; then nothing changes.
"""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager

from sim.common.boards import BOARD_FILE, REFERENCE
from sim.common.errors import BadInput
from tools.unit import transfer
from tools.unit.about import About, Failed
from tools.unit.device import Device, find_port
from tools.unit.kept import SimulatedUnit, at_simulated_prompt

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
SIMULATED = "sim:"  # before the folder of a simulated unit, in the place of a device
Unit = Device | SimulatedUnit


@contextmanager
def at_prompt(device: str | None) -> Iterator[tuple[Unit, About | None]]:
    """Yield the unit at its prompt and what it is, then restart it. A device named `sim:FOLDER` is
    a simulated unit: nothing is known of its MicroPython. Raises BadInput, also where the unit
    stays dark after the restart."""
    if device is not None and device.startswith(SIMULATED):
        with at_simulated_prompt(device.removeprefix(SIMULATED)) as simulated:
            yield simulated, None
        return
    port = find_port(device)
    with Device(port) as unit:
        unit.to_prompt()
        about = unit.about()
        try:
            yield unit, about
        finally:
            transfer.restart(unit, about)
            came = unit.wait_for_restart()
        if came != "unit":
            raise BadInput(f"{port}: done, but the unit is dark: {came}")


def read_file(unit: Unit, name: str) -> bytes | None:
    """The content of a file of the unit; None where there is no such file. Raises BadInput."""
    if isinstance(unit, SimulatedUnit):
        return unit.files.get(name)
    try:
        said = unit.run(READ.format(name=name)).split()
        content = b"".join(map(base64.b64decode, said)) if said != ["?"] else None
    except (Failed, binascii.Error, ValueError):
        raise BadInput(f"{unit.port}: {name} cannot be read: run waistband deploy") from None
    return content


def write_file(unit: Unit, name: str, data: bytes) -> None:
    """Write a file whole or not at all, then read it back. Raises BadInput."""
    if isinstance(unit, SimulatedUnit):
        unit.files[name] = data
        return
    try:
        for _ in transfer.send_file(unit, name, data):
            continue
    except Failed as why:
        full = any(word in str(why) for word in transfer.FULL)
        room = f"its flash is full: {transfer.ROOM}" if full else str(why)
        raise BadInput(f"{unit.port}: {room}; its {name} is as it was") from None
    if read_file(unit, name) != data:
        raise BadInput(f"{unit.port}: {name} did not arrive as it was sent: run this again")


def read_board_name(unit: Unit, about: About | None) -> str:
    """The board file that the unit names, or its chip's reference board."""
    if about is None:
        return unit.board if isinstance(unit, SimulatedUnit) else REFERENCE
    named = read_file(unit, BOARD_FILE) or b""
    return named.decode("ascii", "replace").strip() or about.board
