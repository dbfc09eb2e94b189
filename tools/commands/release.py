"""`waistband release`: writes the product to a folder for MicroPython's own installer.

    mpremote mip install --target / FOLDER/package.json

Addresses in `package.json` are relative: the folder may lie on a disk, on a server, or at the top
of a branch (`github:OWNER/NAME@BRANCH`). `files.json` comes last: the unit stays dark until all
files match it.
"""

import json
from typing import Annotated

import typer

from hal.files import TABLE
from tools.common.files import emit, write_folder
from tools.common.version import version

PACKAGE = "package.json"


def release(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A new one.")],
) -> int:
    """Write the product to a folder that MicroPython's own installer takes: compiled, with the
    hashes of all files and a package.json for `mpremote mip install --target /`."""
    from sim.driver_depth.flash import device_files
    from sim.driver_depth.release import release as released
    from tools.unit.transfer import ROOT

    files = released(device_files(ROOT))
    write_folder(folder, {**files, PACKAGE: package(files)})
    emit(f"Wrote {folder}: {len(files)} files; mpremote mip install --target / {folder}/{PACKAGE}")
    return 0


def package(files: dict[str, bytes]) -> bytes:
    """The table for mip: [target, source] of each file, in the order of copying."""
    from tools.unit.transfer import sorted_names

    order = [*sorted_names(files), TABLE]
    table = {"urls": [[name, name] for name in order], "deps": [], "version": version()}
    return json.dumps(table, indent=1).encode() + b"\n"
