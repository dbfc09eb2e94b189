"""Files that are written whole or not at all, and standard output that may be gone."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import BadInput


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
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except (OSError, ValueError) as why:
        raise BadInput(f"{path}: cannot be written: {_reason(why)}") from None
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as why:
        raise BadInput(f"{path}: cannot be written: {_reason(why)}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _reason(why: Exception) -> str:
    return getattr(why, "strerror", None) or str(why)


def emit(text: str) -> None:
    """Print to standard output. A reader that has gone away (`| head`) is no error."""
    try:
        print(text, end="" if text.endswith("\n") else "\n", flush=True)
    except BrokenPipeError:
        _to_nowhere()
    except OSError as why:
        _to_nowhere()
        raise BadInput(f"standard output: cannot be written: {_reason(why)}") from None


def _to_nowhere() -> None:
    """Let what is still buffered go to the null device, lest it fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
