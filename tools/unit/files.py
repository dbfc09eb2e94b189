"""Reads a unit's own files over USB, and writes them whole or not at all.

Called by `waistband calibrate`, `key install`, `prescribe push`, `journal pull` and `trial push`.
`at_prompt` asks the unit into service mode and restarts it afterwards, also after an error. A unit
in a session refuses; then nothing changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sim.common.boards import BOARD_FILE, REFERENCE
from sim.common.errors import BadInput
from tools.unit import prompt_files, transfer
from tools.unit.about import About
from tools.unit.device import Device, find_port
from tools.unit.kept import SimulatedUnit, at_simulated_prompt

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
    return prompt_files.read_file(unit, name)


def write_file(unit: Unit, name: str, data: bytes) -> None:
    """Write a file whole or not at all, then read it back. Raises BadInput."""
    if isinstance(unit, SimulatedUnit):
        unit.files[name] = data
        return
    prompt_files.write_file(unit, name, data)


def read_board_name(unit: Unit, about: About | None) -> str:
    """The board file that the unit names, or its chip's reference board."""
    if about is None:
        return unit.board if isinstance(unit, SimulatedUnit) else REFERENCE
    named = read_file(unit, BOARD_FILE) or b""
    return named.decode("ascii", "replace").strip() or about.board
