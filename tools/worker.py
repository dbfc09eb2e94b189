"""What a process of a pool, here or on a cluster, runs of a campaign: one session's cases.

The first call chooses the copy of the unit that the process imports; `tools.compiled` must
not have been told otherwise before. Imports nothing of ours but that.
"""

import multiprocessing
import os
import platform
import threading
from typing import TYPE_CHECKING

from tools import compiled

if TYPE_CHECKING:
    from sim.campaign.cases import Tally

Command = tuple[str, int, str, bool]  # machine, process and digest of its sources; to compile?


def leave_with_parent() -> None:
    """In a process of a pool on this machine: should the command be killed, end as well."""
    parent = multiprocessing.parent_process()
    assert parent

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def describe_command(compile_it: bool) -> Command:
    """What the command tells its workers of itself."""
    return platform.node(), os.getpid(), compiled.digest(), compile_it


def run_session(command: Command, seed: int, index: int, faulty: int, quiet: int) -> "Tally":
    """Run a session's cases. Raises ValueError where this machine has other sources."""
    node, process, sources, compile_it = command
    if (platform.node(), os.getpid()) != (node, process):
        prepare_process(sources, compile_it)
    from sim.campaign import cases

    return cases.session(seed, index, faulty, quiet)


def prepare_process(sources: str, compile_it: bool, done: set[str] = set()) -> None:  # noqa: B006
    """Once in a process: the sources must be the command's, and its compiled copy is used
    where there is one."""
    if done:
        return
    if compiled.digest() != sources:
        raise ValueError(f"{platform.node()} has other sources than the command")
    there = compiled.made() if compile_it else None
    if there:
        compiled.enter(str(there))
    done.add(sources)
