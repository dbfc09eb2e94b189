"""`waistband release`: the product in a folder, as MicroPython's own installer takes it.

    mpremote mip install --target / FOLDER/package.json

Addresses in `package.json` are relative, so that the folder may lie on a disk, on a server, or
at the top of a branch (`github:OWNER/NAME@BRANCH`). `files.json` comes last: until it is there,
and all are as it says, the unit stays dark.
"""

import json
from typing import Annotated

import typer

from hal.files import TABLE
from tools.common.files import emit, write_folder
from tools.common.version import version
from tools.unit.transfer import FIRST, ROOT

PACKAGE = "package.json"


def release(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A new one.")],
) -> int:
    """Write the product to a folder that MicroPython's own installer takes: compiled, with the
    hashes of all files and a package.json for `mpremote mip install --target /`."""
    from sim.driver_depth.flash import device_files
    from sim.driver_depth.release import release as released

    files = released(device_files(ROOT))
    write_folder(folder, {**files, PACKAGE: package(files)})
    emit(f"Wrote {folder}: {len(files)} files; mpremote mip install --target / {folder}/{PACKAGE}")
    return 0


def package(files: dict[str, bytes]) -> bytes:
    """What mip reads: [where to, where from] of each file, in order."""
    last = len(FIRST) + 1
    order = sorted(
        files, key=lambda n: (FIRST.index(n) if n in FIRST else last - 1 + (n == TABLE), n)
    )
    table = {"urls": [[name, name] for name in order], "deps": [], "version": version()}
    return json.dumps(table, indent=1).encode() + b"\n"
