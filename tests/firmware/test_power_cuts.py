"""Power goes at every erase and every program of what a unit writes: the old is there, or the new.

On littlefs as PyPI's littlefs-python has it, under the unit's own `hal.storage`, and inside
MicroPython's `vfs.VfsLfs2`; then under a whole session of the firmware.
"""

import json
import os
import re
import subprocess
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware.core.inputs import START
from firmware.core.limits import SESSION_DAY_MAX_MS
from firmware.records import journal, mac
from hal import storage
from hal.files import TABLE
from sim.common.errors import BadInput
from sim.driver_depth.release import table
from tests.support import power_cut_flash
from tests.support.fake_hal import Bench, FakeHal
from tests.support.keyed_unit import ROOT_KEY, installed, made
from tests.support.power_cut_flash import BLOCK, BLOCKS, MODES, STORIES, Files, Flash
from tools.dev.figures_records import list_cuts
from tools.replay import ROOT, find_micropython
from tools.unit.transfer import LIST_FILES, list_files, make_plan, sha256, transfer_files

littlefs = pytest.importorskip("littlefs", reason="no littlefs-python: pip install -e '.[pin]'")

lfs = littlefs.lfs
FLAG = lfs.LFSFileFlag
FLAGS = {
    "rb": FLAG.rdonly,
    "wb": FLAG.wronly | FLAG.creat | FLAG.trunc,
    "ab": FLAG.wronly | FLAG.creat | FLAG.append,
}


class Context(littlefs.UserContext):  # type: ignore[name-defined]
    """littlefs-python's block device, on a flash that can lose its power."""

    def __init__(self, flash: Flash) -> None:
        super().__init__(buffer=flash.data)
        self.flash = flash

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        return self.flash.change(block * BLOCK + off, bytes(data))

    def erase(self, cfg: Any, block: int) -> int:
        return self.flash.change(block * BLOCK, b"\xff" * BLOCK)

    def sync(self, cfg: Any) -> int:
        return self.flash.sync()


@contextmanager
def mounted(flash: Flash, make: bool = False) -> Iterator[None]:
    """`hal.storage` on the littlefs that lies in a flash; a filesystem is made only if asked."""
    files = littlefs.LittleFS(
        context=Context(flash), block_size=BLOCK, block_count=BLOCKS, read_size=256,
        prog_size=256, lookahead_size=32, mount=False,
    )  # fmt: skip
    if make:
        files.format()
    files.mount()

    def plainly(what: Any) -> Any:
        """As MicroPython tells it."""

        def call(*arguments: Any) -> Any:
            if flash.gone:
                raise OSError(5, "no power")
            try:
                return what(*arguments)
            except littlefs.LittleFSError as why:
                raise OSError(-why.code, str(why)) from None  # LFS_ERR_NOENT is -ENOENT

        return call

    class Opened:
        """A file whose end, too, fails as MicroPython's does; not littlefs-python's own, which
        closes again what could not be closed."""

        def __init__(self, name: str, mode: str) -> None:
            self.file = plainly(lfs.file_open)(files.fs, name, FLAGS[mode])

        def __enter__(self) -> "Opened":
            return self

        def __exit__(self, *_: object) -> None:
            plainly(lfs.file_close)(files.fs, self.file)

        def read(self, most: int = BLOCK * BLOCKS) -> Any:
            return plainly(lfs.file_read)(files.fs, self.file, most)

        def write(self, content: bytes) -> Any:
            return plainly(lfs.file_write)(files.fs, self.file, content)

        def seek(self, at: int, whence: int = 0) -> Any:
            return plainly(lfs.file_seek)(files.fs, self.file, at, whence)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "open", Opened, raising=False)
        stat = plainly(files.stat)
        patch.setattr(storage, "os", types.SimpleNamespace(
            rename=plainly(files.rename),
            stat=lambda name: (0, 0, 0, 0, 0, 0, stat(name).size),
        ))  # fmt: skip
        yield


def every_cut(name: str) -> tuple[int, list[str]]:
    """Cut a story everywhere in every way: how many operations it has, and what was wrong."""
    prepare, story, holds = STORIES[name]
    flash = Flash()
    with mounted(flash, make=True):
        prepare(Files())
    ready, wrong, at = bytes(flash.data), [], 0
    while True:
        for mode in MODES:
            flash = Flash(ready)
            done: list[object] = []
            with mounted(flash):
                flash.cut_at, flash.mode = flash.count + at, mode
                story(Files(), done)
            with mounted(Flash(flash.data)):
                said = holds(Files(), done)
            wrong += [f"{name} cut at {at} in way {mode}: {said}"] if said else []
        if not flash.gone:
            return at, wrong
        at += 1


@pytest.fixture(autouse=True)
def segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A story makes them smaller."""
    monkeypatch.setattr(journal, "SEGMENT_BYTES", journal.SEGMENT_BYTES)


@pytest.mark.parametrize("name", STORIES)
def test_at_every_cut_the_old_is_there_or_the_new_and_never_a_mix(name: str) -> None:
    operations, wrong = every_cut(name)
    assert wrong == [] and operations >= 8


def test_micropythons_own_littlefs_holds_it_too() -> None:
    try:
        find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    found, said = list_cuts()
    assert found.keys() == set(STORIES), said
    assert all(operations >= 8 and tried >= 24 for operations, tried in found.values())
    assert "cut at" not in said


OWN = {"calibration.json": "{}", "notes.txt": "mine"}
OLD = {"boot.py": b"old\n", "main.py": b"m" * 900, "hal/files.mpy": b"h" * 3_000,
       "hal/gone.mpy": b"g" * 200, "firmware/gate.mpy": b"f" * 100}  # fmt: skip
NEW = {**OLD, "main.py": b"n" * 1_000, "hal/files.mpy": b"H" * 2_500, "hal/new.mpy": b"w" * 5_000}
del NEW["hal/gone.mpy"]


def deployed(leave_out: str = "") -> dict[str, object]:
    """A deploy from OLD to NEW, as the programs that the unit is given."""
    old, new = ({**files, TABLE: table(files)} for files in (OLD, NEW))
    programs: list[str] = []

    def listing(files: dict[str, bytes]) -> str:
        return "".join(f"{sha256(text)} {len(text)} {name}\n" for name, text in files.items())

    def run(program: str) -> str:
        if program != LIST_FILES:
            programs.append(program)
        return listing(new)

    unit: Any = types.SimpleNamespace(run=run, port="a unit")
    there: Any = types.SimpleNamespace(run=lambda program: listing(old), port="a unit")
    assert list(transfer_files(unit, new, make_plan(new, list_files(there))))[-1] == ("done", 0)
    if leave_out:
        programs = [program for program in programs if leave_out not in program]
    return {
        "programs": programs, "own": OWN,
        "old": {name: text.decode() for name, text in old.items()},
        "new": {name: text.decode() for name, text in new.items()},
    }  # fmt: skip


def cut_deploy(tmp_path: Path, leave_out: str = "") -> str:
    """What the VM says of a deploy that was cut everywhere."""
    try:
        command = find_micropython()
    except BadInput as why:
        pytest.skip(str(why))
    (tmp_path / "deploy.json").write_text(json.dumps(deployed(leave_out)))
    done = subprocess.run(
        [*command, "-X", "heapsize=16m", "-m", "tests.support.power_cut_flash", "deploy.json"],
        check=False,
        env={**os.environ, "MICROPYPATH": f"{ROOT}{os.pathsep}.frozen"}, cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def test_a_deploy_cut_at_any_write_is_the_old_release_the_new_one_or_dark(tmp_path: Path) -> None:
    said = cut_deploy(tmp_path)
    found = re.fullmatch(r"deploy (\d+) (\d+)\n", said)
    assert found and int(found[1]) >= 20 and int(found[2]) >= 3 * int(found[1]), said


@pytest.mark.parametrize("leave_out", ["open('deploying'", "rename('~deploy.part', 'main.py')"])
def test_a_deploy_that_is_broken_on_purpose_is_found_out(tmp_path: Path, leave_out: str) -> None:
    assert "neither release, and no mark" in cut_deploy(tmp_path, leave_out)


# -- broken on purpose -------------------------------------------------------------------------


def removed_first(name: str, content: bytes) -> bool:
    """The old file goes before the new one is there."""
    try:
        with storage.open(name, "wb") as file:  # type: ignore[attr-defined]
            file.write(b"")
    except OSError:
        return False
    return store(name, content)


store = storage.store


def promised_too_early(write: Callable[[str, bytes], bool]) -> Callable[[str, bytes], bool]:
    """A way to write that says that all went well, whatever became of it."""

    def promised(name: str, content: bytes) -> bool:
        write(name, content)
        return True

    return promised


def test_a_part_that_is_not_last_of_all_names_hides_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "KEPT_PART", "kept.part")
    _, wrong = every_cut("crowd")
    assert wrong and all("the keys are hidden" in line for line in wrong)


@pytest.mark.parametrize(
    ("story", "broken", "said"),
    [
        ("swap", {"store": removed_first}, "holds neither"),
        (
            "session",
            {
                "append": promised_too_early(storage.append),
                "store": promised_too_early(storage.store),
            },
            "promised, and is gone",
        ),
    ],
)
def test_storage_that_is_broken_on_purpose_is_found_out(
    monkeypatch: pytest.MonkeyPatch, story: str, broken: dict[str, Any], said: str
) -> None:
    for method, write in broken.items():
        monkeypatch.setattr(storage, method, write)
    _, wrong = every_cut(story)
    assert any(said in line for line in wrong)


# -- a whole session ---------------------------------------------------------------------------


JOURNAL_KEY = mac.derive_key(ROOT_KEY, b"journal")


class OnFlash(FakeHal):
    """The bench's HAL, its files on littlefs; the power goes for the rest, too."""

    def __init__(self, flash: Flash) -> None:
        super().__init__()
        self.flash = flash

    def load(self, name: str) -> Any:
        return storage.load(name)

    def _written(self, done: bool) -> bool:
        if self.flash.gone:
            raise Gone
        return done

    def store(self, name: str, content: bytes) -> bool:
        assert not self.emitting()
        return self._written(storage.store(name, content))

    def append(self, name: str, content: bytes) -> bool:
        assert not self.emitting()
        return self._written(storage.append(name, content))

    def size(self, name: str) -> Any:
        return storage.size(name)

    def tail(self, name: str, most: int) -> Any:
        return storage.tail(name, most)


class Gone(Exception):
    """The power is."""


def lived(flash: Flash) -> int:
    """Boot, a session that is ended by hand, and some seconds; how long it was lit, in ms."""
    bench = Bench(made())
    bench.hal = OnFlash(flash)
    try:
        bench.reset()
        bench.hal.clock_s = 817_344_000
        bench.to_ready()
        bench.press(START)
        bench.until("RAMP", 20_000)
        bench.run(3_000)
        bench.press(START, 1_600)
        bench.run(3_000)
    except Gone:
        assert not bench.hal.emitting()
    return bench.unit.session.treat_ms


def test_a_session_cut_anywhere_is_counted_whole_and_the_next_start_is_dark() -> None:
    flash = Flash()
    with mounted(flash, make=True):
        storage.store("keys.json", installed())
    ready, at = bytes(flash.data), 0
    while True:
        flash = Flash(ready)
        with mounted(flash):
            flash.cut_at, flash.mode = flash.count + at, MODES[at % len(MODES)]
            lit_ms = lived(flash)
        whole = not flash.gone
        flash = Flash(flash.data)
        with mounted(flash):
            assert power_cut_flash.chain_wrong(Files(), [], JOURNAL_KEY) == ""
            bench = Bench(made())
            bench.hal = OnFlash(flash)
            bench.reset()
            bench.until("READY")
            assert not bench.lit_in
            assert lit_ms <= bench.unit.session.day_treat_ms <= SESSION_DAY_MAX_MS
            # as much as it can have been, or exactly what it was
            assert bench.unit.session.day_treat_ms in (0, lit_ms, bench.unit.session.course.max_ms)
        if whole:
            break
        at += 1
    assert at >= 20 and lit_ms > 3_000
