"""Says what a short name of the built files stands for: `python -m tools.dev.short_names NAME ...`.

For whoever reads an error of a unit, such as `'wz' object has no attribute 'q4'`. The sources
beside it have to be the unit's release.
"""

import sys

from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE, numbered
from sim.driver_depth.unit_names import Names
from tools.unit.transfer import ROOT


def find_names(short: str) -> list[str]:
    """Return the names of the sources that are this one on a unit, an attribute's first. Files have
    functions and globals of the same short name: the files of each stand behind it."""
    names = Names(numbered(device_files(ROOT)), AS_THEY_ARE)
    found = [old for old, new in names.of_attributes.items() if new == short]
    for old, new in names.of_scopes.items():
        if new == short and old not in found:
            found.append(f"{old} in {' '.join(sorted(names.scope_users[old]))}")
    return found or [short]


def main() -> int:
    """Print a line for each name that was asked for."""
    for short in sys.argv[1:]:
        print(f"{short}: {', '.join(find_names(short))}")
    return 0 if sys.argv[1:] else 2


if __name__ == "__main__":
    sys.exit(main())
