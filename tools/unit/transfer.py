"""Transfers the product to a unit over USB, in an order that may be interrupted anywhere.

Called by `waistband deploy` and, for the unit's own files, by `tools.unit.files`. The file
`deploying` exists from before the first change until after the last: a unit that finds it at boot
stays dark and reports it. Each file is written beside the old one and then renamed; `main.py` and
what it checks for `deploying` with are the first. `files.json` is written after the unit has
computed the right hash of every file.
"""

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hal.boards import RPI_PICO, RPI_PICO2
from hal.files import CODE, DEPLOYING, FOLDERS, LIBRARY, STARTED, TABLE
from sim.common.errors import BadInput, Interrupted
from sim.driver_depth.release import MAIN
from tools.unit.about import About, Failed
from tools.unit.device import Device
from tools.unit.prompt_files import FULL, PART, ROOM, send_file
from tools.unit.restart import render_restart

ROOT = Path(__file__).resolve().parents[2]
FAILED = 1
PROGRAM = ("boot", "main", "hal", "firmware")
FIRST = (  # as they are run
    "boot.py", "hal/__init__.mpy", MAIN, "main.py", "firmware/__init__.mpy", "hal/storage.mpy",
    "hal/files.mpy",
)  # fmt: skip
DARK = "the unit stays dark until waistband deploy is run again"
LIST_FILES = f"""
import os, hashlib, binascii
b = bytearray(1024)
v = memoryview(b)
def look(n):
 d = hashlib.sha256()
 try:
  with open(n, 'rb') as f:
   while True:
    c = f.readinto(b)
    if not c:
     break
    d.update(v[:c])
  print(binascii.hexlify(d.digest()).decode(), os.stat(n)[6], n)
 except OSError:
  print('?', 0, n)
def walk(p):
 try:
  found = [e[:2] for e in os.ilistdir(p)]
 except OSError:
  return
 for n, kind in found:
  if kind & 0x4000:
   walk(p + '/' + n)
  else:
   look(p + '/' + n)
for n in {(*STARTED, TABLE, DEPLOYING, PART)!r}:
 try:
  os.stat(n)
 except OSError:
  continue
 look(n)
for p in {sorted({folder.partition("/")[0] for folder in FOLDERS})!r}:
 walk(p)
"""
MAKE_FOLDER = f"""
import os
try:
 os.mkdir({{folder!r}})
except OSError as why:
 if why.args[0] != {errno.EEXIST}:
  raise
"""
# Removes what `hal.files.stray` would find, folders whole; prints each file.
REMOVE = f"""
import os
def drop(p, kind):
 if kind & 0x4000:
  for e in list(os.ilistdir(p)):
   drop(p + '/' + e[0], e[1])
  os.rmdir(p)
 else:
  os.remove(p)
  print(p)
def clear(d, rows):
 for e in rows:
  n = e[0]
  s = n.split('.')[0]
  ours = s in {[*PROGRAM]!r} and (s == n or n.endswith({CODE!r}))
  if ours or n in {(TABLE, DEPLOYING, PART)!r}:
   drop(d + n, e[1])
clear('', list(os.ilistdir()))
try:
 rows = list(os.ilistdir({LIBRARY!r}))
except OSError:
 rows = []
clear({LIBRARY + "/"!r}, rows)
"""


class UnitFile(NamedTuple):
    """A file on the unit."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Plan:
    """The changes of a deploy, in order."""

    write: tuple[str, ...]
    remove: tuple[str, ...]
    begun: bool  # an earlier deploy was interrupted
    same: bool  # nothing to do: all files match `files.json`
    bytes: int  # free flash that the deploy needs


def list_files(unit: Device) -> dict[str, UnitFile]:
    """The product's files on the unit, by name. Raises BadInput."""
    try:
        said = unit.run(LIST_FILES)
    except Failed as why:
        raise BadInput(f"{unit.port}: its files cannot be read: {why}") from None
    rows = [row.split(" ", 2) for row in said.splitlines()]
    return {name: UnitFile(found, int(size)) for found, size, name in rows}


def sha256(content: bytes) -> str:
    """The SHA-256 of a content in hexadecimal, as the unit prints it."""
    return hashlib.sha256(content).hexdigest()


def has_file(name: str, content: bytes, there: dict[str, UnitFile]) -> bool:
    """Whether the unit has this file with this content."""
    return name in there and there[name].sha256 == sha256(content)


def sorted_names(files: dict[str, bytes]) -> list[str]:
    """The product's files in the order of copying, without `files.json`."""
    names = [name for name in files if name != TABLE]
    return sorted(names, key=lambda n: (FIRST.index(n) if n in FIRST else len(FIRST), n))


def make_plan(files: dict[str, bytes], there: dict[str, UnitFile]) -> Plan:
    """The files of a release that a unit lacks, and those it has too many."""
    write = tuple(name for name in sorted_names(files) if not has_file(name, files[name], there))
    remove = tuple(sorted(set(there) - set(files) - {DEPLOYING}))
    begun = DEPLOYING in there
    same = has_file(TABLE, files[TABLE], there) and not (write or remove or begun)
    new = [len(files[name]) for name in (*write, TABLE)]
    old = [there[name].size for name in (*write, *remove, TABLE) if name in there]
    needed = sum(new) + max(new) - sum(old)  # one new file stands beside its old one
    return Plan(write, remove, begun, same, needed)


def apply_plan(unit: Device, files: dict[str, bytes], plan: Plan, about: About) -> None:
    """Carry out a plan, with a progress bar on a terminal. Raises BadInput; Interrupted after
    Ctrl-C."""
    from rich import progress
    from rich.console import Console

    if plan.same:
        return
    if plan.bytes > about.free and not plan.begun:
        room = f"{about.free // 1024} KB are free, {plan.bytes // 1024 + 1} are needed"
        raise BadInput(f"{unit.port}: its flash is full: {room}: {ROOM}; nothing was changed")
    console = Console(stderr=True)
    columns = (
        progress.TextColumn("{task.description}"), progress.BarColumn(),
        progress.DownloadColumn(), progress.TimeRemainingColumn(),
    )  # fmt: skip
    doing = "the beginning"
    quiet = not console.is_terminal
    with progress.Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=sum(len(files[name]) for name in plan.write))
        try:
            for doing, count in transfer_files(unit, files, plan):
                bar.update(task, description=doing, advance=count)
        except Failed as why:
            if any(word in str(why) for word in FULL):
                raise BadInput(f"{unit.port}: its flash is full: {ROOM}; {DARK}") from None
            raise BadInput(f"{unit.port}: after {doing}: {why}; {DARK}") from None
        except BadInput as why:
            raise BadInput(f"{why}; {DARK}") from None
        except KeyboardInterrupt:
            raise Interrupted(f"{unit.port}: interrupted after {doing}: {DARK}") from None


def transfer_files(unit: Device, files: dict[str, bytes], plan: Plan) -> Iterator[tuple[str, int]]:
    """Carry out a plan; yield each finished step and its bytes. May be interrupted between any
    two bytes."""
    unit.run(f"open({DEPLOYING!r}, 'wb').close()")
    yield DEPLOYING, 0
    for name in plan.remove:
        unit.run(f"import os\nos.remove({name!r})")
        yield f"removing {name}", 0
    made: set[str] = set()
    for name in plan.write:
        for folder in parent_folders(name):
            if folder not in made:
                made.add(folder)
                unit.run(MAKE_FOLDER.format(folder=folder))
        for count in send_file(unit, name, files[name]):
            yield name, count
    there = list_files(unit)
    for name, content in files.items():
        if name != TABLE and not has_file(name, content, there):
            raise BadInput(f"{unit.port}: {name} did not arrive as it was sent")
    yield "verified", 0
    for _ in send_file(unit, TABLE, files[TABLE]):
        yield TABLE, 0
    unit.run(f"import os\nos.remove({DEPLOYING!r})")
    yield "done", 0


def remove_product(unit: Device) -> list[str]:
    """Remove every file of a release from the filesystem of a unit that has the product frozen in,
    and return their names. The unit stays dark while one is left. Raises BadInput."""
    try:
        return unit.run(REMOVE).splitlines()
    except Failed as why:
        raise BadInput(f"{unit.port}: an earlier release cannot be removed: {why}") from None


def parent_folders(name: str) -> list[str]:
    """The folders of a file, outermost first."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[: k + 1]) for k in range(len(parts))]


def restart(unit: Device, about: About) -> None:
    """Reset the chip, as intended: see `render_restart`."""
    boards = {board.NAME: board for board in (RPI_PICO, RPI_PICO2)}
    unit.run_and_reset(render_restart(boards[about.board].SCRATCH_ADDRESS))


def set_clock(unit: Device) -> str:
    """Set the unit's clock to this computer's, in UTC; return the unit's answer."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    try:
        return unit.ask(f"clock {now}")
    except BadInput as why:
        return f"its clock is not set: {str(why).rpartition(': ')[2]}"
