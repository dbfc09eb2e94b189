"""The other ways that the product gets there: mip's package.json and MicroPython's manifest."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hal.files import TABLE
from sim.common.errors import BadInput
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE, MAIN, release
from sim.driver_depth.unit_source import replace_constants
from tests.support.command import Waistband, files
from tools.replay import find_micropython
from tools.unit.manifest import release_name

ROOT = Path(__file__).resolve().parents[2]


def made(folder: Path) -> dict[str, bytes]:
    """All files in it."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_release_is_the_product_with_a_package_that_names_each_file_once(
    waistband: Waistband,
) -> None:
    ended = waistband("release", "out")
    assert (ended.code, ended.err) == (0, "")
    found = made(Path("out"))
    package = json.loads(found.pop("package.json"))
    assert found == release(device_files(ROOT))
    assert sorted(package["urls"]) == [[name, name] for name in sorted(found)]
    assert package["urls"][0] == ["boot.py", "boot.py"]
    assert package["urls"][-1] == [TABLE, TABLE]


@pytest.mark.parametrize(
    ("folder", "said"),
    [("full", "is there already"), ("short.toml", "is there already"),
     ("none/out", "cannot be written"), ("a\0b", "cannot be written")],
)  # fmt: skip
def test_a_folder_that_cannot_be_made_is_refused_and_nothing_is_left(
    folder: str, said: str, waistband: Waistband
) -> None:
    Path("full").mkdir()
    Path("full/a").write_text("mine")
    ended = waistband("release", folder)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err
    assert files() == ["full"] and os.listdir("full") == ["a"]


def test_mip_installs_it_and_the_unit_finds_its_files_right(
    tmp_path: Path, waistband: Waistband
) -> None:
    for name in ("littlefs", "mpremote"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    from sim.common.errors import BadInput
    from tests.support.unit_on_vm import Flash
    from tools.replay import find_micropython

    try:
        find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    waistband("release", "out")
    flash = Flash(tmp_path, {})
    vm = flash.vm()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", vm.port.name, "resume", "mip", "install",
             "--target", "/unit", "out/package.json"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
    finally:
        vm.cut()
    assert done.returncode == 0, done.stdout + done.stderr
    assert flash.files() == release(device_files(ROOT))
    assert "can't import name Pin" in flash.booted()  # what the unix VM lacks


# -- the manifest --------------------------------------------------------------------------------


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The manifest in a folder that was written for MicroPython's build."""
    folder = tmp_path / "frozen"
    command = [sys.executable, "-m", "tools.unit.manifest", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.endswith(f"FROZEN_MANIFEST={folder}/manifest.py\n")
    return folder / "manifest.py"


def frozen_by(manifest: Path) -> set[str]:
    """What a manifest freezes, by MicroPython's documentation of its functions."""
    found: set[str] = set()

    def module(name: str) -> None:
        assert (manifest.parent / name).is_file() and name.endswith(".py")
        found.add(name)

    def package(name: str) -> None:
        base = manifest.parent
        paths = [path.relative_to(base).as_posix() for path in (base / name).rglob("*.py")]
        assert paths
        found.update(paths)

    def freeze(path: str) -> None:
        assert path == "$(PORT_DIR)/modules"

    code = compile(manifest.read_text(encoding="utf-8"), str(manifest), "exec")
    exec(code, {"module": module, "package": package, "freeze": freeze})
    return found


def test_the_manifest_freezes_the_whole_product_and_the_name_of_its_release(manifest: Path) -> None:
    product = device_files(ROOT)
    assert frozen_by(manifest) == {*product, "frozen_release.py"}
    found = made(manifest.parent)
    built = replace_constants(product, AS_THEY_ARE)
    assert {name: found[name] for name in product} == built
    names: dict[str, str] = {}
    exec(found["frozen_release.py"], names)
    assert names["RELEASE"] == f"waistband-frozen {release_name(product)}"
    changed = {**product, "hal/dark.py": product["hal/dark.py"] + b"\n"}
    assert release_name(changed) != release_name(product)


def test_a_folder_that_is_there_already_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    command = [sys.executable, "-m", "tools.unit.manifest", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is there already" in done.stderr and os.listdir(tmp_path) == ["a"]


def test_micropythons_own_reader_takes_the_manifest(manifest: Path) -> None:
    source = os.environ.get("MICROPY_DIR")
    if not source:
        pytest.skip("MICROPY_DIR names no source of MicroPython: its manifestfile.py is not read")
    spec = importlib.util.spec_from_file_location(
        "manifestfile", Path(source) / "tools" / "manifestfile.py"
    )
    assert spec and spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    places = {"MPY_DIR": source, "PORT_DIR": f"{source}/ports/rp2", "MPY_LIB_DIR": f"{source}/lib"}
    read = module.ManifestFile(module.MODE_FREEZE, places)
    read.execute(str(manifest))
    named = {file.target_path for file in read.files()}
    assert {*device_files(ROOT), "frozen_release.py", "_boot.py", "rp2.py"} <= named


@pytest.mark.parametrize(("compiled", "said"), [
    (None, "ran False\n"),
    (b"M\x06", "waistband: dark, at the prompt: "),
])  # fmt: skip
def test_a_unit_starts_its_compiled_main_or_says_why_it_cannot(
    compiled: bytes | None, said: str, tmp_path: Path, unix: None
) -> None:
    program = b"def main(service):\n    print('ran', service)\n"
    files = release({"hal/__init__.py": b"", "main.py": program})
    (tmp_path / "hal").mkdir()
    for name, content in {**files, MAIN: compiled or files[MAIN]}.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [*find_micropython(), "main.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and done.stdout.startswith(said), done


@pytest.mark.parametrize("gone", ["boot.py", "main.py", "hal"])
def test_where_a_units_files_are_missing_it_is_said_in_one_line(gone: str, tmp_path: Path) -> None:
    for name in {"boot.py", "main.py", "hal", "firmware"} - {gone}:
        (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).touch()
    with pytest.raises(BadInput, match=rf"has no {gone}, .* from a clone"):
        device_files(tmp_path)


def test_a_board_of_ours_is_marked_as_checked_and_an_edited_one_is_not() -> None:
    name = "hal/boards/RPI_PICO.py"
    source = (ROOT / name).read_bytes()
    marked = release({name: source})["hal/boards/RPI_PICO.mpy"]
    assert b"CHECKED" in marked
    edited = release({name: source + b"\nPIN_ENABLE = 17\n"})["hal/boards/RPI_PICO.mpy"]
    assert b"CHECKED" not in edited
