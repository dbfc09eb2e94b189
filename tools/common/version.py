"""Versions: of installed packages, of the product, and of its source.

Called by `waistband --version`, `doctor`, `release`, `check campaign` and the bench page. Runs git
and other programs; writes nothing.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 10


def installed(package: str) -> str:
    """The version of an installed package; "" without it."""
    from importlib import metadata  # half as long as all of typer: not for each command

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def version() -> str:
    """The version of the product; "0" where it is not installed."""
    return installed("waistband") or "0"


def source_commit() -> str:
    """The commit of the source, marked where files changed since; "" outside git."""
    return first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"])


def first_line(command: list[str]) -> str:
    """The first line that a command prints; "" where it fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace",
            timeout=TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return "" if done.returncode else done.stdout.partition("\n")[0].strip()
