"""Relative imports of the built files: what a file imports from its own package, and nothing else.

That the built files run is tested by `test_unit_source.py`, on both MicroPythons, and at pin depth.
"""

import ast
import importlib.util

import pytest

from sim.driver_depth.flash import device_files
from sim.driver_depth.near_imports import relative_name, shorten_imports
from sim.driver_depth.release import numbered
from sim.driver_depth.unit_build import ROOT

CASES = (
    ("firmware/ui/a.py", "firmware.ui.texts", ".texts"),
    ("firmware/ui/a.py", "firmware.ui", "."),
    ("firmware/ui/a.py", "firmware.core", "..core"),
    ("firmware/ui/a.py", "firmware.core.states", ""),  # a name more in RAM
    ("firmware/ui/a.py", "hal.bus", ""),
    ("firmware/a.py", "firmware.core", ".core"),
    ("hal/a.py", "hal.bus", ".bus"),
    ("main.py", "hal.bus", ""),
    ("hal/a.py", "machine", ""),
)


@pytest.mark.parametrize(("path", "module", "near"), CASES)
def test_a_module_has_a_short_name_within_its_package(path: str, module: str, near: str) -> None:
    assert relative_name(path, module) == near


def test_every_import_means_the_same_module_and_every_line_stays() -> None:
    found = 0
    for path, source in numbered(device_files(ROOT)).items():
        made = shorten_imports(path, source)
        assert made.count(b"\n") == source.count(b"\n")
        package = path.rpartition("/")[0].replace("/", ".")
        old, new = (
            [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
            for text in (source, made)
        )
        for before, after in zip(old, new, strict=True):
            name = "." * after.level + (after.module or "")
            resolved = importlib.util.resolve_name(name, package) if after.level else name
            assert resolved == before.module, path
            assert [row.name for row in after.names] == [row.name for row in before.names]
            found += after.level > 0
    assert found > 20


def test_what_does_not_parse_is_left_to_the_compiler() -> None:
    assert shorten_imports("hal/a.py", b"def f(:\n") == b"def f(:\n"
