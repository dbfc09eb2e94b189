"""Writes the product to a folder that MicroPython's own build freezes.

    python -m tools.unit.manifest FOLDER
    make -C ports/rp2 BOARD=RPI_PICO FROZEN_MANIFEST=FOLDER/manifest.py

Called by whoever builds MicroPython: docs/maintainer/freezing.md. The folder holds the product as
it goes to the compiler of a release, `manifest.py`, and `frozen_release.py`, which names the
release: `waistband deploy` asks a unit for it, `waistband flash` looks for it in a UF2 file.
"""

import argparse
import sys

from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.frozen import FROZEN_MARK, FROZEN_MODULE
from sim.driver_depth.release import AS_THEY_ARE, sources_hash
from sim.driver_depth.unit_source import replace_constants
from tools.common.files import emit, write_folder
from tools.common.version import version
from tools.unit.transfer import ROOT

MANIFEST = "manifest.py"
FREEZE = f"""\
# Freezes the product into MicroPython. Read by MicroPython's own build, which gives the functions.
freeze("$(PORT_DIR)/modules")  # the filesystem, and the module rp2
module("{FROZEN_MODULE}.py")
module("boot.py")
module("main.py")
package("firmware")
package("hal")
"""


def release_name(files: dict[str, bytes]) -> str:
    """Version of the product, and the hash of its sources."""
    return f"{version()} {sources_hash(files)}"


def frozen_files(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the folder's files by name, from the product's sources."""
    named = f'"""Which release is frozen in."""\n\nRELEASE = "{FROZEN_MARK}{release_name(files)}"\n'
    return {
        **replace_constants(files, AS_THEY_ARE),
        FROZEN_MODULE + ".py": named.encode(),
        MANIFEST: FREEZE.encode(),
    }


def main() -> int:
    """Write the folder."""
    parser = argparse.ArgumentParser(prog="python -m tools.unit.manifest")
    parser.add_argument("folder", help="a new one")
    folder = parser.parse_args().folder
    files = device_files(ROOT)
    try:
        write_folder(folder, frozen_files(files))
    except BadInput as why:
        print(why, file=sys.stderr)
        return 2
    emit(f"Wrote {folder}: waistband {release_name(files)}; FROZEN_MANIFEST={folder}/{MANIFEST}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
