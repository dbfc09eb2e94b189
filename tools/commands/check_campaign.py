"""`waistband check campaign`: distributes a campaign over processes and reports the result.

Called by `tools.commands.check`. One task is one session with its windows. Tasks run in processes
of this machine or, with a scheduler's address, on a Dask cluster: both are executors of
`concurrent.futures` and run `tools.worker.run_session`.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sim.campaign import cases, generators
from sim.common import validate
from sim.common.errors import BadInput, one_line
from sim.scenario.scenario import SEED_MAX
from tools import worker
from tools.common import compiled
from tools.common.files import emit, is_terminal, write_whole
from tools.common.version import source_commit
from tools.report import campaign_report

if TYPE_CHECKING:
    from sim.campaign.cases import Tally

T = TypeVar("T")

FAILED = 1
SESSIONS_MAX, WINDOWS_MAX, JOBS_MAX = 1_000_000, 100_000_000, 1_024
SESSION_S = 2_500.0  # simulated time of a session and its copy with faults, about
WORTH_COMPILING_S = 600_000.0  # simulated time; some minutes of one core, interpreted
CONNECT_S = 10
IN_FLIGHT = 1_024  # tasks that wait or run: more than any cluster has cores


class Size(NamedTuple):
    """Count of sessions and windows, and the seed of all random numbers."""

    sessions: int
    windows: int
    quiet_windows: int
    seed: int

    def simulated_s(self) -> float:
        """Simulated time of the campaign, about."""
        windows = self.windows + self.quiet_windows
        return self.sessions * SESSION_S + windows * generators.WINDOW_S

    def share(self, index: int) -> tuple[int, int]:
        """Count of windows with faults and without for one session."""
        faulty, quiet = (
            count // self.sessions + (index < count % self.sessions)
            for count in (self.windows, self.quiet_windows)
        )
        return faulty, quiet


def run(
    size: Size, *, jobs: int | None = None, scheduler: str | None = None, compile_it: bool = True,
    as_json: bool = False, report: str | None = None,
) -> int:  # fmt: skip
    """Run the campaign; return the exit code."""
    check_size(size, jobs, scheduler)
    with ExitStack() as stack:
        path = stack.enter_context(write_whole(report)) if report else None
        compile_it = compile_it and ensure_compiled(size.simulated_s())
        quiet = not is_terminal(as_json)
        tally = run_sessions(size, compile_it, jobs=jobs, scheduler=scheduler, quiet=quiet)
        how = describe_origin(size, compile_it)
        if path:
            path.write_text(campaign_report.markdown(tally, how), encoding="utf-8")
    if as_json:
        emit(json.dumps(campaign_report.json_object(tally, how), indent=2, allow_nan=False))
    else:
        emit(campaign_report.render(tally, how))
        if report:
            emit(f" Wrote the report to {report}")
    return FAILED if tally.broken else 0


def check_size(size: Size, jobs: int | None, scheduler: str | None) -> None:
    """Raise BadInput for options out of range."""
    validate.integer(size.sessions, "--sessions", 1, SESSIONS_MAX)
    validate.integer(size.windows, "--windows", 0, WINDOWS_MAX)
    validate.integer(size.quiet_windows, "--quiet-windows", 0, WINDOWS_MAX)
    validate.integer(size.seed, "--seed", 0, SEED_MAX)
    if jobs is not None:
        validate.integer(jobs, "--jobs", 1, JOBS_MAX)
        if scheduler is not None:
            raise BadInput("--jobs with --scheduler: a cluster has the workers that it has")


# -- the work ---------------------------------------------------------------------------


def ensure_compiled(simulated_s: float) -> bool:
    """Whether workers have a compiled copy: an old one, or one made now for a long campaign.
    Prints one line where compiling fails."""
    if compiled.made():
        return True
    if simulated_s < WORTH_COMPILING_S:
        return False
    try:
        with Console(stderr=True).status("Compiling the simulated unit, once (a minute or two)"):
            compiled.make()
    except compiled.CannotCompile as why:
        print(f"waistband: running interpreted: {one_line(str(why))}", file=sys.stderr)
        return False
    return True


@contextmanager
def open_pool(sessions: int, jobs: int | None, scheduler: str | None) -> Iterator[Executor]:
    """Yield processes of this machine, or of a cluster. Raises BadInput."""
    if scheduler is None:
        processes = min(jobs or os.cpu_count() or 1, sessions)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, spawn, worker.leave_with_parent) as executor:
            yield executor
        return
    try:
        from distributed import Client
    except ImportError:
        raise BadInput("--scheduler needs Dask: pip install -e '.[cluster]'") from None
    try:
        client = Client(scheduler, timeout=CONNECT_S)
    except (OSError, ValueError) as why:
        said = validate.excerpt(str(why) or type(why).__name__)
        raise BadInput(f"--scheduler {scheduler}: no scheduler there: {said}") from None
    with client:
        yield client.get_executor(pure=False)


def run_in_flight(submit: "Callable[[int], Future[T]]", count: int) -> Iterator[T]:
    """Yield the results of `submit(0)` to `submit(count - 1)` as they come. At most IN_FLIGHT wait
    or run, and none is kept: memory does not grow with `count`."""
    todo = iter(range(count))
    waiting = {submit(index) for index in islice(todo, IN_FLIGHT)}
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            waiting |= {submit(index) for index in islice(todo, len(done))}
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()


def run_sessions(
    size: Size, compile_it: bool, *, jobs: int | None, scheduler: str | None, quiet: bool
) -> "Tally":
    """Run every session and add up the results; a progress bar unless `quiet`."""
    tally = cases.Tally()
    command = worker.describe_command(compile_it)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )  # fmt: skip
    with (
        open_pool(size.sessions, jobs, scheduler) as executor,
        Progress(*columns, disable=quiet, transient=True) as progress,
    ):
        task = progress.add_task("sessions", total=size.sessions, said="")

        def submit(index: int) -> "Future[Tally]":
            return executor.submit(
                worker.run_session, command, size.seed, index, *size.share(index)
            )

        try:
            for found in run_in_flight(submit, size.sessions):
                for case, broken in found.broken if not quiet else ():
                    progress.console.print(f"{case}: {broken.said}", highlight=False)
                tally.add(found)
                progress.update(task, advance=1, said=campaign_report.pace(tally))
        except BrokenProcessPool:
            raise BadInput("a worker process died; fewer --jobs need less memory") from None
        except ValueError as why:
            raise BadInput(f"a worker cannot take part: {why}") from None
    tally.broken.sort()
    return tally


# -- the report -----------------------------------------------------------------------


def describe_origin(size: Size, compile_it: bool) -> dict[str, object]:
    """Everything that a reader needs to repeat the campaign."""
    return {
        "seed": size.seed,
        "commit": source_commit() or "unknown",
        "sources": compiled.digest(),
        "command": f"waistband check campaign --sessions {size.sessions} "
        f"--windows {size.windows} --quiet-windows {size.quiet_windows} "
        f"--seed {size.seed}",
        "compiled": compile_it,
        "python": sys.version.split()[0],
    }


def replay_case(case: str, path: str | None) -> int:
    """Run one case and print what happened; return the exit code."""
    if not cases.NAME.fullmatch(case):
        raise BadInput(f"--replay is {validate.shown(case)}: SEED-SESSION, or with -s, -fN or -qN")
    with ExitStack() as stack:
        target = stack.enter_context(write_whole(path)) if path else None
        made, found = cases.rerun_case(case)
        if target:
            target.write_text(campaign_report.scenario_toml(made), encoding="utf-8")
    emit(campaign_report.render_case(made, found, [("scenario", path)] if path else []))
    return FAILED if found else 0
