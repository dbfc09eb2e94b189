"""Covering tests: which tests run each line of the firmware and the HAL, and how long each takes.

Called by `tools.dev.mutants_beyond`, in a copy of the tree. Each test file runs in a process of its
own, measured by coverage.py with the running test as its context. What a test has run elsewhere
(on MicroPython, in another process) is not seen.
"""

import json
import time
from collections import defaultdict
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coverage import Coverage

ROOMS = ("tests/firmware", "tests/hal")  # whose tests are asked
MEASURED = ("firmware", "hal")
# Tests that run other processes alone, or that measure coverage themselves.
APART = (
    "tests/firmware/test_coverage.py", "tests/firmware/test_mpy.py",
    "tests/hal/test_frozen_on_micropython.py", "tests/hal/test_hal_on_micropython.py",
)  # fmt: skip

# Modules that were imported before are no longer rewritten: pytest would warn of it.
QUIET = (
    "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip

Lines = dict[str, dict[int, list[str]]]  # of a file: the tests that run each line


class TestContexts:
    """Names the running test to coverage.py, and notes how long it took and whether it passed."""

    def __init__(self, measure: "Coverage") -> None:
        self.measure = measure
        self.took_s: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a test, its fixtures included, as a context."""
        name = item.nodeid.partition("[")[0]  # all parameters of a test are one
        self.measure.switch_context(name)
        begun = time.monotonic()
        result = yield
        self.took_s[name] = self.took_s.get(name, 0.0) + time.monotonic() - begun
        self.measure.switch_context("")
        return result


def measure_file(tree: str, test: str, result: str) -> int:
    """Run a test file of a tree and write to `result`, as JSON, what each of its tests ran.
    Returns pytest's code."""
    from coverage import Coverage

    measure = Coverage(data_file=None, source=[f"{tree}/{room}" for room in MEASURED],
                       config_file=False)  # fmt: skip
    contexts = TestContexts(measure)
    measure.start()
    code = pytest.main([*QUIET, "-m", "not slow", test], plugins=[contexts])
    measure.stop()
    data = measure.get_data()
    ran: Lines = {}
    for path in sorted(data.measured_files()):
        lines = {
            n: sorted(filter(None, names)) for n, names in data.contexts_by_lineno(path).items()
        }
        ran[Path(path).relative_to(tree).as_posix()] = {n: t for n, t in lines.items() if t}
    Path(result).write_text(json.dumps({"took_s": contexts.took_s, "ran": ran}), encoding="utf-8")
    return int(code)


def list_test_files(root: Path) -> list[str]:
    """The test files that are asked, the largest first."""
    every = [path for room in ROOMS for path in (root / room).glob("test_*.py")]
    every.sort(key=lambda path: path.stat().st_size, reverse=True)
    names = [path.relative_to(root).as_posix() for path in every]
    return [name for name in names if name not in APART]


class Covering:
    """Of each line: the tests that run it, the quickest first."""

    def __init__(self, results: Iterable[Path]) -> None:
        self.took_s: dict[str, float] = {}
        self.ran: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path in results:
            table = json.loads(path.read_text(encoding="utf-8"))
            self.took_s.update(table["took_s"])
            for file, lines in table["ran"].items():
                for n, tests in lines.items():
                    self.ran[file][int(n)] += tests

    def choose(self, file: str, lines: Iterable[int], most_s: float) -> list[str]:
        """Tests that run one of these lines of a file, the quickest first, of at most `most_s`
        together; one at least where there is one."""
        every = {test for n in lines for test in self.ran[file].get(n, ())}
        chosen: list[str] = []
        spent_s = 0.0
        for test in sorted(every, key=lambda test: (self.took_s[test], test)):
            spent_s += self.took_s[test]
            if chosen and spent_s > most_s:
                break
            chosen.append(test)
        return chosen
