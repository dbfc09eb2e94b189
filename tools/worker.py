"""Runs a session's cases of a campaign, or a pair's visit, in a process of a pool or of a cluster.

The first call chooses the copy of the unit that the process imports; `tools.common.compiled` must
not have been told otherwise before. Imports nothing of ours but that.
"""

import multiprocessing
import os
import platform
import threading
from typing import TYPE_CHECKING

from tools.common import compiled

if TYPE_CHECKING:
    from sim.campaign.blind_pairs import Parting
    from sim.campaign.cases import Tally

Command = tuple[str, int, str, bool]  # machine, process and digest of its sources; to compile?


def leave_with_parent() -> None:
    """End this process, of a pool on this machine, when the command is killed."""
    parent = multiprocessing.parent_process()
    assert parent

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def describe_command(compile_it: bool) -> Command:
    """The command's machine, process, sources, and whether to compile; for its workers."""
    return platform.node(), os.getpid(), compiled.digest(), compile_it


def run_session(command: Command, seed: int, index: int, faulty: int, quiet: int) -> "Tally":
    """Run a session's cases. Raises ValueError where this machine has other sources."""
    prepare_for(command)
    from sim.campaign import cases

    return cases.run_session_cases(seed, index, faulty, quiet)


def run_pair(command: Command, seed: int) -> "tuple[Parting | None, float]":
    """Run the visit of a pair of a trial's units. Raises ValueError as `run_session` does."""
    prepare_for(command)
    from sim.campaign import blind_pairs

    return blind_pairs.compare_pair(seed)


def prepare_for(command: Command) -> None:
    """Prepare this process, unless it is the command's own."""
    node, process, sources, compile_it = command
    if (platform.node(), os.getpid()) != (node, process):
        prepare_process(sources, compile_it)


def prepare_process(sources: str, compile_it: bool, done: set[str] = set()) -> None:  # noqa: B006
    """Once in a process: check its sources, and import the compiled copy where there is one.
    Raises ValueError for other sources than the command's."""
    if done:
        return
    if compiled.digest() != sources:
        raise ValueError(f"{platform.node()} has other sources than the command")
    compiled.enter(compiled.made() if compile_it else None)
    done.add(sources)
