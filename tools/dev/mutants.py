"""`make mutants`: do the tests notice each small change to guard, gate and limits?

Each mutant is written into a copy of the tree and tested there, first with its own tests. A mutant
that no test notices has survived: write a better test, or argue in `tests/data/mutants.toml` that
it is equivalent. Exit 1 if a survivor has no argument, or an argument no survivor. Writes the score
to `docs/maintainer/mutants.md`.
"""

import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from tools.common.files import write_whole
from tools.common.version import source_commit
from tools.dev.covering import QUIET, measure_file
from tools.dev.mutations import Mutant, list_mutants

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "firmware/safety/guard.py": "firmware/test_guard.py",
    "firmware/safety/gate.py": "firmware/test_gate.py",
    "firmware/core/limits.py": "firmware/test_limits.py",
}
# Run where a mutant's own tests pass.
OTHERS = (
    "firmware/test_guard.py", "firmware/test_gate.py", "firmware/test_limits.py",
    "firmware/test_current_monitor.py", "firmware/test_session_rules.py",
    "firmware/test_session_faults.py",
)  # fmt: skip
TREE = (
    "firmware", "hal", "sim", "tests", "tools", "docs", "boot.py", "main.py", "pyproject.toml",
)  # fmt: skip
HANGS_S = 200  # several times the longest that these tests take
ARGUED = "tests/data/mutants.toml"
REPORT = "docs/maintainer/mutants.md"

T = TypeVar("T")
Named = tuple[str, str, str]  # file, the line before and after


def copy_tree(folder: Path) -> Path:
    """Copy the tree into this folder, to be mutated."""
    for name in TREE:
        part = ROOT / name
        if part.is_dir():
            shutil.copytree(part, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(part, folder / name)
    return folder


def enter_tree(tree: str) -> None:
    """Have this process, which has imported pytest, import from a tree, and print nothing."""
    for name in list(sys.modules):  # this module's own, of the tree that is not changed
        if name.partition(".")[0] in TREE:
            del sys.modules[name]
    os.environ.update(CI="1", PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=tree)
    sys.dont_write_bytecode = True
    sys.path.insert(0, tree)
    os.chdir(tree)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def run_tests(tree: str, tests: tuple[str, ...]) -> None:
    """Run tests of a tree, by file or by node; exits with pytest's code."""
    import pytest

    enter_tree(tree)
    names = [name if name.startswith("tests/") else f"tests/{name}" for name in tests]
    os._exit(pytest.main([*QUIET, "-x", *names]))


def run_measured(tree: str, test: str, result: str) -> None:
    """Measure what a test file of a tree runs; exits with pytest's code."""
    enter_tree(tree)
    os._exit(measure_file(tree, test, result))


class TestPool:
    """Copies of the tree and processes that test them, one for each core."""

    def __init__(self, folder: str) -> None:
        self.cores = os.cpu_count() or 1
        self.trees: queue.Queue[Path] = queue.Queue()
        for k in range(self.cores):
            self.trees.put(copy_tree(Path(folder) / str(k)))
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["pytest", "hypothesis.strategies"])

    def passes(self, tree: Path, *tests: str) -> bool:
        """Whether these test files pass in a tree; one that hangs is killed and has failed.
        Raises RuntimeError where pytest could run none."""
        code = self.run(run_tests, str(tree), tests)
        if code not in (None, 0, 1):
            raise RuntimeError(f"pytest ended with {code}: {' '.join(tests)}")
        return code == 0

    def run(self, what: Callable[..., None], *arguments: object) -> int | None:
        """Run a function in a process of its own; returns its exit code. One that hangs is killed
        and has none."""
        process = self.context.Process(target=what, args=arguments)
        process.start()
        process.join(HANGS_S)
        if process.exitcode is None:
            process.kill()
            process.join()
            return None
        return process.exitcode


def try_mutants(
    pool: TestPool, file: str, every: list[Mutant], judge: Callable[[Path, Mutant], T]
) -> list[T]:
    """Return what `judge` finds in a tree with each mutant of a file; progress goes to standard
    error."""

    def outcome(mutant: Mutant) -> T:
        tree = pool.trees.get()
        (tree / file).write_text(mutant.source, encoding="utf-8")
        try:
            return judge(tree, mutant)
        finally:
            shutil.copy(ROOT / file, tree / file)
            pool.trees.put(tree)

    with ThreadPoolExecutor(pool.cores) as threads:
        results = threads.map(outcome, every)
        return list(track(results, file, len(every), console=Console(stderr=True)))


def find_survivors(pool: TestPool, file: str, every: list[Mutant]) -> list[Mutant]:
    """Mutants of a file that no test notices."""

    def survives(tree: Path, _: Mutant) -> bool:
        return pool.passes(tree, FILES[file]) and pool.passes(tree, *OTHERS)

    return list(compress(every, try_mutants(pool, file, every, survives)))


def read_arguments() -> dict[Named, str]:
    """Arguments that a survivor is equivalent, by its change."""
    with (ROOT / ARGUED).open("rb") as file:
        rows = tomllib.load(file)["mutant"]
    return {(row["file"], row["was"], row["becomes"]): row["why"] for row in rows}


def render_report(
    lived: dict[str, list[Mutant]], counts: dict[str, int], why: dict[Named, str]
) -> str:
    """The score, and each survivor with its argument."""
    lines = [
        "# Mutants of guard, gate and limits", "",
        f"Made by `make mutants` at commit {source_commit() or 'unknown'}. A mutant is one small",
        "change: an operator, a comparison, a number, a condition or a statement. It is caught",
        "when a test fails or hangs.", "",
        "| file | mutants | caught | argued | neither |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for file, every in counts.items():
        argued = sum((file, m.was, m.becomes) in why for m in lived[file])
        neither = len(lived[file]) - argued
        lines.append(f"| {file} | {every} | {every - argued - neither} | {argued} | {neither} |")
    lines += ["", "## Survivors", ""]
    for file, some in lived.items():
        for m in some:
            said = why.get((file, m.was, m.becomes), "**not argued**")
            lines += [f"- `{file}:{m.line}`", "", f"      {m.was}", f"      {m.becomes}", "",
                      f"  {said}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> int:
    """Test every mutant, write the report, print what is neither caught nor argued."""
    why = {named: said for named, said in read_arguments().items() if named[0] in FILES}
    sources = {file: list_mutants((ROOT / file).read_text(encoding="utf-8")) for file in FILES}
    with tempfile.TemporaryDirectory() as folder:
        pool = TestPool(folder)
        if not pool.passes(Path(folder) / "0", *OTHERS):
            print("mutants: the tests fail without any change: mend them first", file=sys.stderr)
            return 1
        lived = {file: find_survivors(pool, file, every) for file, every in sources.items()}
    counts = {file: len(every) for file, every in sources.items()}
    with write_whole(ROOT / REPORT) as path:
        path.write_text(render_report(lived, counts, why), encoding="utf-8")
    alive = {(file, m.was, m.becomes) for file, some in lived.items() for m in some}
    for file, was, becomes in sorted(alive - why.keys()):
        print(f"{file}: neither caught nor argued: {was} -> {becomes}", file=sys.stderr)
    for file, was, becomes in sorted(why.keys() - alive):
        print(f"{ARGUED}: argues about no survivor: {file}: {was} -> {becomes}", file=sys.stderr)
    print(f"{sum(counts.values())} mutants, {len(alive)} alive; wrote {REPORT}")
    return 1 if alive != why.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
