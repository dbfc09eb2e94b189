"""`waistband deploy`: copies the product to a unit over USB; the unit's own files stay."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sim.common.errors import BadInput
from tools.commands.options import DeviceName
from tools.common.files import emit
from tools.common.languages import ENGLISH, LANGUAGE_FILE, LANGUAGES, texts_file

if TYPE_CHECKING:
    from tools.unit.about import About
    from tools.unit.device import Device

READ_LANGUAGE = """
try:
 with open({name!r}) as f:
  print(f.read())
except OSError:
 pass
"""
WRITE_LANGUAGE = """
with open({name!r}, 'w') as f:
 f.write({language!r})
"""


def deploy(
    device: DeviceName = None,
    language: Annotated[
        Literal["en", "de", "fr"] | None,
        typer.Option("--language", help="Of the unit's screen; else the one that it has."),
    ] = None,
) -> int:
    """Copy the product to a unit over USB: what changed, compiled, each file's hash verified.

    The unit is asked into service mode, which it refuses while a session runs, and restarted;
    its clock is set. Its calibration, prescription and records stay. Interrupted, it stays
    dark and says so until this is run again. Nothing is copied to a unit that has the product
    frozen into MicroPython; files of a release in its filesystem are removed.
    """
    from sim.driver_depth.flash import device_files
    from sim.driver_depth.release import release
    from tools.unit import transfer
    from tools.unit.device import Device, find_port

    product = device_files(transfer.ROOT)
    release(product)  # what does not compile is said before the unit is disturbed
    port = find_port(device)
    with Device(port) as unit:
        unit.to_prompt()
        about = unit.about()
        if about.frozen:
            return clear_frozen(unit, about, product)
        files = release({**product, **texts_file(language or read_language(unit))})
        plan = transfer.make_plan(files, transfer.list_files(unit))
        transfer.apply_plan(unit, files, plan, about)
        if language:
            unit.run(WRITE_LANGUAGE.format(name=LANGUAGE_FILE, language=language))
        changed = f"{len(plan.write)} files copied, {len(plan.remove)} removed"
        said = "up to date" if plan.same else changed
        transfer.restart(unit, about)
        came = unit.wait_for_restart()
        if came != "unit":
            raise BadInput(f"{port}: {said}, but the unit is dark: {came}")
        clock = transfer.set_clock(unit)
    emit(f"{port}: {said}, {len(files) - 1} files verified; the unit runs again; {clock}")
    return 0


def read_language(unit: "Device") -> str:
    """The language that a unit was given; English where it was given none."""
    said = unit.run(READ_LANGUAGE.format(name=LANGUAGE_FILE)).strip()
    return said if said in LANGUAGES else ENGLISH


def clear_frozen(unit: "Device", about: "About", product: dict[str, bytes]) -> int:
    """Leave a unit whose product is frozen in with its own files alone, and restart it. Raises
    BadInput where it stays dark, and where another release than this clone's is frozen in."""
    from tools.unit import transfer
    from tools.unit.manifest import release_name

    removed = transfer.remove_product(unit)
    transfer.restart(unit, about)
    came = unit.wait_for_restart()
    said = f"waistband {about.frozen} is frozen in: 0 files copied, {len(removed)} removed"
    if came != "unit":
        raise BadInput(f"{unit.port}: {said}, but the unit is dark: {came}")
    clock = transfer.set_clock(unit)
    emit(f"{unit.port}: {said}; the unit runs again; {clock}")
    ours = release_name(product)
    if about.frozen != ours:
        raise BadInput(
            f"{unit.port}: this clone is waistband {ours}: only a new image brings it there: freeze"
            " it (docs/maintainer/freezing.md) and run waistband flash"
        )
    return 0
