"""Removal of controls: does a named test fail when a control is taken out?

`python -m tools.dev.controls [NAME ...]` takes each control of docs/maintainer/hazards.toml, or
those named, out of a copy of the tree, and runs the tests that the file names for it. Exit 1 where
they pass all the same: nobody would notice that the control is gone. Called by `make mutants`, and
for ten controls by tests/tools/test_hazards.py.
"""

import sys
import tempfile

from rich.console import Console
from rich.progress import track

from tools.dev.hazards import Control, read_table
from tools.dev.mutants import TestPool


def remove_control(pool: TestPool, control: Control) -> bool:
    """Whether the named tests pass without the control; they must not. Raises RuntimeError where
    they fail with it, too."""
    tree = pool.trees.get()
    tests = [test.removeprefix("tests/") for test in control.tests]
    if not pool.passes(tree, *tests):
        raise RuntimeError(f"{control.name}: its tests fail before it is taken out")
    path = tree / control.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(control.was, control.becomes, 1), encoding="utf-8")
    try:
        return pool.passes(tree, *tests)
    finally:
        path.write_text(whole, encoding="utf-8")
        pool.trees.put(tree)


def find_unnoticed(names: list[str]) -> list[str]:
    """Return which of these controls can be taken out without a test that fails."""
    controls = read_table().controls
    with tempfile.TemporaryDirectory() as folder:
        pool = TestPool(folder)
        every = track(names, "controls", console=Console(stderr=True))
        return [name for name in every if remove_control(pool, controls[name])]


def main(names: list[str]) -> int:
    """Run; returns the exit code."""
    known = read_table().controls
    if unknown := [name for name in names if name not in known]:
        print(f"no such control: {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    names = names or list(known)
    unnoticed = find_unnoticed(names)
    for name in unnoticed:
        print(f"{name}: no named test fails without it")
    print(f"{len(names) - len(unnoticed)} of {len(names)} controls are noticed when they are gone")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
