"""Mutants beyond guard, gate and limits: do tests of the firmware and the HAL notice them?

`python -m tools.dev.mutants_beyond [--sample N] [--seed S] [FILE ...]` makes the mutants of FILES,
or N of each file drawn by the seed, and runs for each the tests that run the changed line, quickest
first, until one fails; where none does, the file's own tests, slow ones too, and those that
docs/maintainer/hazards.toml names for a control of the file. Writes
docs/maintainer/mutants-beyond.md. Exit 1 if one lives that `tests/data/mutants.toml` does not argue
about. Called by `make mutants`.

A module's level runs as it is imported, before any test: a mutant there is tested with every test
that runs any line of its file.
"""

import argparse
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from tools.common.files import write_whole
from tools.dev.covering import Covering, list_test_files
from tools.dev.hazards import read_table
from tools.dev.mutants import (
    ROOT,
    TestPool,
    read_arguments,
    run_measured,
    run_tests,
    try_mutants,
)
from tools.dev.mutations import Mutant, list_mutants

FILES = (
    "firmware/therapy/session.py", "firmware/therapy/pad.py", "firmware/safety/sensor_checks.py",
    "firmware/safety/wear.py", "firmware/safety/current_monitor.py",
    "firmware/safety/lamp_test.py", "firmware/therapy/power_plan.py", "firmware/ui/buttons.py",
    "firmware/therapy/battery.py", "firmware/therapy/dose.py",
    "firmware/records/persistent_state.py", "firmware/records/journal.py", "hal/bus.py",
    "hal/lease.py", "hal/resets.py", "hal/storage.py",
)  # fmt: skip
MOST_S = 20.0  # of tests for one mutant
REPORT = "docs/maintainer/mutants-beyond.md"


class Score(NamedTuple):
    """What became of a file's mutants."""

    there: int  # mutants of the file
    tried: int
    uncovered: list[Mutant]  # no test of those rooms runs the line
    lived: list[Mutant]


def measure_covering(pool: TestPool, folder: Path) -> Covering:
    """Run every test file, measured. Raises RuntimeError where one fails without any change."""

    def measure(number_and_test: tuple[int, str]) -> Path:
        number, test = number_and_test
        result = folder / f"{number}.json"
        tree = pool.trees.get()
        try:
            code = pool.run(run_measured, str(tree), test, str(result))
        finally:
            pool.trees.put(tree)
        if code not in (0, 5):  # 5: all of its tests are slow
            raise RuntimeError(f"{test} fails without any change: mend it first")
        return result

    tests = list_test_files(ROOT)
    with ThreadPoolExecutor(pool.cores) as threads:
        results = threads.map(measure, enumerate(tests))
        return Covering(track(results, "coverage", len(tests), console=Console(stderr=True)))


def list_own_tests(file: str) -> tuple[str, ...]:
    """The file's own tests, and those that are named for a control of it."""
    room, stem = file.partition("/")[0], Path(file).stem
    own = f"tests/{room}/test_{stem}.py"
    named = {test for row in read_table().controls.values() if row.file == file
             for test in row.tests}  # fmt: skip
    return (*([own] if (ROOT / own).is_file() else []), *sorted(named))


def score_file(pool: TestPool, covering: Covering, file: str, most: int | None, seed: int) -> Score:
    """Try a file's mutants, or `most` of them."""
    every = list_mutants((ROOT / file).read_text(encoding="utf-8"))
    if most is not None and most < len(every):
        drawn = random.Random(f"{seed} {file}").sample(range(len(every)), most)
        some = [every[k] for k in sorted(drawn)]
    else:
        some = every

    def judge(tree: Path, mutant: Mutant) -> str:
        tests = covering.choose(file, [mutant.line], MOST_S)
        if not tests:
            tests = covering.choose(file, covering.ran[file], MOST_S)
        if not tests:
            return "uncovered"
        # one that cannot be imported is caught as well: pytest then finds none of the tests
        asked = (tests, list_own_tests(file))
        alive = all(pool.run(run_tests, str(tree), some) == 0 for some in asked if some)
        return "lived" if alive else "caught"

    said = try_mutants(pool, file, some, judge)
    by = {name: [m for m, how in zip(some, said, strict=True) if how == name]
          for name in ("uncovered", "lived")}  # fmt: skip
    return Score(len(every), len(some), by["uncovered"], by["lived"])


def render_report(scores: dict[str, Score], command: str) -> str:
    """The score by file, and each survivor with its argument."""
    why = read_arguments()
    lines = [
        "# Mutants beyond guard, gate and limits", "",
        f"Made by `{command}`. A mutant is one small change, as in [mutants.md](mutants.md).",
        "The tests of `tests/firmware` and `tests/hal` that run the changed line are asked, the",
        f"quickest first, {MOST_S:.0f} s of them at most, then the file's own tests and those of",
        "its controls ([hazards.md](hazards.md)); stories, the model check and campaigns are not.",
        "",
        "| file | mutants | tried | caught | argued | neither |",
        "| --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    rows = []
    for file, score in scores.items():
        left = [*score.uncovered, *score.lived]
        argued = sum((file, m.was, m.becomes) in why for m in left)
        rows.append((score.there, score.tried, score.tried - len(left), argued, len(left) - argued))
        lines.append(f"| {file} | " + " | ".join(f"{n:,}" for n in rows[-1]) + " |")
    sums = [sum(column) for column in zip(*rows, strict=True)]
    lines += [f"| all | {' | '.join(f'{n:,}' for n in sums)} |", "", "## Survivors", ""]
    for file, score in scores.items():
        for m in sorted([*score.uncovered, *score.lived], key=lambda m: m.line):
            said = why.get((file, m.was, m.becomes), "**not argued**")
            lines += [f"- `{file}:{m.line}`", "", f"      {m.was}", f"      {m.becomes}", "",
                      f"  {said}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(argv: list[str]) -> int:
    """Try them, write the report, print the score."""
    parser = argparse.ArgumentParser(prog="python -m tools.dev.mutants_beyond")
    parser.add_argument("files", nargs="*", metavar="FILE", help="Else all of them.")
    parser.add_argument("--sample", type=int, metavar="N", help="So many of each file.")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--report", default=str(ROOT / REPORT), metavar="FILE.md")
    options = parser.parse_args(argv)
    files = options.files or list(FILES)
    missing = [file for file in files if not (ROOT / file).is_file()]
    if missing:
        parser.error(f"no such file: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        pool = TestPool(folder)
        results = Path(folder) / "results"
        results.mkdir()
        covering = measure_covering(pool, results)
        scores = {
            file: score_file(pool, covering, file, options.sample, options.seed) for file in files
        }
    command = " ".join(["python -m tools.dev.mutants_beyond", *argv])
    with write_whole(options.report) as path:
        path.write_text(render_report(scores, command), encoding="utf-8")
    alive = {(file, m.was, m.becomes) for file, score in scores.items()
             for m in (*score.uncovered, *score.lived)}  # fmt: skip
    neither = sorted(alive - read_arguments().keys())
    for file, was, becomes in neither:
        print(f"{file}: neither caught nor argued: {was} -> {becomes}", file=sys.stderr)
    tried = sum(score.tried for score in scores.values())
    print(f"{tried} mutants, {len(alive)} alive; wrote {options.report}")
    return 1 if neither else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
