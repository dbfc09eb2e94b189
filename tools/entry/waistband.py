"""Entry of the `waistband` command: takes the product's packages from where it is installed itself.

Called by the script that an installer writes. `firmware`, `hal`, `sim` and `tools` are names that
other packages may have, and whichever comes first on the path would be taken; this module's name is
the product's own. It lies beside the packages in a wheel, and in their folder in a checkout.
"""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

PACKAGES = ("firmware", "hal", "sim", "tools")
HERE = Path(__file__).resolve().parent
ROOT = HERE if (HERE / "tools").is_dir() else HERE.parents[1]


def main() -> int:
    """Run the command; return how it ended."""
    for name in PACKAGES:
        spec = PathFinder.find_spec(name, [str(ROOT)])
        if spec is None or spec.loader is None:
            print(f"waistband: {ROOT}: has no package {name}: install again", file=sys.stderr)
            return 2
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    from tools.commands.main import main as run

    return run()
