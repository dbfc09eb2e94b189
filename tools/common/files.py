"""Writes files whole or not at all, and prints to a standard output that may be closed.

Called by every command that writes.
"""

import errno
import io
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.common.errors import BadInput, one_line

OUTPUT_ERRORS = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT)
FORMULA = "=+-@\t\r"  # a spreadsheet takes what begins so for a formula
NUMBERS = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]\d+)?( to [-+]?\d+(\.\d+)?)?")


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` if all went well.

    The temporary is made at once, so that a place that cannot be written is refused
    before any work is done. Raises BadInput.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        kind = "directory" if target.is_dir() else "device"
        raise BadInput(f"{path}: is a {kind}: name a file to write")
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:  # from before it is made: Ctrl-C comes at any line
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield temporary
        os.replace(temporary, target)
    except OSError as why:
        raise BadInput(f"{path}: cannot be written: {reason(why)}") from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`, and rename it to `folder` if all went well.

    `folder` may exist if it is empty. Raises BadInput.
    """
    try:
        target = Path(os.path.realpath(folder))
        aside = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
        aside.mkdir()
    except (OSError, ValueError) as why:  # ValueError: a NUL in the name
        raise BadInput(f"{folder}: cannot be written: {reason(why)}") from None
    try:
        yield aside
        os.replace(aside, target)
    except OSError as why:
        raise BadInput(f"{folder}: cannot be written: {reason(why)}") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_folder(folder: str, files: dict[str, bytes]) -> None:
    """Make a new folder, or fill an empty one, with these files by name: all or none.

    Raises BadInput.
    """
    try:
        target = Path(os.path.realpath(folder))
        taken = target.exists() and not (target.is_dir() and not any(target.iterdir()))
    except (OSError, ValueError) as why:
        raise BadInput(f"{folder}: cannot be written: {reason(why)}") from None
    if taken:
        raise BadInput(f"{folder}: is there already: name a new folder, or an empty one")
    with new_folder(folder) as aside:
        for name, content in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(content)


def render_csv(rows: Iterable[Iterable[object]], end: str = "\n") -> str:
    """Rows as CSV text, with `end` after each; no cell is a formula to a spreadsheet."""
    import csv

    out = io.StringIO()
    safe = ([neutralise_formula(cell) for cell in row] for row in rows)
    csv.writer(out, lineterminator=end).writerows(safe)
    return out.getvalue()


def neutralise_formula(cell: object) -> object:
    """The cell; text that a spreadsheet would take for a formula gets a quote in front. A number,
    and an interval as "-1.2 to 0.3", stays."""
    if isinstance(cell, str) and cell[:1] in FORMULA and cell and not NUMBERS.fullmatch(cell):
        return "'" + cell
    return cell


def reason(why: Exception) -> str:
    """The cause of a failed system call, in the system's words."""
    return getattr(why, "strerror", None) or str(why)


def is_terminal(as_json: bool) -> bool:
    """Whether a live view may be shown: standard output is a terminal, and not for JSON."""
    return not as_json and sys.stdout is not None and sys.stdout.isatty()


def warn(text: str) -> None:
    """Print a line to standard error: what is done, and may not be what was meant."""
    print("waistband: " + one_line(text), file=sys.stderr)


def emit(text: str) -> None:
    """Print to standard output. A reader that has gone away (`| head`) is no error."""
    try:
        print(text, end="" if text.endswith("\n") else "\n", flush=True)
    except OSError as why:
        raise_output_error(why)


def flush_output() -> None:
    """Write out what standard output still holds. Raises BadInput where it cannot be written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as why:
        raise_output_error(why)


def is_output_error(why: OSError) -> bool:
    """Whether an error is of a stream that is full or closed, and of no file by name."""
    return why.filename is None and why.errno in OUTPUT_ERRORS


def raise_output_error(why: OSError) -> None:
    """Raise BadInput where standard output cannot be written; a reader that has gone away is no
    error."""
    _to_nowhere()
    if not isinstance(why, BrokenPipeError):
        raise BadInput(f"standard output: cannot be written: {reason(why)}") from None


def _to_nowhere() -> None:
    """Let what is still buffered go to the null device, lest it fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
